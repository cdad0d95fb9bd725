import type { Readable } from 'node:stream';
import { SparkError } from '../../shared/errors.js';
import { type Clock, systemClock } from '../base/clock.js';
import { DisposableStore, toDisposable } from '../base/disposable.js';
import type { SshSession } from './types.js';

/** Enough of what a program complains about to understand it. */
const MAX_STDERR_BYTES = 4096;

export interface RunOptions {
  /** The program is ended after so long. */
  readonly timeoutMs: number;
  /** It is ended when it has printed so much. */
  readonly maxBytes: number;
  /** What it reads on its input; nothing where it is left out. */
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Told of each piece of output as it comes. */
  readonly onOutput?: (chunk: Buffer) => void;
  readonly clock?: Clock;
}

/** What came of a program. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Both are null when it was ended, or the link did not say. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it was ended before its time; its output is cut off there. */
  readonly cut: 'time' | 'size' | undefined;
}

/** How {@link run} is known to those who are given it. */
export type Run = typeof run;

/**
 * Runs a program to its end. Rejects as {@link SshSession.spawn} does, with the reason when the link goes away, and with
 * `cancelled`; however the program ends is a result.
 */
export async function run(session: SshSession, argv: readonly string[], options: RunOptions): Promise<RunResult> {
  const { timeoutMs, maxBytes, input, signal, onOutput, clock = systemClock } = options;
  if (signal?.aborted) throw cancelled();
  const remote = await session.spawn(argv);
  const held = new DisposableStore();
  held.add(remote);
  try {
    return await new Promise<RunResult>((resolve, reject) => {
      const stdout = collect(remote.stream, maxBytes, onOutput);
      const stderr = collect(remote.stderr, MAX_STDERR_BYTES);
      const settle = (cut: RunResult['cut'], exit: { code: number | null; signal: string | null }) => {
        resolve({ stdout: stdout.text(), stderr: stderr.text(), ...exit, cut });
      };
      held.add(clock.after(timeoutMs, () => settle('time', ENDED)));
      const cancel = () => reject(cancelled());
      signal?.addEventListener('abort', cancel);
      held.add(toDisposable(() => signal?.removeEventListener('abort', cancel)));
      if (signal?.aborted) cancel();
      remote.stream.on('error', reject);
      remote.stderr.on('error', () => undefined);
      remote.stream.on('data', () => {
        if (stdout.isFull()) settle('size', ENDED);
      });
      const read = new Promise(done => remote.stream.once('end', done));
      Promise.all([remote.exited, read]).then(([exit]) => settle(undefined, exit), reject);
      if (input === undefined) remote.stream.end();
      else remote.stream.end(input);
    });
  } finally {
    held.dispose();
  }
}

const ENDED = { code: null, signal: null };

/** Keeps the first `maxBytes` of what a stream says. */
function collect(stream: Readable, maxBytes: number, onOutput?: (chunk: Buffer) => void) {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    if (length < maxBytes) chunks.push(chunk.subarray(0, maxBytes - length));
    length += chunk.length;
    onOutput?.(chunk);
  });
  return { text: () => Buffer.concat(chunks).toString('utf8'), isFull: () => length > maxBytes };
}

function cancelled(): SparkError {
  return new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
}
