#!/usr/bin/env bash
# The truth bench: table, CSV and plot. Half a minute, and under sanitizers ten times that for code
# that other tests visit.
source "$(dirname "$0")/harness.sh"
expect 0 "DPM-Solver++ 2" "$ito" bench-samplers --quick --sde vp --out quick
for text in "gaussian under vp" "mixture_2d under vp" "at evaluations" "(Song et al. 2021, table 1)"; do
  grep -qF "$text" out.txt || fail "bench-samplers: no word of $text: $(head -c 500 out.txt)"
done
while read -r file; do
  [ -s "$file" ] || fail "bench-samplers: $file is missing"
done < <(grep '^quick/' out.txt)
grep -q ',ve,' quick/samplers.csv && fail "bench-samplers --sde vp has benched ve"
[ "$(grep -c 'mixture_2d,vp,DDIM,' quick/samplers.csv)" -eq 4 ] ||
  fail "samplers.csv: $(grep DDIM quick/samplers.csv)"
if [ -e quick/kl.png ]; then
  head -c 8 quick/kl.png | cmp -s - <(printf '\211PNG\r\n\032\n') || fail "kl.png is no PNG"
else
  grep -q "without cairo" out.txt || fail "no plot, and no word of it"
fi
finish
