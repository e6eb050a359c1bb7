#!/usr/bin/env bash
# Installed below a path with a space and an umlaut, the library is found by pkg-config and by CMake, shared and static,
# and the example predicts with it what the program predicts.
set -eu
root=${1:?the source tree}
build=${2:?the build tree}
command -v pkg-config >/dev/null || { echo "skipped: pkg-config is not installed" && exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
prefix="$folder/größe und mehr"
cmake --install "$build" --prefix "$prefix" >"$folder/install.log"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name safsd.pc)")
libraries=$(dirname "$(find "$prefix" -name libsafsd.so)")
export PKG_CONFIG_PATH LD_LIBRARY_PATH="$libraries"
cd "$folder"
[ "$(pkg-config --modversion safsd)" = "$("$build/safsd-cl" --version | awk '{ print $2 }')" ]

eval "cc -std=c11 -Wall -Wextra -Werror '$root/examples/predict.c' $(pkg-config --cflags --libs safsd) -o shared"
ldd shared | grep -q "libsafsd.so.* => $libraries" || { echo "the example does not use the installed library" && exit 1; }
others=$(pkg-config --static --libs-only-l safsd)
eval "cc -std=c11 '$root/examples/predict.c' $(pkg-config --cflags safsd) '$libraries/libsafsd.a' ${others#*-lsafsd} -o static"
! ldd static | grep -q libsafsd || { echo "the static example needs libsafsd.so" && exit 1; }
cmake -S "$root/examples" -B cmake -DCMAKE_PREFIX_PATH="$prefix" >cmake.log 2>&1 && cmake --build cmake >>cmake.log 2>&1 || {
    tail cmake.log && exit 1
}

"$build/safsd-cl" --quiet train --out run --set train.epochs=1 --set model.hidden=16 --set model.graph_hidden=16 \
    --set model.ffn=16 --set model.heads=2 >/dev/null
widths=$(sed -n 's/^synth_dims = //p' run/config.ini | tr ',' ' ')
for program in shared static cmake/predict; do
    # shellcheck disable=SC2086
    ./$program run/best.safetensors $widths >"$(basename $program).out"
    [ "$(wc -l <"$(basename $program).out")" -eq 5 ] || { echo "$program printed:" && cat "$(basename $program).out" && exit 1; }
    diff shared.out "$(basename $program).out"
done
code=0
./shared run/no.safetensors 1 1 1 2>error || code=$?
[ $code -eq 1 ] && grep -q 'no.safetensors' error || { echo "a missing checkpoint: exit $code" && cat error && exit 1; }
