import assert from 'node:assert/strict';
import { parseProxyJump } from '../../../../src/engine/ssh/config/jump.js';
import { ConfigFault } from '../../../../src/engine/ssh/config/problem.js';

const hop = (host: string, user?: string, port?: number) => ({ host, user, port });

describe('ProxyJump', () => {
  it('names the hosts in the order in which they are gone through', () => {
    assert.deepEqual(parseProxyJump('a,me@b:2022,you@c@d,[::1]:2,ssh://x%40y;p=1@e.:3/ # f'), [
      hop('a'),
      hop('b', 'me', 2022),
      hop('d', 'you@c'),
      hop('::1', undefined, 2),
      hop('e', 'x@y', 3),
    ]);
  });

  it('may be nothing', () => {
    assert.deepEqual(parseProxyJump('none'), []);
    assert.deepEqual(parseProxyJump('= NONE  # here'), []);
  });

  it('is refused where it does not say which host', () => {
    const bad = [
      '',
      ',',
      'a,',
      'a b',
      '@a',
      'a:0',
      'a:65536',
      'a:x',
      '::1',
      '[::1',
      '[]',
      'a/b',
      'ssh://',
      'ssh://a/b',
      'ssh://@a',
    ];
    for (const text of [
      ...bad,
      'ssh://[::1]',
      'ssh://%00@a',
      'ssh://%zz@a',
      'ssh://a..b',
      'ssh://-a',
      Array(17).fill('a').join(','),
    ])
      assert.throws(() => parseProxyJump(text), ConfigFault, text);
  });
});
