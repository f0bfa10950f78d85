#!/usr/bin/env bash
# Soft diffusion of the 8x8 digits: trains the presets and what Daras et al. (2022) compare them
# with, all with the same network and as many steps, and measures the Frechet distance to the
# held-out digits (297 samples, three seeds of the sampler) at equal numbers of evaluations. Prints
# a Markdown table and writes OUT/soft.csv.
#
#   bench/compare_soft.sh [--build DIR] [--out OUT] [--steps N] [--only REGEX]
#
#   --build DIR  where the program is or shall be built (default: build)
#   --out OUT    runs, pictures and the table (default: runs/soft); what is there is kept
#   --steps N    of training, each run (default: 1500)
#   --only REGEX runs by name, e.g. --only '^(blur|ve)$'
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/runs.sh"
build=$here/../build
out=runs/soft
steps=1500
only=
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=${2:?--build needs a folder}; shift ;;
    --out) out=${2:?--out needs a folder}; shift ;;
    --steps) steps=${2:?--steps needs a number}; shift ;;
    --only) only=${2:?--only needs a regular expression}; shift ;;
    -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "compare_soft.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
find_ito "$build"
mkdir -p "$out"
csv=$out/soft.csv
[ -e "$csv" ] || echo "run,sampler,budget,seed,frechet,frechet_real,evaluations" >"$csv"

# measure RUN SAMPLER BUDGET FLAG...: lines of the table, one for each seed.
measure() {
  local run=$1 sampler=$2 budget=$3 seed to times
  shift 3
  times=$budget
  [ "$sampler" != ddim_flow ] || times=$(((budget + 1) / 2))  # two evaluations a step, one at the end
  for seed in 0 1 2; do
    ! grep -q "^$run,$sampler,$budget,$seed," "$csv" || continue
    to=$out/${run}_${sampler}_$budget
    "$ito" evaluate --run "$out/$run" --out "$to" --overwrite --seed $seed --predictor "$sampler" \
      --steps "$times" "$@" >/dev/null
    echo "$run,$sampler,$budget,$seed,$(number frechet_generated "$to/summary.json"),$(
      number frechet_real "$to/summary.json"),$(number evaluations "$to/summary.json")" >>"$csv"
    tail -n 1 "$csv"
  done
}

# trained RUN FLAG...: false when it is not wanted.
trained() {
  local run=$1
  shift
  [[ "$run" =~ $only ]] || return 1
  train_run "$out/$run" "$@" --steps "$steps" --samples 0 >"$out/$run.log"
}
# one RUN FLAG...: at 100 evaluations of the momentum sampler.
one() {
  ! trained "$@" || measure "$1" momentum 100
}
# curve RUN SAMPLER: against the number of evaluations.
curve() {
  local budget
  for budget in 25 50 100 200; do measure "$1" "$2" $budget; done
}

schedule() {  # schedule FILE FLAG...
  local file=$out/$1
  shift
  [ -e "$file" ] || "$ito" schedule --out "$file" "$@" >"$file.log"
}
schedule found.json
schedule natural.json --natural
schedule joint.json --together
found=(--preset digits-soft-blur --set "sde.schedule=$out/found.json")

if trained blur "${found[@]}"; then
  for sampler in naive momentum momentum_flow ddim ddim_flow; do curve blur $sampler; done
fi
# The identity with noise from 0.01 to 4.8: the VE diffusion, and momentum is reverse diffusion.
ve=(--set sde.corruption=identity --set sde.schedule=together --set sde.sigma_max=4.8)
if trained ve --preset digits-soft-blur "${ve[@]}"; then curve ve momentum; fi
if trained ncsnpp --preset digits-ncsnpp --set sampling.corrector=none; then
  curve ncsnpp reverse_diffusion
fi
if trained mask --preset digits-soft-mask; then curve mask momentum; fi
if trained fading --preset digits-soft-mask --set sde.corruption=mask:fading; then
  curve fading momentum
fi

one clean_loss "${found[@]}" --set objective.corrupted=false
one plain_prediction "${found[@]}" --set objective.prediction=plain
one natural --preset digits-soft-blur --set "sde.schedule=$out/natural.json"
one linear --preset digits-soft-blur
one joint --preset digits-soft-blur --set "sde.schedule=$out/joint.json"
one sigma_005 --preset digits-soft-blur --set sde.sigma_max=0.05
one sigma_0025 --preset digits-soft-blur --set sde.sigma_max=0.025

echo
awk -F, 'NR == 1 { print "| run | sampler | evaluations | Frechet distance | of training digits |"
                   print "|---|---|---|---|---|"; next }
         { key = $1 "," $2 "," $3; if (!(key in n)) order[++keys] = key
           n[key]++; sum[key] += $5; squares[key] += $5 * $5; real[key] = $6; used[key] = $7 }
         END { for (i = 1; i <= keys; ++i) { k = order[i]; split(k, name, ",")
                 mean = sum[k] / n[k]; v = n[k] > 1 ? (squares[k] - n[k] * mean * mean) / (n[k] - 1) : 0
                 printf "| %s | %s | %d | %.2f +- %.2f | %.2f |\n", name[1], name[2], used[k], mean,
                        sqrt(v > 0 ? v : 0), real[k] } }' "$csv"
echo "$csv"
