import { SparkError } from '../../shared/errors.js';
import type { Logger } from '../base/logger.js';
import type { Secret } from '../base/secret.js';
import { type AgentKey, listAgentIdentities } from './agent/agentIdentities.js';
import { agentEndpoints } from './agent/endpoint.js';
import type { KeyCandidate } from './authentication.js';
import type { ResolvedHost } from './config/types.js';
import { identityFromFile, identityFromText, type UnavailableKey } from './keys/fileIdentity.js';
import type { Identity } from './keys/identity.js';
import type { FileIdentity } from './keys/lazyIdentity.js';
import { type Machine, partyOf } from './machine.js';

export interface KeySurroundings {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform?: NodeJS.Platform;
  readonly log: Logger;
  /** Labels of keys that a login has succeeded with, by `user@host`: they are offered first. */
  readonly acceptedKeys: Map<string, string>;
}

/** An agent answers at once, or is being asked something by somebody else. */
const AGENT_TIMEOUT_MS = 5_000;

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
  signal: AbortSignal,
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
    case 'auto': {
      const keys = await automaticKeys(machine.host, passphrase, surroundings, signal);
      const accepted = surroundings.acceptedKeys.get(partyOf(machine).name);
      // a server counts each key that it does not take, and allows few
      return [...keys.filter(key => key.label === accepted), ...keys.filter(key => key.label !== accepted)];
    }
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
  signal: AbortSignal,
): Promise<KeyCandidate[]> {
  const { log } = surroundings;
  if (host.certificateFiles.length > 0)
    log.warn(`CertificateFile of ${host.hostname} is not used: user certificates are not supported.`);
  const agentKeys = await keysOfAgent(host, surroundings, signal);
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
  const askInTurn: AskPassphrase = (shown, wrong) => (mayAsk ? passphrase(shown, wrong) : Promise.reject(new NotYet()));
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

/** The keys of the first agent that answers; of one that does not, the log tells. */
async function keysOfAgent(
  { identityAgent }: ResolvedHost,
  { env, log, platform = process.platform }: KeySurroundings,
  signal: AbortSignal,
): Promise<AgentKey[]> {
  const setting = identityAgent?.kind === 'socket' ? identityAgent.path : identityAgent?.kind;
  for (const endpoint of agentEndpoints(setting, env, platform)) {
    try {
      const identities = await listAgentIdentities(endpoint, { signal, timeoutMs: AGENT_TIMEOUT_MS });
      for (const identity of identities)
        if (identity.kind === 'unsupported')
          log.info(`The agent's key "${identity.label}" is not offered: ${identity.keyType} ${identity.reason}.`);
      return identities.filter(identity => identity.kind === 'key');
    } catch (error) {
      if (!SparkError.is(error, 'agentUnavailable')) throw error;
      // nobody has named the usual places, so it is no news that nobody is there
      if (endpoint.origin === 'default') log.debug(error.message);
      else log.warn(error.message);
    }
  }
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
