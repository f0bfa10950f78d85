#!/usr/bin/env bash
# clang-format over all tracked sources, then clang-tidy (.clang-tidy) over each of them, two at a
# time; fails on any finding. The kernels are checked at the baseline level alone. About ten minutes
# on two free cores, so not a part of run.sh.
# Usage: tests/tidy.sh [PATTERN]   only the files whose path holds PATTERN
set -euo pipefail
cd "$(dirname "$0")/.."
pattern=${1:-}

git ls-files '*.h' '*.cpp' | grep -v '_data\.cpp$' | xargs clang-format-14 --dry-run --Werror

cmake -S . -B build-tidy -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 -DITO_BENCH=ON \
  -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null
# One entry a file: the first one of a kernel is its baseline.
mkdir -p build-tidy/once
python3 - <<'EOF'
import json
once = {}
for entry in json.load(open("build-tidy/compile_commands.json")):
    once.setdefault(entry["file"], entry)
json.dump(list(once.values()), open("build-tidy/once/compile_commands.json", "w"))
EOF

# clang-tidy exits 0 on warnings unless they are errors; it counts those it hides on stderr.
git ls-files '*.cpp' | grep -v '_data\.cpp$' | grep -F -- "$pattern" |
  xargs -P 2 -n 1 nice clang-tidy-14 -p build-tidy/once --quiet --warnings-as-errors='*' \
    2> >(grep -v 'warnings\? generated' >&2)
echo "tidy: clean"
