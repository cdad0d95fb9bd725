import * as v from 'valibot';
import * as vscode from 'vscode';
import { type Completion, completionsAt, explanationOf, referencesAt } from '../../chainFile/completions.js';
import { parseChain } from '../../chainFile/parseChain.js';
import { isObject } from '../../chainFile/json.js';
import { endpointChoiceSchema } from '../../shared/chains.js';
import type { EngineClient } from '../engineClient.js';

const FILES = { pattern: '**/*.chain.{yaml,yml,json}' };
const YAML_FILES = { pattern: '**/*.chain.{yaml,yml}' };
/** It shows the contributed schema in YAML files; twice would be once too often. */
const YAML_EXTENSION = 'redhat.vscode-yaml';

const KINDS = {
  field: vscode.CompletionItemKind.Property,
  value: vscode.CompletionItemKind.Value,
  reference: vscode.CompletionItemKind.Variable,
} as const;

/** Offers what can be written in a chain and explains what is: the editor itself knows no YAML. */
export function helpWritingChains(client: EngineClient): vscode.Disposable {
  const completions: vscode.CompletionItemProvider = {
    provideCompletionItems: async (document, position) => await itemsFor(document, position, client),
  };
  return vscode.Disposable.from(
    vscode.languages.registerCompletionItemProvider(FILES, completions, '{', '.', ' '),
    vscode.languages.registerHoverProvider(YAML_FILES, { provideHover: hoverFor }),
  );
}

async function itemsFor(
  document: vscode.TextDocument,
  position: vscode.Position,
  client: EngineClient,
): Promise<vscode.CompletionItem[]> {
  const text = document.getText();
  const offset = document.offsetAt(position);
  const parsed = parseChain(text);
  const isYaml = !/\.json$/i.test(document.uri.path);
  const found = referencesAt(text, offset, parsed) ?? (isYaml ? completionsAt(text, offset) : undefined);
  if (!found) return [];
  const range = new vscode.Range(document.positionAt(found.start), position);
  const isOurs = (item: Completion) => item.kind === 'reference' || !hasYamlExtension();
  const models = found.isModel ? await modelsFor(parsed.raw, client) : [];
  return [...found.items.filter(isOurs), ...models].map(({ kind, label, insert, about }) => {
    const item = new vscode.CompletionItem(label, KINDS[kind]);
    item.insertText = insert;
    item.range = range;
    if (about !== '') item.documentation = about;
    return item;
  });
}

function hasYamlExtension(): boolean {
  return vscode.extensions.getExtension(YAML_EXTENSION) !== undefined;
}

/** The models of the Ollama that the chain names; none while it does not answer. */
async function modelsFor(raw: unknown, client: EngineClient): Promise<Completion[]> {
  const named = v.safeParse(endpointChoiceSchema, isObject(raw) ? raw['endpoint'] : undefined);
  // an address that a file names is asked for nothing before the user runs the chain
  const endpoint = named.success && !named.output.includes(':') ? named.output : 'auto';
  try {
    const { models } = await client.request('chains/models', { endpoint });
    return models.map(label => ({
      kind: 'value',
      label,
      insert: /^[\w.-]+$/.test(label) ? label : `"${label}"`,
      about: '',
    }));
  } catch {
    return [];
  }
}

function hoverFor(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
  if (hasYamlExtension()) return undefined;
  const { path, onKey } = parseChain(document.getText()).places.pathAt(document.offsetAt(position));
  const text = onKey ? explanationOf(path) : undefined;
  if (text === undefined) return undefined;
  // a text, not markdown: it has braces and stars of its own
  return new vscode.Hover(new vscode.MarkdownString().appendText(text));
}
