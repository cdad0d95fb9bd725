/**
 * What the tunnels of the bench lead to: a TCP server that does as the first line of a connection says.
 * `down N`: sends N bytes. `up N`: takes N bytes, then says `ok`. `echo N`: sends back each N bytes. `tokens N MS`:
 * sends N pieces, MS milliseconds apart, each with the time of its sending. `pattern N`: sends N blocks, no two of them
 * alike. `sum N`: takes N bytes, then says their SHA-256. Prints its port.
 */
import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { patternBlock } from './pattern.js';

const BLOCK = Buffer.alloc(256 * 1024, 'x');

function down(socket: Socket, bytes: number): void {
  let left = bytes;
  const send = (): void => {
    while (left > 0) {
      const piece = left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left);
      left -= piece.length;
      if (!socket.write(piece)) {
        socket.once('drain', send);
        return;
      }
    }
    socket.end();
  };
  send();
}

function pattern(socket: Socket, blocks: number): void {
  let sent = 0;
  const send = (): void => {
    while (sent < blocks) {
      if (!socket.write(patternBlock(sent++))) {
        socket.once('drain', send);
        return;
      }
    }
    socket.end();
  };
  send();
}

function sum(socket: Socket, bytes: number, first: Buffer): void {
  const hash = createHash('sha256');
  let left = bytes;
  const take = (chunk: Buffer): void => {
    hash.update(chunk);
    left -= chunk.length;
    if (left <= 0) socket.end(hash.digest('hex'));
  };
  socket.on('data', take);
  if (first.length > 0) take(first);
}

function up(socket: Socket, bytes: number, first: Buffer): void {
  let left = bytes;
  const take = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left <= 0) socket.end('ok');
  };
  socket.on('data', take);
  if (first.length > 0) take(first);
}

function echo(socket: Socket, bytes: number, first: Buffer): void {
  let held = first;
  const answer = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= bytes) {
      socket.write(held.subarray(0, bytes));
      held = held.subarray(bytes);
    }
  };
  socket.on('data', answer);
  answer(Buffer.alloc(0));
}

function tokens(socket: Socket, count: number, everyMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    socket.write(`${process.hrtime.bigint()}\n`);
    sent += 1;
    if (sent === count) {
      clearInterval(timer);
      socket.end();
    }
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}

const server = createServer({ noDelay: true, allowHalfOpen: true }, socket => {
  let head = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\n');
    if (end < 0) return;
    socket.off('data', read);
    const [what = '', ...numbers] = head.toString('latin1', 0, end).split(' ');
    const [first = 0, second = 0] = numbers.map(Number);
    const rest = head.subarray(end + 1);
    if (what === 'down') down(socket, first);
    else if (what === 'up') up(socket, first, rest);
    else if (what === 'echo') echo(socket, first, rest);
    else if (what === 'tokens') tokens(socket, first, second);
    else if (what === 'pattern') pattern(socket, first);
    else if (what === 'sum') sum(socket, first, rest);
    else socket.destroy();
  };
  socket.on('data', read);
  socket.on('end', () => socket.end());
  socket.on('error', () => socket.destroy());
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 }, () => {
  console.log((server.address() as AddressInfo).port);
});
process.stdin.on('end', () => process.exit(0)).resume();
