import * as vscode from 'vscode';
import { parseChain } from '../../chainFile/parseChain.js';
import type { EngineClient } from '../engineClient.js';
import { withoutLinks } from '../plainText.js';

const WAYS = { local: 'Run Locally', dgx: 'Run on DGX' } as const;
/** Where a chain can be run instead of where it was to run. */
export type OtherWay = keyof typeof WAYS;

/** Asks what to do about an Ollama that cannot run a chain: one of `remedies`, or running the chain elsewhere. */
export async function askWhatToDo<Remedy extends string>(
  message: string,
  detail: string,
  remedies: readonly Remedy[],
  ways: readonly OtherWay[],
): Promise<Remedy | OtherWay | undefined> {
  const buttons = [...remedies, ...ways.map(way => WAYS[way])];
  const chosen = await vscode.window.showWarningMessage(withoutLinks(message), { modal: true, detail }, ...buttons);
  return remedies.find(remedy => remedy === chosen) ?? ways.find(way => WAYS[way] === chosen);
}

/** Where else than at an endpoint a chain can be run now. */
export function otherWays(client: EngineClient, endpoint: string): OtherWay[] {
  const { connections, endpoint: published } = client.snapshot;
  const isConnected = connections.some(({ isActive, status }) => isActive && status.state === 'connected');
  const used = endpoint === 'auto' ? published.source : endpoint;
  const ways: OtherWay[] = [];
  if (used !== 'dgx' && isConnected) ways.push('dgx');
  if (used !== 'local') ways.push('local');
  return ways;
}

/** The endpoint that a chain names. */
export async function namedEndpoint(uri: vscode.Uri): Promise<string> {
  const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
  return parseChain(text).chain?.endpoint ?? 'auto';
}
