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
out_has '^ +the same bits  dropout_mask: graph, case 1$'
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

# A device that ends loops early: one sentence says so, and no training starts. Then one that is right for the small
# products of the self-test alone: found before the first step.
mkdir early shallow
sed 's/turn < turns/turn < min(turns, 65535u)/' "$SAFSD_TEST_SOURCE/cl/long_loop.cl" >early/long_loop.cl
sed 's/slice < k; ++slice, a += GEMM_MR, b/slice < min(k, 40u); ++slice, a += GEMM_MR, b/
    s/slice + GEMM_SLICES <= k/slice + GEMM_SLICES <= min(k, 40u)/' \
    "$SAFSD_TEST_SOURCE/cl/gemm_panel.cl" >shallow/gemm_panel.cl
different early/long_loop.cl "$SAFSD_TEST_SOURCE/cl/long_loop.cl"
different shallow/gemm_panel.cl "$SAFSD_TEST_SOURCE/cl/gemm_panel.cl"
export SAFSD_CL_KERNELS=$PWD/early
refuses 4 'computes wrongly: the device, or its driver, ends the loops of a work-item early' selftest --short
refuses 4 'ends the loops of a work-item early.*--force' train "${small_model[@]}" --set data.path=data.safetensors --out refused
absent refused
export SAFSD_CL_KERNELS=$PWD/shallow
gives 0 selftest --short --gemm panel
large_model=("${small_model[@]}" --set data.path=data.safetensors --set runtime.gemm=panel --set model.hidden=64)
refuses 4 'computes the largest matrix product of this run wrongly: element .* instead of .*--force' train "${large_model[@]}" --out refused
absent refused
gives 0 train "${large_model[@]}" --out shallow_forced --force
err_has 'largest matrix product.*training all the same'
unset SAFSD_CL_KERNELS
