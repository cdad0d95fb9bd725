import type { Socket } from 'node:net';

/** Makes a socket send what is written within one tick with one system call. */
export function gatherWrites(socket: Socket): void {
  let corked = false;
  const uncork = () => {
    corked = false;
    socket.uncork();
  };
  const write: (chunk: Uint8Array | string) => boolean = socket.write.bind(socket);
  socket.write = (chunk: Uint8Array | string) => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(uncork);
    }
    return write(chunk);
  };
}
