# Kernels for devices without a compiler: exported, built elsewhere, given with --program; a layer hides PoCL's compiler.
mkdir none
OCL_ICD_VENDORS=$PWD/none gives 0 kernels --export text --vector-width 8 # no device is needed
exists text/safsd-cl.cl text/manifest.json text/GUIDE.txt
[ "$(cat .out)" = "$(printf 'text/safsd-cl.cl\ntext/manifest.json\ntext/GUIDE.txt')" ] || fail "the files are not named"
grep -q '"vector_width": 8' text/manifest.json || fail "the manifest has another width"
! grep -q '#include' text/safsd-cl.cl || fail "the exported kernels include files"
if command -v clang >/dev/null; then
    clang -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -target spir64-unknown-unknown -fsyntax-only -Wall -Wextra \
        -Wno-unused-function -Werror text/safsd-cl.cl || fail "the exported kernels do not compile"
fi
refuses 2 'kernels needs a folder' kernels
refuses 2 'vector-width 5' kernels --export x --vector-width 5
refuses 1 'manifest\.json/x cannot be made' kernels --export text/manifest.json/x
absent x

if [ -w /dev/full ]; then
    mkdir full && ln -s /dev/full full/safsd-cl.cl
    refuses 1 'full/safsd-cl.cl cannot be written: No space left' kernels --export full
fi

