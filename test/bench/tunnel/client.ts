import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fairness, percentile } from '../statistics.js';
import { PATTERN_BLOCK, patternBlock } from './pattern.js';

const MIB = 1024 * 1024;

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Reads to the end; resolves with the bytes. Rejects when it breaks off. */
function drain(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    socket.once('end', () => resolve(bytes));
    socket.once('error', reject);
  });
}

/** MiB a second of one download. */
export async function download(port: number, mebibytes: number): Promise<number> {
  const begun = performance.now();
  const socket = await open(port);
  socket.write(`down ${mebibytes * MIB}\n`);
  const bytes = await drain(socket);
  if (bytes !== mebibytes * MIB) throw new Error(`Only ${bytes} bytes came.`);
  return (mebibytes / (performance.now() - begun)) * 1000;
}

/** MiB a second of one upload. */
export async function upload(port: number, mebibytes: number): Promise<number> {
  const block = Buffer.alloc(256 * 1024, 'y');
  const begun = performance.now();
  const socket = await open(port);
  socket.write(`up ${mebibytes * MIB}\n`);
  const answered = drain(socket);
  for (let sent = 0; sent < mebibytes * MIB; sent += block.length)
    if (!socket.write(block)) await once(socket, 'drain');
  await answered;
  return (mebibytes / (performance.now() - begun)) * 1000;
}

/** Milliseconds of each of `count` small requests on one connection that is kept. */
export async function smallRequests(port: number, count: number): Promise<number[]> {
  const socket = await open(port);
  const size = 200;
  const request = Buffer.alloc(size, 'q');
  socket.write(`echo ${size}\n`);
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const begun = performance.now();
    socket.write(request);
    let got = 0;
    while (got < size) got += ((await once(socket, 'data')) as [Buffer])[0].length;
    times.push(performance.now() - begun);
  }
  socket.destroy();
  return times;
}

/** Milliseconds of each of `count` small requests, each on a connection of its own. */
export async function freshRequests(port: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const begun = performance.now();
    const socket = await open(port);
    socket.write(`echo 200\n${'q'.repeat(200)}`);
    let got = 0;
    while (got < 200) got += ((await once(socket, 'data')) as [Buffer])[0].length;
    times.push(performance.now() - begun);
    socket.destroy();
  }
  return times;
}

/** Milliseconds between the sending and the coming of each piece of a stream. The clock is one for all processes. */
export async function tokenLatencies(port: number, count: number, everyMs: number): Promise<number[]> {
  const socket = await open(port);
  socket.write(`tokens ${count} ${everyMs}\n`);
  const times: number[] = [];
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    const now = process.hrtime.bigint();
    text += chunk.toString('latin1');
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) times.push(Number(now - BigInt(line)) / 1e6);
  });
  await once(socket, 'close');
  return times;
}

/** Milliseconds until `count` connections that are opened at once have all had an answer; throws when one breaks. */
export async function burst(port: number, count: number): Promise<number> {
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = await open(port);
      socket.write(`echo 20\n${'q'.repeat(20)}`);
      let got = 0;
      while (got < 20) got += ((await once(socket, 'data')) as [Buffer])[0].length;
      socket.destroy();
    }),
  );
  return performance.now() - begun;
}

/** MiB a second of `count` downloads together, and how fairly they shared. */
export async function parallel(
  port: number,
  count: number,
  mebibytes: number,
): Promise<{ rate: number; fair: number }> {
  const begun = performance.now();
  const rates = await Promise.all(Array.from({ length: count }, () => download(port, mebibytes)));
  return { rate: ((count * mebibytes) / (performance.now() - begun)) * 1000, fair: fairness(rates) };
}

/** Milliseconds of small requests at p50 and p99 while something else is under way. */
export async function requestsBeside(port: number, count: number, work: Promise<unknown>): Promise<[number, number]> {
  const times = await smallRequests(port, count);
  await work;
  return [percentile(times, 50), percentile(times, 99)];
}

function sumOfPattern(blocks: number): string {
  const hash = createHash('sha256');
  for (let number = 0; number < blocks; number++) hash.update(patternBlock(number));
  return hash.digest('hex');
}

/** Downloads so much of a pattern and uploads it; throws unless each arrived bit for bit. */
export async function bitForBit(port: number, mebibytes: number): Promise<void> {
  const blocks = (mebibytes * MIB) / PATTERN_BLOCK;
  const expected = sumOfPattern(blocks);
  const down = await open(port);
  const hash = createHash('sha256');
  down.on('data', (chunk: Buffer) => hash.update(chunk));
  down.write(`pattern ${blocks}\n`);
  await once(down, 'end');
  if (hash.digest('hex') !== expected) throw new Error('What was downloaded is not what was sent.');

  const up = await open(port);
  up.write(`sum ${mebibytes * MIB}\n`);
  let answer = '';
  up.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  const ended = once(up, 'end');
  for (let number = 0; number < blocks; number++) if (!up.write(patternBlock(number))) await once(up, 'drain');
  await ended;
  if (answer !== expected) throw new Error('What was uploaded is not what arrived.');
}

/** Reads a download a mebibyte a second, and calls `each` every second. */
export async function readSlowly(port: number, mebibytes: number, seconds: number, each: () => void): Promise<void> {
  const socket = await open(port);
  socket.write(`down ${mebibytes * MIB}\n`);
  for (let second = 0; second < seconds; second++) {
    for (let left = MIB; left > 0;) {
      const chunk = socket.read(Math.min(left, socket.readableLength || left)) as Buffer | null;
      if (chunk) left -= chunk.length;
      else await once(socket, 'readable');
    }
    await new Promise(done => setTimeout(done, 1000));
    each();
  }
  socket.destroy();
}
