#!/usr/bin/env bash
# Brings the column "lines" of README.md up to date: those of each sampler's header and source.
set -euo pipefail
cd "$(dirname "$0")"
while IFS= read -r row; do
  if [[ $row =~ ^(.*\]\(([a-z0-9_]+)\.(cpp|h)\).*\|)\ [0-9]+\ \|$ ]]; then
    row="${BASH_REMATCH[1]} $(find . -name "${BASH_REMATCH[2]}.[hc]*" -exec cat {} + | wc -l) |"
  fi
  printf '%s\n' "$row"
done <README.md >README.new
mv README.new README.md
