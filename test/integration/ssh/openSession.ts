import { type Logger, type LogLevel, createLogger } from '../../../src/engine/base/logger.js';
import { createSshConnector } from '../../../src/engine/ssh/connector.js';
import type { LoginPrompts, SshSession, SshTarget } from '../../../src/engine/ssh/types.js';

export interface OpenRequest {
  target: SshTarget;
  /** Home folder; only its known_hosts is read. */
  home: string;
  prompts?: Partial<LoginPrompts>;
  connectTimeoutMs?: number;
  keepaliveMs?: number;
  signal?: AbortSignal;
  onStep?: (step: string) => void;
  log?: Logger;
}

const unexpected = (what: string) => () => Promise.reject(new Error(`unexpected question: ${what}`));

/** Opens a session the way the engine does. A question that the test did not expect fails it. */
export function openSession(request: OpenRequest): Promise<SshSession> {
  const connector = createSshConnector({
    home: () => request.home,
    knownHostsFiles: home => [`${home}/.ssh/known_hosts`],
    log: request.log ?? collectLog().log,
  });
  return connector.open(
    request.target,
    {
      confirmHostKey: unexpected('host key'),
      passphrase: unexpected('passphrase'),
      password: unexpected('password'),
      ...request.prompts,
    },
    {
      connectTimeoutMs: request.connectTimeoutMs ?? 20_000,
      keepaliveMs: request.keepaliveMs ?? 10_000,
      signal: request.signal ?? new AbortController().signal,
      onStep: request.onStep ?? (() => undefined),
    },
  );
}

/** A logger that keeps its lines. */
export function collectLog(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = createLogger((level: LogLevel, scope, message) => lines.push(`${level} ${scope} ${message}`));
  return { log, lines };
}
