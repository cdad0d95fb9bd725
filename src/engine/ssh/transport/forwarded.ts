import { SparkError } from '../../../shared/errors.js';
import { isForwardingProhibited } from '../refusals.js';
import type { SshSession } from '../types.js';
import type { Transport } from './transport.js';

/**
 * Continues from a jump host to the next machine. The session with the jump host is this stream's from now on: it ends
 * with it. Rejects with `connectionRefused` when nothing answers there, `forwardRefused` when the jump host forbids it.
 */
export async function forwardThrough(hop: SshSession, host: string, port: number): Promise<Transport> {
  try {
    const stream = await hop.forward(host, port);
    // until somebody takes it: a stream's error that nobody listens for would end the engine
    stream.on('error', () => undefined);
    stream.once('close', () => hop.dispose());
    return { stream, address: undefined, stopCopying: () => undefined, complaint: () => undefined };
  } catch (error) {
    hop.dispose();
    if (!SparkError.is(error, 'forwardRefused') || isForwardingProhibited(error)) throw error;
    throw new SparkError(
      {
        code: 'connectionRefused',
        message: `From the jump host ${hop.route.hostname} nothing answers on ${host}:${port}.`,
        hint: 'Check that the machine behind the jump host is on, and its address and port as seen from there.',
      },
      { cause: error },
    );
  }
}
