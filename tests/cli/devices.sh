# Choosing a device, and what is said where there is none.
gives 0 devices
narrow .out
out_has 'select it with --device 0:0'
[ ! -s .err ] || fail "devices writes to stderr"
gives 0 devices --json
out_has '"selector": "0:0"'
out_has '"memory_bytes": [0-9]+'
if command -v python3 >/dev/null; then
    python3 -c 'import json, sys
devices = json.load(sys.stdin)["devices"]
assert [d["index"] for d in devices] == list(range(len(devices)))
assert all(d["selector"] == "%d:%d" % (d["platform"], d["ordinal"]) for d in devices)' <.out || fail "devices --json"
else
    echo "there is no python3 here: the JSON of devices was not read"
fi

# takes PATTERN ARGUMENTS...: the device that a command takes; there is nothing for it to do, so that this is quick.
takes() {
    local pattern=$1
    shift
    gives 1 "$@" verify nothing.safetensors
    err_has "^device $pattern; select it again with --device [0-9]+:[0-9]+\$"
}

plain=$golden/eval.safetensors
gives 0 verify "$plain"
err_has '^device 0 \(0:0\): .*; select it again with --device 0:0$'
takes '0 \(0:0\): .*' --device 0
takes '0 \(0:0\): .*' --device=0:0
takes '0 \(0:0\): .*' -d0
gives 1 verify nothing.safetensors --device 0
err_has '^device 0 '
refuses 3 '--device: no device matches "99"' --device 99 verify "$plain"
refuses 3 '--device: no device matches "7:0"' --device 7:0 verify "$plain"
refuses 3 'no device matches "abacus"; there are: 0 \(0:0\)' --device abacus verify "$plain"

# The flag comes before the variable, the variable before the INI file.
export SAFSD_CL_DEVICE=abacus
refuses 3 'SAFSD_CL_DEVICE: no device matches "abacus"' verify "$plain"
refuses 3 'SAFSD_CL_DEVICE: no device' train --set runtime.device=sundial
takes '0 .*' --device 0
unset SAFSD_CL_DEVICE
refuses 3 '\[runtime\] device: no device matches "sundial"' train --set runtime.device=sundial
absent runs/demo

# Several devices: PoCL gives two where it is asked for them.
export POCL_DEVICES="pthread basic"
gives 0 devices
narrow .out
if grep -q '^  0  basic' .out && grep -q '^  1  pthread' .out; then
    takes '0 \(0:0\): basic.*' --device basic
    takes '1 \(0:1\): pthread.*' --device PTHREAD
    takes '1 \(0:1\): pthread.*' --device 1
    takes '1 \(0:1\): pthread.*' --device 0:1
    refuses 3 'matches 2 devices' --device 'portable computing' verify "$plain"
    err_has '0 \(0:0\) basic.*; 1 \(0:1\) pthread'
else
    echo "not the two devices of PoCL here: names that fit several were not tried"
fi
unset POCL_DEVICES

# A device that does not answer is listed with its error, hides nothing, and is never chosen by its kind.
export POCL_DEVICES="basic pthread"
gives 0 devices
if [ ! -e "${SAFSD_TEST_LAYER:-}" ] || ! grep -q '^  0  basic' .out; then
    echo "no OpenCL layer, or not the two devices of PoCL: a broken device was not tried"
else
    export OPENCL_LAYERS=$SAFSD_TEST_LAYER SAFSD_LAYER_BREAK=basic
    gives 0 devices
    narrow .out
    out_has '^  0  basic'
    out_has 'cannot be used: the driver answered CL_DEVICE_NOT_AVAILABLE'
    out_has '^  1  pthread'
    gives 0 devices --json
    out_has '"error": "the driver answered'
    gives 0 --device cpu verify "$plain"
    err_has '^device 1 \(0:1\): pthread'
    refuses 3 'device 0 \(basic.*\) cannot be used: the driver answered' --device 0 verify "$plain"
    unset SAFSD_LAYER_BREAK

    # One whose context cannot be made: a kind means the next, a device that was named fails.
    export SAFSD_LAYER_FAIL=context:1
    for kind in auto cpu; do
        gives 0 --device $kind verify "$plain"
        err_has '^device 0 \(basic.*\) is passed over: .*CL_OUT_OF_HOST_MEMORY'
        err_has '^device 1 \(0:1\): pthread'
    done
    gives 0 verify "$plain"
    err_has '^device 1 \(0:1\): pthread'
    refuses 3 'CL_OUT_OF_HOST_MEMORY' --device 0 verify "$plain"
    refuses 3 'CL_OUT_OF_HOST_MEMORY' --device basic verify "$plain"
    SAFSD_LAYER_FAIL=context refuses 3 'CL_OUT_OF_HOST_MEMORY' verify "$plain"
    err_has 'device 0 \(basic.*\) is passed over'
    unset OPENCL_LAYERS SAFSD_LAYER_FAIL
fi
unset POCL_DEVICES

# Two drivers side by side: PoCL, and the simulator, which claims to be of every kind and is chosen by its name alone.
simulator=/usr/lib/oclgrind/liboclgrind-rt-icd.so
if [ -e "$simulator" ] && [ -e /etc/OpenCL/vendors/pocl.icd ] && [ -z "${OCL_ICD_VENDORS:-}" ]; then
    mkdir drivers
    cp /etc/OpenCL/vendors/pocl.icd drivers
    echo "$simulator" >drivers/simulator.icd
    export OCL_ICD_VENDORS=$PWD/drivers
    gives 0 devices
    narrow .out
    out_has '^  [01]  Oclgrind'
    out_has '^  [01]  pthread'
    out_lacks 'probably the same'
    out_has 'an emulator: auto takes it last'
    gives 0 --device auto verify "$plain"
    err_has '^device [01] \([01]:0\): pthread'
    gives 0 --device portable verify "$plain"
    err_has ': pthread'
    gives 0 --device oclgrind selftest --short --gemm panel
    err_has ': Oclgrind'
    refuses 3 'no device matches "gpu"; there are: .*Oclgrind' --device gpu verify "$plain"
    if [ -e "${SAFSD_TEST_LAYER:-}" ]; then # as if both drivers served one processor
        OPENCL_LAYERS=$SAFSD_TEST_LAYER SAFSD_LAYER_CPU=5 gives 0 devices
        out_has 'probably the same device as 0, offered by another driver'
        OPENCL_LAYERS=$SAFSD_TEST_LAYER SAFSD_LAYER_CPU=5 gives 0 devices --json
        out_has '"same_as": 0'
    fi
    unset OCL_ICD_VENDORS
fi

# A driver that offers no device for want of a folder: PoCL.
if [ "$("$program" devices | grep -c '^  [0-9]')" -eq 1 ] && "$program" devices | grep -q 'Portable Computing Language'; then
    got=0
    env -u POCL_CACHE_DIR -u XDG_CACHE_HOME HOME=/proc "$program" devices >.out 2>.err || got=$?
    [ "$got" -eq 3 ] || fail "exit status $got without a folder for PoCL"
    err_has 'none offers a device: .*pocl-opencl-icd.*POCL_CACHE_DIR'
fi

# No platform at all: what to install.
mkdir no-drivers
export OCL_ICD_VENDORS=$PWD/no-drivers
refuses 3 'no OpenCL platform was found: .*pocl-opencl-icd' devices
refuses 3 'no OpenCL platform was found: .*pocl-opencl-icd' verify "$plain"
refuses 3 'no OpenCL platform was found: .*pocl-opencl-icd' train
absent runs/demo
