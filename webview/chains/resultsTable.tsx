import { Ban, Check, Circle, LoaderCircle, type LucideIcon, Minus, X } from 'lucide-preact';
import { useState } from 'preact/hooks';
import type { ShownRun } from '../../src/shared/chainPage.js';
import type { CellState, CellView } from '../../src/shared/chains.js';
import { Icon } from '../ui/icon.js';
import { CELL_WORDS, figures, inputWords } from './words.js';

const ICONS: Readonly<Record<CellState, LucideIcon>> = {
  waiting: Circle,
  running: LoaderCircle,
  passed: Check,
  failed: X,
  error: Ban,
  skipped: Minus,
};

/** One step of one row of one run. */
export interface CellPlace {
  readonly runId: string;
  readonly row: number;
  readonly step: string;
}

interface TableProps {
  readonly shown: ShownRun;
  readonly other: ShownRun | null;
  readonly chosen: CellPlace | null;
  readonly onChoose: (place: CellPlace) => void;
}

/** Where an arrow leads: rows down, columns to the right. */
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * One row an input, one column a step; beside each the same step of the run that it is compared with. The tab key
 * stops once at all of it, the arrows go from answer to answer.
 */
export function ResultsTable({ shown, other, chosen, onChoose }: TableProps) {
  const runs = other ? [shown, other] : [shown];
  const steps = [...new Set(runs.flatMap(({ run }) => run.steps))];
  const columns = steps.flatMap(step => runs.map((side, index) => ({ step, side, index })));
  const outputs = other ? [] : shown.run.outputs;
  const [reached, setReached] = useState({ at: 0, column: 0 });
  const isThere = reached.at < shown.rows.length && reached.column < columns.length;
  const stop = isThere ? reached : { at: 0, column: 0 };
  return (
    <div class="chains-scroll">
      <table class="chains-table" onKeyDown={moveByArrows}>
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">Input</th>
            {columns.map(({ step, side, index }) => (
              <th scope="col" key={`${index} ${step}`}>
                {step}
                {other && <span class="secondary"> · {index === 0 ? 'this run' : `compared, ${side.run.model}`}</span>}
              </th>
            ))}
            {outputs.map(name => (
              <th scope="col" key={`outputs ${name}`}>
                {name}
                <span class="secondary"> · output</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.rows.map(({ row, input, outputs: values }, at) => (
            <tr key={row}>
              <th scope="row" class="numbers">
                {row + 1}
              </th>
              <td class="chains-input">
                <span class="chains-clip chains-lines">{inputWords(input)}</span>
              </td>
              {columns.map(({ step, side: { run, rows }, index }, column) => {
                const cell = rows[at]?.cells[run.steps.indexOf(step)];
                const place = { runId: run.runId, row, step };
                return (
                  <td key={`${index} ${step}`}>
                    {cell && (
                      <Cell
                        cell={cell}
                        isChosen={isSame(chosen, place)}
                        isStop={stop.at === at && stop.column === column}
                        label={step}
                        onFocus={() => setReached({ at, column })}
                        onChoose={() => onChoose(place)}
                      />
                    )}
                  </td>
                );
              })}
              {outputs.map((name, index) => (
                <td class="chains-input" key={`outputs ${name}`}>
                  <span class="chains-clip">{values[index] ?? ''}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  readonly cell: CellView;
  readonly isChosen: boolean;
  /** The tab key stops here. */
  readonly isStop: boolean;
  readonly label: string;
  readonly onFocus: () => void;
  readonly onChoose: () => void;
}

function Cell({ cell, isChosen, isStop, label, onFocus, onChoose }: CellProps) {
  const { state, text, reason } = cell;
  return (
    <button
      type="button"
      class={isChosen ? 'chains-cell chains-cell--chosen' : 'chains-cell'}
      aria-pressed={isChosen}
      tabIndex={isStop ? 0 : -1}
      onFocus={onFocus}
      title={`Show the whole answer of ${label}, and the prompt`}
      onClick={onChoose}
    >
      <span class={`chains-state chains-state--${state} numbers`}>
        <Icon of={ICONS[state]} size={14} />
        {[CELL_WORDS[state], figures(cell)].filter(part => part !== '').join(' · ')}
      </span>
      {reason !== null && <span class="chains-why chains-clip">{reason}</span>}
      {text !== '' && <span class="chains-clip">{text}</span>}
    </button>
  );
}

function moveByArrows(event: KeyboardEvent): void {
  const way = ARROWS[event.key];
  const from = (event.target as HTMLElement).closest('td');
  if (!way || !from) return;
  const [down, right] = way;
  const row = from.parentElement as HTMLTableRowElement;
  const rows = [...(row.parentElement as HTMLTableSectionElement).rows];
  const next = rows[rows.indexOf(row) + down]?.cells[from.cellIndex + right]?.querySelector('button');
  // at an edge the page may scroll as it likes
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function isSame(one: CellPlace | null, other: CellPlace): boolean {
  return one?.runId === other.runId && one.row === other.row && one.step === other.step;
}
