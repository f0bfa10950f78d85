#!/usr/bin/env bash
# Every command that runs a network, on the (emulated) CUDA device and on the CPU: the same numbers
# within what rounding does; but for the classifier's, too large to emulate (tests/cuda/diffusion).
# The flow of a network that knows nothing yet expands by exp(5) = 150 on its way to images, and so
# does rounding, 1e-6 in a network: 1e-3 of the largest value is allowed.
source "$(dirname "$0")/harness.sh"
tolerance=1e-3
"$ito" info | grep -q 'there is no CUDA device here' && exit 77
# A few steps, as the last convolution begins near zero and rounding does not show in the samples.
train --out run --steps 8 --samples 0 --set model.dropout=0 --set data.held_out=3 \
  --set run.held_out_images=3 >/dev/null || fail "training"

# numbers FILE.npy: one a line
numbers() {
  local type=f4
  head -c 128 "$1" | grep -aq f8 && type=f8
  tail -c +129 "$1" | od -A n -v -t $type -w${type#f}
}
# close_numbers WHAT: pairs of numbers on stdin agree, and there are some
close_numbers() {
  awk -v tolerance=$tolerance '
    { d = $1 - $2; d = d < 0 ? -d : d; s = $1 < 0 ? -$1 : $1
      error = d > error ? d : error; size = s > size ? s : size }
    END { exit !(NR > 0 && size > 0 && error <= tolerance * size) }' || fail "$1: the devices differ"
}
# compare NAME COMMAND...: what the command writes to --out NAME.npy
compare() {
  local name=$1
  shift
  for device in cpu cuda; do
    expect 0 "" "$ito" "$@" --device $device --out $name.$device.npy
  done
  paste <(numbers $name.cpu.npy) <(numbers $name.cuda.npy) | close_numbers "$name"
}
# number FILE KEY: of JSON
number() { sed -nE "s/.*\"$2\": ?([-0-9.e+]+).*/\1/p" "$1"; }

compare sample sample --run run --n 3 --batch 2 --steps 3
expect 0 "" "$ito" sample --run run --n 3 --batch 2 --steps 3 --device cuda --graph --out graph.npy
same sample.cuda.npy graph.npy
expect 0 "" "$ito" sample --run run --n 3 --batch 2 --steps 3 --device auto --out auto.npy
same sample.cuda.npy auto.npy
expect 0 "" "$ito" sample --run run --n 1 --steps 2 --device cuda --precision tf32 --out tf32.npy
expect 2 "--precision" "$ito" sample --run run --precision half --out x.npy
expect 2 "--graph is for --device cuda" "$ito" sample --run run --graph --out x.npy
cmp -s sample.cpu.npy sample.cuda.npy && fail "--device changes nothing, not even rounding"

flow=(--run run --eps 1e-2 --tolerance 1e-1)
compare encode encode "${flow[@]}" --n 2
compare decode decode "${flow[@]}" --codes encode.cpu.npy --temperature 0.9
compare interpolate interpolate "${flow[@]}" --seed 3 --from 1 --to 2 --frames 3
compare between interpolate "${flow[@]}" --data held-out --frames 2

restore=(restore --run run --seed 3 --steps 3 --n 2 --completions 1)
for operator in mask:half:lower box:2 motion:3,45 random:20; do
  compare ${operator%%:*} "${restore[@]}" --operator $operator
done
compare radon "${restore[@]}" --operator radon:5 --noise 0.1 --method dps
# (A wider blur is so ill-conditioned that rounding counts.)
compare gaussian "${restore[@]}" --operator gaussian:0.5 --noise 0.1 --method perturbed

for device in cpu cuda; do
  expect 0 "at most" "$ito" likelihood --run run --method elbo --steps 25 --n 2 --device $device \
    --json elbo.$device.json
  expect 0 "Frechet" "$ito" evaluate --run run --n 64 --steps 1 --device $device --out report.$device
done
for key in bits_per_dim_at_most prior; do
  paste <(number elbo.cpu.json $key) <(number elbo.cuda.json $key) | close_numbers "elbo: $key"
done
for key in frechet_generated nearest_generated; do
  paste <(number report.cpu/summary.json $key) <(number report.cuda/summary.json $key) |
    close_numbers "evaluate: $key"
done
finish
