import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../base/logger.js';
import { matchExec } from './config/matchExec.js';
import { type SshConfigSurroundings, systemSurroundings } from './config/surroundings.js';
import { knownHostsPaths } from './knownHostsFiles.js';
import { Opening } from './opening.js';
import type { SshConnector } from './types.js';

export interface SshConnectorOptions {
  /** The home folder, asked at each use. Default: the user's. */
  readonly home?: () => string;
  /** The system-wide configuration file. Default: OpenSSH's. */
  readonly systemConfigFile?: string;
  /** The known_hosts files where ssh_config names none. Default: OpenSSH's. */
  readonly knownHostsFiles?: (home: string) => { user: readonly string[]; system: readonly string[] };
  readonly env?: NodeJS.ProcessEnv;
  readonly log: Logger;
}

/** Makes the connector that logs in with ssh2, by what ssh_config says. */
export function createSshConnector(options: SshConnectorOptions): SshConnector {
  const { env = process.env, log, knownHostsFiles = knownHostsPaths } = options;
  // keys that a login has succeeded with are offered first the next time, by `user@host`
  const acceptedKeys = new Map<string, string>();
  return {
    async open(target, prompts, openOptions) {
      const config = sshConfigOf(options);
      return await new Opening(target, {
        prompts,
        options: openOptions,
        config: { ...config, exec: matchExec(config) },
        home: config.home,
        env,
        knownHosts: knownHostsFiles(config.home),
        acceptedKeys,
        log,
      }).open();
    },
  };
}

/** Where ssh_config is and what its meaning depends on; without leave to run the commands of `Match exec`. */
export function sshConfigOf({
  home = homedir,
  systemConfigFile,
  env = process.env,
}: Pick<SshConnectorOptions, 'home' | 'systemConfigFile' | 'env'>): SshConfigSurroundings {
  const system = systemSurroundings(env);
  // HOME rather than the password database: whoever sets it means another `.ssh`
  const folder = home();
  return {
    ...system,
    home: folder,
    userFile: join(folder, '.ssh', 'config'),
    systemFile: systemConfigFile ?? system.systemFile,
  };
}
