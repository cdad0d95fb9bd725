import { createHash } from 'node:crypto';
import { win32 } from 'node:path';
import { ConfigFault, quoted } from './problem.js';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What each letter after a `%` stands for (ssh_config(5), TOKENS). */
export type Tokens = Readonly<Record<string, string>>;

/** Told of each token that is about to be replaced; throws when its value must not get into the text. */
export type TokenCheck = (letter: string, value: string) => void;

/** Replaces `%x`. Throws {@link ConfigFault} for a letter that means nothing here. */
export function expandTokens(text: string, tokens: Tokens, check?: TokenCheck): string {
  return expand(text, tokens, undefined, check);
}

/** Replaces `${NAME}` (ssh_config(5), ENVIRONMENT VARIABLES). Throws {@link ConfigFault} for one that is not set. */
export function expandEnvironment(text: string, environment: Environment): string {
  return expand(text, undefined, environment);
}

/** Replaces both in one go, so that what comes out of one is not looked at again. */
export function expandAll(text: string, tokens: Tokens, environment: Environment): string {
  return expand(text, tokens, environment);
}

function expand(
  text: string,
  tokens: Tokens | undefined,
  environment: Environment | undefined,
  check?: TokenCheck,
): string {
  let result = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (environment !== undefined && char === '$' && text[i + 1] === '{') {
      const close = text.indexOf('}', i);
      const name = text.slice(i + 2, close);
      if (close < 0 || name === '') throw new ConfigFault(`${quoted(text)} has a "\${" without a name and a "}".`);
      result += variable(name, environment);
      i = close;
    } else if (tokens !== undefined && char === '%') {
      const letter = text[++i] ?? '';
      const value = letter === '%' ? '%' : Object.hasOwn(tokens, letter) ? tokens[letter] : undefined;
      if (value === undefined)
        throw new ConfigFault(
          `${quoted(text)} has ${quoted(`%${letter}`)}, which stands for nothing here.`,
          'Write "%%" for a percent sign; the tokens are listed in ssh_config(5).',
        );
      check?.(letter, value);
      result += value;
    } else result += char;
  }
  return result;
}

function variable(name: string, environment: Environment): string {
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (value !== undefined) return value;
  throw new ConfigFault(
    `The environment variable ${quoted(name)} is not set.`,
    'The editor may have been started without it: start it from a terminal that has it, or write the value into the file.',
  );
}

/** Whose home `~` is. */
export interface HomeOwner {
  readonly home: string;
  readonly userName: string;
  readonly platform: NodeJS.Platform;
}

/** Replaces a leading `~` or `~me`. Throws {@link ConfigFault} for the home of somebody else, which Node cannot find. */
export function expandTilde(path: string, owner: HomeOwner): string {
  if (!path.startsWith('~')) return path;
  const windows = owner.platform === 'win32';
  const [, user = '', below = ''] = (windows ? /^~([^/\\]*)[/\\]*([^]*)$/ : /^~([^/]*)\/*([^]*)$/).exec(path) ?? [];
  if (user !== '' && user !== owner.userName)
    throw new ConfigFault(
      `${quoted(path)} begins with the home folder of another user.`,
      'Write the full path of the folder instead.',
    );
  return windows ? win32.join(owner.home, below) : `${owner.home.replace(/\/$/, '')}/${below}`;
}

/** What the tokens of a connection are made of. */
export interface TokenSource {
  /** Where to connect to, as far as that is known by now. */
  readonly hostname: string;
  /** As the caller named the host. */
  readonly originalHost: string;
  readonly port: number;
  readonly user: string;
  /** The name by which the host's key is known. */
  readonly keyAlias: string;
  /** Host of the last hop of ProxyJump, or nothing. */
  readonly jumpHost: string;
  readonly local: HomeOwner & { readonly hostname: string; readonly uid: number | undefined };
}

/** All tokens that IdentityFile, CertificateFile, IdentityAgent, UserKnownHostsFile, Match exec and Include may use. */
export function tokensOf(source: TokenSource): Tokens {
  const { hostname, originalHost, user, keyAlias, jumpHost, local } = source;
  const port = String(source.port);
  // %j is part of the hash since OpenSSH 9.8; without a jump host the older hash is the same
  const hash = createHash('sha1').update(local.hostname + hostname + port + user + jumpHost);
  return {
    C: hash.digest('hex'),
    L: local.hostname.split('.', 1)[0] ?? '',
    d: local.home,
    h: hostname,
    i: String(local.uid ?? 0),
    j: jumpHost,
    k: keyAlias,
    l: local.hostname,
    n: originalHost,
    p: port,
    r: user,
    u: local.userName,
  };
}
