#!/usr/bin/env bash
# From nothing to new images: installs what is missing, builds the program, trains a score network on
# the embedded digits, samples from it, and prints how good the samples are.
#   bash diffusion/quickstart.sh [RUN_FOLDER]     (default: runs/quickstart)
set -euo pipefail
cd "$(dirname "$0")/.."
source .ci/packages.sh
run=${1:-runs/quickstart}
if [ -e "$run" ]; then
  echo "quickstart: $run exists already; name another folder or remove it" >&2
  exit 2
fi

need_packages g++ cmake make libopenblas-openmp-dev libpng-dev zlib1g-dev libcli11-dev \
  nlohmann-json3-dev
started=$SECONDS
began=$(date +%s)

echo "Building the program (about two minutes on two cores)"
cmake -S . -B build-quickstart -DITO_TESTS=OFF -DITO_JPEG=OFF -DCMAKE_UNITY_BUILD=ON \
  >build-quickstart.log 2>&1 &&
  cmake --build build-quickstart -j "$(nproc)" --target ito >>build-quickstart.log 2>&1 || {
  tail -n 20 build-quickstart.log >&2
  echo "quickstart: the build failed; the whole log is build-quickstart.log" >&2
  exit 1
}
rm -f build-quickstart.log
built=$((SECONDS - started))
ito=build-quickstart/ito

$ito train --preset digits --data digits --out "$run"
$ito evaluate --run "$run" --out "$run" --since "$began"

echo
echo "Seconds: building $built, training and sampling $((SECONDS - started - built))," \
  "in all $((SECONDS - started)) (installing packages: $install_seconds, not counted)"
