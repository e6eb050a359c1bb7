# Benchmarks, as small as they get: what is printed, what is promised to programs, and what is refused.
tiny=(--hidden 16 --dialogues 2 --repeat 3)

gives 0 bench --only step --shape iemocap --mode train "${tiny[@]}"
narrow .out
out_has '^  iemocap train +16 +88 '
out_has 'where the time goes: iemocap train H=16 2 dialogues'
out_has '^ +block_outer +[0-9.]+ ms '
out_lacks 'meld|eval|GB/s'

gives 0 bench --only gemm --shape meld --mode eval "${tiny[@]}"
narrow .out
out_has 'NT 16 x 16 x 16 \+b +57 '
out_lacks 'where the time goes'

gives 0 bench --shape meld --mode train "${tiny[@]}" --html page.html
narrow .out
for operation in masks_draw gelu_backward attention_forward gcn_backward losses optimizer_step; do
    out_has "^  $operation +[0-9.]+ "
done
for move in upload download fill copy add; do out_has "^  $move +[0-9.]+ "; done
exists page.html
for part in '<h2>Steps' '<h2>Roofline' '<h2>Times' '</html>'; do
    grep -q "$part" page.html || fail "the page lacks $part"
done
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
    names = [line["name"] for line in profile["kernels"]]
    assert len(names) == len(set(names)) and "gemm" in names
    assert ("adam_update" in names) == (step["mode"] == "train")
train = device["step"][0]
inner = 9 * 7 * 256 + 3 * 3 * 256 + 3 * 256 + 9 * 16 * 6  # 2 x 88 x these are the products of a forward pass
inputs = (1024 + 1582 + 342) * 16
assert abs(train["gflop"] * 1e9 / (2 * 88 * (3 * inner + 2 * inputs)) - 1) < 1e-9
EOF
fi

# Against an older run: with times a thousandth of what they were, everything has become slower.
sed -E 's/"(median|p10|p90)": ([0-9.e-]+)/"\1": 1e-9/' old.json >faster.json
gives 0 bench --only step --shape meld --mode eval "${tiny[@]}" --compare faster.json
narrow .out
out_has '^  meld eval H=16 2 dialogues .* 0\.00 x$'
out_has '1 of 1 times changed by more than the noise'
gives 0 bench --only step --shape meld --mode eval --hidden 32 --dialogues 2 --repeat 3 --compare old.json
out_has '0 of 0 times changed'

refuses 2 '--hidden none: it takes a number' bench --hidden none
refuses 2 '--repeat 0: it takes a number' bench --repeat 0
refuses 2 'heads must divide' bench --only step --hidden 12
refuses 2 '--shape mosi: it takes iemocap or meld' bench --shape mosi
refuses 2 '--only gem: it takes gemm, kernels or step' bench --only gem
refuses 1 'absent\.json' bench --only step "${tiny[@]}" --compare absent.json
echo '{"devices": 1}' >foreign.json
refuses 1 'no list of devices' bench --only step "${tiny[@]}" --compare foreign.json
refuses 1 'nowhere/page\.html' bench --only step --shape meld --mode eval "${tiny[@]}" --html nowhere/page.html
refuses 3 'no device matches "abacus"' --device 0,abacus bench --only step --shape meld --mode eval "${tiny[@]}"

# Two devices, where PoCL gives them: one table, and the same loss.
export POCL_DEVICES="pthread basic"
gives 0 devices
if grep -q -- '--device 0:1' .out; then
    gives 0 --device 0,1 bench --only step --shape meld --mode train "${tiny[@]}"
    narrow .out
    out_has '^all devices'
    [ "$(grep -Ec 'meld    train  +[0-9.]+  +[0-9.]+  +[0-9.]+  +[0-9.]+e[-+][0-9]+$' .out)" -eq 2 ] ||
        fail "not two devices compared"
fi
