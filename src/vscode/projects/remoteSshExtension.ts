import * as vscode from 'vscode';
import { REMOTE_SSH_EXTENSIONS, type RemoteSshExtension } from './remoteSsh.js';

/** The extension that opens windows over SSH; undefined where there is none. */
export function remoteSshExtension(): RemoteSshExtension | undefined {
  return REMOTE_SSH_EXTENSIONS.find(id => vscode.extensions.getExtension(id) !== undefined);
}
