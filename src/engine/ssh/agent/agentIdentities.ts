import { SparkError } from '../../../shared/errors.js';
import { printable } from '../../base/remoteText.js';
import { type Identity, signatureAlgorithm, type SignatureHash } from '../keys/identity.js';
import { isSecurityKey, keyTypeOf, whyUnsupported } from '../keys/keyTypes.js';
import { WireReader } from '../wire.js';
import { BadAnswer, explainAgentError } from './agentErrors.js';
import { type AgentEndpoint, nameOfAgent } from './endpoint.js';
import { identitiesRequest, type ListedKey, readIdentities, readSignature, signRequest } from './messages.js';
import { findPageantPipe } from './pageantPipe.js';
import { askAgent, type RequestOptions } from './request.js';

/** A user may have to confirm or to touch a device; servers end a login after two minutes in most cases (LoginGraceTime). */
const SIGN_TIMEOUT_MS = 120_000;

export interface AgentKey extends Identity {
  readonly kind: 'key';
  readonly source: 'agent';
}

/** A key that an agent has and that cannot be offered. */
export interface UnsupportedAgentKey {
  readonly kind: 'unsupported';
  readonly publicBlob: Buffer;
  /** Printable, as `label` is. */
  readonly keyType: string;
  readonly label: string;
  /** In words that follow on the key's type. */
  readonly reason: string;
}

export type AgentIdentity = AgentKey | UnsupportedAgentKey;

/**
 * All keys that an agent has, in its order; none when it is locked. Rejects with `agentUnavailable`, or `cancelled` when the signal says so.
 * @param options the signal also ends signatures that are under way; the time, in milliseconds, is for the list alone
 */
export async function listAgentIdentities(endpoint: AgentEndpoint, options: RequestOptions): Promise<AgentIdentity[]> {
  try {
    const path = endpoint.kind === 'socket' ? endpoint.path : await findPageantPipe();
    if (path === undefined) throw Object.assign(new Error('no pipe'), { code: 'ENOENT' });
    const keys = readIdentities(await askAgent(path, identitiesRequest, options));
    if (keys === undefined) throw refusesToList(endpoint);
    return keys.map(key => identityOf(key, path, endpoint, options.signal));
  } catch (error) {
    throw explainAgentError(error, endpoint);
  }
}

function identityOf(key: ListedKey, path: string, endpoint: AgentEndpoint, signal: AbortSignal): AgentIdentity {
  const { publicBlob } = key;
  const keyType = typeOrNothing(publicBlob);
  const label = printable(key.comment) || 'without comment';
  const reason = whyUnsupported(keyType);
  if (reason !== undefined)
    return { kind: 'unsupported', publicBlob, keyType: printable(keyType) || 'unknown', label, reason };
  const sign = async (data: Buffer, hash: SignatureHash | undefined) => {
    const algorithm = signatureAlgorithm({ keyType, label }, hash);
    try {
      const request = signRequest(publicBlob, data, algorithm);
      const signature = readSignature(await askAgent(path, request, { signal, timeoutMs: SIGN_TIMEOUT_MS }));
      if (signature === undefined) throw refusesToSign(endpoint, label);
      checkSignature(signature, algorithm, endpoint, label);
      return signature;
    } catch (error) {
      throw explainAgentError(error, endpoint);
    }
  };
  return { kind: 'key', source: 'agent', publicBlob, keyType, label, sign };
}

function typeOrNothing(publicBlob: Buffer): string {
  try {
    return keyTypeOf(publicBlob);
  } catch {
    return '';
  }
}

/** Sees that a signature is made with the right algorithm and is as long as it says. */
function checkSignature(signature: Buffer, algorithm: string, endpoint: AgentEndpoint, label: string): void {
  const reader = new WireReader(signature);
  const used = reader.name();
  if (used === 'ssh-rsa' && algorithm !== used)
    throw new SparkError({
      code: 'authFailed',
      message: `The key "${label}" was not used: ${nameOfAgent(endpoint)} signs with SHA-1 only (ssh-rsa).`,
      hint: 'Update the agent, or use an Ed25519 key.',
    });
  reader.string();
  if (isSecurityKey(algorithm)) {
    // flags and counter of the device
    reader.byte();
    reader.uint32();
  }
  if (used !== algorithm || !reader.atEnd) throw new BadAnswer();
}

function refusesToList(endpoint: AgentEndpoint): SparkError {
  return new SparkError({
    code: 'agentUnavailable',
    message: `The list of keys was refused by ${nameOfAgent(endpoint)}.`,
    hint: 'It may be locked: unlock it.',
  });
}

function refusesToSign(endpoint: AgentEndpoint, label: string): SparkError {
  return new SparkError({
    code: 'authFailed',
    message: `Signing with the key "${label}" was refused by ${nameOfAgent(endpoint)}.`,
    hint: 'The agent may be locked ("ssh-add -X" unlocks it), what it asked for may have been declined, or the key is limited to other hosts.',
  });
}
