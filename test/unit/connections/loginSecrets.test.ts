import assert from 'node:assert/strict';
import { Secret } from '../../../src/engine/base/secret.js';
import { LoginSecrets } from '../../../src/engine/connections/loginSecrets.js';
import type { Keychain } from '../../../src/engine/server/keychain.js';

describe('the secrets of a connection', () => {
  let stored: Map<string, string>;
  let secrets: LoginSecrets;
  /** Keychains write when they get to it. */
  const settled = async () => await new Promise(resolve => setImmediate(resolve));

  beforeEach(() => {
    stored = new Map();
    const keychain: Keychain = {
      get: key => Promise.resolve(stored.has(key) ? new Secret(stored.get(key)!) : undefined),
      store: (key, secret) => Promise.resolve(void stored.set(key, secret.reveal())),
      delete: key => Promise.resolve(void stored.delete(key)),
    };
    secrets = new LoginSecrets('c1', keychain);
  });

  it('of jump hosts and several keys are kept apart, and all found again when everything is forgotten', async () => {
    secrets.enter({ kind: 'password' }, new Secret('own'), true);
    secrets.enter({ kind: 'password', about: 'me@gateway' }, new Secret('gateway'), true);
    secrets.enter({ kind: 'passphrase', about: '~/.ssh/other' }, new Secret('phrase'), true);
    secrets.loginSucceeded();
    await settled();
    secrets.forgetMemory();
    assert.equal((await secrets.find({ kind: 'password' }))?.reveal(), 'own');
    assert.equal((await secrets.find({ kind: 'password', about: 'me@gateway' }))?.reveal(), 'gateway');
    assert.equal((await secrets.find({ kind: 'passphrase', about: '~/.ssh/other' }))?.reveal(), 'phrase');
    await secrets.dropAll();
    assert.deepEqual([...stored], []);
  });

  it('that were entered go, while a private key stays where only they are to go', async () => {
    assert.equal(await secrets.keep({ kind: 'key' }, new Secret('PRIVATE KEY')), true);
    secrets.enter({ kind: 'password' }, new Secret('own'), true);
    secrets.loginSucceeded();
    await settled();
    await secrets.dropEntered();
    assert.deepEqual([...stored.values()], ['PRIVATE KEY']);
    await secrets.dropAll();
    assert.deepEqual([...stored], []);
  });

  it('are not said to be kept by a keychain that keeps nothing', async () => {
    const forgetful = new LoginSecrets('c1', {
      get: () => Promise.resolve(undefined),
      store: () => Promise.resolve(),
      delete: () => Promise.resolve(),
    });
    assert.equal(await forgetful.keep({ kind: 'key' }, new Secret('PRIVATE KEY')), false);
  });

  it('of another connection are not touched by a list that somebody tampered with', async () => {
    stored.set('password:c2', 'of another');
    stored.set('names:c1', JSON.stringify(['password:c2', 'password:c1:me@gateway']));
    await secrets.dropAll();
    assert.deepEqual([...stored], [['password:c2', 'of another']]);
  });
});
