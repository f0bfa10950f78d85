#!/usr/bin/env bash
# Builds ito for real CUDA devices, where there is nvcc, and starts it: no GPU, no driver needed.
#   tests/cuda_build.sh FOLDER    (for the build; exit code 77: skipped)
# Also looks at the code made of the random numbers: the emulated device cannot show that they are
# the CPU's to the bit on a real one.
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
folder=$1
fail() { echo "cuda_build: $*" >&2; exit 1; }

if ! command -v nvcc >/dev/null && [ ! -x /usr/local/cuda/bin/nvcc ]; then
  echo "cuda_build: skipped: there is no nvcc here"
  exit 77
fi

# Optimising the host's part is not what this is about.
cmake -S "$source" -B "$folder" -G Ninja -DITO_CUDA=ON -DITO_TESTS=OFF -DCMAKE_UNITY_BUILD=ON \
  -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DCMAKE_CUDA_FLAGS_DEBUG=-O3 \
  ${ITO_COMPILER_LAUNCHER:+-DCMAKE_CXX_COMPILER_LAUNCHER=$ITO_COMPILER_LAUNCHER} >"$folder.log" ||
  { cat "$folder.log"; fail "cannot be configured"; }
rm -f "$folder.log"
started=$SECONDS
cmake --build "$folder" -j "$(nproc)" --target ito_kernels_cuda >"$folder/kernels.log" ||
  { tail -40 "$folder/kernels.log"; fail "the kernels do not compile"; }
kernels=$((SECONDS - started))
cmake --build "$folder" -j "$(nproc)" --target ito >"$folder/ito.log" ||
  { tail -40 "$folder/ito.log"; fail "ito does not build"; }
echo "cuda_build: kernels in $kernels s, the rest in $((SECONDS - started - kernels)) s;" \
  "ito has $(stat -c %s "$folder/ito") bytes"

# Every floating-point operation of the random numbers is rounded to nearest, none is fused,
# approximate or flushes to zero.
compile=$(sed -nE 's/^ *"command": "(.*random\.cu -o.*)",?$/\1/p' "$folder/compile_commands.json" |
  sed -E 's/\\"//g; s/--generate-code=[^ ]+//g; s/ -c ([^ ]+) -o [^ ]+/ -arch=compute_90 -ptx \1 -o random.ptx/')
(cd "$folder" && $compile)
operations='(add|sub|mul|fma|mad|div|sqrt|rsqrt|rcp|ex2|lg2|sin|cos|tanh)\.[a-z.0-9]*f(32|64)'
grep -oE "\b$operations\b" "$folder/random.ptx" | sort | uniq -c >"$folder/operations.txt"
grep -q 'sqrt\.rn\.f32' "$folder/operations.txt" || fail "no square root among the random numbers' operations"
if grep -E 'fma|ftz|approx' "$folder/operations.txt" || grep -vE '\.rn\.f(32|64)$' "$folder/operations.txt"; then
  fail "these operations of the random numbers do not round as the CPU's"
fi

"$folder/ito" info | tee "$folder/info.txt"
grep -q '^cpu: ' "$folder/info.txt" || fail "ito info does not list the devices"
if grep -q 'there is no CUDA device here' "$folder/info.txt"; then
  status=0
  "$folder/ito" sample --run nothing --out nothing.png --device cuda 2>"$folder/error.txt" || status=$?
  [ $status = 2 ] || fail "--device cuda without a device: expected exit code 2, got $status"
  grep -q 'there is no CUDA device here' "$folder/error.txt" || fail "--device cuda: $(cat "$folder/error.txt")"
fi
