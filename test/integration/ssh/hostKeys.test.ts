import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { LoginPrompts, SshSession } from '../../../src/engine/ssh/types.js';
import { SparkError } from '../../../src/shared/errors.js';
import { hasSshd, makeKey, type Sshd, type SshdOptions, startSshd } from '../../support/sshd.js';
import { openSession } from './openSession.js';

type HostKeyQuestion = Parameters<LoginPrompts['confirmHostKey']>[0];

describe('host keys of a real server', function () {
  this.timeout(30_000);
  let sshd: Sshd | undefined;
  let asked: HostKeyQuestion[];

  before(function () {
    if (!hasSshd()) this.skip();
  });

  beforeEach(() => {
    asked = [];
  });

  afterEach(async () => {
    await sshd?.stop();
    sshd = undefined;
  });

  const start = async (options: SshdOptions = {}) => {
    sshd = await startSshd(options);
    mkdirSync(join(sshd.home, '.ssh'));
    return { sshd, file: join(sshd.home, '.ssh', 'known_hosts') };
  };
  const open = (server: Sshd, answer = true): Promise<SshSession> =>
    openSession({
      target: {
        hostname: '127.0.0.1',
        port: server.port,
        username: server.username,
        auth: { method: 'key', keyPath: server.clientKey },
      },
      home: server.home,
      prompts: {
        confirmHostKey: question => {
          asked.push(question);
          return Promise.resolve(answer);
        },
      },
    });
  const fingerprintOf = (path: string) => execFileSync('ssh-keygen', ['-lf', path]).toString().split(' ')[1]!;
  const opensshAccepts = (server: Sshd, file: string) => {
    try {
      execFileSync(
        'ssh',
        [
          '-F',
          'none',
          '-i',
          server.clientKey,
          '-p',
          String(server.port),
          '-o',
          'StrictHostKeyChecking=yes',
          '-o',
          'BatchMode=yes',
        ].concat([
          '-o',
          `UserKnownHostsFile=${file}`,
          '-o',
          'GlobalKnownHostsFile=none',
          `${server.username}@127.0.0.1`,
          'true',
        ]),
        { stdio: 'ignore' },
      );
      return true;
    } catch {
      return false;
    }
  };

  it('that are unknown are asked about with the fingerprint that ssh-keygen prints, and then written down for OpenSSH too', async () => {
    const { sshd, file } = await start();
    (await open(sshd)).dispose();
    assert.deepEqual(asked, [
      {
        host: `[127.0.0.1]:${sshd.port}`,
        keyType: 'ED25519',
        fingerprint: fingerprintOf(join(sshd.folder, 'host_ed25519.pub')),
        file,
      },
    ]);
    const found = execFileSync('ssh-keygen', ['-f', file, '-F', `[127.0.0.1]:${sshd.port}`]).toString();
    assert.match(found, /found: line 1/);
    assert.ok(opensshAccepts(sshd, file));
    (await open(sshd)).dispose();
    assert.equal(asked.length, 1, 'asked again about a key that is known');
  });

  it('that the user declines end the attempt before anything was sent to log in', async () => {
    const { sshd, file } = await start();
    await assert.rejects(open(sshd, false), (error: unknown) => SparkError.is(error, 'hostKeyRejected'));
    assert.ok(!existsSync(file));
    assert.doesNotMatch(sshd.log(), /publickey/);
  });

  it('that have changed are refused, with both fingerprints and where the old one is', async () => {
    const { sshd, file } = await start();
    const other = makeKey(join(sshd.folder, 'other'), 'ed25519');
    const [type, base64] = readFileSync(`${other}.pub`, 'utf8').split(' ');
    writeFileSync(file, `# mine\n[127.0.0.1]:${sshd.port} ${type!} ${base64!}\n`);
    await assert.rejects(open(sshd), (error: unknown) => {
      assert.ok(SparkError.is(error, 'hostKeyChanged'));
      assert.ok(error.message.includes(fingerprintOf(join(sshd.folder, 'host_ed25519.pub'))), error.message);
      assert.ok(error.message.includes(fingerprintOf(`${other}.pub`)), error.message);
      assert.ok(error.message.includes(`${file}:2`), error.message);
      return true;
    });
    assert.deepEqual(asked, []);
    assert.doesNotMatch(sshd.log(), /publickey/);
    assert.ok(!opensshAccepts(sshd, file));
  });

  it('that are revoked are refused', async () => {
    const { sshd, file } = await start();
    sshd.trust();
    const [type, base64] = sshd.hostKeys[0]!.split(' ');
    writeFileSync(file, `@revoked * ${type!} ${base64!}\n`, { flag: 'a' });
    await assert.rejects(open(sshd), (error: unknown) => SparkError.is(error, 'hostKeyRevoked'));
    assert.deepEqual(asked, []);
    assert.ok(!opensshAccepts(sshd, file));
  });

  it('cannot be judged while a file of known hosts cannot be read', async () => {
    const { sshd, file } = await start();
    mkdirSync(file);
    await assert.rejects(open(sshd), (error: unknown) => SparkError.is(error, 'knownHostsUnreadable'));
    assert.doesNotMatch(sshd.log(), /Connection from/);
  });

  it('of a type that is known are asked for, though the server has others', async () => {
    const { sshd, file } = await start({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
    for (const [index] of sshd.hostKeys.entries()) {
      const [type, base64] = sshd.hostKeys[index]!.split(' ');
      writeFileSync(file, `[127.0.0.1]:${sshd.port} ${type!} ${base64!}\n`);
      (await open(sshd)).dispose();
    }
    assert.deepEqual(asked, []);
  });

  it('of another type than the known one are refused as changed, as OpenSSH does', async () => {
    const { sshd, file } = await start({ hostKeys: ['ed25519'] });
    const ecdsa = readFileSync(`${makeKey(join(sshd.folder, 'ecdsa'), 'ecdsa')}.pub`, 'utf8');
    writeFileSync(file, `[127.0.0.1]:${sshd.port} ${ecdsa}`);
    await assert.rejects(open(sshd), (error: unknown) => SparkError.is(error, 'hostKeyChanged'));
    assert.deepEqual(asked, []);
    const openssh = spawnSync(
      'ssh',
      ['-F', 'none', '-p', String(sshd.port), '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes'].concat([
        '-o',
        `UserKnownHostsFile=${file}`,
        '127.0.0.1',
        'true',
      ]),
    );
    assert.match(openssh.stderr.toString(), /IDENTIFICATION HAS CHANGED/);
  });

  it('are checked again at each re-keying, without a question', async () => {
    const { sshd } = await start({ config: ['RekeyLimit 1M'] });
    const session = await open(sshd);
    const { stream } = await session.spawn(['sh', '-c', 'head -c 8000000 /dev/zero | tr "\\0" x']);
    assert.equal((await text(stream)).length, 8_000_000);
    assert.equal(asked.length, 1);
    session.dispose();
  });

  it('of a host that is known by a certificate authority only is asked about, with the reason', async () => {
    const { sshd: server, file } = await start();
    writeFileSync(file, `@cert-authority [127.0.0.1]:${server.port} ${server.hostKeys[0]!}\n`);
    (await open(server)).dispose();
    assert.equal(asked.length, 1);
    assert.ok(asked[0]?.note?.startsWith(`${file}:1 trusts host certificates`), asked[0]?.note);
  });
});
