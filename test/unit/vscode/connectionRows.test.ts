import assert from 'node:assert/strict';
import {
  asRow,
  childRows,
  connectionText,
  gpuText,
  rowId,
  tunnelText,
} from '../../../src/vscode/views/connectionRows.js';
import { connectionView, gpuSample, sampleOf } from './samples.js';

const connected = connectionView(
  {},
  { state: 'connected', tunnel: { state: 'open', localPort: 11435, remotePort: 11434 } },
);

describe('rows of the connections tree', () => {
  it('say the state in a word, then the address', () => {
    const text = connectionText(connected, 1);
    assert.deepEqual(text, {
      label: 'Spark 1',
      description: 'Connected · nvidia@spark.local:22',
      contextValue: 'connection;connected;active;tunnel;keyFile',
      warning: false,
      spoken: 'Spark 1, Connected, nvidia@spark.local:22',
    });
  });

  it('say which connection is active once there is a choice', () => {
    assert.match(connectionText(connected, 2).description, /· active ·/);
    assert.doesNotMatch(connectionText(connectionView({ isActive: false }), 2).description, /active/);
  });

  it('have rows below only while connected: the tunnel, each GPU, the models and the forwards', () => {
    assert.deepEqual(childRows(connectionView(), sampleOf([gpuSample()])), []);
    const rows = childRows(connected, sampleOf([gpuSample(), gpuSample({ index: 1 })]));
    assert.deepEqual(rows.map(rowId), ['tunnel:c1', 'gpu:c1:0', 'gpu:c1:1', 'models:c1', 'forwards:c1']);
    assert.deepEqual(childRows(connected, undefined).map(rowId), [
      'tunnel:c1',
      'gpu:c1:none',
      'models:c1',
      'forwards:c1',
    ]);
  });

  it('say where Ollama is, or why it is not there', () => {
    assert.equal(tunnelText(connected).label, 'Ollama on localhost:11435');
    const error = { code: 'portBusy', message: 'Port 11435 is in use.' } as const;
    const failed = tunnelText(connectionView({}, { state: 'connected', tunnel: { state: 'error', error } }));
    assert.equal(failed.description, 'Port 11435 is in use.');
    assert.ok(failed.warning);
  });

  it('show the load of a GPU, with n/a for what is not reported', () => {
    assert.equal(gpuText(0, sampleOf([gpuSample()])).description, '42% · 12.3/119.7 GB unified');
    const silent = gpuSample({ utilization: null, memory: { kind: 'unknown', usedMb: null, totalMb: null } });
    assert.equal(gpuText(0, sampleOf([silent])).description, 'n/a · n/a');
    assert.equal(gpuText(1, sampleOf([gpuSample(), gpuSample({ index: 1 })])).label, 'GPU 1');
  });

  it('say why there are no readings', () => {
    assert.equal(gpuText(null, undefined).description, 'waiting for metrics');
    assert.equal(gpuText(null, sampleOf([])).description, 'none found');
    const error = { code: 'nvidiaSmiMissing', message: 'nvidia-smi is not installed.' } as const;
    const missing = gpuText(null, sampleOf([], { error }));
    assert.equal(missing.description, 'nvidia-smi is not installed.');
    assert.ok(missing.warning);
  });

  it('are told from what programs pass to commands', () => {
    const [row] = childRows(connected, undefined);
    assert.deepEqual(asRow(row), row);
    for (const other of ['c1', undefined, { name: 'Spark', hostname: 'h', username: 'u' }, { kind: 'gpu' }])
      assert.equal(asRow(other), undefined);
  });
});
