import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as v from 'valibot';
import {
  parseHostAddress,
  parseJumps,
  parseWay,
  proxyJumpSchema,
  sshConfigHostSchema,
  waySchema,
} from '../../../src/shared/address.js';

describe('addresses as a user writes them', () => {
  it('name a host, with a user and a port where they are given', () => {
    const cases: [string, string | undefined, string, number | undefined][] = [
      ['spark', undefined, 'spark', undefined],
      ['spark.local:2222', undefined, 'spark.local', 2222],
      ['me@spark', 'me', 'spark', undefined],
      ['me@10.0.0.7:22', 'me', '10.0.0.7', 22],
      ['fe80::1%eth0', undefined, 'fe80::1%eth0', undefined],
      ['[fe80::1]:2222', undefined, 'fe80::1', 2222],
      ['domain\\me@spark', 'domain\\me', 'spark', undefined],
    ];
    for (const [text, username, hostname, port] of cases)
      assert.deepEqual(parseHostAddress(text), { username, hostname, port }, text);
  });

  it('are none when a program could take them for something else', () => {
    for (const text of ['', '-oProxyCommand=x', 'me@', '@spark', 'spark:0', 'spark:65536', 'a b', 'a;b', '[::1', 'a:b'])
      assert.equal(parseHostAddress(text), null, text);
  });

  it('may go through others', () => {
    assert.deepEqual(parseWay('10.0.0.7'), { hostname: '10.0.0.7', port: undefined, proxyJump: undefined });
    assert.deepEqual(parseWay(' spark:2222  via me@gateway, inner '), {
      hostname: 'spark',
      port: 2222,
      proxyJump: 'me@gateway, inner',
    });
    assert.equal(parseWay('me@spark'), null, 'the user is the connection’s own');
    assert.equal(parseWay('spark via'), null);
    assert.equal(parseWay('spark via -x'), null);
    assert.equal(parseJumps('a,b,c')?.length, 3);
    assert.equal(parseJumps(Array.from({ length: 9 }, () => 'a').join()), null);
  });

  it('are refused by the schemas where they cannot be read, in words', () => {
    assert.equal(v.safeParse(proxyJumpSchema, 'not a host').success, false);
    assert.equal(v.safeParse(proxyJumpSchema, '').success, true);
    assert.equal(v.safeParse(waySchema, 'spark via me@gateway').success, true);
    for (const alias of ['*', '!spark', 'a b', '-F', 'a"b'])
      assert.equal(v.safeParse(sshConfigHostSchema, alias).success, false, alias);
    assert.equal(v.safeParse(sshConfigHostSchema, 'spark-85e8.local').success, true);
  });

  it('never hold anything that is not theirs', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), text => {
        const parsed = parseHostAddress(text);
        if (parsed === null) return;
        assert.match(parsed.hostname, /^[A-Za-z0-9_:.][A-Za-z0-9_:.%-]*$/);
        assert.ok(text.includes(parsed.hostname));
      }),
    );
  });
});
