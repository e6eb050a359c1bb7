/* Prints and reads JSON text. Numbers have a decimal point under every locale. */
#ifndef SAFSD_BASE_JSON_TEXT_H
#define SAFSD_BASE_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* As json_dumps. NULL if out of memory or if a value cannot be printed. The caller frees the text. */
char *json_text_print(const json_t *value, size_t flags);

/* As json_loads, json_loadb, json_loadf and json_load_file; `why` may be NULL. */
json_t *json_text_read(const char *text, size_t flags, json_error_t *why);
json_t *json_text_read_bytes(const char *bytes, size_t size, size_t flags, json_error_t *why);
json_t *json_text_read_stream(FILE *stream, size_t flags, json_error_t *why);
json_t *json_text_read_file(const char *path, size_t flags, json_error_t *why);

#endif
