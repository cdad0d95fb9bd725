import { OR_PODMAN } from '../base/dockerHost.js';

/*
 * What runs on the machine, for any POSIX `sh` with base64 and setsid. Those that are sent as an argument are one line without single quote, `!`
 * or doubled backslash: the login shell that unquotes them may be csh or fish. What is kept in the folder of a job comes by standard input.
 */

/**
 * `unit <name> <command>`: runs something as a unit of the user's own systemd, where the user lingers (else those end with the last session). There
 * it outlives a logind that ends what a session has left, and has a group of its own that counts what was killed for memory. A unit does not have
 * the environment of the session, so that goes by a file, which the supervisor takes away.
 */
const IN_A_UNIT = [
  'unit() { u=$1; shift; command -v systemd-run >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1 || return 1;',
  '[ "$(timeout 5 loginctl show-user "$(id -un)" --property=Linger 2>/dev/null)" = Linger=yes ] || return 1;',
  'XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"; export XDG_RUNTIME_DIR; export -p > "$d/session" || return 1;',
  'timeout 10 systemd-run --user --quiet --collect --property=KillMode=process --unit="$u" "$@" </dev/null >/dev/null 2>&1 && return 0;',
  'rm -f "$d/session"; return 1; };',
].join(' ');

/**
 * Starts a job: `sh -c <this> <name> <id> <run> <folder> <seconds or 0> <grace seconds>`, with lines of base64 on its input: {@link SUPERVISOR},
 * {@link CHILD}, {@link ENDER}, the command, the environment, the secrets, the name of the container, and of a message at its end the configuration
 * for curl, the body where it completes and the body where it fails; then `end`, without which nothing was sent
 * whole and nothing is started. `mkdir` is what makes it happen once, however often it is asked for.
 */
export const LAUNCH = [
  'mask=$(umask); umask 077; LC_ALL=C; export LC_ALL; d="$HOME/.dgx-spark/jobs/$1";',
  'IFS= read -r sup && IFS= read -r chi && IFS= read -r end && IFS= read -r cmd && IFS= read -r env && IFS= read -r sec && IFS= read -r con && IFS= read -r hok && IFS= read -r hco && IFS= read -r hfa && IFS= read -r last || exit 3;',
  '[ "$last" = end ] || exit 3; command -v setsid >/dev/null 2>&1 && command -v base64 >/dev/null 2>&1 || exit 6; [ -z "$hok" ] || command -v curl >/dev/null 2>&1 || exit 7;',
  'mkdir -p "$d" && [ -w "$d" ] || exit 4;',
  'put() { printf %s "$1" | base64 -d > "$d/$2" || exit 5; };',
  'if mkdir "$d/started-$2" 2>/dev/null; then trap "" HUP PIPE;',
  '( rm -f "$d/pid" "$d/exit" "$d/stop" "$d/started" "$d/ended" "$d/timeout" "$d/oom" "$d/usage" "$d/adopted" "$d/supervisor" "$d/place" "$d/dgx-metrics.jsonl" "$d/session" "$d/run";',
  'if [ -e "$d/log" ]; then mv -f "$d/log" "$d/log.1"; fi; : > "$d/log" || exit 5;',
  'put "$sup" supervise; put "$chi" child; put "$end" ender; put "$cmd" command; put "$env" env; put "$sec" secrets; put "$con" container; put "$hok" hook; put "$hco" hook-completed; put "$hfa" hook-failed;',
  'cat /proc/sys/kernel/random/boot_id > "$d/boot" && printf "%s\\n" "$2" > "$d/run" || exit 5 )',
  '|| { rm -f "$d/secrets" "$d/hook" "$d/run"; rmdir "$d/started-$2"; exit 5; };',
  IN_A_UNIT,
  'if unit "dgx-spark-job-$1-$2" sh "$d/supervise" "$d" "$3" "$4" "$1" "$mask" "$5"; then :; else',
  '( trap - HUP PIPE; exec setsid sh "$d/supervise" "$d" "$3" "$4" "$1" "$mask" "$5" ) </dev/null >/dev/null 2>&1 & fi;',
  'n=0; while [ ! -s "$d/pid" ] && [ ! -e "$d/exit" ] && [ "$n" -lt 25 ]; do n=$((n+1)); sleep 0.2 2>/dev/null || sleep 1; done;',
  // who made the folder began this run, or was ended before it could
  'else n=0; until [ "$(cat "$d/run" 2>/dev/null)" = "$2" ]; do n=$((n+1)); [ "$n" -lt 30 ] || exit 8; sleep 1; done; fi; exit 0',
].join(' ');

