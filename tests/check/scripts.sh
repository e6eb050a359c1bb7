#!/usr/bin/env bash
# Every shell script, read by shellcheck: above all what splits or expands a path that is not quoted.
. "$(dirname "$0")/common.sh" "$@"
command -v shellcheck >/dev/null || skip "shellcheck is not installed (package shellcheck)"
scripts=(scripts/*.sh bench/*.sh tests/*/*.sh tests/cli/run)
[ "${#scripts[@]}" -ge 30 ] || echo "${#scripts[@]}" | complain "too few scripts were found"
read_by_shellcheck() { shellcheck --shell=bash --format=gcc "$@" "${scripts[@]}" | complain "shellcheck"; }
# Words that are split, and patterns that are expanded, where a variable, a command or an array is not quoted.
read_by_shellcheck --include=SC2046,SC2048,SC2068,SC2086,SC2206,SC2207
# Left out: variables of a file that is read by another (2034, 2154), which is not followed (1090), and its missing first
# line (2148).
read_by_shellcheck --severity=warning --exclude=SC2034,SC2154,SC1090,SC2148
conclude
