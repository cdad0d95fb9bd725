import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { matchExec } from '../../../src/engine/ssh/config/matchExec.js';
import { SparkError } from '../../../src/shared/errors.js';
import { type ConfigCase, Oracle } from './opensshConfig.js';
import { CASES } from './sshConfigCases.js';
import { anyConfig, anyLine } from './sshConfigGrammar.js';

/** What is made at random; fewer where all of it has to be over soon. */
const [LINES, CONFIGURATIONS] = process.env['CI'] ? [40, 15] : [100, 40];

describe('ssh_config as OpenSSH reads it', function () {
  this.timeout(60_000);
  let oracle: Oracle;

  before(function () {
    oracle = new Oracle();
    if (!oracle.isThere) this.skip();
  });
  after(() => oracle.dispose());

  for (const [title, given] of Object.entries(CASES))
    it(title, async () => {
      await oracle.compare(typeof given === 'string' ? { files: given } : given);
    });

  describe('where tokens are replaced', () => {
    const ALL = '%%-%C-%d-%h-%i-%k-%L-%l-%n-%p-%r-%u';
    const given: ConfigCase = {
      files: [
        'Host Spark',
        '  HostName %h.Lab.example',
        '  User me',
        '  Port 2022',
        `  IdentityFile ~/.ssh/${ALL}`,
        '  IdentityFile "${FOLDER}/my key"',
        `  CertificateFile /certificates/${ALL}`,
        '  ProxyCommand echo %h %k "%n" %p %r %% ${HOME} # and more',
        '',
      ].join('\n'),
      destination: { host: 'Spark' },
      env: { FOLDER: '/folder' },
    };

    for (const [title, more] of [
      ['without an alias', ''],
      ['with an alias', 'HostKeyAlias Alias\n'],
    ] as const)
      it(`uses the same files and the same command as "ssh -v" ${title}`, async () => {
        const changed = { ...given, files: `${given.files as string}${more}` };
        const ours = await oracle.ours(changed);
        assert.deepEqual(ours.identityFiles, oracle.verbose(changed, /^debug1: identity file (.*) type -?\d+\r?$/gm));
        assert.deepEqual(
          ours.certificateFiles,
          oracle.verbose(changed, /^debug1: certificate file (.*) type -?\d+\r?$/gm),
        );
        assert.deepEqual(ours.proxy, {
          kind: 'command',
          command: oracle.verbose(changed, /^debug1: Executing proxy command: exec (.*?)\r?$/gm)[0],
        });
      });

    it('replaces those of the hosts to jump through', async () => {
      const jump: ConfigCase = {
        files: 'Host spark\n  User me\n  HostName 10.0.0.7\n  ProxyJump %r-a@gate-%n,b\n',
        destination: { host: 'spark' },
      };
      assert.deepEqual((await oracle.ours(jump)).proxy, {
        kind: 'jump',
        hops: [
          { user: 'me-a', host: 'gate-spark', port: undefined },
          { user: undefined, host: 'b', port: undefined },
        ],
      });
      const [command] = oracle.verbose(jump, /^debug1: Executing proxy command: exec (.*?)\r?$/gm);
      assert.match(command ?? '', /-J me-a@gate-spark .*b$/);
    });

    for (const line of [
      'IdentityFile /%q',
      'IdentityFile /%',
      'IdentityFile ${NO_SUCH_VARIABLE}',
      'ProxyCommand nc %d',
    ])
      it(`refuses ${line}`, async () => {
        const bad = { files: `Host *\n  ${line}\n  ProxyCommand false\n` };
        await assert.rejects(
          oracle.ours(bad),
          (error: unknown) => SparkError.is(error, 'sshConfigInvalid') && error.message.includes('config:2: '),
        );
        assert.notDeepEqual(oracle.verbose(bad, /(unknown key|invalid format|has no value)/g), [], 'only ours refuses');
      });
  });

  describe('where a command decides', () => {
    const withExec = (files: string, more: Partial<ConfigCase> = {}): ConfigCase => ({
      files,
      surroundings: { exec: matchExec({ env: process.env, home: '/', platform: process.platform }) },
      ...more,
    });

    it('runs it, with its tokens replaced', async () => {
      const tokens = '%%-%C-%d-%h-%i-%k-%L-%l-%n-%p-%r-%u';
      const files = `Host spark\n  HostName a.example\n  Port 2022\n  HostKeyAlias Alias\nMatch exec "echo ${tokens} >> @@/said"\n  User a\n`;
      const ours = await oracle.compare(withExec(files));
      assert.equal(ours?.user, 'a');
      assert.equal(ours.skippedExec, false);
      const [first, second, ...more] = readFileSync(join(oracle.home, '.ssh', 'said'), 'utf8')
        .trim()
        .split('\n');
      assert.ok(first);
      assert.equal(first, second);
      assert.deepEqual(more, []);
    });

    for (const [title, files] of Object.entries({
      'takes another status than 0 for false': 'Match exec "exit 3"\n  User a\nMatch !exec "exit 3"\n  Port 2022\n',
      'runs it in both passes': 'Match exec "test %h = a"\n  User a\nMatch final\n  Port 2\nHost spark\n  HostName a\n',
      'does not run it when something else has failed': 'Match host other exec "touch @@/ran"\n  User a\n',
      'knows what has been set so far': 'User me\nMatch exec "test %r = me"\n  Port 2022\n',
      'takes an = and quotes': "Match exec=\"test 'a b' = 'a b'\"\n  Port 2022\n",
    }))
      it(title, async () => {
        await oracle.compare(withExec(files));
        assert.ok(!existsSync(join(oracle.home, '.ssh', 'ran')));
      });

    it('runs none where nothing is to be run, takes it for false either way, and says so', async () => {
      const ours = await oracle.ours({
        files: 'Match exec "touch @@/ran"\n  User a\nMatch !exec "touch @@/ran"\n  Port 2022\n',
      });
      assert.deepEqual([ours.user, ours.port, ours.skippedExec], [undefined, 22, true]);
      assert.ok(!existsSync(join(oracle.home, '.ssh', 'ran')));
    });

    it('does not give a name to the shell that the shell would interpret', async () => {
      for (const files of [
        'User "a;touch @@/ran"\nMatch exec "echo %r"\n  Port 2022\n',
        'HostName $(touch${IFS}ran)\nMatch exec "echo %h"\n  Port 2022\n',
        'HostName a`b`\nProxyCommand nc %h\n',
      ])
        await assert.rejects(
          oracle.ours(withExec(files)),
          (error: unknown) => SparkError.is(error, 'sshConfigInvalid') && error.message.includes('interpret'),
        );
      assert.ok(!existsSync(join(oracle.home, '.ssh', 'ran')));
    });

    it('refuses such names from the caller, as OpenSSH does since 9.6', async () => {
      for (const destination of [
        { host: 'a;b' },
        { host: '-oProxyCommand=x' },
        { host: '' },
        { host: 'a', user: '$(x)`y`' },
        { host: 'a', user: '-x' },
        { host: 'a', proxyJump: 'b;c' },
        { host: 'a', proxyJump: 'b,' },
      ])
        await assert.rejects(oracle.ours({ files: '', destination }), (error: unknown) =>
          SparkError.is(error, 'invalidInput'),
        );
      const domain = await oracle.ours({ files: '', destination: { host: 'a', user: 'CORP\\me' } });
      assert.equal(domain.user, 'CORP\\me');
    });

    it('ends what does not end, and what is no longer wanted', async () => {
      const exec = matchExec({ env: process.env, home: '/', platform: process.platform, timeoutMs: 50 });
      const forever = 'while :; do sleep 60; done';
      await assert.rejects(
        exec(forever, new AbortController().signal),
        (error: unknown) => SparkError.is(error, 'sshConfigInvalid') && error.message.includes('did not end'),
      );
      const patient = matchExec({ env: process.env, home: '/', platform: process.platform });
      const controller = new AbortController();
      const running = patient(forever, controller.signal);
      controller.abort();
      await assert.rejects(running, (error: unknown) => SparkError.is(error, 'cancelled'));
      await assert.rejects(patient('true', controller.signal), (error: unknown) => SparkError.is(error, 'cancelled'));
    });
  });

  describe('where others could have written a file', () => {
    // group-writable files are judged differently by distributions, see the unit test
    for (const [mode, refused] of [
      [0o600, false],
      [0o644, false],
      [0o602, true],
      [0o666, true],
    ] as const)
      it(`${refused ? 'refuses' : 'reads'} an included file of mode ${mode.toString(8)}`, async () => {
        const included = join(oracle.folder, `mode-${mode.toString(8)}`);
        writeFileSync(included, 'User a\n');
        chmodSync(included, mode);
        const ours = await oracle.compare({ files: `Include ${included}\n` });
        assert.equal(ours?.user, refused ? undefined : 'a');
      });
  });

  it('agrees on any line made of quotes, escapes, spaces, = and #', async () => {
    await fc.assert(
      fc.asyncProperty(anyLine, async line => {
        await oracle.compare({ files: `Host spark\n${line}\n` });
      }),
      { numRuns: LINES },
    );
  });

  it('agrees on any configuration', async () => {
    await fc.assert(
      fc.asyncProperty(anyConfig, async ({ files, host }) => {
        await oracle.compare({ files, destination: { host, user: userInfo().username } });
        await oracle.compare({ files, destination: { host } });
      }),
      { numRuns: CONFIGURATIONS },
    );
  });
});
