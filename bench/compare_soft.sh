#!/usr/bin/env bash
# Soft diffusion of the 8x8 digits, or of MNIST: trains the presets and what Daras et al. (2022)
# compare them with, all with the same network and as many steps, and measures the Frechet distance
# to held-out images at equal numbers of evaluations. Prints Markdown tables; OUT/soft.csv has all
# that was measured.
#
#   bench/compare_soft.sh [--mnist FOLDER --recogniser RUN] [--build DIR] [--out OUT] [--steps N]
#                         [--seeds N] [--threads N] [--only REGEX]
#
#   --mnist FOLDER  with MNIST's files: blur, mask and VE, trained once. Of the digits what is close
#                   is trained with three seeds.
#   --recogniser RUN of ito train-classifier on MNIST, whose features the distance is of
#   --build DIR     where the program is or shall be built (default: build)
#   --out OUT       runs, pictures and the table (default: runs/soft, of MNIST runs/soft-mnist);
#                   what is there is kept
#   --steps N       of training, each run (default: 1500 digits, 8000 MNIST)
#   --seeds N       of the sampler, 297 samples each (default: 3 digits, 1 MNIST)
#   --threads N     default: all cores; the numbers do not depend on it
#   --only REGEX    runs by name, e.g. --only '^(blur|ve)$'
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/runs.sh"
build=$here/../build
mnist='' recogniser='' out='' steps='' seeds='' threads=0 only=''
while [ $# -gt 0 ]; do
  case $1 in
    --mnist) mnist=${2:?--mnist needs a folder}; shift ;;
    --recogniser) recogniser=${2:?--recogniser needs a folder}; shift ;;
    --build) build=${2:?--build needs a folder}; shift ;;
    --out) out=${2:?--out needs a folder}; shift ;;
    --steps) steps=${2:?--steps needs a number}; shift ;;
    --seeds) seeds=${2:?--seeds needs a number}; shift ;;
    --threads) threads=${2:?--threads needs a number}; shift ;;
    --only) only=${2:?--only needs a regular expression}; shift ;;
    -h | --help) sed -n '2,22s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "compare_soft.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
if [ -n "$mnist" ]; then
  preset=mnist-soft out=${out:-runs/soft-mnist} steps=${steps:-8000} sigma_of_ve=16
  data=(--data "$mnist") ruler=(--recogniser "${recogniser:?--mnist needs a --recogniser}")
  seeds=${seeds:-1}
else
  preset=digits-soft out=${out:-runs/soft} steps=${steps:-1500} sigma_of_ve=4.8
  data=() ruler=() seeds=${seeds:-3}
fi
find_ito "$build"
mkdir -p "$out"
csv=$out/soft.csv
[ -e "$csv" ] || echo "run,trained,sampler,budget,seed,frechet,frechet_real,evaluations" >"$csv"

folder() { [ "$2" = 0 ] && echo "$out/$1" || echo "$out/$1_$2"; }

# measure RUN TRAINED SAMPLER BUDGET...: lines of the table, one for each budget and seed.
measure() {
  local run=$1 trained=$2 sampler=$3 budget seed to times
  shift 3
  for budget in "$@"; do
    times=$budget
    [ "$sampler" != ddim_flow ] || times=$(((budget + 1) / 2))  # two evaluations a step, the last one
    for ((seed = 0; seed < seeds; ++seed)); do
      ! grep -q "^$run,$trained,$sampler,$budget,$seed," "$csv" || continue
      to=$(folder "$run" "$trained")_${sampler}_$budget
      "$ito" evaluate --run "$(folder "$run" "$trained")" --out "$to" --overwrite --seed "$seed" \
        --predictor "$sampler" --steps "$times" --threads "$threads" "${ruler[@]}" >/dev/null
      echo "$run,$trained,$sampler,$budget,$seed,$(number frechet_generated "$to/summary.json"),$(
        number frechet_real "$to/summary.json"),$(number evaluations "$to/summary.json")" >>"$csv"
      tail -n 1 "$csv"
    done
  done
}

# train RUN TRAINED FLAG...: with the seed TRAINED; false when it is not wanted.
train() {
  local run=$1 trained=$2
  shift 2
  [[ "$run" =~ $only ]] || return 1
  local to
  to=$(folder "$run" "$trained")
  train_run "$to" "$@" "${data[@]}" --steps "$steps" --samples 0 --seed "$trained" \
    --threads "$threads" >>"$to.log"
}
# once RUN FLAG... and thrice RUN FLAG...: trained with as many seeds, by the momentum sampler.
once() { ! train "$1" 0 "${@:2}" || measure "$1" 0 momentum 100; }
thrice() {
  local trained
  for trained in 0 1 2; do
    ! train "$1" $trained "${@:2}" || measure "$1" $trained momentum 100
  done
}
# curve RUN SAMPLER FLAG...: against the number of evaluations.
curve() { ! train "$1" 0 "${@:3}" || measure "$1" 0 "$2" 25 50 100 200; }

