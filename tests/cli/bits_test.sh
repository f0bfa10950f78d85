#!/usr/bin/env bash
# Same bits: whatever the threads, the batches, an interruption.
source "$(dirname "$0")/harness.sh"

# Threads
expect 0 "done" train --out one --threads 1
expect 0 "done" train --out two --threads 2
same one/checkpoint.safetensors two/checkpoint.safetensors
same one/samples/step_00000010.png two/samples/step_00000010.png
[ "$(log_of one)" = "$(log_of two)" ] || fail "the logs of 1 and 2 threads differ"
expect 0 "done" train --out seed --seed 8
cmp -s one/checkpoint.safetensors seed/checkpoint.safetensors && fail "the seed changes nothing"
for secret in "$work" threads source; do
  grep -qaF "$secret" one/checkpoint.safetensors && fail "the checkpoint contains $secret"
done

# A sample by its number
sample() { "$ito" sample --run one --seed 3 --threads "$@"; }
expect 0 "samples" sample 2 --n 20 --out all.npy
expect 0 "samples" sample 1 --n 20 --batch 3 --out threes.npy
expect 0 "sample of step" sample 2 --n 1 --first 17 --out one.npy
same all.npy threes.npy
head -c 128 all.npy | grep -aq "f8" && item=512 || item=256
tail -c +$((129 + 17 * item)) all.npy | head -c $item >seventeenth
tail -c $item one.npy >alone
same seventeenth alone
expect 0 "samples" sample 1 --n 20 --corrector langevin --out corrected.npy
expect 0 "samples" sample 1 --n 20 --no-ema --out raw.npy
expect 0 "samples" sample 1 --n 20 --exact --out exact.npy
for other in corrected raw; do cmp -s all.npy $other.npy && fail "$other.npy is as all.npy"; done

# Flags and JSON say the same
echo '{"batch": {"size": 4, "accumulate": 2}, "optimiser": {"learning_rate": 0.002}, "ema":
      {"decay": 0.9}, "seed": 5, "run": {"steps": 3, "samples": 0}, "model": {"width": 8,
      "multipliers": [1], "blocks": 1, "attention": [], "group_rule": "quarter"}}' >same.json
expect 0 "done" "$ito" train --config same.json --out from_json
expect 0 "done" "$ito" train --out from_flags --batch 4 --accumulate 2 --lr 0.002 --ema 0.9 --seed 5 \
  --steps 3 --samples 0 --width 8 --set 'model.multipliers=[1]' --set model.blocks=1 \
  --set 'model.attention=[]' --set model.group_rule=quarter
same from_json/checkpoint.safetensors from_flags/checkpoint.safetensors
same from_json/config.json from_flags/config.json
expect 0 "done" "$ito" train --config from_json/config.json --out again
same from_json/checkpoint.safetensors again/checkpoint.safetensors

# Killed without warning, and resumed
steps=300
expect 0 "done" train --out whole --steps $steps
"$ito" train --config "$tiny" --out killed --steps $steps >/dev/null 2>&1 &
pid=$!
wait_for test -e killed/checkpoint.safetensors
kill -KILL $pid
wait $pid 2>/dev/null
"$ito" info killed >info.txt
grep -q "after step $steps\$" info.txt && fail "the run was over before it was killed"
echo '{"step": 12, "lo' >>killed/log.jsonl  # what an unlucky moment would leave
touch killed/.ito-1-1.tmp
expect 0 "done" train --out killed --steps $steps --resume
same whole/checkpoint.safetensors killed/checkpoint.safetensors
[ "$(log_of whole)" = "$(log_of killed)" ] || fail "the log of the resumed run is another"
diff <(cd whole/samples && sha1sum *) <(cd killed/samples && sha1sum *) || fail "other samples"
no_leftovers killed

# Stopped by Ctrl-C, and resumed
"$ito" train --config "$tiny" --out stopped --steps 1000000 --checkpoint-every 1000000 \
  >stopped.txt 2>&1 &
pid=$!
wait_for test -e stopped/log.jsonl
kill -INT $pid
wait $pid
code=$?
[ $code -eq 130 ] || fail "exit code $code after SIGINT, expected 130"
grep -q "stopped after step" stopped.txt || fail "no word of being stopped: $(cat stopped.txt)"
saved=$("$ito" info stopped | sed -nE 's/.*after step ([0-9,]+)$/\1/p' | tr -d ,)
expect 0 "done" train --out stopped --resume --steps $((saved + 3))
expect 0 "done" train --out unstopped --steps $((saved + 3))
same stopped/checkpoint.safetensors unstopped/checkpoint.safetensors

finish
