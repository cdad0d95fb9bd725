import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { findProjects } from '../../../src/engine/projects/findProjects.js';
import type { FileEntry, Folder } from '../../../src/shared/files.js';
import { SparkError } from '../../../src/shared/errors.js';

const HOME = '/home/nvidia';
const NEVER = new AbortController().signal;

/** A machine with these files; names that end with a slash are folders. */
function machine(paths: readonly string[], denied: readonly string[] = []) {
  const listed: string[] = [];
  const list = (path: string): Promise<Folder> => {
    listed.push(path);
    if (denied.includes(path))
      return Promise.reject(new SparkError({ code: 'fileDenied', message: 'It may not be read.' }));
    const names = new Map<string, FileEntry['kind']>();
    for (const whole of paths) {
      const inside = posix.relative(path, posix.join(HOME, whole));
      if (inside === '' || inside.startsWith('..')) continue;
      const [name = '', ...rest] = inside.split('/');
      names.set(name, rest.length > 0 || whole.endsWith('/') ? 'folder' : 'file');
    }
    const entries = [...names].map(([name, kind]) => ({ name, kind }) as FileEntry);
    return Promise.resolve({ path, entries, complete: true });
  };
  return { list, listed };
}

describe('looking for projects', () => {
  const find = async (paths: readonly string[], known: readonly string[] = [], denied: readonly string[] = []) =>
    (await findProjects(HOME, machine(paths, denied).list, new Set(known), NEVER)).map(
      ({ name, signs }) => `${name}: ${signs.join(', ')}`,
    );

  it('finds folders with a repository, a Python project or a compose file', async () => {
    const found = await find(['llama/.git/', 'llama/pyproject.toml', 'work/vision/compose.yml', 'music/song.mp3']);
    assert.deepEqual(found, ['llama: .git, pyproject.toml', 'vision: compose.yml']);
  });

  it('takes what is in a project for a part of it, and the home folder for none', async () => {
    assert.deepEqual(await find(['.git/', 'llama/.git/', 'llama/vendor/lib/.git/']), ['llama: .git']);
  });

  it('looks neither into what programs keep for themselves nor too deep', async () => {
    const paths = ['node_modules/x/.git/', '.cache/y/.git/', 'venv/z/pyproject.toml', 'a/b/c/.git/', 'a/b/d/e/.git/'];
    assert.deepEqual(await find(paths), ['c: .git']);
  });

  it('leaves out what is a project already, and passes over what may not be read', async () => {
    const paths = ['llama/.git/', 'vision/.git/', 'secret/x/.git/'];
    assert.deepEqual(await find(paths, [`${HOME}/llama`], [`${HOME}/secret`]), ['vision: .git']);
  });

  it('says so when the folder that it begins with cannot be read, and ends when it is cancelled', async () => {
    await assert.rejects(find([], [], [HOME]), error => SparkError.is(error, 'fileDenied'));
    const { list, listed } = machine(['llama/.git/']);
    const cancelled = findProjects(HOME, list, new Set(), AbortSignal.abort());
    await assert.rejects(cancelled, error => SparkError.is(error, 'cancelled'));
    assert.deepEqual(listed, []);
  });
});
