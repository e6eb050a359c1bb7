# No command writes over what it reads: not by the same name, not through links, not by standard output.
small_data data.safetensors
pickle >data.pkl
gives 0 train "${small_model[@]}" --set data.path=data.safetensors --out run
cp run/best.safetensors kept.safetensors
cp data.safetensors kept-data.safetensors

# keeps FILE KEPT PATTERN ARGUMENTS...: refused at once with a sentence that has the pattern, and FILE stays as it is.
keeps() {
    local file=$1 kept=$2 pattern=$3
    shift 3
    refuses 2 "$pattern" "$@"
    same "$file" "$kept"
}

weights=run/best.safetensors
ln "$weights" hard
ln -s "$weights" soft
ln -s soft softer
ln -s run folder
mkdir elsewhere
for out in "$weights" ./run/../run/best.safetensors "$PWD/$weights" folder/best.safetensors hard soft softer; do
    keeps "$weights" kept.safetensors 'best\.safetensors' predict --format csv "$weights" --out "$out"
done
keeps "$weights" kept.safetensors 'soft is the file to read as well' predict --format csv soft --out=soft
keeps "$weights" kept.safetensors 'hard' predict --format csv soft --out hard
[ -h soft ] || fail "the link was replaced"
keeps data.safetensors kept-data.safetensors '--data reads' predict --format csv "$weights" --data ./data.safetensors --out data.safetensors
keeps data.safetensors kept-data.safetensors '\[data\] path reads' predict --format csv "$weights" --out data.safetensors
cp run/config.ini kept.ini
keeps run/config.ini kept.ini 'config\.ini' predict --format csv "$weights" --out run/config.ini
keeps run/config.ini kept.ini 'config\.ini' predict --format csv "$weights" --config run/config.ini --out run/config.ini
cp "$weights" moved.safetensors
cp run/config.ini other.ini
keeps other.ini kept.ini 'other\.ini' predict --format csv moved.safetensors --config other.ini -oother.ini

pickle >kept.pkl
ln data.pkl hard.pkl
ln -s data.pkl soft.pkl
for out in data.pkl ./data.pkl hard.pkl soft.pkl; do
    keeps data.pkl kept.pkl 'name another with --out' import data.pkl -o "$out"
    keeps data.pkl kept.pkl 'name another with --out' import soft.pkl -o "$out"
done

printf '{"devices": []}\n' >old.json
cp old.json kept.json
keeps old.json kept.json '--html' bench --show old.json --html old.json
keeps old.json kept.json '--html' bench --compare old.json --html ./old.json

# Standard output appended to what is read.
got=0
"$program" eval "$weights" >>"$weights" 2>.err || got=$?
: >.out
[ "$got" -eq 2 ] || fail "exit status $got of output into the checkpoint"
err_has 'standard output goes into run/best\.safetensors'
same "$weights" kept.safetensors

# Folders that are written into.
mkdir cl
cp "$source_tree"/cl/*.cl "$source_tree"/cl/*.clh cl
SAFSD_CL_KERNELS=cl refuses 2 'SAFSD_CL_KERNELS reads cl' kernels --export cl
SAFSD_CL_KERNELS=cl refuses 2 'SAFSD_CL_KERNELS reads cl' kernels --export ./cl/
SAFSD_CL_KERNELS=cl refuses 2 'lies in cl, which SAFSD_CL_KERNELS reads' predict "$weights" --format csv --out cl/attention.cl
refuses 2 'lies in cl, which --program reads' --program cl predict "$weights" --format csv --out ./cl/attention.cl
same cl/attention.cl "$source_tree/cl/attention.cl"
SAFSD_CL_KERNELS=cl gives 0 kernels --export .
[ "$(ls cl)" = "$(ls "$source_tree/cl")" ] || fail "something was written into the folder of the kernels"
mkdir begun
cp data.safetensors begun/best.safetensors.7.part
keeps begun/best.safetensors.7.part data.safetensors 'lies in begun' train "${small_model[@]}" \
    --set data.path=begun/best.safetensors.7.part --out begun
ln -s begun/best.safetensors.7.part far.safetensors
keeps begun/best.safetensors.7.part data.safetensors 'lies in begun' train "${small_model[@]}" \
    --set data.path=far.safetensors --out begun
refuses 2 'lies in run, where --out writes' train run/config.ini --out run

# A resumed run with its data among its files.
cp data.safetensors run/trace.json
keeps run/trace.json data.safetensors 'trace.json is the (same file|file to read).*with --resume' train --resume run --set data.path=run/trace.json
rm run/trace.json

# Everything else may be replaced.
gives 0 predict "$weights" --out p.csv
cp p.csv first.csv
gives 0 predict "$weights" --out p.csv
same p.csv first.csv
gives 0 predict "$weights" --data data.safetensors --out /dev/null
gives 0 import data.pkl -o elsewhere/data.safetensors
gives 0 import data.pkl -o elsewhere/data.safetensors
same "$weights" kept.safetensors
leftovers=$(find . -name '*.part*' ! -path './begun/*')
[ -z "$leftovers" ] || fail "half-written files: $leftovers"
