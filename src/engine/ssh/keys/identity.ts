import { SparkError } from '../../../shared/errors.js';

export type SignatureHash = 'sha1' | 'sha256' | 'sha512';

/** A key that can be offered to a server. Its private half may be closed, or in another program or device. */
export interface Identity {
  /** The public key as it goes over the wire (RFC 4253, 6.6). */
  readonly publicBlob: Buffer;
  readonly keyType: string;
  /** How the user knows it: the path of a file or the comment that an agent gives it. Printable. */
  readonly label: string;
  readonly source: 'file' | 'agent' | 'keychain';
  /**
   * Signs; may take as long as a user needs for a passphrase, a touch or a confirmation. Resolves with the whole signature, the name of
   * its algorithm first (RFC 4253, 6.6; RFC 8332; for security keys PROTOCOL.u2f of OpenSSH). Rejects with a `SparkError`.
   * @param hash what the server wants for an RSA key; the other types leave no choice
   */
  sign(data: Buffer, hash: SignatureHash | undefined): Promise<Buffer>;
}

/**
 * The algorithm to sign with, by its name in SSH. Throws `authFailed` for an RSA key where the server knows nothing newer than SHA-1, whose
 * signatures can be forged; OpenSSH refuses them too since 8.8.
 */
export function signatureAlgorithm(
  { keyType, label }: Pick<Identity, 'keyType' | 'label'>,
  hash: SignatureHash | undefined,
): string {
  if (keyType !== 'ssh-rsa') return keyType;
  if (hash === 'sha256' || hash === 'sha512') return hash === 'sha256' ? 'rsa-sha2-256' : 'rsa-sha2-512';
  throw new SparkError({
    code: 'authFailed',
    message: `The key ${label} was not used: the server takes only SHA-1 signatures (ssh-rsa) of RSA keys.`,
    hint: 'Use an Ed25519 key ("ssh-keygen -t ed25519"), or update the SSH server.',
  });
}
