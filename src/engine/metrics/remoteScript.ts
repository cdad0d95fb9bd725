/** Where nvidia-smi may be when the PATH of a non-interactive login does not say so (the last is WSL's). */
export const USUAL_FOLDERS = '/usr/bin:/usr/local/bin:/usr/local/nvidia/bin:/opt/bin:/usr/lib/wsl/lib';

/** What can be asked of {@link remoteScript}, each a line of its own. */
export type Question =
  /**
   * Starts nvidia-smi's own loop with these fields, so many milliseconds apart, in place of the one that runs. Its
   * number is told with its end, since one that is being ended may still say that it has.
   */
  | { readonly ask: 'loop'; readonly number: number; readonly intervalMs: number; readonly fields: string }
  /** Starts it after one that hung, unless that is still there. */
  | { readonly ask: 'again'; readonly number: number; readonly intervalMs: number; readonly fields: string }
  /** Ends every nvidia-smi that was started. */
  | { readonly ask: 'stop' }
  /** One reading of the machine itself. */
  | { readonly ask: 'system' }
  /** `nvidia-smi -q -x`, without the clocks that it lists. Only once at a time. */
  | { readonly ask: 'xml' }
  /** Owner, arguments and start of these processes. */
  | { readonly ask: 'processes'; readonly pids: readonly number[] }
  /** Sensors, huge pages and disks. */
  | { readonly ask: 'slow' };

/** The line that asks. */
export function questionLine(question: Question): string {
  switch (question.ask) {
    case 'loop':
    case 'again':
      return `${question.ask} ${question.number} ${question.intervalMs} ${question.fields}`;
    case 'processes':
      return `processes ${question.pids.join(',')}`;
    case 'stop':
    case 'system':
    case 'xml':
    case 'slow':
      return question.ask;
  }
}

/** Disks and interfaces that are the kernel's own, or a part of another. */
const NO_DISK = '/dev/loop*|/dev/ram*|/dev/zram*|/dev/fuse*';
const NO_INTERFACE =
  'Inter-*|face*|lo|ifb*|dummy*|veth*|docker*|br-*|virbr*|vnet*|tap*|tun*|wg*|tailscale*|zt*|cni*|flannel*|cali*';

/**
 * The program that samples on the machine, for any POSIX `sh` (dash, busybox ash, bash): `sh -c <this> <name> <marker>
 * <more folders for PATH>`. It does nothing by itself: each line that it reads is a {@link Question}, and the end of its
 * input is its own end and that of all it has started. How it answers: see `FrameReader`.
 *
 * - While nvidia-smi loops, a sample starts no process: `rows` takes its lines, and reads `/proc` by builtins when the
 *   first GPU's comes. They are read no further than needed, because `read` may take a byte at a time.
 * - The kernel's list of children (`/proc/thread-self/children`, Linux 3.17) says what there is to end; a hung
 *   nvidia-smi is not missed, and nothing is started beside one that cannot be ended.
 * - A reading that the loop makes has capital letters, one that was asked for small ones: they may come at once.
 * - A reading's text stays under the 4096 bytes that a pipe takes at once, so that lines of two writers do not mix.
 * - One line, no single quote and no `!`: the login shell that unquotes it may be csh or fish.
 */
