# Steps that are not finite are left out where the configuration says so; an epoch without any other step has no loss.
small_data data.safetensors
gives 0 train "${small_model[@]}" --set data.path=data.safetensors --set train.lr=1e30 --set train.nonfinite=skip \
    --set train.clip=0 --set train.warmup=0 --set train.schedule=constant --set train.log_steps=true --out run
steps=$(wc -l <run/steps.jsonl)
[ "$steps" -ge 4 ] || fail "too few steps: $steps"
err_has '^epoch 1/2  loss [0-9]+\.[0-9]+ .*steps? skipped so far'
err_has "^epoch 2/2  loss none, every step was skipped .*\\| $((steps - 1)) steps skipped so far"
err_lacks 'loss 0'
[ "$(grep -c '"split": "train"' run/metrics.jsonl)" -eq 2 ] || fail "an epoch has no line for the training part"
grep -Eq '"epoch": 2, "split": "train", "loss": null, "ce": null, "saf": null, "kl": null' run/metrics.jsonl ||
    fail "the second epoch has a loss: $(cat run/metrics.jsonl)"
grep -Eq '"epoch": 1, "split": "train", "loss": [0-9.]+, ' run/metrics.jsonl || fail "the first epoch has no loss"
grep -Eq "\"skipped_steps\": $((steps - 1))" run/summary.json || fail "the summary counts other steps"
