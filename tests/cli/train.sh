# A training from data to predictions, and what it leaves behind.
small_data data.safetensors
gives 0 train "${small_model[@]}" --set data.path=data.safetensors --set train.log_steps=true
exists runs/demo/{config.ini,metrics.jsonl,best.safetensors,last.safetensors,summary.json,predictions.csv,steps.jsonl}
err_has '^device [0-9]+ \([0-9]+:[0-9]+\): .*; select it again with --device [0-9]+:[0-9]+$'
err_has '^epoch 2/2  loss [0-9.]+ . valid [0-9.]+ F1 [0-9.]+ . test '
out_has '^valid +[12] .*trust this one'
out_has '^test-best +[12] .*what most papers print'
out_has 'precision +recall +f1-score +support'
out_has '^ +accuracy'
out_has '^ *weighted avg'
out_has 'confusion matrix'
narrow .out
[ "$(ls runs/demo | wc -l)" -eq 7 ] || fail "other files in the run directory: $(ls runs/demo)"

# metrics.jsonl: three parts an epoch; steps.jsonl: a line per step, from 0.
[ "$(wc -l <runs/demo/metrics.jsonl)" -eq 6 ] || fail "metrics.jsonl has not 6 lines"
for split in train valid test; do
    [ "$(grep -c "\"split\": \"$split\"" runs/demo/metrics.jsonl)" -eq 2 ] || fail "epochs of $split are missing from metrics.jsonl"
done
head -n 1 runs/demo/steps.jsonl | grep -q '^{"step": 0, "loss": [0-9.e-]*, "ce": [0-9.e-]*, "saf": [0-9.e-]*, "kl": [0-9.e-]*}$' ||
    fail "steps.jsonl has another form"
if command -v python3 >/dev/null; then
    python3 - <<'PYTHON' || fail "the files of the run do not agree"
import csv, json
summary = json.load(open("runs/demo/summary.json"))
lines = [json.loads(line) for line in open("runs/demo/metrics.jsonl")]
chosen = summary["selection"]["valid"]
best = max((l for l in lines if l["split"] == "valid"), key=lambda l: (l["weighted_f1"], -l["epoch"]))
assert chosen["epoch"] == best["epoch"]
test = [l for l in lines if l["split"] == "test" and l["epoch"] == chosen["epoch"]][0]
for key in "accuracy", "weighted_f1", "macro_f1":
    assert abs(chosen["test"][key] - test[key]) < 1e-6, key
top = max(l["weighted_f1"] for l in lines if l["split"] == "test")
assert abs(summary["selection"]["test_best"]["test"]["weighted_f1"] - top) < 1e-6
rows = list(csv.DictReader(open("runs/demo/predictions.csv")))
confusion = chosen["test"]["confusion"]
names = [c["name"] for c in chosen["test"]["classes"]]
counted = [[sum(r["label"] == a and r["prediction"] == b for r in rows) for b in names] for a in names]
assert counted == confusion
for row in rows:
    p = [float(row[name]) for name in names]
    assert abs(sum(p) - 1) < 1e-5 and names[p.index(max(p))] == row["prediction"]
assert list(rows[0])[:5] == ["dialogue", "utterance", "speaker", "label", "prediction"]
assert list(rows[0])[5:5 + len(names)] == names and len(rows[0]) == 5 + len(names) + 3
PYTHON
else
    echo "there is no python3 here: the files of the run were not compared with one another"
fi

# The checkpoint gives the same again.
gives 0 predict runs/demo/best.safetensors
same .out runs/demo/predictions.csv
gives 0 predict runs/demo/best.safetensors --out again.csv
same again.csv runs/demo/predictions.csv
gives 0 predict runs/demo/best.safetensors --out again.jsonl
[ "$(wc -l <again.jsonl)" -eq "$(($(wc -l <again.csv) - 1))" ] || fail "JSON lines and CSV have different lengths"
head -n 1 again.jsonl | grep -q '^{"dialogue": ".*", "utterance": ".*", "speaker": ".*"' || fail "again.jsonl"
gives 0 eval runs/demo/best.safetensors
narrow .out
out_has '^ *weighted avg'
gives 0 eval runs/demo/best.safetensors --json
weighted=$(grep -o '"weighted_f1": [0-9.]*' .out)
sed -n '/"valid": {$/,$p' runs/demo/summary.json | sed -n '/"test": {/,$p' | grep -qF "$weighted" || fail "eval gives another $weighted"
gives 0 eval runs/demo/best.safetensors --split valid
out_has '^the validation part'
gives 0 predict runs/demo/best.safetensors --split all
[ "$(wc -l <.out)" -gt "$(wc -l <again.csv)" ] || fail "--split all has no more than the test part"
gives 0 inspect runs/demo/best.safetensors
out_has 'after epoch [12], selection valid'
narrow .out
gives 0 inspect runs/demo/last.safetensors
out_has 'resumable +yes: 2 epochs'
narrow .out

