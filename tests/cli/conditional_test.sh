#!/usr/bin/env bash
# Networks that are told classes: training, guidance without a classifier, several classes at once,
# ways between classes, and one clear message for what cannot be done.
source "$(dirname "$0")/harness.sh"
told=(--set model.classes=10 --set model.label_dropout=0.5 --set model.dropout=0)
train --out run --steps 8 --samples 0 "${told[@]}" >/dev/null || fail "training"
train --out plain --steps 2 --samples 0 >/dev/null || fail "training without classes"
sample() { "$ito" sample --run run --n 3 --steps 4 --seed 3 "$@"; }

# Training with classes resumes bit for bit.
train --out parts --steps 5 --samples 0 "${told[@]}" >/dev/null || fail "training"
"$ito" train --out parts --resume --steps 8 >/dev/null || fail "resuming"
same run/checkpoint.safetensors parts/checkpoint.safetensors

# A class changes the sample, more with more guidance; guidance 0 is without a class.
expect 0 "3 samples" sample --out any.npy
expect 0 "4 evaluations of the score in 1 batch" sample --class 7 --out seven.npy
expect 0 "8 evaluations of the score in 1 batch" sample --class 7 --guidance 2 --out more.npy
expect 0 "3 samples" sample --class 7 --guidance 0 --out zero.npy
expect 0 "3 samples" sample --class 7 --batch 1 --threads 1 --out ones.npy
same any.npy zero.npy
same seven.npy ones.npy
[ "$(sha1sum any.npy seven.npy more.npy | cut -d ' ' -f 1 | sort -u | wc -l)" -eq 3 ] ||
  fail "guidance changes nothing"
expect 0 "3 samples" sample --class 7 --guidance 2 --sampler ode --tolerance 1e-1 --out ode.npy

# Several classes: each row as if it were alone.
expect 0 "6 samples" sample --class 7,1 --out rows.npy
expect 0 "3 samples" sample --class 1 --out one.npy
values() { tail -c +129 "$1"; }
cmp -s <(values seven.npy && values one.npy) <(values rows.npy) || fail "rows are not the classes'"
expect 0 "80 samples" "$ito" sample --run run --steps 4 --class all --out all.png

# Between classes the ends are the classes' own.
between() { "$ito" interpolate --run run --eps 1e-3 --tolerance 1e-2 --frames 3 "$@"; }
expect 0 "1 row of 3 images" between --class 3,8 --from 5 --to 5 --guidance 2 --out way.npy
expect 0 "1 row of 3 images" between --class 3 --from 5 --to 5 --guidance 2 --out three.npy
expect 0 "2 rows of 3 images" between --class 3,8 --data held-out --from 1 2 --to 4 5 --out real.png
bytes() { echo $(($(values way.npy | wc -c) / 3)); }
cmp -s <(values way.npy | head -c "$(bytes)") <(values three.npy | head -c "$(bytes)") ||
  fail "the first end is not the first class"
cmp -s <(values way.npy | tail -c "$(bytes)") <(values three.npy | tail -c "$(bytes)") &&
  fail "the last end is the first class"

# Codes by a class's flow: there and back they are the images, and by another class's others.
flow() { "$ito" "$@" --run run --eps 1e-3 --tolerance 1e-3; }
expect 0 "2 codes" flow encode --class 3 --n 2 --out codes.npy
expect 0 "2 images" flow decode --codes codes.npy --class 3 --guidance 2 --out threes.npy
expect 0 "4 images" flow decode --codes codes.npy --class 3,8 --guidance 2 --out both.npy
cmp -s <(values threes.npy) <(values both.npy | head -c "$(values threes.npy | wc -c)") ||
  fail "the first row is not the first class"
cmp -s <(values threes.npy) <(values both.npy | tail -c "$(values threes.npy | wc -c)") &&
  fail "both rows are of one class"
expect 2 "expected one class to encode by, got 2" flow encode --class 3,8 --out x.npy

# A report on digits of given classes.
expect 0 "recognised as their class" "$ito" evaluate --run run --class 1,2 --guidance 2 --out report
grep -q '"drawn_as"' report/summary.json || fail "no classes in: $(cat report/summary.json)"

# The same by a classifier that the user trained, which must not be the one that guides.
"$ito" train-classifier --run run --out seer --steps 3 --log-every 2 >/dev/null || fail "classifier"
evaluate() { "$ito" evaluate --run run --steps 4 "$@"; }
expect 0 "recognised as their class" evaluate --class 1,2 --recogniser seer --out seen
expect 1 "is what guides the samples" evaluate --class 1 --classifier seer --recogniser seer --out x

# Bad input
expect 2 "there is no class 10, the network knows 0 to 9" sample --class 10 --out x.npy
expect 2 "expected numbers of classes or all, got \"seven\"" sample --class seven --out x.npy
expect 2 "--guidance: towards which --class?" sample --guidance 2 --out x.npy
expect 2 "was trained without classes" "$ito" sample --run plain --class 7 --out x.npy
expect 2 "was trained without classes" "$ito" sample --run plain --class 0,1 --out x.npy
expect 2 "expected one class, or the two to go between, got 3" between --class 1,2,3 --out x.npy
expect 1 "the largest label is 9" train --out bad --set model.classes=5
expect 2 '"label_dropout": expected a share in [0, 1], got 2' train --out bad \
  --set model.classes=10 --set model.label_dropout=2
{ printf '\0\0\10\3\0\0\0\4\0\0\0\10\0\0\0\10' && head -c 256 /dev/zero; } >zeros.idx
expect 1 "no labels to learn from" train --out bad --data zeros.idx --set model.classes=10
[ -e x.npy ] && fail "samples have been left by what failed"
finish
