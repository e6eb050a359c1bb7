# docs/formats.md names every key that a run, a container, a checkpoint, a benchmark and a tuning write, and no others.
command -v python3 >/dev/null || skip "python3 is not installed"
mkdir "große Läufe" && cd "große Läufe" || fail "no folder"
gives 0 synth -o data.safetensors --dialogues 16 --dims 8,6,4
small="--set model.hidden=16 --set model.graph_hidden=16 --set model.ffn=16 --set model.heads=2"
# shellcheck disable=SC2086
gives 0 train --set data.path=data.safetensors --set data.format=safetensors --set data.standardize=true --set train.epochs=1 \
    --set model.gate=identity --set train.select=macro_f1 --set train.log_steps=true $small --out run --profile
gives 0 eval run/best.safetensors --data data.safetensors --json
cp "$place/.out" report.json
gives 0 devices --json
cp "$place/.out" devices.json
for part in gemm kernels step; do
    gives 0 bench --only $part --shape meld --mode train --hidden 16 --dialogues 2 --repeat 1 --json
    cp "$place/.out" bench-$part.json
done
XDG_CACHE_HOME=$PWD/cache gives 0 tune --config run/config.ini --budget 1
cat cache/safsd-cl/tuning/*.ini >tuning.ini

python3 - "$source_tree" <<'END' || fail "docs/formats.md and what is written differ"
import glob, json, os, re, struct, sys

tree, wrong = sys.argv[1], []
documented, section = {}, None
for line in open(os.path.join(tree, "docs/formats.md"), encoding="utf-8"):
    heading = re.match(r"#+ (.*)", line)
    if heading:
        section = heading.group(1)
        tables = 0
    elif re.match(r"\|---", line):
        tables += 1
    elif line.startswith("| `"):
        names = documented.setdefault((section, tables), set())
        names.update(re.findall(r"`([^`]+)`", line.split("|")[1]))


def compare(what, where, written, optional=(), table=1):
    told = documented[where, table]
    for name in sorted(written - told):
        wrong.append(f"{what}: {name} is not documented")
    for name in sorted(told - written - set(optional)):
        wrong.append(f"{what}: {name} is documented, but is not written")


def load(path):
    return json.load(open(path, encoding="utf-8"))


def paths(value, prefix=""):
    found = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            path = prefix + "." + key if prefix else key
            found |= {path} | paths(inner, path)
    elif isinstance(value, list):
        for inner in value:
            found |= paths(inner, prefix + "[]")
    return found


def header(path):
    with open(path, "rb") as file:
        tensors = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return tensors.pop("__metadata__"), tensors


compare("run directory", "Run directory", set(os.listdir("run")))
for name in "metrics", "steps":
    for line in open(f"run/{name}.jsonl", encoding="utf-8"):
        compare(name, name + ".jsonl", set(json.loads(line)))

summary = load("run/summary.json")
device = set(summary["device"])
written = set()
for path in paths(summary):
    path = re.sub(r"^selection\.(valid|test_best)\.", "selection.SELECTION.", path)
    if not re.match(r"(device|devices\[\])\.|selection\.SELECTION\.(valid|test)\.|selection$", path):
        written.add(path)
compare("summary.json", "summary.json", written)
compare("device of summary.json", "Devices", device)
compare("devices --json", "Devices", set(load("devices.json")["devices"][0]) - {"cached_programs", "tuning"})
with_report = {"split", "utterances", "loss", "ce", "saf", "kl"}
if not with_report <= set(load("report.json")):
    wrong.append("eval --json: a part or a loss is missing")
for report in load("report.json"), summary["selection"]["valid"]["test"]:
    compare("report", "Reports", paths(report) - {"classes"} - with_report)

columns = open("run/predictions.csv", encoding="utf-8").readline().rstrip("\n").split(",")
classes = {entry["name"] for entry in summary["selection"]["valid"]["test"]["classes"]}
compare("predictions.csv", "predictions.csv", {"CLASS" if c in classes else c for c in columns})

metadata, tensors = header("data.safetensors")
compare("container", "Data container", set(tensors), {"sentences"})
compare("container", "Data container", set(metadata), table=2)

names = set()
for kind in "best", "last":
    metadata, tensors = header(f"run/{kind}.safetensors")
    for name in tensors:
        name = re.sub(r"^[tav]_[tav]_gate", "m_n_gate", name)
        name = re.sub(r"^(safsd\.(?:mean|deviation))\.[tav]$", r"\1.M", name)
        name = re.sub(r"^(optimizer\.[mv])\..*", r"\1.NAME", name)
        names.add(name if re.match("safsd|optimizer|m_n_gate", name) else "NAME")
    compare(kind, "Checkpoints", set(metadata), {"progress", "recipe"} if kind == "best" else (), table=2)
compare("checkpoints", "Checkpoints", names)

stats, case = {"median", "p10", "p90", "n"}, {"shape", "mode", "hidden", "dialogues", "utterances"}


def simplified(found):
    kept = set()
    for path in found:
        head, _, last = path.rpartition(".")
        statistic = last in stats and {head + "." + s for s in stats} <= found
        of_case = last in case and {head + "." + c for c in case} <= found
        object_of = any(other.startswith(path + ".") or other.startswith(path + "[]") for other in found)
        if statistic or ".device." in path:
            continue
        if of_case:
            kept.add(head)
        elif not object_of or {path + "." + s for s in stats} <= found or path.endswith(".device"):
            kept.add(path)
    return kept


now = set().union(*(paths(load(f"bench-{part}.json")) for part in ("gemm", "kernels", "step")))
told = documented["bench --json", 1] | {"devices[].start"}
for name in sorted(simplified(now) - told):
    wrong.append(f"bench --json: {name} is not documented")
ever = set(now)
for path in glob.glob(os.path.join(tree, "bench/results/*/*.json")):
    ever |= paths(load(path))
for name in sorted(documented["bench --json", 1]):
    if re.sub(r"\[\]$", "", name) not in {re.sub(r"\[\]$", "", path) for path in ever}:
        wrong.append(f"bench --json: {name} is documented, but is not written")

keys = set()
for line in open("tuning.ini", encoding="utf-8"):
    key = line.split("=")[0].strip()
    if not line.startswith("#") and key:
        keys.add("PROVIDER." + ("KERNEL." if key.count(".") == 2 else "") + "NAME" if "." in key else key)
compare("tuning", "Tuning file", keys, {"vector_width", "gain", "PROVIDER.NAME", "PROVIDER.KERNEL.NAME"})

print("\n".join(wrong), file=sys.stderr)
sys.exit(bool(wrong))
END
