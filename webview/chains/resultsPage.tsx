import { Download, Play, Square } from 'lucide-preact';
import { useEffect, useState } from 'preact/hooks';
import { ROWS_PER_PAGE, type ResultsMessage, type ResultsRequest } from '../../src/shared/chainPage.js';
import type { CellDetail as Detail } from '../../src/shared/chains.js';
import { Button } from '../ui/button.js';
import { Dropdown } from '../ui/choice.js';
import { CellDetail } from './cellDetail.js';
import { type CellPlace, ResultsTable } from './resultsTable.js';
import { isLive, runFacts, runName } from './words.js';

type Table = Extract<ResultsMessage, { kind: 'table' }>;
const NONE = '-';

interface PageProps {
  readonly send: (request: ResultsRequest) => void;
  /** Keeps what the editor restores the page from. */
  readonly remember: (path: string) => void;
}

/** The results of one chain. */
export function ResultsPage({ send, remember }: PageProps) {
  const [table, setTable] = useState<Table | null>(null);
  const [detail, setDetail] = useState<Detail | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [chosen, setChosen] = useState<CellPlace | null>(null);

  useEffect(() => {
    const listen = ({ data }: MessageEvent<ResultsMessage>) => {
      if (data.kind === 'problem') setProblem(data.message);
      else if (data.kind === 'cell') setDetail(data.detail);
      else {
        setTable(data);
        setProblem(null);
        remember(data.path);
      }
    };
    window.addEventListener('message', listen);
    send({ kind: 'show', runId: null, otherId: null, from: 0 });
    return () => {
      window.removeEventListener('message', listen);
    };
  }, []);

  const revision = table?.shown?.run.revision;
  useEffect(() => {
    if (chosen) send({ kind: 'cell', ...chosen });
  }, [chosen, revision]);

  const runIds = [table?.shown?.run.runId, table?.other?.run.runId];
  const isGone = chosen !== null && !runIds.includes(chosen.runId);
  useEffect(() => {
    if (!isGone) return;
    setChosen(null);
    setDetail(null);
  }, [isGone]);

  const isOpen = detail !== null;
  useEffect(() => {
    // beside the drawer, not behind it
    if (isOpen) document.querySelector('.chains-cell--chosen')?.scrollIntoView({ block: 'nearest' });
  }, [isOpen, chosen]);

  const shown = table?.shown;
  if (!table || !shown)
    return (
      <main class="chains">
        <h1>Results</h1>
        <p class="chains-empty" role="status">
          {problem ?? (table ? 'This chain has not been run yet.' : 'Reading the results...')}
        </p>
      </main>
    );
  const { run } = shown;
  const { runs, other, from } = table;
  const otherId = other?.run.runId ?? null;
  const show = (part: Partial<Omit<Extract<ResultsRequest, { kind: 'show' }>, 'kind'>>) => {
    send({ kind: 'show', runId: run.runId, otherId, from, ...part });
  };
  const close = () => {
    // back to where it was opened from
    document.querySelector<HTMLElement>('.chains-cell--chosen')?.focus();
    setChosen(null);
    setDetail(null);
  };
  const options = runs.map(each => ({ value: each.runId, label: runName(each) }));
  const others = options.filter(({ value }) => value !== run.runId);
  return (
    <main
      class="chains"
      onKeyDown={({ key }) => {
        if (key === 'Escape' && detail) close();
      }}
    >
      <h1>{run.chain}</h1>
      <div class="chains-bar">
        {isLive(run) ? (
          <Button kind="primary" icon={Square} onClick={() => send({ kind: 'cancel', runId: run.runId })}>
            Cancel
          </Button>
        ) : (
          run.state !== 'done' && (
            <Button kind="primary" icon={Play} onClick={() => send({ kind: 'continue', runId: run.runId })}>
              Continue
            </Button>
          )
        )}
        <Button icon={Download} onClick={() => send({ kind: 'export', runId: run.runId })}>
          Export CSV
        </Button>
        {others.length > 0 && (
          <>
            <Dropdown
              {...{ id: 'run', label: 'Run', value: run.runId, options }}
              onChange={runId => {
                close();
                show({ runId, otherId: runId === otherId ? null : otherId, from: 0 });
              }}
            />
            <Dropdown
              {...{ id: 'other', label: 'Compare with', value: otherId ?? NONE }}
              options={[{ value: NONE, label: 'Compare with...' }, ...others]}
              onChange={value => {
                show({ otherId: value === NONE ? null : value });
              }}
            />
          </>
        )}
      </div>
      <progress
        class="chains-progress"
        aria-label="Steps that are over"
        max={Math.max(1, run.cells.total)}
        value={run.cells.over}
      />
      {[run, ...(other ? [other.run] : [])].map((each, index) => (
        <div class="chains-facts numbers" key={index}>
          {index === 1 && <span>Compared:</span>}
          {runFacts(each).map(fact => (
            <span key={fact}>{fact}</span>
          ))}
        </div>
      ))}
      {run.reason !== null && (
        <p class="chains-note" role="status">
          {run.reason}
        </p>
      )}
      {problem !== null && (
        <p class="chains-note" role="alert">
          {problem}
        </p>
      )}
      <div class={chosen && detail ? 'chains-body chains-body--split' : 'chains-body'}>
        <ResultsTable {...{ shown, other, chosen }} onChoose={setChosen} />
        {chosen && detail && <CellDetail detail={detail} onClose={close} />}
      </div>
      {run.rows.total > ROWS_PER_PAGE && (
        <nav class="chains-bar" aria-label="Pages">
          <Button disabled={from === 0} onClick={() => show({ from: Math.max(0, from - ROWS_PER_PAGE) })}>
            Previous
          </Button>
          <span class="numbers">
            {from + 1} to {Math.min(run.rows.total, from + ROWS_PER_PAGE)} of {run.rows.total}
          </span>
          <Button
            disabled={from + ROWS_PER_PAGE >= run.rows.total}
            onClick={() => show({ from: from + ROWS_PER_PAGE })}
          >
            Next
          </Button>
        </nav>
      )}
    </main>
  );
}
