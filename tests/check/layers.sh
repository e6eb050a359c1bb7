#!/usr/bin/env bash
# One direction: app -> bench -> engine -> model -> data -> runtime -> base, engine -> config -> base. Only
# runtime/ knows OpenCL, only app/ and bench/ print or exit.
. "$(dirname "$0")/common.sh" "$@"

# may_include FOLDER PATTERN: its quoted includes all match.
may_include() {
    grep -nE '^ *# *include "' -r --include='*.[ch]' --include='*.cl*' "$1" | grep -vE "include \"($2)" | complain "$1/ may not include"
}
may_include base 'base/'
may_include runtime '(runtime|base)/'
may_include data '(data|runtime|base)/'
may_include model '(model|data|runtime|base)/'
vocabulary='model/(glossary|hyperparameters)\.h'
may_include model/layers '(model/glossary\.h|model/layers/|runtime/|base/)'
may_include model/network "$vocabulary|model/(layers|network)/|data/|runtime/|base/"
may_include model/training "$vocabulary|model/(layers|network|training)/|data/|runtime/|base/"
may_include reference '(reference|model|data|runtime|base)/'
may_include config '(config|base)/'
may_include engine '(engine|model|config|data|runtime|base)/'
may_include usage '(usage|config|base)/'
may_include probe '(probe|engine|model|config|data|runtime|base)/'
may_include api '((api|engine|model|config|data|runtime|base)/|safsd\.h)'
may_include bench '(bench|engine|model|config|data|runtime|base)/'
may_include app '(app|usage|probe|bench|engine|model|config|data|runtime|base)/'
may_include cl '[a-z0-9_]+\.clh"'

grep -nE 'include *<CL/' -r --include=*.[ch] . | grep -vE '^\./(runtime|build|tests)' | complain "only runtime/ includes OpenCL"
grep -nE 'include "runtime/(context_state|block|codes|kernel|profile_hooks|trace|watch|gemm_provider|gemm_panel|gemm_clblast)\.h"' -r --include=*.[ch] . | grep -vE '^\./(runtime|build|tests)' |
    complain "private to runtime/"
for folder in base usage runtime data model model/*/ config engine api; do
    grep -nE '\b(printf|puts|putchar|perror|exit|_Exit|abort|assert)\(|\b(stdout|stderr)\b' "$folder"/*.[ch]
done | complain "only app/ prints and exits"
conclude
