# Steps that are not finite are left out where the configuration says so; an epoch without any other step has no loss.
# A model that cannot be evaluated is never the best: without an epoch to select the run fails.
small_data data.safetensors
refuses 1 "the run has diverged: no epoch could be selected.* nothing was saved as best" \
    train "${small_model[@]}" --set data.path=data.safetensors --set train.lr=1e30 --set train.nonfinite=skip \
    --set train.clip=0 --set train.warmup=0 --set train.schedule=constant --set train.log_steps=true --out run
steps=$(wc -l <run/steps.jsonl)
[ "$steps" -ge 4 ] || fail "too few steps: $steps"
err_has '^epoch 1/2  loss [0-9]+\.[0-9]+ \| valid not finite \| test not finite \| [0-9]+ steps? skipped so far$'
err_has "^epoch 2/2  loss none, every step was skipped .*\\| $((steps - 1)) steps skipped so far"
err_lacks 'loss 0'
[ "$(grep -c '"split": "train"' run/metrics.jsonl)" -eq 2 ] || fail "an epoch has no line for the training part"
grep -Eq '"epoch": 2, "split": "train", "loss": null, "ce": null, "saf": null, "kl": null' run/metrics.jsonl ||
    fail "the second epoch has a loss: $(cat run/metrics.jsonl)"
grep -Eq '"epoch": 1, "split": "train", "loss": [0-9.]+, ' run/metrics.jsonl || fail "the first epoch has no loss"
grep -Eq '"epoch": 1, "split": "valid", "loss": null, .*"accuracy": null, "weighted_f1": null' run/metrics.jsonl ||
    fail "the validation part has a score: $(cat run/metrics.jsonl)"
err_lacks 'best$'
err_has "\\($((steps - 1)) of $steps steps were skipped\\)"
exists run/last.safetensors
absent run/best.safetensors run/predictions.csv
refuses 1 "the run has diverged" train --resume run

# The same with one step an epoch, and stop: what the last update did is seen before anything is saved.
refuses 1 "the evaluation of the validation part after step 1 .* is not finite, .* run2/last.safetensors" \
    train "${small_model[@]}" --set data.path=data.safetensors --set train.lr=1e30 --set train.batch=100 --out run2
absent run2/best.safetensors
