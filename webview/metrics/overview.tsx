import { type ConnectionView } from '../../src/shared/connection.js';
import { type Sample } from '../../src/shared/metrics.js';
import { usePanel } from '../state/context.js';
import { NOT_REPORTED, gigabytes, percent, watts } from '../text/readings.js';

/** Several machines at once: a row each. */
export function Overview({ connections }: { connections: readonly ConnectionView[] }) {
  const { store } = usePanel();
  const watched = store.watched.value;
  return (
    <div class="table-scroll">
      <table class="table numbers" aria-label="Connected machines">
        <thead>
          <tr>
            <th scope="col">Machine</th>
            <th scope="col" class="table__number">
              GPU
            </th>
            <th scope="col" class="table__number">
              Memory
            </th>
            <th scope="col" class="table__number">
              Temp
            </th>
            <th scope="col" class="table__number">
              Power
            </th>
            <th scope="col">Troubles</th>
          </tr>
        </thead>
        <tbody>
          {connections.map(({ id, name }) => (
            <Row
              key={id}
              name={name}
              sample={store.samples.value.get(id)?.at(-1)}
              chosen={id === watched?.id}
              onChoose={() => (store.selectedId.value = id)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  name: string;
  sample: Sample | undefined;
  chosen: boolean;
  onChoose: () => void;
}

function Row({ name, sample, chosen, onChoose }: RowProps) {
  const gpus = sample?.gpus ?? [];
  const largest = (values: (number | null)[]) => {
    const known = values.filter(value => value !== null);
    return known.length > 0 ? Math.max(...known) : null;
  };
  const load = largest(gpus.map(gpu => gpu.utilization));
  const heat = largest(gpus.map(gpu => gpu.temperatureC));
  const powers = gpus.map(gpu => gpu.powerW);
  const power =
    gpus.length > 0 && powers.every(value => value !== null) ? powers.reduce((sum, value) => sum + value, 0) : null;
  const unified = gpus.some(gpu => gpu.memory.kind === 'unified');
  const used = unified ? (gpus[0]?.memory.usedMb ?? null) : sumOf(gpus.map(gpu => gpu.memory.usedMb));
  const total = unified ? (gpus[0]?.memory.totalMb ?? null) : sumOf(gpus.map(gpu => gpu.memory.totalMb));
  const troubles = sample ? sample.troubles.length + (sample.error ? 1 : 0) : 0;
  return (
    <tr aria-current={chosen ? 'true' : undefined}>
      <td>
        <button type="button" class="table__link" onClick={onChoose}>
          {name}
        </button>
        {gpus.length > 1 && <span class="secondary"> {gpus.length} GPUs</span>}
      </td>
      <td class="table__number">{load === null ? NOT_REPORTED : `${percent(load)} %`}</td>
      <td class="table__number">
        {used === null || total === null ? NOT_REPORTED : `${gigabytes(used)} / ${gigabytes(total)} GB`}
      </td>
      <td class="table__number">{heat === null ? NOT_REPORTED : `${Math.round(heat)} °C`}</td>
      <td class="table__number">{power === null ? NOT_REPORTED : `${watts(power)} W`}</td>
      <td>{!sample ? 'waiting' : troubles === 0 ? 'none' : troubles}</td>
    </tr>
  );
}

/** Null when there is nothing to add, or one is not known. */
function sumOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return values.length > 0 ? sum : null;
}
