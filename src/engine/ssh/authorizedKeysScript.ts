/** Where `restorecon` may be when the PATH of a non-interactive login does not say so. */
export const ADMIN_FOLDERS = '/usr/sbin:/sbin';

/**
 * Finds a key among lines as sshd(8) reads them ("AUTHORIZED_KEYS FILE FORMAT"): options may stand before it, with blanks in quotes, and a comment
 * behind it. A line that trusts the key as an authority for others (`cert-authority`) does not let the key itself in. Exit status 0 when it is there.
 *
 * Like {@link authorizedKeysScript} it has no single quote, no `!` and no doubled backslash: the login shell that unquotes it may be csh or fish.
 */
export const findKeyProgram = [
  'function same(text,  part) {',
  'split(text, part, /[ \\t]+/); return part[1] == kind && part[2] == blob }',
  'BEGIN { quote = sprintf("%c", 34); backslash = sprintf("%c", 92) }',
  '{ sub(/\\r$/, ""); sub(/^[ \\t]+/, "");',
  'if ($0 ~ /^#/ || index($0, blob) == 0) next;',
  'if (same($0)) { found = 1; exit }',
  'quoted = 0; i = 1;',
  'while (i <= length($0)) { c = substr($0, i, 1);',
  'if (c == backslash && substr($0, i + 1, 1) == quote) i++;',
  'else if (c == quote) quoted = 1 - quoted;',
  'else if (quoted == 0 && (c == " " || c == "\\t")) break;',
  'i++ }',
  'options = "," tolower(substr($0, 1, i - 1)) ","; rest = substr($0, i); sub(/^[ \\t]+/, "", rest);',
  'if (options ~ /,cert-authority,/) next;',
  'if (same(rest)) { found = 1; exit } }',
  'END { exit 1 - found }',
].join(' ');

/**
 * Adds a line to the user's `authorized_keys` unless its key is there, for any POSIX `sh`: `sh -c <this> <name> <marker> <line> <type of the key>
 * <base64 of the key> <findKeyProgram> <more folders for PATH>`.
 *
 * It only ever appends, with one write, so whatever cuts it off leaves the lines that were there. A folder serves as lock against another one that
 * adds the same key; one that was left behind is waited for some seconds and then ignored, since two appends do not harm each other. Symbolic links
 * are followed and kept. Rights are only ever taken away, namely that of others to write, which sshd does not stand.
 *
 * It answers with lines that begin with the marker: `look <what> <mode> <owner>` and `user <id>` for what sshd will look at, then `done <outcome>`
 * or `fail <reason> [<free KiB>]`.
 */
export const authorizedKeysScript = [
  'mark=$1; line=$2; kind=$3; blob=$4; find=$5; PATH="$PATH:$6"; LC_ALL=C; export PATH LC_ALL; umask 077; set -f;',
  'say() { printf "\\n%s %s\\n" "$mark" "$*"; };',
  'fail() { say fail "$@"; exit 1; };',
  '[ -n "$HOME" ] && [ -d "$HOME" ] || fail home;',
  'command -v awk >/dev/null 2>&1 || fail awk;',
  'dir=$HOME/.ssh; file=$dir/authorized_keys;',
  '[ -d "$dir" ] || mkdir "$dir" || [ -d "$dir" ] || fail folder;',
  'if [ -e "$file" ]; then [ -f "$file" ] || fail type; [ -r "$file" ] || fail unreadable; fi;',
  'has() { [ -e "$file" ] && awk -v kind="$kind" -v blob="$blob" "$find" <"$file"; };',
  'look() { set -- "$1" $(ls -ldnL "$2" 2>/dev/null); say look "$1" "$2" "$4"; };',
  'lock=$dir/.dgx-spark.lock; tries=0;',
  'while [ "$tries" -lt 60 ]; do',
  'mkdir "$lock" 2>/dev/null && break;',
  // one that is gone by now was another's a moment ago; only where none can be made is there nothing to wait for
  '[ -d "$lock" ] || [ -w "$dir" ] || break;',
  'tries=$((tries + 1)); sleep 0.1 2>/dev/null || sleep 1; done;',
  'trap "rmdir \\"\\$lock\\" 2>/dev/null" EXIT; trap "exit 1" HUP INT TERM PIPE;',
  'if has; then outcome=present; else',
  'outcome=added;',
  'if [ -e "$file" ]; then [ -w "$file" ] || fail unwritable; else [ -w "$dir" ] || fail folder; fi;',
  'start=; if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then start="\\n"; fi;',
  // the format is one of two texts of ours; the line is data
  'printf "$start%s\\n" "$line" >>"$file" || fail write "$(df -Pk "$dir" 2>/dev/null | awk "NR == 2 { print \\$4 }")";',
  'has || fail kept; fi;',
  'chmod go-w "$dir" "$file" 2>/dev/null;',
  'if command -v restorecon >/dev/null 2>&1; then restorecon -F "$dir" "$file" >/dev/null 2>&1; fi;',
  'look home "$HOME"; look folder "$dir"; look file "$file"; say user "$(id -u)";',
  'say done "$outcome"',
].join(' ');
