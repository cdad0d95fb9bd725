import { homedir } from 'node:os';
import type { ParsedKey } from 'ssh2';
import { SparkError } from '../../shared/errors.js';
import type { Logger } from '../base/logger.js';
import { Authentication, type PasswordMemory } from './authentication.js';
import { type HostKeyMemory, HostKeyVerifier } from './hostKeyVerifier.js';
import { hostEntryName, knownKeyTypes } from './knownHosts.js';
import { knownHostsPaths, readKnownHosts } from './knownHostsFiles.js';
import { InterruptedByQuestion, logIn } from './login.js';
import { type Address, CANCELLED } from './networkErrors.js';
import { loadPrivateKey } from './keys/privateKey.js';
import type { LoginPrompts, SshConnector, SshSession, SshTarget } from './types.js';

type OpenOptions = Parameters<SshConnector['open']>[2];

export interface SshConnectorOptions {
  /** The home folder, asked at each use. Default: the user's. */
  home?: () => string;
  /** The known_hosts files, the first of which gets new lines. Default: OpenSSH's, below `home`. */
  knownHostsFiles?: (home: string) => readonly string[];
  log: Logger;
}

/** Makes the connector that logs in with ssh2. */
export function createSshConnector(options: SshConnectorOptions): SshConnector {
  const { home = homedir, knownHostsFiles = knownHostsPaths, log } = options;
  return {
    async open(target, prompts, openOptions) {
      throwIfCancelled(openOptions.signal);
      const key = await loadKey(target, prompts, home(), openOptions.signal);
      const memory: PasswordMemory & HostKeyMemory = { current: undefined, entered: 0, trusted: undefined };
      // each further round has had an answer of the user in between, so this ends
      for (;;) {
        try {
          return await attempt({ target, prompts, key, memory, files: knownHostsFiles(home()), log, openOptions });
        } catch (error) {
          throwIfCancelled(openOptions.signal);
          if (!(error instanceof InterruptedByQuestion)) throw error;
          log.info('The server hung up while a question was open; connecting again with the answer.');
        }
      }
    },
  };
}

interface Attempt {
  readonly target: SshTarget;
  readonly prompts: LoginPrompts;
  readonly key: ParsedKey | undefined;
  readonly memory: PasswordMemory & HostKeyMemory;
  readonly files: readonly string[];
  readonly log: Logger;
  readonly openOptions: OpenOptions;
}

async function attempt({ target, prompts, key, memory, files, log, openOptions }: Attempt): Promise<SshSession> {
  const address: Address = { hostname: target.hostname, port: target.port };
  const entries = await readKnownHosts(files);
  throwIfCancelled(openOptions.signal);
  const [file] = files;
  if (file === undefined) throw new Error('There is no known_hosts file to write to.');
  const session = await logIn({
    ...openOptions,
    address,
    username: target.username,
    knownKeyTypes: knownKeyTypes(entries, target.hostname, target.port),
    log: log.scope(`ssh:${hostEntryName(target.hostname, target.port)}`),
    makeVerifier: ask =>
      new HostKeyVerifier({
        address,
        entries,
        file,
        memory,
        log,
        confirm: about => ask(() => prompts.confirmHostKey(about)),
      }),
    makeAuthentication: ask =>
      new Authentication({ target, key, memory, askPassword: wrong => ask(() => prompts.password(wrong)) }),
  });
  if (openOptions.signal.aborted) {
    session.dispose();
    throw new SparkError(CANCELLED);
  }
  return session;
}

/** Before any connection is opened, so that a passphrase may take as long as it takes. */
async function loadKey(
  target: SshTarget,
  prompts: LoginPrompts,
  home: string,
  signal: AbortSignal,
): Promise<ParsedKey | undefined> {
  if (target.auth.method !== 'key') return undefined;
  return untilCancelled(
    signal,
    loadPrivateKey({
      keyPath: target.auth.keyPath,
      home,
      passphrase: (keyPath, wrong) => prompts.passphrase(keyPath, wrong),
    }),
  );
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new SparkError(CANCELLED);
}

async function untilCancelled<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  throwIfCancelled(signal);
  let onAbort: () => void = () => undefined;
  const cancelled = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new SparkError(CANCELLED));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, cancelled]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
