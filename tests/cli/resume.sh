# Ctrl-C saves and says how to go on; what comes of it is what an uninterrupted run gives.
small_data data.safetensors
settings=("${small_model[@]}" --set data.path=data.safetensors --set train.epochs=40 --set train.checkpoint_every=7
    --set train.log_steps=true)
gives 0 train "${settings[@]}" --out whole

# interrupt SIGNAL DIR EPOCHS ARGUMENTS...: sends the signal once DIR has seen so many epochs.
interrupt() {
    local signal=$1 dir=$2 epochs=$3 got=0 waited=0
    shift 3
    "$program" train "$@" >.out 2>.err &
    local pid=$!
    until [ "$(cat "$dir/metrics.jsonl" 2>/dev/null | wc -l)" -ge $((3 * epochs)) ]; do
        sleep 0.02
        [ $((waited += 1)) -lt 3000 ] || fail "no epoch in a minute"
    done
    kill "-$signal" "$pid"
    wait "$pid" || got=$?
    [ "$got" -eq 130 ] || fail "exit status $got instead of 130 after SIG$signal"
}

interrupt INT part 4 "${settings[@]}" --out part
err_has '^safsd-cl: .*go on with: safsd-cl train --resume part$'
exists part/last.safetensors part/summary.json
absent part/predictions.csv
interrupt TERM part 15 --resume part
gives 0 train --resume part
err_has 'going on after [0-9]+ epochs'
for file in last.safetensors best.safetensors predictions.csv steps.jsonl config.ini; do same "whole/$file" "part/$file"; done
same <(sed 's/, "utterances_per_second.*//' whole/metrics.jsonl) <(sed 's/, "utterances_per_second.*//' part/metrics.jsonl)

# A run that is over can be made longer, but nothing else can be changed.
gives 0 train --resume whole --set train.epochs=42
[ "$(wc -l <whole/metrics.jsonl)" -eq $((3 * 42)) ] || fail "metrics.jsonl of the longer run"
refuses 2 'lr|learning' train --resume whole --set train.lr=0.5 --set train.epochs=43
refuses 2 'part.*last\.safetensors' train --resume "$(mkdir part2 && echo part2)"
cp whole/best.safetensors part2/last.safetensors
refuses 2 'resumed' train --resume part2
cp whole/last.safetensors part2/last.safetensors
printf 'XY' | dd of=part2/last.safetensors bs=1 seek=$(($(wc -c <part2/last.safetensors) - 50)) conv=notrunc status=none
refuses 4 'checksum' train --resume part2

# A second Ctrl-C does not wait for the step. The steps of this model take long.
"$program" synth --dialogues 40 -o large.safetensors >/dev/null || fail "synth"
"$program" train --set data.format=auto --set data.path=large.safetensors --set data.valid_fraction=0.1 \
    --set model.hidden=512 --set train.batch=30 --out slow >.out 2>.err &
pid=$!
until [ -e slow/config.ini ]; do sleep 0.05; done
sleep 0.3
kill -INT $pid
sleep 0.2
kill -INT $pid
got=0
wait $pid || got=$?
[ "$got" -eq 130 ] || fail "exit status $got instead of 130 after two signals"
absent slow/last.safetensors
