#!/usr/bin/env bash
# The version stands in the project() of CMakeLists.txt; what else has to tell it says the same.
. "$(dirname "$0")/common.sh" "$@"
version=$(sed -nE 's/^project\(safsd-cl VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || echo "$version" | complain "CMakeLists.txt"
released=$(sed -nE 's/^set\(SAFSD_RELEASED ([0-9-]+)\).*/\1/p' CMakeLists.txt)
grep -qx "date-released: $released" CITATION.cff || echo "$released" | complain "CITATION.cff has another date"
grep -qx "version: $version" CITATION.cff || grep '^version' CITATION.cff | complain "CITATION.cff does not say $version"
[ "$(sed -nE 's/^## ([0-9.]+)$/\1/p' CHANGELOG.md | head -n 1)" = "$version" ] ||
    echo "CHANGELOG.md" | complain "does not begin with $version"
if [ -e python/safsd_cl/_version.py ]; then
    grep -qx "VERSION = \"$version\"" python/safsd_cl/_version.py || echo "python/safsd_cl/_version.py" | complain "does not say $version"
fi
! grep -rnE --include='*.[ch]' --include='*.py' --include='*.toml' --exclude=_version.py "\"$version\"" base runtime data model config engine app bench api \
    include python 2>/dev/null | complain "tells the version by itself"
conclude