export const remoteScript = [
  'mark=$1; PATH="$PATH:$2"; LC_ALL=C; export PATH LC_ALL; nl=$(printf "\\nx"); nl=${nl%x}; last=;',
  'say() { printf "\\n%s %s\\n" "$mark" "$*"; };',
  'children() { kids=; { read -r kids </proc/thread-self/children; } 2>/dev/null; };',
  'stop() { children; kill -9 ${kids:-$last} 2>/dev/null; last=; };',
  // a client that is gone while something is printed must not keep `stop` from running
  'trap : PIPE; trap "exit 0" HUP INT TERM; trap stop EXIT;',

  'system() {',
  'up=; one=; five=; ten=; found=; [ -r /proc/uptime ] && read -r up rest </proc/uptime;',
  '[ -r /proc/loadavg ] && read -r one five ten rest </proc/loadavg; say "$1 $up $one $five $ten";',
  'if [ -r /proc/meminfo ]; then while read -r key value unit; do case $key in',
  'MemTotal:|MemFree:|MemAvailable:|Buffers:|Cached:|Shmem:|SwapTotal:|SwapFree:) found="$found$key $value kB;" ;;',
  'SReclaimable:) found="$found$key $value kB;"; break ;; esac; done </proc/meminfo; fi; say "$2 $found"; found=; count=0;',
  'if [ -r /proc/stat ]; then while read -r key user nice sys idle wait irq soft steal rest; do case $key in',
  'cpu*) found="$found $((idle + wait)) $((user + nice + sys + idle + wait + irq + soft + steal))"; count=$((count + 1));',
  'if [ "$count" = 32 ]; then say "$3$found"; found=; count=0; fi ;; *) break ;; esac; done </proc/stat; fi;',
  'if [ -n "$found" ]; then say "$3$found"; fi; found=;',
  'for part in cpu memory io; do if [ -r "/proc/pressure/$part" ]; then found="$found $part";',
  'while read -r key ten one rest; do found="$found $key $ten $one"; done 2>/dev/null <"/proc/pressure/$part"; fi; done;',
  'say "$4$found"; found=;',
  'if [ -r /proc/net/dev ]; then while IFS=": " read -r key one a b c d e f g five rest; do case $key in',
  `${NO_INTERFACE}) ;; *) found="$found $key $one $five" ;; esac; done </proc/net/dev; fi; say "$5$found"; };`,

  'rows() { while IFS= read -r row; do case $row in "0, "*) system U M C P N ;; esac; say g "$row"; done; say x "$1"; };',
  'loop() { if command -v nvidia-smi >/dev/null 2>&1; then',
  'nvidia-smi --query-gpu="$3" --format=csv,noheader,nounits -lms "$2" </dev/null 2>&1 | rows "$1" & last=$!;',
  'else say a; fi; };',

  'filter=; xml() { if [ -n "$filter" ] && kill -0 "$filter" 2>/dev/null; then say h; return; fi;',
  'if command -v nvidia-smi >/dev/null 2>&1; then say b xml;',
  // the end is marked by sed too: it holds the mark back from the first line to the last
  'nvidia-smi -q -x </dev/null 2>&1 | sed -e "1{h;s/.*/$mark e/;x;}" -e "\\${" -e G -e b -e "}"',
  '-e "/<supported_clocks>.*</b" -e "/<supported_clocks>/,/<\\/supported_clocks>/d" & filter=$!; last="$last $!";',
  'else say a; fi; };',

  // line by line: a document may be on its way, which is sent as it comes
  'block() { set -f; IFS=$nl; for row in $2; do printf "\\n%s l %.3000s\\n" "$mark" "$row"; done; unset IFS; set +f; say o "$1"; };',
  'processes() { COLUMNS=1000; export COLUMNS;',
  'found=$(ps -ww -o pid=,user:40=,args= -p "$1" 2>/dev/null || ps -o pid= -o user= -o args= -p "$1" 2>/dev/null);',
  'IFS=,; for pid in $1; do IFS=" "; if [ -r "/proc/$pid/stat" ]; then',
  '{ read -r row <"/proc/$pid/stat" && found="$found${nl}stat $row"; } 2>/dev/null; fi; done; unset IFS; block processes "$found"; };',

  'slow() { found=;',
  'for part in /sys/class/thermal/thermal_zone*; do { [ -r "$part/temp" ] && read -r key <"$part/type" && read -r value <"$part/temp"',
  '&& found="$found$key $value;"; } 2>/dev/null; done;',
  'for part in /sys/class/hwmon/hwmon*; do { [ -r "$part/temp1_input" ] && read -r key <"$part/name" && read -r value <"$part/temp1_input"',
  '&& found="$found$key $value;"; } 2>/dev/null; done; say t "$found"; found=;',
  'if [ -r /proc/meminfo ]; then while read -r key value unit; do case $key in',
  'HugePages_*|Hugepagesize:) found="$found$key $value $unit;" ;; esac; done </proc/meminfo; fi; say k "$found"; set --;',
  // only file systems on disks of the machine: a network's may not answer
  `if [ -r /proc/mounts ]; then while read -r key value rest; do case $key in ${NO_DISK}) ;;`,
  '/dev/*) case $value in */snap/*|*/docker/*) ;; *) if [ "$#" -lt 64 ]; then set -- "$@" "$value"; fi ;; esac ;; esac; done </proc/mounts; fi;',
  'block disks "$(df -Pk "$@" 2>/dev/null)"; };',

  'while read -r ask one two rest; do case $ask in',
  'loop) stop; loop "$one" "$two" "$rest" ;;',
  'again) jobs >/dev/null 2>&1; children; if [ -n "$kids" ]; then say h; else loop "$one" "$two" "$rest"; fi ;;',
  'stop) stop ;; system) system u m c p n ;;',
  // those that have ended are still on the list until they are asked for
  'xml) jobs >/dev/null 2>&1; xml ;;',
  'processes) processes "$one" ;; slow) slow ;; esac; done',
].join(' ');
