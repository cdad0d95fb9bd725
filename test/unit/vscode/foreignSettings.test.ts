import assert from 'node:assert/strict';
import {
  ForeignSettings,
  NOTHING_PUBLISHED,
  type PublishedRecord,
} from '../../../src/vscode/publishing/foreignSettings.js';
import { placesOf, valueFor } from '../../../src/vscode/publishing/presets.js';

const SPARK = 'http://localhost:11435';
const LLAMA = 'inference.endpoint';

describe('settings of other extensions', () => {
  let own: Map<string, unknown>;
  let defaults: Map<string, unknown>;
  let record: PublishedRecord;
  let asked: string[];
  let says: boolean;
  let logged: string[];

  beforeEach(() => {
    own = new Map();
    defaults = new Map<string, unknown>([
      [LLAMA, ''],
      ['twinny.ollamaHostname', '0.0.0.0'],
      ['twinny.ollamaApiPort', 11434],
    ]);
    record = NOTHING_PUBLISHED;
    asked = [];
    logged = [];
    says = true;
  });

  /** As a window that was just opened. */
  const open = () =>
    new ForeignSettings({
      settings: {
        inspect: key => (defaults.has(key) ? { own: own.get(key), initial: defaults.get(key) } : undefined),
        write: async (key, value) => {
          if (value === undefined) own.delete(key);
          else own.set(key, value);
          await Promise.resolve();
        },
      },
      memory: {
        read: () => record,
        write: async next => {
          record = next;
          await Promise.resolve();
        },
      },
      confirm: async key => {
        asked.push(key);
        return await Promise.resolve(says);
      },
      log: message => logged.push(message),
    });

  it('follow the endpoint, and are the user’s again when it is local', async () => {
    own.set(LLAMA, 'http://mine:1');
    const foreign = open();
    await foreign.follow(SPARK, ['llamaCoder', 'twinny']);
    assert.deepEqual(
      [...own],
      [
        [LLAMA, SPARK],
        ['twinny.ollamaHostname', 'localhost'],
        ['twinny.ollamaApiPort', 11435],
      ],
    );
    await foreign.follow(null, ['llamaCoder', 'twinny']);
    assert.deepEqual([...own], [[LLAMA, 'http://mine:1']]);
  });

  it('are asked about once each, for ever', async () => {
    await open().follow(SPARK, ['llamaCoder']);
    await open().follow(null, ['llamaCoder']);
    await open().follow(SPARK, ['llamaCoder']);
    assert.deepEqual(asked, [LLAMA]);
  });

  it('are left alone where the user says no', async () => {
    says = false;
    const foreign = open();
    await foreign.follow(SPARK, ['llamaCoder']);
    await foreign.follow('http://localhost:11436', ['llamaCoder']);
    assert.deepEqual([asked, own.size], [[LLAMA], 0]);
  });

  it('are never written where no extension declares them', async () => {
    defaults.delete(LLAMA);
    own.set(LLAMA, 'left over');
    await open().follow(SPARK, ['llamaCoder']);
    assert.equal(own.get(LLAMA), 'left over');
    assert.deepEqual(asked, []);
  });

  it('are put back by the next window when this one was killed', async () => {
    own.set(LLAMA, 'http://mine:1');
    await open().follow(SPARK, ['llamaCoder']);
    await open().follow('http://localhost:11440', ['llamaCoder']);
    assert.equal(own.get(LLAMA), 'http://localhost:11440');
    await open().follow(null, ['llamaCoder']);
    assert.equal(own.get(LLAMA), 'http://mine:1');
  });

  it('never take a value of ours for the user’s own, also when the record of it is lost', async () => {
    await open().follow(SPARK, ['llamaCoder']);
    record = { ...record, published: {} };
    await open().follow('http://localhost:11440', ['llamaCoder']);
    await open().follow(null, ['llamaCoder']);
    assert.equal(own.has(LLAMA), false);
  });

  it('stay as the user changes them meanwhile', async () => {
    const foreign = open();
    await foreign.follow(SPARK, ['llamaCoder']);
    own.set(LLAMA, 'http://changed:2');
    await foreign.follow('http://localhost:11440', ['llamaCoder']);
    await foreign.follow(null, ['llamaCoder']);
    assert.equal(own.get(LLAMA), 'http://changed:2');
  });

  it('are put back when they are taken off the list', async () => {
    own.set(LLAMA, 'http://mine:1');
    const foreign = open();
    await foreign.follow(SPARK, ['llamaCoder']);
    await foreign.follow(SPARK, []);
    assert.equal(own.get(LLAMA), 'http://mine:1');
  });

  it('have each their own form', () => {
    const value = (form: 'url' | 'host' | 'port' | 'hostAndPort', path = '', sample: unknown = '') =>
      valueFor({ setting: 'a.b', form, path }, SPARK, sample);
    assert.equal(value('url', '/api/generate'), 'http://localhost:11435/api/generate');
    assert.equal(value('hostAndPort'), 'localhost:11435');
    assert.equal(value('host'), 'localhost');
    assert.equal(value('port'), '11435');
    assert.equal(value('port', '', 1), 11435);
  });

  it('are only those that make sense', async () => {
    const wrong = ['nobody', 7, { setting: 'dgxSpark.ollama.endpoint', form: 'url' }, { setting: 'a b', form: 'url' }];
    const right = { setting: 'some.extension.url', form: 'url' };
    assert.deepEqual(placesOf([...wrong, right]).places, [{ ...right, path: '' }]);
    assert.equal(placesOf([...wrong, right]).wrong.length, wrong.length);
    const foreign = open();
    await foreign.follow(SPARK, ['nobody']);
    await foreign.follow(SPARK, ['nobody']);
    assert.equal(logged.length, 1);
  });
});
