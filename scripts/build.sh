#!/usr/bin/env bash
# Configures and builds into build/; arguments go to cmake. What the tools say is shown only where they fail. Called by
# demo.sh and test.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
echo "building (the tools write to build/build.log)" >&2
if ! { cmake -S . -B build -DCMAKE_BUILD_TYPE=Release "$@" && cmake --build build --parallel "$(nproc)"; } >build/build.log 2>&1; then
    tail -n 40 build/build.log >&2
    echo "the build failed; build/build.log holds everything" >&2
    exit 1
fi
