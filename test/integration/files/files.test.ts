import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/engine/base/clock.js';
import { nullLogger } from '../../../src/engine/base/logger.js';
import { FileService } from '../../../src/engine/files/fileService.js';
import { TransferService } from '../../../src/engine/files/transfers/transferService.js';
import { SparkError } from '../../../src/shared/errors.js';
import { Random } from '../../faults/random.js';
import { TestSessions } from '../../support/testSessions.js';

const ID = 'c1';
const MANY = 20_000;
/** With each of two servers; fewer where every change is tested. */
const KILLS = process.env['CI'] ? 3 : 50;
const SEED = 20_261_125;
const SERVERS = {
  'internal-sftp': 'internal-sftp',
  'the sftp-server binary': '/usr/lib/openssh/sftp-server',
} as const;
const HOSTILE = [
  'with space',
  `'single' "double" \`back\``,
  '$(touch pwned)',
  '; rm -rf x',
  '-rf',
  'new\nline',
  'tab\there',
  '..hidden',
  '\\back\\slash',
  'ümläut 日本語',
  'x'.repeat(255),
];
const owner = new AbortController().signal;
const never = () => Promise.reject(new Error('nothing is to be asked'));

for (const [title, subsystem] of Object.entries(SERVERS))
  describe(`files over ${title}`, () => {
    let sessions: TestSessions;
    let files: FileService;
    let transfers: TransferService;
    let folder: string;
    let remote: string;
    let local: string;

    before(async () => {
      sessions = await TestSessions.start({ config: [`Subsystem sftp ${subsystem}`] });
      const around = { sessions, clock: systemClock, log: nullLogger };
      files = new FileService(around);
      transfers = new TransferService({ ...around, leaveBehind: (id, paths) => files.leaveBehind(id, paths) });
    });
    after(async () => {
      transfers.dispose();
      await sessions.stop();
    });
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'files-'));
      [remote, local] = [join(folder, 'remote'), join(folder, 'local')];
      mkdirSync(remote);
      mkdirSync(local);
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    const write = async (path: string, text: string, options = { create: true, overwrite: true }) => {
      const handle = await files.openWrite(ID, path, options, owner);
      await files.write(handle, Buffer.from(text), owner);
      return await files.commit(handle, owner);
    };
    const read = async (path: string) => {
      const { handle } = await files.openRead(ID, path, owner);
      const data = await files.read(handle, 0, 64 * 1024, owner);
      await files.close(handle, owner);
      return data.toString();
    };
    const transfer = async (direction: 'upload' | 'download', sources: string[], destination: string) => {
      const request = { direction, connectionId: ID, sources, destination, onConflict: 'overwrite' } as const;
      return await transfers.wait(transfers.start(request, never, owner), owner);
    };

    it('lists, writes, reads, renames, copies and deletes what has a hostile name, and nothing else', async () => {
      for (const name of HOSTILE) {
        const path = join(remote, name);
        await write(path, name);
        assert.equal(readFileSync(path, 'utf8'), name);
        assert.equal(await read(path), name);
      }
      const { entries, complete } = await files.list(ID, remote);
      assert.deepEqual(entries.map(({ name }) => name).sort(), [...HOSTILE].sort());
      assert.ok(complete && entries.every(({ problem }) => problem === undefined));
      for (const name of HOSTILE) {
        await files.rename(ID, join(remote, name), join(remote, 'for a moment'), { overwrite: false });
        await files.copy(ID, join(remote, 'for a moment'), join(remote, name), { overwrite: false });
        await files.delete(ID, join(remote, 'for a moment'), false);
      }
      assert.deepEqual(readdirSync(remote).sort(), [...HOSTILE].sort());
      for (const name of HOSTILE) assert.equal(readFileSync(join(remote, name), 'utf8'), name);
      assert.ok(!existsSync('pwned'));
    });

    it('flags a name that is no UTF-8, and never takes it for another', async () => {
      const bad = Buffer.concat([Buffer.from(`${remote}/bad`), Buffer.from([0xff, 0xfe])]);
      writeFileSync(bad, 'bad');
      writeFileSync(join(remote, 'good'), 'good');
      const { entries } = await files.list(ID, remote);
      const flagged = entries.filter(({ problem }) => problem === 'encoding');
      assert.equal(flagged.length, 1);
      const result = await transfer('download', [remote], local);
      assert.equal(result.problemCount, 1);
      assert.deepEqual(readdirSync(join(local, 'remote')), ['good']);
    });

    it('lists twenty thousand entries', async () => {
      for (let index = 0; index < MANY; index++) writeFileSync(join(remote, `file-${index}`), '');
      assert.equal((await files.list(ID, remote)).entries.length, MANY);
    });

    it('says what is a link and where it leads, and refuses what is no file', async () => {
      writeFileSync(join(remote, 'file'), 'x');
      symlinkSync('file', join(remote, 'to file'));
      symlinkSync('nowhere', join(remote, 'to nothing'));
      const byName = new Map((await files.list(ID, remote)).entries.map(entry => [entry.name, entry]));
      assert.equal(byName.get('to file')?.target, 'file');
      assert.equal(byName.get('to nothing')?.target, null);
      // the link stays, and what it leads to is written
      await write(join(remote, 'to file'), 'new');
      assert.ok(lstatSync(join(remote, 'to file')).isSymbolicLink());
      assert.equal(readFileSync(join(remote, 'file'), 'utf8'), 'new');
      for (const path of ['/dev/zero', remote])
        await assert.rejects(files.openRead(ID, path, owner), error => SparkError.is(error, 'fileKind'));
    });

    it('leaves a file as it was until it is written whole', async () => {
      const path = join(remote, 'file');
      writeFileSync(path, 'before', { mode: 0o640 });
      const handle = await files.openWrite(ID, path, { create: true, overwrite: true }, owner);
      await files.write(handle, Buffer.from('half'), owner);
      assert.equal(readFileSync(path, 'utf8'), 'before');
      await files.close(handle, owner);
      assert.deepEqual(readdirSync(remote), ['file']);
      await write(path, 'after');
      assert.equal(readFileSync(path, 'utf8'), 'after');
      assert.equal(statSync(path).mode & 0o777, 0o640);
      await assert.rejects(write(path, 'x', { create: true, overwrite: false }), error =>
        SparkError.is(error, 'fileExists'),
      );
    });

    it('uploads and downloads folders with modes and times', async () => {
      mkdirSync(join(local, 'set', 'deep', 'empty'), { recursive: true });
      writeFileSync(join(local, 'set', 'script.sh'), '#!/bin/sh\n', { mode: 0o755 });
      writeFileSync(join(local, 'set', 'deep', 'big'), Buffer.alloc(3_000_000, 'spark'));
      utimesSync(join(local, 'set', 'deep', 'big'), 1_600_000_000, 1_600_000_000);
      await transfer('upload', [join(local, 'set')], remote);
      const back = join(local, 'back');
      mkdirSync(back);
      const result = await transfer('download', [join(remote, 'set')], back);
      assert.equal(result.problemCount, 0);
      for (const top of [join(remote, 'set'), join(back, 'set')]) {
        assert.ok(statSync(join(top, 'deep', 'empty')).isDirectory());
        assert.equal(statSync(join(top, 'script.sh')).mode & 0o777, 0o755);
        assert.equal(statSync(join(top, 'deep', 'big')).mtimeMs, 1_600_000_000_000);
        assert.ok(readFileSync(join(top, 'deep', 'big')).equals(readFileSync(join(local, 'set', 'deep', 'big'))));
        assert.deepEqual(readdirSync(join(top, 'deep')).sort(), ['big', 'empty']);
      }
    });

    it('never leaves half a file where the link breaks again and again', async function () {
      this.timeout(KILLS * 12_000);
      const content = Buffer.alloc(6_000_000);
      for (let index = 0; index < content.length; index += 4) content.writeUInt32LE(index, index);
      const source = join(local, 'big');
      writeFileSync(source, content);
      const target = join(remote, 'big');
      const random = new Random(SEED);
      for (let round = 0; round < KILLS; round++) {
        const before = existsSync(target) ? readFileSync(target) : undefined;
        const request = { direction: 'upload' as const, connectionId: ID, sources: [source], destination: remote };
        const id = transfers.start({ ...request, onConflict: 'overwrite' }, never, owner);
        // one that could not wait for the link is gone on with, as a user does
        const whole = async (): Promise<void> => {
          try {
            await transfers.wait(id, owner);
          } catch (error) {
            assert.ok(SparkError.is(error, 'transferStopped'), String(error));
            transfers.resume(id);
            await whole();
          }
        };
        const ended = whole();
        ended.catch(() => undefined);
        const wanted = content.length * random.next();
        await new Promise<void>(resolve => {
          const listening = transfers.onDidChange(all => {
            const one = all.find(transferred => transferred.id === id);
            if (!one || (one.bytes.done < wanted && one.state !== 'done')) return;
            listening.dispose();
            resolve();
          });
        });
        sessions.sshd.killSessions();
        // at each instant it is the one or the other
        if (existsSync(target)) {
          const now = readFileSync(target);
          assert.ok(now.equals(content) || before?.equals(now));
        }
        await ended;
        assert.ok(readFileSync(target).equals(content));
        if (round % 2 === 0) rmSync(target);
        else writeFileSync(target, 'before');
      }
    });
  });
