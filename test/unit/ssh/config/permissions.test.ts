import assert from 'node:assert/strict';
import { isSafelyOwned } from '../../../../src/engine/ssh/config/permissions.js';

const passwd = [
  'root:x:0:0::/root:/bin/sh',
  'me:x:1000:1000::/home/me:/bin/sh',
  'you:x:1001:1001::/home/you:/bin/sh',
  'a:x:1002:100::/:/',
  'b:x:1003:100::/:/',
  '',
].join('\n');
const group = ['root:x:0:', 'me:x:1000:', 'you:x:1001:me', 'users:x:100:', 'mine:x:2000:me', 'empty:x:3000:', ''].join(
  '\n',
);

describe('owners and modes of configuration files', () => {
  const isSafe = (mode: number, gid = 1000, uid = 1000) =>
    isSafelyOwned({ mode: 0o100_000 | mode, gid, uid }, 1000, () => Promise.resolve({ passwd, group }));

  it('are safe when only the user or root can write', async () => {
    assert.ok(await isSafe(0o600));
    assert.ok(await isSafe(0o644));
    assert.ok(await isSafe(0o644, 0, 0));
    assert.ok(!(await isSafe(0o600, 1001, 1001)));
    assert.ok(!(await isSafe(0o646)));
    assert.ok(!(await isSafe(0o666)));
  });

  it('are safe when the group that can write has nobody else in it', async () => {
    assert.ok(await isSafe(0o664));
    assert.ok(await isSafe(0o660, 2000));
    for (const gid of [1001, 100, 3000, 9999]) assert.ok(!(await isSafe(0o664, gid)), String(gid));
    assert.ok(
      !(await isSafelyOwned({ mode: 0o664, gid: 1000, uid: 1000 }, 1000, () =>
        Promise.resolve({ passwd: '', group: '' }),
      )),
    );
  });
});
