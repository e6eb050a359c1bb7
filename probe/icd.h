/* The files by which drivers make themselves known: *.icd in /etc/OpenCL/vendors, each with the name of a library, or
 * what OCL_ICD_VENDORS says instead (a folder, one such file, or a library itself), as the ICD loader reads them. */
#ifndef SAFSD_PROBE_ICD_H
#define SAFSD_PROBE_ICD_H

#include <stdbool.h>
#include <stddef.h>

typedef struct icd_file {
    char *path;    /* what OCL_ICD_VENDORS takes to mean this driver alone */
    char *library; /* the first line of the file; empty where it cannot be read */
} icd_file;

typedef struct icd_list {
    icd_file *items; /* by name */
    size_t count;
} icd_list;

/* Loads nothing. Empty where nothing is found, or memory is short. */
void icd_list_create(icd_list *list);
void icd_list_destroy(icd_list *list);

/* The name without its folder. */
const char *icd_name(const icd_file *file);

/* Whether the loader passes the driver over because its library cannot be loaded, and why. Ask once devices are listed:
 * it loads what is not loaded. */
bool icd_unloadable(const icd_file *file, char *why, size_t size);

#endif
