#!/usr/bin/env bash
# clang's OpenCL front end over every .cl with each width of vectors that a device may ask for, and each height of GEMM
# tiles; warnings are errors. Then: multiply-adds are those of vector.clh; every kernel is launched by some C file, and says
# who its host is.
. "$(dirname "$0")/common.sh" "$@"
command -v clang >/dev/null || skip "clang is not installed (package clang)"
[ -e "$build/generated/random123.clh" ] || skip "random123.clh is not built"

front_end() {
    clang -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -target spir64-unknown-unknown -fsyntax-only -Wall -Wextra \
        -Wshadow -Wconversion -Wdouble-promotion -Wpedantic -Werror -Icl -isystem "$build/generated" "$@" 2>&1 |
        grep -E 'error|warning'
}
for source in cl/*.cl; do
    for width in 1 2 4 8 16; do
        front_end -DVW=$width "$source" | complain "VW=$width"
    done
done
for rows in 4 6 8 12 16; do
    for width in 1 4 8 16; do front_end -DVW=$width -DGEMM_MR=$rows cl/gemm_panel.cl | complain "VW=$width, GEMM_MR=$rows"; done
done

grep -nE '(^|[^a-z_])(fma|mad)\(' cl/*.cl cl/*.clh | complain "use fv_fma, which is fast where a processor has no such instruction"
for source in cl/*.cl; do
    host=$(grep -oiE 'host.*' "$source" | grep -oE '(model|runtime)/[a-z_0-9/]+\.[ch]' | sort -u)
    [ -n "$host" ] || echo "$source" | complain "names no host file"
    for file in $host; do [ -e "$file" ] || echo "$source: $file" | complain "names a host file that is not there"; done
    for kernel in $(grep -ohE '__kernel void [a-z_0-9]+' "$source" | awk '{ print $3 }'); do
        grep -qE "\"$kernel\"" runtime/*.c model/*/*.c || echo "$source: $kernel" | complain "launched by nobody"
    done
done
conclude
