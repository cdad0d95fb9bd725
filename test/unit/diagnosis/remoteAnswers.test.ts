import assert from 'node:assert/strict';
import fc from 'fast-check';
import { listeningAddresses, reachedByLoopback } from '../../../src/engine/base/procNet.js';
import { readAnswers } from '../../../src/engine/diagnosis/remoteAnswers.js';

const MARK = 'f'.repeat(32);

describe('the answers of the script that looks around', () => {
  it('are told from everything else', () => {
    const output = [
      'Welcome to DGX Spark!',
      `${MARK} b host`,
      'spark-1a2b',
      '',
      `${MARK} e host 0`,
      'between',
      `${MARK} b gpu`,
      '  two',
      '',
      'lines  ',
      `${MARK} e gpu 9`,
      `${MARK} b disk`,
      'cut off',
    ].join('\n');
    assert.deepEqual(
      [...readAnswers(output, MARK)],
      [
        ['host', { text: 'spark-1a2b', status: 0 }],
        ['gpu', { text: 'two\n\nlines', status: 9 }],
        ['disk', { text: 'cut off', status: undefined }],
      ],
    );
  });

  it('are not forged by a part, a stranger, or twice', () => {
    const output = [
      `${MARK} b host`,
      `${'0'.repeat(32)} e host 0`,
      `${MARK} e gpu 0`,
      `${MARK} e host nonsense`,
      'a',
      `${MARK} e host 0`,
      `${MARK} b host`,
      'b',
      `${MARK} e host 1`,
      `${MARK} b unknown`,
      'c',
      `${MARK} e unknown 0`,
    ].join('\n');
    const answers = readAnswers(output, MARK);
    assert.equal(answers.size, 1);
    assert.equal(answers.get('host')?.status, 0);
    assert.equal(answers.get('host')?.text.endsWith('a'), true);
  });

  it('are limited in size, and never break the reader', () => {
    const long = readAnswers(`${MARK} b host\n${'x'.repeat(50_000)}\n${MARK} e host 0`, MARK);
    assert.equal(long.get('host')?.text.length, 8_000);
    const line = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom('b', 'e', 'x'), fc.constantFrom('host', 'gpu', 'no'), fc.string())
        .map(words => `${MARK} ${words.join(' ')}`),
    );
    fc.assert(
      fc.property(fc.array(line), lines => {
        for (const [part] of readAnswers(lines.join('\n'), MARK)) assert.match(part, /^(host|gpu)$/);
      }),
    );
  });
});

describe('addresses that programs listen on', () => {
  it('are read as the kernel prints them', () => {
    const lines = [
      '  sl  local_address rem_address   st',
      '   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000',
      '  12: 1401A8C0:2CAA 00000000:0000 0A 00000000:00000000',
      '   1: 00000000:2CAA 00000000:0000 0A',
      '   0: 00000000000000000000000000000000:2CAA 00000000000000000000000000000000:0000 0A',
      '   1: 00000000000000000000000001000000:2CAA 00000000000000000000000000000000:0000 0A',
      '   2: 0000000000000000FFFF00000100007F:2CAA 00000000000000000000000000000000:0000 0A',
      '   3: 000080FE00000000FF00FC020100FEFF:2CAA 00000000000000000000000000000000:0000 0A',
      '   3: 0100007F:2CAA 00000000:0000 0A again',
      'nonsense',
    ].join('\n');
    assert.deepEqual(listeningAddresses(lines), [
      ...['127.0.0.1', '192.168.1.20', '0.0.0.0', '::', '::1', '::ffff:127.0.0.1', 'fe80::2fc:ff:fffe:1'],
    ]);
  });

  it('are reached from the machine itself or not', () => {
    const reached = [['127.0.0.1'], ['0.0.0.0'], ['::'], ['192.168.1.20', '127.0.0.1'], ['::ffff:127.0.0.1']];
    const not = [[], ['192.168.1.20'], ['::1'], ['127.0.0.53']];
    assert.deepEqual([...reached, ...not].map(reachedByLoopback), [
      ...reached.map(() => true),
      ...not.map(() => false),
    ]);
  });
});
