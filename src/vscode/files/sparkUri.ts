import { posix } from 'node:path';
import * as vscode from 'vscode';
import { nameProblem } from '../../shared/files.js';

/** Scheme of the files of a Spark: `dgx-spark://<connection>/path`. */
export const SPARK_SCHEME = 'dgx-spark';

/** A file or folder of a Spark. */
export interface Place {
  readonly connectionId: string;
  /** Absolute. */
  readonly path: string;
}

export function uriOf({ connectionId, path }: Place): vscode.Uri {
  return vscode.Uri.from({ scheme: SPARK_SCHEME, authority: connectionId, path });
}

/** What a URI of ours names. Throws where it is none that could name a file. */
export function placeOf(uri: vscode.Uri): Place {
  const path = uri.path === '' ? '/' : uri.path;
  const names = path.split('/').filter(name => name !== '');
  if (uri.scheme !== SPARK_SCHEME || uri.authority === '' || names.some(name => nameProblem(name) !== undefined))
    throw vscode.FileSystemError.FileNotFound('This is no address of a file on a Spark.');
  return { connectionId: uri.authority, path };
}

/** The path of something in a folder. */
export function pathIn(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

export function folderOf(path: string): string {
  return posix.dirname(path);
}

/** The last part of a path; of the top folder the slash. */
export function nameOf(path: string): string {
  return posix.basename(path) || '/';
}

/** Whether a path is a folder's or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
