import { SparkError } from '../../shared/errors.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';

const TIMEOUT_MS = 10_000;
const GONE = 3;
const REFUSED = 4;

/**
 * Ends a process, if it is still the one that was meant: pids are used again, so its start is compared (field 22 of
 * `/proc/pid/stat`; the name before it may hold blanks and brackets). `sh -c <this> <name> <pid> <start> <signal>`.
 */
const SCRIPT = [
  '{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || exit 3; pid=$1; start=$2; name=$3;',
  'set -f; set -- ${stat##*) }; shift 19; [ "$1" = "$start" ] || exit 3;',
  'kill -s "$name" "$pid" || { [ -e "/proc/$pid" ] && exit 4; exit 3; }',
].join(' ');

/** A process as the process table names it for good. */
export interface ProcessToEnd {
  readonly pid: number;
  readonly startTicks: number;
  /** By KILL, which it cannot ignore, instead of TERM. */
  readonly force: boolean;
}

/** The command that ends it: 0 when it did, {@link GONE} when it is another or none, {@link REFUSED} when it may not. */
export function endingCommand({ pid, startTicks, force }: ProcessToEnd): readonly string[] {
  return ['sh', '-c', SCRIPT, 'dgx-spark-end', String(pid), String(startTicks), force ? 'KILL' : 'TERM'];
}

/** Rejects with `notFound` when it is gone already, and with `remoteCommandFailed` when the user may not end it. */
export async function killProcess(run: Run, session: SshSession, which: ProcessToEnd): Promise<void> {
  const { pid } = which;
  const { code } = await run(session, endingCommand(which), { timeoutMs: TIMEOUT_MS, maxBytes: 4096 });
  if (code === 0) return;
  if (code === GONE) throw new SparkError({ code: 'notFound', message: `Process ${pid} has ended already.` });
  throw new SparkError({
    code: 'remoteCommandFailed',
    message: `Process ${pid} could not be ended.`,
    hint:
      code === REFUSED
        ? 'It belongs to another user: end it as that user, or with sudo in a terminal.'
        : 'The machine did not say why; try it in a terminal.',
  });
}
