# The Python of README makes a data set that the program reads and trains on.
for candidate in python3 /usr/bin/python3; do
    command -v $candidate >/dev/null && $candidate -c 'import numpy' 2>/dev/null && python=$candidate && break
done
[ -n "${python:-}" ] || skip "no Python with NumPy is installed (package python3-numpy)"
sed -n '/^```python$/,/^```$/p' "$SAFSD_TEST_SOURCE/README.md" | sed '/^```/d' >own.py
[ "$(grep -c . own.py)" -ge 10 ] || fail "README has no Python that makes data"
"$python" own.py || fail "the Python of README does not run"
gives 0 inspect own.pkl
out_has '3 dialogues, 6 utterances, 2 classes'
out_has 'fields: utterance ids, speakers, labels, text, audio, visual, sentences,'
gives 0 train --set data.path=own.pkl --set data.format=auto --set model.hidden=16 --set model.graph_hidden=16 \
    --set model.ffn=16 --set model.heads=2 --set train.epochs=1 --out run
[ "$(wc -l <run/predictions.csv)" -eq 3 ] || fail "predictions.csv does not have the two utterances of the test part"
grep -q '^third,third_0,Anna,' run/predictions.csv || fail "predictions.csv has other ids"
