#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. Arguments go to ctest, for example: ./scripts/test.sh -R golden
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/install.sh tests
./scripts/build.sh -DSAFSD_TESTS=ON
cd build
mkdir -p pocl-cache
export POCL_CACHE_DIR="${POCL_CACHE_DIR:-$PWD/pocl-cache}"
ctest --output-on-failure --parallel "$(nproc)" "$@"
