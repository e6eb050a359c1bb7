#!/usr/bin/env bash
# Runs a test program on the simulator, at small sizes and with the program's own matrix products:  run.sh PROGRAM RESULT
# Writes RESULT.out, what the program said, RESULT.log, the simulator's findings, which must stay empty, and
# RESULT.kernels, the names of what was launched. (Oclgrind 21.10 empties a log of its own whenever a context is made: what
# it says aloud is complete, and each finding has a line that names the kernel.)
set -u
program=$1
result=$2
export SAFSD_TEST_SMALL=1 SAFSD_TEST_GEMM=panel OCLGRIND_INST_COUNTS=1
unset SAFSD_CL_DEVICE OCLGRIND_LOG
rm -f "$result.log" "$result.out" "$result.kernels"

# Counted instructions are the simulator's way to say which kernels ran; all else is the program's, or a finding.
"$program" 2>&1 | awk -v kernels="$result.kernels" '
    /^Instructions executed for kernel/ { print substr($5, 2, length($5) - 3) > kernels; next }
    /^ +[0-9,]+ - |^$/ { next }
    { print }' >"$result.out"
status=${PIPESTATUS[0]}
grep -E -B 1 -A 12 '^\s+Kernel: |OCLGRIND' "$result.out" >"$result.log"
if [ -s "$result.log" ]; then
    echo "the simulator's findings ($result.log):" && head -n 60 "$result.log"
    exit 1
fi
cat "$result.out"
[ "$status" -eq 0 ] || { echo "$program ended with status $status" && exit 1; }
[ -e "$result.kernels" ] || { echo "no kernel was launched: was the simulator used?" && exit 1; }
sort -u -o "$result.kernels" "$result.kernels"
echo "$(wc -l <"$result.kernels") kernels, nothing found"
