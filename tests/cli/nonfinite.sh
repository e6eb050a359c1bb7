# Features that are not finite stop where they are used, are counted by inspect, and are replaced on request.
cat >make.awk <<'AWK'
function table(what, i) {
    printf "}("
    for (i = 0; i < 3; ++i) {
        printf "V%s\n](", substr("abc", i + 1, 1)
        if (what == "id") printf "Vu1\nVu2\n"
        else if (what == "speaker") printf "VM\nVF\n"
        else if (what == "label") printf "I0\nI1\n"
        else if (what == "row") printf "](F%s\nF2.0\ne](F3.0\nF%d.0\ne", i == 0 && bad != "" ? bad : "1.0", i
        printf "e"
        if (what == "row") bad = ""
    }
    printf "u"
}
BEGIN {
    value = ARGV[1]
    printf "\200\002("
    table("id"); table("speaker"); table("label"); table("row"); bad = value; table("row"); table("row"); table("none")
    printf "](Va\nVb\ne](Vc\net."
}
AWK
make() { LC_ALL=C awk -f make.awk -- "$1" >"$2"; }
small=(--set model.hidden=16 --set model.graph_hidden=16 --set model.ffn=16 --set model.heads=2 --set train.epochs=1)

make 1.5 good.pkl
gives 0 train "${small[@]}" --set data.format=auto --set data.path=good.pkl --out good
for value in nan inf -inf 1e39; do
    make $value bad.pkl
    refuses 1 "dialogue 'a', utterance 1 .*audio feature 1 is .*nonfinite = zero or mean" \
        train "${small[@]}" --set data.format=auto --set data.path=bad.pkl --out refused
    absent refused
    gives 0 train "${small[@]}" --set data.format=auto --set data.path=bad.pkl --set data.modalities=t,v --out "without$value"
    for how in zero mean; do
        gives 0 train "${small[@]}" --set data.format=auto --set data.path=bad.pkl --set data.nonfinite=$how --out "$how$value"
        err_has '1 audio feature of the data set is not finite: replaced by'
    done
    gives 0 inspect bad.pkl
    out_has '1 values? (is|are) not finite'
    refuses 1 'audio feature 1 is' import bad.pkl -o out.safetensors
    absent out.safetensors
    gives 0 import bad.pkl -o "fixed$value.safetensors" --fix nonfinite=mean
    gives 0 train "${small[@]}" --set data.format=auto --set "data.path=fixed$value.safetensors" --out "fixed$value"
    # A checkpoint of text and visual features needs no finite audio.
    gives 0 eval "without$value/best.safetensors" --data bad.pkl
done
make 1e39 bad.pkl
refuses 1 'is 1e\+39, beyond float32' import bad.pkl -o out.safetensors
refuses 2 'nonfinite=zero or nonfinite=mean' import bad.pkl -o out.safetensors --fix empty=drop
