#!/usr/bin/env bash
# Bad input: one clear message, exit code 1 or 2, nothing lost, nothing half written.
source "$(dirname "$0")/harness.sh"
train --out good --steps 5 >/dev/null || fail "training"
tar cf good.tar good
unharmed() { tar df good.tar >/dev/null 2>&1 || fail "the run has been harmed by: $*"; }
sample() { "$ito" sample --run good --n 1 "$@"; }

# Arguments
expect 2 "did you mean --steps?" train --out new --step 5
expect 2 "did you mean train?" "$ito" tarin --out new
expect 2 "unknown argument rest" train --out new rest
expect 2 "--out is required" "$ito" train
expect 2 "A subcommand is required" "$ito"
expect 2 "did you mean digits?" "$ito" train --out new --preset digit
expect 2 "\"learning_rate\": expected a number, got \"fast\"" train --out new --lr fast
expect 2 "\"size\": expected 1 to" train --out new --batch 0
expect 2 "\"accumulate\": expected 1 to 8" train --out new --accumulate 9
expect 2 "expected KEY=VALUE" train --out new --set model.width
expect 2 "\"seed\": expected a whole number" train --out new --seed -1
expect 2 "excludes" train --out good --resume --overwrite
expect 2 "--n" sample --n 0 --out x.png
expect 2 "unknown argument --nn" sample --nn 3 --out x.png
expect 2 "expected the predictor euler_maruyama" sample --predictor euler --out x.png
expect 2 ".png or .npy" sample --out x.jpg

# Configurations
echo '{"optimiser": {"lerning_rate": 1}}' >key.json
expect 2 "did you mean learning_rate?" "$ito" train --out new --config key.json
echo '{"optimizer": {}}' >section.json
expect 2 "did you mean optimiser?" "$ito" train --out new --config section.json
echo '{"batch": {"size": 8}' >broken.json
expect 2 "broken.json" "$ito" train --out new --config broken.json
expect 2 "missing.json" "$ito" train --out new --config missing.json
expect 2 "expected a JSON object" train --out new --set model=3
expect 2 "unknown type \"ddpn\"" train --out new --set model.type=ddpn

# Data
expect 1 "no such file or folder" train --out new --data nowhere
printf '\0\0\10\3\0\0\0\2\0\0\0\10\0\0\0\10%0100d' 0 >short.idx
expect 1 "short.idx" train --out new --data short.idx
printf '\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377' >lies.idx
expect 1 "lies.idx" train --out new --data lies.idx
{ printf '\0\0\10\3\0\0\0\2\0\0\0\6\0\0\0\6' && head -c 72 /dev/zero; } >six.idx
expect 2 "image_size" train --out new --data six.idx --set 'model.multipliers=[1,1,1]'
{ printf '\0\0\10\4\0\0\0\2\0\0\0\10\0\0\0\10\0\0\0\2' && head -c 256 /dev/zero; } >two.idx
expect 2 "the model is for images [8, 8, 1]" train --out new --data two.idx --set model.channels=1
expect 2 "the model is for images [16, 16, 1]" train --out new --set model.image_size=16 \
  --set 'model.attention=[]'
mkdir empty
expect 1 "nothing in this folder" train --out new --data empty
[ -e new ] && fail "a folder has been left by what could not begin"

# Outputs
expect 1 "holds a run already" train --out good
touch file
expect 1 "file/run" train --out file/run
expect 1 "/proc/run" train --out /proc/run
mkdir other && touch other/thesis.tex
expect 1 "not the folder of a run" train --out other --overwrite
[ -e other/thesis.tex ] || fail "--overwrite removed a file that is not a run's"
expect 1 "there is no run to resume" train --out nothing --resume
expect 0 "sample of step" sample --out x.png
cp x.png x.before
expect 1 "x.png" sample --out x.png
same x.png x.before
expect 0 "sample of step" sample --out x.png --overwrite --seed 1
expect 1 "nowhere/x.png" sample --out nowhere/x.png
unharmed "outputs"

# Checkpoints
expect 1 "missing" "$ito" sample --run missing --out y.png
head -c 2000 good/checkpoint.safetensors >cut.safetensors
expect 1 "cut.safetensors" "$ito" sample --run cut.safetensors --out y.png
{ printf '\377\377\377\377\377\377\377\177' && tail -c +9 good/checkpoint.safetensors; } >lies.safetensors
expect 1 "lies.safetensors" "$ito" info lies.safetensors
expect 1 "first.weight" train --out good --resume --set model.width=16
expect 1 "optimiser/learning_rate was 0.001, is 0.5" train --out good --resume --lr 0.5
{ printf '\0\0\10\3\0\0\0\2\0\0\0\10\0\0\0\10' && head -c 128 /dev/zero; } >zeros.idx
expect 1 "those of zeros.idx are others" train --out good --resume --data zeros.idx
sed 's/\\"width\\":8/\\"width\\":4/' good/checkpoint.safetensors >narrow.safetensors
expect 1 "narrow.safetensors" "$ito" sample --run narrow.safetensors --out y.png
unharmed "checkpoints"
[ -e y.png ] && fail "a picture has been left by what failed"

# A full disk (a limit on the size of files) keeps the old checkpoint and leaves nothing behind
full() { (ulimit -f 8; "$@"); }
cp -r good full
expect 1 "File too large" full train --out full --resume --steps 10 --samples 0
same good/checkpoint.safetensors full/checkpoint.safetensors
no_leftovers full
expect 0 "done" train --out full --resume --steps 10
expect 1 "File too large" full "$ito" sample --run good --n 64 --out big.npy
[ -e big.npy ] && fail "half a file"

# A loss that is not finite
expect 1 " step " train --out nan --lr 1e300 --checkpoint-every 1 --steps 50
kept=$(sed -nE 's/.*the checkpoint of step ([0-9]+) is kept.*/\1/p' err.txt)
"$ito" info nan >info.txt
grep -q "after step $kept\$" info.txt || fail "the last good checkpoint is not there"
no_leftovers nan
finish
