import type { Logger } from '../base/logger.js';
import { SparkError } from '../../shared/errors.js';
import { Authentication, type KeyCandidate, type LoginMemory, newLoginMemory } from './authentication.js';
import { type HostKeyMemory, HostKeyVerifier, type UnknownKeyPolicy } from './hostKeyVerifier.js';
import { keyCandidates, type KeySurroundings } from './keyCandidates.js';
import { hostEntryName, knownKeyTypes } from './knownHosts.js';
import { readKnownHosts } from './knownHostsFiles.js';
import { askWith, InterruptedByQuestion, logIn, MoreToTry } from './login.js';
import { loginMethods } from './loginMethods.js';
import { LoginTimer } from './loginTimer.js';
import { addressOf, type Machine, partyOf, positive, routeInWords } from './machine.js';
import { CANCELLED } from './networkErrors.js';
import type { Session } from './session.js';
import type { Transport } from './transport/transport.js';
import type { LoginPrompts, OpenOptions } from './types.js';

/** OpenSSH's number of unanswered keepalives after which a link is dead. */
const KEEPALIVE_COUNT = 3;
const PASSWORD_TRIES = 3;
/** A server may allow as little as one try on a connection; who has more keys than this should name the right one. */
const MAX_CONNECTIONS = 12;

export interface MachineContext extends KeySurroundings {
  readonly prompts: LoginPrompts;
  readonly options: OpenOptions;
  /** The known_hosts files where ssh_config names none. */
  readonly knownHosts: { readonly user: readonly string[]; readonly system: readonly string[] };
  readonly log: Logger;
}

/**
 * Logs in to one machine. Connects again, with what was answered so far, where the server has closed the connection
 * while the user was asked something, or after as many keys as it allows on one connection.
 * @param dial gets a stream to the machine; called once a connection
 */
export async function openMachine(
  machine: Machine,
  dial: (timer: LoginTimer) => Promise<Transport>,
  context: MachineContext,
): Promise<Session> {
  const { options, prompts } = context;
  const { signal } = options;
  const login = newLoginMemory();
  const hostKey: HostKeyMemory = { trusted: undefined };
  let asking = prompts;
  const passphrase: LoginPrompts['passphrase'] = (path, wrong) => asking.passphrase(path, wrong);
  const keys = await untilCancelled(signal, keyCandidates(machine, passphrase, context, signal));
  for (let connections = 1; ; connections++) {
    const timer = new LoginTimer(positive(machine.host.connectTimeoutMs) ?? options.connectTimeoutMs);
    const { ask, isAsking } = askWith(timer);
    asking = {
      confirmHostKey: about => ask(() => prompts.confirmHostKey(about)),
      passphrase: (path, wrong) => ask(() => prompts.passphrase(path, wrong)),
      password: (who, wrong) => ask(() => prompts.password(who, wrong)),
      answers: (who, question, wrong) => ask(() => prompts.answers(who, question, wrong)),
    };
    try {
      const transport = await dial(timer);
      return await attempt(machine, transport, { timer, isAsking, keys, login, hostKey, asking }, context);
    } catch (error) {
      if (signal.aborted) throw new SparkError(CANCELLED);
      const goesOn = error instanceof InterruptedByQuestion || error instanceof MoreToTry;
      if (!goesOn || connections === MAX_CONNECTIONS) throw error;
      context.log.info('The server has closed the connection before the login was through; connecting again.');
    } finally {
      timer.dispose();
    }
  }
}

interface Attempt {
  readonly timer: LoginTimer;
  readonly isAsking: () => boolean;
  readonly keys: readonly KeyCandidate[];
  readonly login: LoginMemory;
  readonly hostKey: HostKeyMemory;
  readonly asking: LoginPrompts;
}

async function attempt(
  machine: Machine,
  transport: Transport,
  { timer, isAsking, keys, login, hostKey, asking }: Attempt,
  { options, knownHosts, acceptedKeys, log }: MachineContext,
): Promise<Session> {
  const { host, identity, username } = machine;
  try {
    const userFiles = host.userKnownHostsFiles ?? knownHosts.user;
    const entries = await readKnownHosts([...userFiles, ...(host.globalKnownHostsFiles ?? knownHosts.system)]);
    const address = addressOf(machine);
    const verifier = new HostKeyVerifier({
      identity,
      reachedAt: hostEntryName(address.hostname, address.port) === nameOf(identity) ? undefined : address,
      entries,
      file: userFiles[0],
      hashed: host.hashKnownHosts,
      unknownKey: unknownKeyPolicy(host.strictHostKeyChecking),
      memory: hostKey,
      log,
      confirm: about => asking.confirmHostKey(about),
    });
    const authentication = new Authentication({
      username,
      who: partyOf(machine),
      login: machine.login.method,
      methods: loginMethods(machine),
      keys,
      tries: host.numberOfPasswordPrompts ?? PASSWORD_TRIES,
      memory: login,
      prompts: asking,
    });
    const session = await logIn({
      transport,
      address,
      route: {
        username,
        hostname: host.hostname,
        port: host.port,
        address: transport.address,
        words: routeInWords(host),
      },
      algorithms: host,
      knownKeyTypes: knownKeyTypes(entries, identity.hostname, identity.port),
      // a link that is never asked whether it lives would be hung on to for ever: 0 does not count
      keepaliveMs: positive(host.serverAliveIntervalMs) ?? options.keepaliveMs,
      keepaliveCount: host.serverAliveCountMax ?? KEEPALIVE_COUNT,
      timer,
      signal: options.signal,
      log: log.scope(`ssh:${nameOf(identity)}`),
      verifier,
      authentication,
      isAsking,
      onStep: step => options.onStep(step),
    });
    const key = authentication.acceptedKey;
    if (key) acceptedKeys.set(partyOf(machine).name, key.label);
    return session;
  } catch (error) {
    transport.stream.destroy();
    throw error;
  }
}

function nameOf({ hostname, port }: Machine['identity']): string {
  return hostEntryName(hostname, port);
}

/** `no` would let a changed key pass with no more than a warning; here it means what it is mostly written for. */
function unknownKeyPolicy(setting: 'yes' | 'no' | 'ask' | 'accept-new' | undefined): UnknownKeyPolicy {
  if (setting === 'yes') return 'refuse';
  return setting === 'no' || setting === 'accept-new' ? 'accept-new' : 'ask';
}

async function untilCancelled<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let onAbort: () => void = () => undefined;
  const cancelled = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new SparkError(CANCELLED));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, cancelled]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
