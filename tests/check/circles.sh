#!/usr/bin/env bash
# No circle of includes: not between the modules of a folder, where a header and its .c are one module, and not between
# folders.
. "$(dirname "$0")/common.sh" "$@"
folders=(base runtime data model config usage engine probe api bench app reference tests/support)

# edges: "module module" for every quoted include of one module by another. A test of a module is no module.
edges() {
    grep -rE --include='*.[ch]' '^ *# *include *"' "${folders[@]}" |
        sed -nE 's,^([^:]+)\.[ch]:.*"([^"]+)\.h".*,\1 \2,p' | awk '$1 != $2' | sort -u
}
# circles: of edges on stdin, every strongly connected group of more than one, a line each.
circles() {
    # tsort names the members of each loop that it cuts, a line each, behind the line that says so.
    tsort 2>&1 >/dev/null | sed 's/^tsort: //' | awk '/input contains a loop/ { if (line) print line; line = ""; next }
        { line = line " " $0 } END { if (line) print line }'
}
edges >"$findings.edges"
trap 'rm -f "$findings" "$findings.edges"' EXIT
[ "$(wc -l <"$findings.edges")" -gt 200 ] || echo "only $(wc -l <"$findings.edges") includes were found" | complain "includes"
circles <"$findings.edges" | complain "modules that include each other"
# Folders, those inside model/ and app/ too. The headers of model/ itself are words that all of them share.
grep -vE '(^| )model/[a-z_]+( |$)' "$findings.edges" | sed -E 's,/[^/ ]+( |$),\1,g' | awk '$1 != $2' | sort -u | circles | complain "folders that include each other"
conclude
