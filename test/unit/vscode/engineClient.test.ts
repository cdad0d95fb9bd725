import assert from 'node:assert/strict';
import type { Snapshot } from '../../../src/shared/contract.js';
import { SparkError } from '../../../src/shared/errors.js';
import { DEFAULT_ENGINE_SETTINGS } from '../../../src/shared/settings.js';
import { EngineClient, type EngineStatus, type EngineSurroundings } from '../../../src/vscode/engineClient.js';
import { EngineStandIn } from './enginePair.js';
import { connectionView, gpuSample, sampleOf } from './samples.js';

const CONNECTED = connectionView(
  {},
  { state: 'connected', tunnel: { state: 'open', localPort: 11435, remotePort: 11434 } },
);
const BUSY: Snapshot = {
  connections: [CONNECTED],
  forwards: [],
  endpoint: { url: 'http://localhost:11435', source: 'dgx', connectionId: 'c1' },
};
const never = () => Promise.reject(new Error('not expected here'));

describe('the engine client', () => {
  let world: ReturnType<typeof surroundings>;
  let client: EngineClient;

  beforeEach(() => {
    world = surroundings();
    client = new EngineClient(world.around);
  });
  afterEach(() => {
    client.dispose();
    for (const engine of world.engines) engine.die();
  });

  it('starts no engine while nothing is saved', async () => {
    world.saved = false;
    assert.equal(await client.attached(), undefined);
    assert.equal(client.status.state, 'none');
    assert.equal(world.started, 0);
    await assert.rejects(client.request('connections/connect', { connectionId: 'x' }), { code: 'notFound' });
    assert.equal(world.started, 0);
  });

  it('starts one for the first connection that is created', async () => {
    world.saved = false;
    await client.attached();
    world.answers = { 'connections/create': () => connectionView() };
    const created = await client.request('connections/create', {
      name: 'Spark 1',
      hostname: 'spark.local',
      username: 'nvidia',
      authMethod: 'password',
    });
    assert.equal(created.id, 'c1');
    assert.equal(world.started, 1);
    assert.equal(client.status.state, 'up');
  });

  it('creates a connection while it is still looking for an engine', async () => {
    world.saved = false;
    world.answers = { 'connections/create': () => connectionView() };
    client.start();
    await client.request('connections/create', { name: 'a', hostname: 'b', username: 'c' });
    assert.equal(world.started, 1);
  });

  it('attaches when another window started one', async () => {
    world.saved = false;
    await client.attached();
    world.running = true;
    const up = reaches(client, 'up');
    world.folderChanged?.();
    await up;
    assert.equal(world.started, 0);
    assert.deepEqual(
      client.snapshot.connections.map(({ id }) => id),
      ['c1'],
    );
  });

  it('sends the settings before it asks for the state, and says that it has the focus', async () => {
    world.focused = true;
    await client.attached();
    assert.deepEqual(world.engines[0]!.heard.slice(0, 2), ['settings/set', 'state/get']);
    await client.request('state/get', {});
    assert.ok(world.engines[0]!.heard.includes('client/focused'));
  });

  it('makes one attempt of many requests at once', async () => {
    await Promise.all([client.attached(), client.attached(), client.request('state/get', {})]);
    assert.equal(world.started, 1);
  });

  it('follows what the engine says, and forgets samples of what is not connected any more', async () => {
    await client.attached();
    const engine = world.engines[0]!;
    const sample = sampleOf([gpuSample()]);
    const sampled = new Promise<unknown>(resolve => client.onDidSample(resolve));
    engine.peer.notify('metrics/sampled', sample);
    assert.deepEqual(await sampled, sample);
    assert.deepEqual(client.sample('c1'), sample);

    const leads = changes(client, () => client.isLeader);
    engine.peer.notify('client/leader', { leader: true });
    await leads;

    const gone = changes(client, () => client.connection('c1')?.status.state === 'disconnected');
    engine.peer.notify('state/changed', { ...BUSY, connections: [connectionView()] });
    await gone;
    assert.equal(client.sample('c1'), undefined);
  });

  it('knows what came of a request when that resolves, though the engine tells all windows later', async () => {
    let tunnelUp = true;
    world.answers = {
      'state/get': () => (tunnelUp ? BUSY : { ...BUSY, connections: [connectionView({}, { state: 'connected' })] }),
      'tunnel/stop': () => {
        tunnelUp = false;
        return null;
      },
    };
    await client.attached();
    let fired = 0;
    client.onDidChange(() => (fired += 1));
    await client.request('tunnel/stop', { connectionId: 'c1' });
    assert.equal(client.connection('c1')?.status.tunnel.state, 'closed');
    assert.equal(fired, 1);
    world.engines[0]!.peer.notify('state/changed', client.snapshot);
    await client.request('state/get', {});
    assert.equal(fired, 1, 'the same news is no news');
  });

  it('starts it again when it dies, and claims nothing of it meanwhile', async () => {
    await client.attached();
    const starting = reaches(client, 'starting');
    world.engines[0]!.die();
    await starting;
    assert.equal(client.snapshot.connections[0]?.status.state, 'disconnected');
    assert.equal(client.snapshot.endpoint.url, 'http://localhost:11434');
    await reaches(client, 'up');
    assert.equal(world.started, 2);
    assert.equal(client.snapshot.endpoint.url, 'http://localhost:11435');
  });

  it('tries again by itself when it cannot be started', async () => {
    world.failWith = new SparkError({ code: 'engineUnavailable', message: 'It does not start.' });
    const failing = client.attached();
    await assert.rejects(failing, { code: 'engineUnavailable' });
    assert.equal(client.status.state, 'down');
    world.failWith = undefined;
    await reaches(client, 'up');
  });

  it('does not try again by itself what waiting does not mend', async () => {
    world.failWith = new SparkError({ code: 'engineOutdated', message: 'A newer one runs.' });
    await assert.rejects(client.attached(), { code: 'engineOutdated' });
    assert.deepEqual(client.status, {
      state: 'down',
      error: { code: 'engineOutdated', message: 'A newer one runs.', hint: undefined, field: undefined },
      final: true,
    });
    assert.equal(world.delays, 0);
  });

  it('lets a request fail when the engine dies under it', async () => {
    world.answers = { 'connections/connect': async () => await new Promise<never>(() => undefined) };
    await client.attached();
    const request = client.request('connections/connect', { connectionId: 'c1' });
    world.engines[0]!.die();
    await assert.rejects(request, { code: 'engineUnavailable' });
  });

  it('does nothing more once it is disposed', async () => {
    await client.attached();
    client.dispose();
    await assert.rejects(client.attached(), { code: 'engineUnavailable' });
    assert.equal(world.started, 1);
  });
});

