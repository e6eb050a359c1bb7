# The least that a device may offer, and less: groups of one, little local memory, small blocks. A layer refuses what goes
# beyond; a training, its resume and its predictions stay within, and give the losses that the device gives otherwise.
[ -e "${SAFSD_TEST_LAYER:-}" ] || skip "there is no OpenCL layer"
small_data data.safetensors
steps=("${small_model[@]}" --set data.path=data.safetensors --set train.log_steps=true)
gives 0 --quiet train "${steps[@]}" --out free
export OPENCL_LAYERS=$SAFSD_TEST_LAYER SAFSD_LAYER_REPORT=$PWD/report
within() { grep -q ' live 0 refused 0$' report || fail "beyond the limits, or left: $(cat report)"; }
limited() {
    export SAFSD_LAYER_GROUP=$2 SAFSD_LAYER_LOCAL=$3 SAFSD_LAYER_BLOCK=$4
    gives 0 devices
    out_has "groups of up to $2\$"
    gives 0 train "${steps[@]}" --out "$1"
    within
    gives 0 selftest
    within
    gives 0 predict "$1/best.safetensors" --data data.safetensors --out "$1.csv"
    within
    gives 0 --quiet train "${steps[@]}" --set train.epochs=1 --out "$1-half"
    gives 0 --quiet train --resume "$1-half" --set train.epochs=2
    within
    same "$1/steps.jsonl" "$1-half/steps.jsonl"
    paste free/steps.jsonl "$1/steps.jsonl" | sed -E 's/.*"loss": ([^,]*),.*"loss": ([^,]*),.*/\1 \2/' |
        awk '{ d = $1 - $2; if (d < 0) d = -d; if (!(d <= 1e-5 * $1)) exit 1 }' || fail "other losses within the limits of $1"
}
limited least 1 32768 67108864
limited less 1 1024 2097152
unset SAFSD_LAYER_GROUP SAFSD_LAYER_LOCAL

# What cannot be cut further is refused before anything is allocated, with what would help.
export SAFSD_LAYER_BLOCK=1024
refuses 3 'in one piece, but the largest block of .* is 1024 bytes' --quiet train "${steps[@]}" --out refused
within
absent refused
