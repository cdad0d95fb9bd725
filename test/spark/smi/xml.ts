import { CUDA_VERSION, DRIVER_VERSION, type GpuReading, type Reading } from './reading.js';
import { render, type XmlElement } from './xmlElement.js';
import { identity } from './xmlIdentity.js';
import { measurements } from './xmlMeasurements.js';

/** What `nvidia-smi -q -x` of driver 580 prints. */
export function renderXml(reading: Reading): string {
  const head: XmlElement[] = [
    ['timestamp', timestamp(reading.time)],
    ['driver_version', DRIVER_VERSION],
    ['cuda_version', CUDA_VERSION],
    ['attached_gpus', String(reading.gpus.length)],
  ];
  return [
    '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v13.dtd">\n<nvidia_smi_log>\n',
    ...head.map(element => render(element, 1)),
    ...reading.gpus.map(renderGpu),
    '</nvidia_smi_log>\n',
  ].join('');
}

function renderGpu(gpu: GpuReading): string {
  const inner = [...identity(gpu), ...measurements(gpu)].map(element => render(element, 2)).join('');
  return `\t<gpu id="${gpu.busId}">\n${inner}\t</gpu>\n\n`;
}

/** `Thu Apr 30 16:09:19 2026`, the day padded with a space, as C's `ctime`. */
export function timestamp(time: Date): string {
  const [weekday, month, , year] = time.toDateString().split(' ') as [string, string, string, string];
  return `${weekday} ${month} ${String(time.getDate()).padStart(2)} ${time.toTimeString().slice(0, 8)} ${year}`;
}
