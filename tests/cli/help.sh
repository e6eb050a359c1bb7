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
    sed -n "/^\[${key%.*}\]/,/^\[/p" .out | grep -Eq "^  ${key#*.}( |$)" || fail "$key is missing from --help-keys"
done

# Without a command the help goes to stderr, and the status says so.
gives 2
err_has '^usage: '
[ ! -s .out ] || fail "help on stdout although nothing was asked"

gives 0 --version
out_has '^safsd-cl [0-9]+\.[0-9]+\.[0-9]+$'

# What a help text names exists: commands in backticks and in examples, and options, its own or those of a command that
# stands before them.
options_of() { "$program" "$1" --help | sed -n 's/^  \(-[a-zA-Z], \)\{0,1\}\(--[a-z-]*\).*/\2/p'; }
exists_command() { grep -qx "$1" <<<"$commands" || fail "$2 names a command $1, which does not exist"; }
for command in $commands; do
    "$program" "$command" --help >text
    own=$(options_of "$command")
    for named in $(grep -o '`safsd-cl [a-z]*' text | cut -d' ' -f2) $(grep -Eo '(command|commands) `[a-z]+`' text | grep -o '`[a-z]*' | tr -d '`'); do
        exists_command "$named" "the help of $command"
    done
    # The text as one line of words, without the table of options; "COMMAND --option" belongs to that command.
    sed '/^options/,$d' text | tr -s ' \n\t' '   ' | tr -d '`,;:()[]' | tr ' ' '\n' >words
    before=
    while read -r word; do
        case $word in
        --[a-z]*)
            option=${word%%=*}
            option=${option%.}
            if grep -qx -- "$before" <<<"$commands" && [ "$before" != "$command" ]; then
                grep -qx -- "$option" <<<"$(options_of "$before")" || fail "$command --help: $before has no $option"
            else
                grep -qx -- "$option" <<<"$own" || fail "$command --help promises $option, which $command does not have"
            fi
            ;;
        esac
        before=$word
    done <words
    # Examples: every line that begins with the program has a command of it, and that command's options.
    sed -n '/^example:/,$p' text | sed -n 's/^  safsd-cl //p' | while read -r line; do
        used=
        for word in $line; do [ -n "$used" ] || ! grep -qx -- "$word" <<<"$commands" || used=$word; done
        [ -n "$used" ] || fail "an example of $command has no command: $line"
        for word in $line; do
            case $word in
            --[a-z]*) grep -qx -- "${word%%=*}" <<<"$(options_of "$used")" || fail "$used has no $word: $line" ;;
            esac
        done
    done || exit 1
    # Options in the descriptions of options.
    for option in $(sed -n '/^options:/,/^example:/p' text | grep -Eo '(^|[ (])--[a-z-]+' | tr -d ' (' | sort -u); do
        grep -qx -- "$option" <<<"$own" || fail "the options of $command name $option, which it does not have"
    done
done
for text in <("$program" train --help-keys) "$source_tree/config/reference.ini" "$source_tree/README.md"; do
    for named in $(cat "$text" | tr '\n' ' ' | grep -Eo 'commands? `[a-z]+`' | grep -o '`[a-z]*' | tr -d '`'); do
        exists_command "$named" "$text"
    done
done
gives 0 bench --help
out_has '\[--only gemm\|kernels\|step\|start\]'
