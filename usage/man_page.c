/* Text of the tables becomes man(7): `x` is bold, a line of its own keeps its words, and nothing of it is a request. */
#include <ctype.h>
#include <string.h>

#include "usage/command.h"

/* One character as text. */
static void put_character(FILE *out, char c)
{
    if (c == '\\')
        fputs("\\e", out);
    else if (c == '-')
        fputs("\\-", out);
    else if (c == '\'')
        fputs("\\(aq", out);
    else if (c == '^')
        fputs("\\(ha", out);
    else if (c == '~')
        fputs("\\(ti", out);
    else
        fputc(c, out);
}

static void put_text(FILE *out, const char *text)
{
    bool bold = false, line_begins = true;
    for (; *text; ++text) {
        if (*text == '`') {
            bold = !bold;
            fputs(bold ? "\\fB" : "\\fR", out);
            continue;
        }
        if (line_begins && (*text == '.' || *text == '\'')) fputs("\\&", out);
        put_character(out, *text);
        line_begins = *text == '\n';
    }
}

/* Paragraphs: an empty line begins another one, a line feed another line. */
static void put_paragraphs(FILE *out, const char *text)
{
    char line[2048];
    while (*text) {
        const size_t length = strcspn(text, "\n");
        const size_t kept = length < sizeof line ? length : sizeof line - 1;
        memcpy(line, text, kept);
        line[kept] = '\0';
        if (kept > 0) {
            put_text(out, line);
            fputc('\n', out);
        }
        text += length;
        const size_t feeds = strspn(text, "\n");
        text += feeds;
        if (*text) fputs(feeds > 1 ? ".PP\n" : ".br\n", out);
    }
}

static void put_options(FILE *out, const opt_option *options)
{
    for (; options->name; ++options) {
        fputs(".TP\n", out);
        if (options->letter) fprintf(out, "\\fB\\-%c\\fR, ", options->letter);
        fputs("\\fB\\-\\-", out);
        put_text(out, options->name);
        fputs("\\fR", out);
        if (options->argument) {
            fputs(" \\fI", out);
            put_text(out, options->argument);
            fputs("\\fR", out);
        }
        fputc('\n', out);
        put_text(out, options->help);
        fputc('\n', out);
    }
}

static void put_example(FILE *out, const char *example)
{
    fputs(".PP\n.nf\n", out);
    put_text(out, example);
    fputs(".fi\n", out);
}

static void put_command(FILE *out, const usage_program *program, const app_command *command)
{
    fputs(".SS ", out);
    put_text(out, command->name);
    fputs("\n\\fB", out);
    put_text(out, program->name);
    fputc(' ', out);
    put_text(out, command->name);
    fputs("\\fR ", out);
    put_text(out, command->synopsis);
    fputs("\n.PP\n", out);
    put_paragraphs(out, command->description);
    put_options(out, command->options);
    put_example(out, command->example);
}

static void put_item(FILE *out, const char *name, const char *meaning)
{
    fputs(".TP\n\\fB", out);
    put_text(out, name);
    fputs("\\fR\n", out);
    put_text(out, meaning);
    fputc('\n', out);
}

void usage_write_man_page(FILE *out, const usage_program *program)
{
    fputs(".TH ", out);
    for (const char *c = program->name; *c; ++c) fputc(toupper((unsigned char)*c), out);
    fprintf(out, " 1 %s \"%s %s\" \"User Commands\"\n.SH NAME\n", program->released, program->name, program->version);
    put_text(out, program->name);
    fputs(" \\- ", out);
    put_text(out, program->sentence);
    fputs("\n.SH SYNOPSIS\n\\fB", out);
    put_text(out, program->name);
    fputs("\\fR [\\fB\\-\\-device\\fR \\fISEL\\fR] [\\fB\\-\\-verbose\\fR | \\fB\\-\\-quiet\\fR] \\fICOMMAND\\fR "
          "[\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n",
          out);
    for (const app_command *const *c = program->commands; *c; ++c) put_item(out, (*c)->name, (*c)->summary);
    fputs(".SH OPTIONS\nThey stand before or after the command.\n", out);
    put_options(out, program->options);
    fputs(".SH COMMANDS\n", out);
    for (const app_command *const *c = program->commands; *c; ++c) put_command(out, program, *c);
    fputs(".SH EXIT STATUS\n", out);
    for (const usage_exit *e = program->exits; e->status; ++e) put_item(out, e->status, e->meaning);
    fputs(".SH ENVIRONMENT\n", out);
    for (const usage_variable *v = program->environment; v->name; ++v) put_item(out, v->name, v->meaning);
    fputs(".SH EXAMPLES\n.nf\n", out);
    put_text(out, program->example);
    fputs(".fi\n", out);
    fputs(".SH SEE ALSO\n\\fBclinfo\\fR(1)\n", out);
}
