import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Frame, FrameReader } from '../../../src/engine/metrics/frames.js';

const MARK = '0123456789abcdef0123456789abcdef';

function read(...chunks: (string | Buffer)[]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader(MARK, frame => frames.push(frame));
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return frames;
}

function line(text: string): string {
  return `\n${MARK} ${text}\n`;
}

describe('the answers of the remote sampler', () => {
  const output = (text: string) => ({ kind: 'block', name: 'xml', text, cut: false });

  it('are read between noise', () => {
    const text = `Welcome\n${line('M MemTotal: 5 kB;MemFree: 1 kB;')}noise${line('b xml')}<xml é>${line('e')}\nbye${line('a')}`;
    assert.deepEqual(read(text), [
      { kind: 'memory', looped: true, text: 'MemTotal: 5 kB;MemFree: 1 kB;' },
      output('<xml é>'),
      { kind: 'missing' },
    ]);
  });

  it('are the same wherever the bytes are cut', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'é', '😀', ' ', '\n', '\u0000', `\n${MARK}`, MARK.slice(0, 5)),
    });
    const frame = fc.oneof(
      fc.constant(line('m A: 1 kB;')),
      fc.constant(line('a')),
      fc.constant(`${MARK} a\n`),
      text.map(noise => `${noise}\n`),
      fc.tuple(text, fc.boolean()).map(([before, interrupted]) => {
        const middle = interrupted ? `${before}${line('m B: 2 kB;')}` : before;
        return `${line('b xml')}${middle}ü😀\n${MARK.slice(0, 9)}${line('e')}`;
      }),
    );
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (frames, sizes) => {
        const bytes = Buffer.from(frames.join(''));
        const chunks: Buffer[] = [];
        for (let from = 0, i = 0; from < bytes.length; i++) {
          const size = sizes[i % sizes.length]!;
          chunks.push(bytes.subarray(from, from + size));
          from += size;
        }
        assert.deepEqual(read(...chunks), read(bytes));
      }),
      { numRuns: 60 },
    );
  });

  it('are taken out of the middle of another output to the byte', () => {
    const [memory, answer] = read(`${line('b xml')}<gpu_ut${line('m A: 1 kB;')}il>5 %${line('e')}`);
    assert.equal(memory?.kind, 'memory');
    assert.deepEqual(answer, output('<gpu_util>5 %'));
  });

  it('are told apart when two programs print at once', () => {
    const text = `${line('b xml')}x\n\n${MARK} e\n${MARK} m A: 1 kB;\n${MARK} a\n`;
    assert.deepEqual(
      read(text).map(frame => frame.kind),
      ['block', 'memory', 'missing'],
    );
    assert.deepEqual(read(...text.split('\n').flatMap(part => [part, '\n'])), read(text));
  });

  it('of several lines are told apart from a document that comes at the same time', () => {
    const frames = read(
      `${line('b xml')}<gpu_ut${line('l Filesystem  1024-blocks')}${line('l /dev/vda 5 ')}${line('o disks')}il>${line('e')}`,
    );
    const text = 'Filesystem  1024-blocks\n/dev/vda 5 \n';
    assert.deepEqual(frames, [{ kind: 'block', name: 'disks', text, cut: false }, output('<gpu_util>')]);
    assert.deepEqual(read(line('o processes')), [{ kind: 'block', name: 'processes', text: '', cut: false }]);
  });

  it('begin anew when one was never finished', () => {
    assert.deepEqual(read(`${line('b xml')}half${line('b xml')}whole${line('e')}`), [output('whole')]);
  });

  it('are passed over when they are not understood', () => {
    const odd = [
      line('e'),
      line('z'),
      line(''),
      `${line('b what')}x${line('e')}`,
      `${line('l x')}${line('o what')}`,
      `\n${MARK}m`,
      `x${MARK} a\n`,
      line('__proto__'),
    ];
    assert.deepEqual(read('-', ...odd, line('a')), [{ kind: 'missing' }]);
  });

  it('stay bounded when an output does not end, and say so', () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'y');
    const [frame] = read(line('b xml'), ...Array.from({ length: 6 }, () => megabyte), line('e'));
    assert.ok(frame?.kind === 'block' && frame.cut);
    assert.equal(frame.text.length, 4 * 1024 * 1024);
  });

  it('stay bounded when a line does not end, and go on after it', () => {
    const frames = read(`\n${MARK} m `, ...Array.from({ length: 100 }, () => 'y'.repeat(1000)), line('a'));
    assert.deepEqual(frames, [{ kind: 'missing' }]);
  });
});
