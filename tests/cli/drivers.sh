# Drivers that hang, crash or are not there while devices are listed, and what a driver keeps on disk when it is damaged.
[ -e "${SAFSD_TEST_DRIVER:-}" ] || skip "there is no bad driver"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL, the driver that stays healthy here, is not installed"

# drivers NAME...: OCL_ICD_VENDORS is a folder with PoCL and these bad drivers; a space stands in its name.
folder="$PWD/some drivers"
drivers() {
    rm -rf "$folder" && mkdir "$folder" && cp /etc/OpenCL/vendors/pocl.icd "$folder"
    export OCL_ICD_VENDORS=$folder
    for bad in "$@"; do
        cp "$SAFSD_TEST_DRIVER" "$folder/$bad.so"
        echo "$folder/$bad.so" >"$folder/$bad.icd"
    done
}

# A crash: one sentence with the driver, and what to set, which then works.
for bad in crash-load crash-platforms crash-devices abort-platforms overflow-devices exit-platforms; do
    drivers "$bad"
    refuses 3 "the OpenCL driver $bad\.icd \(.*/$bad\.so\) crashes; to leave it out, set OCL_ICD_VENDORS=.*/pocl\.icd" devices
    OCL_ICD_VENDORS=$(sed -n 's/.*set OCL_ICD_VENDORS=//p' .err)
    gives 0 devices
    out_has '^  0  '
done
drivers crash-platforms
err=$(refuses 3 'listing the devices ended in SIGSEGV: .*crash-platforms' verify "$golden/lonely.safetensors" && cat .err)
[ "$(wc -l <<<"$err")" -eq 1 ] || fail "not one line: $err"
refuses 3 'ended in SIGSEGV' --quiet train --out run
absent run
drivers crash-load crash-devices
refuses 3 'the OpenCL drivers crash-devices\.icd .*, crash-load\.icd .* crash; to leave them out, set OCL_ICD_VENDORS=' devices
cp "$folder/pocl.icd" "$folder/other.icd"
refuses 3 'to leave them out, copy the other \.icd files to a folder and set OCL_ICD_VENDORS to it' devices
rm "$folder/pocl.icd" "$folder/other.icd"
refuses 3 'crash-load\.icd .* crash; no other driver answers: install one' devices
OCL_ICD_VENDORS=$folder/crash-load.icd refuses 3 'the OpenCL driver crash-load\.icd .* crashes' devices
OCL_ICD_VENDORS=$folder/crash-load.so refuses 3 'the OpenCL driver crash-load\.so crashes' devices

# One that hangs: after two seconds the drivers that are asked, then the one that does not answer.
# hangs PATTERN ARGUMENTS...: the program is stopped once its messages have the pattern.
hangs() {
    local pattern=$1 waited=0
    shift
    "$program" "$@" >.out 2>.err &
    until grep -Eq "$pattern" .err; do
        sleep 0.1
        [ $((waited += 1)) -lt 600 ] || fail "nothing was said in a minute"
    done
    kill $!
    wait $! 2>/dev/null
    [ ! -s .out ] || fail "something was listed"
}
for bad in hang-load hang-devices; do
    drivers "$bad"
    hangs "^no answer yet from $bad\.icd \(.*\); to leave it out, set OCL_ICD_VENDORS=.*/pocl\.icd\$" devices
    err_has "^waiting for the OpenCL drivers to list their devices: $bad\.icd \(.*/$bad\.so\), pocl\.icd \(.*\); .*OCL_ICD_VENDORS"
done
drivers hang-platforms
rm "$folder/pocl.icd"
hangs '^waiting for the OpenCL drivers to list their devices: hang-platforms\.icd' verify "$golden/lonely.safetensors"

# Drivers that the loader passes over: the healthy one is listed, and they are named.
drivers
echo "this is no library" >"$folder/text.so"
echo "$folder/text.so" >"$folder/text.icd"
echo "libnowhere-to-be-found.so.7" >"$folder/missing.icd"
: >"$folder/empty.icd"
gives 0 devices
out_has '^  0  '
err_has 'the OpenCL driver of .*/text\.icd is not there: .*text\.so: (invalid ELF header|file too short)'
err_has 'the OpenCL driver of .*/missing\.icd is not there: libnowhere-to-be-found\.so\.7: cannot open shared object file'
err_has 'the OpenCL driver of .*/empty\.icd is not there: it cannot be read, or names no library'
[ "$(wc -l <.err)" -eq 3 ] || fail "more than three lines of messages"
gives 0 --quiet devices
[ ! -s .err ] || fail "--quiet is not quiet"
rm "$folder/pocl.icd"
refuses 3 'no OpenCL platform was found' devices
err_has 'missing\.icd is not there: libnowhere'
unset OCL_ICD_VENDORS

# A damaged cache of PoCL ends the program by a signal: the folder is named, and how to clear it.
[ "$("$program" devices | grep -c 'Portable Computing Language')" -eq 1 ] || skip "the cache of PoCL was not tried: other devices are here"
export POCL_CACHE_DIR="$PWD/a cache"
mkdir "$POCL_CACHE_DIR"
small=(verify "$golden/lonely.safetensors")
gives 0 "${small[@]}"
# damaged BYTES HOW: every compiled kernel is cut to so many bytes; the program ends as HOW.
damaged() {
    local got=0
    find "$POCL_CACHE_DIR" -name '*.so' -exec truncate -s "$1" {} +
    "$program" "${small[@]}" >.out 2>.err || got=$?
    [ "$got" -gt 128 ] || fail "exit status $got with a damaged cache"
    [ "$(grep -c '^safsd-cl: ' .err)" -eq 1 ] || fail "not one sentence of error"
    err_has "^safsd-cl: $2 while .* \(driver .*\) was in use; .*: rm -r '$PWD/a cache' clears it"
}
damaged 4096 SIGBUS
damaged 100 SIGABRT
eval "$(grep -o "rm -r '[^']*'" .err)"
absent "$POCL_CACHE_DIR"
