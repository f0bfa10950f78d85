# Sourced by the tests of the program: $ito is the program, $work an empty folder to work in.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ito=$(realpath "$1")
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
tiny=$here/tiny.json
failures=0

fail() {
  echo "FAIL: $*" >&2
  failures=$((failures + 1))
}

# expect CODE TEXT COMMAND...: the command ends with this code; TEXT is part of what it says on
# stderr (on stdout, for code 0). An error is one message, "ito: ...".
expect() {
  local code=$1 text=$2 got said
  shift 2
  "$@" >out.txt 2>err.txt
  got=$?
  [ $code -eq 0 ] && said=out.txt || said=err.txt
  [ $got -eq "$code" ] || fail "exit code $got, expected $code: $* ($(head -c 500 err.txt))"
  grep -qF -- "$text" $said || fail "expected \"$text\" in: $(head -c 500 $said) -- of: $*"
  if [ "$code" -eq 1 ] || [ "$code" -eq 2 ]; then
    [ "$(grep -c '^ito: ' err.txt)" -eq 1 ] && head -n 1 err.txt | grep -q '^ito: ' ||
      fail "not one message: $(cat err.txt)"
  fi
}

train() { "$ito" train --config "$tiny" "$@"; }
same() { cmp -s "$1" "$2" || fail "$1 and $2 differ"; }
# The log without what depends on the clock.
log_of() { sed -E 's/"(images_per_second|seconds)":[^,}]*,?//g' "$1/log.jsonl"; }
no_leftovers() { [ -z "$(find "$@" -name '.ito-*')" ] || fail "temporary files are left in $*"; }
wait_for() {  # wait_for COMMAND...: until it succeeds, a minute at most
  for _ in $(seq 1200); do
    "$@" && return 0
    sleep 0.05
  done
  fail "waited in vain for: $*"
  return 1
}
finish() {
  [ $failures -eq 0 ] && echo "all passed"
  exit $((failures > 0))
}
