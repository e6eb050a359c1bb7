#!/usr/bin/env bash
# The simulator's checks find what they are there for:  defects.sh CL_FOLDER TESTS_FOLDER RESULTS_FOLDER
# Three copies of the kernels, each with one defect, of which run.sh must speak.
set -u
source=$1
tests=$2
results=$3
here=$(dirname "$0")

# expect CHECK FILE SED_EXPRESSION TEST FINDING
expect() {
    local folder=$results/defect_$1
    export OCLGRIND_DATA_RACES=0 OCLGRIND_UNINITIALIZED=0
    export OCLGRIND_"$1"=1
    rm -rf "$folder" && mkdir -p "$folder" && cp "$source"/*.cl "$source"/*.clh "$folder" || exit 1
    sed -i "$3" "$folder/$2"
    cmp -s "$source/$2" "$folder/$2" && echo "nothing was changed in $2: $3" && exit 1
    if SAFSD_CL_KERNELS=$folder bash "$here/run.sh" "$tests/test_$4" "$folder/$4" >"$folder/said"; then
        echo "$1: nothing was found" && exit 1
    fi
    grep -q "$5" "$folder/said" || { echo "$1: expected \"$5\" in" && cat "$folder/said" && exit 1; }
    echo "$1: found"
}

expect DATA_RACES reduce.clh 's/barrier(CLK_LOCAL_MEM_FENCE)/(void)0/' layernorm 'data race'
expect UNINITIALIZED relu.cl 's/^\( *\)fv_store(y + y_at, i, n, .*/\1float none[2]; none[0] = scale;\n\1fv_store(y + y_at, i, n, (fv)(none[n \& 1]));/' relu 'Uninitialized value'
expect BOUNDS relu.cl 's/fv_load(dy + dy_at, i, n)/fv_load(dy + dy_at + 1, i, n)/' relu 'Invalid read'
