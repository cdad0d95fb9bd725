import { showError } from '../errorNotice.js';
import { checkedId, readCall } from './arguments.js';
import { pickConnection, type Choice } from './pickConnection.js';
import type { CommandServices } from './services.js';

/** Does something that the user asked for; an error is shown once, with the buttons that help, and not thrown. */
export async function attempt<T>(
  services: CommandServices,
  connectionId: string | undefined,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const failed = {
      connectionId,
      connectionName: connectionId === undefined ? undefined : services.client.connection(connectionId)?.name,
      retry: () => void attempt(services, connectionId, work),
    };
    // not awaited: the command has ended, whenever the user reads the message
    void showError(error, failed, services.remedies);
    return undefined;
  }
}

/** Runs a command that is about one connection, in the form in which it was called. */
export async function aboutConnection<T>(
  services: CommandServices,
  first: unknown,
  choice: Choice,
  work: {
    /** Asks nothing, throws. */
    argument(connectionId: string): Promise<T>;
    /** May ask; undefined when the user thought better of it. */
    interactive(connectionId: string): Promise<T | undefined>;
  },
): Promise<T | undefined> {
  const call = readCall(first);
  if (call.form === 'argument') return await work.argument(checkedId(first));
  const connectionId =
    call.row?.connectionId ?? (await attempt(services, undefined, async () => await pickConnection(services, choice)));
  if (connectionId === undefined) return undefined;
  return await attempt(services, connectionId, async () => await work.interactive(connectionId));
}
