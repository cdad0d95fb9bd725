/** A relay that is as far away as it is told: each piece of data is late by half a round trip. Arguments: port, milliseconds. Prints its port. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const [target = '', roundTrip = ''] = process.argv.slice(2);
const delayMs = Number(roundTrip) / 2;
/** More than a fast line holds in that time; above it the sender is slowed down, as a full line does. */
const LIMIT_BYTES = 64 * 1024 * 1024;

function carry(from: Socket, to: Socket): void {
  let held = 0;
  from.on('data', (chunk: Buffer) => {
    held += chunk.length;
    if (held > LIMIT_BYTES) from.pause();
    setTimeout(() => {
      held -= chunk.length;
      if (!to.destroyed) to.write(chunk);
      if (held <= LIMIT_BYTES) from.resume();
    }, delayMs);
  });
  from.on('end', () => setTimeout(() => to.end(), delayMs));
  from.on('error', () => to.destroy());
}

const server = createServer({ noDelay: true, allowHalfOpen: true }, near => {
  const far = connect({ host: '127.0.0.1', port: Number(target), noDelay: true, allowHalfOpen: true });
  carry(near, far);
  carry(far, near);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.on('end', () => process.exit(0)).resume();
