# What tune finds is stored, named, used, and decides the bytes of a run only where it says so.
printf '[data]\nformat = synth\nsynth_dialogues = 12\n[model]\nhidden = 32\nheads = 2\n[train]\nbatch = 4\n' >small.ini
export POCL_CACHE_DIR=${POCL_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-$PWD}/.cache}/pocl/kcache}
unset XDG_CACHE_HOME
export HOME="$PWD/my home"
folder="$HOME/.cache/safsd-cl/tuning"
small_data data.safetensors
settings=("${small_model[@]}" --set data.path=data.safetensors --verbose)

refuses 2 'budget 0: it takes a number of seconds' tune --budget 0
refuses 2 'budget soon: it takes a number of seconds' tune --budget soon
refuses 2 'missing\.ini' tune --config missing.ini
gives 0 train "${settings[@]}" --out before
err_has 'matrix products: [a-z]+, (by the fixed rule|as tuned; tuning: shipped)'

gives 0 tune --config small.ini --budget 1
grep -v "^stored in" .out >table
narrow table
out_has '^GFLOP/s +step +x W'
out_has '^(panel|clblast) +[0-9]+\.[0-9]( +[0-9.]+){3} \*$'
out_has '^([0-9]+ % faster than untuned|tuning gains nothing here: untuned is as fast)$'
out_has '^stored in .*/my home/\.cache/safsd-cl/tuning/.*\.ini$'
err_has 'measuring products that are [0-9]+ % of the work'
file=$(find "$folder" -type f)
[ "$(wc -l <<<"$file")" -eq 1 ] || fail "not one file: $file"
grep -Eq '^gemm = (panel|clblast)$' "$file" || fail "no provider in $file"
stored=$(sed -n 's/^gemm = //p' "$file")

gives 0 devices
out_has 'tuning stored'
gives 0 devices --json
out_has '"tuning": "stored"'

# The next training takes it, and takes it again.
gives 0 train "${settings[@]}" --out one
err_has "matrix products: $stored, as tuned; tuning: stored"
gives 0 train "${settings[@]}" --out two
same one/last.safetensors two/last.safetensors
gives 0 train "${settings[@]}" --set runtime.gemm=panel --out asked
err_has 'matrix products: panel, as was asked for'

# Tiles of other heights change no number.
sed -i -e '/^panel\.rows/d' -e '$a panel.rows = 4' "$file"
gives 0 train "${settings[@]}" --set runtime.gemm=panel --out rows
same asked/best.safetensors rows/best.safetensors

# Parameters of CLBlast do, so a run keeps those that it began with.
gives 0 selftest --short --gemm panel
sed -i -e '/^clblast/d' -e 's/^gemm = .*/gemm = clblast/' -e '$a clblast.GemmRoutine.XGEMM_MIN_INDIRECT_SIZE = 1' "$file"
gives 0 train "${settings[@]}" --set train.epochs=3 --out whole
err_has 'matrix products: clblast, as tuned; tuning: stored'
err_has 'parameters of matrix products: GemmRoutine\.XGEMM_MIN_INDIRECT_SIZE=1$'
gives 0 train "${settings[@]}" --out part
mv "$file" aside
gives 0 train --resume part --set train.epochs=3 --verbose
err_has 'matrix products: clblast, as was asked for'
err_has 'parameters of matrix products: GemmRoutine\.XGEMM_MIN_INDIRECT_SIZE=1$'
same whole/last.safetensors part/last.safetensors

# A damaged or foreign file is left out, with one notice; what CLBlast does not know, too.
sed 's/^gemm = clblast/gemm = abacus/' aside >"$file"
gives 0 train "${settings[@]}" --out damaged
[ "$(grep -c 'continuing without it' .err)" -eq 1 ] || fail "not one notice"
err_has "$(basename "$file"):[0-9]+: this value is not valid for that key"
err_has 'matrix products: [a-z]+, (by the fixed rule|as tuned; tuning: shipped)'
sed 's/^driver = .*/driver = another/' aside >"$file"
gives 0 train "${settings[@]}" --out foreign
err_has 'is the tuning of another device.*continuing without it'
same before/last.safetensors foreign/last.safetensors
# A driver that was tuned before it changed: what that gained is said, where nothing else is known of the new one.
rm "$file"
sed -e '/^gain/d' -e 's/^driver = .*/driver = older/' -e '$a gain = 12' aside >"$folder/older.ini"
gives 0 train "${settings[@]}" --out older
if grep -q 'by the fixed rule' .err; then
    err_has 'not tuned for this driver.*made matrix products 12 % faster with driver older'
else
    err_lacks 'not tuned for this driver'
fi
rm "$folder/older.ini"
sed 's/XGEMM_MIN_INDIRECT_SIZE/XGEMM_MOOD/' aside >"$file"
gives 0 train "${settings[@]}" --out unknown
err_has 'the tuning of GemmRoutine does not fit this CLBlast'
err_lacks 'parameters of matrix products'

# Without a folder there is a result all the same; where it cannot be written, a sentence.
env -u HOME "$program" tune --config small.ini --budget 1 >.out 2>.err || fail "tune without HOME"
out_has '^not stored: neither XDG_CACHE_HOME nor HOME names a folder'
: >plain
XDG_CACHE_HOME=$PWD/plain refuses 1 'the tuning is not stored: .*cannot be written' tune --config small.ini --budget 1

# Where no provider can be used: what was tried of each, whatever the budget, and why nothing came of it. The own kernels
# give wrong results here, and groups of one are too small for CLBlast.
if [ -e "${SAFSD_TEST_LAYER:-}" ]; then
    mkdir wrong
    cp "$SAFSD_TEST_SOURCE"/cl/gemm_panel.cl wrong
    sed -i 's/fma(\(.*\), \(.*\), \(.*\));/fma(\1, -\2, \3);/' wrong/gemm_panel.cl
    different wrong/gemm_panel.cl "$SAFSD_TEST_SOURCE/cl/gemm_panel.cl"
    SAFSD_CL_KERNELS=$PWD/wrong OPENCL_LAYERS=$SAFSD_TEST_LAYER SAFSD_LAYER_GROUP=1 \
        refuses 4 'no provider .*; panel gives wrong results: row .* differs .*; clblast does not work: .*CL' \
        tune --config small.ini --budget 1
fi

# Ctrl-C keeps what was found.
rm -r "$folder"
"$program" tune --config small.ini --budget 200 >.out 2>.err &
pid=$!
waited=0
until grep -q 'measuring products' .err; do
    sleep 0.05
    [ $((waited += 1)) -lt 1200 ] || fail "tune did not begin in a minute"
done
sleep 1
kill -INT $pid
got=0
wait $pid || got=$?
[ "$got" -eq 130 ] || fail "exit status $got instead of 130 after Ctrl-C"
err_has '^safsd-cl: interrupted'
if grep -q '^stored in ' .out; then exists "$folder"/*.ini; fi
