#!/usr/bin/env bash
# Classifiers of noisy images, and samples of a class.
source "$(dirname "$0")/harness.sh"
train --out run --steps 5 --samples 0 --set model.dropout=0 >/dev/null || fail "training"
classify() { "$ito" train-classifier --run run --steps 6 --batch 8 --log-every 3 "$@"; }
sample() { "$ito" sample --run run --n 3 --steps 4 --seed 3 "$@"; }

expect 0 "accuracy on 297 held-out images by noise level" classify --out judge
[ "$(grep -c '"accuracy"' judge/log.jsonl)" -eq 2 ] || fail "the log: $(cat judge/log.jsonl)"
expect 0 "done after step 6" classify --out again --threads 1
same judge/checkpoint.safetensors again/checkpoint.safetensors

# A training that was cut short goes on with its settings, to the bit, and is drawn.
resume() { "$ito" train-classifier --run run --resume "$@"; }
"$ito" train-classifier --run run --out parts --steps 3 --batch 8 >/dev/null ||
  fail "the first part"
expect 0 "done after step 6" resume --out parts --steps 6
same judge/checkpoint.safetensors parts/checkpoint.safetensors
same judge/training.safetensors parts/training.safetensors
if [ -e judge/accuracy.png ]; then same judge/accuracy.png parts/accuracy.png; fi
expect 0 "done after step 6" resume --out parts
expect 2 "--resume excludes --batch" resume --out parts --batch 9
expect 1 "there is no run to resume" resume --out none
expect 1 "not that of a classifier" resume --out run

# A class is guided to, by any sampler; without guidance nothing changes; batches do not matter.
expect 0 "3 samples" sample --out plain.npy
expect 0 "3 samples" sample --class 7 --classifier judge --out seven.npy
expect 0 "3 samples" sample --class 7 --classifier judge --batch 1 --out ones.npy
expect 0 "3 samples" sample --class 7 --classifier judge --guidance 0 --out zero.npy
expect 0 "3 samples" sample --class 7 --classifier judge --sampler ode --tolerance 1e-1 --out ode.npy
expect 0 "3 samples" sample --class 1 --classifier judge --predictor ancestral --corrector langevin \
  --out other.npy
same seven.npy ones.npy
same plain.npy zero.npy
cmp -s plain.npy seven.npy && fail "guidance changes nothing"

# Bad input
expect 2 "belong together" sample --class 7 --out x.npy
expect 2 "belong together" sample --classifier judge --out x.npy
expect 2 "there is no class 10, the classifier knows 0 to 9" sample --class 10 --classifier judge \
  --out x.npy
expect 1 "not a classifier" sample --class 1 --classifier run --out x.npy
train --out other --steps 1 --samples 0 --set sde.beta_max=10 >/dev/null || fail "training"
expect 1 "was trained under the SDE" "$ito" sample --run other --n 1 --class 1 --classifier judge \
  --out x.npy
train --out scaled --steps 1 --samples 0 --set data.range=unit >/dev/null || fail "training"
expect 1 "was trained on data scaled as" "$ito" sample --run scaled --n 1 --class 1 \
  --classifier judge --out x.npy
{ printf '\0\0\10\3\0\0\0\4\0\0\0\10\0\0\0\10' && head -c 256 /dev/zero; } >zeros.idx
train --out unlabelled --data zeros.idx --steps 1 --samples 0 >/dev/null || fail "training"
expect 1 "no labels to learn from" "$ito" train-classifier --run unlabelled --out new
expect 1 "holds a run already" classify --out judge
[ -e x.npy ] && fail "samples have been left by what failed"
finish
