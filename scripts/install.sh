#!/usr/bin/env bash
# Installs what is missing. Called by demo.sh and test.sh.
#   scripts/install.sh build            to build safsd-cl
#   scripts/install.sh device           PoCL, the OpenCL driver that runs on the CPU
#   scripts/install.sh tests            to build and test it: the tests run on PoCL, kernels also under Oclgrind; clang,
#                                       mandoc and shellcheck read the sources, LLVM's tools the code that PoCL makes, and
#                                       the benchmarks run beside a BLAS
#   scripts/install.sh implementations  OpenCL drivers that the tests also run on, 2 GB in build/implementations: Intel's
#                                       runtime for CPUs and FPGA emulator (Python packages), Mesa's Rusticl (a Debian
#                                       package, unpacked there: no other program sees these drivers)
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(build-essential cmake ocl-icd-opencl-dev opencl-c-headers libclblast-dev libiniparser-dev libjansson-dev
          librandom123-dev libxxhash-dev)

case "${1:-build}" in
build) ;;
device) packages=(pocl-opencl-icd) ;;
tests) packages+=(pocl-opencl-icd libcmocka-dev oclgrind clang python3 python3-numpy pkg-config libopenblas-dev shellcheck
                  mandoc llvm binutils) ;;
implementations)
    packages=(python3-venv libclc-15 libllvm15 libclang-cpp15 libllvmspirvlib15 libdrm2 libdrm-amdgpu1 libdrm-nouveau2
              libdrm-radeon1 libelf1 libexpat1 libsensors5 libzstd1 zlib1g)
    ;;
*)
    echo "usage: scripts/install.sh build|device|tests|implementations" >&2
    exit 2
    ;;
esac

# install_packages PACKAGE...: those that are not installed yet, by apt-get.
install_packages() {
    local package missing=() as_root=()
    if ! command -v apt-get >/dev/null; then
        echo "There is no apt-get here; please install what these Debian packages hold: $*" >&2
        return 0
    fi
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "These packages are missing and need root to be installed: apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "installing: ${missing[*]}" >&2
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# python_packages FOLDER PACKAGE...: into a virtual environment build/implementations/FOLDER, which appears when it is whole.
python_packages() {
    local folder=build/implementations/$1
    shift
    [ ! -e "$folder/complete" ] || return 0
    echo "installing in $folder: $*" >&2
    rm -rf "$folder"
    python3 -m venv "$folder" && "$folder/bin/python3" -m pip install -q --disable-pip-version-check "$@" && : >"$folder/complete"
}

# unpacked_package FOLDER PACKAGE: a Debian package's files in build/implementations/FOLDER.
unpacked_package() {
    local folder=build/implementations/$1
    [ ! -e "$folder/complete" ] || return 0
    command -v apt-get >/dev/null || return 0
    echo "unpacking in $folder: $2" >&2
    rm -rf "$folder" && mkdir -p "$folder"
    (cd "$folder" && apt-get download -qq "$2" 2>/dev/null && dpkg -x "$2"_*.deb . && rm "$2"_*.deb) && : >"$folder/complete"
}

install_packages "${packages[@]}"
[ "${1:-build}" = implementations ] || exit 0
mkdir -p build/implementations
python_packages intel-cpu intel-opencl-rt intel-cmplr-lib-rt
python_packages intel-fpga-emulator intel-opencl-fpga-emu-rt==2025.0.5 intel-opencl-rt==2025.0.5 intel-cmplr-lib-rt==2025.0.5
unpacked_package mesa mesa-opencl-icd
