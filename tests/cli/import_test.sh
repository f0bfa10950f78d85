#!/usr/bin/env bash
# Weights of others: imported, sampled from, exported, imported again.
source "$(dirname "$0")/harness.sh"
torch=$here/../data/torch
state=$torch/training_state.pth
song() { "$ito" import "$state" --config "$torch/training_state.json" "$@"; }
diffusers() { "$ito" import "$torch/diffusers_model.safetensors" "$@"; }

# A training state; averages unless --raw
expect 0 "156 tensors, 48,499 numbers (averaged)" song --out song.safetensors
expect 0 "156 tensors, 48,499 numbers: raw.safetensors" song --raw --out raw.safetensors
cmp -s song.safetensors raw.safetensors && fail "--raw changes nothing"
expect 0 "checkpoint after step 7" "$ito" info song.safetensors
grep -q "weights alone, for images \[8, 8, 3\]" out.txt || fail "info: $(head -c 300 out.txt)"
expect 0 "2 samples of step 7" "$ito" sample --run song.safetensors --n 2 --out song.npy --seed 1
expect 0 "2 samples" "$ito" sample --run raw.safetensors --n 2 --out raw.npy --seed 1
cmp -s song.npy raw.npy && fail "both weights give the same samples"
expect 1 "holds averaged weights alone" "$ito" sample --run song.safetensors --no-ema --out x.npy

# The settings that a file does not tell
expect 0 "156 tensors" song --set sde.type=vp --set objective.type=ddpm \
  --set sampling.predictor=ancestral --set sampling.corrector=none --out vp.safetensors
expect 0 '"type": "vp"' "$ito" info vp.safetensors
expect 2 "--config FILE or --preset NAME" "$ito" import "$state" --out x.safetensors
expect 1 "... and 651 more" "$ito" import "$state" --preset ncsnpp_cifar10 --out x.safetensors
grep -qF "all_modules.0.weight: expected [512, 128], got [32, 8]" err.txt || fail "$(cat err.txt)"
expect 1 "did you mean ncsnpp_cifar10?" "$ito" import "$state" --preset ncsnp_cifar10 --out x.safetensors
expect 2 "excludes" song --preset ncsnpp_cifar10 --out x.safetensors

# diffusers: the configuration is beside the weights, or named
expect 0 "144 tensors" diffusers --config "$torch/diffusers_config.json" --out unet.safetensors
mkdir unet && cp "$torch/diffusers_model.safetensors" unet/model.safetensors
cp "$torch/diffusers_config.json" unet/config.json
expect 0 "144 tensors" "$ito" import unet/model.safetensors --out beside.safetensors
same unet.safetensors beside.safetensors
expect 0 "1 sample" "$ito" sample --run unet.safetensors --n 1 --steps 5 --out unet.png
sed 's/"freq_shift": 1/"freq_shift": 0/' "$torch/diffusers_config.json" >shifted.json
expect 1 '"freq_shift": expected 1' diffusers --config shifted.json --out x.safetensors

# Back to the published names, and here again: the same bits
for name in song unet; do
  expect 0 "tensors" "$ito" export --run $name.safetensors --format pytorch-names --out $name.pt.safetensors
  expect 0 "tensors" "$ito" import $name.pt.safetensors --out again.safetensors
  same $name.safetensors again.safetensors
  rm again.safetensors
done
train --out run --steps 3 >/dev/null || fail "training"
expect 0 "tensors" "$ito" export --run run --out run.safetensors
expect 0 "tensors" "$ito" import run.safetensors --out again.safetensors
for checkpoint in run again.safetensors; do
  expect 0 "2 samples" "$ito" sample --run $checkpoint --n 2 --out $checkpoint.npy
done
same run.npy again.safetensors.npy
expect 2 "--format" "$ito" export --run run --format onnx --out x.safetensors

# What is refused leaves nothing
expect 1 '"os.system"' "$ito" import "$torch/bad_call.pt" --preset ddpm_cifar10 --out x.safetensors
expect 1 "overlaps" "$ito" import "$torch/bad_overlap.pt" --preset ddpm_cifar10 --out x.safetensors
expect 1 "two entries" "$ito" import "$torch/bad_duplicate.pt" --preset ddpm_cifar10 --out x.safetensors
expect 1 "claims to unpack" "$ito" import "$torch/bad_size.pt" --preset ddpm_cifar10 --out x.safetensors
head -c 400000 "$state" >cut.pth
expect 1 "cut.pth" "$ito" import cut.pth --preset ddpm_cifar10 --out x.safetensors
echo "no tensors" >words.pth
expect 1 "expected a file of torch.save" "$ito" import words.pth --preset ddpm_cifar10 --out x.safetensors
expect 1 "missing.pth" "$ito" import missing.pth --preset ddpm_cifar10 --out x.safetensors
expect 1 "is a checkpoint of this program already" "$ito" import song.safetensors --out x.safetensors
expect 1 "words.pth: is not JSON" "$ito" import "$state" --config words.pth --out x.safetensors
expect 1 "song.safetensors" song --out song.safetensors
expect 2 ".safetensors" song --out song.pth
mkdir resumed && cp run/*.json* resumed/ && cp again.safetensors resumed/checkpoint.safetensors
expect 1 "holds weights alone" train --out resumed --resume --steps 5
[ -e x.safetensors ] && fail "a file has been left by what failed"
[ -e x.npy ] && fail "samples have been left by what failed"
finish
