#!/usr/bin/env bash
# What the sources cite is there: sections of docs/model.md, written "docs/model.md 3", "... 2 to 6" or "... 7, 8, 10", and
# files of docs/. The specification has one name.
. "$(dirname "$0")/common.sh" "$@"

sources=()
for part in base usage runtime data model config engine api include python examples reference bench app cl cmake docs tests scripts *.md \
    CMakeLists.txt; do
    [ ! -e "$part" ] || sources+=("$part")
done
sections=" $(sed -nE 's/^## ([0-9]+)\. .*/\1/p' docs/model.md | tr '\n' ' ')"
# found PATTERN: every match in the sources, as file:line:match.
found() { grep -rnoIE "$1" "${sources[@]}" | grep -v '^tests/check/citations.sh:'; }

found '\bSPEC\b( sections?)?( [0-9]+)?' | complain "write docs/model.md"
cited=0
while IFS=: read -r file line text; do
    cited=$((cited + 1))
    for number in $(grep -oE '[0-9]+' <<<"${text#docs/model.md}"); do
        [[ $sections == *" $number "* ]] || echo "$file:$line: $text" | complain "no such section of docs/model.md"
    done
done < <(found 'docs/model\.md [0-9]+((, | to | and )[0-9]+)*')
[ "$cited" -ge 80 ] || echo "only $cited" | complain "citations of docs/model.md"
# Paths in backticks of the pages that lead through the tree; NAME stands for any.
grep -noE '`[a-z_]+/[a-zA-Z0-9_./-]+`' docs/architecture.md CONTRIBUTING.md | tr -d '`' | grep -vE 'NAME|:build/' |
    while IFS=: read -r page line path; do [ -e "$path" ] || echo "$page:$line: $path"; done | complain "no such file"
found 'docs/[A-Za-z0-9_]+\.(md|svg)' | while IFS=: read -r file line text; do
    [ -e "$text" ] || echo "$file:$line: $text"
done | complain "no such page"
conclude
