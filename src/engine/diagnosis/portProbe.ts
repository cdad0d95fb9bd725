import { connect, type Socket } from 'node:net';
import type { Clock } from '../base/clock.js';

/** One attempt to open a TCP connection. */
export type PortAttempt = { readonly address: string; readonly ms: number } & (
  { readonly socket: Socket } | { readonly error: Error & { code?: string } }
);

/**
 * Tries one address. A connection that comes about belongs to the caller.
 * @param now milliseconds of a clock that nobody sets
 */
export function tryPort(
  address: string,
  port: number,
  options: { timeoutMs: number; signal: AbortSignal; clock: Clock; now: () => number },
): Promise<PortAttempt> {
  const began = options.now();
  return new Promise(resolve => {
    const socket = connect({ host: address, port, noDelay: true });
    const settle = (outcome: { socket: Socket } | { error: Error & { code?: string } }) => {
      timer.dispose();
      options.signal.removeEventListener('abort', giveUp);
      socket.removeAllListeners('connect');
      if ('error' in outcome) socket.destroy();
      resolve({ address, ms: Math.max(0, Math.round(options.now() - began)), ...outcome });
    };
    const giveUp = () => settle({ error: Object.assign(new Error('cancelled'), { code: 'ECANCELED' }) });
    const timer = options.clock.after(options.timeoutMs, () =>
      settle({ error: Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT', address }) }),
    );
    options.signal.addEventListener('abort', giveUp);
    // also those after it was settled: nobody else listens
    socket.on('error', error => settle({ error }));
    socket.once('connect', () => settle({ socket }));
  });
}

/** A line about an attempt: `192.168.1.20: connected in 3 ms`. */
export function describeAttempt(attempt: PortAttempt): string {
  const { address, ms } = attempt;
  if ('socket' in attempt) return `${address}: connected in ${ms} ms`;
  return `${address}: ${REASONS[attempt.error.code ?? ''] ?? attempt.error.code ?? 'failed'} after ${ms} ms`;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'no route to the machine',
  ENETUNREACH: 'no route to its network',
  EADDRNOTAVAIL: 'this computer has no such network',
  EACCES: 'not allowed on this computer',
  EPERM: 'not allowed on this computer',
};
