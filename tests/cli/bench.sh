# Benchmarks, as small as they get: what is printed, what is promised to programs, and what is refused.
tiny=(--hidden 16 --dialogues 2 --repeat 3)

gives 0 bench --only step --shape iemocap --mode train "${tiny[@]}"
narrow .out
out_has '^  iemocap train +16 +88 '
out_has 'where the time goes: iemocap train H=16 2 dialogues'
out_has '^ +segment_matmul_nt +[0-9.]+ ms '
out_lacks 'meld|eval|GB/s'

gives 0 bench --only gemm --shape meld --mode eval "${tiny[@]}"
narrow .out
out_has 'NT 16 x 16 x 16 \+b +36 '
out_lacks 'where the time goes'

gives 0 bench --shape meld --mode train "${tiny[@]}" --html page.html
narrow .out
for operation in masks_draw gelu_backward attention_forward gcn_backward losses optimizer_step; do
    out_has "^  $operation +[0-9.]+ "
done
for move in upload download fill copy add; do out_has "^  $move +[0-9.]+ "; done
out_has 'from the command to the end of the first step: meld train H=16 2 dialogues'
out_has '^  no compiled kernel kept [0-9.]+ s, kernels kept [0-9.]+ s \('
exists page.html
for part in '<h2>Steps' '<h2>Roofline' '<h2>Times' '</html>'; do
    grep -q "$part" page.html || fail "$part is missing from the page"
done
# With one device there are numbers instead of bars; date, version and percentiles are there to read.
grep -Eq "<p>Measured by safsd-cl [0-9.]+ on <time>20[0-9-]+T[0-9:]+Z</time>" page.html || fail "the page has no version and date"
! grep -q 'class="bars"' page.html || fail "bars of a single device"
grep -Eq '<td>meld train H=16 2 dialogues</td><td>[0-9.]+</td>' page.html || fail "the number of a step is missing from the page"
grep -Eq '<td>[0-9.]+ <small>[0-9.]+ to [0-9.]+</small></td>' page.html || fail "percentiles are missing from the page"
! grep -Eq 'td title=|under the pointer' page.html || fail "values that only a pointer shows"
grep -q '<th>FLOP per byte</th>' page.html || fail "the numbers of the roofline are missing"
[ "$(grep -c 'class="hint"' page.html)" -eq "$(grep -c 'class="wide"' page.html)" ] || fail "something scrolls without a cue"
! grep -Eq 'https?:|src=|NaN|nan|inf"' page.html || fail "the page needs others, or has numbers that are none"

# The names that scripts use.
gives 0 bench --only step "${tiny[@]}" --json
cp .out old.json
if command -v python3 >/dev/null; then
    python3 - <<'EOF' || fail "bench --json"
import json
device, = json.load(open("old.json"))["devices"]
assert device["device"]["selector"] == "0:0"
assert [(s["shape"], s["mode"]) for s in device["step"]] == [
    ("iemocap", "train"), ("iemocap", "eval"), ("meld", "train"), ("meld", "eval")]
for step in device["step"]:
    assert step["hidden"] == 16 and step["dialogues"] == 2
    assert step["utterances"] == (88 if step["shape"] == "iemocap" else 16)
    seconds = step["seconds"]
    assert seconds["n"] == 3 and 0 < seconds["p10"] <= seconds["median"] <= seconds["p90"]
    assert abs(step["utterances_per_second"] * seconds["median"] / step["utterances"] - 1) < 1e-6
    assert 0 < step["gemm_roofline_fraction"] and step["device_mib"] > 0 and step["peak_host_mib"] > 0
    assert 0 < step["loss"] < 100
    profile = step["profile"]
    assert 0 < profile["gemm_seconds"] < profile["step_seconds"]
    assert profile["gemm_gflops"] <= step["best_gflops"] * (1 + 1e-9)  # a part of the best is never above 1
    names = [line["name"] for line in profile["kernels"]]
    assert len(names) == len(set(names)) and "gemm" in names
    assert ("adam_update" in names) == (step["mode"] == "train")
train = device["step"][0]
inner = 9 * 7 * 256 + 3 * 3 * 256 + 3 * 256 + 9 * 16 * 6  # 2 x 88 x these are the products of a forward pass
inputs = (1024 + 1582 + 342) * 16
assert abs(train["gflop"] * 1e9 / (2 * 88 * (3 * inner + 2 * inputs)) - 1) < 1e-9
EOF
fi

refuses 1 'nothing\.json cannot be opened: No such file' bench --only step "${tiny[@]}" --compare nothing.json
refuses 1 'nowhere/page\.html cannot be written: No such file' bench --only step "${tiny[@]}" --html nowhere/page.html
err_lacks 'device 0'

