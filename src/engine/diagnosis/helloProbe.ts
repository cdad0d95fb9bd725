import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import type { ServerHello } from '../ssh/serverHello.js';

/** RFC 4253, 4.2. Servers write it into their logs, so it says who was there. */
const OUR_IDENTIFICATION = 'SSH-2.0-dgx_spark_diagnosis\r\n';

/** How reading what a server says first came to its end. `complete`: its name and its algorithms are known. */
export type HelloEnd = 'complete' | 'silence' | 'closed';

/**
 * Listens to what an SSH server says first, and says as much as is needed to hear its algorithms. The connection is closed afterwards.
 * @param hello takes what comes
 */
export function probeHello(
  socket: Socket,
  hello: ServerHello,
  options: { timeoutMs: number; signal: AbortSignal; clock: Clock },
): Promise<HelloEnd> {
  return new Promise(resolve => {
    const settle = (end: HelloEnd) => {
      timer.dispose();
      options.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(end);
    };
    const onAbort = () => settle('closed');
    const timer = options.clock.after(options.timeoutMs, () => settle('silence'));
    options.signal.addEventListener('abort', onAbort);
    socket.on('data', (chunk: Buffer) => {
      hello.feed(chunk);
      if (hello.offer !== undefined) settle('complete');
    });
    socket.on('error', () => settle('closed'));
    socket.on('close', () => settle('closed'));
    socket.write(OUR_IDENTIFICATION);
  });
}
