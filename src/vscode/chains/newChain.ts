import { join } from 'node:path';
import * as vscode from 'vscode';
import { SparkError } from '../../shared/errors.js';
import type { EngineClient } from '../engineClient.js';

const FALLBACK_MODEL = 'llama3.1:8b';

/** Asks for a name, writes a chain to begin with and opens it; undefined when the user thought better of it. */
export async function makeChain(client: EngineClient): Promise<string | undefined> {
  const uri = await whereTo();
  if (!uri) return undefined;
  const path = await writeStarter(client, uri);
  await vscode.window.showTextDocument(uri, { preview: false });
  return path;
}

/** Writes a chain to begin with. Rejects when there is a file already. */
export async function writeStarter(client: EngineClient, uri: vscode.Uri): Promise<string> {
  if (await exists(uri))
    throw new SparkError({
      code: 'invalidInput',
      message: `${uri.fsPath} is there already.`,
      hint: 'Use another name.',
    });
  const model = await installedModel(client);
  await vscode.workspace.fs.writeFile(uri, Buffer.from(/\.json$/i.test(uri.path) ? asJson(model) : asYaml(model)));
  return uri.fsPath;
}

async function whereTo(): Promise<vscode.Uri | undefined> {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  const [folder] = folders;
  if (!folder || folders.length > 1) {
    const saved = await vscode.window.showSaveDialog({ title: 'New Chain', filters: { Chain: ['chain.yaml'] } });
    return saved && withEnding(saved);
  }
  const name = await vscode.window.showInputBox({
    ...{ title: 'New Chain', prompt: 'Name of the file, without its ending', value: 'my-first' },
    validateInput: async value => {
      if (!/^[\w][\w .-]*$/.test(value.trim())) return 'A name has letters, digits, dots, dashes and spaces.';
      const isTaken = await exists(withEnding(vscode.Uri.file(join(folder.uri.fsPath, value.trim()))));
      return isTaken ? 'There is such a chain already.' : undefined;
    },
  });
  return name === undefined ? undefined : withEnding(vscode.Uri.file(join(folder.uri.fsPath, name.trim())));
}

function withEnding(uri: vscode.Uri): vscode.Uri {
  if (/\.chain\.(ya?ml|json)$/i.test(uri.path)) return uri;
  return uri.with({ path: `${uri.path.replace(/\.(chain|ya?ml)$/i, '')}.chain.yaml` });
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  return await vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}

/** A model that the Ollama in use has, so that the starter runs as it is. */
async function installedModel(client: EngineClient): Promise<string> {
  try {
    const { models } = await client.request('chains/models', { endpoint: 'auto' });
    return models.find(name => !/embed|bge|minilm/i.test(name)) ?? FALLBACK_MODEL;
  } catch {
    // no Ollama answers now; the file says what to change
    return FALLBACK_MODEL;
  }
}

function asYaml(model: string): string {
  return `# A chain asks a model its steps for each input. Run it with the links above, or from the palette.
provider: ollama
endpoint: auto # auto, local, dgx, or an address such as http://spark.local:11434
model: ${JSON.stringify(model)}
system: You write for busy readers.

# a list, or "file: topics.csv", "product:" with lists, or "generate:" with a prompt that makes them
inputs:
  - topic: unified memory
    audience: data scientists
  - topic: SSH tunnels
    audience: students
  - topic: local language models
    audience: managers

steps:
  - name: draft
    prompt: Explain {{input.topic}} to {{input.audience}} in one paragraph.
    checks:
      - length: { max: 150, unit: words }
    retries: 1 # asked again, with the reason, when a check fails

  - name: title
    prompt: |-
      Give this text a title of at most eight words, and nothing else.

      {{steps.draft}}
    checks:
      - length: { max: 12, unit: words }

outputs:
  text: "{{steps.title}}: {{steps.draft}}"
`;
}

function asJson(model: string): string {
  const chain = {
    provider: 'ollama',
    endpoint: 'auto',
    model,
    inputs: [{ topic: 'unified memory' }, { topic: 'SSH tunnels' }],
    steps: [
      {
        name: 'draft',
        prompt: 'Explain {{input.topic}} in one paragraph.',
        checks: [{ length: { max: 150, unit: 'words' } }],
        retries: 1,
      },
      { name: 'title', prompt: 'Give this text a title, and nothing else.\n\n{{steps.draft}}' },
    ],
    outputs: { text: '{{steps.title}}: {{steps.draft}}' },
  };
  return `${JSON.stringify(chain, null, 2)}\n`;
}
