import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../../src/engine/base/secret.js';
import { identityFromFile } from '../../../src/engine/ssh/keys/fileIdentity.js';
import type { Identity } from '../../../src/engine/ssh/keys/identity.js';
import { makeEd25519Key } from '../../../src/engine/ssh/keys/makeKey.js';
import { SparkError } from '../../../src/shared/errors.js';
import { hasSshd, type KeyType, makeKey, type Sshd, startSshd } from '../../support/sshd.js';
import { offerKeys } from './offerKeys.js';

const PASSPHRASE = 'open sesame';

describe('keys that are opened only when OpenSSH has accepted them', function () {
  this.timeout(60_000);
  let sshd: Sshd;
  let asked: boolean[];

  before(async function () {
    if (!hasSshd()) this.skip();
    sshd = await startSshd();
  });

  beforeEach(() => {
    asked = [];
  });

  after(() => sshd.stop());

  async function identity(path: string, ...passphrases: string[]): Promise<Identity> {
    const prepared = await identityFromFile({
      path,
      home: sshd.home,
      passphrase: (_key, wrong) => {
        asked.push(wrong);
        const next = passphrases.shift();
        return next === undefined
          ? Promise.reject(new SparkError({ code: 'cancelled', message: 'no' }))
          : Promise.resolve(new Secret(next));
      },
    });
    if (prepared.kind === 'unavailable') throw prepared.reason;
    return prepared;
  }

  async function logsIn(...identities: Identity[]): Promise<void> {
    const { loggedIn, errors } = await offerKeys(sshd, identities);
    assert.deepEqual(errors, []);
    assert.ok(loggedIn, sshd.log());
  }

  const keys: [type: KeyType, name: string, more: string[]][] = [
    ['ed25519', 'OpenSSH', []],
    ['ecdsa', 'OpenSSH, 256 bits', []],
    ['ecdsa', 'OpenSSH, 384 bits', ['-b', '384']],
    ['ecdsa', 'OpenSSH, 521 bits', ['-b', '521']],
    ['rsa', 'OpenSSH', []],
    ['ecdsa', 'PEM', ['-m', 'PEM']],
    ['rsa', 'PKCS#8', ['-m', 'PKCS8']],
  ];
  for (const [type, name, more] of keys)
    it(`log in: ${type}, ${name}`, async () => {
      const path = makeKey(join(sshd.folder, `${type}-${name}`), type, ['-N', PASSPHRASE, ...more]);
      sshd.authorize(path);
      const key = await identity(path, 'wrong', PASSPHRASE);
      assert.deepEqual(asked, [], 'asked before it was needed');
      await logsIn(key);
      assert.deepEqual(asked, [false, true]);
    });

  const puttyKeys: [name: string, args: string[]][] = [
    ['ed25519', ['-t', 'ed25519']],
    ['ecdsa-256', ['-t', 'ecdsa', '-b', '256']],
    ['ecdsa-384', ['-t', 'ecdsa', '-b', '384']],
    ['ecdsa-521', ['-t', 'ecdsa', '-b', '521']],
    ['rsa', ['-t', 'rsa', '-b', '2048']],
  ];
  const puttyFormats: [name: string, parameters: string, passphrase: string][] = [
    ['version 3', 'version=3', ''],
    ['version 3, encrypted', 'version=3', PASSPHRASE],
    ['version 3, Argon2i, two threads', 'version=3,kdf=argon2i,memory=1024,passes=3,parallelism=2', PASSPHRASE],
    ['version 2', 'version=2', ''],
    ['version 2, encrypted', 'version=2', PASSPHRASE],
  ];
  for (const [type, args] of puttyKeys)
    for (const [format, parameters, passphrase] of puttyFormats)
      it(`log in: ${type} of PuTTYgen, ${format}`, async () => {
        const path = join(sshd.folder, `${type} ${format}.ppk`);
        const secret = join(sshd.folder, 'passphrase');
        writeFileSync(secret, passphrase === '' ? '' : `${passphrase}\n`);
        execFileSync('puttygen', ['-q', ...args, '-o', path, '--new-passphrase', secret, '--ppk-param', parameters]);
        writeFileSync(`${path}.pub`, execFileSync('puttygen', ['-L', path, '--old-passphrase', secret]));
        sshd.authorize(path);
        const key = await identity(path, PASSPHRASE);
        assert.deepEqual(asked, []);
        await logsIn(key);
        assert.deepEqual(asked, passphrase === '' ? [] : [false]);
      });

  it('are not opened when the server does not know them', async () => {
    const stranger = makeKey(join(sshd.folder, 'stranger'), 'ed25519', ['-N', PASSPHRASE]);
    await logsIn(await identity(stranger), await identity(sshd.clientKey));
    assert.deepEqual(asked, []);
  });

  it('give way to the next one when the user does not open them', async () => {
    const locked = makeKey(join(sshd.folder, 'not-opened'), 'ed25519', ['-N', PASSPHRASE]);
    sshd.authorize(locked);
    const { loggedIn, errors } = await offerKeys(sshd, [await identity(locked), await identity(sshd.clientKey)]);
    assert.ok(loggedIn);
    assert.ok(SparkError.is(errors[0], 'cancelled'));
    assert.equal(errors.length, 1);
  });

  it('that were made here log in', async () => {
    const { privateKey, publicLine } = makeEd25519Key('made here');
    const path = join(sshd.folder, 'made-here');
    writeFileSync(path, privateKey, { mode: 0o600 });
    writeFileSync(`${path}.pub`, `${publicLine}\n`);
    sshd.authorize(path);
    await logsIn(await identity(path));
  });

  it('leave the passphrase unused when the server has gone before it was said', async () => {
    const own = await startSshd();
    try {
      const path = makeKey(join(own.folder, 'late'), 'ed25519', ['-N', PASSPHRASE]);
      own.authorize(path);
      let say: (secret: Secret) => void = () => undefined;
      let isAsked: () => void = () => undefined;
      const question = new Promise<void>(resolve => (isAsked = resolve));
      const key = await identityFromFile({
        path,
        home: own.home,
        passphrase: () => {
          isAsked();
          return new Promise(resolve => (say = resolve));
        },
      });
      assert.ok(key.kind === 'key');
      const login = offerKeys(own, [key]);
      await question;
      own.kill();
      await assert.rejects(login);
      say(new Secret(PASSPHRASE));
      // the same key signs again at once: what was typed is not lost, and nothing was thrown where nobody listens
      await key.sign(Buffer.from('data'), undefined);
      assert.equal(key.isLocked, false);
    } finally {
      await own.stop();
    }
  });

  describe('at a server that does not take every key', () => {
    async function at(config: string[], types: KeyType[], check: (server: Sshd, keys: Identity[]) => Promise<void>) {
      const server = await startSshd({ config });
      try {
        const paths = types.map(type => makeKey(join(server.folder, `key-${type}`), type));
        for (const path of paths) server.authorize(path);
        await check(server, await Promise.all(paths.map(path => identity(path))));
      } finally {
        await server.stop();
      }
    }

    it('RSA logs in where its older SHA-1 signatures are not taken', async () => {
      await at(['PubkeyAcceptedAlgorithms rsa-sha2-256'], ['rsa'], async (server, keys) => {
        assert.ok((await offerKeys(server, keys)).loggedIn, server.log());
      });
    });

    it('what is left is known after a refusal and after a half success', async () => {
      const config = [
        'AuthenticationMethods publickey,keyboard-interactive',
        'KbdInteractiveAuthentication yes',
        'PubkeyAcceptedAlgorithms ssh-ed25519',
      ];
      await at(config, ['ecdsa', 'ed25519'], async (server, [refused, accepted]) => {
        assert.deepEqual((await offerKeys(server, [refused!])).refusal, { methodsLeft: ['publickey'], partial: false });
        assert.deepEqual((await offerKeys(server, [refused!, accepted!])).refusal, {
          methodsLeft: ['keyboard-interactive'],
          partial: true,
        });
      });
    });
  });

  it('are the ones whose fingerprint the server notes', async () => {
    const path = makeKey(join(sshd.folder, 'noted'), 'ecdsa');
    sshd.authorize(path);
    await logsIn(await identity(path));
    const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-lf', `${path}.pub`])
      .toString()
      .split(' ');
    assert.ok(sshd.log().includes(`Accepted publickey for ${sshd.username}`));
    assert.ok(sshd.log().includes(fingerprint), readFileSync(`${path}.pub`, 'utf8'));
  });
});
