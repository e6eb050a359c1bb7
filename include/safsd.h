/* safsd.h: train and run SAFSD-GLNet, multimodal emotion recognition in conversations, on any OpenCL device.
 *
 *     safsd_error error = {0};
 *     safsd_device *device = NULL;
 *     safsd_model *model = NULL;
 *     safsd_data *data = NULL;
 *     if (safsd_open_device(&device, "auto", &error) == 0 &&
 *         safsd_model_load(&model, device, "best.safetensors", NULL, &error) == 0 &&
 *         safsd_data_load(&data, "new.pkl", &error) == 0)
 *         safsd_predict(model, data, &predictions, &error);
 *     if (error.code) fprintf(stderr, "%s\n", error.message);
 *     safsd_data_free(&data);
 *     safsd_model_free(&model);
 *     safsd_close_device(&device);
 *
 * Errors. Every function that can fail returns its code, 0 for success, and fills an error that the caller passes
 * (NULL: not wanted). After a failure every handle is as it was before the call.
 *
 * Threads. A device, and the models on it, serve one thread at a time. Different devices are independent, also two that
 * were opened on the same hardware. Data that no call changes may be shared by threads.
 *
 * Arrays are row-major. N: utterances of a data set, one dialogue after another; C: classes; M: modalities in use.
 *
 * No call prints, exits, or changes the locale, the environment or a signal handler.
 */
#ifndef SAFSD_H
#define SAFSD_H

#include <stddef.h>
#include <stdint.h>

#if defined(SAFSD_BUILDING) && defined(__GNUC__)
#define SAFSD_API __attribute__((visibility("default")))
#else
#define SAFSD_API
#endif

