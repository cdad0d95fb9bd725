/** Where a caller wants to go, as on the command line of ssh(1). What is given here wins over the files. */
export interface Destination {
  /** A host name, an address, or an alias of the configuration. */
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** Private keys, tried before those of the files. A leading `~` is the home folder; nothing else is expanded. */
  readonly identityFiles?: readonly string[] | undefined;
  /** As ProxyJump in the files, or the hops themselves; none of them for a direct connection. */
  readonly proxyJump?: string | readonly JumpHost[] | undefined;
}

/**
 * A machine to connect through. It is itself a {@link Destination} to be resolved: the first hop by the files alone, which may name a way to it, each
 * further one with the hops before it as its `proxyJump`.
 */
export interface JumpHost {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
}

/** How the connection to a host is made. */
export type Proxy =
  | { readonly kind: 'none' }
  /** Through other machines, in this order. */
  | { readonly kind: 'jump'; readonly hops: readonly JumpHost[] }
  /** Over stdin and stdout of a command for the user's shell. OpenSSH puts `exec` before it. */
  | { readonly kind: 'command'; readonly command: string };

/** Where the agent listens. */
export type IdentityAgent = { readonly kind: 'none' } | { readonly kind: 'socket'; readonly path: string };

/**
 * What the configuration says about a host, with all tokens replaced. What is undefined is left to whoever connects. Paths that are relative in the
 * files are relative here. Durations are in milliseconds.
 */
export interface ResolvedHost {
  readonly hostname: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly proxy: Proxy;

  /** Private keys in the order in which to try them. */
  readonly identityFiles: readonly string[];
  /** Nothing names a key: these are the usual ones, which need not exist. */
  readonly identityFilesAreDefaults: boolean;
  readonly certificateFiles: readonly string[];
  readonly identitiesOnly: boolean | undefined;
  readonly identityAgent: IdentityAgent | undefined;

  readonly preferredAuthentications: readonly string[] | undefined;
  readonly pubkeyAuthentication: boolean | undefined;
  readonly passwordAuthentication: boolean | undefined;
  readonly kbdInteractiveAuthentication: boolean | undefined;
  readonly numberOfPasswordPrompts: number | undefined;

  readonly strictHostKeyChecking: 'yes' | 'no' | 'ask' | 'accept-new' | undefined;
  /** Empty where the file says `none`. */
  readonly userKnownHostsFiles: readonly string[] | undefined;
  readonly globalKnownHostsFiles: readonly string[] | undefined;
  /** The name by which known_hosts files have the host, in place of `hostname`. */
  readonly hostKeyAlias: string | undefined;
  readonly hashKnownHosts: boolean | undefined;

  /** Lists of algorithms as written; `applyAlgorithmList` makes something of them. */
  readonly ciphers: string | undefined;
  readonly macs: string | undefined;
  readonly kexAlgorithms: string | undefined;
  readonly hostKeyAlgorithms: string | undefined;
  readonly pubkeyAcceptedAlgorithms: string | undefined;

  /** 0: none of ours, only the system's. */
  readonly connectTimeoutMs: number | undefined;
  /** 0: never. */
  readonly serverAliveIntervalMs: number | undefined;
  readonly serverAliveCountMax: number | undefined;
  readonly addressFamily: 'any' | 'inet' | 'inet6' | undefined;
  readonly bindAddress: string | undefined;

  /** CanonicalizeHostname is asked for. The files are read a second time as it wants, but names are not looked up. */
  readonly canonicalizeHostname: boolean;
  /** A `Match exec` was taken for false because commands were not to be run. */
  readonly skippedExec: boolean;
  /** The files that were read, in this order. */
  readonly files: readonly string[];
}

/** A host that the files name, for a list to choose from. */
export interface ListedHost {
  readonly alias: string;
  readonly hostname: string;
  readonly user: string | undefined;
  readonly port: number;
  readonly proxy: Proxy['kind'];
  /** The line that names it. */
  readonly file: string;
  readonly line: number;
  /** A `Match exec` may change what is said here. */
  readonly skippedExec: boolean;
}
