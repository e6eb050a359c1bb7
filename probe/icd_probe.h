/* Which driver it is that crashes or hangs while devices are listed: each is asked alone, by a process of its own.
 *
 * The loader asks all drivers in one call, in the program's own process. Only where that goes wrong, or takes long, is
 * anything here called: what goes well costs nothing.
 */
#ifndef SAFSD_PROBE_ICD_PROBE_H
#define SAFSD_PROBE_ICD_PROBE_H

#include "probe/icd.h"

typedef enum icd_outcome {
    ICD_UNKNOWN, /* it could not be asked */
    ICD_ANSWERS, /* it lists devices, or says that there are none */
    ICD_CRASHES, /* it ends the process that asks it */
    ICD_SILENT,  /* no answer in time */
} icd_outcome;

/* Asks every driver, all at the same time, for so many seconds. `stop` (NULL: never) may end it before. `outcomes` has
 * an element for each. */
void icd_probe(const icd_list *list, icd_outcome *outcomes, double seconds, bool (*stop)(void *user), void *user);

/* "a.icd (liba.so), b.icd (libb.so)": the drivers with that outcome; all of them where `outcomes` is NULL. */
size_t icd_names(char *text, size_t size, const icd_list *list, const icd_outcome *outcomes, icd_outcome outcome);

/* How to leave out those that do not answer: what to set OCL_ICD_VENDORS to. */
void icd_advice(char *text, size_t size, const icd_list *list, const icd_outcome *outcomes);

/* The first argument that makes this program such a process, and what it then does; the exit status. */
#define ICD_PROBE_ARGUMENT "--ask-driver"
int icd_answer(void);

#endif
