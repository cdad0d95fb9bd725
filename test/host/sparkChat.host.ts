import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ConnectionInput } from '../../src/shared/connection.js';
import { COMMANDS } from '../../src/vscode/contributionData.js';

/** Of an answer, each some milliseconds after the one before. */
const PIECES = 40;
const VENDOR = 'dgx-spark';
type Said = Parameters<typeof vscode.LanguageModelChatMessage.User>[0];
const User = (said: Said) => vscode.LanguageModelChatMessage.User(said);
const Assistant = (calls: vscode.LanguageModelToolCallPart[]) => vscode.LanguageModelChatMessage.Assistant(calls);

/** A simulated Spark that whoever started the tests has made known to this user. */
function knownSpark(): ConnectionInput {
  return JSON.parse(readFileSync(join(homedir(), 'spark.json'), 'utf8')) as ConnectionInput;
}

describe('The models of a Spark in the chat of the editor', () => {
  let connectionId: string;
  let llama: vscode.LanguageModelChat;

  before(async () => {
    await vscode.extensions.getExtension('dgx-spark.dgx-spark')!.activate();
    connectionId = await vscode.commands.executeCommand<string>(COMMANDS.addConnection, knownSpark());
    await vscode.commands.executeCommand(COMMANDS.connect, connectionId);
  });
  after(async () => {
    await vscode.commands.executeCommand(COMMANDS.deleteConnection, connectionId);
  });

  const read = async (response: vscode.LanguageModelChatResponse): Promise<unknown[]> => {
    const parts = [];
    for await (const part of response.stream) parts.push(part);
    return parts;
  };
  const textOf = (parts: readonly unknown[]): string =>
    parts.map(part => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');

  it('are found, with their context sizes, without those that only embed', async () => {
    let models: vscode.LanguageModelChat[] = [];
    // the first reading of the memory may come after the models: the list is asked for until it knows
    while (!models.some(({ name }) => name === 'qwen3:235b (does not fit in memory)')) {
      await new Promise(done => setTimeout(done, 100));
      models = await vscode.lm.selectChatModels({ vendor: VENDOR });
    }
    const names = models.map(({ name }) => name);
    assert.ok(names.includes('llama3.1:8b'), names.join());
    assert.ok(!names.some(name => name.startsWith('nomic-embed-text')), names.join());
    llama = models.find(({ name }) => name === 'llama3.1:8b')!;
    assert.equal(llama.maxInputTokens, 131_072 - 16_384);
    assert.equal(llama.family, 'llama');
    assert.ok((await llama.countTokens('How long is this?')) > 2);
  });

  it('answer in parts', async () => {
    const parts = await read(await llama.sendRequest([User('Hello')], {}));
    assert.ok(parts.length >= 4);
    assert.match(textOf(parts), /^The Spark hums/);
  });

  it('call tools, and take what those answer', async () => {
    const tool: vscode.LanguageModelChatTool = {
      name: 'weather',
      description: 'The weather of a city',
      inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
    };
    const parts = await read(await llama.sendRequest([User('Oslo')], { tools: [tool] }));
    const call = parts.find(part => part instanceof vscode.LanguageModelToolCallPart);
    assert.deepEqual([call?.name, call?.input], ['weather', { city: 'Oslo' }]);
    const result = new vscode.LanguageModelToolResultPart(call!.callId, [new vscode.LanguageModelTextPart('snow')]);
    const answer = await llama.sendRequest([User('Oslo'), Assistant([call!]), User([result])], { tools: [tool] });
    assert.equal(textOf(await read(answer)), 'The tool says: snow');
  });

  it('stop when the request is cancelled', async () => {
    const stop = new vscode.CancellationTokenSource();
    const response = await llama.sendRequest([User('Hello')], {}, stop.token);
    let parts = 0;
    try {
      const stream = response.stream[Symbol.asyncIterator]();
      while (!(await stream.next()).done) {
        parts += 1;
        stop.cancel();
      }
    } catch {
      // some editors end the stream, others say that it was cancelled
    }
    assert.ok(parts > 0 && parts < PIECES, `${parts} parts`);
    // and answer the next one
    assert.match(textOf(await read(await llama.sendRequest([User('Hello')], {}))), /^The Spark hums/);
  });

  it('refuse to answer once their Spark is disconnected', async () => {
    await vscode.commands.executeCommand(COMMANDS.disconnect, connectionId);
    // the editor itself says that the model is gone, once it has heard that
    await assert.rejects(
      async () => read(await llama.sendRequest([User('Hello')], {})),
      (error: Error) =>
        error instanceof vscode.LanguageModelError || /not connected|Connect first|not found/i.test(error.message),
    );
  });
});
