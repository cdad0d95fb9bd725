import { type GpuDetails } from '../../src/shared/details.js';
import { type GpuSample, type ThrottleReason } from '../../src/shared/metrics.js';
import { memorySize, withUnit } from '../text/readings.js';
import { Fact, Facts } from './facts.js';

const REASONS: Readonly<Record<ThrottleReason, string>> = {
  gpuIdle: 'idle',
  applicationsClocks: 'clocks set by an application',
  swPowerCap: 'power limit',
  hwSlowdown: 'hardware slowdown',
  syncBoost: 'in step with other GPUs',
  swThermal: 'temperature (driver)',
  hwThermal: 'temperature (hardware)',
  hwPowerBrake: 'power brake of the supply',
  displayClocks: 'clocks of the display',
};

/** What else is known of one GPU: clocks, what holds it back, memory errors, MIG devices. */
export function GpuFacts({ gpu, details }: { gpu: GpuSample; details: GpuDetails | undefined }) {
  const { throttle } = gpu;
  return (
    <section class="section" aria-labelledby="gpu-facts">
      <h3 class="section__name" id="gpu-facts">
        GPU {gpu.index} in detail
      </h3>
      <Facts>
        <Fact name="SM clock">{withUnit(gpu.smClockMhz, 'MHz')}</Fact>
        <Fact name="Memory clock">{withUnit(gpu.memClockMhz, 'MHz')}</Fact>
        <Fact name="Fan">{withUnit(gpu.fanPercent, '%')}</Fact>
        <Fact name="P-state">{gpu.performanceState ?? 'n/a'}</Fact>
        <Fact name="Clocks held back by">
          {throttle === null ? 'n/a' : throttle.length === 0 ? 'nothing' : throttle.map(one => REASONS[one]).join(', ')}
        </Fact>
        {details?.ecc && (
          <Fact name="ECC errors">
            {withUnit(details.ecc.volatileUncorrected, 'uncorrected')},{' '}
            {withUnit(details.ecc.volatileCorrected, 'corrected')}
          </Fact>
        )}
        {details?.mig.map(device => (
          <Fact key={device.index} name={`MIG ${device.index}`}>
            {memorySize(device.usedMb)} / {memorySize(device.totalMb)}
          </Fact>
        ))}
      </Facts>
    </section>
  );
}
