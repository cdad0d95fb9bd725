import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Finished, OpenSsh } from '../spark/openSsh.js';

type Reply = Record<string, string | number>;

describe('simulated Spark as a program', () => {
  const program = join(__dirname, '..', 'spark', 'main.js');
  let child: ReturnType<typeof spawn>;
  let lines: AsyncIterator<string>;
  let openSsh: OpenSsh;

  async function launch(...args: string[]): Promise<Reply> {
    child = spawn(process.execPath, [program, '--json', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const ready = await reply();
    openSsh = new OpenSsh({
      port: Number(ready['port']),
      username: String(ready['username']),
      hostKeyLines: [String(ready['hostKeyLine'])],
    });
    openSsh.useKey(readFileSync(String(ready['privateKeyPath']), 'utf8'));
    return ready;
  }
  async function reply(): Promise<Reply> {
    return JSON.parse((await lines.next()).value as string) as Reply;
  }
  function tell(command: string): Promise<Reply> {
    child.stdin!.write(`${command}\n`);
    return reply();
  }
  function list(): Promise<Finished> {
    return openSsh.run('nvidia-smi -L');
  }
  before(function () {
    if (spawnSync('ssh', ['-V']).error) this.skip();
  });
  afterEach(() => {
    child.kill('SIGKILL');
    openSsh.dispose();
  });

  it('says how to log in, obeys, and ends with its parent without leaving anything', async () => {
    const ready = await launch('--with-parent', '--user', 'ada');
    assert.equal(statSync(String(ready['privateKeyPath'])).mode & 0o777, 0o600);
    assert.match((await list()).out, /^GPU 0: NVIDIA GB10/);
    assert.deepEqual(await tell('shape h100x8'), { done: 'shape h100x8' });
    assert.equal((await list()).out.trimEnd().split('\n').length, 8);
    assert.match(String((await tell('shape round'))['error']), /^One of gb10, /);
    assert.match(String((await tell('dance'))['error']), /^Not understood/);
    child.stdin!.end();
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    assert.equal(existsSync(String(ready['home'])), false);
  });

  it('outlives its input when not told otherwise, and ends cleanly on a signal', async () => {
    const ready = await launch('--shape', 'noGpu');
    child.stdin!.end();
    assert.equal((await list()).out, 'No devices were found\n');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    assert.equal(existsSync(String(ready['home'])), false);
  });
});
