/** Where programs may be when the PATH of a non-interactive login does not say so. */
export const USUAL_FOLDERS =
  '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/snap/bin:/usr/local/nvidia/bin:/usr/lib/wsl/lib';

/** What {@link remoteScript} looks at. */
export const PARTS = [
  'clock',
  'host',
  'kernel',
  'release',
  'groups',
  'account',
  'memory',
  'disk',
  'ollama',
  'service',
  'listeners',
  'version',
  'docker',
  'daemon',
  'gpu',
] as const;
export type Part = (typeof PARTS)[number];

/**
 * The program that looks around on the machine, for any POSIX `sh`: `sh -c <this> <name> <marker> <port of Ollama> <the port as four hexadecimal
 * digits> <more folders for PATH>`. Each of {@link PARTS} answers between a line `<marker> b <part>` and a line `<marker> e <part> <exit status>`;
 * 127 stands for a program that is not there, 124 for one that was ended because it hung. What hangs in spite of that comes last.
 *
 * One line, no single quote, no `!`, no doubled backslash: the login shell that unquotes it may be csh or fish.
 */
export const remoteScript = [
  'mark=$1; port=$2; hex=$3; PATH="$PATH:$4"; LC_ALL=C; export PATH LC_ALL;',
  'part() { name=$1; shift; printf "\\n%s b %s\\n" "$mark" "$name";',
  '"$@" </dev/null 2>&1; printf "\\n%s e %s %s\\n" "$mark" "$name" "$?"; };',
  'limit() { command -v "$1" >/dev/null 2>&1 || return 127;',
  'if command -v timeout >/dev/null 2>&1; then timeout 8 "$@"; else "$@"; fi; };',
  // first, because the time of its answer counts
  'part clock date +%s;',
  'part host uname -n; part kernel uname -srm;',
  // of the file about the machine only these lines: another one is its serial number
  'release() { sed -n -e "s/^PRETTY_NAME=/os /p" /etc/os-release;',
  'if [ -r /etc/dgx-release ]; then sed -n -e "s/^DGX_PRETTY_NAME=/dgx /p" -e "s/^DGX_SWBUILD_VERSION=/version /p" -e "s/^DGX_OTA_VERSION=/version /p" /etc/dgx-release; fi; };',
  'part release release;',
  // the groups of this login, and those that a new one would have
  'part groups id -nG; account() { id -nG "$(id -un)"; }; part account account;',
  'part memory sed -n "/^Mem[TA]/p" /proc/meminfo;',
  'part disk limit df -Pk / "$HOME";',
  'part ollama command -v ollama;',
  'part service limit systemctl is-active ollama;',
  // sockets that listen (state 0A), as proc(5) describes them
  'listeners() { cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -E "^ *[0-9]+: [0-9A-F]+:$hex [0-9A-F]+:[0-9A-F]+ 0A "; };',
  'part listeners listeners;',
  'part version limit curl -sS -m 4 --noproxy "*" "http://127.0.0.1:$port/api/version";',
  'part docker command -v docker;',
  'part daemon limit docker version --format "{{.Server.Version}}";',
  'part gpu limit nvidia-smi --query-gpu=name,driver_version --format=csv,noheader',
].join(' ');
