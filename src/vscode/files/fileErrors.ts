import * as vscode from 'vscode';
import { SparkError } from '../../shared/errors.js';
import { sentences } from '../wording.js';

/** The editor's own kind of error, which it knows what to do about; the words are ours. */
export function asFileError(error: unknown): Error {
  if (error instanceof vscode.FileSystemError) return error;
  const info = SparkError.toInfo(error);
  const words = sentences(info);
  switch (info.code) {
    case 'fileNotFound':
    case 'fileName':
      return vscode.FileSystemError.FileNotFound(words);
    case 'fileExists':
      return vscode.FileSystemError.FileExists(words);
    case 'fileDenied':
      return vscode.FileSystemError.NoPermissions(words);
    case 'connectionLost':
    case 'notConnected':
    case 'notFound':
    case 'engineUnavailable':
      return vscode.FileSystemError.Unavailable(words);
    default:
      return new vscode.FileSystemError(words);
  }
}

/** Does something for the editor. */
export async function forEditor<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asFileError(error);
  }
}
