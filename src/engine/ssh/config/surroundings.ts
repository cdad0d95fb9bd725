import { homedir, hostname, networkInterfaces, userInfo } from 'node:os';
import { posix, win32 } from 'node:path';
import type { Environment } from './expansion.js';

/** What the meaning of the configuration depends on, besides the files. */
export interface SshConfigSurroundings {
  /** The home folder; relative names of included files are below its `.ssh`. */
  readonly home: string;
  /** The user's name on this computer. */
  readonly userName: string;
  /** This computer's name. */
  readonly hostname: string;
  readonly env: Environment;
  /** The user's id; undefined on Windows, where owners and modes of files are not looked at. */
  readonly uid: number | undefined;
  readonly platform: NodeJS.Platform;
  readonly userFile: string;
  readonly systemFile: string;
  /** This computer's addresses, for `Match localnetwork`. */
  readonly localAddresses: readonly string[];
  /**
   * Runs the command of a `Match exec` in a shell; resolves with whether it ended with status 0. Given only where a connection is being made:
   * without it a `Match exec` counts as false.
   */
  readonly exec?: ((command: string, signal: AbortSignal) => Promise<boolean>) | undefined;
}

/** The real ones, without `exec`. */
export function systemSurroundings(
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): SshConfigSurroundings {
  const user = currentUser();
  const path = platform === 'win32' ? win32 : posix;
  const systemFolder = platform === 'win32' ? path.join(env['ProgramData'] ?? 'C:\\ProgramData', 'ssh') : '/etc/ssh';
  return {
    ...user,
    hostname: hostname(),
    env,
    platform,
    userFile: path.join(user.home, '.ssh', 'config'),
    systemFile: path.join(systemFolder, 'ssh_config'),
    localAddresses: Object.values(networkInterfaces()).flatMap(found => found?.map(({ address }) => address) ?? []),
  };
}

/** As the password database has the user: that, and not HOME, is what OpenSSH goes by. */
function currentUser(): Pick<SshConfigSurroundings, 'home' | 'userName' | 'uid'> {
  try {
    const { homedir: home, username, uid } = userInfo();
    return { home, userName: username, uid: uid < 0 ? undefined : uid };
  } catch {
    // a container may run under an id that has no entry
    return { home: homedir(), userName: '', uid: process.getuid?.() };
  }
}