/** Stays with a job until it has ended, and writes down how: `sh supervise <dir> <folder> <limit> <id> <umask> <grace>`. */
export const SUPERVISOR = `# Runs one job of DGX Spark for VS Code and writes down how it ends.
dir=$1 limit=$3 grace=$6
umask 077
if [ -e "$dir/session" ]; then
  . "$dir/session"
  rm -f "$dir/session"
fi
start_of() { read -r line 2>/dev/null < "/proc/$1/stat" || return; set -- \${line##*) }; printf %s "\${20}"; }
killed() { sed -n 's/^oom_kill //p' "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/memory.events" 2>/dev/null; }
printf '%s %s\\n' "$$" "$(start_of $$)" > "$dir/supervisor"
before=$(killed)
if [ -s "$dir/container" ]; then
  ${OR_PODMAN}
fi
date +%s > "$dir/started"
setsid sh "$dir/child" "$dir" "$2" "$4" "$5" </dev/null >>"$dir/log" 2>&1 &
child=$!
printf '%s %s\\n' "$child" "$(start_of "$child")" > "$dir/pid.new" && mv -f "$dir/pid.new" "$dir/pid"
sample() {
  printf '%s %s %s %s\\n' "$(date +%s)" "$(sed -n 's/^MemAvailable: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)" "$(wc -c < "$dir/log")" \\
    "$(timeout 5 nvidia-smi --query-gpu=utilization.gpu,memory.used,temperature.gpu,power.draw --format=csv,noheader,nounits 2>/dev/null | tr -d ' ' | tr '\\n' ';')" >> "$dir/usage"
}
(
  spent=0 due=0 period=30
  while :; do
    if [ "$limit" -gt 0 ] && [ "$spent" -ge "$limit" ] && [ ! -e "$dir/timeout" ]; then
      : > "$dir/timeout"
      setsid sh "$dir/ender" "$dir" "$grace" "$4" &
    fi
    if [ "$spent" -ge "$due" ]; then
      due=$((spent + period))
      sample
      # bounded: a job of weeks is told in coarser steps
      if [ "$(wc -c < "$dir/usage")" -gt 400000 ]; then
        sed -n 'p;n' "$dir/usage" > "$dir/usage.new" && mv -f "$dir/usage.new" "$dir/usage"
        period=$((period * 2))
      fi
    fi
    sleep 5
    spent=$((spent + 5))
  done
) </dev/null >/dev/null 2>&1 &
beside=$!
wait "$child"
code=$?
kill "$beside" 2>/dev/null
rm -f "$dir/secrets"
# proof is that the kernel counted a kill in this group, or says that it killed something of this user a moment ago
logged() { { journalctl -kq -o cat --since=-15s; dmesg --since=-15s; } 2>/dev/null | grep -q "Killed process [0-9]* (.*UID:$(id -u) "; }
if [ "$code" -eq 137 ] && { [ "$(killed)" != "$before" ] || logged; }; then : > "$dir/oom"; fi
date +%s > "$dir/ended"
printf '%s\\n' "$code" > "$dir/exit.new" && mv -f "$dir/exit.new" "$dir/exit"
# the address is a secret: it goes by a file, and with the end
if [ -s "$dir/hook" ] && [ ! -e "$dir/stop" ]; then
  body=$dir/hook-failed
  if [ "$code" -eq 0 ]; then body=$dir/hook-completed; fi
  sed "s/@EXIT@/$code/g" "$body" | curl -q -fsS --proto =http,https --max-time 30 --retry 5 --retry-delay 10 --retry-connrefused \\
    --config "$dir/hook" --data-binary @- >/dev/null 2>&1
fi
rm -f "$dir/hook" "$dir/hook-completed" "$dir/hook-failed"
`;

