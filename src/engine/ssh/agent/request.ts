import { connect } from 'node:net';
import { SparkError } from '../../../shared/errors.js';
import { CANCELLED } from '../networkErrors.js';
import { lengthPrefixed } from '../wire.js';
import { BadAnswer } from './agentErrors.js';

/** What OpenSSH's own programs accept (`AGENT_MAX_LEN`): some thousand keys. */
const MAX_ANSWER_BYTES = 256 * 1024;

export interface RequestOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * Sends one message to an agent, over a connection of its own, and resolves with the answer, both without their length.
 * Rejects with an error of the system, `ETIMEDOUT`, a {@link BadAnswer}, or `cancelled`.
 * @param path of a Unix socket or a named pipe
 */
export function askAgent(path: string, message: Buffer, { signal, timeoutMs }: RequestOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new SparkError(CANCELLED));
      return;
    }
    const socket = connect({ path });
    const chunks: Buffer[] = [];
    let received = 0;
    const settle = (action: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      action();
    };
    const fail = (error: Error) => settle(() => reject(error));
    const onAbort = () => fail(new SparkError(CANCELLED));
    const timer = setTimeout(() => fail(systemError('ETIMEDOUT')), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket
      .on('error', fail)
      .on('close', () => fail(systemError('ECONNRESET')))
      .on('data', chunk => {
        chunks.push(chunk);
        received += chunk.length;
        if (received < 4) return;
        const answer = Buffer.concat(chunks);
        const length = answer.readUInt32BE();
        if (length === 0 || length > MAX_ANSWER_BYTES) fail(new BadAnswer());
        else if (received >= 4 + length) settle(() => resolve(answer.subarray(4, 4 + length)));
      });
    socket.write(lengthPrefixed(message));
  });
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
