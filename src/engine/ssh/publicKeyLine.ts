import { SparkError } from '../../shared/errors.js';

/** A key of 16384 bits has less than 3000. */
const LONGEST_LINE = 16 * 1024;

/** A public key as OpenSSH writes it into a `.pub` file. */
export interface PublicKeyLine {
  readonly type: string;
  readonly base64: string;
  /** All of it, made fit to be handed to a shell of any kind. */
  readonly text: string;
}

/**
 * Reads `<type> <base64> [<comment>]`. Rejects what is something else with `invalidInput`, without repeating it: it may be a private key.
 * The comment says whose key it is and nothing more, so characters that some login shell might stumble over become `_` in it.
 */
export function readPublicKeyLine(line: string): PublicKeyLine {
  const text = line.trim();
  const match = /^([a-z0-9][a-z0-9@.-]*)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+([^\r\n]*))?$/.exec(text);
  const [, type = '', base64 = '', comment = ''] = match ?? [];
  // RFC 4253, 6.6: the key begins with its type, as a string with its length before it
  const key = Buffer.from(base64, 'base64');
  const named = Buffer.alloc(4 + type.length);
  named.writeUInt32BE(type.length);
  named.write(type, 4, 'latin1');
  if (
    !match ||
    text.length > LONGEST_LINE ||
    !key.subarray(0, named.length).equals(named) ||
    key.length <= named.length
  )
    throw new SparkError({
      code: 'invalidInput',
      message: 'This is not a public key.',
      hint: 'Choose the file whose name ends with ".pub"; it holds one line such as "ssh-ed25519 AAAA... name".',
      field: 'sshKeyPath',
    });
  if (type.includes('-cert-v'))
    throw new SparkError({
      code: 'invalidInput',
      message: 'This is a certificate, not a public key.',
      hint: 'Choose the public key that it was made for.',
      field: 'sshKeyPath',
    });
  const harmless = comment.trim().replace(/[^\p{L}\p{N} @._+:,=()/-]/gu, '_');
  return { type, base64, text: [type, base64, ...(harmless === '' ? [] : [harmless])].join(' ') };
}
