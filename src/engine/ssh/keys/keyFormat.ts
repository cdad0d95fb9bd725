import { CONVERT_HINT, keyError } from './keyError.js';
import { openSshFormat } from './opensshFormat.js';
import { pemFormat } from './pemFormat.js';
import type { ReadableKey } from './readableKey.js';
import { puttyFormat } from './puttyFormat.js';

/**
 * Recognises the format of a private key. Throws `keyIsPublic` or `keyFormat` for what is none.
 * @param content as it is in the file: text, in which a comment may have any encoding
 * @param shown how the user calls the key
 */
export function recogniseKey(content: Buffer, shown: string): ReadableKey {
  // bytes stay what they are; where a format has text in another encoding, it is not part of the key
  const text = content.toString('latin1').replace(/^ï»¿/, '').trim();
  const begin = /^-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----/m.exec(text);
  if (begin?.[1] === 'OPENSSH PRIVATE KEY') return openSshFormat(text.slice(begin.index), shown);
  if (begin?.[1] !== undefined) return pemFormat(text.slice(begin.index), begin[1]);
  if (/^(-----BEGIN |ssh-|ecdsa-|sk-|---- BEGIN SSH2 PUBLIC KEY)/m.test(text))
    throw keyError(
      'keyIsPublic',
      `${shown} is a public key or certificate, not a private key.`,
      shown.endsWith('.pub') ? `Choose ${shown.slice(0, -4)} instead.` : 'Choose the private key that belongs to it.',
    );
  if (text.startsWith('PuTTY-User-Key-File-')) return puttyFormat(text, shown);
  throw keyError('keyFormat', `${shown} is not a private key.`, CONVERT_HINT);
}
