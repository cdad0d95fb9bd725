import * as vscode from 'vscode';
import { parseChain } from '../../chainFile/parseChain.js';
import type { Problem } from '../../chainFile/problem.js';
import { CHAIN_FILE } from '../../shared/chains.js';
import { together, type Disposable } from '../emitter.js';
import { inputProblems } from './inputFile.js';

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
    if (!isChain(document)) return;
    const { version } = document;
    const parsed = parseChain(document.getText());
    const show = (more: readonly Problem[]) => {
      // of a text that has been changed or closed meanwhile there is other news, or none
      if (document.isClosed || document.version !== version) return;
      shown.set(
        document.uri,
        [...parsed.problems, ...more].map(problem => asDiagnostic(document, problem)),
      );
    };
    show([]);
    void inputProblems(document.uri, parsed).then(more => {
      if (more.length > 0) show(more);
    });
  };
  const checkAll = () => {
    vscode.workspace.textDocuments.forEach(check);
  };
  checkAll();
  return together(
    shown,
    vscode.workspace.onDidOpenTextDocument(check),
    // what is saved, made or removed may be an input file
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
        for (const timer of waiting.values()) clearTimeout(timer);
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
