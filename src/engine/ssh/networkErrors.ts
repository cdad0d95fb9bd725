import { isIP } from 'node:net';
import { type ErrorInfo, SparkError } from '../../shared/errors.js';
import type { ServerHello } from './serverHello.js';
import { printable } from '../base/remoteText.js';

/** Where a connection was to go, for messages. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** How far a login had come. */
export type LoginPhase = 'tcp' | 'handshake' | 'authentication';

export const CANCELLED: ErrorInfo = { code: 'cancelled', message: 'Connecting was cancelled.' };

/** Explains why no TCP connection came about. */
export function explainConnectError(
  error: unknown,
  to: Address,
  platform: NodeJS.Platform = process.platform,
): SparkError {
  const where = `${to.hostname}:${to.port}`;
  const make = (info: ErrorInfo) => new SparkError(info, { cause: error });
  switch (systemCode(error)) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
    case 'ENODATA':
      return make({
        code: 'hostNotFound',
        message: `The name "${to.hostname}" is not known on this network.`,
        hint: to.hostname.endsWith('.local')
          ? 'Check the spelling and that both machines are on the same network, or use the IP address.'
          : 'Check the spelling, the network and a VPN if there is one, or use the IP address.',
        field: 'hostname',
      });
    case 'ECONNREFUSED':
      return make({
        code: 'connectionRefused',
        message: `${to.hostname} answers, but nothing accepts connections on its port ${to.port}.`,
        hint: 'Check the port and that the SSH server runs there ("sudo systemctl status ssh").',
        field: 'port',
      });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
    case 'EADDRNOTAVAIL':
    case 'EACCES':
    case 'EPERM':
    case 'EINVAL':
      return make({
        code: 'hostUnreachable',
        message: `There is no way to ${to.hostname} on this network.`,
        hint:
          platform === 'darwin' && isLocalAddress(error, to.hostname)
            ? 'Allow this editor under System Settings, Privacy & Security, Local Network, then connect again.'
            : 'Check that the machine is on and that this computer is on the same network or VPN.',
      });
    case 'ETIMEDOUT':
      return explainTimeout('tcp', to, undefined);
    default:
      return make({
        code: 'connectionLost',
        message: `The connection to ${where} broke off while it was being opened (${systemCode(error) ?? 'unknown error'}).`,
        hint: 'Try again; if it happens each time, something on the way may be blocking SSH.',
      });
  }
}

/** Says what did not come in time. */
export function explainTimeout(phase: LoginPhase, to: Address, hello: ServerHello | undefined): SparkError {
  if (phase === 'tcp')
    return new SparkError({
      code: 'connectTimeout',
      message: `${to.hostname} does not answer on port ${to.port}.`,
      hint: 'Check that the machine is on, the address is right and no firewall is in the way.',
    });
  if (hello?.identification === undefined && hello?.firstLine !== undefined) return notSsh(to, hello);
  return new SparkError(
    phase === 'handshake' && hello?.identification === undefined
      ? {
          code: 'connectTimeout',
          message: `${to.hostname} accepts the connection on port ${to.port}, but its SSH server says nothing.`,
          hint: 'The machine may be out of memory or overloaded: wait a little, or restart it if it stays like this.',
        }
      : {
          code: 'connectTimeout',
          message: `${to.hostname} did not finish the login in time.`,
          hint: 'The machine may be very busy or the network slow: try again, or raise "dgxSpark.connection.connectTimeoutSeconds".',
        },
  );
}

/** Explains why a connection ended before the login was through. */
export function explainLoginEnd(
  phase: LoginPhase,
  to: Address,
  hello: ServerHello,
  error: Error | undefined,
  complaint?: string,
): SparkError {
  if (hello.identification === undefined && complaint !== undefined)
    return new SparkError(
      {
        code: 'connectionLost',
        message: `There is no way to ${to.hostname}: ${complaint}.`,
        hint: 'Run the ProxyCommand of your SSH config in a terminal to see what is wrong with it.',
      },
      { cause: error },
    );
  if (hello.identification === undefined && hello.firstLine !== undefined) return notSsh(to, hello);
  const text = error?.message ?? '';
  if (phase === 'handshake' && /no matching|unsupported.*algorithm/i.test(text))
    return noCommonAlgorithm(to, hello, text);
  if (/Invalid identification string|Incompatible/i.test(text)) return notSsh(to, hello);
  if (hello.identification === undefined)
    return new SparkError(
      {
        code: 'connectionLost',
        message: `${to.hostname}:${to.port} closed the connection before its SSH server said anything.`,
        hint: 'The server may limit logins or have blocked this computer for a while (fail2ban, MaxStartups): wait and try again.',
      },
      { cause: error },
    );
  return new SparkError(
    {
      code: 'connectionLost',
      message:
        phase === 'authentication'
          ? `${to.hostname} closed the connection during the login${detail(text)}.`
          : `The connection to ${to.hostname} broke off during the SSH handshake${detail(text)}.`,
      hint: 'Try again; if it happens each time, look into the log of the SSH server ("journalctl -u ssh").',
    },
    { cause: error },
  );
}

/** Why a link that worked is gone. */
export function explainLostLink(to: Address, error: Error | undefined): ErrorInfo {
  const timedOut = error?.message === 'Keepalive timeout';
  return {
    code: 'connectionLost',
    message: timedOut
      ? `${to.hostname} no longer answers.`
      : `The connection to ${to.hostname} was closed${detail(error?.message ?? '')}.`,
    hint: timedOut
      ? 'Check that the machine is on and that this computer is on the same network or VPN.'
      : 'Connect again.',
  };
}

function detail(text: string): string {
  const said = printable(text).replace(/\.$/, '');
  return said === '' ? '' : ` (${said})`;
}

function notSsh(to: Address, hello: ServerHello): SparkError {
  const said = printable(hello.firstLine ?? '', 60);
  return new SparkError({
    code: 'notSsh',
    message: `What answers on ${to.hostname}:${to.port} is not an SSH 2 server${said === '' ? '' : ` (it said "${said}")`}.`,
    hint: 'Check the port: SSH is usually on 22.',
    field: 'port',
  });
}

function noCommonAlgorithm(to: Address, hello: ServerHello, text: string): SparkError {
  const offer = hello.offer;
  const [what, list]: [string, readonly string[] | undefined] = /key exchange/i.test(text)
    ? ['way of exchanging keys', offer?.keyExchange]
    : /host key/i.test(text)
      ? ['type of host key', offer?.hostKey]
      : /mac/i.test(text)
        ? ['message authentication code', offer?.mac]
        : ['cipher', offer?.cipher];
  return new SparkError({
    code: 'noCommonAlgorithm',
    message: `${to.hostname} and this extension have no ${what} in common.`,
    hint: list
      ? `The server offers only: ${printable(list.join(', '), 300)}. Allow a current one in its sshd_config.`
      : 'Allow current algorithms in the sshd_config of the server.',
  });
}

function systemCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) {
    // one error for each address that was tried; the most telling comes first here
    const codes = error.errors.map(systemCode);
    return ['ECONNREFUSED', 'ETIMEDOUT'].find(code => codes.includes(code)) ?? codes[0];
  }
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

function isLocalAddress(error: unknown, hostname: string): boolean {
  const failed = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const address = (failed as { address?: string } | null)?.address ?? hostname;
  if (hostname.endsWith('.local')) return true;
  if (isIP(address) === 4) return /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address);
  return isIP(address) === 6 && /^(f[cd]|fe[89ab])/i.test(address);
}
