#!/usr/bin/env bash
# Trains the presets for the 8x8 digits, then measures each sampled its own way, and the network of
# the preset `digits` sampled in every way: Frechet distance to the held-out digits (297 samples),
# evaluations of the score, seconds. Prints a Markdown table and writes OUT/samplers.csv.
#
#   bench/compare_samplers.sh [--build DIR] [--out OUT] [--only REGEX] [FLAG ...]
#
#   --build DIR  where the program is or shall be built (default: build)
#   --out OUT    runs, pictures and the table (default: runs/compare); runs that are there are kept
#   --only REGEX rows of the table, as "preset: sampler", e.g. --only 'digits: DDIM'
#   FLAG ...     more for `ito train`, e.g. --steps 100
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/runs.sh"
build=$here/../build
out=runs/compare
only=
flags=()
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=${2:?--build needs a folder}; shift ;;
    --out) out=${2:?--out needs a folder}; shift ;;
    --only) only=${2:?--only needs a regular expression}; shift ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) flags+=("$1") ;;
  esac
  shift
done
find_ito "$build"
mkdir -p "$out"
csv=$out/samplers.csv
echo "run,sampler,frechet,frechet_real,evaluations,seconds" >"$csv"

declare -A trained=()
# measure PRESET NAME FLAG...: a line of the table, after training where that has not been done.
measure() {
  local run=$1 name=$2 to
  shift 2
  [[ "$run: $name" =~ $only ]] || return 0
  if [ -z "${trained[$run]:-}" ]; then
    train_run "$out/$run" --preset "$run" --samples 0 "${flags[@]}" >"$out/$run.log"
    trained[$run]=yes
  fi
  to=$out/${run}_$(tr -cs 'a-zA-Z0-9\n' _ <<<"$name")
  "$ito" evaluate --run "$out/$run" --out "$to" --overwrite "$@" >/dev/null
  local numbers=$to/summary.json
  echo "$run,$name,$(number frechet_generated "$numbers"),$(number frechet_real "$numbers"),$(
    number evaluations "$numbers"),$(number seconds_sample "$numbers")" >>"$csv"
  tail -n 1 "$csv"
}

measure digits "Euler-Maruyama"
measure digits-ddpm "ancestral"
measure digits-ncsnpp "reverse diffusion + Langevin"
measure digits-ncsn "annealed Langevin"
measure digits-ncsnv2 "annealed Langevin"

few=(--grid log_snr)
measure digits "Euler-Maruyama (1000 steps)" --steps 1000
measure digits "reverse diffusion" --predictor reverse_diffusion
measure digits "ancestral" --predictor ancestral
measure digits "SRA1" --predictor sra1 --steps 100
measure digits "EDM with churn" --predictor edm --grid karras --steps 50 --churn 10
measure digits "probability flow by Euler" --predictor euler_maruyama --probability-flow
measure digits "probability flow by reverse diffusion" --predictor reverse_diffusion --probability-flow
measure digits "DDIM" --predictor ddim "${few[@]}" --steps 50
measure digits "DDIM (10 steps)" --predictor ddim "${few[@]}" --steps 10
measure digits "Heun" --predictor heun "${few[@]}" --steps 10
measure digits "DPM-Solver++ 2" --predictor dpm_solver_2 "${few[@]}" --steps 10
measure digits "DPM-Solver++ 3" --predictor dpm_solver_3 "${few[@]}" --steps 10
measure digits "EDM" --predictor edm --grid karras --steps 10
measure digits "Dormand-Prince (tolerance 1e-5)" --sampler ode
measure digits "Dormand-Prince (tolerance 1e-2)" --sampler ode --tolerance 1e-2
measure digits "reverse diffusion + Langevin" --predictor reverse_diffusion --corrector langevin --steps 100
measure digits "reverse diffusion + ALD" --predictor reverse_diffusion --corrector ald --steps 100
measure digits "ancestral + Langevin" --predictor ancestral --corrector langevin --steps 100
measure digits "reverse diffusion + MALA" --predictor reverse_diffusion --corrector mala --steps 50
measure digits "reverse diffusion + HMC" --predictor reverse_diffusion --corrector hmc --steps 25
measure digits "Langevin alone" --predictor none --corrector langevin
measure digits "annealed Langevin alone" --predictor none --corrector ald
measure digits "ULA at one time" --sampler ula
measure digits "MALA at one time" --sampler mala --steps 67
measure digits "HMC at one time" --sampler hmc --steps 29

echo
awk -F, 'NR == 1 { print "| run | sampler | evaluations | Frechet distance | seconds |"
                   print "|---|---|---|---|---|" }
         NR > 1  { printf "| `%s` | %s | %.0f | %.2f | %.1f |\n", $1, $2, $5, $3, $6; real = $4 }
         END     { printf "| | 297 training digits | | %.2f | |\n", real }' "$csv"
echo "$csv"
