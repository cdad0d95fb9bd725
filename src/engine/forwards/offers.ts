import { randomBytes } from 'node:crypto';
import { type ForwardOffer, REMOTE_LOOPBACK, serviceLabel, SERVICES } from '../../shared/forwards.js';
import type { Clock } from '../base/clock.js';
import { type ListeningSocket, listeningSockets, reachedByLoopback } from '../base/procNet.js';
import { readSections } from '../base/sections.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';

const TIMEOUT_MS = 8_000;
const MAX_BYTES = 1024 * 1024;
/** Unknown ports beyond these are not worth a list. */
const MOST_UNKNOWN = 40;
/** What is nobody's web page: ssh, mail, DNS, printing, file sharing, remote desktop, the metrics exporters' parent. */
const NEVER_OFFERED = new Set([22, 25, 53, 111, 139, 445, 631, 2049, 3389, 5355]);
/** The DGX Dashboard starts a JupyterLab for each user, on a port that it writes down here. */
const JUPYTER_PORTS = '/opt/nvidia/dgx-dashboard-service/jupyterlab_ports.yaml';

/**
 * Looks at what listens on the machine: `sh -c <this> <name> <marker> <file with the ports of JupyterLab>`. Builtins and `cat`, for any POSIX `sh`; one
 * line, no single quote, no `!`, no doubled backslash, since the login shell that unquotes it may be csh or fish.
 */
export const offersScript = [
  'mark=$1; file=$2; LC_ALL=C; export LC_ALL;',
  'printf "\\n%s user\\n" "$mark"; id -un;',
  'printf "\\n%s jupyter\\n" "$mark"; if [ -r "$file" ]; then head -c 65536 "$file"; fi;',
  'printf "\\n%s sockets\\n" "$mark"; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -E "^ *[0-9]+: [0-9A-F]+:[0-9A-F]+ [0-9A-F]+:[0-9A-F]+ 0A ";',
  'printf "\\n%s end\\n" "$mark"',
].join(' ');

/** Asks a machine what may be worth a forward, with one program. Rejects when the session is over, and with `cancelled`. */
export async function lookForOffers(
  session: SshSession,
  without: readonly number[],
  { run, clock, signal }: { readonly run: Run; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ForwardOffer[]> {
  const marker = randomBytes(16).toString('hex');
  const argv = ['sh', '-c', offersScript, 'dgx-spark-ports', marker, JUPYTER_PORTS];
  const { stdout } = await run(session, argv, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal, clock });
  return readOffers(readSections(stdout, marker), without);
}

/**
 * What listens first, known services before unknown ports; then the known services that do not listen now.
 * @param without ports of the machine that are not offered
 */
export function readOffers(sections: ReadonlyMap<string, string>, without: readonly number[]): ForwardOffer[] {
  const hidden = new Set([...NEVER_OFFERED, ...without]);
  const sockets = listeningSockets(sections.get('sockets') ?? '').filter(({ port }) => !hidden.has(port));
  const jupyter = jupyterPort(sections.get('jupyter') ?? '', sections.get('user') ?? '');
  const ports = [...new Set(sockets.map(({ port }) => port))].sort((a, b) => a - b);
  const isKnown = (port: number) => port === jupyter || SERVICES.some(service => service.port === port);
  const offer = (port: number, listening: boolean): ForwardOffer => ({
    remoteHost: hostOf(sockets, port),
    remotePort: port,
    label: port === jupyter ? 'JupyterLab of the DGX Dashboard' : serviceLabel(port),
    known: isKnown(port),
    listening,
  });
  const known = [...(jupyter === undefined ? [] : [jupyter]), ...SERVICES.map(({ port }) => port)];
  return [
    ...known.filter(port => ports.includes(port)).map(port => offer(port, true)),
    ...ports
      .filter(port => !isKnown(port))
      .slice(0, MOST_UNKNOWN)
      .map(port => offer(port, true)),
    ...known.filter(port => !ports.includes(port) && !hidden.has(port)).map(port => offer(port, false)),
  ];
}

/** Loopback where that is enough, as nearly always; else the address that it listens on. */
function hostOf(sockets: readonly ListeningSocket[], port: number): string {
  const addresses = sockets.filter(socket => socket.port === port).map(({ address }) => address);
  return addresses.length === 0 || reachedByLoopback(addresses) ? REMOTE_LOOPBACK : (addresses[0] ?? REMOTE_LOOPBACK);
}

/**
 * The port of a user's JupyterLab: `users:` and then, for each, `- username: name` and `jupyterlab_port: 11002`, in whichever order. A YAML parser for
 * two words of a file that one program writes would be more code than the program.
 */
export function jupyterPort(yaml: string, username: string): number | undefined {
  for (const entry of yaml.split(/^\s*-\s+/m)) {
    const [, name] = /^\s*username:\s*["']?([^\s"'#]+)/m.exec(entry) ?? [];
    const [, port] = /^\s*jupyterlab_port:\s*["']?(\d{1,5})\b/m.exec(entry) ?? [];
    if (name === username && port !== undefined && Number(port) > 0 && Number(port) <= 65535) return Number(port);
  }
  return undefined;
}
