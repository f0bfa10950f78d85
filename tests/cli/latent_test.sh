#!/usr/bin/env bash
# Latent codes: there and back, and ways between them.
source "$(dirname "$0")/harness.sh"
train --out run --steps 5 --samples 0 --set model.dropout=0 >/dev/null || fail "training"
flow=(--run run --eps 1e-3 --tolerance 1e-6)
encode() { "$ito" encode "${flow[@]}" "$@"; }
decode() { "$ito" decode "${flow[@]}" "$@"; }
interpolate() { "$ito" interpolate "${flow[@]}" "$@"; }

# The round trip is reported, and small. This network knows nothing yet, so that codes shrink to
# exp(-5) of the images, and decoding expands the solver's errors by 150: 200 steps leave 0.03.
expect 0 "5 codes [8, 8, 1]: codes.npy" encode --n 5 --out codes.npy
error=$(sed -nE 's/^decoded again .* by ([0-9.e-]+) .*/\1/p' out.txt)
awk "BEGIN { exit !($error > 0 && $error < 0.03) }" || fail "round trip: $(cat out.txt)"
grep -q "evaluations of the score an image to encode" out.txt || fail "no evaluations"

# A code does not depend on its batch, nor on what is encoded with it.
expect 0 "5 codes" encode --n 5 --batch 2 --threads 1 --out twos.npy
same codes.npy twos.npy
expect 0 "1 code " encode --n 1 --first 4 --out last.npy
tail -c 256 codes.npy >a.raw && tail -c 256 last.npy >b.raw && same a.raw b.raw

expect 0 "5 images: back.npy" decode --codes codes.npy --out back.npy
expect 0 "5 images: cool.png" decode --codes codes.npy --temperature 0.5 --out cool.png
expect 0 "5 images" decode --codes codes.npy --temperature 0.5 --out cool.npy
cmp -s back.npy cool.npy && fail "the temperature changes nothing"

# The ends of a way are the images themselves.
expect 0 "2 rows of 3 images: way.npy" interpolate --codes codes.npy --from 0 2 --to 4 4 \
  --frames 3 --out way.npy
tail -c 256 back.npy >a.raw && tail -c 256 way.npy >b.raw && same a.raw b.raw
expect 0 "1 row of 9 images" interpolate --data train --from 7 --to 3 --out way.png
expect 0 "1 row of 9 images" interpolate --seed 3 --out prior.png

expect 2 "ending in .npy" encode --out codes.png
expect 1 "codes.npy" encode --out codes.npy
expect 1 "there is no image 1000" encode --first 1000 --out x.npy
expect 1 "eps = 2" "$ito" encode --run run --eps 2 --out x.npy
sed 's/8, 8, 1/8, 4, 2/' codes.npy >other.npy
expect 1 "expected floats of a shape like [1, 8, 8, 1]" decode --codes other.npy --out x.png
expect 2 "--temperature" decode --codes codes.npy --temperature 0 --out x.png
expect 2 "--from has 2 numbers, --to 1" interpolate --from 1 2 --to 3 --out x.png
expect 1 "there is no number 9 among 5" interpolate --codes codes.npy --to 9 --out x.png
expect 2 "--codes" interpolate --codes codes.npy --data train --out x.png
[ -e x.npy ] || [ -e x.png ] && fail "something has been left by what could not begin"
finish
