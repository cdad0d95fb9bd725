import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ping } from '../../../src/engine/diagnosis/ping.js';

describe('ping', () => {
  let folder: string;
  const { signal } = new AbortController();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dgx-spark-ping-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** A program that notes its arguments and ends in this way. */
  function program(script: string): string {
    const file = join(folder, 'ping');
    writeFileSync(file, `#!/bin/sh\nprintf "%s\\n" "$*" >${join(folder, 'arguments')}\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  const ask = (script: string, platform: NodeJS.Platform = 'linux', address = '192.168.1.20') =>
    ping(address, { signal, platform, program: program(script) });

  it('understands how the programs of each system end', async () => {
    assert.equal(await ask('exit 0'), 'answers');
    assert.equal(await ask('exit 1'), 'silent');
    // iputils could not ask; macOS got no answer
    assert.equal(await ask('exit 2'), 'unavailable');
    assert.equal(await ask('exit 2', 'darwin'), 'silent');
    assert.equal(await ask('exit 68', 'darwin'), 'unavailable');
    assert.equal(await ask('echo "Reply from 192.168.1.20: bytes=32 time<1ms TTL=64"', 'win32'), 'answers');
    assert.equal(await ask('echo "Antwort von fe80::1: Zeit=12ms"', 'win32'), 'answers');
    assert.equal(await ask('echo "Reply from 192.168.1.1: Destination host unreachable."', 'win32'), 'silent');
    assert.equal(await ask('exit 1', 'win32'), 'silent');
  });

  it('asks once, for a limited time', async () => {
    await ask('exit 0');
    assert.equal(readFileSync(join(folder, 'arguments'), 'utf8'), '-n -c 1 -W 3 192.168.1.20\n');
    await ask('exit 0', 'win32');
    assert.equal(readFileSync(join(folder, 'arguments'), 'utf8'), '-n 1 -w 3000 192.168.1.20\n');
  });

  it('takes an address and nothing else', async () => {
    for (const address of ['-f', 'spark-1a2b.local', '192.168.1.20 -f', '', '--help'])
      assert.equal(await ask('exit 0', 'linux', address), 'unavailable');
    assert.equal(existsSync(join(folder, 'arguments')), false);
  });

  it('does without the program', async () => {
    assert.equal(await ping('192.168.1.20', { signal, program: join(folder, 'gone') }), 'unavailable');
  });
});
