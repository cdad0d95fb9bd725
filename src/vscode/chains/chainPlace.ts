import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { CHAIN_FILE } from '../../shared/chains.js';
import { SparkError } from '../../shared/errors.js';

/** What a link in a chain hands to a command. */
export interface ChainPlace {
  readonly kind: 'chain';
  readonly uri: string;
  readonly step?: string;
}

/** The chain, and its step, that a button or a link is about; undefined for the one in the editor. */
export function pointedAt(first: unknown): { uri: vscode.Uri; step: string | undefined } | undefined {
  // a button in an editor's title hands over the file
  if (first instanceof vscode.Uri) return { uri: first, step: undefined };
  if (typeof first !== 'object' || first === null) return undefined;
  const { kind, uri, step } = first as Partial<Record<keyof ChainPlace, unknown>>;
  if (kind !== 'chain' || typeof uri !== 'string') return undefined;
  return { uri: vscode.Uri.parse(uri, true), step: typeof step === 'string' ? step : undefined };
}

/** The chain that is meant, saved. Throws when there is none. */
export async function savedChain(given: vscode.Uri | undefined): Promise<vscode.Uri> {
  const { activeTextEditor } = vscode.window;
  const document = given
    ? vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === given.toString())
    : activeTextEditor?.document;
  const uri = given ?? document?.uri;
  if (!uri || !CHAIN_FILE.test(uri.path))
    throw new SparkError({
      code: 'invalidInput',
      message: 'No chain is open.',
      hint: 'Open a file whose name ends with .chain.yaml or .chain.json.',
    });
  if (document?.isDirty && !(await document.save()))
    throw new SparkError({ code: 'cancelled', message: 'The chain was not saved.' });
  return chainUri(uri);
}

/** A chain by its path or address. Throws for what is no chain of this computer. */
export function chainUri(given: vscode.Uri | string): vscode.Uri {
  const isAddress = typeof given === 'string' && /^[a-z][\w+.-]+:\/\//i.test(given);
  const uri = typeof given !== 'string' ? given : isAddress ? vscode.Uri.parse(given, true) : vscode.Uri.file(given);
  if (uri.scheme === 'file' && CHAIN_FILE.test(uri.path)) return uri;
  throw new SparkError({
    code: 'invalidInput',
    message: 'A chain is a file of this computer whose name ends with .chain.yaml or .chain.json.',
  });
}

/** The folder that a chain may read from without asking. */
export function folderOf(uri: vscode.Uri): string {
  return vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath ?? dirname(uri.fsPath);
}
