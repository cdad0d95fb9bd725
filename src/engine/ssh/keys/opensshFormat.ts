import { printable } from '../../base/remoteText.js';
import { WireReader } from '../wire.js';
import { keyError, unusableKey } from './keyError.js';
import { isSecurityKey, keyTypeOf, whyUnsupported } from './keyTypes.js';
import { OPENSSH_MAGIC } from './opensshKey.js';
import { parseKeyText, type ReadableKey } from './readableKey.js';

/**
 * OpenSSH's own format (PROTOCOL.key in its source), which has the public key in clear.
 * @param text from the BEGIN line on
 * @param shown how the user calls the key
 */
export function openSshFormat(text: string, shown: string): ReadableKey {
  const header = readHeader(text);
  const keyType = header === undefined ? undefined : keyTypeOf(header.publicBlob);
  const declined = keyType === undefined ? undefined : declineType(keyType, shown);
  return {
    encrypted: header?.encrypted === true && declined === undefined,
    publicBlob: header?.publicBlob,
    // bcrypt in plain JavaScript: about 0.15 s for the usual 16 rounds
    open(passphrase) {
      const key = declined ?? parseKeyText(text, passphrase);
      const never = key instanceof Error && (header === undefined || key.message.startsWith('Unsupported'));
      return Promise.resolve(never ? unusableKey(shown, key.message) : key);
    },
  };
}

/** Says why keys of a type are no use as a file; undefined for those that are. */
function declineType(keyType: string, shown: string): Error | undefined {
  if (isSecurityKey(keyType))
    return keyError(
      'keyFormat',
      `${shown} belongs to a security key (FIDO): the private key itself is inside the device.`,
      `Log in with it through the SSH agent, which talks to the device: "ssh-add ${shown}".`,
    );
  const why = whyUnsupported(keyType);
  return why === undefined ? undefined : unusableKey(shown, `${printable(keyType)}: ${why}`);
}

/** What stands before the private part; undefined when the file is damaged. */
function readHeader(text: string): { encrypted: boolean; publicBlob: Buffer } | undefined {
  const content = Buffer.from(text.replace(/-----[A-Z ]+-----/g, ''), 'base64');
  if (content.toString('latin1', 0, OPENSSH_MAGIC.length) !== OPENSSH_MAGIC) return undefined;
  try {
    const reader = new WireReader(content.subarray(OPENSSH_MAGIC.length));
    const cipher = reader.name();
    // key derivation, its parameters, and how many keys there are, which is always one
    reader.string();
    reader.string();
    reader.uint32();
    const publicBlob = reader.string();
    keyTypeOf(publicBlob);
    return { encrypted: cipher !== 'none', publicBlob };
  } catch {
    return undefined;
  }
}
