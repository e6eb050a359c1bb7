# A library that the program loads sets a locale with a decimal comma, or a decimal sign of two bytes: every file is the
# same as without it.
locales=$SAFSD_TEST_LOCALES
[ -d "$locales/ps_AF.UTF-8" ] || skip "the locales were not built: localedef or their sources are missing (package locales)"
pickle >protocol0.pkl
small_data data.safetensors

# Times and rates differ from run to run.
without_times() { sed -E 's/("(seconds|utterances_per_second|host_seconds)": )[0-9]+(\.[0-9]+)?(e-?[0-9]+)?/\1-/g' "$1"; }

# files FOLDER: what the commands write, in that folder.
files() {
    mkdir "$1"
    gives 0 import protocol0.pkl -o "$1/imported.safetensors"
    gives 0 train "${small_model[@]}" --set data.path=data.safetensors --set train.log_steps=true --set train.lr=1.5e-3 \
        --out "$1/run"
    gives 0 predict "$1/run/best.safetensors" --out "$1/predictions.csv"
    gives 0 predict "$1/run/best.safetensors" --out "$1/predictions.jsonl"
    gives 0 eval "$1/run/best.safetensors" --json
    cp .out "$1/eval.json"
    gives 0 eval "$1/run/best.safetensors"
    sed "s|$1/||" .out >"$1/eval.txt"
    gives 0 inspect "$1/run/last.safetensors" data.safetensors
    sed "s|$1/||" .out >"$1/inspect.txt"
    gives 0 bench --only step --shape meld --mode eval --hidden 16 --dialogues 2 --repeat 3 --json
    cp .out "$1/measured.json"
    sed -E 's/"(name|date)": "[^"]*"/"\1": -/; s/: -?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?(,?)$/: -\3/' .out >"$1/bench.json"
    for name in metrics.jsonl summary.json; do without_times "$1/run/$name" >"$1/$name"; done
    mkdir "$1/kernels"
    gives 0 kernels --export "$1/kernels"
}
files plain
gives 0 bench --show plain/measured.json
cp .out plain/shown.txt
for locale in de_DE.UTF-8 ps_AF.UTF-8 tr_TR.UTF-8; do
    export LOCPATH=$locales LD_PRELOAD=$SAFSD_TEST_LOCALE SAFSD_TEST_SETS_LOCALE=$locale
    files "$locale"
    gives 0 bench --show plain/measured.json
    cp .out "$locale/shown.txt"
    unset LOCPATH LD_PRELOAD SAFSD_TEST_SETS_LOCALE
    for name in imported.safetensors predictions.csv predictions.jsonl eval.json eval.txt inspect.txt bench.json shown.txt \
        metrics.jsonl summary.json run/config.ini run/steps.jsonl run/predictions.csv run/last.safetensors \
        run/best.safetensors kernels/manifest.json; do
        same "plain/$name" "$locale/$name"
    done
done
