import * as vscode from 'vscode';
import { parseChain } from '../../chainFile/parseChain.js';
import { COMMANDS } from '../contributionData.js';
import type { ChainPlace } from './chainPlace.js';
import { isChain } from './chainProblems.js';

const FILES = { pattern: '**/*.chain.{yaml,yml,json}', scheme: 'file' };

/** Links above a chain that run it, and above each step that run it with what it needs. */
export function showChainLenses(): vscode.Disposable {
  return vscode.languages.registerCodeLensProvider(FILES, {
    provideCodeLenses: document => (isChain(document) ? lensesOf(document) : []),
  });
}

function lensesOf(document: vscode.TextDocument): vscode.CodeLens[] {
  const { raw, places } = parseChain(document.getText());
  const place: ChainPlace = { kind: 'chain', uri: document.uri.toString() };
  const lens = (offset: number, title: string, command: string, about: ChainPlace = place) => {
    const at = document.positionAt(offset);
    return new vscode.CodeLens(new vscode.Range(at, at), { title, command, arguments: [about] });
  };
  const first = document.getText().search(/\S/);
  if (first < 0) return [];
  return [
    lens(first, '$(play) Run', COMMANDS.runChain),
    lens(first, 'Run on DGX', COMMANDS.runChainOnDgx),
    lens(first, 'Run locally', COMMANDS.runChainLocally),
    lens(first, 'Run first 5 inputs', COMMANDS.runChainFirstInputs),
    lens(first, '$(table) Results', COMMANDS.showChainResults),
    ...stepNames(raw).map((step, index) =>
      lens(places.key(['steps', index]).start, '$(play) Run this step', COMMANDS.runChain, { ...place, step }),
    ),
  ];
}

/** Names of the steps as far as the file has them: it may be half written. */
function stepNames(raw: unknown): string[] {
  const steps: unknown = (raw as { steps?: unknown } | null | undefined)?.steps;
  if (!Array.isArray(steps)) return [];
  return steps.map(step => {
    const name: unknown = (step as { name?: unknown } | null)?.name;
    return typeof name === 'string' ? name : '';
  });
}
