import assert from 'node:assert/strict';
import fc from 'fast-check';
import { escapeMarkdown, withoutIcons, withoutIconsAndLinks, withoutLinks } from '../../../src/vscode/plainText.js';

describe('text that others wrote', () => {
  it('cannot become markdown: every punctuation mark is escaped', () => {
    assert.equal(
      escapeMarkdown('[x](command:evil) <img src=x> a@b.c'),
      String.raw`\[x\]\(command\:evil\) \<img src\=x\> a\@b\.c`,
    );
    fc.assert(
      fc.property(fc.string(), text => {
        const bare = escapeMarkdown(text).replace(/\\[!-/:-@[-`{-~]/g, '');
        assert.doesNotMatch(bare, /[!-/:-@[-`{-~]/);
      }),
    );
  });

  it('cannot become a link in a notification', () => {
    const shown = withoutLinks('Banner: [click](command:workbench.action.terminal.new)');
    assert.doesNotMatch(shown, /\]\(/);
    assert.match(shown, /click/);
  });

  it('cannot become a link or an icon in the prompt of an input box', () => {
    const shown = withoutIconsAndLinks('[click](command:workbench.action.terminal.new) $(pass-filled)');
    assert.doesNotMatch(shown, /\]\(|\$\(/);
  });

  it('cannot become an icon in a label', () => {
    assert.doesNotMatch(withoutIcons('$(pass-filled) trusted'), /\$\(/);
  });

  it('cannot break the line or turn its direction', () => {
    for (const plain of [escapeMarkdown, withoutIcons, withoutLinks, withoutIconsAndLinks])
      assert.doesNotMatch(plain('a\n\rb\u202ec\u2028d\u0000e'), /[\p{Cc}\u2028\u202e]/u);
  });

  it('is cut where a machine talks without end', () => {
    assert.ok(withoutLinks('x'.repeat(100_000)).length < 1100);
  });
});
