# What the checks share: arguments, and findings as lines of file:line: text.
set -u
root=${1:?the source tree}
build=${2:?the build tree}
cd "$root" || exit 1
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT

# complain WHAT: the lines of stdin are findings of that kind.
complain() {
    while IFS= read -r line; do printf '%s: %s\n' "$1" "$line" >>"$findings"; done
}

# The exit status of the check.
conclude() {
    [ ! -s "$findings" ] || { cat "$findings" && exit 1; }
    echo "nothing found"
    exit 0
}

skip() {
    echo "skipped: $*"
    exit 77
}

# compilers: those of gcc and clang that are there.
compilers() {
    for compiler in gcc clang; do command -v "$compiler"; done
}

# leak_options TREE: LSAN_OPTIONS for that source tree; the path may have spaces, and colons would end it.
leak_options() {
    printf "suppressions='%s/tests/check/lsan.supp':print_suppressions=0" "$1"
}

include_flags=(-I. -Iinclude -I"$build/generated" -D_POSIX_C_SOURCE=200809L -DCL_TARGET_OPENCL_VERSION=120 -DSAFSD_VERSION=\"0\"
               -DSAFSD_RELEASED=\"2000-01-01\")
warning_flags=(-std=c11 -Wall -Wextra -Wshadow -Wconversion -Wpedantic -Werror)
