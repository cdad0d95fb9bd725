import assert from 'node:assert/strict';
import { blocksOf, joinLog, KEPT_BYTES, type LogPart, trimLog } from '../../webview/state/logText.js';

const part = (text: string, start = 0): LogPart => ({ bytes: new TextEncoder().encode(text), start, generation: '1' });
const linesOf = (log: LogPart) => blocksOf(log).flatMap(({ lines }) => lines);

describe('the text of a log', () => {
  it('has the lines of the file, whatever lies on the border of two blocks', () => {
    // two, three and four bytes a character, an empty line, and one that is longer than a block
    const lines = Array.from({ length: 900 }, (_, n) => `${n} ${'ä€😀'.repeat(n % 7)}`);
    lines.splice(300, 0, '', 'x'.repeat(20_000), '');
    const text = `${lines.join('\n')}\n`;
    assert.deepEqual(linesOf(part(text)), lines);
    assert.deepEqual(linesOf(part(text.slice(0, -1))), lines);
    assert.ok(blocksOf(part(text)).length > 3);
  });

  it('keeps its blocks when something is added, read backwards or let go of', () => {
    const text = Array.from({ length: 90_000 }, (_, n) => `line ${n}\n`).join('');
    const half = text.length / 2;
    const [early, late] = [part(text.slice(0, half)), part(text.slice(half), half)];
    const whole = joinLog(late, early);
    const all = blocksOf(whole);
    assert.deepEqual(blocksOf(part(text)), all);
    const at = new Map(all.map(block => [block.number, block.lines]));
    for (const less of [late, trimLog(whole)]) {
      // its first line may be the end of one
      const [, ...blocks] = blocksOf(less);
      assert.ok(blocks.length > 10);
      for (const { number, lines } of blocks) assert.deepEqual(lines, at.get(number));
    }
    assert.ok(trimLog(whole).bytes.length <= KEPT_BYTES);
  });

  it('leaves out the end of a line with which a piece begins', () => {
    assert.deepEqual(linesOf(part('end of one\nnext\n', 5)), ['next']);
    assert.deepEqual(linesOf(part('one without an end', 5)), ['one without an end']);
    assert.deepEqual(linesOf(part('end\n', 5)), []);
  });

  it('shows what a terminal would after a carriage return, and no escapes but colours', () => {
    assert.deepEqual(linesOf(part(' 1%\r 50%\r100%\n\u001b[2K\u001b[31mred\u001b[0m\u0007\n')), [
      '100%',
      '\u001b[31mred\u001b[0m',
    ]);
  });
});
