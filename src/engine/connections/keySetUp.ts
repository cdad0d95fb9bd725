import type { Connection } from '../../shared/connection.js';
import { SparkError } from '../../shared/errors.js';
import type { Secret } from '../base/secret.js';
import type { LoginPrompts, OpenOptions, SshConnector, SshSession, SshTarget } from '../ssh/types.js';

/** What is done with keys, apart from logging in. */
export interface KeyTools {
  /** Finds the private key at `path`, or finds or makes one for the machine `name`. */
  ensureLoginKey(options: {
    path?: string | undefined;
    name: string;
    passphrase: (path: string, wrong: boolean) => Promise<Secret>;
  }): Promise<{ path: string; publicLine: string; made: boolean }>;
  /** Lets a key log in as the user of a session. */
  installPublicKey(
    session: SshSession,
    publicLine: string,
    options: { signal?: AbortSignal },
  ): Promise<{ outcome: 'added' | 'present'; warning?: string }>;
  /** The text of a private key file. Rejects as a login with it would. */
  readPrivateKey(path: string): Promise<Secret>;
}

export interface KeySetUpOptions {
  readonly connection: Connection;
  /** A private key to take; left out: one is made for this machine, or the one that was made before is taken. */
  readonly keyPath: string | undefined;
  readonly connector: SshConnector;
  readonly tools: KeyTools;
  /** How to reach the machine as the connection is now. */
  readonly target: SshTarget;
  /** A session with the machine, where one is up. */
  readonly live: SshSession | undefined;
  readonly prompts: LoginPrompts;
  readonly open: OpenOptions;
}

export interface KeySetUp {
  readonly keyPath: string;
  readonly made: boolean;
  readonly added: boolean;
  readonly warnings: string[];
}

/**
 * Lets this computer log in to a machine with a key: finds or makes the key, adds it to `authorized_keys`, and proves by
 * a login of its own that the server takes it. Changes nothing that is saved. Doing it again finds everything in place.
 */
export async function setUpKey(options: KeySetUpOptions): Promise<KeySetUp> {
  const { connection, keyPath, connector, tools, target, live, prompts, open } = options;
  const passphrase = (path: string, wrong: boolean) => prompts.passphrase(path, wrong);
  const own = connection.authMethod === 'key' && !connection.keyStored ? connection.sshKeyPath : null;
  const key = await tools.ensureLoginKey({ path: keyPath ?? own ?? undefined, name: connection.name, passphrase });
  const warnings: string[] = [];
  const install = async (session: SshSession) => {
    open.onStep('Adding the key to authorized_keys');
    const { outcome, warning } = await tools.installPublicKey(session, key.publicLine, { signal: open.signal });
    if (warning !== undefined) warnings.push(warning);
    return outcome === 'added';
  };
  const logInWithKey = async () => {
    open.onStep('Logging in with the key');
    const proof = await connector.open({ ...target, login: { method: 'key', keyPath: key.path } }, prompts, open);
    proof.dispose();
  };
  // a key that was there may have been set up before: then nobody is asked for a password
  if (!live && !key.made && (await isTaken(logInWithKey)))
    return { keyPath: key.path, made: false, added: false, warnings };

  let added: boolean;
  if (live) added = await install(live);
  else {
    // a connection that is to log in by the key cannot do so yet
    const login = target.login.method === 'password' ? target.login : ({ method: 'auto' } as const);
    const session = await connector.open({ ...target, login }, prompts, open);
    try {
      added = await install(session);
    } finally {
      session.dispose();
    }
  }

  try {
    await logInWithKey();
  } catch (error) {
    if (!SparkError.is(error, 'authFailed')) throw error;
    throw new SparkError(
      {
        code: 'authFailed',
        message: `The key was added to ~/.ssh/authorized_keys, but the server does not take it.`,
        hint: [
          ...warnings,
          'The server may allow no keys ("PubkeyAuthentication no") or look for them elsewhere ("AuthorizedKeysFile" in its sshd_config).',
        ].join(' '),
      },
      { cause: error },
    );
  }
  return { keyPath: key.path, made: key.made, added, warnings };
}

/** False where the server refuses the key. Rejects with whatever else keeps the login from being made. */
async function isTaken(logInWithKey: () => Promise<void>): Promise<boolean> {
  try {
    await logInWithKey();
    return true;
  } catch (error) {
    if (SparkError.is(error, 'authFailed')) return false;
    throw error;
  }
}
