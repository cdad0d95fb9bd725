import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  fingerprint,
  formatEntry,
  hostEntryName,
  knownKeyTypes,
  lookUpHostKey,
  matchesHost,
  parseKnownHosts,
} from '../../../src/engine/ssh/knownHosts.js';
import { makeKey } from '../../support/sshd.js';

interface TestKey {
  /** `type base64` */
  line: string;
  blob: Buffer;
  path: string;
}

describe('known_hosts', function () {
  this.timeout(20_000);
  let folder: string;
  let one: TestKey;
  let two: TestKey;
  let ecdsa: TestKey;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'known-hosts-'));
    const make = (name: string, type: 'ed25519' | 'ecdsa'): TestKey => {
      const path = makeKey(join(folder, name), type);
      const [keyType = '', base64 = ''] = readFileSync(`${path}.pub`, 'utf8').split(' ');
      return { line: `${keyType} ${base64}`, blob: Buffer.from(base64, 'base64'), path };
    };
    one = make('one', 'ed25519');
    two = make('two', 'ed25519');
    ecdsa = make('ecdsa', 'ecdsa');
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  const judge = (text: string, host: string, key: TestKey, port = 22) =>
    lookUpHostKey(parseKnownHosts(text, 'file'), host, port, key.blob);
  const kindOf = (...args: Parameters<typeof judge>) => judge(...args).kind;

  it('prints fingerprints as ssh-keygen does', () => {
    const printed = execFileSync('ssh-keygen', ['-lf', `${one.path}.pub`]).toString();
    assert.equal(printed.split(' ')[1], fingerprint(one.blob));
  });

  it('knows a host by its name, in any case, and by no other', () => {
    const text = `spark,10.0.0.5 ${one.line} a comment\n`;
    assert.equal(kindOf(text, 'spark', one), 'known');
    assert.equal(kindOf(text, 'SPARK', one), 'known');
    assert.equal(kindOf(text, '10.0.0.5', one), 'known');
    assert.equal(kindOf(text, 'spark2', one), 'unknown');
  });

  it('takes any other key for a changed one, of whatever type, until it is listed too', () => {
    const text = `# comment\n\nspark ${one.line}\n`;
    assert.deepEqual(judge(text, 'spark', two), {
      kind: 'changed',
      known: [{ keyType: 'ssh-ed25519', fingerprint: fingerprint(one.blob), file: 'file', line: 3 }],
    });
    assert.equal(kindOf(text, 'spark', ecdsa), 'changed');
    assert.equal(kindOf(`${text}spark ${two.line}\n`, 'spark', two), 'known');
  });

  it('keeps ports apart, yet knows a host on another port by its bare name and the same key', () => {
    assert.equal(kindOf(`[spark]:2222 ${one.line}`, 'spark', one, 2222), 'known');
    assert.equal(kindOf(`[spark]:2222 ${one.line}`, 'spark', one, 22), 'unknown');
    assert.equal(kindOf(`spark ${one.line}`, 'spark', one, 2222), 'known');
    assert.equal(kindOf(`spark ${one.line}`, 'spark', two, 2222), 'unknown');
    assert.equal(kindOf(`[::1]:2222 ${one.line}`, '::1', one, 2222), 'known');
  });

  it('refuses a revoked key wherever it is listed, and no other', () => {
    const text = `spark ${one.line}\n@revoked * ${one.line}\n`;
    assert.deepEqual(judge(text, 'spark', one), {
      kind: 'revoked',
      by: { keyType: 'ssh-ed25519', fingerprint: fingerprint(one.blob), file: 'file', line: 2 },
    });
    assert.equal(kindOf(`@revoked * ${one.line}\nspark ${two.line}`, 'spark', two), 'known');
    assert.equal(kindOf(`@revoked other ${one.line}`, 'spark', one), 'unknown');
    assert.equal(kindOf(`@revoked spark ${one.line}`, 'spark', one, 2222), 'revoked');
  });

  it('does not take a certificate authority for the key of a host', () => {
    assert.equal(kindOf(`@cert-authority * ${one.line}`, 'spark', one), 'unknown');
    assert.equal(kindOf(`@cert-authority * ${one.line}`, 'spark', two), 'unknown');
  });

  it('passes over lines that cannot be read', () => {
    const damaged = [
      'spark',
      'spark ssh-ed25519',
      `spark ssh-rsa ${one.line.split(' ')[1]!}`,
      'spark 2048 35 1234',
      `@other spark ${one.line}`,
    ];
    assert.deepEqual(parseKnownHosts(damaged.join('\n'), 'file'), []);
    assert.equal(kindOf(`${damaged.join('\r\n')}\r\nspark ${one.line}\r\n`, 'spark', one), 'known');
  });

  it('matches wildcards, and lets an exclusion win wherever it stands', () => {
    assert.ok(matchesHost('*.lab.example', 'a.lab.example'));
    assert.ok(!matchesHost('*.lab.example', 'lab.example'));
    assert.ok(matchesHost('spark-??', 'spark-01'));
    assert.ok(!matchesHost('*,!spark-01', 'spark-01'));
    assert.ok(!matchesHost('!spark-01,*', 'spark-01'));
    assert.ok(!matchesHost('!spark-01', 'spark-02'));
    assert.ok(matchesHost('[*]:2222', '[spark]:2222'));
  });

  it('matches patterns of many stars in no time', () => {
    assert.ok(!matchesHost('*a'.repeat(200) + 'b', 'a'.repeat(255)));
  });

  it('finds the same lines as ssh-keygen -F, for any mixture of names and patterns', () => {
    const names = ['spark', 'spark-01', 'a.lab', 'b.lab', '10.0.0.5'];
    const item = fc.constantFrom(
      'spark',
      'SPARK',
      'spark-*',
      '*.lab',
      '!a.lab',
      '10.0.0.?',
      '[spark]:2222',
      '*',
      '!spark',
      's*k*',
    );
    const line = fc.array(item, { minLength: 1, maxLength: 4 }).map(items => `${items.join(',')} ${one.line}`);
    const file = join(folder, 'mixture');
    const found = (name: string) => {
      try {
        return [
          ...execFileSync('ssh-keygen', ['-f', file, '-F', name])
            .toString()
            .matchAll(/found: line (\d+)/g),
        ].map(match => Number(match[1]));
      } catch {
        return [];
      }
    };
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(...names, '[spark]:2222'),
        (lines, name) => {
          const text = `${lines.join('\n')}\n`;
          writeFileSync(file, text);
          const ours = parseKnownHosts(text, file).filter(entry => matchesHost(entry.hosts, name));
          assert.deepEqual(
            ours.map(entry => entry.line),
            found(name),
          );
        },
      ),
      { numRuns: 80 },
    );
  });

  it('reads what ssh-keygen -H has hashed', () => {
    const file = join(folder, 'hashed');
    writeFileSync(file, `spark ${one.line}\n[spark]:2222 ${two.line}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    const text = readFileSync(file, 'utf8');
    assert.match(text, /^\|1\|/);
    assert.equal(kindOf(text, 'spark', one), 'known');
    assert.equal(kindOf(text, 'spark', two, 2222), 'known');
    assert.equal(kindOf(text, 'other', one), 'unknown');
  });

  it('writes lines that ssh-keygen -F finds, plain and hashed', () => {
    const file = join(folder, 'written');
    for (const hashed of [false, true])
      for (const [host, port] of [
        ['spark.local', 22],
        ['Spark', 2222],
        ['fe80::1%eth0', 22],
        ['::1', 2222],
      ] as const) {
        writeFileSync(file, `${formatEntry(host, port, one.blob, hashed)}\n`);
        const found = execFileSync('ssh-keygen', ['-f', file, '-F', hostEntryName(host, port)]).toString();
        assert.ok(found.includes(one.line), `${host} ${port} ${hashed}`);
        assert.equal(kindOf(readFileSync(file, 'utf8'), host, one, port), 'known');
      }
  });

  it('never breaks on any text, and reads back what it writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), text => {
        lookUpHostKey(parseKnownHosts(text, 'file'), 'spark', 22, one.blob);
      }),
    );
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65535 }), fc.boolean(), (host, port, hashed) => {
        assert.equal(kindOf(formatEntry(host, port, one.blob, hashed), host, one, port), 'known');
      }),
    );
  });

  it('names the types by which a host is known, for the order of what is offered', () => {
    const entries = parseKnownHosts(
      `spark ${ecdsa.line}\n[spark]:2222 ${one.line}\n@revoked spark ${two.line}`,
      'file',
    );
    assert.deepEqual(knownKeyTypes(entries, 'spark', 22), ['ecdsa-sha2-nistp256']);
    assert.deepEqual(knownKeyTypes(entries, 'spark', 2222), ['ssh-ed25519']);
    assert.deepEqual(knownKeyTypes(entries, 'spark', 2200), ['ecdsa-sha2-nistp256']);
    assert.deepEqual(knownKeyTypes(entries, 'other', 22), []);
  });
});
