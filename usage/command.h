/* The program as tables: its commands and options. The help, the manual page and the completions of shells are made of
 * them, so that none of these can promise what the program does not take. */
#ifndef SAFSD_USAGE_COMMAND_H
#define SAFSD_USAGE_COMMAND_H

#include "usage/options.h"

struct app_state; /* what a command works with */

typedef struct app_command {
    const char *name;
    const char *synopsis;    /* what follows the name */
    const char *summary;     /* one line for the list of commands */
    const char *description; /* paragraphs for --help; wrapped when printed */
    const char *example;     /* whole lines, printed as they are */
    const opt_option *options;
    size_t least_operands, most_operands;
    st_status (*run)(struct app_state *app, const opt_line *line);
} app_command;

typedef struct usage_exit {
    const char *status, *meaning;
} usage_exit;

typedef struct usage_variable {
    const char *name, *meaning;
} usage_variable;

typedef struct usage_program {
    const char *name, *version, *released; /* released: the date of the version */
    const char *sentence;                  /* what it does */
    const char *example;
    const app_command *const *commands; /* ends with NULL */
    const opt_option *options;          /* of every command */
    const usage_exit *exits;            /* ends with a NULL status */
    const usage_variable *environment;  /* ends with a NULL name */
} usage_program;

void usage_print_help(FILE *out, const usage_program *program);
void usage_print_command_help(FILE *out, const usage_program *program, const app_command *command);

/* man_page.c: the manual page, in the macros man(7). */
void usage_write_man_page(FILE *out, const usage_program *program);

/* completion.c: completions for "bash", "zsh" or "fish": commands, options, words of options that take one of several,
 * names of settings, files and folders. They run nothing. False where the shell is another one. */
bool usage_write_completion(FILE *out, const usage_program *program, const char *shell);

/* What the value of an option is, by what its table calls it. */
typedef enum usage_value {
    USAGE_FREE,  /* a number, a list, a name */
    USAGE_WORDS, /* one of the words between the bars of "train|eval" */
    USAGE_FILE,
    USAGE_FOLDER,
    USAGE_DEVICE,  /* SEL */
    USAGE_SETTING, /* S.K=VALUE */
} usage_value;
usage_value usage_value_of(const opt_option *option);

#endif
