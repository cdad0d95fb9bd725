import { SparkError } from '../../../shared/errors.js';
import { parseProxyJump } from './jump.js';
import { ConfigFault, quoted } from './problem.js';
import { Settings } from './settings.js';
import { isSafeHost, isSafeUser } from './shellSafety.js';
import type { Destination, JumpHost } from './types.js';

/** What the caller has set, as the beginning of all settings. Throws `invalidInput` for names that OpenSSH refuses on its command line. */
export function settingsOf({ host, user, port, proxyJump }: Destination): Settings {
  if (host === '' || !isSafeHost(host)) throw invalidInput('hostname', `${quoted(host)} is not the name of a host.`);
  const settings = new Settings();
  if (user !== undefined) {
    if (!isSafeUser(user)) throw invalidInput('username', `${quoted(user)} is not the name of a user.`);
    settings.offer('user', user, undefined);
  }
  if (port !== undefined) settings.offer('port', port, undefined);
  if (proxyJump !== undefined) settings.offerProxyJump(jumpFromCaller(proxyJump), undefined);
  return settings;
}

function jumpFromCaller(given: string | readonly JumpHost[]): readonly JumpHost[] {
  try {
    const hops = typeof given === 'string' ? parseProxyJump(given) : given.map(literalHop);
    const unsafe = hops.find(({ host, user = '' }) => !isSafeHost(host) || !isSafeUser(user));
    if (unsafe !== undefined) throw new ConfigFault(`${quoted(unsafe.host)} is not a host to jump through.`);
    return hops;
  } catch (error) {
    if (error instanceof ConfigFault) throw invalidInput('proxyJump', error.message, error.hint);
    throw error;
  }
}

/** A hop whose names have no tokens, as it came out of {@link resolveHost}. */
function literalHop({ host, user, port }: JumpHost): JumpHost {
  return { host: host.replaceAll('%', '%%'), user: user?.replaceAll('%', '%%'), port };
}

export function invalidInput(
  field: string | undefined,
  message: string,
  hint = 'Use letters, digits and the usual punctuation of names.',
): SparkError {
  return new SparkError({ code: 'invalidInput', message, hint, field });
}
