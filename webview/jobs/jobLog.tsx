import Anser from 'anser';
import { ArrowDownToLine, ArrowUpToLine, FileText, Pause, Play, Save, WrapText } from 'lucide-preact';
import { memo } from 'preact/compat';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { SparkError } from '../../src/shared/errors.js';
import { type Job, LOG_CHUNK_BYTES } from '../../src/shared/jobs.js';
import { usePanel } from '../state/context.js';
import { endOf, fromBase64, joinLog, linesOf, type LogPart, trimLog } from '../state/logText.js';
import { Button, IconButton } from '../ui/button.js';
import { TextField } from '../ui/textField.js';

/** Within so many pixels of its end the log follows what comes. */
const NEAR_END = 24;

/** The log of a job: its end, what comes while one looks, and backwards what was before. */
export function JobLog({ job, isLive }: { job: Job; isLive: boolean }) {
  const { jobs } = usePanel();
  const box = useRef<HTMLDivElement>(null);
  const [paused, setPaused] = useState(false);
  const [wrap, setWrap] = useState(true);
  const [search, setSearch] = useState('');
  const { part, problem, readBack } = useLog(job, paused);
  const lines = useMemo(() => (part ? linesOf(part) : []), [part]);
  const wanted = search.trim().toLowerCase();
  const shown = useMemo(
    () => (wanted === '' ? lines : lines.filter(line => Anser.ansiToText(line).toLowerCase().includes(wanted))),
    [lines, wanted],
  );
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (box.current && follows.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown, wrap]);
  const toEnd = () => {
    follows.current = true;
    setPaused(false);
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  return (
    <section class="log" aria-label="Log">
      <div class="log__head">
        <h3>Log</h3>
        <span class="log__tools">
          {isLive && (
            <IconButton
              icon={paused ? Play : Pause}
              label={paused ? 'Go on following the log' : 'Pause the log'}
              onClick={() => setPaused(!paused)}
            />
          )}
          <IconButton
            icon={WrapText}
            label={wrap ? 'Do not wrap lines' : 'Wrap lines'}
            onClick={() => setWrap(!wrap)}
          />
          <IconButton icon={ArrowDownToLine} label="Jump to the end" onClick={toEnd} />
          <IconButton icon={FileText} label="Open the log in an editor" onClick={() => jobs.takeLog(job.id, 'open')} />
          <IconButton icon={Save} label="Save the log as a file" onClick={() => jobs.takeLog(job.id, 'save')} />
        </span>
      </div>
      <TextField
        id="log-search"
        label="Show lines with"
        value={search}
        help={wanted === '' ? 'All lines are shown.' : `${shown.length} of ${lines.length} lines.`}
        onInput={setSearch}
      />
      {problem && <p class="job__reason">{problem}</p>}
      <div
        ref={box}
        class={wrap ? 'log__box log__box--wrap' : 'log__box'}
        role="log"
        aria-live="off"
        tabIndex={0}
        aria-label={`Log of ${job.name}`}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          follows.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
        }}
      >
        {part && part.start > 0 && (
          <Button icon={ArrowUpToLine} onClick={readBack}>
            Show earlier lines
          </Button>
        )}
        {part?.bytes.length === 0 && <p class="secondary">Nothing was printed yet.</p>}
        {shown.map((line, index) => (
          <Line key={index} text={line} />
        ))}
      </div>
    </section>
  );
}

/** Follows the log of a job by its offset, so that nothing is lost or doubled over a reconnect. */
function useLog(job: Job, paused: boolean) {
  const { jobs, store } = usePanel();
  const [part, setPart] = useState<LogPart | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const latest = useRef<LogPart | null>(null);
  const reading = useRef(false);
  const isUp = store.connections.value.some(one => one.id === job.connectionId && one.status.state === 'connected');
  const size = store.logSizes.value.get(job.id);

  const take = (next: LogPart) => {
    latest.current = next;
    setPart(next);
    setProblem(null);
  };
  const read = async (offset?: number, length?: number) => {
    const chunk = await jobs.readLog(job.id, offset, length);
    return { chunk, piece: { bytes: fromBase64(chunk.data), start: chunk.offset, generation: chunk.generation } };
  };
  /** Reads up to the end; where very much has come since, only its end. */
  const catchUp = async () => {
    if (reading.current) return;
    reading.current = true;
    try {
      for (;;) {
        const known = latest.current;
        const { chunk, piece } = await read(known ? endOf(known) : undefined);
        const isOther = known !== null && (known.generation !== chunk.generation || chunk.size < endOf(known));
        if (isOther || (known && chunk.size - endOf(known) > 4 * LOG_CHUNK_BYTES)) {
          latest.current = null;
          continue;
        }
        if (known === null || piece.bytes.length > 0) take(trimLog(joinLog(known, piece)));
        if (piece.bytes.length === 0 || chunk.offset + piece.bytes.length >= chunk.size) break;
      }
    } catch (error) {
      setProblem(SparkError.toInfo(error).message);
    } finally {
      reading.current = false;
    }
  };
  useEffect(() => {
    if (isUp && !paused) void catchUp();
  }, [isUp, paused, size, job.status]);

  const readBack = () => {
    const known = latest.current;
    if (!known || known.start === 0) return;
    const length = Math.min(known.start, LOG_CHUNK_BYTES);
    read(known.start - length, length).then(
      ({ piece }) => {
        if (latest.current === known) take(joinLog(known, piece));
      },
      (error: unknown) => setProblem(SparkError.toInfo(error).message),
    );
  };
  return { part, problem: isUp ? problem : 'The machine is not connected; this is what was read before.', readBack };
}

/** A line in its colours; other escapes are left out. */
const Line = memo(({ text }: { text: string }) => (
  <div class="log__line">
    {Anser.ansiToJson(text, { use_classes: true, remove_empty: true, json: true }).map(
      ({ content, fg, decoration }, at) => (
        <span key={at} class={[fg, decoration && `ansi-${decoration}`].filter(Boolean).join(' ')}>
          {content}
        </span>
      ),
    )}
    {text === '' && '\u00a0'}
  </div>
));
