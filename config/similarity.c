#include "config/similarity.h"

enum { IEMOCAP_CLASSES = 6, MELD_CLASSES = 7 };

static const double iemocap[IEMOCAP_CLASSES * IEMOCAP_CLASSES] = {
    1.0, 0.3, 0.4, 0.2, 0.6, 0.3, /* happy */
    0.3, 1.0, 0.4, 0.7, 0.4, 0.6, /* sad */
    0.2, 0.5, 1.0, 0.4, 0.5, 0.2, /* neutral */
    0.2, 0.7, 0.4, 1.0, 0.3, 0.5, /* angry */
    0.6, 0.4, 0.5, 0.3, 1.0, 0.4, /* excited */
    0.3, 0.8, 0.3, 0.5, 0.4, 1.0, /* frustrated */
};

static const double meld[MELD_CLASSES * MELD_CLASSES] = {
    1.0000, 0.8756, 0.0000, 0.2662, 0.9425, 0.0086, 0.3716, /* neutral */
    0.8756, 1.0000, 0.5731, 0.7446, 0.9792, 0.5770, 0.7632, /* surprise */
    0.0000, 0.5731, 1.0000, 0.9438, 0.4474, 1.0000, 0.7768, /* fear */
    0.2662, 0.7446, 0.9438, 1.0000, 0.6347, 0.9745, 0.9852, /* sadness */
    0.9425, 0.9792, 0.4474, 0.6347, 1.0000, 0.4558, 0.6995, /* joy */
    0.0086, 0.5770, 1.0000, 0.9745, 0.4558, 1.0000, 0.8395, /* disgust */
    0.3716, 0.7632, 0.7768, 0.9852, 0.6995, 0.8395, 1.0000, /* anger */
};

const double *cfg_similarity_published(cfg_similarity_form form, size_t *classes)
{
    *classes = 0;
    if (form == CFG_SIMILARITY_IEMOCAP) {
        *classes = IEMOCAP_CLASSES;
        return iemocap;
    }
    if (form == CFG_SIMILARITY_MELD) {
        *classes = MELD_CLASSES;
        return meld;
    }
    return NULL;
}
