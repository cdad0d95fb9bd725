import { createHash } from 'node:crypto';
import type { SshSession } from '../../ssh/types.js';
import type { LocalFd } from './localFd.js';

/** Fixed text; path and length are positional arguments. */
const SCRIPT = 'head -c "$2" -- "$1" | sha256sum';
const LONGEST_ANSWER = 1024;
const BLOCK = 1024 * 1024;

/**
 * Whether the first bytes of a file on the Spark are those of a file here: what was written before a link was lost may not have outlived a machine
 * that was switched off. Undefined where the machine cannot say.
 */
export async function isSamePrefix(
  session: SshSession,
  path: string,
  file: LocalFd,
  length: number,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const [remote, local] = await Promise.all([
    remoteDigest(session, path, length, signal).catch(() => undefined),
    localDigest(file, length),
  ]);
  return remote === undefined ? undefined : remote === local;
}

async function remoteDigest(
  session: SshSession,
  path: string,
  length: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const program = await session.spawn(['sh', '-c', SCRIPT, 'sh', path, String(length)]);
  const stop = () => program.dispose();
  signal.addEventListener('abort', stop);
  try {
    let said = '';
    program.stream.end();
    program.stderr.resume();
    for await (const chunk of program.stream as AsyncIterable<Buffer>) {
      said += chunk.toString('latin1');
      if (said.length > LONGEST_ANSWER) return undefined;
    }
    return /^([0-9a-f]{64}) [ *]-\s*$/.exec(said)?.[1];
  } finally {
    signal.removeEventListener('abort', stop);
    program.dispose();
  }
}

async function localDigest(file: LocalFd, length: number): Promise<string | undefined> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(BLOCK);
  for (let position = 0; position < length;) {
    const bytes = await file.read(buffer, 0, Math.min(BLOCK, length - position), position);
    if (bytes === 0) return undefined;
    hash.update(buffer.subarray(0, bytes));
    position += bytes;
  }
  return hash.digest('hex');
}
