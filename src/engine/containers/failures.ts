import { SparkError } from '../../shared/errors.js';
import type { ContainerList } from '../../shared/containers.js';
import { printable } from '../base/remoteText.js';

/** How a program of Docker's ended. */
export interface Ending {
  readonly code: number | null;
  readonly stderr: string;
}

type State = Exclude<ContainerList['state'], 'up'>;

/** Why the engine did not do what it was asked to. */
export class DockerFailure extends Error {
  /** @param reason a sentence without its subject: "its socket is closed to this user." */
  constructor(
    readonly state: State,
    readonly reason: string,
  ) {
    super(reason);
  }

  /** A sentence for the user, and for most a way out. */
  toSparkError(machine: string, username: string): SparkError {
    return explain(this.state, this.reason, machine, username);
  }

  /** What helps, to be run on the machine by its user. */
  get remedy(): string | undefined {
    return REMEDIES[this.state];
  }
}

const REMEDIES: Readonly<Partial<Record<State, string>>> = {
  stopped: 'sudo systemctl enable --now docker',
  denied: 'sudo usermod -aG docker "$USER"',
};

/** What a failed command says about Docker on the machine. */
export function stateOf({ code, stderr }: Ending): State {
  if (/permission denied/i.test(stderr) && /docker.sock|docker daemon|docker API/i.test(stderr)) return 'denied';
  if (
    /cannot connect to the docker daemon|is the docker daemon running|failed to connect to the docker API/i.test(stderr)
  )
    return 'stopped';
  if (code === 127 || code === 126) return 'missing';
  return 'failed';
}

/** Makes of a failed command a sentence, and of most a way out. */
export function failure(ending: Ending, machine: string, username: string): SparkError {
  return explain(stateOf(ending), reasonOf(ending), machine, username);
}

function explain(state: State, reason: string, machine: string, username: string): SparkError {
  switch (state) {
    case 'missing':
      return new SparkError({
        code: 'dockerMissing',
        message: `Docker is not installed on ${machine}.`,
        hint: 'DGX OS brings it along; elsewhere install docker and the NVIDIA container toolkit.',
      });
    case 'stopped':
      return new SparkError({
        code: 'dockerStopped',
        message: `Docker is installed on ${machine} but does not run.`,
        hint: `Start it there: ${REMEDIES.stopped ?? ''}`,
      });
    case 'denied':
      return new SparkError({
        code: 'dockerDenied',
        message: `${username} may not use Docker on ${machine}: it is not in the group "docker".`,
        hint: `Run there: ${REMEDIES.denied ?? ''}. The new group counts from the next login, so connect again afterwards.`,
      });
    case 'failed':
      return new SparkError({ code: 'dockerFailed', message: `Docker on ${machine}: ${reason}` });
  }
}

/** The last line that says something; the first ones are often advice. */
export function reasonOf({ code, stderr }: Ending): string {
  const lines = stderr.split('\n').map(line => printable(line, 300));
  const said = lines.find(line => /^(Error|docker: )/i.test(line)) ?? lines.find(line => line !== '');
  const text = said?.replace(/^docker: /, '').replace(/^Error response from daemon: /, '');
  return text ?? (code === null ? 'it did not end in time.' : `it ended with code ${code}.`);
}
