#!/usr/bin/env bash
# Installs what is missing. Called by demo.sh and test.sh.
#   scripts/install.sh build     to build safsd-cl
#   scripts/install.sh device    PoCL, the OpenCL driver that runs on the CPU
#   scripts/install.sh tests     to build and test it: the tests run on PoCL, kernels also under Oclgrind; clang reads
#                                them, and the benchmarks beside a BLAS
set -euo pipefail

packages=(build-essential cmake ocl-icd-opencl-dev opencl-c-headers libclblast-dev libiniparser-dev libjansson-dev
          librandom123-dev libxxhash-dev)

case "${1:-build}" in
build) ;;
device) packages=(pocl-opencl-icd) ;;
tests) packages+=(pocl-opencl-icd libcmocka-dev oclgrind clang python3 libopenblas-dev) ;;
*)
    echo "usage: scripts/install.sh build|device|tests" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here; please install what these Debian packages hold: ${packages[*]}" >&2
    exit 0
fi
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "These packages are missing and need root to be installed: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "installing: ${missing[*]}" >&2
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
