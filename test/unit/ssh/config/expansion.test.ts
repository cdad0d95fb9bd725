import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  expandAll,
  expandEnvironment,
  expandTilde,
  expandTokens,
  tokensOf,
} from '../../../../src/engine/ssh/config/expansion.js';
import { ConfigFault } from '../../../../src/engine/ssh/config/problem.js';
import { isSafeHost, isSafeUser } from '../../../../src/engine/ssh/config/shellSafety.js';

const tokens = tokensOf({
  hostname: 'a.example',
  originalHost: 'a',
  port: 2022,
  user: 'me',
  keyAlias: 'alias',
  jumpHost: 'gate',
  local: { home: '/home/i', userName: 'i', uid: 1000, hostname: 'desk.example', platform: 'linux' },
});

describe('tokens, variables and ~', () => {
  it('are replaced by what they stand for', () => {
    const hash = createHash('sha1').update('desk.examplea.example2022megate').digest('hex');
    assert.equal(
      expandTokens('%%-%C-%d-%h-%i-%j-%k-%L-%l-%n-%p-%r-%u', tokens),
      `%-${hash}-/home/i-a.example-1000-gate-alias-desk-desk.example-a-2022-me-i`,
    );
    assert.equal(expandEnvironment('${A}${B}/$A/%h', { A: 'x', B: '' }), 'x/$A/%h');
  });

  it('are not looked for in what they stand for', () => {
    assert.equal(expandAll('%r${A}', { r: '${A}%r' }, { A: '%r${A}' }), '${A}%r%r${A}');
  });

  it('must stand for something', () => {
    for (const text of ['%q', '%', 'a%', '%toString', '%_'])
      assert.throws(() => expandTokens(text, tokens), ConfigFault, text);
    for (const text of ['${A', '${}', '${A}', '${toString}', '${__proto__}'])
      assert.throws(() => expandEnvironment(text, {}), ConfigFault, text);
  });

  it('leave everything else alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        const escaped = text.replaceAll('%', '%%').replaceAll('${', '$');
        assert.equal(expandAll(escaped, {}, {}), escaped.replaceAll('%%', '%'));
      }),
    );
  });

  it('find a home', () => {
    const unix = { home: '/home/i', userName: 'i', platform: 'linux' } as const;
    assert.equal(expandTilde('~/a//b', unix), '/home/i/a//b');
    assert.equal(expandTilde('~//a', unix), '/home/i/a');
    assert.equal(expandTilde('~', unix), '/home/i/');
    assert.equal(expandTilde('~i/a', unix), '/home/i/a');
    assert.equal(expandTilde('a/~', unix), 'a/~');
    assert.equal(expandTilde('~/a', { ...unix, home: '/' }), '/a');
    assert.throws(() => expandTilde('~you/a', unix), ConfigFault);
    assert.throws(() => expandTilde('~\\a', unix), ConfigFault);
    assert.equal(
      expandTilde('~\\.ssh\\a', { ...unix, home: 'C:\\Users\\i', platform: 'win32' }),
      'C:\\Users\\i\\.ssh\\a',
    );
  });
});

describe('names in a command', () => {
  it('mean nothing to a shell', () => {
    for (const host of ['spark', '10.0.0.1', 'fe80::1%eth0', '[::1]', 'a_b-c.example', 'größe'])
      assert.ok(isSafeHost(host), host);
    for (const char of `'"\`$\\;&<>|(){}, \t\n\0\x7f`) assert.ok(!isSafeHost(`a${char}b`), JSON.stringify(char));
    assert.ok(!isSafeHost('-oProxyCommand=a'));
    for (const user of ['me', 'CORP\\me', 'a b', 'host$', 'me@example', '']) assert.ok(isSafeUser(user), user);
    for (const user of ['-a', 'a\\', 'a -b', 'a;b', 'a`b`', 'a|b', 'a\nb', "a'b"]) assert.ok(!isSafeUser(user), user);
  });
});
