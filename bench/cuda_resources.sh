#!/usr/bin/env bash
# Writes bench/cuda_resources.md: what each CUDA kernel takes of a multiprocessor, by the compiler's
# own report for sm_90. Fails if a kernel spills registers.
set -euo pipefail
cd "$(dirname "$0")/.."
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
report=$(mktemp)
trap 'rm -f "$report" "$report.o"' EXIT
for file in kernels/cuda/*.cu; do
  fmad=$([ "$file" = kernels/cuda/random.cu ] && echo false || echo true)  # as CMakeLists.txt has it
  echo "file $(basename "$file")" >>"$report"
  "$nvcc" -std=c++20 -O3 -I. -arch=sm_90 --fmad="$fmad" -Xptxas -v -c "$file" -o "$report.o" 2>>"$report"
done

# One line a kernel: file, name, registers, spilled bytes, static shared bytes, stack bytes.
c++filt <"$report" | sed -E 's/\(anonymous namespace\):://g; s/ito::kernels::(cuda::)?//g' | awk '
  /^file / { file = $2 }
  /Compiling entry function/ {
    split($0, part, "\047"); name = part[2]
    sub(/^void /, "", name); sub(/\([^()]*(\([^()]*\)[^()]*)*\)$/, "", name)
  }
  /bytes stack frame/ { stack = $1; spills = $5 + $9 }
  /Used [0-9]+ registers/ {
    shared = 0
    for (i = 1; i < NF; ++i) if ($(i + 1) ~ /^smem/ || $(i + 2) ~ /^smem/) if ($i ~ /^[0-9]+$/) shared = $i
    match($0, /Used [0-9]+/); registers = substr($0, RSTART + 5, RLENGTH - 5)
    printf "| %s | `%s` | %d | %d | %d | %d |\n", file, name, registers, spills, shared, stack
  }' | sort -t'|' -k2,2 -k3,3 >"$report.rows"
{
  echo "# What the CUDA kernels take"
  echo
  echo "Made by bench/cuda_resources.sh with $("$nvcc" --version | sed -nE 's/.*release ([0-9.]+).*/nvcc \1/p') for sm_90. A multiprocessor of an"
  echo "H100 has 65,536 registers (so 32 a thread keep all of its 2,048 threads at work) and 227 KiB of"
  echo "shared memory for blocks. Dynamic shared memory, which a launch asks for, is not among these."
  echo
  echo "| File | Kernel | Registers | Spilled bytes | Static shared bytes | Stack bytes |"
  echo "|---|---|---:|---:|---:|---:|"
  cat "$report.rows"
} >bench/cuda_resources.md
rm -f "$report.rows"
awk -F'|' 'NR > 8 && $5 + 0 > 0 { print "spills: " $3; bad = 1 } END { exit bad }' bench/cuda_resources.md
