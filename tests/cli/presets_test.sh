#!/usr/bin/env bash
# Each preset for the digits trains and is sampled its own way; noise levels from the data.
source "$(dirname "$0")/harness.sh"

# preset PRESET EVALUATIONS SAMPLER...: three steps, then two samples by fewer steps of its sampler.
preset() {
  local name=$1 evaluations=$2
  shift 2
  expect 0 "done" "$ito" train --preset "$name" --out "$name" --steps 3 --batch 4 --samples 0 \
    --set run.held_out_images=4
  expect 0 "2 samples of step 3" "$ito" sample --run "$name" --n 2 --out "$name.npy" "$@"
  grep -q "^$evaluations evaluations" out.txt || fail "$name: $(cat out.txt)"
}
preset digits 5 --steps 5
preset digits-ncsn 21 --corrector-steps 2    # 10 levels, and once to denoise
preset digits-ncsnv2 20 --corrector-steps 1  # 19 levels
preset digits-ddpm 7 --steps 7
preset digits-ncsnpp 8 --steps 4  # predictor and corrector
preset digits-conditional 10 --steps 5 --class 3 --guidance 2 --seed 1
different=$(sha1sum ./*.npy | cut -d ' ' -f 1 | sort -u | wc -l)
[ "$different" -eq 6 ] || fail "some presets gave the same samples"
grep -q '"type": "smld"' digits-ncsn/config.json || fail "NCSN has another objective"
grep -q '"type": "ddpm"' digits-ddpm/config.json || fail "DDPM has another objective"

# Other parts of a configuration that presets leave alone.
expect 0 "done" train --out cosine --steps 2 --samples 0 --set sde.schedule=cosine
expect 0 "done" train --out likely --steps 2 --samples 0 --set objective.weighting=likelihood \
  --set objective.importance=true
expect 2 "importance" train --out no --set objective.importance=true
expect 2 "did you mean cosine?" train --out no --set sde.schedule=cosin

# Noise levels: the published case, from its numbers alone, and the digits.
expect 0 "gamma = 1.0398 has overlap 0.5 in D = 3072" "$ito" noise-levels --dimension 3072 \
  --sigma-max 50 --levels 232
for text in "L = 220 levels" "L = 232 levels from 50 to 0.01: gamma = 1.0376, overlap 0.567" \
  "eps = 6.2e-06, s_T^2 / sigma^2 = 1.0555"; do
  grep -qF "$text" out.txt || fail "no word of $text: $(cat out.txt)"
done
expect 0 "D = 64" "$ito" noise-levels
sed '1,/^configuration:/d' out.txt >levels.json
expect 0 "done" "$ito" train --preset digits-ncsnv2 --config levels.json --out levels --steps 1 \
  --batch 2 --samples 0 --set run.held_out_images=2
expect 2 "--sigma-max is required" "$ito" noise-levels --dimension 64
expect 1 "0 < sigma_L <= sigma_1" "$ito" noise-levels --sigma-max 0.001
expect 1 "no such file" "$ito" noise-levels --data nowhere
finish
