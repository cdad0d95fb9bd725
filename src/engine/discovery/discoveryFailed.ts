import { SparkError } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';

/**
 * Why nothing could be searched.
 * @param reason the system's error; undefined when there is no network at all
 */
export function discoveryFailed(reason: unknown, platform: NodeJS.Platform): SparkError {
  const code = (reason as { code?: unknown } | undefined)?.code;
  const said = typeof code === 'string' ? ` (${printable(code, 40)})` : '';
  return new SparkError(
    { code: 'discoveryFailed', message: messageFor(reason, code, said), hint: hintFor(code, platform) },
    { cause: reason },
  );
}

function messageFor(reason: unknown, code: unknown, said: string): string {
  if (reason === undefined) return 'This computer is not connected to a network that can be searched.';
  if (code === 'EADDRINUSE') return `Another program keeps the port of multicast DNS (UDP 5353) for itself${said}.`;
  return `This computer may not search its network${said}.`;
}

function hintFor(code: unknown, platform: NodeJS.Platform): string {
  if (code === 'EADDRINUSE') return 'Close the other program, or enter the address of the machine by hand.';
  if (platform === 'darwin')
    return 'Allow this editor under System Settings, Privacy & Security, Local Network, then search again.';
  return 'Check the network, and whether a firewall or VPN blocks multicast DNS (UDP 5353); or enter the address by hand.';
}
