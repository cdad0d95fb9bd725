/** Where nvidia-smi may be when the PATH of a non-interactive login does not say so (the last is WSL's). */
export const USUAL_FOLDERS = '/usr/bin:/usr/local/bin:/usr/local/nvidia/bin:/opt/bin:/usr/lib/wsl/lib';

/** What can be asked of {@link remoteScript}; each is a line of its own. */
export type Question =
  /** System memory, then nvidia-smi. Only once at a time. */
  | 'gpu'
  /** System memory alone; also while nvidia-smi runs. */
  | 'memory'
  /** Ends the nvidia-smi that runs; it answers with the status of a killed program. */
  | 'stop';

/**
 * The program that samples on the machine, for any POSIX `sh` (dash, busybox ash, bash): `sh -c <this> <name> <marker>
 * <more folders for PATH>`. It does nothing by itself: each line that it reads is a {@link Question}, so the client
 * sets the pace and the end of its input is its own end. How it answers: see `FrameReader`.
 *
 * - nvidia-smi runs in the background: when it hangs (a driver in trouble), memory is still answered, and it is never
 *   started a second time beside itself. With the end of the input it is ended too.
 * - A sample starts one process beside nvidia-smi, the subshell that waits for it. Memory is read by builtins; only as
 *   far as MemAvailable, because `read` takes a byte at a time.
 * - One line, no single quote and no `!`: the login shell that unquotes it may be csh or fish.
 */
export const remoteScript = [
  'mark=$1; PATH="$PATH:$2"; LC_ALL=C; export PATH LC_ALL; child=;',
  'end() { if [ -n "$child" ]; then kill "$child" 2>/dev/null; fi; };',
  // a client that is gone while something is printed must not keep `end` from running
  'trap : PIPE; trap "exit 0" HUP INT TERM; trap end EXIT;',
  'smi() {',
  // the signal may come before the number of the process is known
  'run=; halt=; trap "halt=1; kill -9 \\$run 2>/dev/null" TERM;',
  'printf "\\n%s b\\n" "$mark";',
  'nvidia-smi -q -x </dev/null 2>&1 & run=$!;',
  'if [ -n "$halt" ]; then kill -9 "$run" 2>/dev/null; fi;',
  'wait "$run"; status=$?;',
  // over 128 with the process still there: it was the wait that the signal ended
  'while [ "$status" -gt 128 ] && kill -0 "$run" 2>/dev/null; do wait "$run"; status=$?; done;',
  'printf "\\n%s e %s\\n" "$mark" "$status"; };',
  'while IFS= read -r ask; do',
  'if [ "$ask" = stop ]; then end; continue; fi;',
  'found=; count=0;',
  'if [ -r /proc/meminfo ]; then',
  'while [ "$count" -lt 12 ] && read -r key value unit; do',
  'found="$found$key $value $unit;"; count=$((count + 1));',
  'if [ "$key" = MemAvailable: ]; then break; fi;',
  'done </proc/meminfo; fi;',
  'printf "\\n%s m %s\\n" "$mark" "$found";',
  'if [ "$ask" = gpu ]; then',
  'if [ -n "$child" ]; then wait "$child" 2>/dev/null; child=; fi;',
  'if command -v nvidia-smi >/dev/null 2>&1; then smi </dev/null & child=$!;',
  'else printf "\\n%s n\\n" "$mark"; fi; fi;',
  'done',
].join(' ');
