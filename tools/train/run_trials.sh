#!/usr/bin/env bash
# clip with three seeds and with headlines dealt out anew, then tcn.
#   tools/train/run_trials.sh market.rhyme OUT
# market.rhyme as the comments of configs/clip.toml say. About two minutes for the teacher, five on two
# quiet cores for each clip, one for tcn.
set -euo pipefail
db=$1
out=$2
here=$(cd "$(dirname "$0")" && pwd)
train=${RHYME_TRAIN:-rhyme-train}
mkdir -p "$out"
clip() { # name seed options
  [ -e "$out/$1-$2.safetensors" ] && return
  echo "== $1, seed $2"
  "$here/make_clip" "$db" "$out/$1-$2.safetensors" "$2" "${@:3}" 2>&1 | tee "$out/$1-$2.log" | grep -v ' s left$'
}
clip clip 1
clip clip 2
clip clip 3
for seed in 1 2 3 4 5; do
  clip shuffled "$seed" --shuffle-pairs
done
if [ ! -e "$out/tcn-1.safetensors" ]; then
  "$train" --config "$here/configs/tcn.toml" --db "$db" --out "$out/tcn-1.safetensors" 2>&1 | tee "$out/tcn-1.log" | grep -v ' s left$'
fi
