#!/usr/bin/env bash
# Images of one's own, and what `info` and `evaluate` say.
source "$(dirname "$0")/harness.sh"
pictures=$here/../data/pictures
folder_train() { train --held-out 1 --steps 2 --batch 2 --samples 0 --set 'model.attention=[]' "$@"; }

# A folder of pictures of several sizes, in a folder within it
mkdir -p mixed/more
cp "$pictures/palette.png" mixed/a.png
cp "$pictures/rgba.png" mixed/more/b.png
cp "$pictures/rgba.png" mixed/more/c.PNG
expect 1 "--size S crops and resizes all to SxS" folder_train --data mixed --out mixed_run
for text in a.png more/b.png 1x3 2x2; do
  grep -qF "$text" err.txt || fail "no word of $text: $(cat err.txt)"
done
[ -e mixed_run ] && fail "a folder has been left by what could not begin"
expect 0 "done" folder_train --data mixed --size 8 --out mixed_run
expect 0 "8, 8, 3" "$ito" info mixed_run
expect 0 "samples" "$ito" sample --run mixed_run --n 2 --out two.png
cp "$pictures/grey1.png" mixed/z.png
expect 1 "mixed/z.png is grey" folder_train --data mixed --size 8 --out other_run

# Files that are not what their name says, or cannot be read
cp "$here/tiny.json" mixed/d.png
expect 1 "mixed/d.png" folder_train --data mixed --size 8 --out other_run
expect 1 "unknown kind of file" "$ito" info "$here/tiny.json"
rm mixed/d.png mixed/z.png
chmod 755 . && chmod 000 mixed/a.png
reader=()
[ "$(id -u)" -ne 0 ] || reader=(setpriv --reuid 65534 --regid 65534 --clear-groups)
cp "$ito" ito  # where an ordinary user may run it
expect 1 "mixed/a.png: Permission denied" "${reader[@]}" ./ito info mixed
chmod 644 mixed/a.png
expect 1 "mixed" "$ito" info mixed
mkfifo pipe.png
expect 1 "expected a regular file" "$ito" info pipe.png

# Networks by name, counted without being run
expect 0 "62,758,787" "$ito" info ncsnpp_cifar10_continuous
expect 0 "down.0.pyramid.combine" "$ito" info ncsnpp_1024

# Images
expect 0 "1,500 images [8, 8, 1], 17 levels, 10 classes" "$ito" info digits
expect 0 "held out: 297 images" "$ito" info digits
expect 0 "1 images [1, 3, 3], 256 levels" "$ito" info mixed/a.png

# The report on a run of the digits
train --out run --seed 7 >/dev/null || fail "training"
expect 0 "Frechet" "$ito" evaluate --run run --out report --seed 2
for key in frechet_generated frechet_real nearest_generated nearest_real classified_confidently \
  loss_first loss_last seconds_train seconds_total; do
  grep -qE "\"$key\": [0-9.e+-]+" report/summary.json || fail "no number $key in summary.json"
done
for picture in real generated trajectories; do
  [ "$(head -c 4 report/$picture.png | tail -c 3)" = PNG ] || fail "$picture.png is no picture"
done
expect 0 "Frechet" "$ito" evaluate --run run --out again --seed 2 --threads 1
same report/generated.png again/generated.png
[ "$(grep -v seconds report/summary.json)" = "$(grep -v seconds again/summary.json)" ] ||
  fail "1 and 2 threads report other numbers"
cp report/summary.json summary.before
expect 1 "report/summary.json" "$ito" evaluate --run run --out report
expect 0 "9 evaluations of the score to sample" "$ito" evaluate --run run --out heun --seed 2 \
  --predictor heun --steps 5
grep -q '"evaluations": 9' heun/summary.json || fail "no evaluations: $(cat heun/summary.json)"
expect 2 "expected the predictor" "$ito" evaluate --run run --out no_report --predictor eule
same report/summary.json summary.before

# and on a run of other images
{ printf '\0\0\10\3\0\0\0\144\0\0\0\10\0\0\0\10' && seq 1 9999 | head -c 6400; } >other.idx
train --data other.idx --held-out 20 --out other --samples 0 >/dev/null || fail "training"
expect 0 "block means" "$ito" evaluate --run other --out other_report
grep -q '"compared": 20' other_report/summary.json || fail "no 20 images are compared"
expect 1 "expected at least 2 images held out" "$ito" evaluate --run mixed_run --out no_report
expect 1 "nothing" "$ito" evaluate --run nothing --out no_report
[ -e no_report ] && fail "a folder has been left by what could not begin"
no_leftovers .
finish
