import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { endingCommand } from '../../../src/engine/metrics/killProcess.js';

const SHELLS = ['/bin/sh', '/bin/bash', '/bin/busybox'].filter(file => existsSync(file));

for (const shell of existsSync('/proc/self/stat') ? SHELLS : [])
  describe(`ending a process through ${shell}`, () => {
    let child: ChildProcess;
    beforeEach(async () => {
      child = spawn('sleep', ['600'], { stdio: 'ignore' });
      await once(child, 'spawn');
    });
    afterEach(() => child.kill('SIGKILL'));

    const startOf = (pid: number) =>
      Number(
        readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')[19],
      );
    const end = (pid: number, startTicks: number, force = false) => {
      const [, ...rest] = endingCommand({ pid, startTicks, force });
      return spawnSync(shell, shell.endsWith('busybox') ? ['sh', ...rest] : rest).status;
    };

    it('ends the one that is meant, by the signal that is meant', async () => {
      const ended = once(child, 'exit');
      assert.equal(end(child.pid!, startOf(child.pid!), true), 0);
      assert.deepEqual(await ended, [null, 'SIGKILL']);
    });

    it('leaves another alone that has got its number', () => {
      assert.equal(end(child.pid!, startOf(child.pid!) + 1), 3);
      assert.equal(child.exitCode, null);
      assert.equal(child.signalCode, null);
    });

    it('tells that it is gone', async () => {
      const start = startOf(child.pid!);
      child.kill('SIGKILL');
      await once(child, 'exit');
      assert.equal(end(child.pid!, start), 3);
    });
  });
