import { ConfigFiles } from './configFiles.js';
import { settingsOf } from './destination.js';
import { evaluate } from './evaluation.js';
import { ConfigFault, problemAt, quoted, sshConfigInvalid } from './problem.js';
import { Resolution } from './resolution.js';
import type { Settings } from './settings.js';
import type { SshConfigSurroundings } from './surroundings.js';
import type { Destination, ResolvedHost } from './types.js';

/**
 * Finds out what the user's and the system's ssh_config(5) say about a host, as `ssh -G` does.
 * Rejects with `sshConfigInvalid` for anything that would make OpenSSH refuse, with `invalidInput` for a destination that it would refuse, with
 * `cancelled`, and as `exec` of the surroundings does.
 */
export async function resolveHost(
  destination: Destination,
  surroundings: SshConfigSurroundings,
  signal: AbortSignal = new AbortController().signal,
): Promise<ResolvedHost> {
  const settings = settingsOf(destination);
  const evaluated = await evaluate(destination.host, settings, {
    surroundings,
    files: new ConfigFiles(surroundings.uid),
    signal,
    report(problem) {
      throw sshConfigInvalid(problem);
    },
  });
  refuseWhereAsked(destination, settings);
  return new Resolution(evaluated, surroundings).resolve(destination.identityFiles ?? []);
}

/** RefuseConnection, since OpenSSH 10.0. */
function refuseWhereAsked({ host }: Destination, settings: Settings): void {
  const refusal = settings.get('refuseconnection');
  if (refusal?.at === undefined) return;
  throw sshConfigInvalid(
    problemAt(
      refusal.at,
      new ConfigFault(
        `RefuseConnection forbids to connect to ${host}: ${quoted(refusal.value)}.`,
        'Take the line out if it no longer holds.',
      ),
    ),
  );
}
