#!/usr/bin/env bash
# No mutable file-scope state: nothing of the libraries lies in a writable section. (Tables of pointers that the loader
# completes are const, and lie in .data.rel.ro.) Two exceptions serve iniparser, whose one function for complaints is
# the whole process's: a buffer per thread, and the flag that sets the function once.
. "$(dirname "$0")/common.sh" "$@"
command -v objdump >/dev/null || skip "objdump is not installed (package binutils)"
libraries=("$build"/libsafsd_{base,runtime,data,model,config,engine,usage}.a)
[ -e "${libraries[0]}" ] || skip "the libraries are not built"
for library in "${libraries[@]}"; do
    objdump -t "$library" | awk -v library="$(basename "$library")" '
        /\.o:/ { object = $1 }
        NF >= 5 && $(NF - 2) ~ /^\.(data|bss|tdata|tbss)/ && $(NF - 2) !~ /^\.data\.rel\.ro/ && / O / { print library " " object " " $NF }'
done | grep -vE '^libsafsd_base\.a ini\.c\.o: (complaint|complaints_are_taken)$' | complain "writable"
conclude
