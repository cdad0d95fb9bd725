import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { nullLogger } from '../../../src/engine/base/logger.js';
import { Secret } from '../../../src/engine/base/secret.js';
import { toDisposable } from '../../../src/engine/base/disposable.js';
import { ConnectionService } from '../../../src/engine/connections/connectionService.js';
import type { Ask } from '../../../src/engine/server/questions.js';
import type { ConnectionRepository } from '../../../src/engine/store/types.js';
import { findFreePort, listenOnLoopback } from '../../../src/engine/tunnel/loopbackListener.js';
import type { Connection, ConnectionView } from '../../../src/shared/connection.js';
import { portHolder } from '../../../src/engine/tunnel/portHolder.js';
import { openTunnel, swapListeners } from '../../../src/engine/tunnel/tunnel.js';
import { SparkError } from '../../../src/shared/errors.js';
import type { Question } from '../../../src/shared/questions.js';
import { DEFAULT_ENGINE_SETTINGS } from '../../../src/shared/settings.js';
import { connectionData, savedConnection } from '../../support/connections.js';
import { FakeClock } from '../../support/fakeClock.js';
import { FakeMachine } from '../../support/fakeMachine.js';

/** Saved connections in memory, on a disk that the test can slow down or fill. */
class FakeRepository implements ConnectionRepository {
  private readonly rows = new Map<string, Connection>();
  isFull = false;
  /** Runs before each write, with its name. */
  beforeWrite: (what: string) => Promise<void> = () => Promise.resolve();

  list(): Connection[] {
    return [...this.rows.values()];
  }

  get(id: string): Connection {
    const found = this.rows.get(id);
    if (!found) throw new SparkError({ code: 'notFound', message: 'gone' });
    return found;
  }

  async create(data: Parameters<ConnectionRepository['create']>[0]): Promise<Connection> {
    await this.beforeWrite('create');
    const id = `c${this.rows.size + 1}`;
    this.rows.set(id, savedConnection({ ...data, id }));
    return this.get(id);
  }

  async update(id: string, changes: object): Promise<Connection> {
    await this.change('update', () => this.put(id, changes));
    return this.get(id);
  }

  async delete(id: string): Promise<void> {
    await this.change('delete', () => this.rows.delete(id));
  }

  async setActive(id: string): Promise<void> {
    await this.change('setActive', () => {
      for (const row of this.list()) this.put(row.id, { isActive: row.id === id });
    });
  }

  async setWanted(id: string, wanted: boolean): Promise<void> {
    await this.change('setWanted', () => this.put(id, { wanted }));
  }

  async markConnected(id: string, facts: object = {}): Promise<void> {
    await this.change('markConnected', () => this.put(id, { ...facts, lastConnectedAt: 1 }));
  }

  async setKeyStored(id: string, keyStored: boolean): Promise<void> {
    await this.change('setKeyStored', () => this.put(id, { keyStored }));
  }

  private put(id: string, changes: object): void {
    this.rows.set(id, { ...this.get(id), ...changes });
  }

  private async change(what: string, apply: () => void): Promise<void> {
    await this.beforeWrite(what);
    apply();
    if (this.isFull) throw new SparkError({ code: 'databaseUnwritable', message: 'The disk is full.' });
  }
}

/** A local port that was free a moment ago. */
async function freePort(): Promise<number> {
  const listener = await listenOnLoopback(0, socket => socket.destroy());
  listener.dispose();
  return listener.port;
}

async function answers(port: number): Promise<boolean> {
  return await new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
  });
}

const noQuestions: Ask = () => Promise.reject(new Error('nobody expected a question'));
const LOGIN = connectionData();
const WHO = { name: 'nvidia@spark.local', isJumpHost: false };

