import { BlockList, isIP } from 'node:net';
import { matchesPattern, matchesPatternList } from '../patterns.js';
import { ConfigFault, quoted } from './problem.js';

/** What the criteria of a Match line are compared with. */
export interface MatchSubject {
  /** The host name as far as it is known by now. */
  readonly host: string;
  /** As the caller named the host. */
  readonly originalHost: string;
  readonly user: string;
  readonly localUser: string;
  readonly tag: string;
  readonly localAddresses: readonly string[];
  /** The second time through the files. */
  readonly final: boolean;
  /** Told when a line asks for a second time. */
  wantFinal(): void;
  /**
   * Whether the command of an `exec` succeeds; undefined when it must not be run.
   * @param needed false when the line does not apply whatever the command says: then it is only looked at
   */
  exec(command: string, needed: boolean): Promise<boolean | undefined>;
}

/** Whether a Host line applies: one of its patterns matches, and none of those with a `!`. */
export function hostApplies(patterns: readonly string[], host: string): boolean {
  if (patterns.includes('')) throw new ConfigFault('A pattern is empty.');
  let applies = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith('!');
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, host)) continue;
    if (negated) return false;
    applies = true;
  }
  return applies;
}

/**
 * Whether a Match line applies (ssh_config(5), Match). All criteria are read, so that a bad one is found wherever it stands, but no command is run
 * once it is clear that the line does not apply. A command that must not be run makes the line not apply, also with a `!` in front.
 */
export async function matchApplies(words: readonly string[], subject: MatchSubject): Promise<boolean> {
  const criteria = readCriteria(words);
  let applies = true;
  for (const { negated, name, value } of criteria) {
    if (name === 'final') subject.wantFinal();
    const holds = name === 'exec' ? await subject.exec(value, applies) : criterionHolds(name, value, subject);
    if (holds === undefined || holds === negated) applies = false;
  }
  return applies;
}

interface Criterion {
  readonly negated: boolean;
  readonly name: string;
  readonly value: string;
}

function readCriteria(words: readonly string[]): Criterion[] {
  const criteria: Criterion[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const negated = word.startsWith('!');
    const [, written = '', joined] = /^!?([^=]*)(?:=([^]*))?$/.exec(word) ?? [];
    const name = written.toLowerCase();
    if (name === 'all') {
      if (criteria.length > 1 || rest.length > 0)
        throw new ConfigFault('The criterion "all" must stand alone, or after "final" or "canonical".');
      return [...criteria, { negated, name, value: '' }];
    }
    const value = name === 'canonical' || name === 'final' ? '' : takeValue(name, joined, rest);
    criteria.push({ negated, name, value });
  }
  if (criteria.length === 0) throw new ConfigFault('Match has no criterion.');
  return criteria;
}

/** The value of a criterion: `host a`, `host=a`, and, as older versions of OpenSSH allowed, with spaces around the `=`. */
function takeValue(name: string, joined: string | undefined, rest: string[]): string {
  let value = joined === undefined || joined === '' ? rest.shift() : joined;
  if (joined === undefined && value?.startsWith('=')) value = value === '=' ? rest.shift() : value.slice(1);
  // an empty pattern is how to ask for no tag and no command
  if (value === undefined || (value === '' && name !== 'tagged' && name !== 'command'))
    throw new ConfigFault(`The criterion ${quoted(name)} of Match has no value.`);
  return value;
}

/** For `exec` see above. Undefined: neither the criterion nor its opposite can be said to hold. */
function criterionHolds(name: string, value: string, subject: MatchSubject): boolean | undefined {
  switch (name) {
    case 'all':
      return true;
    case 'canonical':
    case 'final':
      return subject.final;
    case 'host':
      return matchesPatternList(value.toLowerCase(), subject.host.toLowerCase());
    case 'originalhost':
      return matchesPatternList(value.toLowerCase(), subject.originalHost.toLowerCase());
    case 'user':
      return matchesPatternList(value, subject.user);
    case 'localuser':
      return matchesPatternList(value, subject.localUser);
    case 'tagged':
      return matchesPatternList(value, subject.tag);
    case 'localnetwork':
      return isOnNetwork(value, subject.localAddresses);
    case 'command':
      // there is none: the connection serves many
      return matchesPatternList(value, '');
    case 'sessiontype':
      return matchesPatternList(value, 'none');
    case 'version':
      // of OpenSSH, which this is not
      return undefined;
    default:
      throw new ConfigFault(
        `Match has no criterion ${quoted(name)}.`,
        'Put a value that contains spaces in double quotes; the criteria are listed in ssh_config(5).',
      );
  }
}

/** Whether one of the addresses is in one of the networks, given as `10.0.0.0/8,fd00::/8`. */
function isOnNetwork(networks: string, addresses: readonly string[]): boolean {
  const list = new BlockList();
  for (const network of networks.split(',')) {
    const [address = '', lengthText] = network.split('/');
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    const length = lengthText === undefined ? bits : /^\d{1,3}$/.test(lengthText) ? Number(lengthText) : NaN;
    if (family === 0 || address.includes('%') || !(length <= bits))
      throw new ConfigFault(`${quoted(network)} is not a network such as 192.168.1.0/24.`);
    list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
  }
  return addresses.some(address => list.check(address.split('%', 1)[0] ?? '', isIP(address) === 4 ? 'ipv4' : 'ipv6'));
}