schedule() {  # schedule FILE FLAG...
  local file=$out/$1
  shift
  [ -e "$file" ] || "$ito" schedule --out "$file" --threads "$threads" "${data[@]}" "$@" >"$file.log"
}
schedule found.json
blur=(--preset $preset-blur)
found=("${blur[@]}" --set "sde.schedule=$out/found.json")
# The identity with noise from 0.01 up: the VE diffusion, and momentum is reverse diffusion.
ve=("${blur[@]}" --set sde.corruption=identity --set sde.schedule=together
  --set sde.sigma_max=$sigma_of_ve)

for sampler in momentum naive ddim momentum_flow ddim_flow; do
  curve blur $sampler "${found[@]}"
done
curve ve momentum "${ve[@]}"
curve mask momentum --preset $preset-mask
curve mask naive --preset $preset-mask  # fresh noise, which draws a pixel again
if [ -z "$mnist" ]; then
  schedule natural.json --natural
  schedule joint.json --together
  curve fading momentum --preset $preset-mask --set sde.corruption=mask:fading
  curve ncsnpp reverse_diffusion --preset digits-ncsnpp --set sampling.corrector=none
  thrice blur "${found[@]}"
  thrice ve "${ve[@]}"
  thrice clean_loss "${found[@]}" --set objective.corrupted=false
  thrice natural "${blur[@]}" --set "sde.schedule=$out/natural.json"
  for trained in 1 2; do
    for sampler in naive momentum ddim ddim_flow; do
      [[ ! blur =~ $only ]] || measure blur $trained $sampler 25 200
    done
  done
  once plain_prediction "${found[@]}" --set objective.prediction=plain
  once joint "${blur[@]}" --set "sde.schedule=$out/joint.json"
  once linear "${blur[@]}"
  once sigma_005 "${blur[@]}" --set sde.sigma_max=0.05
  once sigma_0025 "${blur[@]}" --set sde.sigma_max=0.025
fi

echo
awk -F, 'NR == 1 { print "| run | sampler | evaluations | Frechet distance | of training images |"
                   print "|---|---|---|---|---|"; next }
         $2 == 0 { key = $1 "," $3 "," $4; if (!(key in n)) order[++keys] = key
                   n[key]++; sum[key] += $6; squares[key] += $6 * $6; real[key] = $7; used[key] = $8 }
         END { for (i = 1; i <= keys; ++i) { k = order[i]; split(k, name, ",")
                 mean = sum[k] / n[k]; v = n[k] > 1 ? (squares[k] - n[k] * mean * mean) / (n[k] - 1) : 0
                 printf "| %s | %s | %d | %.2f +- %.2f | %.2f |\n", name[1], name[2], used[k], mean,
                        sqrt(v > 0 ? v : 0), real[k] } }' "$csv"

# difference A B BUDGET, both RUN,SAMPLER: the distance of B less that of A: for each training, as a
# mean over the sampler's seeds, or, trained once, for each of these; mean and standard error.
difference() {
  awk -F, -v a="$1" -v b="$2" -v budget="$3" '
    $4 == budget { d[$1 "," $3, $2, $5] = $6 }
    function see(x) { ++N; sum += x; squares += x * x; each = each sprintf(" %.2f", x) }
    END { for (t = 0; t < 3; ++t) for (s = 0; s < 3; ++s)
            if ((a, t, s) in d && (b, t, s) in d) { ++n[t]; x[t] += d[b, t, s] - d[a, t, s] }
          for (t in n) ++trainings
          if (trainings > 1) { for (t = 0; t < 3; ++t) if (n[t]) see(x[t] / n[t]) }
          else if (trainings) { for (s = 0; s < n[0]; ++s) see(d[b, 0, s] - d[a, 0, s]) }
          if (!N) exit
          mean = sum / N; v = N > 1 ? (squares / N - mean * mean) / (N - 1) : 0
          printf "| %s less %s | %d | %.2f +- %.2f | %d:%s |\n", b, a, budget, mean,
                 sqrt(v > 0 ? v : 0), trainings, each }' "$csv"
}
echo
echo "| difference | evaluations | mean and standard error | trainings: each, or each seed |"
echo "|---|---|---|---|"
m=blur,momentum
for budget in 25 50 100 200; do
  for other in blur,naive blur,ddim blur,ddim_flow blur,momentum_flow ve,momentum mask,momentum \
    fading,momentum; do
    difference $m $other $budget
  done
  difference blur,ddim blur,ddim_flow $budget
  difference mask,momentum mask,naive $budget
done
for other in clean_loss natural plain_prediction joint linear; do
  difference $m $other,momentum 100
done
for other in sigma_005 sigma_0025; do difference linear,momentum $other,momentum 100; done
echo "$csv"
