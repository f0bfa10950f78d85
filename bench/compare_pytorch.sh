#!/usr/bin/env bash
# Times ito beside PyTorch on the same shapes and networks, alternating in one run.
#
#   bench/compare_pytorch.sh [--install] [--build DIR] [--threads N] [--only CASE] [--kind KIND]
#                            [--turns N] [--seconds S] [--no-default] [--out FILE]
#
#   --install    first install what is missing, with apt: PyTorch, OpenBLAS for OpenMP
#   --build DIR  the build folder, made where it is missing (default: build)
#   --threads N  threads of both sides (default 2)
#   --only CASE  one network or operation; --kind KIND: sample, train, op_forward or op_backward
#   --turns N    measurements that each figure is the median of (default 7, at least 5),
#                each of about --seconds S (default 0.3) or one step
#   --no-default without PyTorch as it is installed by default, which is slow (reference BLAS)
#   --out FILE   also write the table as JSON
#   PYTHON       the interpreter that has torch (default /usr/bin/python3)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../build
install=no
pass=()
while [ $# -gt 0 ]; do
  case $1 in
    --install) install=yes ;;
    --build) build=${2:?--build needs a folder}; shift ;;
    -h|--help) sed -n '2,17s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) pass+=("$1") ;;
  esac
  shift
done

if [ "$install" = yes ]; then
  . "$here/../.ci/packages.sh"
  need_packages python3-torch libopenblas0-openmp
fi
python=${PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "compare_pytorch.sh: $python has no torch; --install installs Debian's python3-torch" >&2
  exit 1
fi

cmake -S "$here/.." -B "$build" -DITO_BENCH=ON >/dev/null
cmake --build "$build" --target ito_peer >/dev/null
exec "$python" "$here/compare_pytorch.py" --ito-peer "$build/bench/ito_peer" "${pass[@]}"
