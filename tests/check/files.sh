#!/usr/bin/env bash
# Files that must be whole come from base/outfile.h, and folders of caches from base/path.h, alone.
. "$(dirname "$0")/common.sh" "$@"
folders=(base runtime data model config engine probe bench app api)
grep -rnE '\b(rename|renameat|link|linkat|mkstemp|mkostemp|tmpfile|creat)\(|O_TMPFILE|O_EXCL|\bfopen\([^;]*, *"[wa]' --include='*.[ch]' \
    "${folders[@]}" | grep -vE '^base/outfile\.c:|"/proc/' | complain "use base/outfile.h"
grep -rnE 'getenv\("(XDG_CACHE_HOME|HOME)"\)' --include='*.[ch]' "${folders[@]}" | complain "use base/path.h"
conclude
