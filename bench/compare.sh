#!/bin/sh
# The program beside PyTorch: whole steps of safsd-cl and of the two formulations in bench/peers, by turns in one run, and
# one table with the ratios. Times of different programs are only divided within a round, so that what else the machine
# does falls on all of them.
#
#     bench/compare.sh [--program build/safsd-cl] [--python python3] [--device SEL] [--rounds 3] [--repeat 3]
#                      [--shapes "iemocap meld"] [--modes "train eval"] [--hidden 1024] [--peers "packed packed-tuned published"]
#                      [--out FOLDER]
#
# packed is run as anyone would run it. packed-tuned is the same with what makes it fastest on a CPU: dropout masks from
# random bytes, OpenMP threads that do not spin while those of the BLAS work, memory that is kept once it is there.
# Needs a Python with PyTorch (Debian: python3-torch). With --out the JSON of every run stays in that folder.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
program=$here/../build/safsd-cl python=python3 device=auto rounds=3 repeat=3 out=
shapes="iemocap meld" modes="train eval" hidden=1024 peers="packed packed-tuned published"

while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || { echo "compare.sh: $1 needs a value" >&2; exit 2; }
    case $1 in
    --program) program=$2 ;;
    --python) python=$2 ;;
    --device) device=$2 ;;
    --rounds) rounds=$2 ;;
    --repeat) repeat=$2 ;;
    --shapes) shapes=$2 ;;
    --modes) modes=$2 ;;
    --hidden) hidden=$2 ;;
    --peers) peers=$2 ;;
    --out) out=$2 ;;
    *) echo "compare.sh: there is no option $1" >&2; exit 2 ;;
    esac
    shift 2
done

"$python" -c 'import torch' 2>/dev/null || {
    echo "compare.sh: $python has no PyTorch: install python3-torch, or name another with --python" >&2
    exit 1
}
# PyTorch may use the BLAS kernels that fit the processor best.
unset OPENBLAS_CORETYPE

run_peer() {
    which=$1
    shift
    if [ "$which" = packed-tuned ]; then
        OMP_WAIT_POLICY=passive MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=17179869184 \
            MALLOC_TOP_PAD_=268435456 "$python" "$here/peers/packed.py" --masks bytes "$@"
    else
        "$python" "$here/peers/$which.py" "$@"
    fi
}

folder=$out
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"

round=1
while [ "$round" -le "$rounds" ]; do
    for shape in $shapes; do
        for mode in $modes; do
            echo "round $round of $rounds: $shape $mode" >&2
            name=$shape-$mode-$hidden-$round.json
            "$program" --quiet --device "$device" bench --only step --shape "$shape" --mode "$mode" \
                --hidden "$hidden" --repeat "$repeat" --json > "$folder/safsd-cl-$name"
            for peer in $peers; do
                again=$repeat
                [ "$peer" = published ] && again=1 # tens of seconds a step
                run_peer "$peer" --shape "$shape" --mode "$mode" --hidden "$hidden" --repeat "$again" --json \
                    > "$folder/$peer-$name"
            done
        done
    done
    round=$((round + 1))
done
"$python" "$here/peers/table.py" "$folder"
