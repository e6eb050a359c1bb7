# Known answers, on a device that computes right and on one that does not.
gives 0 selftest
out_has '^ok +[0-9]+ tensors, [0-9]+ kernels \([a-z]+\): worst 0\.[0-9]+ \([a-z_]+: [a-z_]+\)$'
[ "$(wc -l <.out)" -eq 1 ] || fail "not one line"
full=$(grep -oE '[0-9]+ tensors' .out)
gives 0 selftest --full
out_has "^ok +$full"
gives 0 --verbose selftest --short
for tensor in 'layernorm: dgain' 'gcn: dx' 'attention: dk' 'gemm: c' 'losses: dlogits' 'optimizer: p'; do
    out_has "^ +[0-9.e-]+ of [0-9e+-]+  $tensor, case 1\$"
done
out_has '^ +the same bits  mask: graph, case 1$'
narrow .out
refuses 2 '--short.*--full' selftest --short --full
refuses 2 'nobody' selftest --gemm nobody
refuses 3 'no such device' --device 'no such device' selftest

# GELU with another sign: found, named, and no training starts.
mkdir wrong
sed 's|x / (1.0f + exp(-two_a))|x / (1.0f + exp(two_a))|' "$SAFSD_TEST_SOURCE/cl/gelu.cl" >wrong/gelu.cl
different wrong/gelu.cl "$SAFSD_TEST_SOURCE/cl/gelu.cl"
export SAFSD_CL_KERNELS=$PWD/wrong
refuses 4 'computes wrongly: kernel gelu_forward deviates by [0-9.e+-]+, limit [0-9e-]+' selftest --short
out_has '^ MISS .* gelu: h, case 1$'
out_has '^MISS .* 1 beyond their limit'
small_data data.safetensors
refuses 4 'kernel gelu_forward.*--force' train "${small_model[@]}" --set data.path=data.safetensors --out refused
absent refused
gives 0 train "${small_model[@]}" --set data.path=data.safetensors --out forced --force
err_has 'kernel gelu_forward deviates.*training all the same'
exists forced/last.safetensors
unset SAFSD_CL_KERNELS
