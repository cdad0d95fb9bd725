import { type ErrorCode, SparkError } from '../../../shared/errors.js';

export const CONVERT_HINT =
  'Use an Ed25519, ECDSA or RSA key in OpenSSH, PEM or PuTTY format, such as "ssh-keygen -t ed25519" makes.';

/** An error about the key that a connection logs in with. */
export function keyError(code: ErrorCode, message: string, hint: string, cause?: unknown): SparkError {
  return new SparkError({ code, message, hint, field: 'sshKeyPath' }, { cause });
}

/** Says that a key cannot be used, whatever the passphrase. */
export function unusableKey(shown: string, why: string, hint = CONVERT_HINT): SparkError {
  return keyError('keyFormat', `The private key ${shown} cannot be used: ${why.replace(/\.$/, '')}.`, hint);
}
