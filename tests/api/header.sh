#!/usr/bin/env bash
# safsd.h compiles alone, as C11 and as C++17, with all warnings as errors.
set -u
root=${1:?the source tree}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/user.c" <<'C'
#include "safsd.h"
int main(void)
{
    safsd_arrays arrays = SAFSD_ARRAYS_INIT;
    safsd_predictions predictions = SAFSD_PREDICTIONS_INIT;
    safsd_train_options options = SAFSD_TRAIN_OPTIONS_INIT;
    return arrays.size + predictions.size + options.size == 0;
}
C
cp "$folder/user.c" "$folder/user.cc"
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror)
tried=0
for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    $compiler -std=c11 "${warnings[@]}" -Wstrict-prototypes -I"$root/include" -fsyntax-only "$folder/user.c" || exit 1
    tried=$((tried + 1))
done
for compiler in g++ clang++; do
    echo 'int main() {}' | $compiler -x c++ -fsyntax-only - 2>/dev/null || continue
    $compiler -std=c++17 "${warnings[@]}" -Wold-style-cast -Wzero-as-null-pointer-constant -I"$root/include" -fsyntax-only "$folder/user.cc" || exit 1
    tried=$((tried + 1))
done
[ $tried -gt 0 ] || { echo "skipped: no compiler is installed" && exit 77; }
