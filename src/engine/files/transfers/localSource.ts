import { type Dirent, type Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { SparkError } from '../../../shared/errors.js';
import { printable } from '../../base/remoteText.js';
import { inParallel } from '../../base/parallel.js';
import { PERMISSION_BITS } from '../stats.js';
import { MOST_FILES } from '../walk.js';
import { localProblem } from './localErrors.js';
import type { Source, SourceFile, SourceFolder } from './source.js';

/** Node has four threads for this; a few more keep them busy. */
const WIDTH = 16;

/**
 * What files and folders of this computer hold. A link to a file is taken for the file; a link to a folder is followed where it was chosen itself,
 * and left out below: it may lead in a circle or half the disk along.
 */
export async function readLocal(paths: readonly string[], signal: AbortSignal): Promise<Source> {
  const source: Source = { files: [], folders: [], problems: [] };
  const counter = { left: MOST_FILES };
  for (const path of paths) {
    throwIfCancelled(signal);
    const whole = resolve(path);
    try {
      const found = await stat(whole);
      if (found.isDirectory()) {
        const folder = emptyFolder(basename(whole), found);
        await fill(folder, await realpath(whole), source.problems, counter, signal);
        source.folders.push(folder);
      } else if (found.isFile()) source.files.push(asFile(basename(whole), whole, found));
      else source.problems.push(`${printable(whole, 300)} is no ordinary file.`);
    } catch (error) {
      if (SparkError.is(error)) throw error;
      source.problems.push(localProblem('read', whole, error));
    }
  }
  return source;
}

async function fill(
  top: SourceFolder,
  path: string,
  problems: string[],
  counter: { left: number },
  signal: AbortSignal,
): Promise<void> {
  let level = [{ folder: top, path }];
  while (level.length > 0) {
    const below: typeof level = [];
    await inParallel(level, WIDTH, async at => {
      throwIfCancelled(signal);
      let entries: Dirent[];
      try {
        entries = await readdir(at.path, { withFileTypes: true });
      } catch (error) {
        problems.push(localProblem('read', at.path, error));
        return;
      }
      counter.left -= entries.length;
      if (counter.left < 0)
        throw new SparkError({
          code: 'fileTooBig',
          message: `There are more than ${MOST_FILES} files to transfer.`,
          hint: 'Take a smaller folder.',
        });
      for (const entry of entries) {
        const inside = join(at.path, entry.name);
        try {
          if (entry.isDirectory()) {
            const folder = emptyFolder(entry.name, await lstat(inside));
            at.folder.folders.push(folder);
            below.push({ folder, path: inside });
          } else await addFile(at.folder.files, entry, inside, problems);
        } catch (error) {
          problems.push(localProblem('read', inside, error));
        }
      }
    });
    level = below;
  }
}

async function addFile(files: SourceFile[], entry: Dirent, path: string, problems: string[]): Promise<void> {
  const found = await stat(path);
  if (found.isFile()) files.push(asFile(entry.name, path, found));
  else if (entry.isSymbolicLink())
    problems.push(`${printable(path, 300)} is a link to a folder, which is not followed.`);
  else problems.push(`${printable(path, 300)} is no ordinary file.`);
}

function emptyFolder(name: string, { mode, mtimeMs }: Stats): SourceFolder {
  return { name, mode: mode & PERMISSION_BITS, mtime: mtimeMs / 1000, files: [], folders: [] };
}

function asFile(name: string, path: string, { size, mode, mtimeMs }: Stats): SourceFile {
  return { name, path, size, mode: mode & PERMISSION_BITS, mtime: mtimeMs / 1000 };
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
}
