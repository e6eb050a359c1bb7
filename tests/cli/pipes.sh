# Readers that go away, disks that are full, terminals that are narrow.
small_data data.safetensors
gives 0 train "${small_model[@]}" --set data.path=data.safetensors --out run

# quiet_pipe ARGUMENTS...: | head says nothing and does not fail.
quiet_pipe() {
    "$program" "$@" 2>.err | head -n 1 >.out
    local got=${PIPESTATUS[0]}
    [ "$got" -eq 0 ] || [ "$got" -eq 141 ] || fail "exit status $got with a reader that goes away: $*"
    err_lacks '^safsd-cl: '
    [ "$(wc -l <.out)" -eq 1 ] || fail "head got nothing: $*"
}
quiet_pipe train --help-keys
quiet_pipe --verbose inspect run/last.safetensors
quiet_pipe predict run/best.safetensors --split all
(
    trap '' PIPE
    quiet_pipe train --help-keys
    quiet_pipe predict run/best.safetensors --split all
) || exit 1

# A training continues when nobody reads any more.
("$program" train "${small_model[@]}" --set data.path=data.safetensors --out unread 2>&1; echo $? >status) | head -n 1 >/dev/null
[ "$(cat status)" -eq 0 ] || fail "exit status $(cat status) of a training that nobody reads"
exists unread/last.safetensors unread/predictions.csv

if [ -w /dev/full ]; then
    got=0
    "$program" train --help-keys >/dev/full 2>.err || got=$?
    [ "$got" -eq 1 ] || fail "exit status $got on a full disk"
    err_has '^safsd-cl: the results could not be written: No space left on device$'
    got=0
    "$program" predict run/best.safetensors --split all >/dev/full 2>.err || got=$?
    [ "$got" -eq 1 ] || fail "exit status $got on a full disk"
    err_has '^safsd-cl: the results could not be written: No space left on device$'
    refuses 1 'cannot be written: No space left' predict run/best.safetensors --split all --out /dev/full
    [ -c /dev/full ] || fail "/dev/full was replaced"
fi
refuses 1 'No such file' predict run/best.safetensors --out nowhere/p.csv
absent nowhere

# On a terminal the progress is one line that is redrawn and fits; NO_COLOR takes colours away.
if script -qec true /dev/null >/dev/null 2>&1; then
    export TERM=xterm
    run="'$program' train ${small_model[*]} --set data.path=data.safetensors --set train.epochs=30"
    script -qec "$run --out seen" /dev/null >terminal </dev/null || fail "training on a terminal"
    LC_ALL=C tr '\r' '\n' <terminal | sed 's/\x1b\[[0-9;]*[mK]//g' >lines
    narrow lines
    grep -q '^epoch [0-9]*/30 step ' lines || fail "no progress line"
    grep -q $'\x1b\[1m' terminal || fail "no colour on a terminal"
    NO_COLOR=1 script -qec "$run --out plain" /dev/null >terminal </dev/null || fail "training on a terminal"
    ! grep -q $'\x1b\[[0-9;]*m' terminal || fail "colour in spite of NO_COLOR"
else
    echo "\`script\` makes no terminal here: the progress line was not tried"
fi
