# Data sets, good and bad.

pickle >good.pkl
gives 0 import good.pkl -o good.safetensors
out_has '3 dialogues, 7 utterances, 4 classes'
out_has '^  train +2 +5 +0 '
out_has '^  test +1 +2 +0 '
out_has '^  text +3 '
narrow .out
gives 0 inspect good.safetensors
mv .out container.txt
gives 0 inspect good.pkl
same <(tail -n +2 container.txt) <(tail -n +2 .out | sed '/^  fields: /,/not used\|test ids/d')
gives 0 import good.pkl -o named.safetensors --classes none,happy,sad,angry
gives 0 inspect named.safetensors
out_has '^ +3  angry'

# Paths with spaces, and what `train` takes.
mkdir "my data"
cp good.pkl "my data/my pickle.pkl"
gives 0 import "my data/my pickle.pkl" -o "my data/my container.safetensors"
exists "my data/my container.safetensors"
gives 0 train "${small_model[@]}" --set "data.path=my data/my pickle.pkl" --out "my data/my run"
exists "my data/my run/best.safetensors"
gives 0 predict "my data/my run/best.safetensors"

# bad PATTERN: bad.pkl is refused with a sentence that has the pattern, by import and by train, and nothing is left.
bad() {
    different good.pkl bad.pkl
    refuses 1 "bad\.pkl.*$1" import bad.pkl -o out.safetensors
    refuses 1 "bad\.pkl.*$1" train "${small_model[@]}" --set data.path=bad.pkl --out run
    absent out.safetensors run
}
# nth N OLD NEW: bad.pkl is good.pkl with OLD changed in the n-th line that has it.
nth() {
    awk -v n="$1" -v old="$2" -v new="$3" '{ if (index($0, old) && ++seen == n) sub(old, new); print }' good.pkl >bad.pkl
}

nth 2 F2.75 Fnan
bad '\bb\b.*audio|audio.*\bb\b'
nth 1 F1.25 F1e39
bad 'is 1e\+39, beyond float32'
nth 1 I3 I-5
bad '-5'
grep -v '^I3$' good.pkl >bad.pkl
bad '\ba\b'
pickle a:3 b:2 c:0 >bad.pkl
bad '\bc\b.*(no|without) utterance'
pickle a:3 b:513 c:2 >bad.pkl
bad '\bb\b.*513'
pickle a:3 b:2 >bad.pkl
bad '\bc\b'

refuses 1 'label|class' import good.pkl -o out.safetensors --classes one,two
refuses 1 'missing\.pkl.*No such file' import missing.pkl -o out.safetensors
: >empty.pkl
refuses 1 'empty\.pkl' import empty.pkl -o out.safetensors
head -c 300 good.pkl >short.pkl
refuses 1 'short\.pkl.*(truncated|ends)' import short.pkl -o out.safetensors
printf 'dialogue,utterance,label\na,1,happy\n' >table.csv
for text in 'dialogue,utterance,label' 'class,label' '{"a": 1}' 'names of nothing.'; do
    printf '%s\na,1,happy\n' "$text" >table.csv
    refuses 1 'table\.csv is neither a pickle nor a safetensors file' import table.csv -o out.safetensors
    gives 1 inspect table.csv
    err_has 'table\.csv is neither a pickle nor a safetensors file'
done
for name in dialogue utterance speaker label prediction text_prediction visual_prediction; do
    refuses 2 "class 2 is called \"$name\", as a column" import good.pkl -o out.safetensors --classes "none,happy,$name,angry"
done
refuses 2 'class 1 is called "label", as a column' train "${small_model[@]}" --set data.path=good.pkl \
    --set data.classes=none,label,sad,angry --out run
absent out.safetensors run
refuses 1 'is a folder' import "my data" -o out.safetensors

# A pickle that wants to run something is refused, and has not run it.
printf 'cos\nsystem\n(S'"'"'touch owned'"'"'\ntR.' >hostile.pkl
refuses 1 'os\.system' import hostile.pkl -o out.safetensors
refuses 1 'os\.system' inspect hostile.pkl
refuses 1 'os\.system' train "${small_model[@]}" --set data.path=hostile.pkl --out run
absent owned out.safetensors run

# A dict at the top: every key, and what each is; below it one entry stands for all, the others are named.
{
    printf "(S'text'\n(I1\nI2\nlS'audio'\n(S'a'\nI1\nS'b'\nI2\nS'c'\nI3\ndS'rate'\nF25.5\n"
    for number in $(seq 20); do printf "S'extra_feature_with_a_long_name_%s'\nI%s\n" "$number" "$number"; done
    printf 'd.'
} >dict.pkl
gives 1 inspect dict.pkl
out_has '^    text: a list of 2'
out_has '^    audio: a dict of 3'
out_has '^      a: '
out_has '^      \.\.\. and 2 more: b, c$'
out_has '^    rate: '
for number in $(seq 20); do out_has "^    extra_feature_with_a_long_name_$number: "; done
narrow .out

# Containers: cut, damaged, of another kind.
head -c 200 good.safetensors >cut.safetensors
refuses 1 'cut\.safetensors' inspect cut.safetensors
cp good.safetensors damaged.safetensors
printf 'X' | dd of=damaged.safetensors bs=1 seek=$(($(wc -c <good.safetensors) - 8)) conv=notrunc status=none
refuses 4 'checksum' inspect damaged.safetensors
refuses 4 'checksum' train "${small_model[@]}" --set data.path=damaged.safetensors --out run
refuses 1 'eval\.safetensors' train "${small_model[@]}" --set "data.path=$golden/eval.safetensors" --out run
absent run

# What cannot be written: a sentence, and nothing half-written.
refuses 1 'No such file' import good.pkl -o nowhere/out.safetensors
refuses 1 'Not a directory' import good.pkl -o good.pkl/out.safetensors
refuses 2 'file to read' import good.pkl -o good.pkl
same good.pkl <(pickle)
refuses 1 'No such file' synth -o nowhere/out.safetensors
absent nowhere

# A device file stays what it is.
if [ -w /dev/full ]; then
    gives 1 import good.pkl -o /dev/full
    [ -c /dev/full ] || fail "/dev/full was replaced"
fi

# synth: the same options, the same bytes.
gives 0 synth --like meld --dialogues 6 --dims 5,4,3 --seed 7 -o one.safetensors
out_has '7 classes'
narrow .out
gives 0 synth --like meld --dialogues 6 --dims 5,4,3 --seed 7 -o two.safetensors
gives 0 synth --like meld --dialogues 6 --dims 5,4,3 --seed 8 -o three.safetensors
same one.safetensors two.safetensors
different one.safetensors three.safetensors

leftovers=$(find . -name '*.part*' -o -name '*.tmp*')
[ -z "$leftovers" ] || fail "half-written files: $leftovers"
