#!/usr/bin/env bash
# Every C file without a warning, by gcc and by clang.
. "$(dirname "$0")/common.sh" "$@"
[ -n "$(compilers)" ] || skip "neither gcc nor clang is installed"
for compiler in $(compilers); do
    blas=yes
    echo '#include <cblas.h>' | "$compiler" -fsyntax-only -x c - 2>/dev/null || blas=
    for source in {base,usage,runtime,data,model,model/*,config,engine,probe,api,app,app/commands,bench,reference,tests,tests/support}/*.c; do
        [ -e "$source" ] || continue
        if [ -z "$blas" ] && grep -q '<cblas\.h>' "$source"; then
            echo "there is no cblas.h (package libopenblas-dev): $source was left out"
            continue
        fi
        # Some warnings of gcc come from its optimiser.
        mode=(-fsyntax-only)
        case $compiler:$source in *gcc:[!t]*) mode=(-O1 -S -o /dev/null) ;; esac
        "$compiler" "${warning_flags[@]}" "${include_flags[@]}" "${mode[@]}" "$source" 2>&1 | grep -E 'error|warning' |
            complain "$(basename "$compiler")"
    done
done
conclude
