# Sourced by the scripts that compare trained runs: $ito is the program.

# find_ito BUILD_FOLDER: builds the program there where it is missing.
find_ito() {
  ito=$1/ito
  [ -x "$ito" ] && return 0
  echo "Building the program in $1"
  cmake -S "$(dirname "${BASH_SOURCE[0]}")/.." -B "$1" -DITO_TESTS=OFF -DCMAKE_UNITY_BUILD=ON \
    >/dev/null && cmake --build "$1" -j "$(nproc)" --target ito >/dev/null
}

# train_run RUN ARGUMENTS...: goes on with the run where there is one; a finished one ends at once.
train_run() {
  local run=$1
  shift
  if [ -e "$run/config.json" ]; then
    "$ito" train --resume --out "$run"
  else
    "$ito" train "$@" --out "$run"
  fi
}

# number KEY FILE: the number of this name in a JSON file.
number() { sed -nE "s/^ *\"$1\": (-?[0-9][0-9.e+-]*),?\$/\\1/p" "$2" | head -n 1; }
