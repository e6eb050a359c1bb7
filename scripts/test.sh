#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests.
#   scripts/test.sh [ARGUMENTS OF CTEST]          the short tier, under 25 minutes on two cores
#   scripts/test.sh --long [ARGUMENTS OF CTEST]   all tests, with other implementations of OpenCL, which it installs
#   scripts/test.sh --implementations [...]       the short tier with these implementations
# For example: ./scripts/test.sh -R golden
set -euo pipefail
cd "$(dirname "$0")/.."
tier=(--label-exclude '^long$')
implementations=no
while [ $# -gt 0 ]; do
    case $1 in
    --long)
        tier=()
        implementations=yes
        ;;
    --implementations) implementations=yes ;;
    *) break ;;
    esac
    shift
done
./scripts/install.sh tests
[ $implementations = no ] || ./scripts/install.sh implementations
./scripts/build.sh -DSAFSD_TESTS=ON
cd build
mkdir -p pocl-cache
export POCL_CACHE_DIR="${POCL_CACHE_DIR:-$PWD/pocl-cache}"
ctest --output-on-failure --parallel "$(nproc)" "${tier[@]}" "$@"
