# Sentences that name the cause and what to do, and lines that fit.
small_data data.safetensors
settings=("${small_model[@]}" --set data.path=data.safetensors)

# Features beyond what the arithmetic holds: the learning rate is not to blame.
pickle | sed 's/F\([0-9]\)\.25$/F\1e25/' >huge.pkl
different huge.pkl <(pickle)
for nonfinite in stop skip; do
    gives 1 train "${small_model[@]}" --set data.standardize=false --set data.path=huge.pkl --set train.nonfinite=$nonfinite --out huge-$nonfinite
    err_has 'the text features reach 3e\+25: standardise them with standardize = true'
    err_lacks 'lower learning rate'
done
gives 1 train "${settings[@]}" --set train.lr=1e30 --set train.clip=0 --set train.warmup=0 --out far
err_has 'use a lower learning rate or clipping'

# Steps, batches and epochs of one sentence count from 1.
gives 1 train "${small_model[@]}" --set data.standardize=false --set data.path=huge.pkl --out first
err_has 'step 1 \(epoch 1, batch 1 of 1\) is not finite'

# A warm-up that never ends.
gives 0 train "${settings[@]}" --set train.warmup=5000 --out warm
err_has 'the warm-up of 5000 steps is longer than the run of [0-9]+'
steps=$(sed -n 's/.*longer than the run of \([0-9]*\):.*/\1/p' .err)
gives 0 train "${settings[@]}" --set train.warmup="$steps" --out warm2
err_lacks 'longer than the run'

# Data that are not there.
refuses 1 'there is no data set .*iemocap.*\.pkl.*authors.*--set data\.path=FILE' train "$source_tree/config/iemocap.ini"
refuses 1 'there is no data set new\.pkl' predict warm/best.safetensors --data new.pkl --out p.csv

# Predictions have the format that the ending says, or none says.
for ending in csv CSV; do
    gives 0 predict warm/best.safetensors --out "p.$ending"
    head -n 1 "p.$ending" | grep -q '^dialogue,utterance,' || fail "p.$ending is no CSV"
done
for ending in jsonl ndjson json JSONL; do
    gives 0 predict warm/best.safetensors --out "p.$ending"
    head -n 1 "p.$ending" | grep -q '^{"dialogue":' || fail "p.$ending is no JSON"
done
for name in p.xlsx p.tsv p csv runs.d/p; do
    refuses 2 'ending says no format.*\.csv, or \.jsonl, \.ndjson or \.json.*--format' predict warm/best.safetensors --out $name
    absent $name
done
gives 0 predict warm/best.safetensors --out p.tsv --format csv
gives 0 predict warm/best.safetensors --out p.csv --format jsonl
head -n 1 p.csv | grep -q '^{"dialogue":' || fail "--format does not go before the ending"
gives 0 predict warm/best.safetensors --out /dev/null

# What no shell replaced, and standard input.
for arguments in 'predict warm/best.safetensors --data=~/new.pkl' 'predict ~/best.safetensors' 'synth -o~/made.safetensors' \
    'train --out=~/run' 'import data.safetensors --out=~/x' 'bench --show=~/old.json'; do
    # shellcheck disable=SC2086
    refuses 2 'begins with ~, which only a shell replaces' $arguments
done
refuses 2 'begins with ~, which only a shell replaces' train "${small_model[@]}" --set 'data.path=~/data.pkl'
refuses 2 '"-" is standard input, from which nothing is read' train "${small_model[@]}" --set data.path=-
printf '[data]\npath = ~/data.pkl\n' >home.ini
refuses 2 'home\.ini:2: .*begins with ~' train home.ini
absent '~'
for arguments in 'predict warm/best.safetensors --data -' 'eval -' 'train -' 'import - -o x.safetensors' 'bench --compare -'; do
    # shellcheck disable=SC2086
    refuses 2 '-: nothing is read from standard input' $arguments
done

# Words of options, in large and small letters.
gives 0 eval warm/best.safetensors --split TEST
refuses 2 '--split tests: it takes' eval warm/best.safetensors --split tests

# The version, however it is asked for.
gives 0 --version
mv .out version.txt
for arguments in -V version 'train -V'; do
    # shellcheck disable=SC2086
    gives 0 $arguments
    same .out version.txt
done

# Lines of many epochs fit 80 columns.
gives 0 train "${settings[@]}" --set train.epochs=100000 --set train.patience=1 --out many
grep '^epoch ' .err >epochs
narrow epochs
grep -Eq '^epoch +1  loss ' epochs || fail "no line of the first epoch"
gives 0 train "${settings[@]}" --out few
err_has '^epoch 2/2  loss '

# Names of classes are whole where they fit.
long=a_name_of_thirty_one_characters
pickle >data.pkl
gives 0 import data.pkl -o named.safetensors --classes "none,happy,$long,angry"
out_has "^ +2  $long  "
narrow .out
gives 0 train "${small_model[@]}" --set data.path=named.safetensors --set data.valid_fraction=0 --out named
out_has " *$long  +[0-9.]+"
narrow .out
gives 0 train "${small_model[@]}" --set data.path=data.pkl --set data.valid_fraction=0 --out unequal \
    --set data.classes=no,joy,considerably_frustrated,rage
out_has '^ +no +joy  considerably_frustrated +rage$'
narrow .out

# On a terminal, text is as wide as that.
if script -qec true /dev/null >/dev/null 2>&1; then
    widest() { sed 's/\x1b\[[0-9;]*[mK]//g; s/\r//g' "$1" | awk '{ if (length($0) > most) most = length($0) } END { print most + 0 }'; }
    COLUMNS=130 script -qec "'$program' tune --help" /dev/null >terminal </dev/null
    [ "$(widest terminal)" -gt 100 ] && [ "$(widest terminal)" -le 130 ] || fail "not as wide as COLUMNS: $(widest terminal)"
    script -qec "stty cols 110; '$program' tune --help" /dev/null >terminal </dev/null
    [ "$(widest terminal)" -gt 85 ] && [ "$(widest terminal)" -le 110 ] || fail "not as wide as the terminal: $(widest terminal)"
    COLUMNS=40 script -qec "'$program' predict x --format xml" /dev/null >terminal </dev/null
    [ "$(widest terminal)" -le 40 ] || fail "an error is wider than the terminal: $(widest terminal)"
    # A run that ended before an evaluation begins again with that.
    gives 0 synth --dialogues 80 --dims 12,8,6 -o long.safetensors
    gives 1 train "${settings[@]}" --set data.path=long.safetensors --set model.hidden=128 --set train.lr=1e30 \
        --set train.batch=100 --set train.micro_batch=4 --out ended
    script -qec "'$program' train --resume ended --set train.nonfinite=skip" /dev/null >terminal </dev/null
    ! grep -Eq 'epoch [0-9]+/0 |epoch 0/' terminal || fail "the evaluation is of no epoch: $(cat terminal)"
fi
COLUMNS=130 gives 0 tune --help
narrow .out
