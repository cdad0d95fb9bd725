import type { Job } from '../../shared/jobs.js';

/** What the machine says of one job. */
export interface JobReport {
  readonly id: string;
  /** Undefined where it has no folder there. */
  readonly known:
    | {
        readonly run: string;
        /** The machine has not been restarted since. */
        readonly sameBoot: boolean;
        /** Something of it lives: the job itself, or what writes down its end. */
        readonly lives: boolean;
        /** In milliseconds since 1970, by the clock of the machine. */
        readonly startedAt: number | null;
        readonly endedAt: number | null;
        readonly exit: number | null;
        readonly flags: ReadonlySet<string>;
        readonly size: number;
        readonly inode: string;
        /** Bytes of the file of figures that it writes; null where it writes none. */
        readonly figuresSize: number | null;
      }
    | undefined;
}

const FIELDS =
  /^(\S+) (\d{1,9}) (same|other) ([01]) ([01]) (-|\d{1,12}) (-|\d{1,12}) (-|\d{1,3}) -([a-z,]*) (\d{1,15}) (\d{1,20})(?: (\d{1,15}) \d{1,20})?$/;

/** Reads a line of the script; undefined for any other. */
export function readReport(line: string, marker: string): JobReport | undefined {
  const text = line.trim();
  if (!text.startsWith(`${marker} `)) return undefined;
  const rest = text.slice(marker.length + 1);
  const none = /^(\S+) none$/.exec(rest);
  if (none?.[1] !== undefined) return { id: none[1], known: undefined };
  const match = FIELDS.exec(rest);
  if (!match) return undefined;
  const [, id = '', run = '', boot, leader, supervisor, started, ended, exit, flags = '', size, inode = '', figures] =
    match;
  return {
    id,
    known: {
      run,
      sameBoot: boot === 'same',
      lives: leader === '1' || supervisor === '1',
      startedAt: seconds(started),
      endedAt: seconds(ended),
      exit: exit === undefined || exit === '-' ? null : Number(exit),
      flags: new Set(flags.split(',')),
      size: Number(size),
      inode,
      figuresSize: figures === undefined ? null : Number(figures),
    },
  };
}

type Changes = Partial<Pick<Job, 'status' | 'startedAt' | 'completedAt' | 'exitCode' | 'reason'>>;

/** What a report means for a job that is under way: what changes of it, or that it must be launched (again). */
export function judge(job: Job, { known }: JobReport): Changes | 'launch' {
  if (known?.run !== String(job.run)) {
    if (job.status === 'starting') return 'launch';
    return { status: 'lost', reason: 'Its folder on the machine is gone.' };
  }
  const { startedAt, endedAt, exit, flags, sameBoot, lives } = known;
  if (exit !== null) return { startedAt, completedAt: endedAt, ...ending(exit, flags, job) };
  if (lives) return { startedAt, status: flags.has('stop') || flags.has('timeout') ? 'stopping' : 'running' };
  if (!sameBoot)
    return { startedAt, status: 'lost', reason: 'The machine was restarted while it ran.', completedAt: null };
  // its supervisor has only just been started
  if (!flags.has('pid') && job.status === 'starting') return {};
  return {
    ...{ startedAt, status: flags.has('stop') ? 'stopped' : 'failed' },
    reason: 'It was killed together with what watches it, so its exit code is not known.',
  };
}

function ending(exit: number, flags: ReadonlySet<string>, { config }: Job): Changes {
  if (flags.has('timeout')) return { status: 'failed', exitCode: exit, reason: 'It was ended by its time limit.' };
  if (flags.has('stop')) return { status: 'stopped', exitCode: exit, reason: null };
  if (exit === 0 && config.runner.kind === 'adoptedProcess')
    return { status: 'completed', exitCode: null, reason: 'It ended; how is told only to who started it.' };
  if (exit === 0) return { status: 'completed', exitCode: 0, reason: null };
  return { status: 'failed', exitCode: exit, reason: failure(exit, flags.has('oom')) };
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
};

function failure(exit: number, outOfMemory: boolean): string {
  if (outOfMemory) return 'The machine ran out of memory and killed it.';
  if (exit === 137) return 'It was killed (SIGKILL), perhaps because the machine ran out of memory.';
  if (exit > 128 && exit < 193) return `It was ended by ${SIGNALS[exit - 128] ?? `signal ${exit - 128}`}.`;
  if (exit === 127) return 'It ended with exit code 127: a command was not found.';
  return `It ended with exit code ${exit}.`;
}

function seconds(text: string | undefined): number | null {
  return text === undefined || text === '-' ? null : Number(text) * 1000;
}