# Alone, a checkpoint needs a data set; the configuration in it does the rest.
mkdir alone
cp runs/demo/best.safetensors alone/
refuses 2 '--data.*--config' eval alone/best.safetensors
gives 0 predict alone/best.safetensors --data data.safetensors
same .out again.csv
gives 0 predict alone/best.safetensors --config runs/demo/config.ini
same .out again.csv

# The same run again: a directory of its own, the same bytes; another seed: other ones.
gives 0 --quiet train "${small_model[@]}" --set data.path=data.safetensors --set train.log_steps=true
[ ! -s .err ] || fail "--quiet is not quiet"
exists runs/demo-2/last.safetensors
same runs/demo/last.safetensors runs/demo-2/last.safetensors
same runs/demo/best.safetensors runs/demo-2/best.safetensors
same runs/demo/steps.jsonl runs/demo-2/steps.jsonl
gives 0 train runs/demo/config.ini --out "a new/run"
same runs/demo/last.safetensors "a new/run/last.safetensors"
gives 0 train "${small_model[@]}" --set data.path=data.safetensors --set experiment.seed=2 --out other
different runs/demo/last.safetensors other/last.safetensors
absent other/steps.jsonl

# Accuracy and F1 of the training part are measured where that is asked for, and change nothing else.
! grep -q '"split": "train".*"accuracy": [0-9]' runs/demo/metrics.jsonl || fail "the training part was evaluated unasked"
gives 0 train runs/demo/config.ini --set train.evaluate_train=true --out evaluated
same runs/demo/steps.jsonl evaluated/steps.jsonl
same runs/demo/predictions.csv evaluated/predictions.csv
[ "$(grep -Ec '"split": "train".*"accuracy": [0-9.]+, "weighted_f1": [0-9.]+, "macro_f1": [0-9.]+' \
    evaluated/metrics.jsonl)" -eq 2 ] || fail "the F1 of the training part is missing from metrics.jsonl"
gives 0 eval evaluated/last.safetensors --data data.safetensors --split train --json
if command -v python3 >/dev/null; then
    python3 - .out <<'PYTHON' || fail "train and eval say different things of the training part"
import json, sys
line = [l for l in map(json.loads, open("evaluated/metrics.jsonl")) if l["split"] == "train"][-1]
text = json.dumps(json.load(open(sys.argv[1])))
for key in "accuracy", "weighted_f1", "macro_f1":
    assert f'"{key}": {line[key]:.5f}'[:-3] in text, (key, line, text)
PYTHON
fi

# One run, whatever [experiment] seeds says.
gives 0 train "${small_model[@]}" --set data.path=data.safetensors --set experiment.seeds=1..3 --set experiment.seed=7 --out seeded
err_has 'train makes one run, with \[experiment\] seed = 7; the 3 seeds of \[experiment\] seeds are not used'

# A damaged checkpoint is not used.
cp runs/demo/best.safetensors damaged.safetensors
printf 'XY' | dd of=damaged.safetensors bs=1 seek=$(($(wc -c <damaged.safetensors) - 100)) conv=notrunc status=none
refuses 4 'checksum' eval damaged.safetensors --data data.safetensors
refuses 1 'data\.safetensors|tensor' eval data.safetensors --config runs/demo/config.ini

# Never over another run, never where nothing can be written.
refuses 2 'other exists already.*--resume other' train "${small_model[@]}" --set data.path=data.safetensors --out other
refuses 1 'Not a directory' train "${small_model[@]}" --set data.path=data.safetensors --out data.safetensors/run
if [ "$(id -u)" -ne 0 ]; then
    mkdir -m 555 locked
    refuses 1 'locked' train "${small_model[@]}" --set data.path=data.safetensors --out locked/run
elif [ -d /proc/self ]; then
    refuses 1 '/proc' train "${small_model[@]}" --set data.path=data.safetensors --out /proc/run
fi

