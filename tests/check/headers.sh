#!/usr/bin/env bash
# Every header can be included alone, and is guarded by its own name.
. "$(dirname "$0")/common.sh" "$@"
compiler=$(compilers | head -n 1)
[ -n "$compiler" ] || skip "neither gcc nor clang is installed"
for header in {base,runtime,data,model,model/*,config,engine,usage,probe,api,bench,app,app/commands,reference,tests/support}/*.h; do
    [ -e "$header" ] || continue
    printf '#include "%s"\ntypedef int nothing_else;\n' "$header" | "$compiler" "${warning_flags[@]}" "${include_flags[@]}" -fsyntax-only -x c - 2>&1 |
        grep -E 'error|warning' | head -n 3 | complain "$header alone"
    guard=SAFSD_$(echo "$header" | tr 'a-z/.' 'A-Z__')
    grep -q "^#ifndef $guard\$" "$header" || echo "$header" | complain "no guard $guard"
done
conclude
