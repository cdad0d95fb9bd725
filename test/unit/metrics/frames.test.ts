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
  const output = (text: string, status = 0) => ({ kind: 'output', status, text, cut: false });

  it('are read between noise', () => {
    const text = `Welcome\n${line('m MemTotal: 5 kB;MemFree: 1 kB;')}noise${line('b')}<xml é>${line('e 9')}\nbye${line('n')}`;
    assert.deepEqual(read(text), [
      { kind: 'memory', text: 'MemTotal: 5 kB\nMemFree: 1 kB\n' },
      output('<xml é>', 9),
      { kind: 'missing' },
    ]);
  });

  it('are the same wherever the bytes are cut', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'é', '😀', ' ', '\n', '\u0000', `\n${MARK}`, MARK.slice(0, 5)),
    });
    const frame = fc.oneof(
      fc.constant(line('m A: 1 kB;')),
      fc.constant(line('n')),
      fc.constant(`${MARK} n\n`),
      text.map(noise => `${noise}\n`),
      fc.tuple(text, fc.nat(255), fc.boolean()).map(([before, status, interrupted]) => {
        const middle = interrupted ? `${before}${line('m B: 2 kB;')}` : before;
        return `${line('b')}${middle}ü😀\n${MARK.slice(0, 9)}${line(`e ${status}`)}`;
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
    const [memory, answer] = read(`${line('b')}<gpu_ut${line('m A: 1 kB;')}il>5 %${line('e 0')}`);
    assert.equal(memory?.kind, 'memory');
    assert.deepEqual(answer, output('<gpu_util>5 %'));
  });

  it('are told apart when two programs print at once', () => {
    const text = `${line('b')}x\n\n${MARK} e 0\n${MARK} m A: 1 kB;\n${MARK} n\n`;
    assert.deepEqual(
      read(text).map(frame => frame.kind),
      ['output', 'memory', 'missing'],
    );
    assert.deepEqual(read(...text.split('\n').flatMap(part => [part, '\n'])), read(text));
  });

  it('begin anew when one was never finished', () => {
    assert.deepEqual(read(`${line('b')}half${line('b')}whole${line('e 0')}`), [output('whole')]);
  });

  it('are passed over when they are not understood', () => {
    const odd = [line('e 0'), line('z'), line(''), `${line('b')}x${line('e zero')}`, `\n${MARK}m`, `x${MARK} n\n`];
    assert.deepEqual(read('-', ...odd, line('n')), [{ kind: 'missing' }]);
  });

  it('stay bounded when an output does not end, and say so', () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'y');
    const [frame] = read(line('b'), ...Array.from({ length: 6 }, () => megabyte), line('e 0'));
    assert.ok(frame?.kind === 'output' && frame.cut);
    assert.equal(frame.text.length, 4 * 1024 * 1024);
  });

  it('stay bounded when a line does not end, and go on after it', () => {
    const frames = read(`\n${MARK} m `, ...Array.from({ length: 100 }, () => 'y'.repeat(1000)), line('n'));
    assert.deepEqual(frames, [{ kind: 'missing' }]);
  });
});
