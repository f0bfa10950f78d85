#!/usr/bin/env bash
# Builds ito in its variants and runs every test. Options:
#   --quick   one build and the fast tests (for every commit)
# The builds stay in build/, build-double/ and build-tsan/ for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."
source .ci/packages.sh
quick=no
for argument in "$@"; do
  case "$argument" in
    --quick) quick=yes ;;
    *) echo "tests/run.sh: unknown option $argument (known: --quick)" >&2; exit 2 ;;
  esac
done

jobs=$(nproc)
export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"
names=() times=()
stage() {  # stage NAME COMMAND...: runs it, remembers its seconds
  local name=$1 started=$SECONDS
  shift
  echo "== $name"
  "$@"
  names+=("$name") times+=($((SECONDS - started)))
}
configure_and_build() {  # DIRECTORY TARGETS OPTIONS...
  local directory=$1 targets=$2
  shift 2
  # Unity: files that share headers are compiled together, which halves the time.
  cmake -S . -B "$directory" -G Ninja -DCMAKE_UNITY_BUILD=ON "$@" >"$directory.log" 2>&1 ||
    { cat "$directory.log" >&2; rm -f "$directory.log"; return 1; }
  rm -f "$directory.log"
  # shellcheck disable=SC2086  # targets are words
  cmake --build "$directory" -j "$jobs" --target $targets
}
run_tests() {  # DIRECTORY CTEST_OPTIONS...
  local directory=$1
  shift
  ctest --test-dir "$directory" --output-on-failure -j "$jobs" "$@"
}

packages=(g++ cmake ninja-build libopenblas-openmp-dev libpng-dev libjpeg62-turbo-dev libcairo2-dev
          zlib1g-dev libcli11-dev nlohmann-json3-dev libgtest-dev)
[ $quick = yes ] || packages+=(libbenchmark-dev clang-14 libclang-rt-14-dev clang-format-14)
stage "packages" need_packages "${packages[@]}"

if [ $quick = yes ]; then
  # What the fast tests run, no more.
  stage "build: float, OpenBLAS" configure_and_build build \
    "ito ito_test_kernels ito_test_engine ito_test_nn ito_test_diffusion"
  stage "test: fast ones" run_tests build -L fast
else
  format_is_clean() {
    git ls-files '*.h' '*.cpp' '*.cu' 2>/dev/null | grep -v '_data\.cpp$' |
      xargs -r clang-format-14 --dry-run --Werror
  }
  [ -d .git ] && stage "format" format_is_clean
  stage "build: float, OpenBLAS, benchmarks" configure_and_build build all -DITO_BLAS=OpenBLAS \
    -DITO_BENCH=ON
  stage "test: float, OpenBLAS" run_tests build
  stage "build: double, builtin GEMM, no threads, ASan + UBSan" configure_and_build build-double \
    all -DITO_BLAS=builtin -DITO_DOUBLE=ON -DITO_THREADS=OFF -DITO_SANITIZE=address,undefined
  stage "test: double, builtin GEMM, no threads, ASan + UBSan" run_tests build-double
  stage "build: TSan" configure_and_build build-tsan "ito_test_kernels ito_test_engine" \
    -DCMAKE_CXX_COMPILER=clang++-14 -DITO_BLAS=builtin -DITO_SANITIZE=thread -DITO_JPEG=OFF
  stage "test: TSan" run_tests build-tsan -L threads
fi

echo
echo "seconds  stage"
for i in "${!names[@]}"; do printf '%7d  %s\n' "${times[$i]}" "${names[$i]}"; done
printf '%7d  in all (%d of them installing)\n' "$SECONDS" "$install_seconds"
