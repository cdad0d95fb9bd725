import * as vscode from 'vscode';
import { parseChain } from '../../chainFile/parseChain.js';
import { CHAIN_FILE } from '../../shared/chains.js';
import { together, type Disposable } from '../emitter.js';

const TYPING_MS = 250;

/** Shows what is wrong with the chains that are open, each at its place. */
export function showChainProblems(): Disposable {
  const shown = vscode.languages.createDiagnosticCollection('dgxSpark.chains');
  const waiting = new Map<string, NodeJS.Timeout>();
  const forget = (document: vscode.TextDocument) => {
    const key = document.uri.toString();
    clearTimeout(waiting.get(key));
    waiting.delete(key);
  };
  const check = (document: vscode.TextDocument) => {
    forget(document);
    if (isChain(document)) shown.set(document.uri, problemsOf(document));
  };
  vscode.workspace.textDocuments.forEach(check);
  return together(
    shown,
    vscode.workspace.onDidOpenTextDocument(check),
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
        for (const timer of waiting.values()) clearTimeout(timer);
      },
    },
  );
}

/** Whether a document is a chain, by its name. */
export function isChain({ uri }: vscode.TextDocument): boolean {
  return CHAIN_FILE.test(uri.path) && (uri.scheme === 'file' || uri.scheme === 'untitled');
}

function problemsOf(document: vscode.TextDocument): vscode.Diagnostic[] {
  return parseChain(document.getText()).problems.map(({ start, end, severity, message }) => {
    const range = new vscode.Range(document.positionAt(start), document.positionAt(end));
    const { Error, Warning } = vscode.DiagnosticSeverity;
    const problem = new vscode.Diagnostic(range, message, severity === 'error' ? Error : Warning);
    problem.source = 'DGX Spark';
    return problem;
  });
}
