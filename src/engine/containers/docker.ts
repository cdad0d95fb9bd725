import { StringDecoder } from 'node:string_decoder';
import { SparkError } from '../../shared/errors.js';
import { USUAL_FOLDERS } from '../base/usualFolders.js';
import type { SshSession } from '../ssh/types.js';
import { followScript } from './scripts.js';

const MAX_STDERR = 4096;

/** Who reads what is printed while it is printed, and ends it. */
export interface Follower {
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
}

/**
 * Runs Docker's own program for as long as it prints; the signal ends it. Slow readers slow it down. Rejects with
 * `cancelled`, `connectionLost`, and as {@link SshSession.spawn} does.
 */
export async function followDocker(
  session: SshSession,
  argv: readonly string[],
  { signal, onText }: Follower,
): Promise<{ code: number | null; stderr: string }> {
  if (signal.aborted) throw cancelled();
  const remote = await session.spawn(['sh', '-c', followScript, 'dgx-spark-docker', USUAL_FOLDERS, ...argv]);
  const stop = () => {
    remote.dispose();
  };
  signal.addEventListener('abort', stop);
  try {
    // it may have been given up while the program started
    if (isAborted(signal)) stop();
    let stderr = '';
    const text = new StringDecoder('utf8');
    const errors = new StringDecoder('utf8');
    remote.stream.on('data', (chunk: Buffer) => {
      onText(text.write(chunk));
    });
    remote.stderr.on('data', (chunk: Buffer) => {
      const piece = errors.write(chunk);
      stderr = (stderr + piece).slice(-MAX_STDERR);
      // a container's own complaints come this way, too
      onText(piece);
    });
    remote.stream.on('error', () => undefined);
    remote.stderr.on('error', () => undefined);
    const { code, signal: killed } = await Promise.race([
      remote.exited,
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(cancelled());
        });
      }),
    ]);
    if (isAborted(signal)) throw cancelled();
    if (code === null && killed === null)
      throw new SparkError({ code: 'connectionLost', message: 'The connection was lost.', hint: 'Follow it again.' });
    return { code, stderr };
  } finally {
    signal.removeEventListener('abort', stop);
    remote.dispose();
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function cancelled(): SparkError {
  return new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
}
