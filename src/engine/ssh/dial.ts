import { SparkError } from '../../shared/errors.js';
import type { ResolvedHost } from './config/types.js';
import type { LoginTimer } from './loginTimer.js';
import { addressOf, type Machine } from './machine.js';
import { CANCELLED, explainConnectError, explainLoginEnd, explainTimeout } from './networkErrors.js';
import { ServerHello } from './serverHello.js';
import { forwardThrough } from './transport/forwarded.js';
import { runProxyCommand } from './transport/proxyCommand.js';
import { connectTcp, type TcpTransport } from './transport/tcp.js';
import type { Transport } from './transport/transport.js';
import type { SshSession } from './types.js';

export interface DialOptions {
  readonly timer: LoginTimer;
  readonly signal: AbortSignal;
  readonly onStep: (step: string) => void;
  /** Logs in to the last of the jump hosts before this machine. */
  readonly openJumpHosts: (host: ResolvedHost) => Promise<SshSession>;
}

/** Gets a stream to a machine's SSH server, by whatever way its configuration names. Rejects with a {@link SparkError}. */
export async function dial(machine: Machine, options: DialOptions): Promise<Transport> {
  const { host } = machine;
  switch (host.proxy.kind) {
    case 'none':
      return await dialDirectly(machine, options);
    case 'command':
      options.onStep(`Starting the ProxyCommand for ${host.hostname}`);
      return runProxyCommand(host.proxy.command);
    case 'jump': {
      // those who are asked for something there are not to be hurried by the time for this machine
      options.timer.pause();
      const hop = await options.openJumpHosts(host).finally(() => options.timer.resume());
      options.onStep(`Going on to ${host.hostname}:${host.port}`);
      return await forwardThrough(hop, host.hostname, host.port);
    }
  }
}

/** Opens a TCP connection. */
export async function dialDirectly(
  machine: Machine,
  { timer, signal, onStep }: Omit<DialOptions, 'openJumpHosts'>,
): Promise<TcpTransport> {
  const { host } = machine;
  const address = addressOf(machine);
  onStep(`Opening a connection to ${host.hostname}:${host.port}`);
  try {
    const wishes = { family: host.addressFamily, bindAddress: host.bindAddress };
    return await connectTcp(address, wishes, AbortSignal.any([signal, timer.expired]));
  } catch (error) {
    if (signal.aborted) throw new SparkError(CANCELLED);
    if (timer.expired.aborted) throw explainTimeout('tcp', address, undefined);
    throw explainConnectError(error, address);
  }
}

/**
 * Opens a TCP connection and waits for the first words of an SSH server: something else may answer on an address that
 * was right yesterday, or a machine that accepts connections and does no more.
 */
export async function dialAndHear(machine: Machine, options: Omit<DialOptions, 'openJumpHosts'>): Promise<Transport> {
  const transport = await dialDirectly(machine, options);
  const { timer, signal } = options;
  const address = addressOf(machine);
  const hello = new ServerHello();
  const end = () => transport.stream.destroy();
  const either = AbortSignal.any([signal, timer.expired]);
  either.addEventListener('abort', end, { once: true });
  try {
    hello.feed(Buffer.from(await transport.firstWords(), 'latin1'));
    if (hello.firstLine?.startsWith('SSH-') === false) throw explainLoginEnd('handshake', address, hello, undefined);
    return transport;
  } catch (error) {
    end();
    if (signal.aborted) throw new SparkError(CANCELLED);
    if (timer.expired.aborted) throw explainTimeout('handshake', address, hello);
    if (SparkError.is(error)) throw error;
    throw explainLoginEnd('handshake', address, hello, error instanceof Error ? error : undefined);
  } finally {
    either.removeEventListener('abort', end);
  }
}
