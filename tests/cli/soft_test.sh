#!/usr/bin/env bash
# Soft diffusion: training, resuming and sampling of a run, its neighbours, the bench, bad input.
source "$(dirname "$0")/harness.sh"

# Ten steps of the preset on a small network.
soft() {
  "$ito" train --preset digits-soft-blur --batch 8 --width 8 --set 'model.multipliers=[1]' \
    --set model.blocks=1 --set 'model.attention=[]' --set run.held_out_images=8 --sample-every 5 \
    --checkpoint-every 5 --samples 4 --set sampling.steps=5 "$@"
}
expect 0 "prior: Wasserstein-2 distance" soft --out blur --steps 10
test -s blur/samples/step_00000010.png || fail "no grid of samples"

# Stopped and resumed: the same bits, and the same whatever the threads.
expect 0 "done" soft --out parts --steps 5 --threads 1
expect 0 "done" "$ito" train --out parts --resume --steps 10
same blur/checkpoint.safetensors parts/checkpoint.safetensors
same blur/samples/step_00000010.png parts/samples/step_00000010.png

# Each sampler; a sample by its number.
sample() { "$ito" sample --run blur --seed 3 "$@"; }
for predictor in naive momentum momentum_flow ddim ddim_flow; do
  expect 0 "6 samples of step 10" sample --n 6 --predictor $predictor --k 0.2 --out $predictor.npy
done
[ "$(sha1sum ./*.npy | cut -d ' ' -f 1 | sort -u | wc -l)" -eq 5 ] || fail "two samplers agree"
expect 0 "9 evaluations" sample --n 6 --predictor ddim_flow --out twice.npy
expect 0 "samples" sample --n 6 --batch 2 --predictor momentum --out threes.npy
same momentum.npy threes.npy

# Numbers, the film strip, neighbours.
expect 0 "trajectories.png" "$ito" evaluate --run blur --out report
expect 0 "nearest training image" "$ito" nearest --run blur --n 3 --neighbours 4 --out nearest.png
test -s nearest.png || fail "no picture"
expect 1 "exists" "$ito" nearest --run blur --out nearest.png
expect 2 ".png" "$ito" nearest --run blur --out nearest.npy

# Masks; other losses and predictions.
expect 0 "done" "$ito" train --preset digits-soft-mask --out mask --steps 2 --batch 4 --samples 0
expect 0 "samples" "$ito" sample --run mask --n 2 --steps 4 --out mask.png
expect 0 "done" soft --out plain --steps 2 --set objective.prediction=plain \
  --set objective.corrupted=false --set objective.weighting=uniform --set sde.schedule=together \
  --set sde.prior=constant

# Classes, by networks that are told them; a classifier's gradient needs a score.
expect 0 "done" soft --out told --steps 2 --set model.classes=10
expect 0 "3 samples" "$ito" sample --run told --class 7 --guidance 2 --n 3 --out seven.npy
expect 2 "trained without classes" sample --class 7 --out no.png
expect 0 "generated" "$ito" evaluate --run told --class all --steps 3 --out told_report

# A schedule of one's own stands in the run's configuration.
schedule() {  # schedule CORRUPTION PARAMETER SIGMA DATA
  echo "{\"corruption\": \"$1\", \"levels\": [{\"t\": 0, \"parameter\": 0, \"sigma\": 0.01},
    {\"t\": 0.5, \"parameter\": $2, \"sigma\": $3}, {\"t\": 1, \"parameter\": 4.5, \"sigma\": 0.2}]${4:-}}"
}
schedule blur:8,4.5 1 0.2 >found.json
expect 0 "done" soft --out found --steps 2 --set sde.schedule=found.json
rm found.json
expect 0 "done" "$ito" train --resume --out found --steps 3
expect 0 "samples" "$ito" sample --run found --n 2 --steps 3 --out found.npy
schedule blur:8,3 1 0.2 >other.json
expect 2 "it was made for the corruption" soft --out no --set sde.schedule=other.json
schedule blur:8,4.5 5 0.2 >turning.json
expect 2 "never turn back" soft --out no --set sde.schedule=turning.json
schedule blur:8,4.5 1 0 >silent.json
expect 2 "above 0" soft --out no --set sde.schedule=silent.json
schedule blur:8,4.5 1 0.2 ', "data": {"item": [8, 8, 1], "count": 7, "fingerprint": "00"}' >data.json
expect 2 "other data" soft --out no --set sde.schedule=data.json
expect 2 "missing.json" soft --out no --set sde.schedule=missing.json

# Bad input
expect 2 "expected 0 < sigma_min < sigma_max" soft --out no --set sde.sigma_max=0
expect 2 "belong together" soft --out no --set objective.type=denoising
expect 2 "expected identity, scale, blur" soft --out no --set sde.corruption=fog
expect 2 "half-size" soft --out no --set sde.corruption=blur:0,3
expect 2 "naive, momentum" sample --predictor heun --out no.png
expect 2 "the corrector none" sample --corrector langevin --out no.png
expect 2 "\"k\": expected 0 to 1" sample --predictor ddim --k 2 --out no.png
expect 1 "has no SDE" "$ito" likelihood --run blur
expect 1 "has no SDE" "$ito" encode --run blur --data held-out --n 1 --out codes.npy
expect 1 "has no SDE" "$ito" restore --run blur --operator gaussian:1 --out no.png
expect 1 "has no SDE" "$ito" train-classifier --run blur --out judge
test -e no && fail "a run was begun"

expect 0 "momentum flow" "$ito" bench-soft --evaluations 10,20 --out bench
test -s bench/soft.csv || fail "no table"
no_leftovers .
finish
