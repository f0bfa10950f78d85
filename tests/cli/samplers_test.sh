#!/usr/bin/env bash
# Samplers by name, and likelihoods.
source "$(dirname "$0")/harness.sh"
train --out run --steps 5 --samples 0 --set model.dropout=0 >/dev/null || fail "training"
sample() { "$ito" sample --run run --n 2 --seed 3 "$@"; }
likelihood() { "$ito" likelihood --run run --n 3 --tolerance 1e-2 --eps 1e-3 "$@"; }

# Each sampler runs, counts its evaluations and differs from the others.
count=0
for predictor in euler_maruyama sra1 heun ddim dpm_solver_2 dpm_solver_3 edm; do
  expect 0 "samples" sample --predictor $predictor --steps 5 --grid log_snr --out $predictor.npy
  evaluations=5
  case $predictor in heun | edm | sra1) evaluations=9 ;; esac
  grep -q "^$evaluations evaluations of the score in 1 batch$" out.txt ||
    fail "$predictor: $(cat out.txt)"
  count=$((count + 1))
done
expect 0 "samples" sample --steps 5 --grid karras --out karras.npy
expect 0 "samples" sample --steps 5 --out time.npy
expect 0 "evaluations of the score in 1 batch" sample --sampler ode --tolerance 1e-2 --out ode.npy
different=$(sha1sum ./*.npy | cut -d ' ' -f 1 | sort -u | wc -l)
[ "$different" -eq $((count + 3)) ] || fail "some samplers gave the same bits"

# Correctors alone, and chains at one time: evaluations counted, what was accepted told.
for corrector in ald ula mala hmc; do
  expect 0 "samples" sample --predictor none --corrector $corrector --steps 5 --out c_$corrector.npy
done
grep -q "^36 evaluations of the score in 1 batch$" out.txt || fail "hmc: $(cat out.txt)"
expect 0 "proposals accepted" sample --sampler hmc --eps 0.1 --steps 4 --leapfrog 2 --out hmc.npy
grep -q "^16 evaluations of the score in 1 batch$" out.txt || fail "hmc: $(cat out.txt)"
grep -q "around closed loops .* (6 evaluations more)" out.txt || fail "no loops: $(cat out.txt)"
expect 0 "proposals accepted" sample --sampler mala --eps 0.1 --steps 4 --step-size 1e-3 \
  --quadrature trapezoid --out mala.npy
grep -q "^8 evaluations" out.txt || fail "mala: $(cat out.txt)"
expect 0 "4 evaluations of" sample --sampler ula --eps 0.1 --steps 4 --out ula.npy
expect 2 "trapezoid, simpson or boole, got gauss" sample --sampler mala --quadrature gauss --out x.npy
expect 2 "expected the predictor none" sample --grid fixed --out x.npy
expect 2 "\"leapfrog\": expected 1 to" sample --sampler hmc --leapfrog 0 --out x.npy
expect 2 "ula, mala, hmc or none, got gibbs" sample --corrector gibbs --out x.npy

# What users of EDM ask for.
edm() { sample --predictor edm --grid log_snr --steps 5 "$@"; }
expect 0 "samples" edm --churn 1 --out churned.npy
expect 0 "samples" edm --churn 1 --churn-min 1e9 --churn-max 2e9 --out not_churned.npy
expect 0 "samples" edm --churn 1 --churn-noise 1.007 --out noisier.npy
same edm.npy not_churned.npy
[ "$(sha1sum edm.npy churned.npy noisier.npy | cut -d ' ' -f 1 | sort -u | wc -l)" -eq 3 ] ||
  fail "churn does nothing"
expect 2 "is for the predictor edm, got heun" sample --predictor heun --churn 1 --out x.npy
expect 2 "expected 0 <= churn_min <= churn_max, got 2 and 1" edm --churn-min 2 --churn-max 1 \
  --out x.npy
expect 2 "\"churn\": expected a number above 0" edm --churn -1 --out x.npy

# No time that the network has not been trained for.
expect 2 "trained for times from 1e-05 on, got eps = 1e-06" sample --eps 1e-6 --out x.npy

# By the ODE a sample has the bits that it has alone.
expect 0 "in 2 batches" sample --sampler ode --tolerance 1e-2 --batch 1 --out ones.npy
same ode.npy ones.npy

expect 2 "expected the sampler pc, ode, ula, mala or hmc, got heun" sample --sampler heun --out x.npy
expect 2 "has no corrector, got langevin" sample --sampler ode --corrector langevin --out x.npy
expect 2 "expected the grid time, log_snr, karras or fixed" sample --grid cosine --out x.npy
expect 2 "tolerance" sample --sampler ode --tolerance 0 --out x.npy
[ -e x.npy ] && fail "samples have been left by what could not begin"

# The truth bench refuses before it works; what it measures is tested in the library.
expect 2 "--out is required" "$ito" bench-samplers --quick
expect 2 "excludes" "$ito" bench-samplers --quick --samples 100 --out bench
expect 2 "--repeats" "$ito" bench-samplers --repeats 1 --out bench
mkdir bench && echo precious >bench/samplers.csv
expect 1 "bench/samplers.csv" "$ito" bench-samplers --quick --out bench
[ "$(cat bench/samplers.csv)" = precious ] || fail "bench-samplers has overwritten a file"
"$ito" bench-samplers --out stopped >out.txt 2>err.txt &
pid=$!
wait_for test -d stopped
sleep 0.3
kill -INT $pid
wait $pid
[ $? -eq 130 ] || fail "bench-samplers was not interrupted: $(cat err.txt)"
pid=
[ -z "$(ls stopped)" ] || fail "an interrupted bench left $(ls stopped)"
expect 2 "expected the SDE vp, subvp or ve, got vx" "$ito" bench-samplers --sde vx --out no
expect 2 "unknown argument --sdes" "$ito" bench-samplers --sdes vp --out no
[ -e no ] && fail "bench-samplers has left a folder"

# Likelihoods: the same numbers whatever the batch, and what they consist of.
expect 0 "bits/dim, the mean and standard error of 3 images" likelihood --probes 2 --json a.json
for text in data dequantization probes solver "offset 3.087 bits/dim for 17 levels" "eps = 0.001"; do
  grep -qF "$text" out.txt || fail "no word of $text: $(cat out.txt)"
done
expect 0 "bits/dim" likelihood --probes 2 --batch 2 --threads 1 --json b.json
same a.json b.json
expect 1 "a.json" likelihood --json a.json
expect 0 "bits/dim" likelihood --gaussian --draws 1 --json a.json --overwrite
grep -q '"probe": null' a.json || fail "one probe has an error bar: $(cat a.json)"
expect 0 "standard error of 2 images" "$ito" likelihood --run run --data train --n 2 --draws 1 \
  --tolerance 1e-2
expect 1 "no such file" likelihood --data nowhere
expect 1 "expected tolerances above 0" "$ito" likelihood --run run --tolerance 0
expect 1 "eps = 2" "$ito" likelihood --run run --eps 2
expect 1 "trained for times from 1e-05 on, got eps = 1e-06" "$ito" likelihood --run run --eps 1e-6
expect 2 "--probes" likelihood --probes 0

# The variational bound, with what belongs to it alone.
elbo() { "$ito" likelihood --run run --n 3 --method elbo --steps 25 "$@"; }
expect 0 "bits/dim, the mean and standard error of 3 images" elbo --json c.json
for text in "at most" noise "24 steps" decoder "no offset"; do
  grep -qF -- "$text" out.txt || fail "no word of $text: $(cat out.txt)"
done
expect 0 "bits/dim" elbo --batch 2 --threads 1 --json d.json
same c.json d.json
expect 0 "bits/dim" elbo --variance beta --draws 1
expect 2 "expected beta or posterior" elbo --variance gamma
expect 2 "--probes is for --method flow" elbo --probes 2
expect 2 "--variance is for --method elbo" likelihood --variance beta
expect 2 "expected flow or elbo" likelihood --method ode
expect 1 "more than beta_max = 20" "$ito" likelihood --run run --method elbo --steps 20
train --out sub --steps 5 --samples 0 --set sde.type=subvp >/dev/null || fail "training"
expect 1 "for the SDE vp; this model has subvp" "$ito" likelihood --run sub --method elbo
finish
