import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeEd25519Key } from '../../../../src/engine/ssh/keys/makeKey.js';
import { parsePublicKey } from '../../../../src/engine/ssh/keys/publicKey.js';

describe('new keys', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'new-keys-'));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  const keygen = (...args: string[]) => execFileSync('ssh-keygen', args).toString().trim();

  it('are what ssh-keygen takes for a key and its public half', () => {
    const { privateKey, publicLine } = makeEd25519Key('dgx-spark on my laptop');
    const path = join(folder, 'key');
    writeFileSync(path, privateKey, { mode: 0o600 });
    assert.equal(keygen('-y', '-f', path), publicLine);
    const { publicBlob } = parsePublicKey(publicLine)!;
    const fingerprint = createHash('sha256').update(publicBlob).digest('base64').replace(/=+$/, '');
    assert.equal(keygen('-lf', path), `256 SHA256:${fingerprint} dgx-spark on my laptop (ED25519)`);
  });

  it('are different each time', () => {
    assert.notEqual(makeEd25519Key('').publicLine, makeEd25519Key('').publicLine);
  });

  it('have no second line for authorized_keys in their comment', () => {
    const { publicLine } = makeEd25519Key('me\nssh-ed25519 AAAA\r\nyou');
    assert.match(publicLine, /^ssh-ed25519 [A-Za-z0-9+/=]+ me ssh-ed25519 AAAA you$/);
    assert.equal(makeEd25519Key('').publicLine.split(' ').length, 2);
  });
});
