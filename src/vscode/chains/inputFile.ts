import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import * as vscode from 'vscode';
import { inputFileOf, inputFileProblem, inputsFromText } from '../../chainFile/fileInputs.js';
import type { ParsedChain } from '../../chainFile/parseChain.js';
import type { Problem } from '../../chainFile/problem.js';

/** A bigger one is read when the chain is run, not at every other key. */
const LONGEST_BYTES = 4 * 1024 * 1024;

/** Where the input file of a chain is; undefined for a chain that has none. */
export function inputFilePath(uri: vscode.Uri, { chain }: ParsedChain): string | undefined {
  const name = chain && inputFileOf(chain);
  return name === undefined ? undefined : resolve(dirname(uri.fsPath), name);
}

/**
 * What is wrong with the input file of a chain, or with the fields that its templates ask for. Only a file in the folder of a workspace that is
 * trusted is looked at; what lies elsewhere is asked about when the chain is run.
 */
export async function inputProblems(uri: vscode.Uri, parsed: ParsedChain): Promise<readonly Problem[]> {
  const { chain, places } = parsed;
  const file = inputFilePath(uri, parsed);
  const folder = vscode.workspace.getWorkspaceFolder(uri)?.uri;
  if (!chain || file === undefined || folder?.scheme !== 'file' || !vscode.workspace.isTrusted) return [];
  if (!isWithin(folder.fsPath, file)) return [];
  const name = inputFileOf(chain) ?? file;
  let real: string;
  try {
    real = await realpath(file);
  } catch {
    return [inputFileProblem(`The file ${name} is not there.`, places)];
  }
  // a link may lead out of the folder
  if (!isWithin(await realpath(folder.fsPath), real)) return [];
  const text = await read(real).catch((error: unknown) => (error instanceof Error ? error : undefined));
  if (text instanceof Error) return [inputFileProblem(`The file ${name} cannot be read: ${text.message}.`, places)];
  if (text === undefined) return [];
  const found = inputsFromText(chain, text, places);
  return 'problems' in found ? found.problems : [];
}

/** The text of an ordinary file; undefined for one that is too big to be read here. */
async function read(file: string): Promise<string | undefined> {
  // opening a pipe must not wait for somebody to write
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error('it is no file');
    return stat.size > LONGEST_BYTES ? undefined : await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function isWithin(folder: string, file: string): boolean {
  const way = relative(folder, file);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
