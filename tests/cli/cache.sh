# Programs kept for drivers that keep none.
export XDG_CACHE_HOME=$PWD/cache
programs=$XDG_CACHE_HOME/safsd-cl/programs
case=$golden/eval.safetensors
refuses 2 'one of --list and --clear' cache
refuses 2 'one of --list and --clear' cache --list --clear
gives 0 cache --list
out_has '^0 programs, '
gives 0 cache --clear
out_has '^0 programs removed'

# Nothing is kept where that is refused, nor for a driver that keeps its own, unless it is asked for.
SAFSD_CL_CACHE=never gives 0 verify "$case"
absent "$programs"
gives 0 devices
if grep -q 'Portable Computing Language' .out; then
    gives 0 --device portable verify "$case"
    absent "$programs"
fi
SAFSD_CL_CACHE=sometimes refuses 2 'SAFSD_CL_CACHE=sometimes: it takes always or never' verify "$case"
export SAFSD_CL_CACHE=always
gives 0 verify "$case"
gives 0 cache --list
grep -v '^/' .out >listed # the folder may be as deep as it likes
narrow listed
out_has '^2 programs, '
out_has 'DVW='
kept() { find "$programs" -name '*.program' -printf '%f\n' | sort; }
files=$(kept)
[ "$(wc -l <<<"$files")" -eq 2 ] || fail "not two programs"

# What is kept is used: nothing is read from source.
if [ -e "${SAFSD_TEST_LAYER:-}" ]; then
    OPENCL_LAYERS=$SAFSD_TEST_LAYER SAFSD_LAYER_FAIL=source:1 SAFSD_LAYER_REPORT=$PWD/report gives 0 verify "$case"
    grep -q '^calls 0 failed 0 live 0 ' report || fail "kernels were compiled: $(cat report)"
fi

# A damaged one is built again, and replaced.
victim=$programs/$(head -n 1 <<<"$files")
whole=$(stat -c %s "$victim")
printf 'x' | dd of="$victim" bs=1 seek=$((whole / 2)) conv=notrunc status=none
gives 0 cache --list
out_has 'damaged: it will not be used'
gives 0 verify "$case"
gives 0 cache --list
out_lacks damaged
head -c 1000 "$victim" >"cut" && cp "cut" "$victim"
gives 0 verify "$case"
[ "$(stat -c %s "$victim")" -gt 1000 ] || fail "a cut program was not replaced"
[ "$(kept)" = "$files" ] || fail "other programs than before"

SAFSD_CL_CACHE=never gives 0 verify "$case"
gives 0 cache --clear
out_has '^2 programs removed'
[ -z "$(kept)" ] || fail "programs are left"

# Without a folder, or with one that cannot be written, everything works.
env -u XDG_CACHE_HOME -u HOME "$program" verify "$case" >/dev/null 2>.err || fail "no folder"
: >file
XDG_CACHE_HOME=$PWD/file gives 0 verify "$case"
XDG_CACHE_HOME=$PWD/file gives 0 cache --list