function surroundings() {
  const world = {
    saved: true,
    running: false,
    focused: false,
    started: 0,
    delays: 0,
    failWith: undefined as SparkError | undefined,
    answers: {} as ConstructorParameters<typeof EngineStandIn>[3],
    engines: [] as EngineStandIn[],
    folderChanged: undefined as (() => void) | undefined,
  };
  const begin: EngineSurroundings['attach'] = async (handlers, listeners) => {
    await Promise.resolve();
    if (world.failWith) throw world.failWith;
    const engine = new EngineStandIn(BUSY, handlers, listeners, world.answers);
    world.engines.push(engine);
    return engine.window;
  };
  const around: EngineSurroundings = {
    attach: async (...args) => {
      world.started += 1;
      return await begin(...args);
    },
    attachToRunning: async (...args) => (world.running ? await begin(...args) : undefined),
    isWorthStarting: () => world.saved,
    watch: onMaybeStarted => {
      world.folderChanged = onMaybeStarted;
      return { dispose: () => (world.folderChanged = undefined) };
    },
    settings: () => DEFAULT_ENGINE_SETTINGS,
    isFocused: () => world.focused,
    isElsewhere: false,
    handlers: { 'question/ask': never, 'secrets/get': never, 'secrets/store': never, 'secrets/delete': never },
    onNotice: () => undefined,
    onLogLine: () => undefined,
    log: () => undefined,
    retryDelay: () => {
      world.delays += 1;
      return 0;
    },
  };
  return Object.assign(world, { around });
}

async function changes(client: EngineClient, condition: () => boolean): Promise<void> {
  if (condition()) return;
  await new Promise<void>(resolve => {
    const listening = client.onDidChange(() => {
      if (!condition()) return;
      listening.dispose();
      resolve();
    });
  });
}

async function reaches(client: EngineClient, state: EngineStatus['state']): Promise<void> {
  await changes(client, () => client.status.state === state);
}
