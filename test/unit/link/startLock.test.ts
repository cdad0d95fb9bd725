import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StartLock, tryStartLock } from '../../../src/link/startLock.js';

describe('the start lock', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dgxs-lock-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Tries until one attempt finds the lock free; a stale one is removed by the attempt before. */
  async function tryTwice(): Promise<StartLock | undefined> {
    return (await tryStartLock(folder)) ?? (await tryStartLock(folder));
  }

  it('goes to one of many, and to the next when it is released', async () => {
    const attempts = await Promise.all(Array.from({ length: 50 }, () => tryStartLock(folder)));
    const [won, ...others] = attempts.filter(attempt => attempt !== undefined);
    assert.equal(others.length, 0);
    await won!.release();
    assert.ok(await tryStartLock(folder));
  });

  it('is taken from a process that has died', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(join(folder, 'engine.lock'), `${pid} 00`);
    assert.ok(await tryTwice());
    assert.deepEqual(readdirSync(folder), ['engine.lock']);
  });

  it('is taken from a process that hangs', async () => {
    writeFileSync(join(folder, 'engine.lock'), `${process.pid} 00`);
    const longAgo = Date.now() / 1000 - 3600;
    utimesSync(join(folder, 'engine.lock'), longAgo, longAgo);
    assert.ok(await tryTwice());
  });

  it('is not taken from a live one, nor from one that is just being written', async () => {
    writeFileSync(join(folder, 'engine.lock'), `${process.pid} 00`);
    assert.equal(await tryTwice(), undefined);
    writeFileSync(join(folder, 'engine.lock'), '');
    assert.equal(await tryTwice(), undefined);
  });

  it('that was lost to another is not released by its old holder', async () => {
    const mine = await tryStartLock(folder);
    writeFileSync(join(folder, 'engine.lock'), `${process.pid} another`);
    await mine!.release();
    assert.equal(await tryTwice(), undefined);
  });
});
