# Labels that a model can learn from, and those that it cannot; modalities that the data do not have.
small=("${small_model[@]}" --set data.path=data.pkl)

# Nothing to learn from: no label in the training part, whatever the test part has.
pickle | awk '/I[0-9]$/ && ++n <= 5 { sub(/I[0-9]$/, "I-1") } { print }' >data.pkl
refuses 2 'no utterance of the training part has a label' train "${small[@]}" --out run
err_lacks 'device'
pickle | awk '/I[0-9]$/ && ++n > 5 { sub(/I[0-9]$/, "I-1") } { print }' >data.pkl
gives 0 train "${small[@]}" --out no_test
err_has 'no utterance of the test part has a label: it has no metrics'
grep -q '"split": "test".*"ce": null, "saf": null, .*"accuracy": null, "weighted_f1": null' no_test/metrics.jsonl ||
    fail "metrics of a part without labels"

# Some classes never occur: that is said, with counts.
pickle >data.pkl
gives 0 train "${small[@]}" --set data.valid_fraction=0 --set data.classes=strong,weak,neutral,good,better,best,great --out few
err_has 'warning: the training part has labels of 3 of the 7 classes: weak \(2\), neutral \(2\), good \(1\); and none of strong, better, best, great'
gives 0 synth --dialogues 8 --dims 12,8,6 -o full.safetensors
gives 0 train "${small_model[@]}" --set data.path=full.safetensors --out full
err_lacks 'and none of'

# A stray label makes no model of hundreds of classes, unless they have names.
pickle | awk '/I3$/ && ++n == 1 { sub(/I3$/, "I255") } { print }' >data.pkl
refuses 2 "dialogue 'a', utterance 3 .*label is 255, as of 1 utterance in all, which makes 256 classes where 3 different labels" \
    train "${small[@]}" --out run
err_lacks 'device'
gives 0 import data.pkl -o data.safetensors
refuses 2 'label is 255' train "${small_model[@]}" --set data.path=data.safetensors --out run
gives 0 train "${small[@]}" --set "data.classes=$(seq -s, -f c%g 0 255)" --out many

# What the data and the configuration disagree about is refused before a device is opened.
gives 0 synth --dialogues 8 --dims 12,0,0 -o text.safetensors
text=("${small_model[@]}" --set data.path=text.safetensors --out run)
refuses 2 'modalities asks for audio features' train "${text[@]}" --set data.modalities=t,a
err_lacks 'device'
refuses 2 'modalities asks for audio features' --device nowhere train "${text[@]}" --set data.modalities=t,a
refuses 2 'class_weights|weights' --device nowhere train "${text[@]}" --set 'loss.class_weights=1 2 3'
refuses 2 'heads' --device nowhere train "${text[@]}" --set model.heads=3
absent run

# A dialogue that is too long: what to do about it.
pickle a:3 b:513 c:2 >data.pkl
refuses 1 "'b' has 513 utterances; at most 512 are taken: cut it into several dialogues" train "${small[@]}" --out run
