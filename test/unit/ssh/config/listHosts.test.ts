import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { listHosts } from '../../../../src/engine/ssh/config/listHosts.js';
import { systemSurroundings } from '../../../../src/engine/ssh/config/surroundings.js';
import { ConfigFolder } from './configFolder.js';

const USER = 'home/.ssh/config';
const SYSTEM = 'etc/ssh_config';

describe('the hosts that ssh_config names', () => {
  let folder: ConfigFolder;

  before(() => {
    folder = new ConfigFolder();
  });
  beforeEach(() => folder.clear());
  after(() => folder.dispose());

  const list = (files: Readonly<Record<string, string>>) => {
    folder.write(files);
    return listHosts(folder.surroundings);
  };
  const aliases = async (files: Readonly<Record<string, string>>) => (await list(files)).hosts.map(host => host.alias);

  it('are listed with what is known of them and where they stand', async () => {
    const { hosts, problems } = await list({
      [USER]:
        'Include "sync/ssh config"\nHost a\n  HostName %h.lab\n  Port 2022\nHost b\n  ProxyJump a\nHost *\n  User everybody\n',
      'home/.ssh/sync/ssh config': 'Host spark.local\n  User nvidia\n',
      [SYSTEM]: 'Host c\n  ProxyCommand nc %h\n',
    });
    const user = folder.surroundings.userFile;
    const common = { port: 22, user: 'everybody', proxy: 'none', skippedExec: false };
    assert.deepEqual(problems, []);
    assert.deepEqual(hosts, [
      {
        ...common,
        alias: 'spark.local',
        hostname: 'spark.local',
        user: 'nvidia',
        file: join(folder.path, 'home', '.ssh', 'sync', 'ssh config'),
        line: 1,
      },
      { ...common, alias: 'a', hostname: 'a.lab', port: 2022, file: user, line: 2 },
      { ...common, alias: 'b', hostname: 'b', proxy: 'jump', file: user, line: 5 },
      { ...common, alias: 'c', hostname: 'c', proxy: 'command', file: folder.surroundings.systemFile, line: 1 },
    ]);
  });

  it('are no patterns, and each is listed once', async () => {
    assert.deepEqual(await aliases({ [USER]: 'Host a b* !c ? d a\nHost d a\nHost "e f"\n' }), ['a', 'd', 'e f']);
  });

  it('are only those that can be meant', async () => {
    assert.deepEqual(
      await aliases({
        [USER]: 'Host x*\n  Include more\nHost a !a b\n',
        'home/.ssh/more': 'Host xa ya\nHost yb\n',
      }),
      ['xa', 'b'],
    );
  });

  it('are where they first apply', async () => {
    const { hosts } = await list({ [USER]: 'Host other\n  Include more\nHost a\n', 'home/.ssh/more': 'Host a\n' });
    assert.deepEqual(
      hosts.map(({ alias, file, line }) => [alias, file, line]),
      [
        ['other', folder.surroundings.userFile, 1],
        ['a', folder.surroundings.userFile, 3],
      ],
    );
  });

  it('are listed without running anything', async () => {
    folder.write({ [USER]: 'Host a\nMatch exec "true"\n  Port 2022\n' });
    const { hosts } = await listHosts({
      ...folder.surroundings,
      exec: () => assert.fail('ran'),
    });
    assert.deepEqual(
      hosts.map(({ alias, port, skippedExec }) => [alias, port, skippedExec]),
      [['a', 22, true]],
    );
  });

  it('are listed in spite of all that is wrong, which is told once each', async () => {
    const { hosts, problems } = await list({
      [USER]: 'Host a\n  Port x\nHost b\n  Foo\nHost "c\nMatch nothing\nInclude more\nHost d\n  HostName %x\n',
      'home/.ssh/more': 'Bar y\nHost e\n',
    });
    assert.deepEqual(
      hosts.map(host => host.alias),
      ['a', 'b', 'd'],
    );
    assert.deepEqual(
      problems.map(({ file, line }) => [file.slice(folder.path.length + 1), line]),
      [
        [USER, 2],
        [USER, 4],
        [USER, 5],
        [USER, 6],
        ['home/.ssh/more', 1],
        [USER, 9],
      ],
    );
    for (const { message, hint } of problems) assert.ok(message !== '' && hint !== '');
  });

  it('are not listed from a file that others can write', async function () {
    if (process.platform === 'win32') this.skip();
    folder.write({ [USER]: 'Host a\n', [SYSTEM]: 'Host b\n' });
    chmodSync(folder.surroundings.userFile, 0o666);
    const { hosts, problems } = await listHosts(folder.surroundings);
    assert.deepEqual(
      hosts.map(host => host.alias),
      ['b'],
    );
    assert.match(problems[0]?.message ?? '', /Bad owner or permissions/);
  });

  it('are a thousand at most', async () => {
    const text = Array.from({ length: 1001 }, (_, n) => `Host h${n}\n`).join('');
    const { hosts, problems } = await list({ [USER]: text });
    assert.equal(hosts.length, 1000);
    assert.match(problems[0]?.message ?? '', /1001 hosts/);
  });

  it('can be in any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary', maxLength: 20 })), async lines => {
        const { hosts } = await list({
          [USER]: `Host first\n${lines.map(line => `Host ${line}\n${line}\n`).join('')}`,
        });
        assert.equal(hosts[0]?.alias, 'first');
      }),
    );
  });
});

describe('surroundings of ssh_config', () => {
  it('are those of this computer', () => {
    const found = systemSurroundings({}, 'linux');
    assert.equal(found.userFile, `${found.home}/.ssh/config`);
    assert.equal(found.systemFile, '/etc/ssh/ssh_config');
    assert.ok(found.localAddresses.includes('127.0.0.1'));
    assert.equal(found.exec, undefined);
  });

  it('have their own places on Windows', () => {
    assert.equal(systemSurroundings({ ProgramData: 'D:\\Data' }, 'win32').systemFile, 'D:\\Data\\ssh\\ssh_config');
    assert.equal(systemSurroundings({}, 'win32').systemFile, 'C:\\ProgramData\\ssh\\ssh_config');
  });
});
