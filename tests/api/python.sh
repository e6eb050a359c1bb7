#!/usr/bin/env bash
# The tests of the Python package, by a Python that has NumPy.
set -u
root=${1:?the source tree}
build=${2:?the build tree}
for candidate in python3 /usr/bin/python3; do
    command -v $candidate >/dev/null && $candidate -c 'import numpy' 2>/dev/null && python=$candidate && break
done
[ -n "${python:-}" ] || { echo "skipped: no Python with NumPy is installed (package python3-numpy)" && exit 77; }
export SAFSD_CL_LIBRARY="$build/api/libsafsd.so" SAFSD_CL_PROGRAM="$build/safsd-cl" PYTHONDONTWRITEBYTECODE=1
version=$(sed -n 's/^VERSION = "\(.*\)"$/\1/p' "$root/python/safsd_cl/_version.py")
[ "$version" = "$("$build/safsd-cl" --version | awk '{ print $2 }')" ] || { echo "the package is version $version" && exit 1; }
cd "$root/python" && $python -W error -m unittest tests.test_safsd_cl
