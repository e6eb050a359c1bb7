#!/usr/bin/env bash
# The scripts work in a checkout whose path has a space and letters beyond ASCII: they are run from a copy of it, with what
# this build made; nothing is built. scripts/test.sh runs with stand-ins for the tools that it calls.
. "$(dirname "$0")/common.sh" "$@"
outer=$(mktemp -d)
trap 'rm -rf "$outer" "$findings"' EXIT
place="$outer/große Läufe, zwei"
tree="$place/source tree"
mkdir -p "$tree" "$place/temporary files"
for part in */ LICENSE CITATION.cff CMakeLists.txt *.md; do
    case $part in build* | runs/) continue ;; esac
    cp -r "${part%/}" "$tree/"
done
ln -s "$build" "$place/a build"
export TMPDIR="$place/temporary files"

# attempt WHAT COMMAND...: it succeeds, or is skipped.
attempt() {
    local what=$1 got=0
    shift
    "$@" >"$outer/said" 2>&1 || got=$?
    [ "$got" -eq 0 ] || [ "$got" -eq 77 ] || { echo "status $got" && tail -n 5 "$outer/said"; } | complain "$what"
}

for check in layers citations words state; do
    attempt "check_$check" bash "$tree/tests/check/$check.sh" "$tree" "$place/a build"
done
export SAFSD_TEST_PROGRAM="$place/a build/safsd-cl" SAFSD_TEST_SOURCE="$tree" SAFSD_TEST_GOLDEN="$tree/tests/golden"
if [ -x "$SAFSD_TEST_PROGRAM" ]; then
    for script in usage help data verify; do
        attempt "cli_$script" bash "$tree/tests/cli/run" "$tree/tests/cli/$script.sh"
    done
    SAFSD_TEST_BUILD="$place/nothing built" attempt "implementations" bash "$tree/tests/implementations/run.sh" rusticl short
fi

# The suppressions of the leak checker are a path in a list with colons.
compiler=$(compilers | head -n 1)
if echo 'int main(void) { return 0; }' | "$compiler" -fsanitize=address -x c - -o "$outer/clean" 2>/dev/null; then
    LSAN_OPTIONS=$(leak_options "$tree") attempt "leak_options" "$outer/clean"
fi

# What test.sh runs: stand-ins write down how they were called.
stand_in() { # NAME TEXT
    printf '#!/bin/sh\nprintf "%%s|" "%s" "$@" >>"%s"\n%s\n' "$1" "$outer/calls" "$2" >"$outer/tools/$1"
    chmod +x "$outer/tools/$1"
}
mkdir "$outer/tools"
stand_in cmake ''
stand_in ctest 'pwd >>"'"$outer"'/where"'
stand_in dpkg-query 'printf "install ok installed"'
# shellcheck disable=SC2016
stand_in apt-get '[ "$1" != download ] || : >"$3_1_all.deb"'
stand_in dpkg 'mkdir -p usr/lib'
# shellcheck disable=SC2016
stand_in python3 '[ "$2" != venv ] || { mkdir -p "$3/bin" && cp "$0" "$3/bin/python3"; }'
# calls PATTERN ARGUMENTS...: test.sh with these arguments calls ctest so.
calls() {
    local pattern=$1
    shift
    rm -rf "$outer/calls" "$outer/where"
    PATH="$outer/tools:$PATH" attempt "test.sh $*" bash "$tree/scripts/test.sh" "$@"
    grep -Eq -- "$pattern" "$outer/calls" || tr '\n' ' ' <"$outer/calls" | sed 's/$/\n/' | complain "test.sh $* does not call $pattern"
    [ "$(cat "$outer/where")" = "$tree/build" ] || complain "test.sh $* runs ctest in another folder" <"$outer/where"
}
calls 'ctest\|--output-on-failure\|--parallel\|[0-9]+\|--label-exclude\|\^long\$\|-R\|a b\|' -R 'a b'
! grep -q 'venv' "$outer/calls" || complain "test.sh installs implementations" <"$outer/calls"
calls 'ctest\|--output-on-failure\|--parallel\|[0-9]+\|-R\|x\|' --long -R x
grep -q 'venv|build/implementations/intel-cpu' "$outer/calls" || echo "--long" | complain "test.sh installs no implementations"
for folder in intel-cpu intel-fpga-emulator mesa; do
    [ -e "$tree/build/implementations/$folder/complete" ] || echo "$folder" | complain "is not installed by --long"
done
conclude
