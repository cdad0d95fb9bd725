import { isIP } from 'node:net';
import { SparkError } from '../../shared/errors.js';
import { resolveHost } from './config/resolveHost.js';
import type { SshConfigSurroundings } from './config/surroundings.js';
import type { Destination, JumpHost, ResolvedHost } from './config/types.js';
import { dial, dialAndHear, type DialOptions } from './dial.js';
import { LoginTimer } from './loginTimer.js';
import { identityOf, jumpsInWords, type Machine, positive } from './machine.js';
import { CANCELLED } from './networkErrors.js';
import { type MachineContext, openMachine } from './openMachine.js';
import type { Session } from './session.js';
import { Race } from './transport/race.js';
import type { Transport } from './transport/transport.js';
import type { SshSession, SshTarget } from './types.js';
import { isAboutTheWay, noWayLeft, onJumpHost } from './wayFailures.js';

/** Quick networks answer well within this; the next address then never starts. */
const STAGGER_MS = 300;
/** A jump host may itself be behind others; more than this is a configuration that refers to itself. */
const MAX_DEPTH = 8;

export interface OpeningContext extends MachineContext {
  readonly config: SshConfigSurroundings;
}

/** One attempt to log in to a machine, by whichever of its ways leads there first. */
export class Opening {
  constructor(
    private readonly target: SshTarget,
    private readonly context: OpeningContext,
  ) {}

  /** See `SshConnector.open`. */
  async open(): Promise<SshSession> {
    this.throwIfCancelled();
    const ways = await this.ways();
    const [only] = ways;
    if (only && ways.length === 1) return await this.openBy(only, undefined);
    return await this.openFirst(ways);
  }

  /** The machine by each way to it, best first. All have the name of the first in known_hosts: it is one machine. */
  private async ways(): Promise<Machine[]> {
    const { ways, username, login, lastAddress } = this.target;
    const identityFiles = login.method === 'key' ? [login.keyPath] : undefined;
    const hosts: ResolvedHost[] = [];
    for (const { host, port, proxyJump } of ways) {
      const resolved = await this.resolve({ host, port, proxyJump, user: username, identityFiles });
      const { hostname, proxy } = resolved;
      const [first] = hosts;
      // one machine: only where it is differs
      hosts.push(first ? { ...first, hostname, proxy, port: port ?? first.port } : resolved);
    }
    const [first] = hosts;
    if (!first) throw new Error('There is no way to connect.');
    const hasName = first.proxy.kind === 'none' && isIP(first.hostname) === 0;
    if (lastAddress !== undefined && hasName) hosts.push({ ...first, hostname: lastAddress });
    const identity = identityOf(first);
    return hosts.map(host => ({ host, login, identity, isJumpHost: false, username: this.userOf(host) }));
  }

  private userOf(host: ResolvedHost): string {
    return host.user ?? this.context.config.userName;
  }

  private async resolve(destination: Destination): Promise<ResolvedHost> {
    this.throwIfCancelled();
    const host = await resolveHost(destination, this.context.config, this.context.options.signal);
    this.throwIfCancelled();
    return host;
  }

  /** Races the addresses that need nobody's help; the ways through other machines come when none of those leads there. */
  private async openFirst(ways: readonly Machine[]): Promise<SshSession> {
    const failures = new Map<Machine, SparkError>();
    const note = (way: Machine, error: unknown) => {
      this.throwIfCancelled();
      if (!isAboutTheWay(error)) throw error;
      failures.set(way, error);
    };
    let direct = ways.filter(({ host }) => host.proxy.kind === 'none');
    while (direct.length > 0) {
      const won = await this.race(direct, note);
      if (!won) break;
      try {
        return await this.openBy(won.way, won.transport);
      } catch (error) {
        // another machine may have this address today
        note(won.way, error);
      }
      direct = direct.filter(way => !failures.has(way));
    }
    for (const way of ways.filter(({ host }) => host.proxy.kind !== 'none')) {
      try {
        return await this.openBy(way, undefined);
      } catch (error) {
        note(way, error);
      }
    }
    throw noWayLeft(ways.flatMap(way => failures.get(way) ?? []));
  }

  private async race(
    ways: readonly Machine[],
    note: (way: Machine, error: unknown) => void,
  ): Promise<{ way: Machine; transport: Transport } | undefined> {
    const { signal } = this.context.options;
    const contestants = ways.map(way => async (ended: AbortSignal) => {
      const timer = this.timerFor(way);
      try {
        return await dialAndHear(way, { timer, signal: ended, onStep: this.context.options.onStep });
      } finally {
        timer.dispose();
      }
    });
    const discard = ({ stream }: Transport) => stream.destroy();
    const race = new Race(contestants, { staggerMs: STAGGER_MS, signal, discard });
    try {
      const won = await race.next();
      for (const [index, error] of race.failures) {
        const way = ways[index];
        if (way) note(way, error);
      }
      const way = won && ways[won.index];
      return way && { way, transport: won.value };
    } finally {
      race.dispose();
    }
  }

  /** @param ready a stream to the machine that is there already, for the first attempt */
  private async openBy(machine: Machine, ready: Transport | undefined): Promise<Session> {
    let first = ready;
    return await openMachine(
      machine,
      async timer => {
        const transport = first ?? (await dial(machine, this.dialOptions(timer, 0)));
        first = undefined;
        return transport;
      },
      this.context,
    );
  }

  private dialOptions(timer: LoginTimer, depth: number): DialOptions {
    const { signal, onStep } = this.context.options;
    return {
      timer,
      signal,
      onStep,
      openJumpHosts: async host => {
        const hops = host.proxy.kind === 'jump' ? host.proxy.hops : [];
        return await this.openHop(hops, hops.length - 1, depth + 1);
      },
    };
  }

  /** Logs in to one of a row of jump hosts, through those before it. */
  private async openHop(hops: readonly JumpHost[], index: number, depth: number): Promise<Session> {
    const hop = hops[index];
    if (!hop || depth > MAX_DEPTH)
      throw new SparkError({
        code: 'sshConfigInvalid',
        message: 'The jump hosts of your SSH config lead in a circle.',
        hint: 'Check the ProxyJump lines for the jump hosts themselves.',
      });
    try {
      const proxyJump = jumpsInWords(hops.slice(0, index));
      const host = await this.resolve({ ...hop, ...(index === 0 ? {} : { proxyJump }) });
      const machine: Machine = {
        host,
        login: { method: 'auto' },
        identity: identityOf(host),
        isJumpHost: true,
        username: this.userOf(host),
      };
      return await openMachine(machine, timer => dial(machine, this.dialOptions(timer, depth)), this.context);
    } catch (error) {
      this.throwIfCancelled();
      throw onJumpHost(hop.host, error);
    }
  }

  private timerFor({ host }: Machine): LoginTimer {
    return new LoginTimer(positive(host.connectTimeoutMs) ?? this.context.options.connectTimeoutMs);
  }

  private throwIfCancelled(): void {
    if (this.context.options.signal.aborted) throw new SparkError(CANCELLED);
  }
}
