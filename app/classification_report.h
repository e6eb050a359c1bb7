/* Classification report and confusion matrix in the layout of scikit-learn, in percent. */
#ifndef SAFSD_APP_CLASSIFICATION_REPORT_H
#define SAFSD_APP_CLASSIFICATION_REPORT_H

#include "base/status.h"
#include "engine/classification_report.h"

/* Both on stdout, within 80 columns; a matrix that is wider is cut into several under one another. */
st_status report_print(en_confusion confusion, st_error *error);

#endif
