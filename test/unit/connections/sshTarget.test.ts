import assert from 'node:assert/strict';
import { LoginSecrets } from '../../../src/engine/connections/loginSecrets.js';
import { targetOf } from '../../../src/engine/connections/sshTarget.js';
import { SparkError } from '../../../src/shared/errors.js';
import { savedConnection } from '../../support/connections.js';

describe('how to reach a saved connection', () => {
  const secrets = new LoginSecrets('c1', {
    get: () => Promise.resolve(undefined),
    store: () => Promise.resolve(),
    delete: () => Promise.resolve(),
  });
  const target = (changes: Parameters<typeof savedConnection>[0]) => targetOf(savedConnection(changes), secrets);

  it('is by what was entered, and leaves the usual port to the SSH config', () => {
    assert.deepEqual(target({}).ways, [{ host: 'spark.local', port: undefined, proxyJump: undefined }]);
    assert.deepEqual(target({ port: 2222, proxyJump: 'gateway' }).ways, [
      { host: 'spark.local', port: 2222, proxyJump: 'gateway' },
    ]);
    assert.equal(target({}).username, 'nvidia');
  });

  it('is by the alias alone where it follows the SSH config', () => {
    const followed = target({ sshConfigHost: 'spark', port: 2222, authMethod: 'auto' });
    assert.deepEqual(followed.ways, [{ host: 'spark', port: undefined, proxyJump: undefined }]);
    assert.equal(followed.username, undefined);
    assert.deepEqual(followed.login, { method: 'auto' });
  });

  it('has its other addresses after its own, without those that cannot be read', () => {
    const { ways } = target({ addresses: ['10.0.0.7', 'not an address', 'spark:2200 via me@gateway'] });
    assert.deepEqual(ways.slice(1), [
      { host: '10.0.0.7', port: undefined, proxyJump: undefined },
      { host: 'spark', port: 2200, proxyJump: 'me@gateway' },
    ]);
  });

  it('is with the key in the keychain once it is there, and needs a key where a key is to be used', () => {
    assert.deepEqual(target({ authMethod: 'key', sshKeyPath: '~/k' }).login, { method: 'key', keyPath: '~/k' });
    assert.equal(target({ authMethod: 'key', sshKeyPath: '~/k', keyStored: true }).login.method, 'storedKey');
    assert.throws(
      () => target({ authMethod: 'key', sshKeyPath: null }),
      (error: unknown) => SparkError.is(error, 'keyMissing'),
    );
  });
});