#ifdef __cplusplus
#define SAFSD_NULL nullptr
extern "C" {
#else
#define SAFSD_NULL NULL
#endif

/* ---- version and errors ---- */

/* Of the library: "MAJOR.MINOR.PATCH". */
SAFSD_API const char *safsd_version(void);

/* The exit statuses of the program. */
enum {
    SAFSD_OK = 0,
    SAFSD_FAILED = 1,       /* failed while running: files, memory */
    SAFSD_USAGE = 2,        /* an argument or the configuration */
    SAFSD_DEVICE = 3,       /* no such device, no platform, or the device failed */
    SAFSD_CHECK = 4,        /* a check did not hold: a device that computes wrongly, a checksum */
    SAFSD_INTERRUPTED = 130 /* stopped by the progress function, after saving */
};

typedef struct safsd_error {
    int code;           /* 0: no error */
    char message[1024]; /* one sentence: what, where, what to do */
} safsd_error;

/* Frees a text that this library gave; NULL is allowed. */
SAFSD_API void safsd_free(void *text);

/* ---- devices ---- */

typedef struct safsd_device safsd_device;

/* Every OpenCL device as JSON, {"devices": [{"index", "selector", "name", "type", ...}]}; safsd_free the text.
 * SAFSD_DEVICE where there is no platform. */
SAFSD_API int safsd_devices(char **json, safsd_error *error);

/* Opens a device and compiles its kernels, or takes those that the driver keeps. Selectors: "auto" (also NULL), "gpu",
 * "cpu", "accelerator", an index "0", platform and device "0:1", or part of a name. */
SAFSD_API int safsd_open_device(safsd_device **device, const char *selector, safsd_error *error);

/* Models on it have to be freed first. */
SAFSD_API void safsd_close_device(safsd_device **device);

/* ---- data ---- */

typedef struct safsd_data safsd_data;

/* Reads whatever `safsd-cl train` reads: a container or a published pickle. */
SAFSD_API int safsd_data_load(safsd_data **data, const char *path, safsd_error *error);

/* Arrays of the caller. Begin with SAFSD_ARRAYS_INIT. */
typedef struct safsd_arrays {
    size_t size;            /* of this struct */
    const float *x[3];      /* text, audio, visual features [N, dims[m]]; NULL: no such modality */
    size_t dims[3];         /* widths; 0 without features */
    const int32_t *lengths; /* [dialogues] utterances of each, 1 to 512; N is their sum */
    size_t dialogues;
    const int32_t *speakers;          /* [N] 0 .. speaker_count - 1 */
    const int32_t *labels;            /* [N] 0 .. class_count - 1, -1: unlabelled; NULL: none is labelled */
    const int32_t *split;             /* [dialogues] 0 train, 1 valid, 2 test; NULL: all train */
    const char *const *classes;       /* [class_count] names in the order of labels; NULL: numbers */
    size_t class_count;               /* 0: largest label + 1 */
    const char *const *speaker_names; /* [speaker_count]; NULL: numbers */
    size_t speaker_count;             /* 0: largest speaker + 1 */
} safsd_arrays;
#define SAFSD_ARRAYS_INIT                                                                                              \
    {                                                                                                                  \
        sizeof(safsd_arrays), {SAFSD_NULL, SAFSD_NULL, SAFSD_NULL}, {0, 0, 0}, SAFSD_NULL, 0, SAFSD_NULL, SAFSD_NULL,  \
            SAFSD_NULL, SAFSD_NULL, 0, SAFSD_NULL, 0                                                                   \
    }

/* Wraps arrays without copying the features, which have to outlive the data and stay as they are. Everything is checked
 * as if it came from a file. SAFSD_USAGE names the dialogue and the utterance. */
SAFSD_API int safsd_data_wrap(safsd_data **data, const safsd_arrays *arrays, safsd_error *error);

/* Dialogues, and N; each pointer may be NULL. */
SAFSD_API void safsd_data_size(const safsd_data *data, size_t *dialogues, size_t *utterances);

SAFSD_API void safsd_data_free(safsd_data **data);

/* ---- models ---- */

typedef struct safsd_model safsd_model;

/* Loads a checkpoint, or weights saved from the published PyTorch code, which need `config` (INI text, as `train` reads
 * it); NULL otherwise. The model borrows the device. */
SAFSD_API int safsd_model_load(safsd_model **model, safsd_device *device, const char *path, const char *config,
                               safsd_error *error);

/* Writes a checkpoint that this library, the program, and load_state_dict(strict=False) of the published code read. */
SAFSD_API int safsd_model_save(const safsd_model *model, const char *path, safsd_error *error);

/* {"classes": [names], "speakers": [names], "dims": {"t": 1024, ...}, "modalities": ["t", ...], "configuration": INI
 * text, "parameters": number, "epoch", "selection"}; safsd_free the text. */
SAFSD_API int safsd_model_info(const safsd_model *model, char **json, safsd_error *error);

/* Buffers of the caller; any may be NULL. Begin with SAFSD_PREDICTIONS_INIT. */
typedef struct safsd_predictions {
    size_t size;          /* of this struct */
    int32_t *prediction;  /* [N] the most probable class */
    float *probabilities; /* [N, C] */
    float *students;      /* [M, N, C] probabilities of each modality's student, in the order t, a, v */
    float *logits;        /* [N, C] */
} safsd_predictions;
#define SAFSD_PREDICTIONS_INIT                                                                                         \
    {                                                                                                                  \
        sizeof(safsd_predictions), SAFSD_NULL, SAFSD_NULL, SAFSD_NULL, SAFSD_NULL                                      \
    }

/* Predicts every utterance, whatever its split, in batches as the model's configuration has them. Classes and speakers
 * are matched by their names. Equal to the last bit with `safsd-cl predict` for the same dialogues in the same order on
 * the same device. SAFSD_USAGE where the data do not fit the model. */
SAFSD_API int safsd_predict(safsd_model *model, const safsd_data *data, safsd_predictions *predictions,
                            safsd_error *error);

SAFSD_API void safsd_model_free(safsd_model **model);

/* ---- training ---- */

/* Of one part of the data; NaN where it is not known. Metrics in percent. */
typedef struct safsd_scores {
    double loss, ce, saf, kl;
    double accuracy, weighted_f1, macro_f1;
} safsd_scores;

enum { SAFSD_PROGRESS_STEP = 0, SAFSD_PROGRESS_EPOCH = 1, SAFSD_PROGRESS_MESSAGE = 2 };

/* What a training tells; valid during the call. */
typedef struct safsd_progress {
    size_t size; /* of this struct */
    int kind;
    size_t epoch, epochs;     /* from 1; of the whole run */
    size_t step, steps;       /* of this epoch, from 1 */
    safsd_scores train;       /* of a step: the means of this epoch so far */
    safsd_scores valid, test; /* of an epoch */
    int best;                 /* of an epoch: not 0 where it is the best so far by the selection */
    const char *message;      /* of a message: one sentence; else NULL */
} safsd_progress;

/* Begin with SAFSD_TRAIN_OPTIONS_INIT. */
typedef struct safsd_train_options {
    size_t size;           /* of this struct */
    const char *config;    /* INI text, as `train` reads it; NULL: the defaults of every key. Its [data] path and
                              [runtime] are not used: data and device are those of the call. */
    const char *directory; /* where the run writes its files, which must not exist or be empty; NULL: nowhere */
    safsd_model **model;   /* receives the best model by the selection; NULL: not wanted */
    int (*progress)(void *user, const safsd_progress *progress); /* not 0: save and stop; NULL: not wanted */
    void *user;
} safsd_train_options;
#define SAFSD_TRAIN_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(safsd_train_options), SAFSD_NULL, SAFSD_NULL, SAFSD_NULL, SAFSD_NULL, SAFSD_NULL                        \
    }

/* Trains as `safsd-cl train` does, the short self-test of the device included. SAFSD_INTERRUPTED after the progress
 * function asked to stop: the state is saved in the directory, to be resumed by `safsd-cl train --resume`. */
SAFSD_API int safsd_train(safsd_device *device, const safsd_data *data, const safsd_train_options *options,
                          safsd_error *error);

#ifdef __cplusplus
}
#endif

#endif
