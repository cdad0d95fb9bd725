import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeInto } from './wideSocket.js';

/** How long the program at the other end has to read what it was sent before it is reset. */
const READ_FIRST_MS = 100;

/**
 * Connects two streams in both directions until both are over. Each direction ends by itself (half-close), a slow reader slows its writer
 * down, and when one side breaks the other is broken off too, so that a cut-off answer never looks like a whole one.
 * @param onClosed called once, when neither side holds anything any more
 */
export function join(left: Duplex, right: Duplex, onClosed: () => void = () => undefined): void {
  let open = 2;
  const watch = (stream: Duplex, other: Duplex) => {
    let readAll = false;
    stream.once('end', () => {
      readAll = true;
    });
    stream.once('error', () => {
      breakOff(stream);
      breakOffOnceRead(other, stream);
    });
    stream.once('close', () => {
      // what was read is still on its way to the other side
      if (readAll) finishThenDestroy(other);
      else breakOffOnceRead(other, stream);
      open -= 1;
      if (open === 0) onClosed();
    });
    // a second error has nobody left to tell
    stream.on('error', () => undefined);
  };
  watch(left, right);
  watch(right, left);
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const)
    if (from instanceof Socket) pipeInto(from, to);
    else from.pipe(to);
}

/** Ends a stream at once; the peer of a TCP socket sees a reset, not an orderly end. */
export function breakOff(stream: Duplex): void {
  // libuv does not reset a socket whose end waits to be sent, and Node would lose it
  if (stream instanceof Socket && !isEnding(stream)) stream.resetAndDestroy();
  else stream.destroy();
  // ssh2 reports the end only of a channel that has been read
  stream.resume();
}

/**
 * As {@link breakOff}, a moment later: a reset that comes right behind a piece of an answer is an orderly end to many
 * programs, for libuv reports it so when it finds both at once.
 */
function breakOffOnceRead(stream: Duplex, source: Duplex): void {
  // the whole answer is there: it only has to be delivered
  if (stream instanceof Socket && isEnding(stream)) {
    stream.destroySoon();
    return;
  }
  if (!(stream instanceof Socket) || stream.bytesWritten === 0) {
    breakOff(stream);
    return;
  }
  // what the source still says on its way down is no end of an answer, and nobody takes what comes from here
  source.unpipe(stream);
  stream.unpipe(source).pause();
  const timer = setTimeout(() => breakOff(stream), READ_FIRST_MS);
  stream.once('close', () => clearTimeout(timer));
}

function isEnding({ writableEnded, writableFinished }: Socket): boolean {
  return writableEnded && !writableFinished;
}

function finishThenDestroy(stream: Duplex): void {
  if (stream instanceof Socket) stream.destroySoon();
  else if (stream.writableFinished) stream.destroy();
  else {
    stream.once('finish', () => stream.destroy());
    stream.end();
  }
}
