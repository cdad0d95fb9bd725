import type { Socket } from 'node:net';
import * as rpc from 'vscode-jsonrpc/node';

/** The classes that {@link Peer} makes instances of, in their Node flavour. */
export const rpcRuntime = rpc;

/** JSON-RPC over a socket whose handshake is done. Malformed input closes it. */
export function messageConnection(socket: Socket): rpc.MessageConnection {
  socket.setNoDelay(true);
  const connection = rpc.createMessageConnection(
    new rpc.SocketMessageReader(socket),
    new rpc.SocketMessageWriter(socket),
  );
  connection.onError(() => {
    socket.destroy();
  });
  connection.onUnhandledNotification(() => undefined);
  return connection;
}
