import Anser from 'anser';
import { ArrowDownToLine, ArrowUpToLine, FileText, Pause, Play, Save, WrapText } from 'lucide-preact';
import type { RefObject } from 'preact';
import { memo } from 'preact/compat';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { SparkError } from '../../src/shared/errors.js';
import { type Job, LOG_CHUNK_BYTES } from '../../src/shared/jobs.js';
import { usePanel } from '../state/context.js';
import {
  blocksOf,
  endOf,
  fromBase64,
  joinLog,
  type LogBlock,
  type LogPart,
  MOST_BYTES,
  trimLog,
} from '../state/logText.js';
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
  const follows = useRef(true);
  const { part, problem, readBack } = useLog(job, paused, follows);
  const blocks = useMemo(() => (part ? blocksOf(part) : []), [part]);
  const wanted = search.trim().toLowerCase();
  const shown = useMemo(
    () =>
      wanted === ''
        ? blocks
        : blocks.map(({ number, lines }) => ({
            number,
            lines: lines.filter(line => Anser.ansiToText(line).toLowerCase().includes(wanted)),
          })),
    [blocks, wanted],
  );
  /** What was drawn last: where it began, and how high it was. */
  const drawn = useRef({ start: 0, height: 0 });
  useLayoutEffect(() => {
    if (!box.current) return;
    const { scrollHeight } = box.current;
    const start = part?.start ?? 0;
    if (follows.current) box.current.scrollTop = scrollHeight;
    // what came before the lines that somebody reads does not push them away
    else if (start < drawn.current.start) box.current.scrollTop += scrollHeight - drawn.current.height;
    drawn.current = { start, height: scrollHeight };
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
        help={wanted === '' ? 'All lines are shown.' : `${countLines(shown)} of ${countLines(blocks)} lines.`}
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
          drawn.current.height = scrollHeight;
        }}
      >
        {part && part.start > 0 && part.bytes.length < MOST_BYTES && (
          <Button icon={ArrowUpToLine} onClick={readBack}>
            Show earlier lines
          </Button>
        )}
        {part && part.start > 0 && part.bytes.length >= MOST_BYTES && (
          <p class="secondary">What is before is not shown here. Open the log in an editor, or save it as a file.</p>
        )}
        {part?.bytes.length === 0 && <p class="secondary">Nothing was printed yet.</p>}
        {shown.map(({ number, lines }) => lines.length > 0 && <Block key={number} text={`${lines.join('\n')}\n`} />)}
      </div>
    </section>
  );
}

/** Follows the log of a job by its offset, so that nothing is lost or doubled over a reconnect. */
function useLog(job: Job, paused: boolean, follows: RefObject<boolean>) {
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
        // nobody has to scroll through what came while he read; where he is through with it the end is read
        if (known && !follows.current && known.bytes.length >= MOST_BYTES) break;
        const { chunk, piece } = await read(known ? endOf(known) : undefined);
        const isOther = known !== null && (known.generation !== chunk.generation || chunk.size < endOf(known));
        if (isOther || (known && follows.current && chunk.size - endOf(known) > 4 * LOG_CHUNK_BYTES)) {
          latest.current = null;
          continue;
        }
        const joined = joinLog(known, piece);
        // what somebody has gone back to stays
        if (known === null || piece.bytes.length > 0) take(follows.current ? trimLog(joined) : joined);
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

function countLines(blocks: readonly LogBlock[]): number {
  return blocks.reduce((sum, { lines }) => sum + lines.length, 0);
}

/** Lines in their colours; other escapes are left out. What has no colour is one piece of text: there may be many thousands. */
const Block = memo(({ text }: { text: string }) => (
  <div class="log__block">
    {text.includes('\u001b') ? text.split(/(?<=\n)/).map((line, at) => <Line key={at} text={line} />) : text}
  </div>
));

function Line({ text }: { text: string }) {
  return (
    <>
      {Anser.ansiToJson(text, { use_classes: true, remove_empty: true, json: true }).map(
        ({ content, fg, decoration }, at) => (
          <span key={at} class={[fg, decoration && `ansi-${decoration}`].filter(Boolean).join(' ')}>
            {content}
          </span>
        ),
      )}
    </>
  );
}
