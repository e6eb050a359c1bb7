# Whether or not host and device share memory, a run leaves the same bytes; a layer says which it is.
[ -e "${SAFSD_TEST_LAYER:-}" ] || skip "there is no OpenCL layer"
export OPENCL_LAYERS=$SAFSD_TEST_LAYER SAFSD_LAYER_REPORT=$PWD/report
small_data data.safetensors
for unified in 1 0; do
    export SAFSD_LAYER_UNIFIED=$unified
    gives 0 devices --json
    out_has "\"unified_memory\": $([ $unified = 1 ] && echo true || echo false)"
    gives 0 --quiet train "${small_model[@]}" --set data.path=data.safetensors --set loss.saf_form=published \
        --set train.micro_batch=1 --set train.log_steps=true --set train.epochs=3 --out run$unified
    gives 0 predict run$unified/best.safetensors --data data.safetensors --out again$unified.csv
    gives 0 --quiet train "${small_model[@]}" --set data.path=data.safetensors --set train.log_steps=true --out plain$unified
    grep -q ' live 0 ' report || fail "OpenCL objects are left: $(cat report)"
done
for file in last.safetensors best.safetensors steps.jsonl predictions.csv; do
    same run0/$file run1/$file
    same plain0/$file plain1/$file
done
same again0.csv again1.csv