/** Becomes the job: `sh child <dir> <folder> <id> <umask>`. The mark in its environment is how everything it starts is found. */
export const CHILD = `dir=$1 folder=$2
DGX_SPARK_JOB=$3
DGX_SPARK_METRICS=$dir/dgx-metrics.jsonl
export DGX_SPARK_JOB DGX_SPARK_METRICS
umask "$4"
unset LC_ALL
. "$dir/env"
. "$dir/secrets"
rm -f "$dir/secrets"
case $folder in
  '' | '~') cd ;;
  '~/'*) cd -- "$HOME/\${folder#??}" ;;
  *) cd -- "$folder" ;;
esac || exit 1
pwd > "$dir/place"
if command -v bash >/dev/null 2>&1; then exec bash "$dir/command"; fi
exec sh "$dir/command"
`;

/** Ends a job with everything it started: `sh ender <dir> <grace seconds> <id>`. Kills nothing that is not known to be its. */
export const ENDER = `dir=$1 grace=$2 id=$3
start_of() { read -r line 2>/dev/null < "/proc/$1/stat" || return; set -- \${line##*) }; printf %s "\${20}"; }
read -r pid start < "$dir/pid" || exit 0
[ "$(cat /proc/sys/kernel/random/boot_id)" = "$(cat "$dir/boot")" ] || exit 0
leads() { [ -n "$start" ] && [ "$(start_of "$pid")" = "$start" ]; }
marked() { grep -l "DGX_SPARK_JOB=$id" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }
adopted() { other=; since=; read -r other since 2>/dev/null < "$dir/adopted" && [ -n "$since" ] && [ "$(start_of "$other")" = "$since" ]; }
signal() {
  if leads; then kill "-$1" -- "-$pid" 2>/dev/null; fi
  for one in $(marked); do kill "-$1" "$one" 2>/dev/null; done
  if adopted; then kill "-$1" "$other" 2>/dev/null; fi
}
if [ -s "$dir/container" ]; then
  ${OR_PODMAN}
  if docker stop -t "$grace" "$(cat "$dir/container")" >/dev/null 2>&1; then
    # what waits for it is about to tell how it ended
    spent=0
    while leads && [ "$spent" -lt 5 ]; do sleep 1; spent=$((spent + 1)); done
  fi
fi
signal TERM
spent=0
while [ "$spent" -lt "$grace" ]; do
  if ! leads && [ -z "$(marked)" ] && ! adopted; then exit 0; fi
  sleep 1
  spent=$((spent + 1))
done
signal KILL
`;

/** Asks for the end of a job: `sh -c <this> <name> <id> <run> <grace seconds>`. What does it goes on when the link is lost. */
export const STOP = [
  'umask 077; d="$HOME/.dgx-spark/jobs/$1"; read -r run < "$d/run" || exit 4; [ "$run" = "$2" ] || exit 4;',
  '[ -e "$d/exit" ] && exit 0; : > "$d/stop" || exit 5;',
  'setsid sh "$d/ender" "$d" "$3" "$1" </dev/null >/dev/null 2>&1 & exit 0',
].join(' ');

/** Removes the folder of a job: `sh -c <this> <name> <id>`. */
export const REMOVE = 'case "$1" in ""|.*|*/*) exit 4;; esac; rm -rf "$HOME/.dgx-spark/jobs/$1"';

/**
 * Into `g`: where a job writes its figures, by what it was told, else in its working folder. There, one that is older than the job is not its.
 */
const FIGURES_FILE =
  'g="$d/dgx-metrics.jsonl"; if [ ! -e "$g" ] && [ -e "$d/place" ]; then IFS= read -r g < "$d/place"; g="$g/dgx-metrics.jsonl"; [ "$g" -nt "$d/started" ] || g=; fi;';

