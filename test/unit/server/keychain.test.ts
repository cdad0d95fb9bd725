import assert from 'node:assert/strict';
import { createLogger } from '../../../src/engine/base/logger.js';
import { Secret } from '../../../src/engine/base/secret.js';
import { keychainOf } from '../../../src/engine/server/keychain.js';
import type { Window } from '../../../src/engine/server/windows.js';
import { SparkError } from '../../../src/shared/errors.js';

type Answer = (method: string, params: { key: string; value?: string }) => unknown;

describe('the keychain behind the windows', () => {
  const lines: string[] = [];
  const log = createLogger((_level, _scope, message) => lines.push(message));
  const window = (id: number, answer: Answer) =>
    ({
      id,
      peer: { request: (...args: Parameters<Answer>) => Promise.resolve().then(() => answer(...args)) },
    }) as unknown as Window;
  const locked = window(1, () => {
    throw new SparkError({ code: 'internal', message: 'The keyring is locked.' });
  });
  const withStorage = (id: number, storage: Map<string, string>) =>
    window(id, (method, { key, value = '' }) => {
      if (method === 'secrets/get') return storage.get(key) ?? null;
      if (method === 'secrets/store') storage.set(key, value);
      else storage.delete(key);
      return null;
    });

  it('is asked through another window when one cannot reach it', async () => {
    const storage = new Map([['password:c1', 'pw']]);
    const keychain = keychainOf({ all: [locked, withStorage(2, storage)] }, log);
    assert.equal((await keychain.get('password:c1'))?.reveal(), 'pw');
    assert.equal(await keychain.get('password:c2'), undefined);
    await keychain.store('password:c2', new Secret('other'));
    assert.equal(storage.get('password:c2'), 'other');
    await keychain.delete('password:c1');
    assert.equal(storage.has('password:c1'), false);
  });

  it('keeps nobody from logging in when it is locked', async () => {
    const keychain = keychainOf({ all: [locked] }, log);
    assert.equal(await keychain.get('password:c1'), undefined);
    await keychain.store('password:c1', new Secret('hunter2'));
    assert.ok(lines.some(line => line.includes('locked')));
    assert.equal(lines.join().includes('hunter2'), false);
  });

  it('does not say that a secret is forgotten when it may still be there', async () => {
    for (const all of [[], [locked]]) {
      await assert.rejects(keychainOf({ all }, log).delete('password:c1'), (error: unknown) => SparkError.is(error));
    }
  });

  it('forgets in every window', async () => {
    const storages = [new Map([['k', 'v']]), new Map([['k', 'v']])];
    const keychain = keychainOf({ all: storages.map((storage, id) => withStorage(id, storage)) }, log);
    await keychain.delete('k');
    assert.deepEqual(
      storages.map(storage => storage.size),
      [0, 0],
    );
  });
});
