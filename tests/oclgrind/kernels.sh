#!/usr/bin/env bash
# Every kernel of cl/ was launched under the simulator:  kernels.sh CL_FOLDER RESULTS_FOLDER
set -u
launched=$(mktemp)
trap 'rm -f "$launched"' EXIT
sort -u "$2"/*.kernels >"$launched"
missing=$(grep -ohE '__kernel void [a-z_0-9]+' "$1"/*.cl | awk '{ print $3 }' | sort -u | comm -23 - "$launched")
[ -z "$missing" ] || { printf 'never launched under the simulator: %s\n' "$missing" && exit 1; }
echo "all kernels of $1 were launched"
