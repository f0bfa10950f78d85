#!/usr/bin/env bash
# Times ito beside PyTorch on the same shapes and networks, alternating in one run.
#
#   bench/compare_pytorch.sh [--device cuda] [--install] [--build DIR] [--threads N] [--only CASE]
#                            [--kind KIND] [--turns N] [--seconds S] [--no-default] [--toy] [--alone]
#                            [--out FILE]
#
#   --device cuda on a GPU (single precision on both sides, times by its events); the build folder,
#                build-cuda by default, is made with ITO_CUDA=ON where there is nvcc, and otherwise
#                its device is emulated
#   --install    first install what is missing, with apt: PyTorch, OpenBLAS for OpenMP
#   --build DIR  the build folder, made where it is missing (default: build)
#   --threads N  threads of both sides (default 2)
#   --only CASE  one network (NAME@N: with a batch of N) or operation; --kind KIND: sample, train,
#                op_forward or op_backward
#   --turns N    measurements that each figure is the median of (default 7, at least 5),
#                each of about --seconds S (default 0.3) or one step
#   --no-default without PyTorch as it is installed by default, which is slow (reference BLAS)
#   --toy        sizes for the emulated device; --alone: ito without PyTorch
#   --out FILE   also write the table as JSON
#   PYTHON       the interpreter that has torch (default /usr/bin/python3)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=
device=cpu
alone=no
install=no
pass=()
while [ $# -gt 0 ]; do
  case $1 in
    --install) install=yes ;;
    --device) device=${2:?--device needs cpu or cuda}; pass+=("$1" "$2"); shift ;;
    --alone) alone=yes; pass+=("$1") ;;
    --build) build=${2:?--build needs a folder}; shift ;;
    -h|--help) sed -n '2,23s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) pass+=("$1") ;;
  esac
  shift
done

if [ "$install" = yes ]; then
  . "$here/../.ci/packages.sh"
  need_packages python3-torch libopenblas0-openmp
fi
python=${PYTHON:-/usr/bin/python3}
if [ "$alone" = no ] && ! "$python" -c 'import torch' 2>/dev/null; then
  echo "compare_pytorch.sh: $python has no torch; --install installs Debian's python3-torch, --alone does without" >&2
  exit 1
fi

options=(-DITO_BENCH=ON)
if [ "$device" = cuda ]; then
  nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
  if [ -z "$build" ] && [ -x "$nvcc" ]; then options+=(-DITO_CUDA=ON -DCMAKE_CUDA_COMPILER="$nvcc"); fi
  build=${build:-$here/../build-cuda}
fi
build=${build:-$here/../build}
cmake -S "$here/.." -B "$build" "${options[@]}" >/dev/null
cmake --build "$build" --target ito_peer >/dev/null
exec "$python" "$here/compare_pytorch.py" --ito-peer "$build/bench/ito_peer" "${pass[@]}"
