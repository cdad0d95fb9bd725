import assert from 'node:assert/strict';
import { printable } from '../../../src/engine/base/remoteText.js';

describe('text from the other side', () => {
  it('becomes one printable line of limited length', () => {
    assert.equal(printable('a\r\nb\u001b[31mc\u202egnp\u0000'), 'a b [31mcgnp');
    assert.equal(printable('x'.repeat(500), 10), `${'x'.repeat(10)}…`);
  });
});
