# Checkpoints meet other data: weights of another origin, data without labels, data that do not fit.
small_data data.safetensors
gives 0 train "${small_model[@]}" --set data.path=data.safetensors --out run

# The same weights as another program would have saved them: no configuration, no checksum. They need --config.
LC_ALL=C sed 's/safsd-checkpoint-1/someone-else-saved/; s/"checksum"/"checksux"/' run/best.safetensors >foreign.safetensors
different run/best.safetensors foreign.safetensors
refuses 2 'foreign\.safetensors carries no configuration.*--config' eval foreign.safetensors --data data.safetensors
gives 0 eval foreign.safetensors --config run/config.ini
out_has 'published weights'
gives 0 predict foreign.safetensors --config run/config.ini
same .out run/predictions.csv
refuses 1 'hidden|shape|\[' eval foreign.safetensors --config run/config.ini --set model.hidden=8 --set model.ffn=16
gives 0 inspect foreign.safetensors
out_has 'smax_fc\.weight'

# Evaluation masks: those that are drawn are drawn the same every time.
gives 0 predict run/best.safetensors --set model.gcn_eval=sample
mv .out sampled.csv
different sampled.csv run/predictions.csv
gives 0 predict run/best.safetensors --set model.gcn_eval=sample
same .out sampled.csv
gives 0 predict run/best.safetensors --set model.gcn_eval=mean:3
different .out sampled.csv

# The model is the checkpoint's: another value is refused, the same one is taken.
refuses 2 'set model\.hidden: run/best\.safetensors was trained with 16, and cannot be evaluated with 8' \
    eval run/best.safetensors --set model.hidden=8
refuses 2 'set model\.hidden: ' eval run/best.safetensors --set Model.Hidden=8
refuses 2 'set loss\.gamma: .*trained with .*evaluated with 3' predict run/best.safetensors --set loss.gamma=3
refuses 2 'set model\.gate: .*trained with learned, .*with off' eval run/best.safetensors --set train.batch=3 --set model.gate=off
gives 0 eval run/best.safetensors --set model.hidden=16 --set model.gate=learned

# So are the standardisation, the modalities and the classes that it was trained with, whatever named them.
refuses 2 'set data\.standardize: .*trained with true, and cannot be evaluated with false' \
    eval run/best.safetensors --set data.standardize=false
refuses 2 'set data\.modalities: .*trained with t, a, v, .*with t, v: leave it out' predict run/best.safetensors --set data.modalities=t,v
refuses 2 'set data\.classes: .*trained with happy, sad, .*, and cannot be evaluated with none, happy' \
    eval run/best.safetensors --set data.classes=none,happy
refuses 2 'set data\.classes: ' eval run/best.safetensors --data data.safetensors --set data.classes=none,happy
gives 0 eval run/best.safetensors --set data.standardize=true --set data.modalities=visual,text,audio --set data.classes=
gives 0 eval run/best.safetensors --set data.classes=happy,sad,neutral,angry,excited,frustrated
gives 0 train "${small_model[@]}" --set data.path=data.safetensors --set data.standardize=false --out plain
refuses 2 'set data\.standardize: .*trained with false, .*with true' eval plain/best.safetensors --set data.standardize=true
gives 0 predict plain/best.safetensors
same .out plain/predictions.csv

# What a file says of it is not used, which is said; what a file leaves out is no contradiction.
printf '[data]\npath = data.safetensors\nstandardize = false\nmodalities = t, a, v\n[model]\nhidden = 8\ngate = learned\nheads = 2\n[train]\nlr = 7\n' >other.ini
gives 0 predict run/best.safetensors --config other.ini
same .out run/predictions.csv
err_has '^other\.ini:3: \[data\] standardize = false is not used: run/best\.safetensors was trained with true$'
err_has '^other\.ini:6: \[model\] hidden = 8 is not used: run/best\.safetensors was trained with 16$'
[ "$(grep -c 'is not used' .err)" -eq 2 ] || fail "not two values that are not used"
sed 's/^gamma = .*/gamma = 3/' run/config.ini >gamma.ini
gives 0 eval run/best.safetensors --config gamma.ini
err_has 'gamma\.ini:[0-9]+: \[loss\] gamma = 3 is not used: run/best\.safetensors was trained with 2$'
gives 0 eval run/best.safetensors
err_lacks 'is not used'
refuses 2 'set model\.hidden: .*trained with 16, .*evaluated with 8' eval run/best.safetensors --config other.ini --set model.hidden=8

# Data without labels are fine for predict. The pickle has widths 3, 2, 2 and four classes.
pickle >labelled.pkl
gives 0 train "${small_model[@]}" --set data.path=labelled.pkl --set data.classes=none,happy,sad,angry --out mine
sed 's/^I[0-9]$/I-1/; s/^\(.*[(l]\)I[0-9]$/\1I-1/' labelled.pkl >unlabelled.pkl
different labelled.pkl unlabelled.pkl
gives 0 predict mine/best.safetensors --data unlabelled.pkl --split all
[ "$(grep -c '^[abc],[abc]_[0-9],M,,\(none\|happy\|sad\|angry\),' .out)" -eq 7 ] || fail "not seven unlabelled predictions"
gives 0 predict mine/best.safetensors --data labelled.pkl --split all
[ "$(grep -c '^[abc],[abc]_1,M,happy,' .out)" -eq 3 ] || fail "labels are not named"
gives 0 predict mine/best.safetensors --set data.path=labelled.pkl --set data.classes=none,happy,sad,angry
refuses 2 'set data\.classes: .*with none, happy, sad, angry, .*with none, sad, happy, angry' \
    predict mine/best.safetensors --data labelled.pkl --set data.classes=none,sad,happy,angry
gives 0 predict mine/best.safetensors --data unlabelled.pkl --format jsonl
out_has '"label": null'
gives 0 eval mine/best.safetensors --data unlabelled.pkl
out_has 'no labelled utterance'
refuses 2 'no utterance of the training part has a label' train "${small_model[@]}" --set data.path=unlabelled.pkl --out nothing
absent nothing

# Data that do not fit.
refuses 2 '"none" in the checkpoint but "happy"' eval mine/best.safetensors --data data.safetensors
refuses 2 '12 text features.* 3' eval run/best.safetensors --data labelled.pkl
gives 0 import labelled.pkl -o other.safetensors --classes none,sad,happy,angry
refuses 2 '"happy" in the checkpoint but "sad"' eval mine/best.safetensors --data other.safetensors
refuses 1 'missing\.pkl.*No such file' predict mine/best.safetensors --data missing.pkl
refuses 2 'validation part.*no dialogue' eval mine/best.safetensors --data labelled.pkl --split valid --set data.valid_fraction=0
