import { type Logger, type LogLevel, createLogger } from '../../../src/engine/base/logger.js';
import { createSshConnector } from '../../../src/engine/ssh/connector.js';
import type { LoginPrompts, SshLogin, SshSession, SshTarget } from '../../../src/engine/ssh/types.js';

/** One machine, and how to log in to it. */
export interface TestTarget {
  hostname: string;
  port: number;
  username: string;
  auth: SshLogin;
}

export function sshTarget({ hostname, port, username, auth }: TestTarget): SshTarget {
  return { ways: [{ host: hostname, port, proxyJump: undefined }], username, login: auth, lastAddress: undefined };
}

export interface OpenRequest {
  target: TestTarget | SshTarget;
  /** Home folder, with the `.ssh` that counts. */
  home: string;
  env?: NodeJS.ProcessEnv;
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
    // the agent and the files of whoever runs the tests have no part in them
    knownHostsFiles: home => ({ user: [`${home}/.ssh/known_hosts`], system: [] }),
    systemConfigFile: `${request.home}/no-such-file`,
    env: request.env ?? {},
    log: request.log ?? collectLog().log,
  });
  return connector.open(
    'ways' in request.target ? request.target : sshTarget(request.target),
    {
      confirmHostKey: unexpected('host key'),
      passphrase: unexpected('passphrase'),
      password: unexpected('password'),
      answers: unexpected('answers'),
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
