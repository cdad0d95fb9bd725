import { setTimeout as delay } from 'node:timers/promises';
import type { Direction } from './relay.js';
import type { World } from './world.js';

/** One failure of the link. `ms` is how long it lasts. */
export type Fault =
  /** The TCP connection is reset. */
  | { readonly kind: 'reset' }
  /**
   * Nothing gets through in either direction. Afterwards what was sent arrives after all (`resume`), or the connection is
   * reset, or is forgotten by something on the way and stays silent (`dead`), or goes on with a hole in it (`garbled`).
   */
  | { readonly kind: 'silence'; readonly ms: number; readonly ends: 'resume' | 'reset' | 'dead' | 'garbled' }
  /** Nothing gets through in one direction any more; a new connection is all right. */
  | { readonly kind: 'halfOpen'; readonly direction: Direction }
  /** The connection is reset, and new ones are refused for a while. */
  | { readonly kind: 'blocked'; readonly ms: number }
  /** The processes of the server that belong to sessions are killed. */
  | { readonly kind: 'sessionsKilled' }
  /** The whole server is killed, and started again on the same port. */
  | { readonly kind: 'restarted'; readonly ms: number }
  /** The processes of sessions are stopped for longer than keepalives allow, then go on. */
  | { readonly kind: 'stopped'; readonly ms: number }
  /** Everything takes longer. */
  | { readonly kind: 'slow'; readonly ms: number; readonly latencyMs: number };

export type FaultKind = Fault['kind'];

export const FAULT_NAMES: Record<FaultKind, string> = {
  reset: 'RST of the TCP connection',
  silence: 'silence',
  halfOpen: 'half-open (one direction dead)',
  blocked: 'port blocked and back',
  sessionsKilled: 'sessions of sshd killed',
  restarted: 'sshd killed and started again',
  stopped: 'sessions stopped past the keepalives',
  slow: 'slow link',
};

/** Makes a fault happen. Resolves when it is over: what is new from then on is all right. */
export async function inject(fault: Fault, { relay, sshd }: Pick<World, 'relay' | 'sshd'>): Promise<void> {
  switch (fault.kind) {
    case 'reset':
      relay.reset();
      return;
    case 'silence': {
      const end = fallSilent(fault.ends, relay);
      await delay(fault.ms);
      end();
      return;
    }
    case 'halfOpen':
      relay.swallow([fault.direction]);
      return;
    case 'blocked':
      relay.refuse();
      relay.reset();
      await delay(fault.ms);
      await relay.accept();
      return;
    case 'sessionsKilled':
      sshd.killSessions();
      return;
    case 'restarted':
      sshd.kill();
      await delay(fault.ms);
      await sshd.restart();
      return;
    case 'stopped': {
      const resume = sshd.pauseSessions();
      await delay(fault.ms);
      resume();
      return;
    }
    case 'slow':
      relay.latencyMs += fault.latencyMs;
      await delay(fault.ms);
      relay.latencyMs -= fault.latencyMs;
  }
}

function fallSilent(ends: Extract<Fault, { kind: 'silence' }>['ends'], relay: World['relay']): () => void {
  switch (ends) {
    case 'resume':
      return relay.hold();
    case 'reset': {
      const release = relay.hold();
      return () => {
        relay.reset();
        release();
      };
    }
    case 'dead': {
      relay.swallow(['up', 'down']);
      return relay.swallowNew();
    }
    case 'garbled': {
      const goOn = relay.swallow(['up', 'down']);
      const release = relay.hold();
      return () => {
        goOn();
        release();
      };
    }
  }
}
