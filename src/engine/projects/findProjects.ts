import type { Folder } from '../../shared/files.js';
import type { FoundProject } from '../../shared/projects.js';
import { SparkError } from '../../shared/errors.js';
import { inParallel } from '../base/parallel.js';

/** What a folder with one of these in it is likely to be a project by. */
const SIGNS: ReadonlySet<string> = new Set([
  '.git',
  'pyproject.toml',
  'docker-compose.yml',
  'docker-compose.yaml',
  'compose.yml',
  'compose.yaml',
]);
/** Folders in which others keep what they need; nobody's project is there. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'node_modules',
  '__pycache__',
  'venv',
  'env',
  'site-packages',
  'snap',
  'go',
]);
/** Folders below the one that is begun with. */
const DEPTH = 3;
/** Enough for any home folder that a person keeps in order. */
const MOST_FOLDERS = 500;
const WIDTH = 8;

/** What is in a folder of the Spark. */
export type ListFolder = (path: string) => Promise<Folder>;

/** Looks for folders that look like projects; those in a project are part of it. @param known paths of those that are projects already */
export async function findProjects(
  top: string,
  list: ListFolder,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<FoundProject[]> {
  const found: FoundProject[] = [];
  let level = [top];
  let looked = 0;
  for (let depth = 0; depth <= DEPTH && level.length > 0; depth++) {
    const below: string[] = [];
    const now = level.slice(0, Math.max(0, MOST_FOLDERS - looked));
    looked += now.length;
    await inParallel(now, WIDTH, async path => {
      if (signal.aborted) throw new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
      const folder = await listQuietly(list, path, depth === 0);
      const signs = folder.entries.filter(({ name }) => SIGNS.has(name)).map(({ name }) => name);
      // a home folder that is a repository (dotfiles) is no project
      if (signs.length > 0 && depth > 0) {
        const remotePath = folder.path;
        if (!known.has(remotePath))
          found.push({ name: remotePath.slice(remotePath.lastIndexOf('/') + 1), remotePath, signs: signs.sort() });
        return;
      }
      for (const { name, kind, problem } of folder.entries)
        if (kind === 'folder' && problem === undefined && !name.startsWith('.') && !PASSED_OVER.has(name))
          below.push(`${folder.path === '/' ? '' : folder.path}/${name}`);
    });
    level = below.sort();
  }
  return found.sort((one, other) => one.remotePath.localeCompare(other.remotePath));
}

/** A folder that may not be read has nothing in it for us. */
async function listQuietly(list: ListFolder, path: string, isTop: boolean): Promise<Folder> {
  try {
    return await list(path);
  } catch (error) {
    if (isTop || (!SparkError.is(error, 'fileDenied') && !SparkError.is(error, 'fileNotFound'))) throw error;
    return { path, entries: [], complete: true };
  }
}
