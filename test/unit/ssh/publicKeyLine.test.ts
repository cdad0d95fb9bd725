import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readPublicKeyLine } from '../../../src/engine/ssh/publicKeyLine.js';
import { quote } from '../../../src/engine/ssh/quote.js';
import { SparkError } from '../../../src/shared/errors.js';

const BASE64 = 'AAAAC3NzaC1lZDI1NTE5AAAAIJ2qYKlEh4GgUwz1nFqT2mJm0M9tFq2o0Vq4cX1qk0aV';
const KEY = `ssh-ed25519 ${BASE64}`;

describe('the line of a public key', () => {
  it('is read with and without a comment', () => {
    assert.deepEqual(readPublicKeyLine(`${KEY}\n`), { type: 'ssh-ed25519', base64: BASE64, text: KEY });
    assert.equal(readPublicKeyLine(`  ${KEY}\tanna@laptop (2024) \r\n`).text, `${KEY} anna@laptop (2024)`);
    assert.equal(readPublicKeyLine(`${KEY} Zoë’s key`).text, `${KEY} Zoë_s key`);
  });

  it('is one line of one key, and nothing else is repeated in the message', () => {
    const wrong = [
      ...['', 'ssh-ed25519', KEY.replace('ssh-', ''), `ssh-rsa ${BASE64}`, `${KEY}\n${KEY}`, `restrict ${KEY}`],
      ...['-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET', `${KEY} ${'x'.repeat(20_000)}`, `ssh-ed25519 ${btoa('x')}`],
      ...[`ssh-ed25519 ${Buffer.from('\0\0\0\x0bssh-ed25519').toString('base64')}`],
      ...[`x-cert-v01@openssh.com ${Buffer.from('\0\0\0\x16x-cert-v01@openssh.com123').toString('base64')}`],
    ];
    for (const line of wrong)
      assert.throws(
        () => readPublicKeyLine(line),
        (error: unknown) => {
          assert.ok(SparkError.is(error, 'invalidInput'), line);
          assert.equal(error.message.includes('SECRET'), false);
          return true;
        },
      );
  });

  it('cannot surprise the shell that it is quoted for, be it csh or fish', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff)), units => {
        const comment = String.fromCharCode(...units).replace(/[\r\n]/g, '');
        const { text } = readPublicKeyLine(`${KEY} ${comment}`);
        assert.ok(text.startsWith(KEY));
        assert.match(quote([text]), /^'?[^'\\!\n\r\0]*'?$/);
      }),
    );
  });
});
