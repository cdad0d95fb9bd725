import { lengthPrefixed, uint32, WireReader } from '../wire.js';
import { BadAnswer } from './agentErrors.js';

/** Numbers of messages and flags (draft-ietf-sshm-ssh-agent, 6). */
const FAILURE = 5;
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
/** What to sign with for an RSA key; without a flag it would be SHA-1. */
const RSA_FLAGS: Record<string, number> = { 'rsa-sha2-256': 2, 'rsa-sha2-512': 4 };

export const identitiesRequest = Buffer.from([REQUEST_IDENTITIES]);

export interface ListedKey {
  readonly publicBlob: Buffer;
  readonly comment: string;
}

/** Reads the list of keys; undefined when the agent refuses to tell. Throws a {@link BadAnswer} or a `RangeError`. */
export function readIdentities(answer: Buffer): ListedKey[] | undefined {
  const reader = new WireReader(answer);
  const type = reader.byte();
  if (type === FAILURE) return undefined;
  if (type !== IDENTITIES_ANSWER) throw new BadAnswer();
  const count = reader.uint32();
  const keys: ListedKey[] = [];
  // a count that is too high ends with the data
  while (keys.length < count) keys.push({ publicBlob: reader.string(), comment: reader.string().toString('utf8') });
  return keys;
}

/** @param algorithm by its name in SSH */
export function signRequest(publicBlob: Buffer, data: Buffer, algorithm: string): Buffer {
  const flags = RSA_FLAGS[algorithm] ?? 0;
  return Buffer.concat([Buffer.from([SIGN_REQUEST]), lengthPrefixed(publicBlob), lengthPrefixed(data), uint32(flags)]);
}

/** Reads a signature; undefined when the agent refuses to sign. Throws a {@link BadAnswer} or a `RangeError`. */
export function readSignature(answer: Buffer): Buffer | undefined {
  const reader = new WireReader(answer);
  const type = reader.byte();
  if (type === FAILURE) return undefined;
  if (type !== SIGN_RESPONSE) throw new BadAnswer();
  return reader.string();
}