[ -e "${SAFSD_TEST_LAYER:-}" ] || skip "there is no OpenCL layer"
gives 0 kernels --export built --binary
binary=$(ls built/*.bin)
small_data data.safetensors
steps=("${small_model[@]}" --set data.path=data.safetensors --set train.log_steps=true --set runtime.gemm=panel)
gives 0 --quiet train "${steps[@]}" --out compiled

export OPENCL_LAYERS=$SAFSD_TEST_LAYER SAFSD_LAYER_HIDE=compiler SAFSD_LAYER_REPORT=$PWD/report
without_leaks() { grep -q ' live 0 ' report || fail "OpenCL objects are left: $(cat report)"; }
gives 0 devices
out_has 'compiler no'
refuses 3 'has no compiler.*--program' verify "$golden/plain.safetensors"
without_leaks

# The same numbers, from a file or a folder.
gives 0 --program built selftest
gives 0 --program "$binary" verify "$golden/plain.safetensors" "$golden/eval.safetensors"
without_leaks
gives 0 --quiet --program built train "${steps[@]}" --out given
without_leaks
same compiled/steps.jsonl given/steps.jsonl
[ "$(wc -l <given/steps.jsonl)" -ge 4 ] || fail "too few steps"
same compiled/last.safetensors given/last.safetensors

# What does not fit is refused before it is used.
misfits() {
    local status=$1 pattern=$2 change=$3
    rm -rf misfit && cp -r built misfit
    sed -i "$change" misfit/*.bin.json
    refuses "$status" "$pattern" --program misfit verify "$golden/eval.safetensors"
}
misfits 4 'ABI number 7, but' 's/"abi": [0-9]*/"abi": 7/'
misfits 4 'vector_width 5' 's/"vector_width": [0-9]*/"vector_width": 5/'
misfits 4 'lists no kernel relu_forward' 's/"relu_forward"/"relu_sideward"/'
misfits 4 'adam_update with 3 arguments, but this program passes' '/"adam_update"/,/}/s/"arguments": [0-9]*/"arguments": 3/'
misfits 4 'abi or vector_width is missing' 's/"abi"/"abc"/'
misfits 1 '\.bin\.json:[0-9]+: ' '1s/{/[[/'
rm misfit/*.json
refuses 1 'the manifest of misfit/.*\.bin is missing: misfit/manifest\.json: No such file' --program misfit \
    verify "$golden/eval.safetensors"
rm -rf misfit && cp -r built misfit && rm misfit/*.bin
refuses 1 'misfit contains no program for .*: it would be called .*\.bin' --program misfit \
    verify "$golden/eval.safetensors"
refuses 1 'missing\.bin cannot be read: No such file' --program missing.bin verify "$golden/eval.safetensors"
: >misfit/empty.bin
refuses 1 'empty' --program misfit/empty.bin verify "$golden/eval.safetensors"
printf 'this is no binary of kernels' >misfit/foreign.bin
refuses 3 'loading the program misfit/foreign\.bin' --program misfit/foreign.bin verify "$golden/eval.safetensors"
without_leaks
# A binary that this program wrote is compared with what it wrote before the driver sees it.
rm -rf misfit && cp -r built misfit
copy=misfit/${binary#built/}
head -c $(($(wc -c <"$binary") / 2)) "$binary" >"$copy"
refuses 4 '\.bin has [0-9]+ bytes, but misfit/.*\.bin\.json says [0-9]+' --program misfit verify "$golden/eval.safetensors"
cp "$binary" "$copy"
printf 'XYXY' | dd of="$copy" bs=1 seek=$(($(wc -c <"$binary") / 2)) conv=notrunc status=none
refuses 4 '\.bin is damaged: its checksum is' --program misfit verify "$golden/eval.safetensors"
cp "$binary" misfit/renamed.bin # with its manifest, which still names the file as it was called
cp "$copy.json" misfit/renamed.bin.json
gives 0 --program misfit/renamed.bin verify "$golden/eval.safetensors"
printf 'XYXY' | dd of=misfit/renamed.bin bs=1 seek=1000 conv=notrunc status=none
refuses 4 'misfit/renamed\.bin is damaged: its checksum is .*, but misfit/renamed\.bin\.json says xxh3:' \
    --program misfit/renamed.bin verify "$golden/eval.safetensors"
cp "$binary" "$copy"
rm misfit/*.bin.json # as a vendor's compiler leaves it
! grep -q checksum misfit/manifest.json || fail "the manifest has a checksum"
gives 0 --program misfit verify "$golden/eval.safetensors"
without_leaks

unset SAFSD_LAYER_HIDE

# The binaries of two devices in one folder, with other vectors too: each keeps its own manifest.
export POCL_DEVICES="pthread basic"
if [ "$("$program" devices --json | grep -c '"selector"')" -eq 2 ]; then
    gives 0 --device 0 kernels --export both --binary
    gives 0 --device 1 kernels --export both --binary --vector-width 4
    [ "$(grep -c '^both/.*\.bin\.json$' .out)" -eq 1 ] || fail "the manifest of the binary is not named"
    [ "$(ls both/*.bin | wc -l)" -eq 2 ] || fail "not two binaries: $(ls both)"
    for device in 0 1; do
        SAFSD_LAYER_HIDE=compiler gives 0 --device $device --program both verify "$golden/eval.safetensors"
        without_leaks
    done
    for binary in both/*.bin; do printf 'XYXY' | dd of="$binary" bs=1 seek=1000 conv=notrunc status=none; done
    for device in 0 1; do
        refuses 4 '\.bin is damaged: its checksum is' --device $device --program both verify "$golden/eval.safetensors"
    done
else
    echo "not the two devices of PoCL: two binaries in one folder were not tried"
fi
unset POCL_DEVICES

# A program whose kernels fit but compute wrongly: every command tests it before its use, and names the kernel.
cp -r "$source_tree/cl" damaged_kernels
sed -i 's/fv_load(dy + dy_at, i, n) \* scale, /fv_load(dy + dy_at, i, n) * -scale, /' damaged_kernels/relu.cl
different damaged_kernels/relu.cl "$source_tree/cl/relu.cl"
SAFSD_CL_KERNELS=damaged_kernels gives 0 --quiet kernels --export damaged --binary
wrong='the program damaged is not used, for it computes wrongly.*relu_backward.*deviat'
refuses 4 "$wrong" --program damaged verify "$golden/eval.safetensors"
refuses 4 "$wrong" --program damaged eval given/last.safetensors --data data.safetensors
refuses 4 "$wrong" --program damaged predict given/last.safetensors --data data.safetensors --out damaged.csv
refuses 4 "$wrong" --program damaged bench --only kernels --hidden 16
refuses 4 "$wrong" --program damaged tune --budget 1
absent damaged.csv
refuses 4 'relu_backward.*--force trains all the same' --quiet --program damaged train "${steps[@]}" --out damaged_run
absent damaged_run
gives 0 --program damaged train "${steps[@]}" --out damaged_run --force
err_has 'relu_backward.*training all the same'
gives 4 --program damaged selftest --short
out_has 'MISS'
without_leaks
gives 0 --program built eval given/last.safetensors --data data.safetensors

# A driver that fails in a training: one sentence, no leak, nothing half-written.
for call in buffer:1 build:1 any:30 enqueue:40 any:2000; do
    export SAFSD_LAYER_FAIL=$call
    refuses 3 'returned CL_' --quiet train "${steps[@]}" --out failed
    without_leaks
    [ -z "$(find failed -name '*.part*' 2>/dev/null)" ] || fail "files are left half-written after $call"
    rm -rf failed
done
