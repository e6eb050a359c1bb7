# Ctrl-C saves and says how to resume; what comes of it is what an uninterrupted run gives.
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
err_has '^safsd-cl: .*resume with: safsd-cl train --resume part$'
exists part/last.safetensors part/summary.json
absent part/predictions.csv
interrupt TERM part 15 --resume part
gives 0 train --resume part
err_has 'resuming after [0-9]+ epochs'
for file in last.safetensors best.safetensors predictions.csv steps.jsonl config.ini; do same "whole/$file" "part/$file"; done
same <(sed 's/, "utterances_per_second.*//' whole/metrics.jsonl) <(sed 's/, "utterances_per_second.*//' part/metrics.jsonl)

# A run that is over can be made longer, but nothing else can be changed, and nothing by a change of config.ini.
sed -i 's/^lr = .*/lr = 0.25/; s/^epochs = .*/epochs = 41/' whole/config.ini
gives 0 train --resume whole --set train.epochs=42
err_has '^whole/config\.ini:[0-9]+: \[train\] lr = 0\.25 is not used: whole/last\.safetensors was trained with 0\.001$'
[ "$(grep -c 'is not used' .err)" -eq 1 ] || fail "not one value that is not used"
! grep -q '^lr = 0\.25' whole/config.ini || fail "config.ini is not the effective one"
cp whole/config.ini effective.ini
sed -i '2i[experiment' whole/config.ini
gives 0 train --resume whole
err_has '^whole/config\.ini:2: .*; it is not used and is written again$'
same effective.ini whole/config.ini
sed -i 's/^lr = .*/lr = fast/' whole/config.ini
gives 0 train --resume whole
err_has '^whole/config\.ini:[0-9]+: \[train\] lr: "fast" .*; it is not used and is written again$'
same effective.ini whole/config.ini
rm whole/config.ini
gives 0 train --resume whole
err_lacks 'is not used'
same effective.ini whole/config.ini
[ "$(wc -l <whole/metrics.jsonl)" -eq $((3 * 42)) ] || fail "metrics.jsonl of the longer run"
refuses 2 'lr|learning' train --resume whole --set train.lr=0.5 --set train.epochs=43
refuses 2 'part.*last\.safetensors' train --resume "$(mkdir part2 && echo part2)"
cp whole/best.safetensors part2/last.safetensors
refuses 2 'resumed' train --resume part2
cp whole/last.safetensors part2/last.safetensors
printf 'XY' | dd of=part2/last.safetensors bs=1 seek=$(($(wc -c <part2/last.safetensors) - 50)) conv=notrunc status=none
refuses 4 'checksum' train --resume part2

# Where nothing was saved there is nothing to resume; a file and a foreign folder hold no run.
mkdir begun foreign
cp whole/config.ini begun
: >foreign/mine
refuses 2 'nothing to resume from was saved in begun yet.*remove it and begin again' train --resume begun
refuses 2 'begun holds a run that ended before it saved.*remove it and begin again' train "${settings[@]}" --out begun
refuses 2 'foreign holds no run' train --resume foreign
refuses 2 'foreign .*is not empty and holds no run' train "${settings[@]}" --out foreign
refuses 2 'begun/config.ini is a file' train --resume begun/config.ini
refuses 2 'begun/config.ini exists already and is no directory' train "${settings[@]}" --out begun/config.ini
refuses 2 'a run is never overwritten.*--resume whole$' train "${settings[@]}" --out whole

# One directory, one run: of two that begin together one does, and nothing of the other is in its files.
for i in 1 2; do
    ("$program" train "${settings[@]}" --out both >both.out$i 2>both.err$i; echo $? >both.status$i) &
done
wait
[ "$(sort both.status1 both.status2 | tr -d '\n')" = 02 ] || fail "exit status of two runs into one directory: $(cat both.status?)"
grep -Eq '^safsd-cl: .*(another run|exists already)' both.err1 both.err2 || fail "no sentence of two runs into one directory"
same part/best.safetensors both/best.safetensors
[ "$(wc -l <both/metrics.jsonl)" -eq $((3 * 40)) ] || fail "metrics.jsonl of two runs"
absent both/run.lock whole/run.lock

# A resume holds the directory as long as it lives, and not after a kill; what it left half-written goes.
"$program" train --resume both --set train.epochs=4000 >.out 2>.err &
pid=$!
until [ "$(wc -l <both/metrics.jsonl)" -gt $((3 * 41)) ]; do sleep 0.02; done
kill -STOP $pid
refuses 2 'another run is writing into both' train --resume both --set train.epochs=50
refuses 2 'another run is writing into both' train "${settings[@]}" --out both
kill -KILL $pid
wait $pid 2>/dev/null
exists both/config.ini
for file in last.safetensors.4711-0 config.ini.4711; do echo half >both/$file.part; done
echo kept >both/my.part
gives 0 train --resume both --set "train.epochs=$(($(wc -l <both/metrics.jsonl) / 3 + 1))"
absent both/*.4711*.part both/run.lock
exists both/my.part
mkdir stale
for file in run.lock best.safetensors.4711-0.part; do echo half >stale/$file; done
gives 0 train "${small_model[@]}" --set data.path=data.safetensors --out stale
absent stale/run.lock stale/*.part

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

# One before the first step ends at once, with a sentence.
"$program" train --set data.format=auto --set data.path=large.safetensors --set data.valid_fraction=0.1 \
    --set model.hidden=1024 --set train.batch=30 --out early >.out 2>.err &
pid=$!
until [ -e early/run.lock ]; do sleep 0.02; done
kill -INT $pid
got=0
wait $pid || got=$?
[ "$got" -eq 130 ] || fail "exit status $got instead of 130 before the first step"
err_has '^safsd-cl: interrupted before anything was computed$'
