import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeJournal, encodeEntry, type JournalEntry } from '../../../src/engine/store/journal.js';

const reading = fc.option(
  fc.double({ min: 0, max: 1e6, noNaN: true }).map(value => (Object.is(value, -0) ? 0 : value)),
);
const PLAIN = { noNullPrototype: true } as const;
const record: fc.Arbitrary<JournalEntry['record']> = fc.oneof(
  fc.record(
    {
      type: fc.constant('metrics' as const),
      connectionId: fc.uuid(),
      at: fc.nat(),
      rows: fc.array(
        fc.record(
          {
            gpu: fc.nat(7),
            utilization: reading,
            memoryUsedMb: reading,
            memoryTotalMb: reading,
            temperatureC: reading,
            powerW: reading,
          },
          PLAIN,
        ),
        { maxLength: 3 },
      ),
    },
    PLAIN,
  ),
  fc.record(
    {
      type: fc.constant('putConnection' as const),
      connection: fc.record(
        {
          id: fc.uuid(),
          name: fc.string({ unit: 'grapheme' }),
          hostname: fc.string(),
          username: fc.string(),
          port: fc.nat(65535),
          sshKeyPath: fc.option(fc.string({ unit: 'grapheme' })),
          authMethod: fc.constantFrom('key' as const, 'password' as const, 'auto' as const),
          sshConfigHost: fc.option(fc.string()),
          proxyJump: fc.option(fc.string()),
          addresses: fc.array(fc.string(), { maxLength: 3 }),
          keyStored: fc.boolean(),
          lastAddress: fc.option(fc.string()),
          ollamaHost: fc.option(fc.string()),
          ollamaPort: fc.option(fc.nat(65535)),
          isActive: fc.boolean(),
          wanted: fc.boolean(),
          lastConnectedAt: fc.option(fc.nat()),
          createdAt: fc.nat(),
          updatedAt: fc.nat(),
        },
        PLAIN,
      ),
    },
    PLAIN,
  ),
  fc.record({ type: fc.constant('deleteConnection' as const), id: fc.uuid() }, PLAIN),
);
const journal = fc
  .array(record, { maxLength: 8 })
  .map(records => records.map((each, index): JournalEntry => ({ generation: 'g', sequence: index + 1, record: each })));

const encode = (entries: readonly JournalEntry[]) => Buffer.from(entries.map(encodeEntry).join(''), 'utf8');

describe('journal', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(journal, entries => {
        const bytes = encode(entries);
        assert.deepEqual(decodeJournal(bytes), { entries, damagedLines: 0, length: bytes.length });
      }),
    );
  });

  it('cut anywhere gives a prefix, and says where it ends', () => {
    fc.assert(
      fc.property(journal, fc.double({ min: 0, max: 1, noNaN: true }), (entries, part) => {
        const bytes = encode(entries);
        const cut = decodeJournal(bytes.subarray(0, Math.floor(bytes.length * part)));
        assert.deepEqual(cut.entries, entries.slice(0, cut.entries.length));
        assert.equal(cut.length, encode(cut.entries).length);
        assert.equal(cut.damagedLines, 0);
      }),
    );
  });

  it('loses at most two entries to one changed byte, and invents none', () => {
    fc.assert(
      fc.property(journal, fc.nat(), fc.integer({ min: 1, max: 255 }), (entries, position, change) => {
        const bytes = encode(entries);
        fc.pre(bytes.length > 0);
        const index = position % bytes.length;
        bytes[index] = bytes[index]! ^ change;
        const { entries: read } = decodeJournal(bytes);
        assert.ok(read.length >= entries.length - 2);
        for (const entry of read) assert.deepEqual(entry, entries[entry.sequence - 1]);
      }),
    );
  });

  it('reads what follows a damaged line, and counts the line', () => {
    const entries = ['a', 'b', 'c'].map((id, index): JournalEntry => ({
      generation: 'g',
      sequence: index,
      record: { type: 'deleteConnection', id },
    }));
    const bytes = encode(entries);
    bytes[30] = bytes[30]! ^ 1;
    const read = decodeJournal(bytes);
    assert.deepEqual(read.entries, entries.slice(1));
    assert.equal(read.damagedLines, 1);
  });

  it('leaves out an entry of a kind it does not know', () => {
    const unknown = { generation: 'g', sequence: 1, record: { type: 'fromTheFuture' } } as unknown as JournalEntry;
    assert.deepEqual(decodeJournal(Buffer.from(encodeEntry(unknown))).entries, []);
  });
});
