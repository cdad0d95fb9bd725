import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { installPublicKey } from '../../../src/engine/ssh/authorizedKeys.js';
import type { SshSession } from '../../../src/engine/ssh/types.js';
import { SparkError } from '../../../src/shared/errors.js';
import { hasSshd, makeKey, type Sshd, startSshd } from '../../support/sshd.js';
import { LocalSession } from '../metrics/localSession.js';
import { openSession } from './openSession.js';

const SHELLS = ['/bin/sh', '/bin/dash', '/bin/bash', '/bin/busybox'].filter(
  (file, index) => fs.existsSync(file) && (index === 0 || fs.realpathSync(file) !== fs.realpathSync('/bin/sh')),
);
const IS_ROOT = userInfo().uid === 0;
/** Root may write anywhere; what is about rights needs somebody else. */
const NOBODY = 65_534;

const failsWith = async (work: Promise<unknown>, message: RegExp, code: SparkError['code'] = 'remoteCommandFailed') => {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(SparkError.is(error, code), String(error));
    assert.match(error.message, message);
    return true;
  });
};
const modeOf = (path: string) => (fs.statSync(path).mode & 0o777).toString(8);

describe('installing a public key', function () {
  this.timeout(30_000);
  let folder: string;
  let keys: string[];

  before(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'dgx-spark-keys-'));
    fs.chmodSync(folder, 0o755);
    keys = ['a', 'b', 'c'].map(name => fs.readFileSync(`${makeKey(join(folder, name), 'ed25519')}.pub`, 'utf8').trim());
  });

  after(() => fs.rmSync(folder, { recursive: true }));

  for (const shell of SHELLS)
    describe(`through ${shell}`, () => {
      /** It runs its own awk and df, whatever PATH says. */
      const hasOwnTools = shell.endsWith('busybox');
      let home: string;
      let file: string;
      let bin: string;
      let sessions: LocalSession[];

      beforeEach(() => {
        home = fs.mkdtempSync(join(folder, 'home '));
        file = join(home, '.ssh', 'authorized_keys');
        bin = fs.mkdtempSync(join(folder, 'bin-'));
        fs.chmodSync(bin, 0o755);
        sessions = [];
      });

      afterEach(() => {
        for (const session of sessions) session.dispose();
      });

      interface As {
        home?: string;
        shell?: string;
        path?: string;
        uid?: number;
      }

      function open(as: As = {}): SshSession {
        const { uid } = as;
        const session = new LocalSession(as.shell ?? shell, as.path ?? `${bin}:/usr/bin:/bin`, {
          env: { HOME: as.home ?? home },
          ...(uid !== undefined && { uid, gid: uid }),
        });
        sessions.push(session);
        return session;
      }

      const install = (key: string, as?: As) => installPublicKey(open(as), key);

      function program(name: string, script: string): string {
        const path = join(bin, name);
        fs.writeFileSync(path, `#!/bin/sh\n${script}\n`);
        fs.chmodSync(path, 0o755);
        return path;
      }

      function write(text: string, mode = 0o600): void {
        fs.mkdirSync(join(home, '.ssh'), { mode: 0o700, recursive: true });
        fs.writeFileSync(file, text);
        fs.chmodSync(file, mode);
      }

      it('makes what is missing, for the user alone, and adds it once', async () => {
        assert.deepEqual(await install(`${keys[0]!}\n`), { outcome: 'added' });
        assert.deepEqual(await install(keys[0]!), { outcome: 'present' });
        assert.equal(fs.readFileSync(file, 'utf8'), `${keys[0]!}\n`);
        assert.deepEqual([modeOf(join(home, '.ssh')), modeOf(file)], ['700', '600']);
        assert.deepEqual(fs.readdirSync(join(home, '.ssh')), ['authorized_keys']);
      });

      it('appends to what is there, in the same file, after a line end', async () => {
        const before = `# mine\n\n${keys[1]!}\r\nnonsense "`;
        write(before);
        const inode = fs.statSync(file).ino;
        assert.equal((await install(keys[0]!)).outcome, 'added');
        assert.equal(fs.readFileSync(file, 'utf8'), `${before}\n${keys[0]!}\n`);
        assert.equal((await install(keys[2]!)).outcome, 'added');
        assert.equal(fs.readFileSync(file, 'utf8'), `${before}\n${keys[0]!}\n${keys[2]!}\n`);
        assert.equal(fs.statSync(file).ino, inode);
        const listed = execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' });
        assert.equal(listed.trim().split('\n').length, 3);
      });

      it('knows the key in whatever line it stands', async () => {
        const [type = '', base64 = ''] = keys[0]!.split(' ');
        const present = [
          `${type} ${base64}`,
          `  ${type}\t ${base64} another comment`,
          `restrict,pty ${keys[0]!}`,
          `command="echo \\"a b\\" # c",no-pty\t${keys[0]!}`,
          `${type} ${base64} cert-authority\r`,
        ];
        const absent = [
          `#${keys[0]!}`,
          `# ${type} ${base64}`,
          `ssh-rsa ${base64}`,
          `${type} ${base64}AAAA`,
          `cert-authority,principals="x" ${keys[0]!}`,
          `command="${keys[0]!}" ${keys[1]!}`,
          `from="*" ${type}`,
        ];
        const outcomes = [];
        for (const line of [...present, ...absent]) {
          write(`${keys[1]!}\n${line}\n`);
          outcomes.push((await install(keys[0]!)).outcome);
        }
        assert.deepEqual(outcomes, [...present.map(() => 'present'), ...absent.map(() => 'added')]);
      });

      it('keeps symbolic links, also one to a file that is not there yet', async () => {
        const elsewhere = fs.mkdtempSync(join(folder, 'elsewhere-'));
        fs.symlinkSync(elsewhere, join(home, '.ssh'));
        fs.symlinkSync(join(elsewhere, 'real'), join(elsewhere, 'authorized_keys'));
        assert.equal((await install(keys[0]!)).outcome, 'added');
        assert.equal((await install(keys[1]!)).outcome, 'added');
        assert.ok(fs.lstatSync(join(home, '.ssh')).isSymbolicLink() && fs.lstatSync(file).isSymbolicLink());
        assert.equal(fs.readFileSync(join(elsewhere, 'real'), 'utf8'), `${keys[0]!}\n${keys[1]!}\n`);
      });

      it('gives nobody a right, takes from others that to write, and warns about the home folder', async () => {
        write('', 0o664);
        fs.chmodSync(join(home, '.ssh'), 0o775);
        assert.deepEqual(await install(keys[0]!), { outcome: 'added' });
        assert.deepEqual([modeOf(join(home, '.ssh')), modeOf(file)], ['755', '644']);
        fs.chmodSync(home, 0o775);
        const { outcome, warning } = await install(keys[0]!);
        assert.equal(outcome, 'present');
        assert.match(warning ?? '', /others may write to ~\..*"chmod go-w ~"/);
        assert.equal(modeOf(home), '775');
      });

      it('adds each of many once that come at the same time', async () => {
        write(keys[2]!);
        const outcomes = await Promise.all(
          [0, 1, 0, 1, 0, 1].map(async index => (await install(keys[index]!)).outcome),
        );
        assert.deepEqual(outcomes.sort(), ['added', 'added', 'present', 'present', 'present', 'present']);
        const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
        assert.deepEqual(lines.sort(), [...keys].sort());
      });

      it('does not wait for ever for one that was cut off', async () => {
        program('sleep', 'exit 0');
        fs.mkdirSync(join(home, '.ssh', '.dgx-spark.lock'), { recursive: true });
        assert.equal((await install(keys[0]!)).outcome, 'added');
        assert.deepEqual(fs.readdirSync(join(home, '.ssh')), ['authorized_keys']);
      });

      it('has the security labels put right where there are any', async () => {
        program('restorecon', `printf "%s|" "$@" >${join(bin, 'labels')}`);
        await install(keys[0]!);
        assert.equal(fs.readFileSync(join(bin, 'labels'), 'utf8'), `-F|${join(home, '.ssh')}|${file}|`);
      });

      it('hears the answer through whatever else the login prints', async () => {
        const noisy = program(
          'noisy',
          `echo Welcome; printf "no line end"; exec ${hasOwnTools ? `${shell} sh` : shell} "$@"`,
        );
        assert.equal((await install(keys[0]!, { shell: noisy })).outcome, 'added');
      });

      describe('fails', () => {
        it('when the key is none, before anything is done', async () => {
          await failsWith(install('ssh-ed25519 nonsense'), /not a public key/, 'invalidInput');
          assert.equal(fs.existsSync(join(home, '.ssh')), false);
        });

        it('when there is no home folder', async () => {
          await failsWith(install(keys[0]!, { home: join(home, 'gone') }), /no home folder/);
          await failsWith(install(keys[0]!, { home: '' }), /no home folder/);
        });

        it('when something else has the name of the file or the folder', async () => {
          fs.mkdirSync(file, { recursive: true });
          await failsWith(install(keys[0]!), /is not a file/);
          fs.rmSync(join(home, '.ssh'), { recursive: true });
          fs.writeFileSync(join(home, '.ssh'), '');
          await failsWith(install(keys[0]!), /folder ~\/\.ssh of the machine cannot be written/);
        });

        it('when the user may not write, and says where', async function () {
          if (!IS_ROOT) this.skip();
          const nobody = { uid: NOBODY };
          await failsWith(install(keys[0]!, nobody), /no home folder|folder ~\/\.ssh/);
          fs.chmodSync(home, 0o755);
          await failsWith(install(keys[0]!, nobody), /folder ~\/\.ssh/);
          write(`${keys[1]!}\n`, 0o644);
          fs.chmodSync(join(home, '.ssh'), 0o755);
          await failsWith(install(keys[0]!, nobody), /authorized_keys of the machine cannot be written/);
          assert.equal((await install(keys[1]!, nobody)).outcome, 'present');
          fs.chmodSync(file, 0o600);
          await failsWith(install(keys[0]!, nobody), /authorized_keys of the machine cannot be read/);
          fs.rmSync(file);
          await failsWith(install(keys[0]!, nobody), /folder ~\/\.ssh/);
        });

        it('when a file may be written in a folder that may not, only to the folder', async function () {
          if (!IS_ROOT) this.skip();
          write('', 0o600);
          fs.chownSync(file, NOBODY, NOBODY);
          for (const path of [home, join(home, '.ssh')]) fs.chmodSync(path, 0o755);
          assert.equal((await install(keys[0]!, { uid: NOBODY })).outcome, 'added');
        });

        it('when the disk is full, and leaves what was there', async function () {
          if (hasOwnTools) this.skip();
          const before = `${keys[1]!}\n`;
          write(before);
          // no file may grow: the write fails as on a full disk, with another number of the error
          const limited = program('limited', `trap "" XFSZ; ulimit -f 0; exec ${shell} "$@"`);
          program('df', 'echo Filesystem; echo "/dev/x 10 10 0 100% /home"');
          await failsWith(install(keys[0]!, { shell: limited }), /disk of the machine is full/);
          program('df', 'echo Filesystem; echo "/dev/x 10 5 5 50% /home"');
          await failsWith(install(keys[0]!, { shell: limited }), /could not be added/);
          assert.equal(fs.readFileSync(file, 'utf8'), before);
          assert.deepEqual(fs.readdirSync(join(home, '.ssh')), ['authorized_keys']);
        });

        it('when the machine is too bare', async function () {
          if (hasOwnTools) this.skip();
          await failsWith(install(keys[0]!, { path: bin }), /no "awk"/);
        });

        it('when what runs is no shell', async () => {
          const other = program('other', 'echo "This account is for file transfer only." >&2');
          await failsWith(install(keys[0]!, { shell: other }), /did not say .*file transfer only/);
        });
      });
    });

  describe('on a real server', () => {
    let sshd: Sshd | undefined;
    let home: string;
    const first = () => join(folder, 'a');
    const second = () => join(folder, 'b');

    before(function () {
      if (!hasSshd()) this.skip();
    });

    beforeEach(() => {
      // sshd believes no file below a folder that others may write to, such as /tmp
      home = fs.mkdtempSync(join(homedir(), '.dgx-spark-test-'));
      fs.mkdirSync(join(home, '.ssh'), { mode: 0o700 });
      fs.writeFileSync(join(home, '.ssh', 'authorized_keys'), fs.readFileSync(`${first()}.pub`), { mode: 0o600 });
    });

    afterEach(async () => {
      await sshd?.stop();
      sshd = undefined;
      fs.rmSync(home, { recursive: true });
    });

    async function start(strictModes: 'yes' | 'no'): Promise<Sshd> {
      const config = [`StrictModes ${strictModes}`, `SetEnv HOME=${home}`];
      sshd = await startSshd({ config: [...config, `AuthorizedKeysFile ${join(home, '.ssh', 'authorized_keys')}`] });
      sshd.trust();
      return sshd;
    }

    const logIn = ({ port, username, home: clientHome }: Sshd, keyPath: string) =>
      openSession({
        target: { hostname: '127.0.0.1', port, username, auth: { method: 'key', keyPath } },
        home: clientHome,
      });

    it('lets the key in from then on', async () => {
      const server = await start('yes');
      await failsWith(logIn(server, second()), /./, 'authFailed');
      const session = await logIn(server, first());
      const key = fs.readFileSync(`${second()}.pub`, 'utf8');
      assert.deepEqual(await installPublicKey(session, key), { outcome: 'added' });
      assert.deepEqual(await installPublicKey(session, key), { outcome: 'present' });
      session.dispose();
      (await logIn(server, second())).dispose();
    });

    it('warns of what the server then really refuses', async () => {
      const lax = await start('no');
      fs.chmodSync(home, 0o777);
      const session = await logIn(lax, first());
      const { warning } = await installPublicKey(session, fs.readFileSync(`${second()}.pub`, 'utf8'));
      assert.match(warning ?? '', /chmod go-w ~/);
      session.dispose();
      await lax.stop();
      const strict = await start('yes');
      await failsWith(logIn(strict, second()), /./, 'authFailed');
      fs.chmodSync(home, 0o700);
      (await logIn(strict, second())).dispose();
    });
  });
});
