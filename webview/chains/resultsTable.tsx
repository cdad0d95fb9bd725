import { Ban, Check, Circle, LoaderCircle, type LucideIcon, Minus, X } from 'lucide-preact';
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

/** One row an input, one column a step; beside each the same step of the run that it is compared with. */
export function ResultsTable({ shown, other, chosen, onChoose }: TableProps) {
  const runs = other ? [shown, other] : [shown];
  const steps = [...new Set(runs.flatMap(({ run }) => run.steps))];
  const columns = steps.flatMap(step => runs.map((side, index) => ({ step, side, index })));
  return (
    <div class="chains-scroll">
      <table class="chains-table">
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
          </tr>
        </thead>
        <tbody>
          {shown.rows.map(({ row, input }, at) => (
            <tr key={row}>
              <th scope="row" class="numbers">
                {row + 1}
              </th>
              <td class="chains-input">
                <span class="chains-clip chains-lines">{inputWords(input)}</span>
              </td>
              {columns.map(({ step, side: { run, rows }, index }) => {
                const cell = rows[at]?.cells[run.steps.indexOf(step)];
                const place = { runId: run.runId, row, step };
                return (
                  <td key={`${index} ${step}`}>
                    {cell && (
                      <Cell
                        cell={cell}
                        isChosen={isSame(chosen, place)}
                        label={step}
                        onChoose={() => onChoose(place)}
                      />
                    )}
                  </td>
                );
              })}
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
  readonly label: string;
  readonly onChoose: () => void;
}

function Cell({ cell, isChosen, label, onChoose }: CellProps) {
  const { state, text, reason } = cell;
  return (
    <button
      type="button"
      class={isChosen ? 'chains-cell chains-cell--chosen' : 'chains-cell'}
      aria-pressed={isChosen}
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

function isSame(one: CellPlace | null, other: CellPlace): boolean {
  return one?.runId === other.runId && one.row === other.row && one.step === other.step;
}
