import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findSocketAddress, makeSocketAddress, securePrivateFolder } from '../../../src/link/address.js';
import { storageProblem } from '../../../src/link/storageProblem.js';
import { SparkError } from '../../../src/shared/errors.js';

describe('where the engine listens', () => {
  const temporary = process.env['TMPDIR'];
  const made: string[] = [];
  let root: string;
  let far: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'dgxs-'));
    far = join(root, 'a'.repeat(60), 'b'.repeat(60));
  });
  afterEach(() => {
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
    for (const folder of [root, ...made.splice(0)]) rmSync(folder, { recursive: true, force: true });
  });

  async function make(storage: string): Promise<string> {
    const address = await makeSocketAddress(storage);
    if (!address.startsWith(storage)) made.push(dirname(address));
    return address;
  }

  it('is the storage folder itself where its path is short enough', async () => {
    const storage = join(root, 'storage');
    assert.equal(await make(storage), join(storage, 'engine.sock'));
    assert.equal(await findSocketAddress(storage), join(storage, 'engine.sock'));
    assert.equal(statSync(storage).mode & 0o777, 0o700);
  });

  it('is a private folder elsewhere where it is too long, and the same for windows with another temporary folder', async () => {
    assert.equal(await findSocketAddress(far), undefined);
    const address = await make(far);
    assert.ok(Buffer.byteLength(address) <= 100, address);
    assert.equal(statSync(dirname(address)).mode & 0o777, 0o700);
    process.env['TMPDIR'] = join(root, 'another');
    mkdirSync(join(root, 'another'));
    assert.equal(await findSocketAddress(far), address);
    assert.equal(await make(far), address, 'the next engine listens there too');
  });

  it('is short enough also where the temporary folder is not', async () => {
    mkdirSync(far, { recursive: true });
    process.env['TMPDIR'] = far;
    const address = await make(join(far, 'storage'));
    assert.ok(Buffer.byteLength(address) <= 100, address);
  });

  it('is another one when its folder is gone or others may enter it', async () => {
    const first = await make(far);
    chmodSync(dirname(first), 0o755);
    const second = await make(far);
    assert.notEqual(second, first);
    rmSync(dirname(second), { recursive: true });
    const third = await make(far);
    assert.notEqual(third, second);
    assert.equal(await findSocketAddress(far), third);
  });

  it('is in nothing but a folder', async () => {
    writeFileSync(join(root, 'file'), '');
    await assert.rejects(securePrivateFolder(join(root, 'file')));
    await assert.rejects(securePrivateFolder(join(root, 'file', 'below')));
  });
});

describe('a folder that cannot be used', () => {
  it('is explained with a next step', () => {
    for (const code of ['ENOSPC', 'EROFS', 'EACCES', 'ENOTDIR']) {
      const error = storageProblem('/home/me/storage', Object.assign(new Error(`${code}: raw`), { code }));
      assert.equal(error.code, 'engineUnavailable');
      assert.match(error.message, /\/home\/me\/storage/);
      assert.doesNotMatch(error.message, /raw/);
      assert.ok(error.hint);
    }
  });

  it('keeps what is explained already', () => {
    const known = new SparkError({ code: 'databaseNewer', message: 'newer' });
    assert.equal(storageProblem('/x', known), known);
    assert.equal(storageProblem('/x', new Error('odd')).code, 'engineUnavailable');
  });
});
