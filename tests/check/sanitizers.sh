#!/usr/bin/env bash
# A second build, by clang where it is installed, with warnings as errors and with the address and undefined-behaviour
# sanitizers; runs in it what works on the host, and a device test for each part of runtime/ and model/ that owns memory.
. "$(dirname "$0")/common.sh" "$@"
tests='text json_text outfile outfile_named path clock config_keys config_shipped config_refused config_json
       ini number container dataset pickle published safetensors synth metrics schedule philox_host
       hyperparameters drivers runtime_status runtime_buffer runtime_launch trace params checkpoint cli_data
       cli_help cli_pages cli_usage'

sanitized=$build/sanitized
mkdir -p "$sanitized"
works() { # COMPILER
    command -v "$1" >/dev/null &&
        echo 'int main(void) { return 0; }' | "$1" -fsanitize=address,undefined -x c - -o "$sanitized/probe" 2>/dev/null
}
compiler=
for candidate in clang gcc; do [ -n "$compiler" ] || ! works $candidate || compiler=$candidate; done
[ -n "$compiler" ] || skip "neither clang nor gcc comes with sanitizers"

{
    cmake -S . -B "$sanitized" -DCMAKE_C_COMPILER=$compiler -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS="-O1 -g1 -Werror" \
        -DSAFSD_SANITIZE=address,undefined -DSAFSD_TESTS=ON &&
        cmake --build "$sanitized" --parallel "$(nproc)"
} >"$sanitized/build.log" 2>&1 || {
    grep -E 'error|warning' "$sanitized/build.log" | complain "build by $compiler"
    [ -s "$findings" ] || tail -n 5 "$sanitized/build.log" | complain "build by $compiler"
    conclude
}
# shellcheck disable=SC2086
wanted=$(printf '%s|' $tests)
LSAN_OPTIONS=$(leak_options "$PWD")
export LSAN_OPTIONS UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
ctest --test-dir "$sanitized" -R "^(${wanted%|})\$" --output-on-failure >"$sanitized/run.log" 2>&1 || {
    grep -E 'runtime error|ERROR: |SUMMARY|Failed|\*\*\*' "$sanitized/run.log" | complain "run"
    [ -s "$findings" ] || tail -n 5 "$sanitized/run.log" | complain "run"
}
ran=$(grep -c ' Passed ' "$sanitized/run.log")
[ -s "$findings" ] || [ "$ran" -ge 20 ] || echo "only $ran tests ran" | complain "run"
conclude
