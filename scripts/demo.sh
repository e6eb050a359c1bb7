#!/usr/bin/env bash
# From a fresh checkout to a trained model: installs what is missing, builds, trains the demonstration on the device at
# hand and shows its report. Arguments go to `safsd-cl train`, for example: ./scripts/demo.sh --device 1
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/install.sh build
./scripts/build.sh -DSAFSD_TESTS=OFF
./build/safsd-cl devices >/dev/null 2>&1 || ./scripts/install.sh device
./build/safsd-cl train "$@"
echo
echo "The program is build/safsd-cl; \`build/safsd-cl --help\` says what else it does."