# Against an older run: with times a thousandth of what they were, everything has become slower.
sed -E 's/"(median|p10|p90)": ([0-9.e-]+)/"\1": 1e-9/' old.json >faster.json
gives 0 bench --only step --shape meld --mode eval "${tiny[@]}" --compare faster.json
narrow .out
out_has '^  meld eval H=16 2 dialogues .* 0\.00 x$'
out_has '1 of 1 times changed by more than the noise'
for other in '--mode eval --hidden 32' '--mode eval --hidden 16 --shape longest' '--mode eval --hidden 16 --only start'; do
    # shellcheck disable=SC2086
    refuses 2 'old\.json has nothing of what is to be measured' bench --only step --shape meld $other --compare old.json
    err_lacks 'device 0'
done

# The tables of a run that is over, without a device.
gives 0 --device abacus bench --show old.json --html shown.html
narrow .out
out_has '^  iemocap train +16 +88 '
exists shown.html
gives 0 bench --show old.json --compare faster.json
out_has '4 of 4 times changed by more than the noise'
refuses 1 'absent\.json' bench --show absent.json

refuses 2 '--hidden none: it takes a number' bench --hidden none
refuses 2 '--repeat 0: it takes a number' bench --repeat 0
refuses 2 'heads must divide' bench --only step --hidden 12
refuses 2 '--shape mosi: it takes iemocap, meld or longest' bench --shape mosi
refuses 2 '--only gem: it takes gemm, kernels, step or start' bench --only gem
refuses 2 'several devices, such as --device 0,1' --device 0 bench --together
refuses 2 'measures steps of training' --device 0,1 bench --together --mode eval
refuses 2 'measures steps of training' --device 0,1 bench --together --only gemm
refuses 1 'absent\.json' bench --only step "${tiny[@]}" --compare absent.json
# Files with devices, but of another kind: found before anything is measured.
gives 0 devices --json
cp .out devices.json
for text in '{"devices": 1}' '{"devices": []}' '{}' '[]' '{"devices": [{"device": {"name": "x"}}]}' "$(cat devices.json)"; do
    echo "$text" >foreign.json
    refuses 1 'foreign\.json holds no benchmark; give a file that bench --json wrote' bench --only step "${tiny[@]}" --compare foreign.json
    err_lacks 'device 0'
    refuses 1 'foreign\.json holds no benchmark' bench --show foreign.json
done
refuses 1 'nowhere/page\.html' bench --only step --shape meld --mode eval "${tiny[@]}" --html nowhere/page.html
refuses 3 'no device matches "abacus"' --device 0,abacus bench --only step --shape meld --mode eval "${tiny[@]}"

# A first step and nothing else; its loss is that of the table.
gives 0 bench --once --shape meld --mode train --hidden 16 --dialogues 2
loss=$(sed -n 's/^loss \(.*\)/\1/p' .out)
gives 0 bench --only step --shape meld --mode train "${tiny[@]}" --json
out_has "\"loss\": ${loss:0:7}"

# Where the process that times the first step fails, so does the command, and both say why.
if [ -e "${SAFSD_TEST_LAYER:-}" ]; then
    export OPENCL_LAYERS=$SAFSD_TEST_LAYER SAFSD_LAYER_FAIL=enqueue:3 TMPDIR=$PWD/folders
    mkdir folders
    gives 1 bench --only start --shape meld --mode train "${tiny[@]}"
    err_has 'the first step of .* was not timed'
    [ "$(grep -c '^safsd-cl: ' .err)" -eq 2 ] || fail "not one sentence of each process"
    [ -z "$(ls folders)" ] || fail "a folder of kernels is left"
    unset OPENCL_LAYERS SAFSD_LAYER_FAIL TMPDIR
fi

# Two devices, where PoCL gives them: one table, the same loss, and both as one.
export POCL_DEVICES="pthread basic"
gives 0 devices
if grep -q -- '--device 0:1' .out; then
    gives 0 --device 0,1 bench --only step --shape meld --mode train "${tiny[@]}" --together --html two.html
    grep -q 'class="bars"' two.html || fail "no bars of two devices"
    narrow .out
    out_has '^2 devices compared'
    out_has '^steps: meld train H=16 2 dialogues +0:0 +0:1$'
    out_has '^  utterances/s( +[0-9.]+){2}$'
    out_has '^  times as fast as the first +1\.000 +[0-9.]+$'
    out_has '^  loss off by +0\.0e\+00 +[0-9.]+e[-+][0-9]+$'
    out_has '^one model on 0:0 \+ 0:1'
    out_has '^  meld train H=16 2 dialogues( +[0-9.]+){4} +([0-9.]+e-(0[6-9]|1[0-9])|0\.0e\+00)$'
    out_lacks 'where the time goes'
    gives 0 --device 0,1 bench --only step --shape meld --mode train "${tiny[@]}" --together --json
    cp .out two.json
    gives 0 bench --show two.json
    out_has '^one model on 0:0 \+ 0:1'
    gives 0 --device 0,1 --verbose bench --only step --shape meld --mode train "${tiny[@]}"
    narrow .out
    [ "$(grep -c 'where the time goes' .out)" -eq 2 ] || fail "not the tables of both devices"
fi
