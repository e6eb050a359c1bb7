# The manual page and the completions hold what the help holds, words of options are those that commands take, and bash
# completes as a user would see it.
gives 0 --help
commands=$(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' .out)
gives 0 help --man
mv .out page.1
plain=$(sed 's/\\f[BIR]//g; s/\\-/-/g' page.1)
[ "$(sed -n 's/^\.TH [^ ]* 1 [0-9-]* "safsd-cl \(.*\)" .*/\1/p' page.1)" = "$("$program" --version | cut -d' ' -f2)" ] ||
    fail "the manual page has another version"
for command in $commands; do
    section=$(sed -n "/^\.SS $command\$/,/^\.S[SH] /p" <<<"$plain")
    [ -n "$section" ] || fail "the manual page has no $command"
    gives 0 "$command" --help
    sed -n '/^options:/,/^options of every/s/^  \(-[a-zA-Z], \)\{0,1\}\(--[a-z-]*\).*/\2/p' .out >options
    while read -r option; do
        grep -Eq -- "^(-., )?$option( |\$)" <<<"$section" || fail "the manual page has no $option of $command"
    done <options
done
for option in --device --program --verbose --quiet --help --version; do
    sed -n '/^\.SH OPTIONS/,/^\.SH COMMANDS/p' <<<"$plain" | grep -q -- "$option" || fail "the manual page has no $option"
done
for status in 0 1 2 3 4 130; do
    sed -n '/^\.SH EXIT STATUS/,/^\.SH ENV/p' <<<"$plain" | grep -qx "$status" || fail "the manual page has no status $status"
done
if command -v mandoc >/dev/null; then
    mandoc -Tlint -W warning page.1 >said || fail "mandoc: $(cat said)"
fi
if command -v man >/dev/null && [ -x /usr/bin/groff ]; then
    [ -z "$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z page.1 2>&1 >/dev/null)" ] || fail "man warns"
fi

# Words between bars are those that the command takes, and no others.
declare -A needed=([eval]=x.safetensors [predict]=x.safetensors [bench]="" [synth]='-o made.safetensors' [kernels]='--export made')
choices=0
for command in $commands; do
    while read -r option words; do
        choices=$((choices + 1))
        # shellcheck disable=SC2086
        refuses 2 "$option" "$command" ${needed[$command]} "$option" neither
        taken=$(sed -n 's/.*it takes //p' .err | tail -n 1 | sed 's/,/ /g; s/ or / /g' | xargs)
        [ "$taken" = "${words//|/ }" ] || fail "$command $option takes $taken, the help says $words"
    done < <("$program" "$command" --help | sed -nE 's/^  (--[a-z-]+) ([a-z0-9]+(\|[a-z0-9]+)+)( .*)?$/\1 \2/p')
done
[ "$choices" -ge 7 ] || fail "only $choices options take one of several words"

# completes EXPECTED WORD...: the last word is the one before the cursor; names that are offered, sorted, with commas.
mkdir "Große Läufe" && touch "Große Läufe/best.safetensors" "Größe 1.ini"
gives 0 help --completion bash
mv .out completion
bash -n completion || fail "bash does not read its completion"
completes() {
    local expected=$1 got
    shift
    # shellcheck disable=SC2016
    got=$(bash --norc -c '. ./completion; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _safsd_cl; printf "%s\n" "${COMPREPLY[@]}"' \
        bash safsd-cl "$@" | LC_ALL=C sort | paste -sd,)
    [ "$got" = "$expected" ] || fail "completion of \"$*\" is \"$got\", not \"$expected\""
}
completes 'train,tune' t
completes 'eval' --device 0 e
completes '--profile,--program' train --pro
completes '--verbose,--version' --ver
completes 'test' eval x.safetensors --split te
completes 'test' eval x.safetensors --split = te
completes 'all,test,train,valid' eval --split ''
completes 'iemocap' bench --shape i
completes 'accelerator,auto' --device a
completes 'model.gcn_eval=,model.gcn_layers=,model.gcn_mask=' train --set model.gcn
completes 'Große Läufe,Größe 1.ini' train Gr
completes 'Große Läufe' train --out Gr
completes 'Große Läufe/best.safetensors' predict 'Große Läufe/'
completes '' bench --hidden ''
for command in $commands; do completes "$command" "$command"; done

for shell in zsh fish; do
    gives 0 help --completion $shell
    mv .out completion.$shell
    for command in $commands; do grep -q "$command" completion.$shell || fail "the completion of $shell has no $command"; done
    ! command -v $shell >/dev/null || $shell -n completion.$shell || fail "$shell does not read its completion"
done
if command -v fish >/dev/null; then
    offered() { HOME=$PWD fish --no-config -c "source completion.fish; complete -C '$1'" | cut -f1 | LC_ALL=C sort | paste -sd,; }
    [ "$(offered 'safsd-cl tr')" = train ] || fail "fish: $(offered 'safsd-cl tr')"
    [ "$(offered 'safsd-cl bench --shape ')" = iemocap,longest,meld ] || fail "fish: $(offered 'safsd-cl bench --shape ')"
fi
refuses 2 'bash, zsh or fish' help --completion tcsh
refuses 2 'bash, zsh or fish' help --completion
refuses 2 'bash, zsh or fish' help --woman
