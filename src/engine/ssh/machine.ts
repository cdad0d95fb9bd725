import { writtenAddress } from '../../shared/address.js';
import type { JumpHost, ResolvedHost } from './config/types.js';
import type { Address } from './networkErrors.js';
import type { LoginParty, SshLogin } from './types.js';

/** One machine to log in to, by one way: the target itself, or a jump host before it. */
export interface Machine {
  /** What ssh_config makes of it. */
  readonly host: ResolvedHost;
  readonly username: string;
  readonly login: SshLogin;
  readonly isJumpHost: boolean;
  /** The name by which its host key is known. */
  readonly identity: Address;
}

/** Who logs in there, for messages and questions. */
export function partyOf({ username, identity, isJumpHost }: Machine): LoginParty {
  return { name: `${username}@${identity.hostname}`, isJumpHost };
}

/** Where it is reached. */
export function addressOf({ host }: Machine): Address {
  return { hostname: host.hostname, port: host.port };
}

/** The name of a host in known_hosts files: its alias, which carries no port (ssh_config(5), HostKeyAlias), or its address. */
export function identityOf(host: ResolvedHost): Address {
  return host.hostKeyAlias === undefined
    ? { hostname: host.hostname, port: host.port }
    : { hostname: host.hostKeyAlias, port: 22 };
}

/** The way in words: `spark.local:22`, `10.0.0.7:2222 via gateway`, `spark:22 through a ProxyCommand`. */
export function routeInWords(host: ResolvedHost): string {
  const where = writtenAddress(host);
  switch (host.proxy.kind) {
    case 'none':
      return where;
    case 'jump':
      return `${where} via ${host.proxy.hops.map(hop => hop.host).join(', ')}`;
    case 'command':
      return `${where} through a ProxyCommand`;
  }
}

/** Jump hosts as `-J` takes them. */
export function jumpsInWords(hops: readonly JumpHost[]): string {
  return hops
    .map(({ user, host, port }) => {
      const address = host.includes(':') ? `[${host}]` : host;
      return `${user === undefined ? '' : `${user}@`}${address}${port === undefined ? '' : `:${port}`}`;
    })
    .join(',');
}

/** A duration of ssh_config, where 0 stands for "no opinion". */
export function positive(ms: number | undefined): number | undefined {
  return ms === undefined || ms <= 0 ? undefined : ms;
}
