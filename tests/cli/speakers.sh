# Speakers take the places that their names have in the checkpoint.

# spoken NAMES...: a pickle whose utterances, of a, b and c in this order, are spoken by these.
spoken() { pickle | awk -v names="$*" 'BEGIN { split(names, name, " ") } /^S.M.$/ || /S.M.$/ { sub(/M/, name[++n]) } { print }'; }
# Training dialogues b, a instead of a, b: others speak first.
b_first() { awk '{ line[NR] = $0 } END { sub(/a/, "b", line[NR - 3]); sub(/b/, "a", line[NR - 2]); for (i = 1; i <= NR; ++i) print line[i] }'; }
# predicted ARGUMENTS...: predictions of all dialogues without the column of speakers, in the order of their ids.
predicted() { gives 0 predict run/best.safetensors --split all "$@" && cut -d, -f1-2,4- .out | sort; }

spoken Alice Bob Alice Bob Bob Alice Bob >data.pkl
spoken Alice Bob Alice Bob Bob Alice Bob | b_first >other.pkl
different data.pkl other.pkl
gives 0 train "${small_model[@]}" --set data.path=data.pkl --out run
predicted --data data.pkl >right.csv
[ "$(wc -l <right.csv)" -eq 8 ] || fail "not seven predictions"

# Who speaks first is another, in a pickle and in a container that lists the names in another order.
predicted --data other.pkl >by_name.csv
same right.csv by_name.csv
err_lacks 'speaker'
gives 0 import other.pkl -o other.safetensors
gives 0 inspect other.safetensors
out_has '2 speakers: Bob, Alice'
predicted --data other.safetensors >by_name.csv
same right.csv by_name.csv
gives 0 eval run/best.safetensors --data data.pkl --split all --json
sed -n '/"confusion"/,/^  ]/p' .out >right.json
exists right.json
gives 0 eval run/best.safetensors --data other.pkl --split all --json
same right.json <(sed -n '/"confusion"/,/^  ]/p' .out)

# Strangers are refused by name, wherever data are scored, but only where they speak.
spoken Alice Bob Alice Bob Bob Carol Dave >strangers.pkl
refuses 2 "run/best\.safetensors does not know 2 speakers of the data set: 'Carol', 'Dave'; .*unknown_speakers" \
    predict run/best.safetensors --data strangers.pkl
refuses 2 "'Carol', 'Dave'" eval run/best.safetensors --data strangers.pkl
refuses 2 "'Carol', 'Dave'" predict run/best.safetensors --data strangers.pkl --out predictions.csv
absent predictions.csv
gives 0 eval run/best.safetensors --data strangers.pkl --split train

# By position the first of them takes the first place, and so on round; it is said.
predicted --data strangers.pkl --set data.unknown_speakers=position >by_position.csv
same right.csv by_position.csv
err_has "warning: 2 speakers .*'Carol' as 'Alice', 'Dave' as 'Bob'"
spoken Carol Dave Carol Dave Dave Eve Dave >strangers.pkl
predicted --data strangers.pkl --set data.unknown_speakers=position >by_position.csv
same right.csv by_position.csv
err_has "'Eve' as 'Alice'"
sed 's/^unknown_speakers = .*/unknown_speakers = position/' run/config.ini >position.ini
predicted --config position.ini --data strangers.pkl >by_position.csv
same right.csv by_position.csv

# With padding nothing stands for them: it does not matter who they are, and it is not what anybody else gets.
predicted --data strangers.pkl --set data.unknown_speakers=padding >padding.csv
err_has "3 speakers .*no embedding: 'Carol', 'Dave', 'Eve'"
different right.csv padding.csv
spoken Xu Xu Yi Yi Xu Zoe Zoe >strangers.pkl
predicted --data strangers.pkl --set data.unknown_speakers=padding >other_padding.csv
same padding.csv other_padding.csv
spoken Alice Alice Alice Alice Alice Alice Alice >one.pkl
predicted --data one.pkl >one.csv
different padding.csv one.csv
refuses 2 'unknown_speakers.*refuse, padding or position' eval run/best.safetensors --set data.unknown_speakers=guess

# Numbers stand for names, which is said; M and F have names, and are nobody here.
numbered() { sed "s/S'Alice'/I0/; s/S'Bob'/I1/; s/S'M'/I0/; s/S'F'/I1/"; }
spoken Alice Bob Alice Bob Bob Alice Bob | numbered >numbered.pkl
predicted --data numbered.pkl >by_number.csv
same right.csv by_number.csv
err_has "numbers its speakers, but run/best\.safetensors knows names: speaker 0 is taken for 'Alice'"
spoken M F M F F M F >m_and_f.pkl
refuses 2 "does not know 2 speakers .*: 'M', 'F'" predict run/best.safetensors --data m_and_f.pkl --split all

# A run resumes with the names that it began with.
cp -r run again
spoken Ann Bob Ann Bob Bob Ann Bob >renamed.pkl
refuses 2 "trained with 'Alice' as speaker 0, and the data now call it 'Ann'" \
    train --resume again --set train.epochs=3 --set data.path=renamed.pkl
refuses 2 "as class 3, and the data now call it 'angry'" \
    train --resume again --set train.epochs=3 --set data.path=data.pkl --set data.classes=0,1,2,angry
gives 0 train --resume again --set train.epochs=3

# M and F, and numbers, are the same two speakers of a checkpoint that has them, and of weights without names.
gives 0 train "${small_model[@]}" --set data.path=m_and_f.pkl --set data.standardize=false --out run2
mv run2/best.safetensors run/best.safetensors && mv run2/config.ini run/config.ini
predicted --data m_and_f.pkl >right.csv
spoken M F M F F M F | b_first >m_and_f_other.pkl
predicted --data m_and_f_other.pkl >by_name.csv
same right.csv by_name.csv
spoken M F M F F M F | numbered >numbered.pkl
predicted --data numbered.pkl >by_number.csv
same right.csv by_number.csv
err_lacks 'speaker'
LC_ALL=C sed -i 's/safsd-checkpoint-1/someone-else-saved/; s/"checksum"/"checksux"/' run/best.safetensors
for data in m_and_f m_and_f_other numbered; do
    predicted --config run/config.ini --data $data.pkl >published.csv
    same right.csv published.csv
done
refuses 2 "does not know 2 speakers .*: 'Alice', 'Bob'" \
    predict run/best.safetensors --config run/config.ini --data data.pkl --split all
