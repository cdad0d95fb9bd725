import { ArrowDown, ArrowUp, X } from 'lucide-preact';
import { useState } from 'preact/hooks';
import { type GpuProcess } from '../../src/shared/details.js';
import { usePanel } from '../state/context.js';
import { memorySize } from '../text/readings.js';
import { IconButton } from '../ui/button.js';
import { Icon } from '../ui/icon.js';

type Column = 'gpuIndex' | 'pid' | 'user' | 'kind' | 'memoryMb' | 'command';
const COLUMNS: readonly { readonly key: Column; readonly title: string; readonly number?: boolean }[] = [
  { key: 'gpuIndex', title: 'GPU', number: true },
  { key: 'pid', title: 'PID', number: true },
  { key: 'user', title: 'User' },
  { key: 'kind', title: 'Kind' },
  { key: 'memoryMb', title: 'Memory', number: true },
  { key: 'command', title: 'Command' },
];
/** More are not drawn; the filter finds them. */
const MAX_ROWS = 200;

interface ProcessTableProps {
  connectionId: string;
  processes: readonly GpuProcess[];
}

/** What runs on the GPUs. */
export function ProcessTable({ connectionId, processes }: ProcessTableProps) {
  const { actions } = usePanel();
  const [order, setOrder] = useState<{ column: Column; down: boolean }>({ column: 'memoryMb', down: true });
  const [wanted, setWanted] = useState('');
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const found = processes
    .filter(one => {
      const text = `${one.pid} ${one.user ?? ''} ${one.command}`.toLowerCase();
      return words.every(word => text.includes(word));
    })
    .sort((a, b) => compare(a[order.column], b[order.column]) * (order.down ? -1 : 1) || a.pid - b.pid);
  return (
    <section class="section" aria-labelledby="processes">
      <div class="section__head">
        <h3 class="section__name" id="processes">
          Processes
        </h3>
        {processes.length > 0 && (
          <input
            class="section__filter"
            type="search"
            placeholder="Filter"
            aria-label="Filter processes by pid, user or command"
            value={wanted}
            onInput={event => setWanted(event.currentTarget.value)}
          />
        )}
      </div>
      {found.length === 0 ? (
        <p class="secondary">{processes.length === 0 ? 'No program uses a GPU.' : 'No program fits the filter.'}</p>
      ) : (
        <div class="table-scroll" tabIndex={0} role="region" aria-labelledby="processes">
          <table class="table numbers">
            <thead>
              <tr>
                {COLUMNS.map(({ key, title, number }) => {
                  const sorted = order.column === key;
                  return (
                    <th
                      key={key}
                      scope="col"
                      class={number ? 'table__number' : undefined}
                      aria-sort={sorted ? (order.down ? 'descending' : 'ascending') : 'none'}
                    >
                      <button
                        type="button"
                        class="table__sort"
                        onClick={() => setOrder({ column: key, down: sorted ? !order.down : number === true })}
                      >
                        {title}
                        {sorted && <Icon of={order.down ? ArrowDown : ArrowUp} size={12} />}
                      </button>
                    </th>
                  );
                })}
                <th>
                  <span class="sr-only">End</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {found.slice(0, MAX_ROWS).map(one => (
                <tr key={`${one.gpuIndex} ${one.pid} ${one.gpuInstanceId ?? ''}`}>
                  <td class="table__number">{one.gpuIndex}</td>
                  <td class="table__number">{one.pid}</td>
                  <td>{one.user ?? 'n/a'}</td>
                  <td>{one.kind}</td>
                  <td class="table__number">{memorySize(one.memoryMb)}</td>
                  <td class="table__command" title={one.command}>
                    {one.command}
                  </td>
                  <td>
                    {one.startTicks !== null && (
                      <IconButton
                        icon={X}
                        danger
                        label={`End process ${one.pid}`}
                        onClick={() => void actions.endProcess(connectionId, one)}
                      />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** What is not known stands last, whatever the order is by. */
function compare(a: string | number | null, b: string | number | null): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}
