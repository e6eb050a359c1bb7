# What a data set and a checkpoint disagree about is said, or refused where the model would be another.
pickle >data.pkl
names=none,happy,sad,angry
gives 0 train "${small_model[@]}" --set data.path=data.pkl --set data.classes=$names --set data.standardize=false --out run
as_published() { LC_ALL=C sed 's/safsd-checkpoint-1/someone-else-saved/; s/"checksum"/"checksux"/' "$1" >"$2"; }

# Classes that never occur in what is scored; fewer or more classes than the checkpoint's; numbers where the data have names.
gives 0 eval run/best.safetensors
err_has 'the test part has labels of 2 of the 4 classes: happy \(1\), sad \(1\); and none of none, angry'
gives 0 predict run/best.safetensors --split all
err_has 'the data set has labels of 3 of the 4 classes: happy \(3\), sad \(3\), angry \(1\); and none of none'
gives 0 import data.pkl -o more.safetensors --classes $names,calm,bored
gives 0 eval run/best.safetensors --data more.safetensors
err_has 'warning: the data set has 6 classes \(none, happy, sad, angry, calm, bored\), run/best\.safetensors 4 \(none, happy, sad, angry\)'
gives 0 train "${small_model[@]}" --set data.path=data.pkl --out numbers
gives 0 import data.pkl -o named.safetensors --classes $names
gives 0 eval numbers/best.safetensors --data named.safetensors
err_has "warning: numbers/best\.safetensors has numbers for classes that the data set names: 0 is taken for 'none'"
gives 0 synth --dialogues 8 --dims 12,8,6 -o full.safetensors
gives 0 train "${small_model[@]}" --set data.path=full.safetensors --out full
gives 0 eval full/best.safetensors --split all
err_lacks 'warning|none of|not used|statistics'

# Features that the model does not use, does not have, or knows with other widths: before a device is opened.
gives 0 train "${small_model[@]}" --set data.path=full.safetensors --set data.modalities=t --out text
gives 0 eval text/best.safetensors
err_has 'the audio features of the data set are not used'
err_has 'the visual features of the data set are not used'
for dims in 12,0,6 12,8,7; do
    gives 0 synth --dialogues 8 --dims $dims -o other.safetensors
    gives 2 --device nowhere eval full/best.safetensors --data other.safetensors --set data.standardize=true
    err_has 'audio features|modality v of the data has width 7|visual features'
done

# Weights without statistics take those of the data at hand, which is said.
as_published run/best.safetensors published.safetensors
gives 0 eval published.safetensors --config run/config.ini
err_lacks 'statistics'
sed 's/^standardize = .*/standardize = true/' run/config.ini >standardize.ini
gives 0 eval published.safetensors --config standardize.ini --data data.pkl
err_has 'published\.safetensors carries no statistics: features are standardised by those of the training part of data\.pkl'

# Trained gates are not left out; what the program itself writes in their place comes back.
for gate in identity off; do
    refuses 1 "published\.safetensors has the tensor 't_t_gate.gate.0.weight', a trained gate, which gate = $gate would ignore" \
        predict published.safetensors --config run/config.ini --set model.gate=$gate
    gives 0 train "${small_model[@]}" --set data.path=data.pkl --set data.classes=$names --set data.standardize=false \
        --set model.gate=$gate --out $gate
    grep -aq '"t_v_gate\.gate\.0\.weight"' $gate/best.safetensors || fail "no gates in $gate/best.safetensors"
    as_published $gate/best.safetensors $gate.safetensors
    gives 0 predict $gate.safetensors --config $gate/config.ini
    same .out $gate/predictions.csv
    err_lacks 'ignored'
done
# As the published modules compute them: learned gates with these numbers.
gives 0 predict identity.safetensors --config identity/config.ini --set model.gate=learned
cut -d, -f5 .out >learned.csv
same learned.csv <(cut -d, -f5 identity/predictions.csv)

# Without labels there are no metrics.
awk '/I[0-9]$/ { sub(/I[0-9]$/, "I-1") } { print }' data.pkl >unlabelled.pkl
gives 0 eval run/best.safetensors --data unlabelled.pkl --json
for metric in accuracy weighted_f1 macro_f1 precision recall f1 loss ce saf; do
    out_has "\"$metric\": null"
done
out_has '"kl": [0-9]'
out_lacks ': 0\.0'
gives 0 eval run/best.safetensors --data unlabelled.pkl
out_has 'loss - \(ce -, saf -, kl [0-9]'
out_has 'no labelled utterance'

# Each file where another belongs.
gives 0 import data.pkl -o data.safetensors
refuses 1 'data\.safetensors is a data set, not a checkpoint: name it with --data' eval data.safetensors
refuses 1 'data\.safetensors is a data set, not a checkpoint' predict data.safetensors --config run/config.ini
refuses 1 'eval\.safetensors is a golden case, not a checkpoint' eval "$golden/eval.safetensors"
refuses 1 'best\.safetensors is a checkpoint and no data set' eval run/best.safetensors --data run/best.safetensors
refuses 1 'best\.safetensors is a checkpoint and no data set' train "${small_model[@]}" --set data.path=run/best.safetensors --out no
refuses 1 'data\.pkl' eval data.pkl

# A container without its format is one for every command.
LC_ALL=C sed 's/safsd-data-1/someone-else/; s/"checksum"/"checksux"/' data.safetensors >nameless.safetensors
gives 0 inspect nameless.safetensors
out_has 'utterances, .* classes'
gives 0 eval run/best.safetensors --data nameless.safetensors
refuses 1 'nameless\.safetensors is a data set, not a checkpoint' eval nameless.safetensors

# What a container has beside a data set is passed over, and said.
LC_ALL=C sed 's/"utterance_ids"/"utterance_old"/; s/"checksum"/"checksux"/' data.safetensors >more.safetensors
gives 0 inspect more.safetensors
out_has 'passed over, no part of a data set: utterance_old'
gives 0 eval run/best.safetensors --data more.safetensors
err_has 'no part of a data set; they are passed over: utterance_old'
gives 0 train "${small_model[@]}" --set data.path=more.safetensors --out more
err_has 'no part of a data set; they are passed over: utterance_old'
