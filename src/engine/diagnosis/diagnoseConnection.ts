import type { Connection } from '../../shared/connection.js';
import type { Diagnosis } from '../../shared/diagnosis.js';
import { type ErrorCode, SparkError } from '../../shared/errors.js';
import type { LoginPrompts, OpenOptions, SshConnector, SshSession, SshTarget } from '../ssh/types.js';
import { asTitle, type Finding, finding } from './finding.js';
import { formatReport } from './report.js';

export interface ConnectionDiagnosisParts {
  /** Where a way leads to by ssh_config: an address to connect to directly, or through what it goes. */
  resolve(way: SshTarget['ways'][number], signal: AbortSignal): Promise<ResolvedWay>;
  /** Looks at the way to an address, before any login. */
  network(address: { hostname: string; port: number }, signal: AbortSignal): Promise<Finding[]>;
  /** Looks around on the machine. */
  remote(session: SshSession, signal: AbortSignal): Promise<Finding[]>;
  /** What else the report says it is about. */
  about(): readonly (readonly [string, string])[];
}

export interface ResolvedWay {
  readonly hostname: string;
  readonly port: number;
  /** The way goes through jump hosts or a ProxyCommand; in words. */
  readonly through: string | undefined;
}

export interface ConnectionDiagnosisOptions {
  readonly connection: Connection;
  readonly target: SshTarget;
  /** A session with the machine, where one is up. */
  readonly live: SshSession | undefined;
  readonly connector: SshConnector;
  readonly prompts: LoginPrompts;
  readonly open: OpenOptions;
}

const ABOUT_THE_HOST_KEY: readonly ErrorCode[] = [
  'hostKeyUnknown',
  'hostKeyChanged',
  'hostKeyRevoked',
  'hostKeyRejected',
  'knownHostsUnreadable',
];
const ABOUT_THE_WAY: readonly ErrorCode[] = [
  'hostNotFound',
  'connectionRefused',
  'hostUnreachable',
  'connectTimeout',
  'connectionLost',
  'notSsh',
  'noCommonAlgorithm',
];
const REMOTE_STEPS = ['System', 'Clock', 'Memory', 'Disk', 'GPU', 'Docker', 'Forwarding', 'Ollama'];

/**
 * Goes from one end of a connection to the other and says at each step what works: the name, the way, the server, the
 * host key, the login, then the machine itself. Asks what a login asks. Rejects with `cancelled` only.
 */
export async function diagnoseConnection(
  options: ConnectionDiagnosisOptions,
  parts: ConnectionDiagnosisParts,
): Promise<Diagnosis> {
  const { connection, open } = options;
  const ways = await lookAtWays(options, parts);
  throwIfCancelled(open.signal);
  const leadsNowhere = ways.some(({ state }) => state === 'problem');
  const { findings: login, session, dispose } = await lookAtLogin(options, leadsNowhere);
  try {
    const machine = session
      ? await parts.remote(session, open.signal)
      : REMOTE_STEPS.map(step => finding(step, 'skipped', 'There is no login'));
    throwIfCancelled(open.signal);
    const findings = [...ways, ...login, ...machine];
    const about: [string, string][] = [
      ['Connection', connection.name],
      ['Address', `${connection.username}@${connection.hostname}:${connection.port}`],
      ...(session ? ([['Reached at', session.route.words]] as [string, string][]) : []),
      ...parts.about().map(([label, value]): [string, string] => [label, value]),
      ['Result', resultOf(findings)],
    ];
    return { findings, report: formatReport(findings, about) };
  } finally {
    dispose();
  }
}

async function lookAtWays(
  { target, open }: ConnectionDiagnosisOptions,
  parts: ConnectionDiagnosisParts,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const [index, way] of target.ways.entries()) {
    try {
      const { hostname, port, through } = await parts.resolve(way, open.signal);
      const seen =
        through === undefined
          ? await parts.network({ hostname, port }, open.signal)
          : [finding('Way', 'ok', `${hostname}:${port} is reached ${through}`)];
      // of the other addresses it is enough to know whether they lead anywhere
      if (index === 0) found.push(...seen);
      else found.push(summary(`${hostname}:${port}`, seen));
    } catch (error) {
      throwIfCancelled(open.signal);
      found.push(problem('SSH config', error));
    }
  }
  return found;
}

/** "2 problems: Name, Docker. 1 warning: Disk." */
function resultOf(findings: readonly Finding[]): string {
  const count = (state: 'problem' | 'warning') => {
    const steps = findings.filter(found => found.state === state).map(({ step }) => step);
    if (steps.length === 0) return [];
    return [`${steps.length} ${state}${steps.length === 1 ? '' : 's'}: ${steps.join(', ')}.`];
  };
  const found = [...count('problem'), ...count('warning')];
  if (found.length > 0) return found.join(' ');
  const isWhole = !findings.some(({ step, state }) => step === 'Login' && state === 'skipped');
  return isWhole ? 'Everything works.' : 'No problem was found, as far as it went.';
}

function summary(where: string, seen: readonly Finding[]): Finding {
  const worst = seen.find(({ state }) => state === 'problem');
  return worst
    ? finding('Other address', 'warning', `${where}: ${worst.title}`, { hint: worst.hint })
    : finding('Other address', 'ok', `${where} answers`);
}

interface LookedAtLogin {
  readonly findings: Finding[];
  readonly session: SshSession | undefined;
  readonly dispose: () => void;
}

/** @param leadsNowhere it is known already that the machine cannot be reached, and why */
async function lookAtLogin(
  { target, live, connector, prompts, open }: ConnectionDiagnosisOptions,
  leadsNowhere: boolean,
): Promise<LookedAtLogin> {
  const trusted = finding('Host key', 'ok', 'The machine is the one that is known');
  if (live)
    return {
      findings: [trusted, finding('Login', 'ok', `Logged in as ${live.route.username}, and still connected`)],
      session: live,
      dispose: () => undefined,
    };
  try {
    const session = await connector.open(target, prompts, open);
    return {
      findings: [trusted, finding('Login', 'ok', `Logged in as ${session.route.username}`)],
      session,
      dispose: () => session.dispose(),
    };
  } catch (error) {
    throwIfCancelled(open.signal);
    const code = SparkError.toInfo(error).code;
    const nothing = { session: undefined, dispose: () => undefined };
    if (ABOUT_THE_HOST_KEY.includes(code))
      return {
        ...nothing,
        findings: [problem('Host key', error), finding('Login', 'skipped', 'The machine is not trusted')],
      };
    if (leadsNowhere && ABOUT_THE_WAY.includes(code)) {
      const skipped = ['Host key', 'Login'].map(step => finding(step, 'skipped', 'The machine is not reached'));
      return { ...nothing, findings: skipped };
    }
    const isAboutUs = /^(auth|key|passphrase|password|answers|agent|cancelled)/.test(code);
    return {
      ...nothing,
      findings: [
        isAboutUs ? trusted : finding('Host key', 'skipped', 'The login did not come so far'),
        code === 'cancelled' ? finding('Login', 'skipped', 'You closed the question') : problem('Login', error),
      ],
    };
  }
}

function problem(step: string, error: unknown): Finding {
  const { message, hint } = SparkError.toInfo(error);
  return finding(step, 'problem', asTitle(message), { hint });
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new SparkError({ code: 'cancelled', message: 'The diagnosis was cancelled.' });
}
