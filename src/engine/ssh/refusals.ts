import { SparkError } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';

/** RFC 4254, 5.1: SSH_OPEN_ADMINISTRATIVELY_PROHIBITED. */
const PROHIBITED = 1;

/** Why a program was not started. */
export function programRefused(error: Error): SparkError {
  return new SparkError(
    {
      code: 'remoteCommandFailed',
      message: `The server did not start a program (${printable(error.message)}).`,
      hint: 'It may allow too few sessions on one connection (MaxSessions in its sshd_config) or none at all.',
    },
    { cause: error },
  );
}

/** Why no stream to a Unix socket came about: OpenSSH answers the same whether it may not or nothing listens. */
export function socketRefused(path: string, error: Error): SparkError {
  return new SparkError(
    {
      code: 'forwardRefused',
      message: `Nothing accepts connections on ${printable(path)} of the remote machine, or its SSH server lets nobody through.`,
      hint: 'Check that the program there is running, and "AllowStreamLocalForwarding" in its sshd_config.',
    },
    { cause: error },
  );
}

/** Why no stream to a port came about. */
export function forwardRefused(host: string, port: number, error: Error & { reason?: unknown }): SparkError {
  const where = `${host}:${port}`;
  return new SparkError(
    error.reason === PROHIBITED
      ? {
          code: 'forwardRefused',
          message: `The SSH server does not allow forwarding to ${where}.`,
          hint: 'Set "AllowTcpForwarding yes" (and "PermitOpen", if it is used) in its sshd_config.',
        }
      : {
          code: 'forwardRefused',
          message: `Nothing accepts connections on ${where} of the remote machine.`,
          hint: 'Check that the program there is running and listens on this port.',
        },
    { cause: error },
  );
}

/** Whether the server forbids the forward, rather than nothing answering at its end. */
export function isForwardingProhibited(error: unknown): boolean {
  return (
    SparkError.is(error, 'forwardRefused') && (error.cause as { reason?: unknown } | undefined)?.reason === PROHIBITED
  );
}
