import { SparkError } from '../../shared/errors.js';
import { type Clock, systemClock } from '../base/clock.js';
import type * as networkErrors from '../ssh/networkErrors.js';
import type { ServerHello, ServerOffer } from '../ssh/serverHello.js';
import { asTitle, type Finding, finding } from './finding.js';
import { type Lookup, probeName, systemLookup } from './nameProbe.js';
import { type PingAnswer, ping } from './ping.js';
import { describeAttempt, type PortAttempt, tryPort } from './portProbe.js';
import { algorithmsFinding, helloFinding } from './serverFindings.js';
import { probeHello } from './helloProbe.js';

const TCP_TIMEOUT_MS = 8_000;
/** A server that reverses names or is swapped out takes seconds to say who it is. */
const HELLO_TIMEOUT_MS = 15_000;

export interface NetworkDiagnosisParts {
  /** The explanations that a failed connection gets too. */
  readonly errors: Pick<typeof networkErrors, 'explainConnectError' | 'explainTimeout' | 'explainLoginEnd'>;
  readonly newHello: () => ServerHello;
  /** What this computer can do. */
  readonly supported: ServerOffer;
  readonly clock?: Clock;
  /** Milliseconds of a clock that nobody sets. */
  readonly now?: () => number;
  readonly lookup?: Lookup;
  readonly ping?: (address: string, signal: AbortSignal) => Promise<PingAnswer>;
  readonly platform?: NodeJS.Platform;
}

/**
 * Looks at the way to a machine from this computer, without logging in: name, port, ping, SSH server, algorithms, one finding each in this order. It
 * makes one connection to each address and leaves a line in the log of the server. Rejects with `cancelled` alone.
 */
export async function diagnoseNetwork(
  target: { hostname: string; port: number },
  parts: NetworkDiagnosisParts,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { clock = systemClock, now = () => performance.now(), errors, platform = process.platform } = parts;
  const askPing = parts.ping ?? ((address: string) => ping(address, { signal, platform }));
  const name = await probeName(target.hostname, parts.lookup ?? systemLookup, { clock, signal });
  refuseCancelled(signal);
  const [first] = name.addresses;
  if (first === undefined)
    return [name.finding, ...skipped('The address of the machine is not known', 'Port', ...AFTER_PORT)];

  const options = { timeoutMs: TCP_TIMEOUT_MS, signal, clock, now };
  const attempts = await Promise.all(name.addresses.map(address => tryPort(address, target.port, options)));
  try {
    refuseCancelled(signal);
    const open = attempts.find(attempt => 'socket' in attempt);
    if (open === undefined) {
      const answer = await askPing(first, signal);
      refuseCancelled(signal);
      const port = portProblem(attempts, target, errors, platform, answer);
      return [name.finding, port, pingFinding(answer), ...skipped('There is no connection to it', ...AFTER_PING)];
    }
    const hello = parts.newHello();
    const end = await probeHello(open.socket, hello, { timeoutMs: HELLO_TIMEOUT_MS, signal, clock });
    refuseCancelled(signal);
    const isSilent = end === 'silence' && hello.firstLine === undefined;
    const answer = isSilent ? await askPing(open.address, signal) : undefined;
    refuseCancelled(signal);
    return [
      name.finding,
      finding('Port', 'ok', `Port ${target.port} is open`, { detail: attempts.map(describeAttempt).join('; ') }),
      answer ? pingFinding(answer) : finding('Ping', 'skipped', 'Not needed: the machine answers'),
      helloFinding(target, hello, end, answer, errors),
      algorithmsFinding(hello.offer, parts.supported),
    ];
  } finally {
    for (const attempt of attempts) if ('socket' in attempt) attempt.socket.destroy();
  }
}

const AFTER_PING = ['SSH server', 'Algorithms'];
const AFTER_PORT = ['Ping', ...AFTER_PING];

function skipped(title: string, ...steps: string[]): Finding[] {
  return steps.map(step => finding(step, 'skipped', title));
}

function portProblem(
  attempts: readonly PortAttempt[],
  target: { hostname: string; port: number },
  { explainConnectError }: NetworkDiagnosisParts['errors'],
  platform: NodeJS.Platform,
  answer: PingAnswer,
): Finding {
  const all = new AggregateError(attempts.flatMap(attempt => ('error' in attempt ? [attempt.error] : [])));
  const { code, message, hint } = explainConnectError(all, target, platform);
  return finding('Port', 'problem', asTitle(message), {
    detail: attempts.map(describeAttempt).join('; '),
    hint:
      code === 'connectTimeout' && answer === 'answers'
        ? `The machine is on, since it answers ping: check the port, and whether a firewall on it or on the way lets port ${target.port} through.`
        : hint,
  });
}

function pingFinding(answer: PingAnswer): Finding {
  switch (answer) {
    case 'answers':
      return finding('Ping', 'ok', 'The machine answers ping');
    case 'silent':
      return finding('Ping', 'warning', 'The machine does not answer ping', {
        hint: 'It may be off or elsewhere; but some machines and networks let no ping through, so this alone proves nothing.',
      });
    case 'unavailable':
      return finding('Ping', 'skipped', 'This computer cannot send a ping');
  }
}

function refuseCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new SparkError({ code: 'cancelled', message: 'The diagnosis was cancelled.' });
}
