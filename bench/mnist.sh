#!/usr/bin/env bash
# The numbers on MNIST: trains mnist-vp, mnist-subvp and mnist-ve (40 minutes each on two cores, less
# where a run is there already), draws a grid of samples from each, computes bits/dim of held-out
# images with error bars, and prints them beside published ones.
#
#   bench/mnist.sh DATA OUT [--build DIR] [--preset NAME] [--images N] [--steps N]
#
#   DATA         folder with MNIST's four IDX files, gzipped or not
#   OUT          OUT/PRESET becomes the run, with samples.png and bits.json in it
#   --build DIR  where the program is or shall be built (default: build)
#   --preset     one of the three only
#   --images N   held-out images to compute bits/dim of (default 500)
#   --steps N    of training, in the place of the preset's
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/runs.sh"
build=$here/../build
presets=(mnist-vp mnist-subvp mnist-ve)
images=500
steps=()
places=()
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=${2:?--build needs a folder}; shift ;;
    --preset) presets=("${2:?--preset needs a name}"); shift ;;
    --images) images=${2:?--images needs a number}; shift ;;
    --steps) steps=(--steps "${2:?--steps needs a number}"); shift ;;
    -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "mnist.sh: unknown argument $1" >&2; exit 2 ;;
    *) places+=("$1") ;;
  esac
  shift
done
if [ ${#places[@]} -ne 2 ]; then
  echo "mnist.sh: expected a folder with MNIST's files and a folder to write to" >&2
  exit 2
fi
data=${places[0]}
out=${places[1]}
find_ito "$build"
mkdir -p "$out"

for preset in "${presets[@]}"; do
  run=$out/$preset
  train_run "$run" --preset "$preset" --data "$data" --samples 0 "${steps[@]}"
  [ -e "$run/samples.png" ] || "$ito" sample --run "$run" --n 64 --out "$run/samples.png"
  [ -e "$run/bits.json" ] || "$ito" likelihood --run "$run" --data held-out --n "$images" \
    --probes 2 --tolerance 1e-4 --json "$run/bits.json"
done

echo
echo "Bits/dim of held-out MNIST images, with one standard error and what it is made of"
row='%-14s%9s%9s%9s%9s%9s%9s%9s%8s\n'
printf "$row" model bits/dim error data dequant. probes solver images steps
for preset in "${presets[@]}"; do
  bits=$out/$preset/bits.json
  values=()
  for key in bits_per_dim total data dequantization probe solver; do
    values+=("$(printf %.4f "$(number "$key" "$bits")")")
  done
  printf "$row" "$preset" "${values[@]}" "$(number images "$bits")" "$(number step "$bits")"
done
printf "$row" RNODE 0.97 "" "" "" "" "" "" ""  # Finlay et al. 2020
printf "$row" FFJORD 0.99 "" "" "" "" "" "" ""  # Grathwohl et al. 2019