/**
 * Tells how jobs are: `sh -c <this> <name> <marker> once|watch`, their ids on its input. A line for each:
 * `<marker> <id> <run> <same|other> <leader lives> <supervisor lives> <started> <ended> <exit> <flags> <size> <inode>`, `-` for what is not there, with
 * size and inode of its file of figures behind that where it has one, or `<marker> <id> none`; in the end `<marker> done`. Watching, it goes on and tells those that have changed, with a sign of life now and then.
 *
 * The exit code is read last: where nothing lives any more it has been written, if it ever will be.
 */
export const LOOK = [
  'LC_ALL=C; m=$1; read -r boot < /proc/sys/kernel/random/boot_id; ids=; while IFS= read -r id && [ "$id" != end ]; do ids="$ids $id"; done;',
  'start_of() { line=; read -r line 2>/dev/null < "/proc/$1/stat" || return; set -- ${line##*) }; start=${20}; };',
  'lives() { pid=; was=; start=; l=0; [ -e "$1" ] && read -r pid was < "$1"; [ "$b" = same ] && [ -n "$pid" ] && [ -n "$was" ] && start_of "$pid" && [ "$start" = "$was" ] && l=1; };',
  'get() { x=; [ -e "$1" ] && read -r x < "$1"; [ -n "$x" ] || x=-; };',
  'one() { d="$HOME/.dgx-spark/jobs/$1"; get "$d/run"; run=$x; if [ "$run" = - ]; then out="$m $1 none"; return; fi;',
  'b=other; get "$d/boot"; [ "$x" = "$boot" ] && b=same; lives "$d/pid"; p=$l; lives "$d/supervisor"; s=$l;',
  'f=-; [ -e "$d/stop" ] && f=${f}stop,; [ -e "$d/timeout" ] && f=${f}timeout,; [ -e "$d/oom" ] && f=${f}oom,; [ -e "$d/pid" ] && f=${f}pid,;',
  'get "$d/started"; t=$x; get "$d/ended"; e=$x; get "$d/exit"; c=$x;',
  FIGURES_FILE,
  'out="$m $1 $run $b $p $s $t $e $c $f"; [ -e "$d/log" ] || out="$out 0 0"; for x in $(stat -c "%s %i" "$d/log" "$g" 2>/dev/null); do out="$out $x"; done; };',
  'n=0; while :; do i=0; for id in $ids; do i=$((i+1)); one "$id"; eval "old=\\$l$i"; if [ "$out" != "$old" ]; then printf "%s\\n" "$out" || exit; eval "l$i=\\$out"; fi; done;',
  'if [ "$2" = once ]; then printf "%s done\\n" "$m"; exit 0; fi; [ "$((n%10))" -ne 0 ] || printf "%s alive\\n" "$m" || exit; n=$((n+1)); sleep 1; done',
].join(' ');

/**
 * A piece of a log, or of the file of figures that a job writes itself: `sh -c <this> <name> <marker> <id> <offset or -> <length> <log or figures>`:
 * `<marker> <size> <inode> <offset>`, then a line of base64.
 */
export const READ_LOG = [
  'LC_ALL=C; d="$HOME/.dgx-spark/jobs/$2"; f="$d/log"; if [ "$5" = figures ]; then',
  FIGURES_FILE,
  'f=$g; fi; z=$(stat -c "%s %i" "$f" 2>/dev/null) || exit 4; size=${z% *}; o=$3;',
  '[ "$o" = - ] && { o=$((size-$4)); [ "$o" -lt 0 ] && o=0; }; printf "\\n%s %s %s\\n" "$1" "$z" "$o";',
  'n=$((size-o)); [ "$n" -gt "$4" ] && n=$4; [ "$n" -le 0 ] || tail -c "+$((o+1))" "$f" | head -c "$n" | base64 | tr -d "\\n"',
].join(' ');

/** What was recorded while a job ran: `sh -c <this> <name> <marker> <id>`: the marker, the seconds of now, then the lines as they are. */
export const READ_USAGE =
  'LC_ALL=C; f="$HOME/.dgx-spark/jobs/$2/usage"; printf "\\n%s\\n" "$1"; date +%s; [ ! -e "$f" ] || head -c 1000000 "$f"';