# --profile says where the time went; without HOME everything works.
(
    unset HOME
    gives 0 train "${small_model[@]}" --set data.path=data.safetensors --set train.epochs=5 --profile --out profiled
) || exit 1
out_has '^gemm +[0-9]+ '
out_has '^gate_forward .* [0-9.]+ +- +(>100|[0-9]+)%$'
! grep -qE '^[a-z_]+ .* (1[1-9][0-9]|10[1-9]|[2-9][0-9][0-9])%$' .out || fail "more than all of the peak"
if grep -qE '>100%$' .out; then out_has '^>100%: .*caches'; else out_lacks '^>100%:'; fi
out_has '^peak: [0-9.]+ GB/s .* [0-9.]+ GFLOP/s'
out_has '^all of it +1 +[0-9.]+$'
err_has 'profiled/trace.json shows the first 8 steps: .*perfetto'
narrow .out
if command -v python3 >/dev/null; then
    gives 0 train "${small_model[@]}" --set data.path=data.safetensors --set train.epochs=1 --profile --out traced
    python3 - .out profiled/trace.json traced/trace.json <<'PYTHON' || fail "trace.json is none, or says other than the table"
import collections, json, re, sys
def read(path):
    trace = json.load(open(path))
    names = {e["tid"]: e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "thread_name"}
    assert names[1] == "host" and names[2].startswith("device "), names
    events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
    doubt = trace["otherData"]["clocks_differ_by_at_most_us"]
    assert 0 <= doubt < 1e5, doubt
    last = 0
    for e in events:
        assert e["ts"] >= last and e["dur"] >= 0 and e["pid"] == 1 and e["tid"] in names, e
        last = e["ts"]
    for track in names:  # events of a track follow each other or enclose each other
        ends = []
        for e in (e for e in events if e["tid"] == track):
            while ends and e["ts"] >= ends[-1] - 0.002: ends.pop()
            assert not ends or (track == 1 and e["ts"] + e["dur"] <= ends[-1] + 0.002), e
            ends.append(e["ts"] + e["dur"])
    return events, doubt
events, doubt = read(sys.argv[2])
assert len([e for e in events if e["name"] == "enqueue a gradient"]) in (8, 9)  # recorded up to the report of the eighth step
events, doubt = read(sys.argv[3])
steps = len([e for e in events if e["name"] == "enqueue a gradient"])
assert 2 <= steps < 8, steps
# the host's phases, and the device busy within them
training = [e for e in events if e["name"] == "training"]
assert len(training) == 1
begin, end = training[0]["ts"], training[0]["ts"] + training[0]["dur"]
kernels = [e for e in events if e["cat"] in ("kernel", "gemm") and e["args"].get("part") == "training"]
assert kernels and all(begin - doubt <= e["ts"] and e["ts"] + e["dur"] <= end + doubt for e in kernels)
assert all(e["args"]["global"] and e["args"]["local"] for e in kernels)
assert all(re.fullmatch(r"[NT]{2} \d+ x \d+ x \d+", e["args"]["product"]) for e in kernels if e["cat"] == "gemm")
# the table is the mean of these steps
sums, launches = collections.Counter(), collections.Counter()
for e in kernels:
    name = "gemm" if e["cat"] == "gemm" else e["name"]
    sums[name] += e["dur"] / 1e3 / steps
    launches[name] += 1 / steps
table = {m[1]: (int(m[2]), float(m[3])) for m in re.finditer(r"^(\w+) +(\d+) +([0-9.]+) +[0-9.]+%", open(sys.argv[1]).read(), re.M)}
assert set(sums) <= set(table), set(sums) - set(table)
for name in sums:
    assert abs(launches[name] - table[name][0]) <= 0.5001, (name, launches[name], table[name])
    assert abs(sums[name] - table[name][1]) <= 0.02 * table[name][1] + 0.002, (name, sums[name], table[name])
PYTHON
fi

# One modality, and no validation part: a pickle has none.
pickle >plain.pkl
gives 0 train "${small_model[@]}" --set data.path=plain.pkl --set data.modalities=t --set data.valid_fraction=0 --out one
out_has '^test-best +[12] '
out_has 'no validation part'
out_lacks '^valid '
exists one/best.safetensors one/predictions.csv
gives 0 eval one/best.safetensors
refuses 2 'visual' train "${small_model[@]}" --set data.format=synth --set data.synth_dims=4,4,0 --set data.modalities=v --out none
absent none
