import assert from 'node:assert/strict';
import type { ForwardView } from '../../../src/shared/forwards.js';
import type { InstalledModel, LoadedModel, ModelList, Pull } from '../../../src/shared/ollama.js';
import { ModelBook, type ModelPage } from '../../../src/vscode/models/modelBook.js';
import { modelCardText } from '../../../src/vscode/models/modelCardText.js';
import { bytesText, expiresText, healthText, pullText, roomText } from '../../../src/vscode/models/modelWords.js';
import { Emitter } from '../../../src/vscode/emitter.js';
import { rowId } from '../../../src/vscode/views/connectionRows.js';
import { forwardText, modelRows, modelsText, modelText } from '../../../src/vscode/views/modelRows.js';
import { connectionView, NOON } from './samples.js';

const GB = 1024 ** 3;

function installed(name: string, changes: Partial<InstalledModel> = {}): InstalledModel {
  return {
    ...{ name, digest: 'abc', bytes: 4.6 * GB, parameters: '8.0B', quantization: 'Q4_K_M', family: 'llama' },
    ...{ contextLength: 131_072, capabilities: ['completion'], changedAt: NOON, fit: 'yes' },
    needs: { weightsBytes: 4.6 * GB, contextBytes: null, contextTokens: null, totalBytes: 5 * GB, source: 'Its size.' },
    ...changes,
  };
}
const loaded: LoadedModel = { name: 'b', bytes: 6 * GB, contextLength: 32_768, expiresAt: NOON + 240_000 };

function listOf(changes: Partial<ModelList> = {}): ModelList {
  return { ...{ connectionId: 'c1', state: 'up', version: '0.12.6', installed: [], loaded: [] }, ...changes };
}

function pages(list: ModelList, pulls: Pull[] = []) {
  const page: ModelPage = { state: 'known', list };
  return {
    page: () => page,
    pulls: () => pulls,
    installed: (_id: string, name: string) => list.installed.find(model => model.name === name),
    loaded: (_id: string, name: string) => list.loaded.find(model => model.name === name),
  };
}

describe('rows of models', () => {
  it('stand with what is pulled first, then what is loaded', () => {
    const pull: Pull = {
      ...{ connectionId: 'c1', model: 'p', status: 'pulling' },
      completedBytes: null,
      totalBytes: null,
    };
    const list = listOf({ installed: [installed('a'), installed('b')], loaded: [loaded] });
    assert.deepEqual(modelRows('c1', pages(list, [pull])).map(rowId), ['pull:c1:p', 'model:c1:b', 'model:c1:a']);
    assert.equal(modelsText({ state: 'known', list }).description, '2 installed, 1 loaded');
  });

  it('say what a model is, what it holds, and that it will not fit', () => {
    const list = listOf({
      installed: [installed('a'), installed('b'), installed('c', { fit: 'no' })],
      loaded: [loaded],
    });
    const text = (name: string) => modelText('c1', name, pages(list), NOON);
    assert.equal(text('a').description, '4.6 GB · 8.0B parameters · Q4_K_M · 128k context');
    assert.equal(text('b').description, 'loaded · 6.0 GB · unloads in 4 min');
    assert.equal(text('b').contextValue, 'model;loaded');
    assert.match(text('c').description, /^does not fit in memory · /);
    assert.ok(text('c').warning);
  });

  it('offer what helps where there is no Ollama', () => {
    const error = { code: 'ollamaMissing', message: 'Ollama is not installed on spark-1.' } as const;
    const list = listOf({ state: 'missing', version: null, error, remedy: 'install it' });
    assert.deepEqual(modelRows('c1', pages(list)).map(rowId), ['remedy:c1']);
    assert.equal(modelsText({ state: 'known', list }).contextValue, 'models;missing');
    assert.ok(modelsText({ state: 'known', list }).warning);
  });

  it('say where a forward is and what it has carried', () => {
    const forward: ForwardView = {
      ...{ id: 'f', connectionId: 'c1', remoteHost: '127.0.0.1', remotePort: 8188, localPort: null, label: 'ComfyUI' },
      status: { state: 'open', localPort: 8189 },
    };
    assert.equal(forwardText(forward, undefined).description, 'localhost:8189');
    assert.equal(
      forwardText(forward, { id: 'f', openSockets: 2, bytesUp: 2048, bytesDown: 3 * 1024 * 1024 }).description,
      'localhost:8189 · 2 open · 3 MB received, 2 KB sent',
    );
    assert.equal(forwardText({ ...forward, status: { state: 'closed' } }, undefined).description, 'port 8188 · closed');
  });
});

