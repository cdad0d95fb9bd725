import type { ListedHost, SshConfigList } from '../../shared/discovery.js';
import { listHosts } from './config/listHosts.js';
import { resolveHost } from './config/resolveHost.js';
import type { SshConfigSurroundings } from './config/surroundings.js';
import { jumpsInWords } from './machine.js';

/** The hosts that ssh_config names, with what a copy of one needs. Runs no command, and never rejects. */
export async function importableHosts(config: SshConfigSurroundings): Promise<SshConfigList> {
  const { hosts, problems } = await listHosts(config);
  const quiet = { ...config, exec: undefined };
  const listed: ListedHost[] = [];
  for (const { alias, hostname, user, port, proxy, file, line } of hosts) {
    const resolved = await resolveHost({ host: alias }, quiet).catch(() => undefined);
    listed.push({
      ...{ alias, hostname, port, proxy, file, line, username: user ?? config.userName },
      proxyJump: resolved?.proxy.kind === 'jump' ? jumpsInWords(resolved.proxy.hops) : null,
      identityFile: (resolved?.identityFilesAreDefaults ? undefined : resolved?.identityFiles[0]) ?? null,
    });
  }
  return {
    hosts: listed,
    problems: problems.map(({ file, line, message }) => `${line === undefined ? file : `${file}:${line}`}: ${message}`),
  };
}
