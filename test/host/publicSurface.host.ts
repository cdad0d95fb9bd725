import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ConnectionView, SparkApi } from '../../src/api.js';
import { COMMANDS } from '../../src/vscode/contributionData.js';

/** A port on which nothing listens: port 1 needs rights that no test server has. */
const CLOSED_PORT = 1;

describe('The public surface, in a real extension host', () => {
  let api: SparkApi;

  before(async () => {
    const extension = vscode.extensions.getExtension<SparkApi>('dgx-spark.dgx-spark');
    assert.ok(extension, 'the packaged extension is installed');
    api = await extension.activate();
  });

  it('registers every command that its manifest declares', async () => {
    const extension = vscode.extensions.getExtension('dgx-spark.dgx-spark')!;
    const manifest = JSON.parse(readFileSync(join(extension.extensionPath, 'package.json'), 'utf8')) as {
      contributes: { commands: { command: string }[] };
    };
    const declared = manifest.contributes.commands.map(({ command }) => command);
    const registered = await vscode.commands.getCommands(true);
    assert.deepEqual(
      declared.filter(command => !registered.includes(command)),
      [],
    );
  });

  it('has no connection, no engine and the local Ollama to begin with', async () => {
    assert.equal(api.apiVersion, 1);
    assert.deepEqual(api.connections(), []);
    assert.equal(await api.engineInfo(), undefined);
    assert.equal(api.ollamaEndpoint, 'http://localhost:11434');
  });

  it('saves, changes and deletes a connection by commands with arguments', async () => {
    const added = nextConnections(api, connections => connections.length === 1);
    const id = await vscode.commands.executeCommand<string>(COMMANDS.addConnection, {
      name: 'Bench',
      hostname: '127.0.0.1',
      username: 'nobody',
      port: CLOSED_PORT,
    });
    const [bench] = await added;
    assert.equal(bench?.id, id);
    assert.equal(bench.authMethod, 'auto');
    assert.equal((await api.engineInfo())?.clients, 1);

    const renamed = nextConnections(api, connections => connections[0]?.name === 'Shelf');
    await vscode.commands.executeCommand(COMMANDS.editConnection, id, { name: 'Shelf' });
    await renamed;

    const deleted = nextConnections(api, connections => connections.length === 0);
    await vscode.commands.executeCommand(COMMANDS.deleteConnection, id);
    await deleted;
  });

  it('rejects wrong input and unreachable machines with a code', async () => {
    await assert.rejects(
      async () => vscode.commands.executeCommand(COMMANDS.addConnection, { name: '', hostname: 'x', username: 'y' }),
      { code: 'invalidInput' },
    );
    const id = await vscode.commands.executeCommand<string>(COMMANDS.addConnection, {
      name: 'Nobody home',
      hostname: '127.0.0.1',
      username: 'nobody',
      port: CLOSED_PORT,
    });
    await assert.rejects(async () => vscode.commands.executeCommand(COMMANDS.connect, id), {
      code: 'connectionRefused',
    });
    await vscode.commands.executeCommand(COMMANDS.deleteConnection, id);
  });
});

/** The next state of the saved connections that satisfies `wanted`, or the present one. */
async function nextConnections(
  api: SparkApi,
  wanted: (connections: readonly ConnectionView[]) => boolean,
): Promise<readonly ConnectionView[]> {
  if (wanted(api.connections())) return api.connections();
  return await new Promise(resolve => {
    const listening = api.onDidChangeConnections(connections => {
      if (!wanted(connections)) return;
      listening.dispose();
      resolve(connections);
    });
  });
}
