import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { addKnownHost, knownHostsPaths, readKnownHosts } from '../../../src/engine/ssh/knownHostsFiles.js';
import { SparkError } from '../../../src/shared/errors.js';
import { makeKey } from '../../support/sshd.js';

describe('known_hosts files', function () {
  this.timeout(20_000);
  let folder: string;
  let line: string;
  let blob: Buffer;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'known-hosts-files-'));
    const [type = '', base64 = ''] = readFileSync(`${makeKey(join(folder, 'key'), 'ed25519')}.pub`, 'utf8').split(' ');
    line = `${type} ${base64}`;
    blob = Buffer.from(base64, 'base64');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are the ones that OpenSSH reads', () => {
    const configured = execFileSync('ssh', ['-G', '-F', 'none', 'host'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString();
    const expected = (name: string) => new RegExp(`^${name} (.+)$`, 'm').exec(configured)?.[1]?.split(' ') ?? [];
    assert.deepEqual(knownHostsPaths(userInfo().homedir), {
      user: expected('userknownhostsfile'),
      system: expected('globalknownhostsfile'),
    });
  });

  it('are read all, and one that is missing says nothing', async () => {
    writeFileSync(join(folder, 'a'), `one ${line}\n`);
    writeFileSync(join(folder, 'b'), `two ${line}\n`);
    const entries = await readKnownHosts(['a', 'missing', 'b', 'key/below-a-file'].map(name => join(folder, name)));
    assert.deepEqual(
      entries.map(entry => entry.hosts),
      ['one', 'two'],
    );
  });

  it('stop everything when one is there and cannot be read', async () => {
    mkdirSync(join(folder, 'known_hosts'));
    await assert.rejects(
      readKnownHosts([join(folder, 'known_hosts')]),
      (error: unknown) =>
        SparkError.is(error, 'knownHostsUnreadable') && error.message.includes(join(folder, 'known_hosts')),
    );
  });

  it('are made with the modes that OpenSSH wants', async () => {
    const path = join(folder, 'home', '.ssh', 'known_hosts');
    await addKnownHost(path, { hostname: 'spark', port: 2222 }, blob);
    assert.equal(readFileSync(path, 'utf8'), `[spark]:2222 ${line}\n`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'home', '.ssh')).mode & 0o777, 0o700);
  });

  it('keep their lines when the last one has no end', async () => {
    const path = join(folder, 'known_hosts');
    writeFileSync(path, `other ${line}`);
    await addKnownHost(path, { hostname: 'spark', port: 22 }, blob);
    assert.equal(readFileSync(path, 'utf8'), `other ${line}\nspark ${line}\n`);
  });

  it('get a hashed line where the others are hashed', async () => {
    const path = join(folder, 'known_hosts');
    writeFileSync(path, `other ${line}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', path], { stdio: 'ignore' });
    await addKnownHost(path, { hostname: 'spark', port: 22 }, blob);
    assert.ok(!readFileSync(path, 'utf8').includes('spark'));
    assert.match(execFileSync('ssh-keygen', ['-f', path, '-F', 'spark']).toString(), /found: line 2/);
  });

  it('keep every line when many are added at once', async () => {
    const path = join(folder, 'known_hosts');
    const hosts = Array.from({ length: 40 }, (_, index) => `spark-${index}`);
    await Promise.all(hosts.map(host => addKnownHost(path, { hostname: host, port: 22 }, blob)));
    const entries = await readKnownHosts([path]);
    assert.deepEqual(entries.map(entry => entry.hosts).sort(), [...hosts].sort());
  });
});
