#!/usr/bin/env bash
# Nothing outside base/ follows the locale: numbers are printed and read, and letters told apart, by base/text.h,
# base/number.h and base/json_text.h.
. "$(dirname "$0")/common.sh" "$@"
command -v perl >/dev/null || skip "perl is not installed (package perl-base)"
folders=(runtime data model config engine probe bench app api)

grep -rnE '\b(strto(d|f|ld)|ato[fil]l?|vf?s?n?printf|vs?f?scanf|nl_langinfo|localeconv|setlocale|strcoll|strxfrm)\(' \
    --include='*.[ch]' "${folders[@]}" | complain "use base/text.h or base/number.h"
grep -rnE '\b(is(alpha|digit|alnum|space|blank|upper|lower|punct|print|graph|cntrl|xdigit)|to(upper|lower)|strn?casecmp)\(' \
    --include='*.[ch]' "${folders[@]}" base | complain "use base/text.h"
grep -rnE '\bjson_(load|dump)(s|b|f|fd|_file|_callback)?\(' --include='*.[ch]' "${folders[@]}" | complain "use base/json_text.h"
# printf and scanf with a conversion of a real anywhere in the call, which may be many lines long.
find "${folders[@]}" base -name '*.[ch]' ! -path base/text.c -print0 | xargs -0 perl -0777 -ne '
    my $string = qr/"(?:\\.|[^"\\])*"/;
    my $real = qr/%[-+ #0]*(?:[0-9]+|\*)?(?:\.(?:[0-9]+|\*))?[lL]?[aefgAEFG]/;
    my $parentheses; $parentheses = qr/\((?:[^()"\x27]|$string|\x27(?:\\.|[^\x27\\])+\x27|(??{ $parentheses }))*\)/;
    while (/\b(printf|fprintf|sprintf|snprintf|dprintf|scanf|sscanf|fscanf)($parentheses)/g) {
        my ($name, $call, $line) = ($1, $2, 1 + (substr($_, 0, $-[0]) =~ tr/\n//));
        my $text = join "", $call =~ /$string/g;
        $text =~ s/%%//g;
        print "$ARGV:$line: $name\n" if $text =~ $real;
    }' | grep -v '^base/number\.c:' | complain "use text_print or text_format"
conclude
