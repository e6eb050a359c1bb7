# Golden cases: those that hold, and copies that were tampered with.
gives 0 verify "$golden/eval.safetensors" "$golden/plain.safetensors"
out_has '^ok    .*eval\.safetensors: [0-9]+ tensors'
out_has '^ok    .*plain\.safetensors: [0-9]+ tensors'
[ "$(wc -l <.out)" -eq 2 ] || fail "not one line per file"
gives 0 --verbose verify "$golden/plain.safetensors"
grep -v '^ok ' .out >tensors
narrow tensors
for tensor in logits fused.t gcn losses grad/smax_fc.weight param/smax_fc.weight history; do
    grep -Eq "^ +[0-9.e+-]+ of [0-9e-]+  $tensor\$" tensors || fail "no line for $tensor"
done

# place FILE TENSOR: where the data of a tensor begin.
place() {
    local header
    header=$(od -An -t u8 -N 8 "$1" | tr -d ' ')
    echo $((8 + header + $(head -c $((8 + header)) "$1" | tail -c "$header" |
        sed -E "s|.*\"$2\" *: *\\{[^}]*\"data_offsets\" *: *\\[([0-9]+).*|\\1|")))
}
# patch FILE TENSOR BYTES: overwrites the first bytes of a tensor.
patch() { printf '%b' "$3" | dd of="$1" bs=1 seek="$(place "$1" "$2")" conv=notrunc status=none; }

cp "$golden/eval.safetensors" nan.safetensors
patch nan.safetensors expect/logits '\000\000\300\177'
refuses 4 'nan\.safetensors.*logits' verify nan.safetensors
out_has '^MISS  nan\.safetensors: 1 of [0-9]+ tensors, the worst of them not finite \(logits\)$'
gives 4 --verbose verify nan.safetensors
out_has '^ MISS +not finite  logits$'

# The first logit becomes 1.5: wrong by far more than the limit.
cp "$golden/eval.safetensors" moved.safetensors
patch moved.safetensors expect/logits '\000\000\300\077'
refuses 4 'moved\.safetensors.*logits' verify moved.safetensors

# A gradient becomes 1.5.
cp "$golden/plain.safetensors" gradient.safetensors
patch gradient.safetensors expect/grad/smax_fc.bias '\000\000\300\077'
refuses 4 'gradient\.safetensors.*grad/smax_fc\.bias' verify gradient.safetensors

# Another name of the same length: the tensor is lacking.
LC_ALL=C sed 's|"expect/logits"|"expect/logitz"|' "$golden/eval.safetensors" >lacking.safetensors
refuses 4 'lacking\.safetensors.*logits' verify lacking.safetensors

# Several files: every one gets its line, the status is that of the first failure.
refuses 4 '2 of 3 golden cases failed, the first: .*nan\.safetensors' verify nan.safetensors "$golden/eval.safetensors" moved.safetensors
[ "$(wc -l <.out)" -eq 3 ] || fail "not one line per file"
out_has '^ok    .*eval'

head -c 1000 "$golden/eval.safetensors" >cut.safetensors
refuses 1 'cut\.safetensors' verify cut.safetensors
refuses 1 'missing\.safetensors.*No such file' verify missing.safetensors
