/**
 * Looks at who holds memory on the machine, for any POSIX `sh`: `sh -c <this> <name> <marker> <more folders for PATH>`. Sections: `meminfo`; `apps`,
 * the programs that use a GPU; `cgroup`, a line `<pid> <path>` for each of them that runs in a container; `containers`, their names where the user may
 * ask Docker. Programs that hang are ended.
 *
 * One line, no single quote, no `!`, no doubled backslash: the login shell that unquotes it may be csh or fish.
 */
export const holdersScript = [
  'mark=$1; PATH="$PATH:$2"; LC_ALL=C; export PATH LC_ALL;',
  'limit() { command -v "$1" >/dev/null 2>&1 || return 127;',
  'if command -v timeout >/dev/null 2>&1; then timeout 6 "$@" </dev/null 2>/dev/null; else "$@" </dev/null 2>/dev/null; fi; };',
  'printf "\\n%s meminfo\\n" "$mark"; cat /proc/meminfo;',
  'apps=$(limit nvidia-smi --query-compute-apps=pid,process_name,used_memory --format=csv,noheader,nounits | head -n 200);',
  'printf "\\n%s apps\\n%s\\n%s cgroup\\n" "$mark" "$apps" "$mark";',
  'inside=;',
  'for pid in $(printf "%s\\n" "$apps" | sed -n "s/^ *\\([0-9][0-9]*\\),.*/\\1/p"); do',
  'if grep -qE "[0-9a-f]{64}" "/proc/$pid/cgroup" 2>/dev/null; then inside=1; sed "s/^/$pid /" "/proc/$pid/cgroup"; fi; done;',
  'printf "\\n%s containers\\n" "$mark";',
  'if [ -n "$inside" ]; then limit docker ps --no-trunc --format "{{.ID}} {{.Names}}"; fi',
].join(' ');
