import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { Secret } from '../../../../src/engine/base/secret.js';
import {
  identityFromFile,
  identityFromText,
  type UnavailableKey,
} from '../../../../src/engine/ssh/keys/fileIdentity.js';
import type { FileIdentity } from '../../../../src/engine/ssh/keys/lazyIdentity.js';
import { parsePublicKey } from '../../../../src/engine/ssh/keys/publicKey.js';
import { WireReader } from '../../../../src/engine/ssh/wire.js';
import { type ErrorCode, SparkError } from '../../../../src/shared/errors.js';
import { SecurityKey } from '../../../support/securityKey.js';
import { makeKey } from '../../../support/sshd.js';

const RIGHT = 'right';
const DATA = Buffer.from('what a server wants to have signed');

describe('identities from private keys', function () {
  this.timeout(30_000);
  let folder: string;
  /** What the user was told with each question. */
  let asked: [key: string, wrong: boolean][];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'identities-'));
    makeKey(join(folder, 'open'), 'ed25519');
    makeKey(join(folder, 'locked'), 'ed25519', ['-a', '1', '-N', RIGHT]);
    makeKey(join(folder, 'pem'), 'ecdsa', ['-m', 'PEM', '-N', RIGHT]);
  });

  beforeEach(() => {
    asked = [];
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  const answering = (answers: readonly string[]) => {
    const rest = [...answers];
    return (key: string, wrong: boolean) => {
      asked.push([key, wrong]);
      const next = rest.shift();
      return next === undefined ? Promise.reject(new Error('asked once too often')) : Promise.resolve(new Secret(next));
    };
  };
  const prepare = (path: string, ...answers: string[]) =>
    identityFromFile({ path, home: folder, passphrase: answering(answers) });
  const usable = (identity: FileIdentity | UnavailableKey): FileIdentity => {
    assert.equal(identity.kind, 'key', identity.kind === 'key' ? '' : identity.reason.message);
    return identity;
  };
  const publicOf = (path: string) => parsePublicKey(readFileSync(join(folder, `${path}.pub`), 'utf8'))!;

  async function assertSigns(identity: FileIdentity): Promise<void> {
    const reader = new WireReader(await identity.sign(DATA, undefined));
    assert.equal(reader.name(), identity.keyType);
    const key = ssh2.utils.parseKey(`${identity.keyType} ${identity.publicBlob.toString('base64')}`);
    if (key instanceof Error) throw key;
    const signature = reader.string();
    assert.ok(reader.atEnd);
    // of the other types the server is the judge, in the integration tests
    if (identity.keyType === 'ssh-ed25519') assert.equal(key.verify(DATA, signature), true);
  }

  function assertUnavailable(
    identity: FileIdentity | UnavailableKey,
    code: ErrorCode,
    message: RegExp,
  ): UnavailableKey {
    assert.ok(identity.kind === 'unavailable');
    assert.ok(SparkError.is(identity.reason, code), identity.reason.code);
    assert.match(`${identity.reason.message} ${identity.reason.hint ?? ''}`, message);
    return identity;
  }

  it('without passphrase are open at once', async () => {
    const identity = usable(await prepare('~/open'));
    assert.equal(identity.isLocked, false);
    assert.equal(identity.label, '~/open');
    assert.equal(identity.source, 'file');
    assert.deepEqual(identity.publicBlob, publicOf('open').publicBlob);
    await assertSigns(identity);
  });

  it('with one are asked for it when they sign, and not again', async () => {
    const identity = usable(await prepare('~/locked', 'wrong', RIGHT));
    assert.deepEqual(identity.publicBlob, publicOf('locked').publicBlob);
    assert.equal(identity.isLocked, true);
    assert.deepEqual(asked, []);
    await assertSigns(identity);
    assert.equal(identity.isLocked, false);
    await assertSigns(identity);
    assert.deepEqual(asked, [
      ['~/locked', false],
      ['~/locked', true],
    ]);
  });

  it('that two connections want at the same time ask once', async () => {
    const identity = usable(await prepare('~/locked', RIGHT));
    await Promise.all([assertSigns(identity), assertSigns(identity)]);
    assert.equal(asked.length, 1);
  });

  it('are asked three times at most for each signature', async () => {
    const identity = usable(await prepare('~/locked', 'a', 'b', 'c', RIGHT));
    await assert.rejects(identity.sign(DATA, undefined), (error: unknown) => SparkError.is(error, 'passphraseWrong'));
    assert.deepEqual(
      asked.map(([, wrong]) => wrong),
      [false, true, true],
    );
    await assertSigns(identity);
  });

  it('do not sign when the user does not want to say the passphrase, and may be asked again', async () => {
    const cancelled = new SparkError({ code: 'cancelled', message: 'no' });
    const answers = [() => Promise.reject(cancelled), () => Promise.resolve(new Secret(RIGHT))];
    const identity = usable(
      await identityFromFile({ path: '~/locked', home: folder, passphrase: () => answers.shift()!() }),
    );
    await assert.rejects(identity.sign(DATA, undefined), cancelled);
    await assertSigns(identity);
  });

  it('in encrypted PEM take the public half from the file beside', async () => {
    const identity = usable(await prepare('~/pem', RIGHT));
    assert.deepEqual(identity.publicBlob, publicOf('pem').publicBlob);
    assert.deepEqual(asked, []);
    await assertSigns(identity);
  });

  describe('in encrypted PEM with nothing beside', () => {
    before(() => copyFileSync(join(folder, 'pem'), join(folder, 'alone')));

    it('are asked for the passphrase while they are prepared', async () => {
      const identity = usable(await prepare('~/alone', 'wrong', RIGHT));
      assert.equal(identity.isLocked, false);
      assert.equal(asked.length, 2);
      assert.deepEqual(identity.publicBlob, publicOf('pem').publicBlob);
    });

    it('are not available when no passphrase opens them', async () => {
      assertUnavailable(await prepare('~/alone', 'a', 'b', 'c'), 'passphraseWrong', /~\/alone/);
    });

    it('end the preparation when the user does not want to say it', async () => {
      const cancelled = new SparkError({ code: 'cancelled', message: 'no' });
      const options = { path: '~/alone', home: folder, passphrase: () => Promise.reject(cancelled) };
      await assert.rejects(identityFromFile(options), cancelled);
    });

    it('do not take the certificate or the key of a device that lies there for theirs', async () => {
      for (const line of [new SecurityKey('sk-ssh-ed25519@openssh.com').publicLine, 'ssh-ed25519 AAAA', 'nothing']) {
        writeFileSync(join(folder, 'alone.pub'), line);
        const identity = usable(await prepare('~/alone', RIGHT));
        assert.deepEqual(identity.publicBlob, publicOf('pem').publicBlob);
      }
      rmSync(join(folder, 'alone.pub'));
    });
  });

  it('whose public file is of another key say so instead of signing', async () => {
    copyFileSync(join(folder, 'pem'), join(folder, 'mixed'));
    copyFileSync(join(folder, 'open.pub'), join(folder, 'mixed.pub'));
    const identity = usable(await prepare('~/mixed', RIGHT));
    await assert.rejects(identity.sign(DATA, undefined), (error: unknown) => {
      assert.ok(SparkError.is(error, 'keyFormat'));
      assert.match(error.message, /mixed\.pub is the public half of another key/);
      return true;
    });
  });

  it('of RSA never sign with SHA-1, and ask for no passphrase then', async () => {
    makeKey(join(folder, 'rsa'), 'rsa', ['-a', '1', '-N', RIGHT]);
    const identity = usable(await prepare('~/rsa', RIGHT));
    for (const hash of ['sha1', undefined] as const)
      await assert.rejects(identity.sign(DATA, hash), (error: unknown) => {
        assert.ok(SparkError.is(error, 'authFailed'));
        assert.match(error.message, /~\/rsa.*SHA-1/);
        return true;
      });
    assert.deepEqual(asked, []);
    for (const hash of ['sha256', 'sha512'] as const) {
      const reader = new WireReader(await identity.sign(DATA, hash));
      assert.equal(reader.name(), `rsa-sha2-${hash.slice(3)}`);
      const key = ssh2.utils.parseKey(`ssh-rsa ${identity.publicBlob.toString('base64')}`);
      if (key instanceof Error) throw key;
      assert.equal(key.verify(DATA, reader.string(), hash), true);
    }
  });

  it('that belong to a FIDO device are declined by name, with their public half', async () => {
    for (const type of ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const) {
      const device = new SecurityKey(type);
      const path = device.writeFiles(join(folder, type.slice(0, 8)));
      // the file is such as OpenSSH writes
      const derived = execFileSync('ssh-keygen', ['-y', '-f', path]).toString();
      assert.deepEqual(parsePublicKey(derived)?.publicBlob, device.publicBlob);
      const identity = assertUnavailable(await prepare(path), 'keyFormat', /security key \(FIDO\).*ssh-add/);
      assert.deepEqual(identity.publicBlob, device.publicBlob);
    }
  });

  it('with a certificate beside them are used without it, which is said', async () => {
    const path = makeKey(join(folder, 'certified'), 'ed25519');
    execFileSync('ssh-keygen', ['-q', '-s', join(folder, 'open'), '-I', 'me', '-n', 'me', `${path}.pub`]);
    const identity = usable(await prepare('~/certified'));
    assert.equal(identity.notes.length, 1);
    assert.match(identity.notes[0]!, /~\/certified-cert\.pub is not used: user certificates/);
    await assertSigns(identity);
    assertUnavailable(await prepare('~/certified-cert.pub'), 'keyIsPublic', /certificate/);
  });

  it('that are missing, damaged, public or unreadable are reported, not thrown', async () => {
    assertUnavailable(await prepare('~/none'), 'keyMissing', /~\/none does not exist/);
    writeFileSync(join(folder, 'odd'), '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----');
    assertUnavailable(await prepare('~/odd'), 'keyFormat', /~\/odd/);
    const publicFile = assertUnavailable(await prepare('~/open.pub'), 'keyIsPublic', /Choose ~\/open instead/);
    assert.deepEqual(publicFile.publicBlob, publicOf('open').publicBlob);
    writeFileSync(join(folder, 'gone.pub'), readFileSync(join(folder, 'open.pub')));
    const gone = assertUnavailable(await prepare('~/gone'), 'keyMissing', /~\/gone/);
    assert.deepEqual(gone.publicBlob, publicOf('open').publicBlob);
    // forbidden files would do, but root may read those
    symlinkSync('circle', join(folder, 'circle'));
    assertUnavailable(await prepare('~/circle'), 'keyUnreadable', /ELOOP/);
  });

  it('may be texts that a keychain holds', async () => {
    const text = readFileSync(join(folder, 'locked'), 'utf8');
    const identity = usable(await identityFromText(text, 'key of spark-1', answering([RIGHT])));
    assert.equal(identity.source, 'keychain');
    assert.equal(identity.label, 'key of spark-1');
    await assertSigns(identity);
    assert.deepEqual(asked, [['key of spark-1', false]]);
    const broken = await identityFromText('nonsense', 'key of spark-1', answering([]));
    assertUnavailable(broken, 'keyFormat', /key of spark-1 is not a private key/);
  });
});
