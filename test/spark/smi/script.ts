/**
 * The program `nvidia-smi`: a POSIX shell script, so that it starts in a few milliseconds. It prints the files that the Spark keeps up to
 * date in `folder`; the file `mode` there says how it behaves (a shape's failure, or a fault). Exit codes and texts are those of the
 * real one: 2 wrong arguments, 6 no devices, 9 no driver.
 */
export function smiScript(folder: string): string {
  return `#!/bin/sh
dir='${folder.replaceAll("'", "'\\''")}'
what=table form= fields= interval= once=
wrong() { printf '%s\\n' "$1"; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    -q|--query) [ "$what" = table ] && what=text ;;
    -x|--xml-format) form=xml ;;
    -L|--list-gpus) what=list ;;
    --query-gpu=*) what=gpus fields=\${1#*=} ;;
    --query-compute-apps=*) what=apps fields=\${1#*=} ;;
    --format=*) form=\${1#*=} ;;
    -l|--loop)
      interval=5
      case \${2-} in [0-9]*) interval=$2; shift ;; esac ;;
    -l[0-9]*) interval=\${1#-l} ;;
    --loop=*) interval=\${1#*=} ;;
    -lms) once=ms interval=\${2-}; shift ;;
    --loop-ms=*) once=ms interval=\${1#*=} ;;
    *) wrong "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help." ;;
  esac
  shift
done
case $interval in *[!0-9]*|0*) wrong "Invalid loop interval." ;; esac
[ "$once" = ms ] && interval=$((interval / 1000)).$(printf %03d $((interval % 1000)))
case $what,$form in
  text,xml) what=xml ;;
  text,*) wrong 'Only -q -x is simulated.' ;;
  gpus,csv*|apps,csv*) ;;
  gpus,*|apps,*) wrong '"--format=" switch is missing. Supported query formats are "csv", "noheader" and "nounits".' ;;
esac

# fields of one row after the other, from lines: row, field, heading, value with unit, value without
csv='
function trim(s) { gsub(/^ +| +$/, "", s); return s }
BEGIN { FS = "\\t"; n = split(fields, wanted, ",") }
{ heading[$2] = $3; if ($1 != "-") { full[$1, $2] = $4; bare[$1, $2] = $5; if (!($1 in seen)) { seen[$1] = 1; order[++rows] = $1 } } }
END {
  for (i = 1; i <= n; i++) {
    wanted[i] = trim(wanted[i])
    if (!(wanted[i] in heading)) { printf "Field \\"%s\\" is not a valid field to query.\\n\\n", wanted[i]; exit 2 }
  }
  if (form !~ /noheader/) {
    for (i = 1; i <= n; i++) {
      name = heading[wanted[i]]
      if (form ~ /nounits/) sub(/ \\[.*\\]$/, "", name)
      printf "%s%s", name, (i < n ? ", " : "\\n")
    }
  }
  for (r = 1; r <= rows; r++)
    for (i = 1; i <= n; i++) {
      value = form ~ /nounits/ ? bare[order[r], wanted[i]] : full[order[r], wanted[i]]
      printf "%s%s", value, (i < n ? ", " : "\\n")
    }
}'

while :; do
  read -r mode < "$dir/mode" || exit 1
  case $mode in
    hang) sleep 0.2; continue ;;
    noGpu) echo 'No devices were found'; exit 6 ;;
    noDriver)
      printf '%s %s\\n\\n' "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver." \\
        'Make sure that the latest NVIDIA driver is installed and running.'
      exit 9 ;;
    garbage) cat "$dir/garbage" || exit 1 ;;
    *)
      case $what in
        gpus|apps)
          awk -v fields="$fields" -v form="$form" "$csv" "$dir/$what" || exit 2
          form=$form,noheader ;;
        *) cat "$dir/$what" || exit 1 ;;
      esac ;;
  esac
  [ -n "$interval" ] || exit 0
  sleep "$interval"
done
`;
}
