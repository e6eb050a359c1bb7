# [train] select: what makes an epoch the best one, in every file and in a resumed run.
small_data data.safetensors
settings=("${small_model[@]}" --set data.path=data.safetensors --set train.epochs=5 --set train.lr=0.02
    --set data.standardize=true)

# best SPLIT KEY SIGN: the earliest epoch of run with the largest SIGN * KEY of that part in metrics.jsonl.
best() {
    sed -n "/\"split\": *\"$1\"/s/.*\"epoch\": *\([0-9]*\).*\"$2\": *\([-+0-9.e]*\).*/\1 \2/p" run/metrics.jsonl |
        awk -v sign="$3" 'NR == 1 || sign * $2 > most { most = sign * $2; epoch = $1 } END { print epoch }'
}

for select in weighted_f1 macro_f1 accuracy loss; do
    sign=1 words="highest ${select/_f1/ F1}"
    [ $select != loss ] || sign=-1 words='lowest loss'
    rm -rf run
    gives 0 train "${settings[@]}" --set train.select=$select --out run
    valid=$(best valid $select $sign) test=$(best test $select $sign)
    out_has "^valid +$valid "
    out_has "^test-best +$test "
    out_has "^test part at epoch $valid, which has the $words of the validation part"
    grep -q "^select = $select$" run/config.ini || fail "config.ini does not say select = $select"
    grep -q "\"select\": \"$select\"" run/summary.json || fail "summary.json does not say select = $select"
    gives 0 inspect run/best.safetensors
    out_has "after epoch $valid, selection valid"
    gives 0 inspect run/last.safetensors
    out_has "^ *valid +epoch $valid, $words"
    gives 0 eval run/best.safetensors
    out_has "selection valid \($words\)"
done

# The last run of the loop selects by loss: resumed it still does, and by nothing else.
refuses 2 'selects its best epoch by loss, and now it is accuracy' train --resume run --set train.select=accuracy
gives 0 train --resume run --set train.epochs=7
out_has "^valid +$(best valid loss -1) "
grep -q '"select": "loss"' run/summary.json || fail "a resumed run forgot what it selects by"
mv run whole
gives 0 train "${settings[@]}" --set train.select=loss --set train.epochs=7 --out run
same run/best.safetensors whole/best.safetensors
refuses 2 'weighted_f1, macro_f1, accuracy or loss' train "${settings[@]}" --set train.select=f1 --out no
