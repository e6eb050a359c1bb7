#!/usr/bin/env bash
# Runs a test program on the simulator, at small sizes and with the program's own matrix products:  run.sh PROGRAM RESULT
# Writes RESULT.log, which must stay empty, and RESULT.kernels, the names of what was launched.
set -u
program=$1
result=$2
export SAFSD_TEST_SMALL=1 SAFSD_TEST_GEMM=panel OCLGRIND_LOG=$result.log OCLGRIND_INST_COUNTS=1
unset SAFSD_CL_DEVICE
rm -f "$result.log" "$result.kernels"

# Counted instructions are the simulator's way to say which kernels ran; all else is the program's.
"$program" 2>&1 | awk -v kernels="$result.kernels" '
    /^Instructions executed for kernel/ { print substr($5, 2, length($5) - 3) > kernels; next }
    /^ +[0-9,]+ - |^$/ { next }
    { print }'
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] || { echo "$program ended with status $status" && exit 1; }
[ -e "$result.log" ] || { echo "the simulator wrote no log: was it used?" && exit 1; }
[ -e "$result.kernels" ] || { echo "no kernel was launched" && exit 1; }
sort -u -o "$result.kernels" "$result.kernels"
[ ! -s "$result.log" ] || { echo "the simulator's findings ($result.log):" && head -n 60 "$result.log" && exit 1; }
echo "$(wc -l <"$result.kernels") kernels, nothing found"
