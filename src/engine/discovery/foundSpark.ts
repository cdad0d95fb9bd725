import * as v from 'valibot';
import { hostnameSchema, portSchema } from '../../shared/connection.js';
import { printable } from '../base/remoteText.js';
import { orderAddresses } from './addresses.js';

/** A machine on the local network that announces an SSH server. */
export interface FoundSpark {
  /** What it calls itself, for people. */
  readonly name: string;
  /** Its name on the local network, in lower case: `spark-1a2b.local`. */
  readonly hostname: string;
  readonly port: number;
  /** Best first: IPv4, then IPv6, then those of one link only. May be empty: the host name is enough to connect. */
  readonly addresses: readonly string[];
  /** Its name is one that a DGX Spark has, or one of its siblings by other makers. */
  readonly looksLikeSpark: boolean;
}

/** What an answer says, as far as it is used. It comes from anybody on the network. */
const heardSchema = v.object({
  fqdn: v.pipe(v.string(), v.maxLength(300)),
  host: v.pipe(v.string(), v.toLowerCase(), hostnameSchema),
  port: portSchema,
  addresses: v.optional(v.array(v.unknown()), []),
  referer: v.optional(v.object({ address: v.string() })),
});

/** RFC 6763, 4.1: `<Instance>.<Service>.<Domain>`. */
const SERVICE_SUFFIX = /\._ssh\._tcp\.local$/i;
/** A name that multicast DNS can have answered for (RFC 6762, 3), made of what host names are made of. */
const LOCAL_NAME = /^[a-z0-9_][a-z0-9_-]*(\.[a-z0-9_-]+)*\.local$/;
/** The names that machines with a GB10 have when they leave the factory, and what Avahi makes of a name that is taken. */
const FACTORY_NAME = /^(spark|gx10|promaxgb10|zgx|edgexpert|aitopatom|thinkstationpgx|gn100)-[0-9a-f]{4}(-\d+)?$/;
/** Names that owners like to give. */
const GIVEN_NAME = /^spark-?\d{0,2}$|(^|[-_])(dgx|gb10)([-_\d]|$)/;
const LONGEST_NAME = 63;

/** Makes something of an answer to a question for SSH servers, or nothing when it is not what it should be. */
export function readAnswer(answer: unknown): FoundSpark | undefined {
  const heard = v.safeParse(heardSchema, answer);
  if (!heard.success) return undefined;
  const { fqdn, host, port, addresses, referer } = heard.output;
  if (!LOCAL_NAME.test(host) || !SERVICE_SUFFIX.test(fqdn)) return undefined;
  const label = host.replace(/\..*$/, '');
  return {
    name: printable(fqdn.replace(SERVICE_SUFFIX, ''), LONGEST_NAME) || label,
    hostname: host,
    port,
    addresses: orderAddresses(addresses, referer?.address),
    looksLikeSpark: FACTORY_NAME.test(label) || GIVEN_NAME.test(label),
  };
}

/** Sparks first, then by name as people sort. */
export function compareFound(left: FoundSpark, right: FoundSpark): number {
  return (
    Number(right.looksLikeSpark) - Number(left.looksLikeSpark) ||
    left.name.localeCompare(right.name, 'en', { numeric: true, sensitivity: 'base' }) ||
    left.hostname.localeCompare(right.hostname, 'en') ||
    left.port - right.port
  );
}
