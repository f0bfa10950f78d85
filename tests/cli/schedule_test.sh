#!/usr/bin/env bash
# The schedule search from the program: its file and picture, the same bits for any number of
# threads, and one clear message for what cannot be done.
source "$(dirname "$0")/harness.sh"
schedule() { "$ito" schedule --candidates 24 --levels 6 --slice 30 "$@"; }

expect 0 "a path of 6 of 24 levels" schedule --out one.json --threads 1
grep -q "distances of slices of 30 images, the images the same" out.txt || fail "$(cat out.txt)"
grep -q '"corruption": "blur:8,4.5"' one.json || fail "no corruption: $(cat one.json)"
grep -q '"fingerprint"' one.json || fail "no identity of the data: $(cat one.json)"
if ! grep -q "no picture" out.txt; then
  head -c 4 one.png | grep -q PNG || fail "no picture"
fi
expect 0 "a path of 6" schedule --out two.json --threads 2
same one.json two.json
expect 0 "a path of 6" schedule --out other.json --seed 1
cmp -s one.json other.json && fail "the seed changes nothing"
expect 0 "floor due to sampling" schedule --independent --out independent.json
expect 0 "a path of 6" schedule --together --out together.json
expect 0 "a path of 6" schedule --corruption identity --out identity.json
expect 0 "natural.json" schedule --natural --out natural.json
cmp -s one.json natural.json && fail "the natural schedule is the found one"
expect 1 "does not change these images" schedule --natural --corruption identity --out none.json
expect 2 "needs no search" schedule --natural --together --out none.json
expect 0 "further than the image of 8" schedule --corruption blur:32,18 --out wide.json

expect 1 "one.json" schedule --out one.json
expect 0 "a path of 6" schedule --out one.json --overwrite
expect 1 "the smallest that works is" "$ito" schedule --candidates 24 --slice 30 --epsilon 0.01 \
  --out none.json
expect 2 "exclude each other" schedule --epsilon 1 --out none.json
expect 1 "a slice of 2 to 150 images" "$ito" schedule --slice 151 --out none.json
expect 1 "expected identity, scale, blur" schedule --corruption blurr --out none.json
expect 2 "--sigma-min" schedule --sigma-min 0 --out none.json
expect 1 "no such file or folder" schedule --data nowhere --out none.json
[ -e none.json ] && fail "a schedule was written in spite of an error"
no_leftovers .
finish
