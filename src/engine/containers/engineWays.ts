import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { readSections } from '../base/sections.js';
import { USUAL_FOLDERS } from '../base/usualFolders.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';
import { DockerFailure } from './failures.js';
import { placesScript } from './scripts.js';

const TIMEOUT_MS = 20_000;
const MAX_BYTES = 64 * 1024;
const SCHEME = 'unix://';

/** A way to the engine of Docker or Podman on a machine: its socket, or Docker's own program, which knows the user's contexts. */
export type EngineWay = { readonly kind: 'socket'; readonly path: string } | { readonly kind: 'program' };

/** What {@link placesScript} says. */
export interface EnginePlaces {
  /** What the user has set in `DOCKER_HOST`; empty for nothing. */
  readonly host: string;
  readonly hasProgram: boolean;
  /** The user has chosen one of several engines for Docker's program. */
  readonly hasContext: boolean;
  /** Sockets that are there, in the order in which they are tried. */
  readonly sockets: readonly { readonly path: string; readonly isOpen: boolean }[];
}

/** Looks where the engine may be. */
export async function findPlaces(session: SshSession, run: Run, clock: Clock): Promise<EnginePlaces> {
  const marker = randomBytes(16).toString('hex');
  const argv = ['sh', '-c', placesScript, 'dgx-spark-docker', USUAL_FOLDERS, marker];
  const { stdout } = await run(session, argv, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, clock });
  return readPlaces(readSections(stdout, marker));
}

export function readPlaces(sections: ReadonlyMap<string, string>): EnginePlaces {
  const said = (name: string) => sections.get(name) ?? '';
  return {
    host: said('host'),
    hasProgram: said('program') !== '',
    hasContext: said('context') !== '',
    sockets: [...said('sockets').matchAll(/^(open|closed) (\/.*)$/gm)].map(([, state, path = '']) => ({
      path,
      isOpen: state === 'open',
    })),
  };
}

/** The ways that are tried, one after the other. Throws a {@link DockerFailure} where there is none. */
export function waysOf({ host, hasProgram, hasContext, sockets }: EnginePlaces): EngineWay[] {
  const program: EngineWay[] = hasProgram ? [{ kind: 'program' }] : [];
  const open = sockets.find(({ isOpen }) => isOpen)?.path;
  const path = host.startsWith(SCHEME) ? host.slice(SCHEME.length) : open;
  const isProgrammed = !host.startsWith(SCHEME) && (host !== '' || hasContext);
  const ways: EngineWay[] =
    path === undefined || (isProgrammed && hasProgram) ? program : [{ kind: 'socket', path }, ...program];
  if (ways.length > 0) return ways;
  throw sockets.length > 0
    ? new DockerFailure('denied', 'its socket is closed to this user.')
    : new DockerFailure('missing', 'there is none.');
}
