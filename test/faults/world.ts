import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Spark, startSpark } from '../spark/spark.js';
import { type Sshd, startSshd } from '../support/sshd.js';
import { newStorage, TestWindow } from '../support/window.js';
import { Relay } from './relay.js';

export const CHUNKS = 25;
const CHUNK_DELAY_MS = 100;

/** Below the ports that systems give out by themselves, so that nobody takes one while a fault has closed it. */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_000;

/** An engine as it ships, connected through a relay to a real sshd, behind which is the Ollama of a simulated Spark. */
export interface World {
  readonly spark: Spark;
  readonly sshd: Sshd;
  readonly relay: Relay;
  readonly window: TestWindow;
  readonly connectionId: string;
  /** Of the tunnel. */
  readonly localPort: number;
  /** Resident memory of the engine in KiB. */
  engineMemory(): number;
  close(): Promise<void>;
}

/** Starts everything; resolves when the tunnel is open. */
export async function startWorld(): Promise<World> {
  const home = process.env['HOME'];
  const storage = newStorage();
  const spark = await startSpark({ chunks: CHUNKS, chunkDelayMs: CHUNK_DELAY_MS });
  const sshd = await startSshd({
    port: await quietPort(),
    path: `${join(spark.folder, 'bin')}:/usr/bin:/bin`,
  });
  const relay = await Relay.start(await quietPort(), sshd.port);
  const localPort = await quietPort();
  // the engine, a child of this process, finds known_hosts there
  process.env['HOME'] = sshd.home;
  const window = await TestWindow.open({
    storage: storage.folder,
    answer: question => (question.kind === 'hostKey' ? { kind: 'yes' } : { kind: 'cancelled' }),
    settings: { localPort, remotePort: spark.ollamaPort, keepaliveSeconds: 1, connectTimeoutSeconds: 5 },
  });
  const enginePid = await window.enginePid();
  const { id: connectionId } = await window.peer.request('connections/create', {
    name: 'faulty',
    hostname: '127.0.0.1',
    port: relay.port,
    username: sshd.username,
    sshKeyPath: sshd.clientKey,
  });
  await window.peer.request('connections/connect', { connectionId });
  return {
    spark,
    sshd,
    relay,
    window,
    connectionId,
    localPort,
    engineMemory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${enginePid}/status`, 'utf8'))?.[1]),
    async close() {
      await window.endEngine();
      relay.stop();
      await sshd.stop();
      await spark.close();
      storage.remove();
      process.env['HOME'] = home;
    },
  };
}

/** A port of loopback that nothing uses, and that nothing gets unless it asks for it by number. */
async function quietPort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (await canBind(port)) return port;
  }
}

function canBind(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
