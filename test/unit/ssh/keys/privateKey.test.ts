import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ParsedKey } from 'ssh2';
import { Secret } from '../../../../src/engine/base/secret.js';
import { toOpenSshPrivateKey } from '../../../../src/engine/ssh/keys/opensshKey.js';
import { expandHome } from '../../../../src/engine/ssh/keys/keyFile.js';
import { loadPrivateKey } from '../../../../src/engine/ssh/keys/privateKey.js';
import { SparkError } from '../../../../src/shared/errors.js';
import { type KeyType, makeKey } from '../../../support/sshd.js';

const RIGHT = 'right "passphrase" ä';

describe('private keys', function () {
  this.timeout(30_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'keys-'));
    for (const type of ['ed25519', 'ecdsa', 'rsa'] as const) makeKey(join(folder, type), type);
  });

  /** A copy of a key without passphrase; making an RSA key anew each time would take seconds. */
  function copyOf(type: KeyType, name: string): string {
    const path = join(folder, name);
    copyFileSync(join(folder, type), path);
    copyFileSync(join(folder, `${type}.pub`), `${path}.pub`);
    return path;
  }

  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Loads a key, giving the passphrases in turn; `asked` collects what the user was told. */
  const load = (keyPath: string, passphrases: string[] = [], asked: boolean[] = []): Promise<ParsedKey> =>
    loadPrivateKey({
      keyPath,
      home: folder,
      passphrase: (_path, wrong) => {
        asked.push(wrong);
        const next = passphrases.shift();
        return next === undefined
          ? Promise.reject(new Error('asked once too often'))
          : Promise.resolve(new Secret(next));
      },
    });
  const publicOf = (key: ParsedKey) => `${key.type} ${key.getPublicSSH().toString('base64')}`;
  const expected = (path: string) => readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  const rejectsWith = (work: Promise<unknown>, code: string, message?: RegExp) =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(SparkError.is(error), String(error));
      assert.equal(error.code, code);
      assert.equal(error.field, 'sshKeyPath');
      assert.ok(error.hint, 'has no hint');
      if (message) assert.match(`${error.message} ${error.hint}`, message);
      return true;
    });

  const formats: [name: string, types: KeyType[], convert: (path: string, passphrase: string) => void][] = [
    ['OpenSSH', ['ed25519', 'ecdsa', 'rsa'], (path, passphrase) => keygen(path, passphrase, [])],
    ['PEM', ['ecdsa', 'rsa'], (path, passphrase) => keygen(path, passphrase, ['-m', 'PEM'])],
    ['PKCS#8', ['ecdsa', 'rsa'], (path, passphrase) => keygen(path, passphrase, ['-m', 'PKCS8'])],
    ['PKCS#8 of openssl', ['ecdsa', 'rsa'], opensslPkcs8],
  ];

  function keygen(path: string, passphrase: string, more: string[]): void {
    execFileSync('ssh-keygen', ['-q', '-p', '-f', path, '-P', '', '-N', passphrase, ...more]);
  }

  function opensslPkcs8(path: string, passphrase: string): void {
    keygen(path, '', ['-m', 'PEM']);
    const protection = passphrase === '' ? ['-nocrypt'] : ['-v2', 'aes-256-cbc', '-passout', 'env:PASSPHRASE'];
    const converted = execFileSync('openssl', ['pkcs8', '-topk8', '-in', path, ...protection], {
      env: { ...process.env, PASSPHRASE: passphrase },
    });
    writeFileSync(path, converted);
  }

  for (const [format, types, convert] of formats)
    for (const type of types) {
      it(`are read: ${type}, ${format}`, async () => {
        const path = copyOf(type, `${format}-${type}-plain`);
        convert(path, '');
        assert.equal(publicOf(await load(path)), expected(path));
      });

      it(`are opened with their passphrase: ${type}, ${format}`, async () => {
        const path = copyOf(type, `${format}-${type}-locked`);
        convert(path, RIGHT);
        const asked: boolean[] = [];
        assert.equal(publicOf(await load(path, ['wrong', RIGHT], asked)), expected(path));
        assert.deepEqual(asked, [false, true]);
      });
    }

  it('are read: ed25519 in PKCS#8, which ssh-keygen then agrees with', async () => {
    for (const passphrase of ['', RIGHT]) {
      const { privateKey } = generateKeyPairSync('ed25519');
      const pem = privateKey.export({
        type: 'pkcs8',
        format: 'pem',
        ...(passphrase !== '' && { cipher: 'aes-256-cbc', passphrase }),
      });
      const path = join(folder, `ed25519-pkcs8-${passphrase.length}`);
      writeFileSync(path, pem);
      const key = await load(path, [passphrase]);
      const converted = join(folder, `ed25519-converted-${passphrase.length}`);
      writeFileSync(converted, toOpenSshPrivateKey(privateKey) ?? '', { mode: 0o600 });
      const derived = execFileSync('ssh-keygen', ['-y', '-f', converted]).toString().trim();
      assert.equal(publicOf(key), derived);
    }
  });

  it('are read: ecdsa of openssl, which writes the parameters of the curve first', async () => {
    const path = join(folder, 'with-parameters');
    writeFileSync(path, execFileSync('openssl', ['ecparam', '-genkey', '-name', 'prime256v1']), { mode: 0o600 });
    assert.match(readFileSync(path, 'utf8'), /^-----BEGIN EC PARAMETERS-----/);
    assert.equal(publicOf(await load(path)), execFileSync('ssh-keygen', ['-y', '-f', path]).toString().trim());
  });

  it('of every curve and of odd RSA sizes are written so that ssh-keygen reads them', () => {
    const keys = [
      ...['P-256', 'P-384', 'P-521'].map(namedCurve => generateKeyPairSync('ec', { namedCurve }).privateKey),
      generateKeyPairSync('rsa', { modulusLength: 2049 }).privateKey,
    ];
    keys.forEach((key, index) => {
      const path = join(folder, `converted-${index}`);
      writeFileSync(path, toOpenSshPrivateKey(key) ?? '', { mode: 0o600 });
      execFileSync('ssh-keygen', ['-y', '-f', path], { stdio: ['ignore', 'pipe', 'ignore'] });
    });
  });

  it('that SSH does not use are refused', async () => {
    for (const [name, key] of [
      ['dsa', generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey],
      ['x25519', generateKeyPairSync('x25519').privateKey],
      ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey],
    ] as const) {
      const path = join(folder, name);
      writeFileSync(path, key.export({ type: 'pkcs8', format: 'pem' }));
      await rejectsWith(load(path), 'keyFormat');
    }
  });

  it('are asked for their passphrase three times at most', async () => {
    const path = makeKey(join(folder, 'three'), 'ed25519', ['-N', RIGHT]);
    const asked: boolean[] = [];
    await rejectsWith(load(path, ['a', '', 'c', RIGHT], asked), 'passphraseWrong');
    assert.deepEqual(asked, [false, true, true]);
  });

  it('are not opened when the user does not want to say the passphrase', async () => {
    const path = makeKey(join(folder, 'declined'), 'ed25519', ['-N', RIGHT]);
    const cancelled = new SparkError({ code: 'cancelled', message: 'no' });
    const loading = loadPrivateKey({ keyPath: path, home: folder, passphrase: () => Promise.reject(cancelled) });
    await assert.rejects(loading, cancelled);
  });

  it('may have Windows line ends and text before them', async () => {
    const path = makeKey(join(folder, 'crlf'), 'ed25519');
    writeFileSync(path, `Comment: mine\r\n${readFileSync(path, 'utf8').replaceAll('\n', '\r\n')}`);
    assert.equal(publicOf(await load(path)), expected(path));
  });

  it('are looked for in the home folder when the path begins with ~', async () => {
    const path = makeKey(join(folder, 'home-key'), 'ed25519');
    assert.equal(publicOf(await load('~/home-key')), expected(path));
    assert.equal(expandHome('~other/key', '/home/me'), '~other/key');
    assert.equal(expandHome('/a/~/b', '/home/me'), '/a/~/b');
  });

  it('that are missing, folders, public, damaged or no keys are told apart', async () => {
    await rejectsWith(load(join(folder, 'nothing')), 'keyMissing', /does not exist/);
    mkdirSync(join(folder, 'a-folder'));
    await rejectsWith(load(join(folder, 'a-folder')), 'keyFormat', /folder/);
    const path = makeKey(join(folder, 'pair'), 'ed25519');
    await rejectsWith(load(`${path}.pub`), 'keyIsPublic', /Choose .*pair instead/);
    const contents: [string, string, RegExp?][] = [
      ['PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n', 'keyFormat', /damaged.*PuTTYgen/],
      ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', 'keyIsPublic'],
      ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'keyIsPublic'],
      ['', 'keyFormat'],
      ['just some text', 'keyFormat'],
      ['-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n', 'keyFormat'],
      ['-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n', 'keyFormat'],
      ['-----BEGIN PRIVATE KEY-----\n', 'keyFormat'],
      ['x'.repeat(2 * 1024 * 1024), 'keyFormat'],
    ];
    for (const [text, code, message] of contents) {
      writeFileSync(join(folder, 'odd'), text);
      await rejectsWith(load(join(folder, 'odd')), code, message);
    }
  });

  it('never show their passphrase in an error', async () => {
    const path = makeKey(join(folder, 'secretive'), 'ed25519', ['-N', RIGHT]);
    await assert.rejects(load(path, ['hunter2', 'hunter2', 'hunter2']), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.ok(!`${error.stack ?? ''}${JSON.stringify(error)}`.includes('hunter2'));
      return true;
    });
  });
});
