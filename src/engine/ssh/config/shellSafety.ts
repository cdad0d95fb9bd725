import type { TokenCheck } from './expansion.js';
import { ConfigFault, quoted } from './problem.js';

/**
 * Whether a host name can stand in a command of ProxyCommand or Match exec without meaning something to the shell. OpenSSH makes the same
 * demands of what is given on its command line since 9.6 (CVE-2023-51385).
 */
export function isSafeHost(host: string): boolean {
  return !/^-|[\s\p{Cc}'`"$\\;&<>|(){},]/u.test(host);
}

/** The same for a login name, which may contain spaces, `$` and, as in `DOMAIN\user`, a backslash. */
export function isSafeUser(user: string): boolean {
  return !/^-|[\p{Cc}'`";&<>|(){}]|\s-|\\$/u.test(user);
}

/** Keeps names that mean something to a shell out of a command, wherever they come from. */
export const checkForShell: TokenCheck = (letter, value) => {
  const safe = letter === 'r' ? isSafeUser(value) : 'hjkn'.includes(letter) ? isSafeHost(value) : true;
  if (safe) return;
  throw new ConfigFault(
    `The name ${quoted(value)} contains characters that a shell would interpret, and "%${letter}" would put it into a command.`,
    'Give the host or user another name, or leave the token out of the command.',
  );
};
