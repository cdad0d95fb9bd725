import assert from 'node:assert/strict';
import { chooseAlgorithms, type CryptoAbilities, runningCrypto } from '../../../src/engine/ssh/algorithms.js';

const everything: CryptoAbilities = {
  ciphers: () => ['aes-128-gcm', 'aes-256-gcm', 'aes-128-ctr', 'aes-192-ctr', 'aes-256-ctr', 'chacha20'],
  hashes: () => ['sha1', 'sha256', 'sha512'],
  curves: () => ['prime256v1', 'secp384r1', 'secp521r1'],
  diffieHellmanGroup: () => true,
  x25519: () => true,
  ed25519: () => true,
};

describe('algorithms', () => {
  it('come fastest first, and chacha20 last', () => {
    const { cipher } = chooseAlgorithms({}, [], everything);
    assert.equal(cipher[0], 'aes128-gcm@openssh.com');
    assert.equal(cipher.at(-1), 'chacha20-poly1305@openssh.com');
  });

  it('leave out what the running crypto lacks', () => {
    const poor: CryptoAbilities = {
      ...everything,
      ciphers: () => ['aes-128-gcm', 'aes-256-ctr'],
      hashes: () => ['sha256'],
      curves: () => ['prime256v1'],
      diffieHellmanGroup: name => name === 'modp14',
      x25519: () => false,
      ed25519: () => false,
    };
    assert.deepEqual(chooseAlgorithms({}, [], poor), {
      kex: ['ecdh-sha2-nistp256', 'diffie-hellman-group-exchange-sha256', 'diffie-hellman-group14-sha256'],
      cipher: ['aes128-gcm@openssh.com', 'aes256-ctr'],
      hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-256'],
      serverHostKey: ['ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256'],
      compress: ['none'],
    });
  });

  it('ask first for the types of host key that are known', () => {
    assert.deepEqual(chooseAlgorithms({}, ['ssh-rsa'], everything).serverHostKey.slice(0, 3), [
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
    ]);
    assert.equal(chooseAlgorithms({}, ['ecdsa-sha2-nistp384'], everything).serverHostKey[0], 'ecdsa-sha2-nistp384');
  });

  it('are all there with the crypto of this Node', () => {
    assert.deepEqual(chooseAlgorithms({}, [], runningCrypto), chooseAlgorithms({}, [], everything));
  });
});
