# One model on several devices: the same losses as on one but for rounding, dropout on; and what the selector refuses.
export POCL_DEVICES="pthread basic"
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
err_has 'workers'

gives 2 --device 0,0 train "${small_model[@]}" --set data.path=data.safetensors
err_has 'named twice'
gives 2 --device 0,1 predict two/best.safetensors --data data.safetensors
err_has 'this command takes one'
gives 3 --device 0,99 train "${small_model[@]}" --set data.path=data.safetensors
