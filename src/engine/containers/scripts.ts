import { OR_PODMAN } from '../base/dockerHost.js';

/*
 * Fixed texts for any POSIX `sh`: one line, no single quote, no `!`, no doubled backslash, since the login shell that
 * unquotes them may be csh or fish. What varies comes as positional arguments.
 */

/** Podman's program takes the same words. */
const PROGRAM =
  'program=docker; command -v docker >/dev/null 2>&1 || if command -v podman >/dev/null 2>&1; then program=podman; fi;';

const PATH_FIRST = `PATH="$PATH:$1"; LC_ALL=C; export PATH LC_ALL; shift; ${PROGRAM} ${OR_PODMAN}`;

/** `sh -c <this> <name> <more folders for PATH> <arguments of docker...>` */
export const dockerScript = `${PATH_FIRST} exec "$program" "$@"`;

/** The same for what prints until it is ended: Docker's program ends when the channel closes, not at its next word. */
export const followScript = [
  PATH_FIRST,
  'exec 3<&0; "$program" "$@" </dev/null 3<&- & child=$!;',
  '{ cat <&3; kill "$child"; } >/dev/null 2>&1 & watch=$!;',
  'wait "$child"; code=$?; kill "$watch" 2>/dev/null; exit "$code"',
].join(' ');

/**
 * Where the engine may be: `sh -c <this> <name> <more folders for PATH> <marker>`. Sections: `host`, what the user has set;
 * `program`, where Docker's own is, or Podman's; `context`, not empty where it was told to ask another engine; `sockets`, a line
 * `open <path>` or `closed <path>` for each that is there: Docker's, then Podman's.
 */
export const placesScript = [
  'PATH="$PATH:$1"; LC_ALL=C; export PATH LC_ALL; mark=$2; run=${XDG_RUNTIME_DIR:-/run/user/$(id -u)};',
  'printf "\\n%s host\\n%s\\n%s program\\n" "$mark" "$DOCKER_HOST" "$mark"; command -v docker || command -v podman;',
  'printf "%s context\\n%s\\n" "$mark" "$DOCKER_CONTEXT";',
  'grep currentContext "${DOCKER_CONFIG:-$HOME/.docker}/config.json" 2>/dev/null | head -n 1;',
  'printf "\\n%s sockets\\n" "$mark";',
  'for socket in /var/run/docker.sock "$run/docker.sock" "$run/podman/podman.sock" /run/podman/podman.sock; do',
  'if [ -S "$socket" ]; then if [ -r "$socket" ] && [ -w "$socket" ]; then printf "open %s\\n" "$socket";',
  'else printf "closed %s\\n" "$socket"; fi; fi; done',
].join(' ');

/**
 * Who uses the GPUs: `sh -c <this> <name> <more folders for PATH> <marker>`. Sections: `apps`, the programs that use one;
 * `cgroup`, a line `<pid> <path>` for each of them that runs in a container.
 */
export const gpuScript = [
  'PATH="$PATH:$1"; LC_ALL=C; export PATH LC_ALL; mark=$2;',
  'limit() { command -v "$1" >/dev/null 2>&1 || return 127;',
  'if command -v timeout >/dev/null 2>&1; then timeout 10 "$@" </dev/null 2>/dev/null; else "$@" </dev/null 2>/dev/null; fi; };',
  'apps=$(limit nvidia-smi --query-compute-apps=pid,used_memory --format=csv,noheader,nounits | head -n 200);',
  'printf "\\n%s apps\\n%s\\n%s cgroup\\n" "$mark" "$apps" "$mark";',
  'for pid in $(printf "%s\\n" "$apps" | sed -n "s/^ *\\([0-9][0-9]*\\),.*/\\1/p"); do',
  'if grep -qE "[0-9a-f]{64}" "/proc/$pid/cgroup" 2>/dev/null; then sed "s/^/$pid /" "/proc/$pid/cgroup"; fi; done;',
].join(' ');