describe('the saved connections at work', () => {
  let repository: FakeRepository;
  let machine: FakeMachine;
  let clock: FakeClock;
  let service: ConnectionService;
  let settings: typeof DEFAULT_ENGINE_SETTINGS;
  let stored: Map<string, string>;
  /** What has happened to the keychain and the database, in order. */
  let happened: string[];

  beforeEach(async () => {
    repository = new FakeRepository();
    machine = new FakeMachine();
    clock = new FakeClock();
    settings = { ...DEFAULT_ENGINE_SETTINGS, localPort: await freePort() };
    stored = new Map();
    happened = [];
    repository.beforeWrite = what => Promise.resolve(void happened.push(what));
    service = new ConnectionService({
      repository,
      connector: machine,
      keychain: {
        get: key => Promise.resolve(stored.has(key) ? new Secret(stored.get(key)!) : undefined),
        store: (key, secret) => Promise.resolve(void stored.set(key, secret.reveal())),
        delete: key => {
          happened.push(`forget ${key}`);
          stored.delete(key);
          return Promise.resolve();
        },
      },
      metrics: { attach: () => toDisposable(() => undefined), forget: () => undefined },
      keys: {
        ensureLoginKey: () => Promise.reject(new Error('not here')),
        installPublicKey: () => Promise.reject(new Error('not here')),
        readPrivateKey: () => Promise.resolve(new Secret('PRIVATE KEY')),
      },
      diagnose: () => Promise.reject(new Error('not here')),
      tunnels: { openTunnel, swapListeners, findFreePort, portHolder },
      clock,
      log: nullLogger,
      settings: () => settings,
    });
  });
  afterEach(() => {
    service.dispose();
    assert.equal(clock.pending, 0, 'a timer was left behind');
  });

  const save = async (name: string) => (await service.create({ ...LOGIN, name, hostname: `${name}.local` })).id;
  const open = async (id: string, options: { ask?: Ask; offerChoices?: boolean; signal?: AbortSignal } = {}) =>
    await service.connect(id, {
      ask: options.ask ?? noQuestions,
      offerChoices: options.offerChoices ?? true,
      signal: options.signal ?? new AbortController().signal,
    });
  const view = (id: string): ConnectionView => service.snapshot().connections.find(each => each.id === id)!;
  const portOf = (id: string) => {
    const { tunnel } = view(id).status;
    return tunnel.state === 'open' ? tunnel.localPort : tunnel.state;
  };
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise(resolve => setImmediate(resolve));
  };

  it('open no tunnel for one that was disconnected while its login was being noted', async () => {
    const id = await save('one');
    let proceed: () => void = () => undefined;
    let reached = false;
    repository.beforeWrite = async what => {
      if (what !== 'markConnected') return;
      reached = true;
      await new Promise<void>(resolve => (proceed = resolve));
    };
    const connecting = open(id);
    await until(() => reached);
    await service.disconnect(id);
    proceed();
    await connecting;
    assert.deepEqual([view(id).status.state, portOf(id), view(id).wanted], ['disconnected', 'closed', false]);
    assert.equal(await answers(settings.localPort), false);
    assert.equal(service.snapshot().endpoint.source, 'local');
  });

  it('leave nothing behind of one that is deleted while it is being connected', async () => {
    const id = await save('one');
    let proceed: () => void = () => undefined;
    machine.login = () => new Promise<void>(resolve => (proceed = resolve));
    const connecting = open(id);
    await until(() => machine.attempts === 1);
    await service.delete(id);
    proceed();
    await assert.rejects(connecting, (error: unknown) => SparkError.is(error, 'cancelled'));
    assert.deepEqual([machine.disposed, service.snapshot().connections], [1, []]);
    assert.equal(await answers(settings.localPort), false);
    await assert.rejects(open(id), (error: unknown) => SparkError.is(error, 'notFound'));
  });

  it('are published also when the disk is full', async () => {
    const id = await save('one');
    repository.isFull = true;
    await open(id);
    assert.deepEqual([view(id).wanted, view(id).isActive], [true, true]);
    assert.equal(service.snapshot().endpoint.url, `http://localhost:${settings.localPort}`);
    await service.disconnect(id);
    assert.deepEqual([view(id).wanted, view(id).status.state], [false, 'disconnected']);
  });

  it('withdraw the question about the local port when they are disconnected', async () => {
    const holder = await listenOnLoopback(settings.localPort, socket => socket.destroy());
    try {
      const id = await save('one');
      let asked: Question | undefined;
      const ask: Ask = (question, signal) => {
        asked = question;
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new SparkError({ code: 'cancelled', message: '' })));
        });
      };
      const connecting = open(id, { ask });
      await until(() => asked !== undefined);
      await service.disconnect(id);
      await connecting;
      assert.deepEqual([asked?.kind, view(id).status.state, portOf(id)], ['portBusy', 'disconnected', 'closed']);
    } finally {
      holder.dispose();
    }
  });

  it('say that the port is busy when the user wants no other', async () => {
    const holder = await listenOnLoopback(settings.localPort, socket => socket.destroy());
    try {
      const id = await save('one');
      const { tunnel } = await open(id, {
        ask: () => Promise.reject(new SparkError({ code: 'cancelled', message: 'Cancelled.' })),
      });
      assert.ok(tunnel.state === 'error' && tunnel.error.code === 'portBusy', JSON.stringify(tunnel));
    } finally {
      holder.dispose();
    }
  });

  it('ask nothing about a port that another of them has, and give the well-known one to the active one', async () => {
    const [first, second] = [await save('one'), await save('two')];
    await open(first);
    await open(second);
    assert.deepEqual([portOf(first) === settings.localPort, view(first).isActive], [true, true]);
    assert.notEqual(portOf(second), settings.localPort);

    // the active one comes back after the other: it still gets its port
    await service.disconnect(second);
    await service.disconnect(first);
    await open(second);
    await repository.setActive(first);
    await open(first);
    assert.deepEqual([portOf(first) === settings.localPort, portOf(second) === settings.localPort], [true, false]);
  });

  it('move the published tunnel at once when the setting of the local port changes, and no other', async () => {
    const [first, second] = [await save('one'), await save('two')];
    await open(first);
    await open(second);
    const [before, other] = [settings.localPort, portOf(second)];
    service.settingsChanged();
    settings = { ...settings, localPort: await freePort(), remotePort: 9999 };
    service.settingsChanged();
    await until(() => portOf(first) === settings.localPort);
    assert.equal(await answers(before), false);
    assert.deepEqual(view(second).status.tunnel, { state: 'open', localPort: other, remotePort: 9999 });
    assert.equal(service.snapshot().endpoint.url, `http://localhost:${settings.localPort}`);
  });

  it('keep a tunnel closed that the user has stopped, also when the link comes back', async () => {
    const id = await save('one');
    await open(id);
    service.stopTunnel(id);
    machine.loseLink();
    clock.advance(1000);
    happened.length = 0;
    await until(() => view(id).status.state === 'connected' && happened.includes('markConnected'));
    for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve));
    assert.equal(portOf(id), 'closed');
    await open(id);
    assert.equal(portOf(id), settings.localPort, 'whoever connects wants the tunnel too');
  });

  it('bind one port, however many ask for the tunnel at once', async () => {
    const id = await save('one');
    await open(id);
    service.stopTunnel(id);
    const ports = await Promise.all([service.startTunnel(id), service.startTunnel(id), service.startTunnel(id)]);
    assert.deepEqual(new Set(ports), new Set([settings.localPort]));
  });

  it('forget the secrets of a login before another one is saved', async () => {
    const id = await save('one');
    machine.login = async prompts => {
      await prompts.password(WHO, false);
    };
    const typing: Ask = () => Promise.resolve({ kind: 'secret', secret: 'pw', remember: true });
    await open(id, { ask: typing });
    assert.deepEqual([...stored], [[`password:${id}`, 'pw']]);
    await service.disconnect(id);
    happened.length = 0;
    await service.update(id, { hostname: 'evil.example' }, noQuestions);
    assert.ok(happened.indexOf(`forget password:${id}`) < happened.indexOf('update'), String(happened));
    assert.equal(stored.size, 0);
    await assert.rejects(open(id), /nobody expected a question/);
  });

  it('keep the secrets of one that is only renamed', async () => {
    const id = await save('one');
    happened.length = 0;
    await service.update(id, { name: 'renamed', hostname: 'one.local' }, noQuestions);
    assert.deepEqual(happened, ['update']);
  });

  it('refuse a login by a key that is not named', async () => {
    const id = await save('one');
    await assert.rejects(
      service.update(id, { authMethod: 'key' }, noQuestions),
      (error: unknown) => SparkError.is(error, 'invalidInput') && error.field === 'sshKeyPath',
    );
    assert.equal(view(id).authMethod, 'password');
  });

  it('forget what was typed for a mere test', async () => {
    const id = await save('one');
    machine.login = async prompts => {
      await prompts.password(WHO, false);
    };
    const typing: Ask = () => Promise.resolve({ kind: 'secret', secret: 'pw', remember: false });
    await service.test(id, typing, new AbortController().signal);
    assert.equal(view(id).status.state, 'disconnected');
    await assert.rejects(open(id), /nobody expected a question/);
  });

  it('forget on demand what a live session would log in again with', async () => {
    const id = await save('one');
    machine.login = async prompts => {
      await prompts.password(WHO, false);
    };
    await open(id, { ask: () => Promise.resolve({ kind: 'secret', secret: 'pw', remember: true }) });
    await service.forgetSecrets(undefined, false);
    assert.deepEqual([stored.size, view(id).status.state], [0, 'connected']);
    machine.loseLink();
    clock.advance(1000);
    await until(() => view(id).status.state === 'error');
    assert.equal(view(id).status.error?.code, 'passwordNeeded');
  });

  it('end an attempt that nobody waits for any more, and not one that somebody does', async () => {
    const id = await save('one');
    let proceed: () => void = () => undefined;
    machine.login = () => new Promise<void>(resolve => (proceed = resolve));
    const [first, second] = [new AbortController(), new AbortController()];
    const [one, two] = [open(id, { signal: first.signal }), open(id, { signal: second.signal })];
    one.catch(() => undefined);
    first.abort();
    assert.equal(view(id).status.state, 'connecting');
    proceed();
    assert.equal((await two).state, 'connected');
    await service.disconnect(id);

    const third = new AbortController();
    const three = open(id, { signal: third.signal });
    third.abort();
    assert.equal(view(id).status.state, 'disconnected');
    proceed();
    await assert.rejects(three, (error: unknown) => SparkError.is(error, 'cancelled'));
  });
});
