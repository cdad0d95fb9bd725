import type { Adoptable } from '../../shared/jobs.js';
import { printable } from '../base/remoteText.js';
import { readSections } from '../base/sections.js';

/** So many programs are offered at most. */
const MOST_PROGRAMS = 200;
const MIB = 1024 * 1024;
/** What everybody runs and nobody calls a job: shells that wait for somebody to type (one that runs a script may be a job), and what keeps them. */
const NO_JOBS =
  /^(?:-?(?:ba|z|fi|da|c|tc|k)?sh(?:\s+-[il]+)*$|(?:sshd|\(sd-pam\)|tmux|screen|ps|systemd|dbus-daemon|sleep)(?:[\s:]|$))/;

/**
 * Tells what runs: `sh -c <this> <name> <marker>`, with the sections `gpu` (pid, MiB), `programs` (pid, start, KiB, seconds, command; the biggest
 * first, those of our own jobs left out) and `containers` (name, image, status, by tabs).
 */
export const ADOPTABLE = [
  'LC_ALL=C; m=$1; printf "\\n%s gpu\\n" "$m"; timeout 10 nvidia-smi --query-compute-apps=pid,used_memory --format=csv,noheader,nounits 2>/dev/null;',
  'printf "\\n%s programs\\n" "$m"; ps -u "$(id -u)" -o pid=,rss=,etimes=,args= --sort=-rss 2>/dev/null | head -n 400 | while read -r pid rss age args; do',
  '[ "$pid" != "$$" ] && line= && read -r line 2>/dev/null < "/proc/$pid/stat" || continue; grep -q "DGX_SPARK_JOB=" "/proc/$pid/environ" 2>/dev/null && continue;',
  'set -- ${line##*) }; printf "%s %s %s %s %s\\n" "$pid" "${20}" "$rss" "$age" "$args"; done;',
  'printf "\\n%s containers\\n" "$m"; timeout 10 docker ps --format "{{.Names}}\\t{{.Image}}\\t{{.Status}}" 2>/dev/null; printf "\\n%s end\\n" "$m"; exit 0',
].join(' ');

/** Makes of the script's answer a list: what is on the GPU, containers, then the other programs. */
export function readAdoptable(output: string, marker: string): Adoptable[] {
  const sections = readSections(output, marker);
  const lines = (name: string) => (sections.get(name) ?? '').split('\n');
  const onGpu = new Map(
    lines('gpu').flatMap(line => {
      const [, pid, mebibytes] = /^\s*(\d{1,9}),\s*(\d{1,9}|\S+)\s*$/.exec(line) ?? [];
      return pid === undefined ? [] : [[Number(pid), Number(mebibytes) * MIB || 0] as const];
    }),
  );
  const programs = lines('programs').flatMap((line): Adoptable[] => {
    const [, pid, start, kibibytes, seconds, text = ''] =
      /^(\d{1,9}) (\d{1,20}) (\d{1,15}) (\d{1,12}) (.+)$/.exec(line) ?? [];
    if (pid === undefined || start === undefined || NO_JOBS.test(text)) return [];
    return [
      {
        ...{ kind: 'process', pid: Number(pid), start, command: printable(text, 1000) },
        ...{ bytes: Number(kibibytes) * 1024, gpuBytes: onGpu.get(Number(pid)) ?? null, seconds: Number(seconds) },
      },
    ];
  });
  const containers = lines('containers').flatMap((line): Adoptable[] => {
    const [name = '', image = '', status = ''] = line.split('\t');
    if (!/^[A-Za-z0-9][\w.-]{0,200}$/.test(name) || name.startsWith('dgx-spark-')) return [];
    return [{ kind: 'container', name, image: printable(image, 200), status: printable(status, 100) }];
  });
  const isOnGpu = (one: Adoptable) => one.kind === 'process' && one.gpuBytes !== null;
  return [...programs.filter(isOnGpu), ...containers, ...programs.filter(one => !isOnGpu(one)).slice(0, MOST_PROGRAMS)];
}

/**
 * Watches a program that somebody else has started until it ends, and follows what it writes, where that goes to a file. When it is asked to end it
 * asks that program. Its exit code only its parent is told.
 */
export function watchProcess(pid: number, start: string): string {
  return `pid=${pid} start=${start}
start_of() { read -r line 2>/dev/null < "/proc/$1/stat" || return; set -- \${line##*) }; printf %s "\${20}"; }
lives() { [ "$(start_of "$pid")" = "$start" ]; }
if ! lives; then echo 'The program had ended before it could be watched.'; exit 1; fi
printf '%s %s\\n' "$pid" "$start" > "$HOME/.dgx-spark/jobs/$DGX_SPARK_JOB/adopted"
trap 'if lives; then kill -TERM "$pid"; fi' TERM
out=$(readlink "/proc/$pid/fd/1" 2>/dev/null)
if [ -f "$out" ] && [ -r "$out" ]; then
  tail -c +1 -f -s 0.5 -- "$out" &
else
  printf 'What this program prints goes to %s and cannot be followed.\\n' "\${out:-a place that is not yours}"
fi
while lives; do sleep 1 & wait "$!"; done
sleep 1
kill %1 2>/dev/null
exit 0
`;
}
