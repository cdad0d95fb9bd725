import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { findSocketAddress } from '../../../src/link/address.js';
import { greetEngine } from '../../../src/link/handshake.js';
import { ensureToken, readToken } from '../../../src/link/token.js';
import { SparkError } from '../../../src/shared/errors.js';
import { newStorage, TestWindow } from '../../support/window.js';

const VERSIONS = { contract: 1, database: 1, extension: '0.1.0' };

async function dial(storage: string): Promise<Socket> {
  const socket = connect((await findSocketAddress(storage))!);
  await once(socket, 'connect');
  return socket;
}

/** Everything that arrives until the other side closes. */
async function readToEnd(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', chunk => (text += chunk.toString()));
  // a stranger may be cut off with a reset
  socket.on('error', () => undefined);
  await new Promise(resolve => socket.once('close', resolve));
  return text;
}

describe('the handshake', () => {
  const storage = newStorage();
  let window: TestWindow;

  before(async () => {
    window = await TestWindow.open({ storage: storage.folder });
  });
  after(async () => {
    await window.endEngine();
    storage.remove();
  });

  it('keeps socket and token to this user', async () => {
    const address = (await findSocketAddress(storage.folder))!;
    assert.equal((await stat(dirname(address))).mode & 0o777, 0o700);
    assert.equal((await stat(join(storage.folder, 'engine.token'))).mode & 0o777, 0o600);
  });

  it('gives a client with a wrong token one nonce and nothing more', async () => {
    const socket = await dial(storage.folder);
    await assert.rejects(greetEngine(socket, randomBytes(32).toString('hex'), VERSIONS, () => 'attach'));
    assert.equal((await window.peer.request('engine/info', {})).clients, 1);
  });

  it('gives a client that sends JSON-RPC at once one nonce and nothing more', async () => {
    const socket = await dial(storage.folder);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'state/get', params: {} });
    socket.write(`Content-Length: ${body.length}\r\n\r\n${body}`);
    const text = await readToEnd(socket);
    assert.match(text, /^\{"nonce":"[0-9a-f]{64}"\}\n$/);
  });

  it('closes on a client that sends an endless line', async () => {
    const socket = await dial(storage.folder);
    socket.write('x'.repeat(100_000));
    assert.match(await readToEnd(socket), /^(\{"nonce":"[0-9a-f]{64}"\}\n)?$/);
  });

  it('lets a right client in after all that', async () => {
    const second = await TestWindow.open({ storage: storage.folder });
    assert.equal(await second.enginePid(), await window.enginePid());
    second.close();
  });
});

describe('a wrong engine', () => {
  it('learns nothing: neither the token nor versions nor a request', async () => {
    const storage = newStorage();
    const token = await ensureToken(storage.folder);
    const address = (await findSocketAddress(storage.folder))!;
    let heard = '';
    const server = createServer(socket => {
      socket.on('error', () => undefined);
      socket.on('data', chunk => {
        heard += chunk.toString();
        // it has no token, so the best it can do is to make up a proof
        socket.write(`${JSON.stringify({ proof: 'ab'.repeat(32), versions: VERSIONS })}\n`);
      });
      socket.write(`${JSON.stringify({ nonce: 'cd'.repeat(32) })}\n`);
    });
    server.listen(address);
    await once(server, 'listening');
    try {
      await assert.rejects(TestWindow.open({ storage: storage.folder }), (error: unknown) =>
        SparkError.is(error, 'engineUnavailable'),
      );
      const said = JSON.parse(heard) as Record<string, unknown>;
      assert.deepEqual(Object.keys(said).sort(), ['nonce', 'proof']);
      assert.equal(heard.includes(token), false);
    } finally {
      server.close();
      storage.remove();
    }
  });
});

describe('the token', () => {
  it('is one and the same for all who make it at once', async () => {
    const storage = newStorage();
    const tokens = await Promise.all(Array.from({ length: 20 }, async () => await ensureToken(storage.folder)));
    assert.equal(new Set(tokens).size, 1);
    assert.equal(await readToken(storage.folder), tokens[0]);
    storage.remove();
  });

  it('is made anew where the file is unusable', async () => {
    const storage = newStorage();
    await writeFile(join(storage.folder, 'engine.token'), 'not a token');
    assert.equal(await readToken(storage.folder), undefined);
    const token = await ensureToken(storage.folder);
    assert.equal(await readToken(storage.folder), token);
    storage.remove();
  });
});
