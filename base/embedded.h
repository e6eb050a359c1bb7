/* Text files compiled into the program by cmake/EmbedText.cmake; each table ends with a NULL name. */
#ifndef SAFSD_BASE_EMBEDDED_H
#define SAFSD_BASE_EMBEDDED_H

typedef struct embedded_text {
    const char *name; /* file name without the folder */
    const char *text;
} embedded_text;

extern const embedded_text embedded_kernels[]; /* cl/ */
extern const embedded_text embedded_config[];  /* config/, the files that are built into the program */

#endif
