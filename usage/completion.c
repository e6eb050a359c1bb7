/* Each shell gets the tables as words of its own language; what a shell does with them is the same in all three. */
#include <string.h>

#include "config/schema.h"
#include "usage/command.h"

static const char device_words[] = "auto gpu cpu accelerator";

/* The words of "a|b|c", with blanks between. */
static void put_words(FILE *out, const char *argument)
{
    for (; *argument; ++argument) fputc(*argument == '|' ? ' ' : *argument, out);
}

static void put_settings(FILE *out)
{
    for (size_t i = 0; i < cfg_key_count; ++i)
        fprintf(out, "%s%s.%s=", i ? " " : "", cfg_keys[i].section, cfg_keys[i].key);
}

/* Text in single quotes of a shell, with a backslash before each of `special`. Zsh and bash end the quotes for an
 * apostrophe; fish escapes it. */
static void put_quoted(FILE *out, const char *text, const char *special, const char *apostrophe)
{
    for (; *text; ++text) {
        if (*text == '\'') {
            fputs(apostrophe, out);
            continue;
        }
        if (strchr(special, *text)) fputc('\\', out);
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

/* ---- bash ---- */

/* clang-format off */
static const char bash_body[] =
    "_safsd_cl()\n"
    "{\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} before='' command='' word words i kind\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        kind=$(_safsd_cl_value \"$command\" \"$word\")\n"
    "        if [ -n \"$kind\" ] && [ \"${COMP_WORDS[i + 1]}\" != = ]; then\n"
    "            before=$word\n"
    "            [ $((i + 1)) -ge \"$COMP_CWORD\" ] || before=''\n"
    "            i=$((i + 1))\n"
    "        elif [ -n \"$kind\" ]; then # --option=value: three words\n"
    "            before=$word\n"
    "            [ $((i + 2)) -ge \"$COMP_CWORD\" ] || before=''\n"
    "            i=$((i + 2))\n"
    "        elif [ -z \"$command\" ] && [ -n \"$(_safsd_cl_options \"$word\")\" ]; then\n"
    "            command=$word\n"
    "        fi\n"
    "    done\n"
    "    [ \"$current\" != = ] || current=''\n"
    "    kind=''\n"
    "    [ -z \"$before\" ] || kind=$(_safsd_cl_value \"$command\" \"$before\")\n"
    "    case $kind in\n"
    "    '') ;;\n"
    "    file | folder) _safsd_cl_paths \"$kind\" \"$current\" && return ;;\n"
    "    free) return ;;\n"
    "    *)\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$kind\" -- \"$current\")\n"
    "        [[ $kind != *= ]] || compopt -o nospace 2>/dev/null\n"
    "        return\n"
    "        ;;\n"
    "    esac\n"
    "    if [[ $current == -* ]]; then\n"
    "        words=$(_safsd_cl_options '')\n"
    "        [ -z \"$command\" ] || words+=\" $(_safsd_cl_options \"$command\")\"\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
    "    elif [ -z \"$command\" ]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$_safsd_cl_commands\" -- \"$current\")\n"
    "    else\n"
    "        _safsd_cl_paths file \"$current\"\n"
    "    fi\n"
    "}\n"
    "_safsd_cl_paths()\n"
    "{\n"
    "    local how=-f\n"
    "    [ \"$1\" = file ] || how=-d\n"
    "    mapfile -t COMPREPLY < <(compgen $how -- \"$2\")\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    return 0\n"
    "}\n";
/* clang-format on */

static void bash_options(FILE *out, const opt_option *options)
{
    for (const char *blank = ""; options->name; ++options, blank = " ") {
        fprintf(out, "%s--%s", blank, options->name);
        if (options->letter) fprintf(out, " -%c", options->letter);
    }
}

static void bash_value(FILE *out, const char *command, const opt_option *option)
{
    if (!option->argument) return;
    fprintf(out, "    %s:--%s", command, option->name);
    if (option->letter) fprintf(out, " | %s:-%c", command, option->letter);
    fputs(") echo \"", out);
    switch (usage_value_of(option)) {
    case USAGE_WORDS:
        put_words(out, option->argument);
        break;
    case USAGE_DEVICE:
        fputs(device_words, out);
        break;
    case USAGE_SETTING:
        put_settings(out);
        break;
    case USAGE_FILE:
        fputs("file", out);
        break;
    case USAGE_FOLDER:
        fputs("folder", out);
        break;
    case USAGE_FREE:
        fputs("free", out);
        break;
    }
    fputs("\" ;;\n", out);
}

static void write_bash(FILE *out, const usage_program *program)
{
    fprintf(out, "# Completion of %s for bash; made from the tables of the program.\n\n", program->name);
    fputs("_safsd_cl_commands='", out);
    for (const app_command *const *c = program->commands; *c; ++c)
        fprintf(out, "%s%s", c == program->commands ? "" : " ", (*c)->name);
    fputs(
        " help'\n\n# _safsd_cl_options COMMAND: its own options, a blank where it has none; those of all commands for "
        "''.\n"
        "_safsd_cl_options()\n{\n    case $1 in\n    '') echo '",
        out);
    bash_options(out, program->options);
    fputs("' ;;\n", out);
    for (const app_command *const *c = program->commands; *c; ++c) {
        fprintf(out, "    %s) echo '", (*c)->name);
        if ((*c)->options->name)
            bash_options(out, (*c)->options);
        else
            fputc(' ', out);
        fputs("' ;;\n", out);
    }
    fputs("    esac\n}\n\n# _safsd_cl_value COMMAND OPTION: what its value is: file, folder, free, or words; nothing "
          "for a flag.\n"
          "_safsd_cl_value()\n{\n    case $1:$2 in\n",
          out);
    for (const app_command *const *c = program->commands; *c; ++c)
        for (const opt_option *o = (*c)->options; o->name; ++o) bash_value(out, (*c)->name, o);
    for (const opt_option *o = program->options; o->name; ++o) bash_value(out, "*", o);
    fputs("    esac\n}\n\n", out);
    fputs(bash_body, out);
    fprintf(out, "complete -F _safsd_cl %s\n", program->name);
}

/* ---- zsh ---- */

static void zsh_option(FILE *out, const opt_option *option)
{
    fputs("    '", out);
    if (option->letter)
        fprintf(out, "(-%c --%s)'{-%c,--%s}'", option->letter, option->name, option->letter, option->name);
    if (!option->letter) fprintf(out, "*--%s", option->name);
    if (option->argument) fputs(option->letter ? "" : "=", out);
    fputc('[', out);
    put_quoted(out, option->help, "[]\\:", "'\\''");
    fputc(']', out);
    if (option->argument) {
        fputc(':', out);
        put_quoted(out, option->argument, "[]\\:", "'\\''");
        fputc(':', out);
    }
    switch (usage_value_of(option)) {
    case USAGE_WORDS:
        fputc('(', out);
        put_words(out, option->argument);
        fputc(')', out);
        break;
    case USAGE_DEVICE:
        fprintf(out, "(%s)", device_words);
        break;
    case USAGE_SETTING:
        fputs("{compadd -S \"\" -- ", out);
        put_settings(out);
        fputc('}', out);
        break;
    case USAGE_FILE:
        fputs("_files", out);
        break;
    case USAGE_FOLDER:
        fputs("_files -/", out);
        break;
    case USAGE_FREE:
        break;
    }
    fputs("'\n", out);
}

static void write_zsh(FILE *out, const usage_program *program)
{
    fprintf(out,
            "#compdef %s\n# Made from the tables of the program.\n\n_safsd_cl() {\n  local curcontext=$curcontext "
            "state line\n"
            "  typeset -A opt_args\n  local -a commands every own\n  commands=(\n",
            program->name);
    for (const app_command *const *c = program->commands; *c; ++c) {
        fprintf(out, "    '%s:", (*c)->name);
        put_quoted(out, (*c)->summary, "\\:", "'\\''");
        fputs("'\n", out);
    }
    fputs("  )\n  every=(\n", out);
    for (const opt_option *o = program->options; o->name; ++o) zsh_option(out, o);
    fputs("  )\n  _arguments -C $every '1: :->command' '*:: :->arguments' && return\n  case $state in\n"
          "  command) _describe -t commands command commands ;;\n  arguments)\n    own=()\n    case $words[1] in\n",
          out);
    for (const app_command *const *c = program->commands; *c; ++c) {
        fprintf(out, "    %s)\n      own=(\n", (*c)->name);
        for (const opt_option *o = (*c)->options; o->name; ++o) zsh_option(out, o);
        fputs("      ) ;;\n", out);
    }
    fputs("    esac\n    _arguments $every $own '*:file:_files' ;;\n  esac\n}\n\n_safsd_cl \"$@\"\n", out);
}

/* ---- fish ---- */

static void fish_option(FILE *out, const usage_program *program, const char *command, const opt_option *option)
{
    fprintf(out, "complete -c %s", program->name);
    if (command) fprintf(out, " -n '__fish_seen_subcommand_from %s'", command);
    fprintf(out, " -l %s", option->name);
    if (option->letter) fprintf(out, " -s %c", option->letter);
    switch (option->argument ? usage_value_of(option) : USAGE_FREE) {
    case USAGE_WORDS:
        fputs(" -x -a '", out);
        put_words(out, option->argument);
        fputc('\'', out);
        break;
    case USAGE_DEVICE:
        fprintf(out, " -x -a '%s'", device_words);
        break;
    case USAGE_SETTING:
        fputs(" -x -a '", out);
        put_settings(out);
        fputc('\'', out);
        break;
    case USAGE_FILE:
        fputs(" -r -F", out);
        break;
    case USAGE_FOLDER:
        fputs(" -x -a '(__fish_complete_directories)'", out);
        break;
    case USAGE_FREE:
        if (option->argument) fputs(" -x", out);
        break;
    }
    fputs(" -d '", out);
    put_quoted(out, option->help, "\\", "\\'");
    fputs("'\n", out);
}

static void write_fish(FILE *out, const usage_program *program)
{
    fprintf(out, "# Completion of %s for fish; made from the tables of the program.\n", program->name);
    fprintf(out, "complete -c %s -n __fish_use_subcommand -f\n", program->name);
    for (const opt_option *o = program->options; o->name; ++o) fish_option(out, program, NULL, o);
    for (const app_command *const *c = program->commands; *c; ++c) {
        fprintf(out, "complete -c %s -n __fish_use_subcommand -f -a %s -d '", program->name, (*c)->name);
        put_quoted(out, (*c)->summary, "\\", "\\'");
        fputs("'\n", out);
        for (const opt_option *o = (*c)->options; o->name; ++o) fish_option(out, program, (*c)->name, o);
    }
}

bool usage_write_completion(FILE *out, const usage_program *program, const char *shell)
{
    static const struct {
        const char *shell;
        void (*write)(FILE *out, const usage_program *program);
    } writers[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};
    for (size_t i = 0; i < sizeof writers / sizeof *writers; ++i) {
        if (strcmp(shell, writers[i].shell) != 0) continue;
        writers[i].write(out, program);
        return true;
    }
    return false;
}
