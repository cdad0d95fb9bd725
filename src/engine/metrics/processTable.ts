import type { GpuProcess } from '../../shared/details.js';
import type { ListedProcess } from './smiProcesses.js';

/** What the machine's own process table says of a process. */
interface Known {
  user?: string;
  command?: string;
  startTicks?: number;
}

const MAX_USER_LENGTH = 40;
const MAX_COMMAND_LENGTH = 1000;
/** Position of the start time among the words behind the name (proc_pid_stat(5), field 22). */
const START_FIELD = 19;

/**
 * Adds owner, arguments and start to what nvidia-smi lists. `answer` holds lines of `ps -o pid=,user=,args=` and, behind
 * the word `stat`, lines of `/proc/<pid>/stat`. A process that has ended meanwhile keeps the name that nvidia-smi gave it.
 */
export function withOwners(processes: readonly ListedProcess[], answer: string): GpuProcess[] {
  const table = new Map<number, Known>();
  const known = (pid: number) => {
    const entry = table.get(pid) ?? {};
    table.set(pid, entry);
    return entry;
  };
  for (const line of answer.split('\n')) {
    const stat = /^stat (\d{1,10}) \(.{0,64}\) (\S \S.*)$/.exec(line);
    const row = stat ? null : /^\s*(\d{1,10})\s+(\S+)\s+(\S.*)$/.exec(line.slice(0, 4 * MAX_COMMAND_LENGTH));
    if (stat) {
      const ticks = Number(stat[2]?.split(' ')[START_FIELD]);
      if (Number.isSafeInteger(ticks)) known(Number(stat[1])).startTicks = ticks;
    } else if (row) {
      const [, pid, user = '', command = ''] = row;
      Object.assign(known(Number(pid)), {
        user: plain(user).slice(0, MAX_USER_LENGTH),
        command: plain(command).trim().slice(0, MAX_COMMAND_LENGTH),
      });
    }
  }
  return processes.map(({ name, ...listed }) => {
    const { user = null, command = name, startTicks = null } = table.get(listed.pid) ?? {};
    return { ...listed, user, command: command === '' ? name : command, startTicks };
  });
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');
}
