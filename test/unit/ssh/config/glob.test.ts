import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { glob } from '../../../../src/engine/ssh/config/glob.js';

describe('patterns of files', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'glob-'));
    for (const name of [
      'one/a.conf',
      'one/b.conf',
      'one/.c.conf',
      'two/a.conf',
      'two/[x]',
      'two/Upper',
      'my folder/d',
    ]) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), '');
    }
    symlinkSync(join(folder, 'nowhere'), join(folder, 'one', 'dangling'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const found = async (pattern: string, platform: NodeJS.Platform = 'linux') =>
    (await glob(`${folder}/${pattern}`, platform)).map(path => path.slice(folder.length + 1));

  const table: Record<string, string[]> = {
    'one/a.conf': ['one/a.conf'],
    'one/none': [],
    'one/*.conf': ['one/a.conf', 'one/b.conf'],
    'one/.*.conf': ['one/.c.conf'],
    'one/*': ['one/a.conf', 'one/b.conf', 'one/dangling'],
    '*/a.conf': ['one/a.conf', 'two/a.conf'],
    '*/?.conf': ['one/a.conf', 'one/b.conf', 'two/a.conf'],
    'one/[b-z].conf': ['one/b.conf'],
    'one/[!b].conf': ['one/a.conf'],
    'one/[^b].conf': ['one/a.conf'],
    'two/\\[x\\]': ['two/[x]'],
    'two/\\[?\\]': ['two/[x]'],
    'two/[]x[]x]': ['two/[x]'],
    'two/[[]x[]]': ['two/[x]'],
    'two/[x': [],
    'my folder/*': ['my folder/d'],
    'my\\ folder//d': ['my folder/d'],
    'one/a.conf/b': [],
    'none/*': [],
    'two/upper*': [],
  };
  for (const [pattern, names] of Object.entries(table))
    it(`${pattern} means ${names.length === 0 ? 'nothing' : names.join(', ')}`, async () => {
      assert.deepEqual(await found(pattern), names);
    });

  it('have other separators and no case on Windows', async () => {
    assert.deepEqual(await found('two\\upper*', 'win32'), ['two/Upper']);
    assert.deepEqual(await found('two\\a.conf', 'win32'), ['two/a.conf']);
  });
});
