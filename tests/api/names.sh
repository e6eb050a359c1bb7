#!/usr/bin/env bash
# The names that the libraries give away are safsd_* alone, and those of the header.
set -u
root=${1:?the source tree}
build=${2:?the build tree}
declared=$(grep -oE '^SAFSD_API [^(]*\b(safsd_[a-z_]+)\(' "$root/include/safsd.h" | grep -oE 'safsd_[a-z_]+\($' | tr -d '(' | sort)
[ "$(echo "$declared" | wc -l)" -ge 15 ] || { printf "only these functions were found in safsd.h:\n%s\n" "$declared" && exit 1; }
status=0
compare() { # LIBRARY OPTION
    given=$(nm "$2" --defined-only "$build/api/$1" | awk 'NF == 3 { print $3 }' | sort)
    diff <(echo "$declared") <(echo "$given") || { echo "these names of $1 differ from those of safsd.h" && status=1; }
}
compare libsafsd.so -D
compare libsafsd.a -g
exit $status
