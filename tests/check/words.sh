#!/usr/bin/env bash
# Capabilities, never vendor or device names; no path of somebody's machine; no leftovers.
. "$(dirname "$0")/common.sh" "$@"

sources=(base runtime data model config engine probe api include app bench cl cmake tests scripts docs CMakeLists.txt *.md .ci)
existing=()
for source in "${sources[@]}"; do [ ! -e "$source" ] || existing+=("$source"); done

grep -rniE '\b(nvidia|amd|radeon|intel|pocl|mali|adreno|qualcomm|apple|oclgrind)\b' runtime data model cl config/*.[ch] |
    complain "names a vendor"
grep -rnIE '(^|[^A-Za-z0-9_.$}/-])/(work|home|root|Users|mnt)/' "${existing[@]}" | grep -v '^tests/check/words.sh:' |
    complain "a path of one machine"
grep -rnIE '\b(TODO|FIXME|XXX|HACK)\b' "${existing[@]}" | grep -vE '^tests/check/words.sh:|XXXXXX' | complain "left over"
grep -rnIE '^(<<<<<<<|>>>>>>>) ' "${existing[@]}" | complain "a conflict"
grep -rnIE '[ 	]+$' --include=*.[ch] --include=*.cl --include=*.clh --include=*.sh --include=*.txt --include=*.cmake \
    --include=*.ini "${existing[@]}" | complain "spaces at the end of a line"
LC_ALL=C.UTF-8 grep -rnE --include='*.[ch]' '.{121,}' "${existing[@]}" | complain "a line of more than 120 columns"
conclude