describe('words about models', () => {
  it('round for people', () => {
    assert.deepEqual([bytesText(300), bytesText(5 * GB), bytesText(132 * GB)], ['1 KB', '5.0 GB', '132 GB']);
    assert.equal(expiresText(null, NOON), 'stays loaded');
    assert.equal(expiresText(NOON + 3 * 3_600_000, NOON), 'unloads in 3 h');
    const pull: Pull = { connectionId: 'c', model: 'm', status: 'pulling abc', completedBytes: GB, totalBytes: 3 * GB };
    assert.equal(pullText(pull), '33% of 3.0 GB · pulling abc');
    assert.equal(pullText({ ...pull, totalBytes: null }), 'pulling abc');
  });

  it('say how an Ollama does', () => {
    const up = { url: null, state: 'up', version: '0.12.6', latencyMs: 0.4, loaded: [loaded] } as const;
    assert.equal(healthText({ ...up, loaded: [loaded] }), 'Ollama 0.12.6 · 1 ms · loaded: b');
    assert.equal(
      healthText({ ...up, loaded: [], state: 'off', problem: 'spark-1 is not connected.' }),
      'spark-1 is not connected.',
    );
  });

  it('say how much room there is', () => {
    const check = { model: 'm', fit: 'no', needs: installed('m').needs, holders: [] } as const;
    assert.equal(
      roomText({ ...check, holders: [], pool: 'unified', totalBytes: 120 * GB, availableBytes: 71.2 * GB }),
      '71.2 GB of 120 GB available in the unified memory',
    );
  });

  it('make a card of what Ollama knows', () => {
    const card = {
      ...{ name: 'm', family: 'llama', parameters: '8.0B', quantization: null, contextLength: 8192 },
      ...{
        capabilities: ['completion'],
        settings: 'stop "x"',
        system: null,
        template: null,
        license: 'line\n'.repeat(100),
      },
    };
    const text = modelCardText(card);
    assert.match(text, /Context +8k tokens \(8192\)/);
    assert.match(text, /Quantisation +n\/a/);
    assert.match(text, /\(41 more lines\)/);
  });
});

describe('the book of models', () => {
  const connected = connectionView({}, { state: 'connected' });
  let asked: number;
  let answer: () => Promise<ModelList>;
  let now: number;
  let book: ModelBook;
  const emitters = () => ({
    changed: new Emitter<void>(),
    models: new Emitter<string>(),
    pull: new Emitter<readonly Pull[]>(),
  });
  let events: ReturnType<typeof emitters>;
  let connections: (typeof connected)[];

  beforeEach(() => {
    asked = 0;
    now = NOON;
    answer = async () => await Promise.resolve(listOf({ installed: [installed('a')] }));
    events = emitters();
    connections = [connected];
    const client = {
      request: async () => {
        asked += 1;
        return await answer();
      },
      get snapshot() {
        return { connections };
      },
      onDidChange: events.changed.event,
      onDidChangeModels: events.models.event,
      onDidPull: events.pull.event,
    };
    book = new ModelBook(client as unknown as ConstructorParameters<typeof ModelBook>[0], () => now);
  });
  afterEach(() => {
    book.dispose();
  });

  it('asks once for those who look at the same time, and again when it is old', async () => {
    await Promise.all([book.load('c1'), book.load('c1')]);
    assert.equal(asked, 1);
    book.refresh('c1');
    assert.equal(asked, 1);
    now += 60_000;
    book.refresh('c1');
    assert.equal(asked, 2);
  });

  it('reads again what has changed, but only what somebody has looked at', async () => {
    events.models.fire('c1');
    assert.equal(asked, 0);
    await book.load('c1');
    const told = new Promise(resolve => book.onDidChange(resolve));
    answer = async () => await Promise.resolve(listOf());
    events.models.fire('c1');
    assert.equal(await told, 'c1');
    assert.equal(book.installed('c1', 'a'), undefined);
  });

  it('keeps why a list could not be read, and forgets what is not connected', async () => {
    answer = async () => await Promise.reject(new Error('broken'));
    await assert.rejects(book.load('c1'));
    assert.equal(book.page('c1')?.state, 'failed');
    connections = [connectionView()];
    events.changed.fire();
    assert.equal(book.page('c1'), undefined);
  });
});
