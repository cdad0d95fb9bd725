import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { resolveHost } from '../../../../src/engine/ssh/config/resolveHost.js';
import type { SshConfigSurroundings } from '../../../../src/engine/ssh/config/surroundings.js';
import type { Destination, ResolvedHost } from '../../../../src/engine/ssh/config/types.js';
import { SparkError } from '../../../../src/shared/errors.js';
import { ConfigFolder } from './configFolder.js';

const USER = 'home/.ssh/config';
const SYSTEM = 'etc/ssh_config';

describe('what ssh_config says about a host', () => {
  let folder: ConfigFolder;

  before(() => {
    folder = new ConfigFolder();
  });
  beforeEach(() => folder.clear());
  after(() => folder.dispose());

  const resolve = (
    files: Readonly<Record<string, string>>,
    destination: Partial<Destination> = {},
    surroundings: Partial<SshConfigSurroundings> = {},
  ): Promise<ResolvedHost> => {
    folder.write(files);
    return resolveHost({ host: 'spark', ...destination }, { ...folder.surroundings, ...surroundings });
  };

  const refuses = (resolving: Promise<unknown>, message: RegExp) =>
    assert.rejects(resolving, (error: unknown) => {
      assert.ok(SparkError.is(error, 'sshConfigInvalid'), String(error));
      assert.match(error.message, message);
      assert.ok(error.hint);
      return true;
    });

  it('is little when there are no files', async () => {
    const host = await resolve({});
    assert.equal(host.hostname, 'spark');
    assert.equal(host.port, 22);
    assert.equal(host.user, undefined);
    assert.deepEqual(host.proxy, { kind: 'none' });
    assert.equal(host.identityFilesAreDefaults, true);
    assert.deepEqual(
      host.identityFiles,
      ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'].map(name =>
        join(folder.surroundings.home, '.ssh', name),
      ),
    );
    assert.deepEqual(host.files, []);
    assert.equal(host.userKnownHostsFiles, undefined);
    assert.equal(host.identityAgent, undefined);
  });

  it("comes from the user's file before the system's, and from the caller before both", async () => {
    const files = {
      [USER]:
        'Host spark\n  User mine\n  IdentityFile /keys/mine\n  ProxyJump a\nMatch final\n  BindAddress 10.0.0.1\n',
      [SYSTEM]: 'Host *\n  User theirs\n  Port 2022\n  IdentityFile /keys/theirs\n  ProxyCommand nc\n',
    };
    const host = await resolve(files);
    assert.equal(host.user, 'mine');
    assert.equal(host.port, 2022);
    assert.deepEqual(host.identityFiles, ['/keys/mine', '/keys/theirs']);
    assert.equal(host.proxy.kind, 'jump');
    assert.equal(host.bindAddress, '10.0.0.1');
    assert.deepEqual(host.files, [folder.surroundings.userFile, folder.surroundings.systemFile]);

    const given = await resolve(files, {
      user: 'me',
      port: 22,
      identityFiles: ['~/100%.key', '/keys/mine'],
      proxyJump: 'ssh://me@b:2',
    });
    assert.equal(given.user, 'me');
    assert.equal(given.port, 22);
    assert.deepEqual(given.identityFiles, [`${folder.surroundings.home}/100%.key`, '/keys/mine', '/keys/theirs']);
    assert.deepEqual(given.proxy, { kind: 'jump', hops: [{ user: 'me', host: 'b', port: 2 }] });
    assert.equal(given.identityFilesAreDefaults, false);
  });

  it('is in included files, below ~/.ssh for the user and beside its own file for the system', async () => {
    const host = await resolve({
      [USER]: 'Include conf.d/*.conf\n',
      'home/.ssh/conf.d/1.conf': 'Include more\nUser mine\n',
      'home/.ssh/more': 'Port 2022\n',
      [SYSTEM]: 'Include ssh_config.d/*.conf\n',
      'etc/ssh_config.d/a.conf': 'BindAddress 10.0.0.1\nUser theirs\n',
    });
    assert.deepEqual([host.user, host.port, host.bindAddress], ['mine', 2022, '10.0.0.1']);
    assert.deepEqual(
      host.files.map(file => file.slice(folder.path.length + 1)),
      [USER, 'home/.ssh/conf.d/1.conf', 'home/.ssh/more', SYSTEM, 'etc/ssh_config.d/a.conf'],
    );
  });

  it('is in files whose names have variables and tokens', async () => {
    const host = await resolve({
      [USER]: 'Include ${FOLDER}/%n-%u "~/a b"\n',
      'folder/spark-i': 'User mine\n',
      'home/a b': 'Port 2022\n',
    });
    assert.deepEqual([host.user, host.port], ['mine', 2022]);
    await refuses(resolve({ [USER]: 'Include ${UNSET}/a\n' }), /config:1: .*"UNSET" is not set/);
  });

  it("is not in the home of whoever reads the system's file", async () => {
    await refuses(resolve({ [SYSTEM]: '\nInclude ~/a\n' }), /ssh_config:2: /);
  });

  it('takes any agent', async () => {
    const agent = async (value: string, env = {}) =>
      (await resolve({ [USER]: `IdentityAgent ${value}\n` }, {}, { env })).identityAgent;
    assert.deepEqual(await agent('none'), { kind: 'none' });
    assert.deepEqual(await agent('SSH_AUTH_SOCK', { SSH_AUTH_SOCK: '/a' }), { kind: 'socket', path: '/a' });
    assert.deepEqual(await agent('SSH_AUTH_SOCK'), { kind: 'none' });
    assert.deepEqual(await agent('$MINE', { MINE: '/b' }), { kind: 'socket', path: '/b' });
    assert.deepEqual(await agent('$MINE'), { kind: 'none' });
    assert.deepEqual(await agent('~/%r.sock'), { kind: 'socket', path: `${folder.surroundings.home}/i.sock` });
  });

  it('lets a ProxyCommand behind "ProxyJump none" stand, as OpenSSH 10.3 does', async () => {
    const files = { [USER]: 'ProxyJump none\nProxyJump a\nProxyCommand nc %h\n' };
    assert.deepEqual((await resolve(files)).proxy, { kind: 'command', command: 'nc spark' });
  });

  it('leads through hosts that can be looked up themselves', async () => {
    const files = {
      [USER]: 'Host spark\n  ProxyJump me@a,b:2,[fe80::1%%eth0]\nHost b\n  HostName b.lab\nHost *\n  ProxyJump gate\n',
    };
    const { proxy } = await resolve(files);
    assert.ok(proxy.kind === 'jump');
    const [a, b, c] = proxy.hops;
    assert.ok(a && b && c);
    assert.deepEqual([a.user, b.port, c.host], ['me', 2, 'fe80::1%eth0']);
    const first = await resolve(files, a);
    assert.deepEqual(first.proxy, { kind: 'jump', hops: [{ host: 'gate', user: undefined, port: undefined }] });
    const last = await resolve(files, { ...c, proxyJump: [a, b] });
    assert.deepEqual(last.proxy, { kind: 'jump', hops: [a, b] });
    const direct = await resolve(files, { ...b, proxyJump: [] });
    assert.deepEqual([direct.hostname, direct.port, direct.proxy.kind], ['b.lab', 2, 'none']);
    await assert.rejects(resolve(files, { proxyJump: [{ ...a, host: 'a;b' }] }), (error: unknown) =>
      SparkError.is(error, 'invalidInput'),
    );
  });

  it('may be that nobody is to connect', async () => {
    const files = { [USER]: 'Host *\n  HostName a\nHost spark\n  RefuseConnection "moved to b"\n' };
    await refuses(resolve(files), /config:4: .*forbids to connect to spark: "moved to b"/);
    assert.equal((await resolve(files, { host: 'other' })).hostname, 'a');
  });

  it('is refused with file and line, what is wrong and what to do', async () => {
    await refuses(resolve({ [USER]: '# a\nHost other\n  Port 70000\n' }), /home\/\.ssh\/config:3: The port "70000"/);
    await refuses(resolve({ [USER]: 'Include a\n', 'home/.ssh/a': '\nFoo bar\n' }), /\.ssh\/a:2: The keyword "foo"/);
    await refuses(resolve({ [USER]: 'Host spark\n  HostName %x\n' }), /config:2: "%x" has "%x"/);
    await refuses(resolve({ [USER]: '\nIdentityFile ~you/key\n' }), /config:2: .*another user/);
    await refuses(resolve({ [USER]: 'HostName %h\0\nUser\u202ea b\n' }), /config:2: The keyword "usera"/);
    await refuses(resolve({ [USER]: '\ufeffHost a\n' }), /config:1: /);
  });

  it('asks for a second reading, without looking names up', async () => {
    const host = await resolve({
      [USER]: 'CanonicalizeHostname yes\nCanonicalDomains example\nMatch canonical\n  User a\n',
    });
    assert.deepEqual([host.hostname, host.user, host.canonicalizeHostname], ['spark', 'a', true]);
  });

  it('asks nothing of the files once it is no longer wanted', async () => {
    folder.write({ [USER]: 'User a\n' });
    await assert.rejects(resolveHost({ host: 'spark' }, folder.surroundings, AbortSignal.abort()), (error: unknown) =>
      SparkError.is(error, 'cancelled'),
    );
  });

  it('can be any text', async () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc
        .tuple(
          fc.constantFrom(
            'Host',
            'Match',
            'User',
            'Port',
            'IdentityFile',
            'ProxyJump',
            'ProxyCommand',
            'IdentityAgent',
            'Ciphers',
          ),
          fc.string({ unit: fc.constantFrom(...Array.from('ab *?!%${}~"\'\\#=:@[],/0')), maxLength: 12 }),
        )
        .map(([keyword, value]) => `${keyword} ${value}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), async lines => {
        try {
          const host = await resolve({ [USER]: lines.join('\n') });
          assert.equal(typeof host.hostname, 'string');
        } catch (error) {
          assert.ok(SparkError.is(error, 'sshConfigInvalid'), String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('files of ssh_config', () => {
  let folder: ConfigFolder;

  before(function () {
    if (process.platform === 'win32') this.skip();
    folder = new ConfigFolder();
  });
  beforeEach(() => folder.clear());
  after(() => folder.dispose());

  const resolve = () => resolveHost({ host: 'spark' }, folder.surroundings);
  const refuses = (message: RegExp) =>
    assert.rejects(
      resolve(),
      (error: unknown) => SparkError.is(error, 'sshConfigInvalid') && message.test(error.message),
    );

  it('of the user must not be for others to write', async () => {
    folder.write({ [USER]: 'User a\n' });
    chmodSync(folder.surroundings.userFile, 0o666);
    await refuses(/Bad owner or permissions on .*config/);
    chmodSync(folder.surroundings.userFile, 0o644);
    assert.equal((await resolve()).user, 'a');
  });

  it('of the system may be, but not what they include', async () => {
    folder.write({ [SYSTEM]: 'User a\n' });
    chmodSync(folder.surroundings.systemFile, 0o666);
    assert.equal((await resolve()).user, 'a');
    folder.write({ [SYSTEM]: 'Include more\n', 'etc/more': 'User b\n' });
    chmodSync(join(folder.path, 'etc', 'more'), 0o666);
    await refuses(/ssh_config:1: Bad owner or permissions on .*more/);
  });

  it('are not looked at for owners on Windows', async () => {
    folder.write({ [USER]: 'User a\n' });
    chmodSync(folder.surroundings.userFile, 0o666);
    const host = await resolveHost({ host: 'spark' }, { ...folder.surroundings, uid: undefined });
    assert.equal(host.user, 'a');
  });

  it("that cannot be read stop everything, unless they are the system's", async () => {
    // a link to itself: root, who may run the tests, can read everything else
    mkdirSync(join(folder.path, 'home', '.ssh'), { recursive: true });
    mkdirSync(join(folder.path, 'etc'));
    symlinkSync(folder.surroundings.systemFile, folder.surroundings.systemFile);
    assert.equal((await resolve()).hostname, 'spark');
    symlinkSync('loop', join(folder.path, 'home', '.ssh', 'loop'));
    folder.write({ [USER]: 'Include loop\n' });
    await refuses(/config:1: .*loop cannot be read \(ELOOP\)/);
    folder.clear();
    mkdirSync(join(folder.path, 'home', '.ssh'), { recursive: true });
    symlinkSync('config', folder.surroundings.userFile);
    await refuses(/\.ssh\/config: .*cannot be read \(ELOOP\)/);
  });

  it('that are too large or too many are refused', async () => {
    folder.write({ [USER]: '#'.repeat(1024 * 1024) });
    assert.equal((await resolve()).hostname, 'spark');
    folder.write({ [USER]: '#'.repeat(1024 * 1024 + 1) });
    await refuses(/larger than 1 MiB/);
    // each includes the next one twice
    for (let n = 0; n < 12; n++) folder.write({ [`home/.ssh/f${n}`]: `Include f${n + 1} f${n + 1}\n` });
    folder.write({ [USER]: 'Include f0\n', 'home/.ssh/f12': 'User a\n' });
    await refuses(/More than 1000 files/);
  });

  it('that are no files keep nobody waiting', async () => {
    mkdirSync(join(folder.path, 'home', '.ssh'), { recursive: true });
    execFileSync('mkfifo', ['-m', '600', join(folder.path, 'home', '.ssh', 'pipe')]);
    folder.write({ [USER]: 'Include pipe folder\nUser a\n', 'home/.ssh/folder/x': '' });
    assert.equal((await resolve()).user, 'a');
  });
});
