# One model on several devices: the same losses as on one but for rounding, dropout on; and what the selector refuses.
export POCL_DEVICES="pthread basic"
gives 0 devices
grep -q '^  1  ' .out || skip "there is one device"
small_data data.safetensors
gives 0 --device 0 train "${small_model[@]}" --set data.path=data.safetensors --set model.dropout=0.5 \
    --set train.epochs=10 --set train.log_steps=true --out one
gives 0 --device 0,1 train "${small_model[@]}" --set data.path=data.safetensors --set model.dropout=0.5 \
    --set train.epochs=10 --set train.log_steps=true --out two
err_has '^device 0 \('
err_has '^device 1 \('
steps=$(wc -l <one/steps.jsonl)
[ "$steps" -ge 20 ] || fail "only $steps steps to compare"
# Relative difference of the losses, line by line.
paste one/steps.jsonl two/steps.jsonl | sed -E 's/.*"loss": ([^,]*),.*"loss": ([^,]*),.*/\1 \2/' |
    awk '{ d = $1 - $2; if (d < 0) d = -d; if (!(d <= 1e-5 * $1)) exit 1 }' || fail "the losses on two devices differ by more than 1e-5"

# A resume insists on the same devices.
gives 2 --device 0 train --resume two
err_has 'two was trained on 2 devices, not on 1: give --device 0:0,0:1$'
rm two/summary.json
gives 2 --device 0 train --resume two
err_has 'two was trained on 2 devices, not on 1: give --device A,B$'
gives 2 --device 0,1 train --resume one
err_has 'one was trained on one device, not on 2: give --device 0:0$'

# Interrupted, it names them, in the line that resumes and in the summary.
"$program" train "${small_model[@]}" --device 0,1 --set data.path=data.safetensors --set train.epochs=200 --out "it's two" \
    >.out 2>.err &
pid=$!
until [ "$(cat "it's two/metrics.jsonl" 2>/dev/null | wc -l)" -ge 3 ]; do sleep 0.05; done
kill -INT $pid
got=0
wait $pid || got=$?
[ "$got" -eq 130 ] || fail "exit status $got instead of 130"
out_lacks .
err_has "resume with: safsd-cl train --resume 'it'\\\\''s two' --device 0:0,0:1\$"
[ "$(grep -c '"selector"' "it's two/summary.json")" -eq 3 ] || fail "summary.json names other than the first and both devices"
eval "$(sed -n 's/.*resume with: safsd-cl \(.*\)/gives 0 \1 --set train.epochs=201/p' .err)"
[ "$(grep -c '"train"' "it's two/metrics.jsonl")" -eq 201 ] || fail "the line does not resume the run"

gives 2 --device 0,0 train "${small_model[@]}" --set data.path=data.safetensors
err_has 'named twice'
gives 2 --device 0,1 predict two/best.safetensors --data data.safetensors
err_has 'this command takes one'
gives 3 --device 0,99 train "${small_model[@]}" --set data.path=data.safetensors
