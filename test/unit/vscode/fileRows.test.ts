import assert from 'node:assert/strict';
import type { FileEntry } from '../../../src/shared/files.js';
import {
  asFileRow,
  asFileRows,
  entryFacts,
  fileRowId,
  nameComplaint,
  permissions,
  rowsOf,
  shownName,
  sortEntries,
} from '../../../src/vscode/views/fileRows.js';

const entry = (name: string, changes: Partial<FileEntry> = {}): FileEntry => ({
  ...{ name, kind: 'file', size: 2048, mtime: 0, mode: 0o644 },
  ...changes,
});

describe('rows of the files view', () => {
  it('have folders and links to folders first, numbers by their value, hidden ones on demand', () => {
    const entries = [
      entry('file10'),
      entry('file9'),
      entry('to', { kind: 'link', target: 'folder' }),
      entry('.git', { kind: 'folder' }),
      entry('src', { kind: 'folder' }),
    ];
    const names = (showHidden: boolean) => sortEntries(entries, showHidden).map(({ name }) => name);
    assert.deepEqual(names(false), ['src', 'to', 'file9', 'file10']);
    assert.deepEqual(names(true), ['.git', 'src', 'to', 'file9', 'file10']);
  });

  it('are handed out by the page', () => {
    const entries = Array.from({ length: 2500 }, (_, index) => entry(`f${index}`));
    const rows = rowsOf('c1', { path: '/data', entries, complete: true }, { showHidden: false, most: 1000 });
    assert.equal(rows.length, 1001);
    assert.deepEqual(rows.at(-1), { kind: 'more', connectionId: 'c1', folder: '/data', left: 1500 });
  });

  it('give no path to what cannot be named', () => {
    const entries = [
      entry('a\uFFFD', { problem: 'encoding' }),
      entry('a\uFFFD', { problem: 'encoding' }),
      entry('a/b', { problem: 'separator' }),
    ];
    const rows = rowsOf('c1', { path: '/', entries, complete: true }, { showHidden: true, most: 10 });
    assert.ok(rows.every(({ kind }) => kind === 'unusable'));
    assert.equal(new Set(rows.map(fileRowId)).size, 3);
    assert.equal(asFileRow(rows[0]), undefined);
  });

  it('keep a name on its line and in its direction', () => {
    assert.equal(shownName('a\nb\u202Egnp.exe'), 'a␤b�gnp.exe');
  });

  it('say the facts in words', () => {
    assert.equal(permissions({ kind: 'folder', mode: 0o751 }), 'drwxr-x--x');
    const facts = entryFacts(entry('x', { kind: 'link', target: null }));
    assert.ok(facts.includes('A link that leads nowhere'));
    assert.ok(entryFacts(entry('x')).includes('2.0 KB'));
  });

  it('mean all that are selected, where the one that was clicked is among them', () => {
    const [a, b] = ['/a', '/b'].map(path => ({ kind: 'file', connectionId: 'c1', path }));
    assert.equal(asFileRows(a, [a, b]).length, 2);
    assert.deepEqual(asFileRows(a, [b]), [a]);
    assert.deepEqual(asFileRows('c1', undefined), []);
  });

  it('take a name only where it names one file', () => {
    for (const name of ['', '.', '..', 'a/b', 'a\0', 'ü'.repeat(128)]) assert.notEqual(nameComplaint(name), undefined);
    for (const name of ['a b', '-rf', '..x', 'x'.repeat(255)]) assert.equal(nameComplaint(name), undefined);
  });
});
