import * as vscode from 'vscode';
import { BIG_FILE_BYTES, type FileStat } from '../../shared/files.js';
import { withoutLinks } from '../plainText.js';
import { bytes } from '../wording.js';
import { nameOf, uriOf, type Place } from './sparkUri.js';

/** What is done instead of opening a big file. */
export type Download = (place: Place) => void;

/** Files over {@link BIG_FILE_BYTES} are opened only when the user has said so. */
export class BigFiles {
  /** Offered instead once it is there. */
  download: Download | undefined;
  private readonly allowed = new Set<string>();

  /** Throws where the user has to say first that it is meant; asks them, and opens the file when they do. */
  check(place: Place, { size }: Pick<FileStat, 'size'>): void {
    const uri = uriOf(place);
    if (size <= BIG_FILE_BYTES || this.allowed.has(uri.toString())) return;
    const words = `"${nameOf(place.path)}" has ${bytes(size)}.`;
    void this.ask(place, uri, words);
    throw vscode.FileSystemError.Unavailable(`${words} It is opened when you say that it is meant.`);
  }

  private async ask(place: Place, uri: vscode.Uri, words: string): Promise<void> {
    const [open, download] = ['Open Anyway', 'Download...'];
    const question = `${words} Opening it here takes a while and the memory of this computer.`;
    const chosen = await vscode.window.showWarningMessage(
      withoutLinks(question),
      open,
      ...(this.download ? [download] : []),
    );
    if (chosen === download) this.download?.(place);
    if (chosen !== open) return;
    this.allowed.add(uri.toString());
    await vscode.commands.executeCommand('vscode.open', uri);
  }
}
