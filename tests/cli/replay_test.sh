#!/usr/bin/env bash
# Pictures say how they were made, and are made again, bit for bit.
source "$(dirname "$0")/harness.sh"
train --out run --steps 5 --samples 4 --set model.classes=10 --set model.dropout=0 >/dev/null ||
  fail "training"
"$ito" train-classifier --run run --out judge --steps 2 --batch 4 >/dev/null || fail "classifier"
flow=(--run run --eps 1e-3 --tolerance 1e-2)

expect 0 "" "$ito" sample --run run --n 3 --steps 4 --seed 5 --out sample.png
expect 0 "" "$ito" sample --run run --n 2 --class 1,7 --guidance 2.5 --steps 4 --sampler pc \
  --predictor ancestral --corrector langevin --snr 0.1 --out classes.png
expect 0 "" "$ito" sample --run run --n 2 --class 4 --classifier judge --steps 4 --probability-flow \
  --no-ema --out judged.png
expect 0 "" "$ito" restore --run run --operator box:2 --noise 0.1 --n 2 --completions 2 --steps 4 \
  --seed 3 --save-measurement y.npy --out restored.png
expect 0 "" "$ito" restore --run run --operator box:2 --measurement y.npy --steps 4 --out from.png
expect 0 "" "$ito" interpolate "${flow[@]}" --from 1 2 --to 3 4 --frames 3 --class 2,5 --seed 9 \
  --zoom 2 --out between.png
expect 0 "" "$ito" interpolate "${flow[@]}" --frames 2 --out short.png
expect 0 "" "$ito" encode "${flow[@]}" --n 2 --out codes.npy
expect 0 "" "$ito" decode "${flow[@]}" --codes codes.npy --temperature 0.9 --out decoded.png

for name in sample classes judged restored from between short decoded; do
  grep -aq 'tEXtSoftware' $name.png && grep -aq '"--seed"\|"--codes"' $name.png ||
    fail "$name.png does not say how it was made"
  expect 0 "the same pixels" "$ito" replay $name.png --threads 1
  same $name.png $name-again.png  # the texts, too
done
expect 0 "the same pixels" "$ito" replay sample-again.png --out twice.png
same sample.png twice.png
grep -aq 'tEXtito train' run/samples/step_*.png || fail "the run's samples say nothing"

# What it was made of has changed.
printf x >>codes.npy
expect 1 '"codes.npy": has changed since "decoded.png" was made of it' "$ito" replay decoded.png \
  --out x.png

# A run that has been moved is found; one that has changed is refused.
mv run moved
expect 1 "run/checkpoint.safetensors" "$ito" replay sample.png --out x.png
expect 0 "the same pixels" "$ito" replay sample.png --run moved --out x.png
rm x.png
mv moved run
"$ito" train --resume --out run --steps 6 >/dev/null || fail "resuming"
expect 1 "has changed since \"sample.png\" was made of it" "$ito" replay sample.png --out x.png

# Bad input
"$ito" sample --run run --n 1 --steps 4 --out new.png >/dev/null || fail "sampling"
expect 1 "new.png" "$ito" replay new.png --out new.png
expect 2 ".png" "$ito" replay new.png --out new.npy
cp "$here/../data/pictures/rgba.png" plain.png
expect 1 "does not say how it was made" "$ito" replay plain.png
expect 1 "is no PNG" "$ito" replay codes.npy
expect 1 "missing.png" "$ito" replay missing.png
sed 's/\["sample"/["import"/' new.png >other.png
expect 1 "its text is damaged" "$ito" replay other.png
[ -e x.png ] && fail "a picture has been left by what failed"
finish
