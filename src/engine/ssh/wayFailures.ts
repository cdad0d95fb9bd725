import { type ErrorCode, SparkError } from '../../shared/errors.js';

/** What can be wrong with one way to a machine and right with another. */
const ABOUT_THE_WAY: ReadonlySet<ErrorCode> = new Set([
  'hostNotFound',
  'connectionRefused',
  'hostUnreachable',
  'connectTimeout',
  'connectionLost',
  'notSsh',
  // an address that another machine has today
  'hostKeyChanged',
]);

/** Whether another way to the same machine may do better. */
export function isAboutTheWay(error: unknown): error is SparkError {
  return SparkError.is(error) && ABOUT_THE_WAY.has(error.code);
}

/**
 * What to say when no way led to the machine: what is wrong with the best one. A changed host key counts only where
 * nothing else was found, since some other machine may well have one of the addresses.
 * @param failures one a way, best way first; at least one
 */
export function noWayLeft(failures: readonly SparkError[]): SparkError {
  const told = failures.find(({ code }) => code !== 'hostKeyChanged') ?? failures[0];
  if (!told) throw new Error('There was no way to try.');
  const others = failures.length - 1;
  if (others === 0) return told;
  const rest =
    others === 1
      ? 'Its other address does not lead there either'
      : `Its ${others} other addresses do not lead there either`;
  return new SparkError({ ...SparkError.toInfo(told), message: `${told.message} ${rest}.` }, { cause: told });
}

/** Says that something went wrong at a jump host, not at the machine itself. */
export function onJumpHost(host: string, error: unknown): unknown {
  if (!SparkError.is(error) || error.code === 'cancelled') return error;
  const { code, message, hint } = error;
  return new SparkError({ code, message: `Jump host ${host}: ${message}`, hint }, { cause: error });
}
