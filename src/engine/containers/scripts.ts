import { OR_PODMAN } from '../base/dockerHost.js';

/*
 * Fixed texts for any POSIX `sh`: one line, no single quote, no `!`, no doubled backslash, since the login shell that
 * unquotes them may be csh or fish. What varies comes as positional arguments.
 */

const PATH_FIRST = `PATH="$PATH:$1"; LC_ALL=C; export PATH LC_ALL; shift; ${OR_PODMAN}`;

/** `sh -c <this> <name> <more folders for PATH> <arguments of docker...>` */
export const dockerScript = `${PATH_FIRST} exec docker "$@"`;

/** The same for what prints until it is ended: Docker's program ends when the channel closes, not at its next word. */
export const followScript = [
  PATH_FIRST,
  'exec 3<&0; docker "$@" </dev/null 3<&- & child=$!;',
  '{ cat <&3; kill "$child"; } >/dev/null 2>&1 & watch=$!;',
  'wait "$child"; code=$?; kill "$watch" 2>/dev/null; exit "$code"',
].join(' ');

/**
 * What running containers use: `sh -c <this> <name> <more folders for PATH> <marker>`. Sections: `stats`; `apps`, the
 * programs that use a GPU; `cgroup`, a line `<pid> <path>` for each of them that runs in a container.
 */
export const usageScript = [
  PATH_FIRST,
  'mark=$1;',
  'limit() { command -v "$1" >/dev/null 2>&1 || return 127;',
  'if command -v timeout >/dev/null 2>&1; then timeout 10 "$@" </dev/null 2>/dev/null; else "$@" </dev/null 2>/dev/null; fi; };',
  'printf "\\n%s stats\\n" "$mark"; limit docker stats --no-stream --no-trunc --format "{{json .}}";',
  'apps=$(limit nvidia-smi --query-compute-apps=pid,used_memory --format=csv,noheader,nounits | head -n 200);',
  'printf "\\n%s apps\\n%s\\n%s cgroup\\n" "$mark" "$apps" "$mark";',
  'for pid in $(printf "%s\\n" "$apps" | sed -n "s/^ *\\([0-9][0-9]*\\),.*/\\1/p"); do',
  'if grep -qE "[0-9a-f]{64}" "/proc/$pid/cgroup" 2>/dev/null; then sed "s/^/$pid /" "/proc/$pid/cgroup"; fi; done;',
].join(' ');
