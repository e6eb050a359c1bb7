#include <stdio.h>
#include <string.h>

#include "base/print.h"
#include "usage/command.h"

void usage_print_help(FILE *out, const usage_program *program)
{
    fprintf(out, "usage: %s [--device SEL] [--verbose | --quiet] COMMAND [ARGUMENTS]\n", program->name);
    fprintf(out, "\n%s\n\ncommands:\n", program->sentence);
    for (const app_command *const *c = program->commands; *c; ++c)
        fprintf(out, "  %-10s  %s\n", (*c)->name, (*c)->summary);
    fputs("\noptions, before or after the command:\n", out);
    opt_print(out, program->options);
    fprintf(out, "\nexample:\n%s\nexit status:\n", program->example);
    for (const usage_exit *e = program->exits; e->status; ++e) fprintf(out, "  %-3s  %s\n", e->status, e->meaning);
    fprintf(out, "\n`%s COMMAND --help` tells more about a command.\n", program->name);
}

void usage_print_command_help(FILE *out, const usage_program *program, const app_command *command)
{
    enum { INDENT = 7 };
    char line[256];
    fputs("usage: ", out);
    snprintf(line, sizeof line, "%s %s %s", program->name, command->name, command->synopsis);
    print_wrapped(out, INDENT, INDENT, line);
    fputc('\n', out);
    print_wrapped(out, 0, 0, command->description);
    if (command->options[0].name) fputs("\noptions:\n", out);
    opt_print(out, command->options);
    fputs("\noptions of every command:\n", out);
    opt_print(out, program->options);
    fprintf(out, "\nexample:\n%s", command->example);
}

usage_value usage_value_of(const opt_option *option)
{
    const char *argument = option->argument;
    if (!argument) return USAGE_FREE;
    if (strchr(argument, '|')) return USAGE_WORDS;
    if (strcmp(argument, "SEL") == 0) return USAGE_DEVICE;
    if (strcmp(argument, "S.K=VALUE") == 0) return USAGE_SETTING;
    if (strcmp(argument, "RUN") == 0 || opt_file_use(option) == OPT_WRITES_INTO) return USAGE_FOLDER;
    return opt_file_use(option) == OPT_NO_FILE ? USAGE_FREE : USAGE_FILE;
}
