#!/usr/bin/env bash
# The program on one implementation of OpenCL that scripts/install.sh brings:  run.sh NAME short|long
# short: the self-test, and three small golden cases. long: the self-test, every golden case, a training of three epochs,
# and one of two that is resumed for a third, with the same bytes. The program is SAFSD_TEST_PROGRAM; SAFSD_TEST_BUILD is
# the build tree, where the drivers lie and compiled kernels are kept. Exit status 77: the implementation is not here.
set -euo pipefail
name=$1
tier=$2
program=$SAFSD_TEST_PROGRAM
golden=$SAFSD_TEST_GOLDEN
folder=$SAFSD_TEST_BUILD/implementations

case $name in
intel-cpu) library=$folder/intel-cpu/lib/libintelocl.so ;;
intel-fpga-emulator)
    # Its compiler fails on processors that it does not know, unless it is told of one.
    export LD_LIBRARY_PATH=$folder/intel-fpga-emulator/lib CL_CONFIG_CPU_TARGET_ARCH=core-avx2
    library=$LD_LIBRARY_PATH/libintelocl_emu.so
    ;;
rusticl | rusticl-cpu) # llvmpipe as a GPU and as a CPU
    export RUSTICL_ENABLE=llvmpipe RUSTICL_DEVICE_TYPE=gpu
    [ "$name" = rusticl ] || RUSTICL_DEVICE_TYPE=cpu
    library=$(find "$folder/mesa" -name libRusticlOpenCL.so.1 2>/dev/null || true)
    ;;
*)
    echo "there is no implementation $name" >&2
    exit 2
    ;;
esac
if [ ! -e "$library" ]; then
    echo "skipped: $name is not in $folder (scripts/install.sh implementations)"
    exit 77
fi

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/drivers"
echo "$library" >"$place/drivers/$name.icd"
unset SAFSD_CL_DEVICE SAFSD_CL_KERNELS OPENCL_LAYERS
export OCL_ICD_VENDORS=$place/drivers SAFSD_CL_CACHE=always XDG_CACHE_HOME=$folder/cache/$name
mkdir -p "$XDG_CACHE_HOME"
cd "$place"
devices=$("$program" devices)
echo "$devices"
[ "$(grep -c '^  [0-9]' <<<"$devices")" -eq 1 ] || { echo "not one device" && exit 1; }

# Emulators are taken last: beside a driver for the processor itself, auto takes that one.
if [ -e /etc/OpenCL/vendors/pocl.icd ] && grep -q 'an emulator' <<<"$devices"; then
    mkdir "$place/both"
    cp "$place/drivers/$name.icd" /etc/OpenCL/vendors/pocl.icd "$place/both"
    chosen=$(OCL_ICD_VENDORS=$place/both "$program" verify nothing.safetensors 2>&1 || true)
    grep -q '^device [0-9] (.*): \(pthread\|basic\)' <<<"$chosen" || { echo "auto does not take the processor: $chosen" && exit 1; }
fi

# llvmpipe ends the loops of a work-item after 65,535 iterations: the self-test has to say so, and nothing trains there
# but by force. The program's own kernels loop less, so models are right all the same.
force=()
selftest() {
    if [[ $name != rusticl* ]]; then
        "$program" --quiet selftest
        return
    fi
    force=(--force)
    local status=0
    "$program" --quiet selftest 2>refusal || status=$?
    cat refusal
    [ $status -eq 4 ] && grep -q 'ends the loops of a work-item early' refusal
}
selftest

if [ "$tier" = short ]; then
    "$program" --quiet verify "$golden"/{lonely,one_mode,adamw}.safetensors
    exit 0
fi

"$program" --quiet verify "$golden"/*.safetensors
"$program" --quiet synth --dialogues 8 --dims 12,8,6 -o data.safetensors
settings=(--set data.path=data.safetensors --set data.format=auto --set model.hidden=16 --set model.heads=2
    --set model.gcn_layers=2 --set train.batch=2 --set data.valid_fraction=0.3)
"$program" --quiet train "${settings[@]}" --set train.epochs=3 --out whole "${force[@]}"
"$program" --quiet train "${settings[@]}" --set train.epochs=2 --out parts "${force[@]}"
"$program" --quiet train --resume parts --set train.epochs=3 "${force[@]}"
cmp whole/last.safetensors parts/last.safetensors
cmp whole/predictions.csv parts/predictions.csv
"$program" --quiet eval whole/best.safetensors --data data.safetensors
