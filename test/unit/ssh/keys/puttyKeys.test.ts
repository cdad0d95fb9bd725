import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ParsedKey } from 'ssh2';
import { recogniseKey } from '../../../../src/engine/ssh/keys/keyFormat.js';
import { parsePublicKey } from '../../../../src/engine/ssh/keys/publicKey.js';
import { SparkError } from '../../../../src/shared/errors.js';

const FOLDER = 'test/fixtures/putty';
/** All encrypted files but one have this passphrase. */
const PASSPHRASE = 'open sesame';
/** The bytes that PuTTYgen on Windows makes of it differ from UTF-8, and the file is made with these. */
const LATIN1_PASSPHRASE = 'schlüssel';

/** The files are what `puttygen` 0.78 made; beside each is the public key as `puttygen -L` prints it. */
const names = readdirSync(FOLDER)
  .filter(name => name.endsWith('.ppk'))
  .map(name => name.slice(0, -'.ppk'.length));
const contentOf = (name: string) => readFileSync(join(FOLDER, `${name}.ppk`));
const publicOf = (name: string) => parsePublicKey(readFileSync(join(FOLDER, `${name}.pub`), 'utf8'))!.publicBlob;
const passphraseOf = (name: string) => (name.includes('latin1') ? LATIN1_PASSPHRASE : PASSPHRASE);

function assertPair(key: ParsedKey | Error, publicBlob: Buffer): void {
  if (key instanceof Error) throw key;
  assert.deepEqual(key.getPublicSSH(), publicBlob);
  const data = Buffer.from('to be signed');
  assert.equal(key.verify(data, key.sign(data)), true);
}

describe('PuTTY keys', () => {
  it('of every type, version and derivation are among the files', () => {
    assert.equal(names.length, 9);
  });

  for (const name of names)
    describe(name, () => {
      const key = () => recogniseKey(contentOf(name), name);

      it('shows its public half without being opened', () => {
        assert.deepEqual(key().publicBlob, publicOf(name));
      });

      it('is opened, and its two halves belong together', async () => {
        assertPair(await key().open(key().encrypted ? passphraseOf(name) : undefined), publicOf(name));
      });

      it('may have Windows line ends', async () => {
        const windows = Buffer.from(contentOf(name).toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
        const converted = recogniseKey(windows, name);
        assertPair(await converted.open(passphraseOf(name)), publicOf(name));
      });

      it('is not opened when a line of it has been changed', async () => {
        // who changes a key so that it still opens can learn it from what it signs
        for (const line of [/^(Comment: .)/m, /^(AAAA.{40})/m, /^(Private-Lines: .*\s.)/m]) {
          const content = contentOf(name).toString('latin1');
          const changed = content.replace(line, all => all.slice(0, -1) + (all.endsWith('x') ? 'y' : 'x'));
          assert.notEqual(changed, content);
          const opened = await recogniseKey(Buffer.from(changed, 'latin1'), name).open(passphraseOf(name));
          assert.ok(opened instanceof Error);
          assert.equal(SparkError.is(opened, 'keyFormat'), !key().encrypted, 'what has no passphrase is damaged');
        }
      });
    });

  it('are not opened by another passphrase, which may be the next one', async () => {
    for (const name of names.filter(candidate => recogniseKey(contentOf(candidate), '').encrypted))
      for (const wrong of ['', 'open sesam', 'ö', '日本']) {
        const opened = await recogniseKey(contentOf(name), name).open(wrong);
        assert.ok(opened instanceof Error && !SparkError.is(opened), name);
      }
  });

  /** Replaces a part of an encrypted file of version 3. */
  const changed = (from: RegExp, to: string) => {
    const content = contentOf('ed25519-v3-argon2id').toString('latin1');
    assert.match(content, from);
    return Buffer.from(content.replace(from, to), 'latin1');
  };
  const refused = (content: Buffer, why: RegExp) =>
    assert.throws(
      () => recogniseKey(content, 'mine.ppk'),
      (error: unknown) => {
        assert.ok(SparkError.is(error, 'keyFormat'), String(error));
        assert.match(error.message, why);
        assert.ok(error.message.includes('mine.ppk'));
        assert.match(error.hint ?? '', /PuTTYgen/);
        return true;
      },
    );

  it('whose opening would take too much memory or time are refused before that is tried', () => {
    refused(changed(/Argon2-Memory: \d+/, 'Argon2-Memory: 262145'), /too much work/);
    refused(changed(/Argon2-Memory: \d+/, 'Argon2-Memory: 999999999'), /too much work/);
    refused(changed(/Argon2-Passes: \d+/, 'Argon2-Passes: 999999999'), /too much work/);
    refused(changed(/Memory: 64(.*)Parallelism: 2/s, 'Memory: 1024$1Parallelism: 65'), /too much work/);
  });

  it('of formats that are not known are refused by name', () => {
    refused(changed(/File-3/, 'File-1'), /version 1, is too old/);
    refused(changed(/File-3/, 'File-4'), /version 4, is not known/);
    refused(changed(/aes256-cbc/, 'rot13'), /encryption, rot13/);
    refused(changed(/Argon2id/, 'Argon3'), /argon3/);
  });

  it('of types that nobody can log in with are refused by name, without asking for a passphrase', async () => {
    const certificate = 'ssh-ed25519-cert-v01@openssh.com';
    const blob = Buffer.concat([Buffer.from([0, 0, 0, certificate.length]), Buffer.from(certificate)]);
    const content = changed(/: ssh-ed25519/, `: ${certificate}`)
      .toString('latin1')
      .replace(/AAAAC3[^]*(?=Key-Derivation)/, `${blob.toString('base64')}\n`)
      .replace('Public-Lines: 2', 'Public-Lines: 1');
    const key = recogniseKey(Buffer.from(content, 'latin1'), 'mine.ppk');
    assert.equal(key.encrypted, false);
    const opened = await key.open(undefined);
    assert.ok(SparkError.is(opened, 'keyFormat'));
    assert.match(opened.message, /certificates are not supported/);
  });

  it('that are damaged anywhere are refused in words, or found to be closed', async () => {
    const content = contentOf('ed25519-v3-argon2id').toString('latin1');
    const cut = fc.nat(content.length - 1).map(length => content.slice(0, length));
    const spliced = fc
      .tuple(fc.nat(content.length - 1), fc.nat(20), fc.string({ unit: 'binary-ascii', maxLength: 20 }))
      .map(([at, dropped, added]) => content.slice(0, at) + added + content.slice(at + dropped));
    await fc.assert(
      fc.asyncProperty(fc.oneof(cut, spliced), async text => {
        try {
          await recogniseKey(Buffer.from(text, 'latin1'), 'mine.ppk').open('not it');
        } catch (error) {
          assert.ok(SparkError.is(error), String(error));
          assert.match(error.code, /^key(Format|IsPublic)$/);
        }
      }),
      { numRuns: 300 },
    );
  });
});
