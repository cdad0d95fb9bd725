import { WireReader } from '../wire.js';

/** Types of FIDO keys, whose private half is in a device that only an agent talks to (PROTOCOL.u2f in OpenSSH's source). */
const SECURITY_KEYS: readonly string[] = ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'];

/** Types of keys that a file can hold and ssh2 can sign with. */
const PLAIN_KEYS: readonly string[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
];

export function isSecurityKey(keyType: string): boolean {
  return SECURITY_KEYS.includes(keyType);
}

/** In words why nobody can log in with keys of this type here; undefined where they can. */
export function whyUnsupported(keyType: string): string | undefined {
  if (PLAIN_KEYS.includes(keyType) || isSecurityKey(keyType)) return undefined;
  if (/-cert-v\d\d@openssh\.com$/.test(keyType)) return 'user certificates are not supported';
  if (keyType === 'ssh-dss') return 'DSA keys are no longer accepted by SSH servers';
  return 'keys of this type are not supported';
}

/** The type that a public key states (RFC 4253, 6.6). Throws a `RangeError` when it states none. */
export function keyTypeOf(publicBlob: Buffer): string {
  const type = new WireReader(publicBlob).name();
  if (!/^[\x21-\x7e]{1,64}$/.test(type)) throw new RangeError('That is no type of a key.');
  return type;
}
