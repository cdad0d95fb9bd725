import { CUDA_VERSION, DRIVER_VERSION, type GpuProcess, type GpuReading, type Reading } from './reading.js';
import { timestamp } from './xml.js';

/** What `nvidia-smi -L` prints. */
export function renderList(reading: Reading): string {
  const lines = reading.gpus.flatMap(gpu => [
    `GPU ${gpu.index}: ${gpu.model.name} (UUID: ${gpu.uuid})`,
    ...gpu.migDevices.map(
      device =>
        `  MIG 1g.20gb     Device  ${device.index}: (UUID: MIG-${gpu.uuid.slice(4, -2)}${String(device.gpuInstanceId).padStart(2, '0')})`,
    ),
  ]);
  return lines.map(line => `${line}\n`).join('');
}

/** What `nvidia-smi` prints when it is called without arguments: a table of 91 columns. */
export function renderTable(reading: Reading): string {
  const top = `| NVIDIA-SMI ${DRIVER_VERSION.padEnd(23)}Driver Version: ${DRIVER_VERSION.padEnd(15)}CUDA Version: ${CUDA_VERSION.padEnd(9)}|`;
  const columns = `+${'-'.repeat(41)}+${'-'.repeat(24)}+${'-'.repeat(22)}+`;
  const wide = `+${'-'.repeat(89)}+`;
  return [
    `${timestamp(reading.time)}       `,
    wide,
    top,
    columns,
    '| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |',
    '| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |',
    '|                                         |                        |               MIG M. |',
    `|${'='.repeat(41)}+${'='.repeat(24)}+${'='.repeat(22)}|`,
    ...reading.gpus.flatMap(gpu => [...rows(gpu), columns]),
    '',
    wide,
    '| Processes:                                                                              |',
    '|  GPU   GI   CI              PID   Type   Process name                        GPU Memory |',
    '|        ID   ID                                                               Usage      |',
    `|${'='.repeat(89)}|`,
    ...processRows(reading),
    wide,
    '',
  ].join('\n');
}

function rows(gpu: GpuReading): string[] {
  const { model, memory } = gpu;
  const cap = model.powerLimits === null ? ' N/A ' : `${model.powerLimits.set}W`;
  const used = `${Math.round(gpu.powerW)}W / ${cap.padStart(5)}`;
  const inUse =
    memory === null ? 'Not Supported'.padEnd(22) : `${memory.usedMiB}MiB / ${String(memory.totalMiB).padStart(6)}MiB`;
  const util = gpu.utilization === null ? 'N/A' : `${gpu.utilization}%`;
  const ecc = model.ecc ? '0' : 'N/A';
  return [
    `| ${String(gpu.index).padStart(3)}  ${model.name.padEnd(27)}    On  |   ${gpu.busId} Off | ${ecc.padStart(20)} |`,
    `| N/A  ${String(gpu.temperatureC).padStart(3)}C    ${gpu.performanceState}${used.padStart(24)} | ${inUse.padStart(22)} | ${util.padStart(7)}      Default |`,
    `|${' '.repeat(41)}|${' '.repeat(24)}| ${(model.migMode ?? 'N/A').padStart(20)} |`,
  ];
}

function processRows(reading: Reading): string[] {
  const found = reading.gpus.flatMap(gpu => gpu.processes.map(process => processRow(gpu, process)));
  return found.length > 0 ? found : [`|  ${'No running processes found'.padEnd(87)}|`];
}

function processRow(gpu: GpuReading, process: GpuProcess): string {
  const instance = process.gpuInstanceId === null ? ' N/A  N/A' : `${String(process.gpuInstanceId).padStart(4)}    0`;
  const pid = String(process.pid).padStart(16);
  const name = process.name.slice(-37).padEnd(37);
  return `| ${String(gpu.index).padStart(4)}  ${instance}${pid}      ${process.type}   ${name}${`${process.usedMiB}MiB`.padStart(9)} |`;
}
