import { type MachineDetails, heldByProcesses } from '../../src/shared/details.js';
import { type Pressure, type Sample, type SystemMemory } from '../../src/shared/metrics.js';
import { NOT_REPORTED, memorySize, percent, rate, withUnit } from '../text/readings.js';
import { uptime } from '../text/time.js';
import { Fact, Facts } from './facts.js';

interface SystemSectionProps {
  sample: Sample;
  details: MachineDetails | undefined;
}

/** The machine itself: processor, memory, pressure, disks, network, temperatures. */
export function SystemSection({ sample, details }: SystemSectionProps) {
  const { system, memory } = sample;
  if (!system && !memory) return null;
  const cpu = system?.cpu ?? null;
  return (
    <section class="section" aria-labelledby="system">
      <h3 class="section__name" id="system">
        System
      </h3>
      {memory && <MemorySplit memory={memory} held={heldOnPool(sample, details)} />}
      {cpu && cpu.cores.length > 0 && <Cores cores={cpu.cores} />}
      <Facts>
        <Fact name="CPU">{typeof cpu?.utilization === 'number' ? `${percent(cpu.utilization)} %` : NOT_REPORTED}</Fact>
        <Fact name="Load">{system?.load?.map(value => value.toFixed(2)).join('  ')}</Fact>
        <Fact name="Uptime">
          {typeof system?.uptimeSeconds === 'number' ? uptime(system.uptimeSeconds * 1000) : null}
        </Fact>
        {memory && memory.swapTotalMb !== null && memory.swapTotalMb > 0 && (
          <Fact name="Swap">
            {memorySize(memory.swapUsedMb)} / {memorySize(memory.swapTotalMb)}
          </Fact>
        )}
        {details?.hugePages && details.hugePages.total > 0 && (
          <Fact name="Huge pages">
            {details.hugePages.free} free of {details.hugePages.total}
          </Fact>
        )}
        <Fact name="Waits for memory">{pressure(system?.pressure.memory)}</Fact>
        <Fact name="Waits for CPU">{pressure(system?.pressure.cpu)}</Fact>
        <Fact name="Waits for disks">{pressure(system?.pressure.io)}</Fact>
        {details?.disks?.map(disk => (
          <Fact key={disk.mount} name={`Disk ${disk.mount}`}>
            {memorySize(disk.availableMb)} free of {memorySize(disk.totalMb)}
          </Fact>
        ))}
        {system?.network?.map(({ name, receivedBytesPerSecond, sentBytesPerSecond }) => (
          <Fact key={name} name={name}>
            ↓ {rate(receivedBytesPerSecond)} ↑ {rate(sentBytesPerSecond)}
          </Fact>
        ))}
        {details?.temperatures.map(({ sensor, celsius }) => (
          <Fact key={sensor} name={sensor}>
            {withUnit(celsius, '°C', 1)}
          </Fact>
        ))}
        <Fact name="Driver">{sample.driverVersion}</Fact>
      </Facts>
    </section>
  );
}

/** Percent of the last ten seconds in which some program waited. */
function pressure(value: Pressure | null | undefined): string | null {
  return typeof value?.some10 === 'number' ? `${value.some10.toFixed(1)} % of the time` : null;
}

/** MiB that GPU programs hold of the machine's own memory; null where the GPUs have their own, or nobody says. */
function heldOnPool({ gpus }: Sample, details: MachineDetails | undefined): number | null {
  if (!gpus.some(gpu => gpu.memory.kind === 'unified') || !details?.processes) return null;
  return heldByProcesses(details.processes);
}

/** Where the memory is: GPU programs, others, page cache, free. */
function MemorySplit({ memory, held }: { memory: SystemMemory; held: number | null }) {
  const { totalMb, usedMb, freeMb, availableMb } = memory;
  if (usedMb === null || availableMb === null || totalMb <= 0) return null;
  const gpu = held === null ? null : Math.min(held, usedMb);
  const free = freeMb === null ? availableMb : Math.min(freeMb, availableMb);
  const parts = [
    { name: 'GPU programs', mb: gpu, tone: 'gpu' },
    { name: gpu === null ? 'in use' : 'other programs', mb: usedMb - (gpu ?? 0), tone: 'other' },
    { name: 'page cache, can be given back', mb: Math.max(0, availableMb - free), tone: 'cache' },
    { name: 'free', mb: free, tone: 'free' },
  ].filter(part => part.mb !== null) as { name: string; mb: number; tone: string }[];
  let x = 0;
  return (
    <div class="split">
      <svg
        class="split__bar"
        role="img"
        aria-label={`Memory: ${parts.map(one => `${one.name} ${memorySize(one.mb)}`).join(', ')}.`}
      >
        {parts.map(({ name, mb, tone }) => {
          const start = x;
          x += (mb / totalMb) * 100;
          return (
            <rect
              key={name}
              class={`split__part split__part--${tone}`}
              x={`${start}%`}
              width={`${(mb / totalMb) * 100}%`}
              height="100%"
            />
          );
        })}
      </svg>
      <ul class="split__legend numbers">
        {parts.map(({ name, mb, tone }) => (
          <li key={name}>
            <svg width="10" height="10" aria-hidden="true">
              <rect class={`split__part split__part--${tone}`} width="10" height="10" />
            </svg>
            {name} <b>{memorySize(mb)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** One bar a core. */
function Cores({ cores }: { cores: readonly (number | null)[] }) {
  const busiest = Math.max(0, ...cores.map(core => core ?? 0));
  const width = 100 / cores.length;
  return (
    <svg class="cores" role="img" aria-label={`${cores.length} cores, the busiest at ${percent(busiest)} %.`}>
      {cores.map((core, index) => (
        <rect
          key={index}
          class="cores__one"
          x={`${index * width}%`}
          width={`${width * 0.8}%`}
          y={`${100 - Math.max(2, core ?? 0)}%`}
          height={`${Math.max(2, core ?? 0)}%`}
        />
      ))}
    </svg>
  );
}
