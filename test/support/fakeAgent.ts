import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lengthPrefixed, uint32, WireReader } from '../../src/engine/ssh/wire.js';
import type { AgentEndpoint } from '../../src/engine/ssh/agent/endpoint.js';

/** A program that answers on an agent's socket as a test wants it. */
export interface FakeAgent {
  readonly endpoint: AgentEndpoint & { kind: 'socket' };
  /** Messages that have come, without their lengths. */
  readonly requests: readonly Buffer[];
  stop(): Promise<void>;
}

/** @param answer gets a message and may write to the socket, or leave it */
export async function startFakeAgent(answer: (message: Buffer, socket: Socket) => void): Promise<FakeAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'agent-'));
  const path = join(folder, 'socket');
  const requests: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    socket
      .on('error', () => undefined)
      .on('close', () => sockets.delete(socket))
      .on('data', chunk => {
        received = Buffer.concat([received, chunk]);
        while (received.length >= 4 && received.length >= 4 + received.readUInt32BE()) {
          const length = received.readUInt32BE();
          const message = Buffer.from(received.subarray(4, 4 + length));
          received = received.subarray(4 + length);
          requests.push(message);
          answer(message, socket);
        }
      });
  });
  await new Promise<void>(resolve => server.listen(path, resolve));
  return {
    endpoint: { kind: 'socket', path, origin: 'setting' },
    requests,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface HeldKey {
  readonly publicBlob: Buffer;
  readonly comment: string;
  /** The answer to a request for a signature; undefined when the agent refuses. */
  sign(data: Buffer, flags: number): Buffer | undefined;
}

const FAILURE = Buffer.from([5]);

/** An agent that holds these keys and keeps to the protocol. */
export function holding(keys: readonly HeldKey[]): (message: Buffer, socket: Socket) => void {
  return (message, socket) => {
    const reader = new WireReader(message);
    const reply = (body: Buffer) => socket.write(lengthPrefixed(body));
    const type = reader.byte();
    if (type === 11) {
      const list = keys.flatMap(key => [lengthPrefixed(key.publicBlob), lengthPrefixed(key.comment)]);
      reply(Buffer.concat([Buffer.from([12]), uint32(keys.length), ...list]));
      return;
    }
    const blob = type === 13 ? reader.string() : undefined;
    const key = keys.find(candidate => blob?.equals(candidate.publicBlob));
    const signature = key?.sign(reader.string(), reader.uint32());
    reply(signature === undefined ? FAILURE : Buffer.concat([Buffer.from([14]), lengthPrefixed(signature)]));
  };
}
