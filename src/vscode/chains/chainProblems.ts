import * as vscode from 'vscode';
import { type ParsedChain, parseChain } from '../../chainFile/parseChain.js';
import type { Problem } from '../../chainFile/problem.js';
import { CHAIN_FILE } from '../../shared/chains.js';
import { together, type Disposable } from '../emitter.js';
import { inputFilePath, inputProblems } from './inputFile.js';

const TYPING_MS = 250;
const INPUT_FILES = '**/*.{csv,tsv,jsonl,ndjson,txt}';

/** Shows what is wrong with the chains that are open, each at its place. */
export function showChainProblems(): Disposable {
  const shown = vscode.languages.createDiagnosticCollection('dgxSpark.chains');
  const waiting = new Map<string, NodeJS.Timeout>();
  /** The latest check of each chain: an earlier one may still read its input file. */
  const latest = new Map<string, ParsedChain>();
  const forget = (document: vscode.TextDocument) => {
    const key = document.uri.toString();
    clearTimeout(waiting.get(key));
    waiting.delete(key);
    latest.delete(key);
  };
  const check = (document: vscode.TextDocument) => {
    forget(document);
    if (!isChain(document)) return;
    const key = document.uri.toString();
    const parsed = parseChain(document.getText());
    latest.set(key, parsed);
    const show = (more: readonly Problem[]) => {
      // of a text that has been changed or closed meanwhile there is other news, or none
      if (latest.get(key) !== parsed) return;
      shown.set(
        document.uri,
        [...parsed.problems, ...more].map(problem => asDiagnostic(document, problem)),
      );
    };
    // shown once, so that what stays wrong does not blink; a chain with errors reads no file
    void inputProblems(document.uri, parsed).then(show, () => {
      show([]);
    });
  };
  const checkAll = () => {
    vscode.workspace.textDocuments.forEach(check);
  };
  checkAll();
  const inputs = vscode.workspace.createFileSystemWatcher(INPUT_FILES);
  let changedInputs: NodeJS.Timeout | undefined;
  const checkSoon = ({ fsPath }: vscode.Uri) => {
    // a log that grows all the time is nobody's input
    if (![...latest].some(([key, parsed]) => inputFilePath(vscode.Uri.parse(key), parsed) === fsPath)) return;
    clearTimeout(changedInputs);
    changedInputs = setTimeout(checkAll, TYPING_MS);
  };
  return together(
    shown,
    inputs,
    // also what another program writes
    inputs.onDidCreate(checkSoon),
    inputs.onDidChange(checkSoon),
    inputs.onDidDelete(checkSoon),
    vscode.workspace.onDidOpenTextDocument(check),
    // what is saved, made or removed may be an input file, whatever its name
    vscode.workspace.onDidSaveTextDocument(checkAll),
    vscode.workspace.onDidCreateFiles(checkAll),
    vscode.workspace.onDidRenameFiles(checkAll),
    vscode.workspace.onDidDeleteFiles(checkAll),
    vscode.workspace.onDidGrantWorkspaceTrust(checkAll),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (!isChain(document)) return;
      forget(document);
      const timer = setTimeout(() => {
        check(document);
      }, TYPING_MS);
      waiting.set(document.uri.toString(), timer);
    }),
    vscode.workspace.onDidCloseTextDocument(document => {
      forget(document);
      shown.delete(document.uri);
    }),
    {
      dispose: () => {
        for (const timer of [...waiting.values(), changedInputs]) clearTimeout(timer);
        latest.clear();
      },
    },
  );
}

/** Whether a document is a chain, by its name. */
export function isChain({ uri }: vscode.TextDocument): boolean {
  return CHAIN_FILE.test(uri.path) && (uri.scheme === 'file' || uri.scheme === 'untitled');
}

function asDiagnostic(document: vscode.TextDocument, { start, end, severity, message }: Problem): vscode.Diagnostic {
  const range = new vscode.Range(document.positionAt(start), document.positionAt(end));
  const { Error, Warning } = vscode.DiagnosticSeverity;
  const problem = new vscode.Diagnostic(range, message, severity === 'error' ? Error : Warning);
  problem.source = 'DGX Spark';
  return problem;
}
