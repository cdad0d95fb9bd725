import ssh2, { type ParsedKey } from 'ssh2';

/** A private key whose format is known, still closed. */
export interface ReadableKey {
  readonly encrypted: boolean;
  /** The public half, where the format has it in clear. */
  readonly publicBlob: Buffer | undefined;
  /**
   * Opens the key. A `SparkError` means that no passphrase would help; any other error that this one was probably wrong.
   * @param passphrase needed where `encrypted`
   */
  open(passphrase: string | undefined): Promise<ParsedKey | Error>;
}

/** Lets ssh2 read a private key. */
export function parseKeyText(text: string, passphrase?: string): ParsedKey | Error {
  try {
    return ssh2.utils.parseKey(text, passphrase);
  } catch (error) {
    // damaged input can also throw
    return error instanceof Error ? error : new Error('unreadable');
  }
}
