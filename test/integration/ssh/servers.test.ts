import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Secret } from '../../../src/engine/base/secret.js';
import type { LoginQuestion, SshSession } from '../../../src/engine/ssh/types.js';
import { SparkError } from '../../../src/shared/errors.js';
import { type Dropbear, startDropbear } from '../../support/dropbear.js';
import { makeKey, type Sshd, startSshd } from '../../support/sshd.js';
import { canCreateUsers, createSystemUser, type SystemUser } from '../../support/systemUser.js';
import { totp } from '../../support/totp.js';
import { openSession, type OpenRequest } from './openSession.js';

const says = async (session: SshSession, ...argv: string[]) => await text((await session.spawn(argv)).stream);

describe('servers of all kinds', () => {
  let sshd: Sshd | undefined;
  afterEach(async () => {
    await sshd?.stop();
    sshd = undefined;
  });

  async function start(...config: string[]): Promise<Sshd> {
    sshd = await startSshd({ config });
    sshd.trust();
    return sshd;
  }
  const byKey = (server: Sshd, more: Partial<OpenRequest> = {}) =>
    openSession({
      target: {
        hostname: '127.0.0.1',
        port: server.port,
        username: server.username,
        auth: { method: 'key', keyPath: server.clientKey },
      },
      home: server.home,
      ...more,
    });

  describe('OpenSSH', () => {
    it('with only new algorithms', async () => {
      const server = await start(
        'KexAlgorithms curve25519-sha256',
        'Ciphers aes256-gcm@openssh.com',
        'HostKeyAlgorithms ssh-ed25519',
        'PubkeyAcceptedAlgorithms ssh-ed25519',
      );
      const session = await byKey(server);
      assert.equal(await says(session, 'echo', 'there'), 'there\n');
      session.dispose();
    });

    it('with only old algorithms: says which, and uses them where the SSH config allows it', async () => {
      const server = await start('KexAlgorithms diffie-hellman-group14-sha1', 'Ciphers aes128-cbc', 'MACs hmac-sha1');
      await assert.rejects(byKey(server), (error: unknown) => {
        assert.ok(SparkError.is(error, 'noCommonAlgorithm'));
        assert.match(error.hint ?? '', /diffie-hellman-group14-sha1/);
        return true;
      });
      writeFileSync(
        join(server.home, '.ssh', 'config'),
        'Host *\n KexAlgorithms +diffie-hellman-group14-sha1\n Ciphers +aes128-cbc\n',
        { mode: 0o600 },
      );
      const session = await byKey(server);
      assert.equal(await says(session, 'echo', 'there'), 'there\n');
      session.dispose();
    });

    it('that allows two sessions on a connection: says so at the third, and goes on', async () => {
      const session = await byKey(await start('MaxSessions 2'));
      const first = await session.spawn(['cat']);
      const second = await session.spawn(['cat']);
      await assert.rejects(session.spawn(['cat']), (error: unknown) => {
        assert.ok(SparkError.is(error, 'remoteCommandFailed'));
        assert.match(error.hint ?? '', /MaxSessions/);
        return true;
      });
      first.dispose();
      await first.exited;
      assert.equal(await says(session, 'echo', 'there'), 'there\n');
      second.dispose();
      session.dispose();
    });

    it('that forwards nothing: says so', async () => {
      const session = await byKey(await start('AllowTcpForwarding no'));
      await assert.rejects(session.forward('127.0.0.1', 22), (error: unknown) => {
        assert.ok(SparkError.is(error, 'forwardRefused'));
        assert.match(error.message, /does not allow/);
        return true;
      });
      session.dispose();
    });

    it('gives a sign of life when it is asked for one, and is lost when it does not', async () => {
      const server = await start();
      const session = await byKey(server);
      let lost: string | undefined;
      const ended = new Promise<void>(resolve => {
        session.onDidEnd(({ code }) => {
          lost = code;
          resolve();
        });
      });
      session.check(20_000);
      assert.equal(await says(session, 'echo', 'there'), 'there\n');
      assert.equal(lost, undefined);
      const resume = server.pauseSessions();
      session.check(300);
      await ended;
      resume();
      assert.equal(lost, 'connectionLost');
    });
  });

  describe('that ask the system', function () {
    let user: SystemUser | undefined;
    let dropbear: Dropbear | undefined;

    before(function () {
      // users can be made by root alone; CI is root
      if (!canCreateUsers()) this.skip();
      user = createSystemUser();
    });
    after(() => {
      user?.remove();
    });
    afterEach(async () => {
      await dropbear?.stop();
      dropbear = undefined;
    });

    /** PAM with a password and then the code of an authenticator. */
    const SECRET = 'JBSWY3DPEHPK3PXP';
    const twoFactors = (folder: string) => {
      const file = join(folder, 'authenticator');
      writeFileSync(file, `${SECRET}\n" TOTP_AUTH\n`, { mode: 0o400 });
      return [
        'auth required pam_unix.so',
        `auth required pam_google_authenticator.so secret=${file} user=root`,
        'account required pam_permit.so',
        'session required pam_permit.so',
      ];
    };
    const startTwoFactors = async () => {
      sshd = await startSshd({ username: user!.name, pam: twoFactors });
      sshd.trust();
      return sshd;
    };

    it('OpenSSH with a password and a one-time code: two prompts, by real PAM', async () => {
      const server = await startTwoFactors();
      const asked: LoginQuestion[] = [];
      const session = await openSession({
        target: { hostname: '127.0.0.1', port: server.port, username: user!.name, auth: { method: 'auto' } },
        home: server.home,
        prompts: {
          password: () => Promise.resolve(new Secret(user!.password)),
          answers: (_who, question) => {
            asked.push(question);
            return Promise.resolve([new Secret(totp(SECRET))]);
          },
        },
      });
      assert.equal(await says(session, 'id', '-un'), `${user!.name}\n`);
      session.dispose();
      assert.deepEqual(
        asked.map(({ prompts }) => prompts),
        [[{ text: 'Verification code:', echo: false }]],
      );
    });

    it('OpenSSH with a wrong code: asks again, at most three times', async () => {
      const server = await startTwoFactors();
      let codes = 0;
      const opening = openSession({
        target: { hostname: '127.0.0.1', port: server.port, username: user!.name, auth: { method: 'auto' } },
        home: server.home,
        prompts: {
          password: () => Promise.resolve(new Secret(user!.password)),
          answers: () => {
            codes += 1;
            return Promise.resolve([new Secret('000000')]);
          },
        },
      });
      await assert.rejects(opening, (error: unknown) => SparkError.is(error, 'authFailed'));
      assert.equal(codes, 3);
    });

    it('OpenSSH with a key and then a one-time code', async () => {
      sshd = await startSshd({
        username: user!.name,
        pam: twoFactors,
        config: ['AuthenticationMethods publickey,keyboard-interactive'],
      });
      sshd.trust();
      const session = await openSession({
        target: {
          hostname: '127.0.0.1',
          port: sshd.port,
          username: user!.name,
          auth: { method: 'key', keyPath: sshd.clientKey },
        },
        home: sshd.home,
        prompts: {
          password: () => Promise.resolve(new Secret(user!.password)),
          answers: () => Promise.resolve([new Secret(totp(SECRET))]),
        },
      });
      session.dispose();
      assert.match(sshd.log(), /Partial publickey/);
    });

    it('OpenSSH with a password by the password method', async () => {
      sshd = await startSshd({ username: user!.name, config: ['PasswordAuthentication yes', 'UsePAM yes'] });
      sshd.trust();
      const asked: (boolean | 'perhaps')[] = [];
      const session = await openSession({
        target: { hostname: '127.0.0.1', port: sshd.port, username: user!.name, auth: { method: 'password' } },
        home: sshd.home,
        prompts: {
          password: (_who, wrong) => {
            asked.push(wrong);
            return Promise.resolve(new Secret(asked.length === 1 ? 'wrong' : user!.password));
          },
        },
      });
      session.dispose();
      assert.deepEqual(asked, [false, true]);
    });

    it('Dropbear: with a key and with a password, runs programs and forwards', async () => {
      dropbear = await startDropbear();
      const home = join(user!.home, 'client');
      mkdirSync(join(home, '.ssh'), { recursive: true });
      writeFileSync(join(home, '.ssh', 'known_hosts'), `[127.0.0.1]:${dropbear.port} ${dropbear.hostKey}\n`);
      const key = makeKey(join(home, 'id'), 'ed25519');
      user!.authorize(readFileSync(`${key}.pub`, 'utf8'));
      const { port } = dropbear;
      const base = { hostname: '127.0.0.1', port, username: user!.name };
      for (const auth of [{ method: 'key', keyPath: key } as const, { method: 'password' } as const]) {
        const session = await openSession({
          target: { ...base, auth },
          home,
          prompts: { password: () => Promise.resolve(new Secret(user!.password)) },
        });
        assert.equal(await says(session, 'id', '-un'), `${user!.name}\n`);
        const channel = await session.forward('127.0.0.1', port);
        const [first] = (await new Promise<Buffer>(resolve => channel.once('data', resolve))).toString().split('\r\n');
        assert.match(first ?? '', /^SSH-2\.0-dropbear/);
        channel.destroy();
        // a sign of life is given there too
        let lost = false;
        session.onDidEnd(() => {
          lost = true;
        });
        session.check(20_000);
        assert.equal(await says(session, 'echo', 'there'), 'there\n');
        assert.equal(lost, false);
        session.dispose();
      }
    });
  });
});
