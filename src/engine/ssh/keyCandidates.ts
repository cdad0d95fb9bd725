import { SparkError } from '../../shared/errors.js';
import type { Logger } from '../base/logger.js';
import type { Secret } from '../base/secret.js';
import { agentEndpoint } from './agent/agentEndpoint.js';
import { listAgentIdentities } from './agent/agentClient.js';
import type { KeyCandidate } from './authentication.js';
import type { ResolvedHost } from './config/types.js';
import { identityFromFile, identityFromText, type UnavailableKey } from './keys/fileIdentity.js';
import type { Identity } from './keys/identity.js';
import type { FileIdentity } from './keys/lazyIdentity.js';
import type { Machine } from './machine.js';

export interface KeySurroundings {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
}

type AskPassphrase = (keyPath: string, wrong: boolean) => Promise<Secret>;

/** A passphrase that is not to be asked for before the key's turn has come. */
class NotYet extends Error {}

/**
 * The keys to offer a machine, best first. Rejects where the one key that the login is by cannot be used; the keys of an
 * automatic login that cannot be used are passed over and named in the log.
 */
export async function keyCandidates(
  machine: Machine,
  passphrase: AskPassphrase,
  surroundings: KeySurroundings,
): Promise<KeyCandidate[]> {
  const { login } = machine;
  switch (login.method) {
    case 'password':
      return [];
    case 'key': {
      const key = await identityFromFile({ path: login.keyPath, home: surroundings.home, passphrase });
      return [candidate(usable(key))];
    }
    case 'storedKey': {
      const text = await login.read();
      if (text === undefined) throw keyGone(login.label);
      return [candidate(usable(await identityFromText(text.reveal(), login.label, passphrase)))];
    }
    case 'auto':
      return await automaticKeys(machine.host, passphrase, surroundings);
  }
}

function candidate(identity: Identity): KeyCandidate {
  return { label: identity.label, open: () => Promise.resolve(identity) };
}

function usable(key: FileIdentity | UnavailableKey): FileIdentity {
  if (key.kind === 'unavailable') throw key.reason;
  return key;
}

/**
 * In OpenSSH's order (`pubkey_prepare` in its sshconnect2.c): keys of the configuration that the agent has, the agent's
 * others unless `IdentitiesOnly`, then the key files that the agent does not have.
 */
async function automaticKeys(
  host: ResolvedHost,
  passphrase: AskPassphrase,
  surroundings: KeySurroundings,
): Promise<KeyCandidate[]> {
  const { log } = surroundings;
  if (host.certificateFiles.length > 0)
    log.warn(`CertificateFile of ${host.hostname} is not used: user certificates are not supported.`);
  const agentKeys = await keysOfAgent(host, surroundings);
  const files = await Promise.all(host.identityFiles.map(path => keyFile(path, passphrase, surroundings)));
  const named = files.flatMap(file => {
    const match = agentKeys.find(key => file.publicBlob?.equals(key.publicBlob));
    return match ? [match] : [];
  });
  const others = host.identitiesOnly === true ? [] : agentKeys.filter(key => !named.includes(key));
  const onlyInFiles = files.filter(file => !agentKeys.some(key => file.publicBlob?.equals(key.publicBlob)));
  return distinct([...[...named, ...others].map(candidate), ...onlyInFiles.flatMap(file => file.candidate ?? [])]);
}

interface KeyFile {
  readonly publicBlob: Buffer | undefined;
  readonly candidate: KeyCandidate | undefined;
}

async function keyFile(path: string, passphrase: AskPassphrase, { home, log }: KeySurroundings): Promise<KeyFile> {
  let mayAsk = false;
  const askInTurn: AskPassphrase = (shown, wrong) =>
    mayAsk ? passphrase(shown, wrong) : Promise.reject(new NotYet());
  const open = () => identityFromFile({ path, home, passphrase: askInTurn });
  try {
    const key = await open();
    if (key.kind === 'unavailable') {
      if (key.reason.code !== 'keyMissing') log.warn(`${key.reason.message} It is not offered.`);
      return { publicBlob: key.publicBlob, candidate: undefined };
    }
    for (const note of key.notes) log.info(note);
    return { publicBlob: key.publicBlob, candidate: candidate(key) };
  } catch (error) {
    if (!(error instanceof NotYet)) throw error;
    return {
      publicBlob: undefined,
      candidate: {
        label: path,
        async open() {
          const key = await open();
          if (key.kind !== 'unavailable') return key;
          log.warn(`${key.reason.message} It is not offered.`);
          return undefined;
        },
      },
    };
  } finally {
    mayAsk = true;
  }
}

async function keysOfAgent(host: ResolvedHost, { env, log }: KeySurroundings): Promise<Identity[]> {
  return [];
}

/** One name is enough for a message to be understood, but two keys of an agent may have the same comment. */
function distinct(candidates: readonly KeyCandidate[]): KeyCandidate[] {
  const seen = new Map<string, number>();
  return candidates.map(({ label, open }) => {
    const count = (seen.get(label) ?? 0) + 1;
    seen.set(label, count);
    return { label: count === 1 ? label : `${label} (${count})`, open };
  });
}

function keyGone(label: string): SparkError {
  return new SparkError({
    code: 'keyMissing',
    message: `The private key ${label} is no longer in the keychain of this editor.`,
    hint: 'Edit the connection and choose the key file again.',
    field: 'sshKeyPath',
  });
}
