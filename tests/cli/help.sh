# Every command explains itself with an example, within 80 columns.
gives 0 --help
narrow .out
commands=$(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' .out)
for command in devices verify import inspect synth train eval predict; do
    grep -qx "$command" <<<"$commands" || fail "the help does not list $command"
done
for command in $commands; do
    gives 0 "$command" --help
    narrow .out
    out_has "^usage: safsd-cl $command "
    out_has '^example:'
    out_has "^  safsd-cl .*$command"
    [ ! -s .err ] || fail "$command --help writes to stderr"
done
gives 0 --help train
out_has '^usage: safsd-cl train '
gives 0 train -h
out_has '^usage: safsd-cl train '
gives 0 help train
out_has '^usage: safsd-cl train '
gives 0 --help
mv .out help.txt
gives 0 help
same help.txt .out
refuses 2 'did you mean train' help trian
gives 0 train --help-keys
narrow .out
for key in experiment.name data.path model.hidden loss.gamma train.epochs runtime.device; do
    sed -n "/^\[${key%.*}\]/,/^\[/p" .out | grep -Eq "^  ${key#*.}( |$)" || fail "--help-keys lacks $key"
done

# Without a command the help goes to stderr, and the status says so.
gives 2
err_has '^usage: '
[ ! -s .out ] || fail "help on stdout although nothing was asked"

gives 0 --version
out_has '^safsd-cl [0-9]+\.[0-9]+\.[0-9]+$'
