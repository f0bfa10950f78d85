#!/usr/bin/env bash
# Inpainting and other inverse problems from the program: known pixels as given, the same bits
# whatever the batch, and one clear message for what cannot be done.
source "$(dirname "$0")/harness.sh"
train --out run --steps 5 --samples 0 --set model.dropout=0 >/dev/null || fail "training"
restore() { "$ito" restore --run run --seed 3 --steps 4 "$@"; }
twice() { restore --n 3 --completions 2 "$@"; }

# Every operator and every method runs and says what it did.
for operator in mask:half:lower mask:box:4 mask:box:1,2,3,4 mask:random:0.5 box:2 bicubic:2 \
  gaussian:1 motion:3,45 radon:5 random:20; do
  expect 0 "3 images, 2 completions each" twice --operator $operator --out picture.png --overwrite
  grep -q "^least squares .* dB   SSIM " out.txt || fail "$operator: no baseline: $(cat out.txt)"
done
for method in projection perturbed pigdm dps; do
  expect 0 "3 images" twice --operator box:2 --noise 0.1 --method $method --out $method.npy
done
[ "$(sha1sum ./*.npy | cut -d ' ' -f 1 | sort -u | wc -l)" -eq 4 ] || fail "methods agree to the bit"
expect 0 "3 images" twice --operator box:2 --noise 0.1 --method dps --batch 1 --out one.npy
same dps.npy one.npy
expect 0 "3 images" twice --operator radon:5 --sampler ode --tolerance 1e-1 --out ode.npy

# Bytes of a number in a .npy file.
width() { if head -c 128 "$1" | grep -aq f8; then echo 8; else echo 4; fi; }

# Known pixels come out as given. The last 64 numbers of a file of one completion of one image are
# the image, the upper half of it known; the measurement has the same bits there.
known_half() { tail -c $((64 * $(width "$1"))) "$1" | head -c $((32 * $(width "$1"))); }
for predictor in euler_maruyama ancestral; do
  expect 0 "1 image" restore --n 1 --completions 1 --operator mask:half:lower --out x.npy \
    --save-measurement y.npy --predictor $predictor --corrector langevin --overwrite
  cmp -s <(known_half x.npy) <(known_half y.npy) || fail "$predictor: known pixels have changed"
  cmp -s x.npy y.npy && fail "nothing has been filled in"
done

# A measurement from a file is as the one that was simulated.
expect 0 "3 images" twice --operator box:2 --out a.npy --save-measurement low.npy
expect 0 "3 images" twice --operator box:2 --measurement low.npy --out b.npy
same a.npy b.npy

# Colouring keeps the luminance: that of the file of colours, and that of a grey file.
{ printf '\0\0\10\4\0\0\0\4\0\0\0\10\0\0\0\10\0\0\0\3' && head -c 768 "$ito"; } >colour.idx
train --data colour.idx --out colours --steps 5 --samples 0 --set data.held_out=1 >/dev/null ||
  fail "training on colours"
colour() { "$ito" restore --run colours --operator grey --n 1 --completions 1 --steps 4 "$@"; }
numbers() {  # FILE HOW_MANY IN_A_ROW: the last ones
  local bytes
  bytes=$(width "$1")
  tail -c $((bytes * $2)) "$1" | od -An -v -t "f$bytes" -w$((bytes * $3))
}
expect 0 "1 image" colour --out c.npy --save-measurement g.npy --corrector langevin
expect 0 "1 image" colour --measurement g.npy --out d.npy --corrector langevin
same c.npy d.npy
# Within rounding of the largest channel: a network of 5 training steps draws numbers in the thousands.
paste <(numbers c.npy 192 3) <(numbers g.npy 64 1) | awk '
  function size(x) { return x < 0 ? -x : x }
  { allowed = 1e-6 * (1 + size($1) + size($2) + size($3)); n++ }
  size(($1 + $2 + $3) / 3 - $4) > allowed { wrong++ }
  END { exit !(n == 64 && wrong == 0) }' || fail "the luminance has changed"

# The posterior bench: a line for each of 4 problems, 4 methods, 2 samplers, and one for exact samples.
bench() { "$ito" bench-posterior --dimensions 2 --steps 5 --samples 20 "$@"; }
expect 0 "2 dimensions, prior mixture, operator random" bench --out bench.csv
[ "$(wc -l <bench.csv)" -eq 37 ] || fail "the bench's table: $(cat bench.csv)"
expect 1 "bench.csv" bench --out bench.csv
if bench --plot bench.png >/dev/null 2>err.txt; then
  [ "$(head -c 4 bench.png | tail -c 3)" = PNG ] || fail "the bench's plot is no picture"
else
  grep -q "built without cairo" err.txt || fail "the bench's plot: $(cat err.txt)"
fi
expect 1 "2, 16 or 64 dimensions, got 3" bench --dimensions 3

# Bad input
expect 2 "--operator" "$ito" restore --run run --out z.png
expect 1 "expected mask:MASK, grey, box:FACTOR" restore --operator blur --out z.png
expect 1 "a factor of at least 2 that divides 8 and 8, got 3" restore --operator box:3 --out z.png
expect 1 "expected 2 numbers" restore --operator motion:5 --out z.png
expect 1 "not inside an image of 8 x 8" restore --operator mask:box:9 --out z.png
expect 1 "nothing is known" restore --operator mask:box:8 --out z.png
expect 1 "between 0 and 1, got 1.5" restore --operator mask:random:1.5 --out z.png
expect 1 "expected half:SIDE" restore --operator mask:nowhere.png --out z.png
expect 1 "colour images [H, W, 3], the model's are [8, 8, 1]" restore --operator grey --out z.png
expect 1 "gives [4, 4, 1] for each image" restore --operator box:2 --measurement a.npy --out z.png
expect 2 "exclude each other" restore --operator box:2 --measurement low.npy --data digits --out z.png
expect 2 "projection, perturbed, pigdm or dps, got ddrm" restore --operator box:2 --method ddrm --out z.png
expect 1 "goes with the methods perturbed and pigdm" restore --operator box:2 --sampler ode \
  --method dps --out z.png
expect 2 ".png or .npy" restore --operator box:2 --out z.gif
expect 1 "a.npy" restore --operator box:2 --out a.npy
"$ito" sample --run run --n 1 --zoom 1 --out wide.png >/dev/null  # 10 x 10 with its frame
expect 1 "the mask is of 10 x 10 pixels" restore --operator mask:wide.png --out z.png
[ -e z.png ] && fail "a picture has been left by what failed"
finish
