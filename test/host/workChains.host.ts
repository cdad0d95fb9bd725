import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ConnectionInput } from '../../src/shared/connection.js';
import { COMMANDS } from '../../src/vscode/contributionData.js';

interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly tokens: number;
  readonly seconds: number;
}

describe('Chains by commands with arguments', () => {
  let folder: string;
  let connectionId: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dgxs-host-'));
    await vscode.extensions.getExtension('dgx-spark.dgx-spark')!.activate();
    const spark = JSON.parse(readFileSync(join(homedir(), 'spark.json'), 'utf8')) as ConnectionInput;
    connectionId = await vscode.commands.executeCommand<string>(COMMANDS.addConnection, spark);
    await vscode.commands.executeCommand(COMMANDS.connect, connectionId);
  });
  after(async () => {
    await vscode.commands.executeCommand(COMMANDS.deleteConnection, connectionId);
    rmSync(folder, { recursive: true, force: true });
  });

  it('are made, run with a summary, and exported', async () => {
    const path = join(folder, 'sample.chain.json');
    assert.equal(await vscode.commands.executeCommand(COMMANDS.newChain, path), path);
    const options = { endpoint: 'dgx', first: 1 };
    const { passed, failed, tokens, seconds } = await vscode.commands.executeCommand<Summary>(
      COMMANDS.runChain,
      path,
      options,
    );
    assert.deepEqual([passed, failed], [1, 0]);
    assert.ok(tokens > 0 && seconds >= 0);
    const csv = join(folder, 'sample.csv');
    assert.equal(await vscode.commands.executeCommand(COMMANDS.exportChainResults, path, csv), 1);
    assert.match(readFileSync(csv, 'utf8'), /unified memory.*The Spark hums/s);
  });

  it('that are wrong are rejected with a code and the line', async () => {
    const path = join(folder, 'wrong.chain.yaml');
    writeFileSync(path, 'model: llama3.1:8b\nsteps:\n  - name: a\n    prompt: "{{steps.b}}"\n');
    await assert.rejects(async () => vscode.commands.executeCommand(COMMANDS.runChain, path), {
      code: 'chainInvalid',
      message: /wrong\.chain\.yaml, line 4: There is no step "b"/,
    });
  });
});
