#!/usr/bin/env bash
# clip_events with three seeds and with headlines dealt out anew, then tcn.
#   tools/train/run_trials.sh market.rhyme OUT
# market.rhyme as the comments of configs/clip_events.toml say. About six minutes of processor time for each
# clip, one for tcn.
set -euo pipefail
db=$1
out=$2
here=$(cd "$(dirname "$0")" && pwd)
train=${RHYME_TRAIN:-rhyme-train}
mkdir -p "$out"
run() { # config name seed options
  [ -e "$out/$2-$3.safetensors" ] && return
  echo "== $2, seed $3"
  "$train" --config "$here/configs/$1.toml" --db "$db" --out "$out/$2-$3.safetensors" \
    --seed "$3" "${@:4}" 2>&1 | tee "$out/$2-$3.log" | grep -v ' s left$'
}
run clip_events clip 1
run tcn tcn 1
run clip_events clip 2
run clip_events clip 3
run clip_events shuffled 1 --shuffle-pairs
run clip_events shuffled 2 --shuffle-pairs
