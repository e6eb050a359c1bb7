/* The emotions of two conversations, whose features are arrays of this program.
 *
 *     cc predict.c $(pkg-config --cflags --libs safsd) -o predict && ./predict best.safetensors 1024 1582 342 */
#include <safsd.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    enum { DIALOGUES = 2, UTTERANCES = 5 };
    const int32_t lengths[DIALOGUES] = {3, 2}, speakers[UTTERANCES] = {0, 1, 0, 0, 1};
    int32_t emotion[UTTERANCES];
    safsd_arrays arrays = SAFSD_ARRAYS_INIT;
    safsd_predictions predictions = SAFSD_PREDICTIONS_INIT;
    safsd_error error = {0, ""};
    safsd_device *device = NULL;
    safsd_model *model = NULL;
    safsd_data *data = NULL;
    if (argc != 5) return fprintf(stderr, "usage: predict CHECKPOINT TEXT_WIDTH AUDIO_WIDTH VISUAL_WIDTH\n"), 2;
    for (int m = 0; m < 3; ++m) {
        arrays.dims[m] = (size_t)atoi(argv[2 + m]);
        if (arrays.dims[m] > 0) arrays.x[m] = calloc(UTTERANCES * arrays.dims[m], sizeof(float)); /* yours go here */
    }
    arrays.lengths = lengths, arrays.dialogues = DIALOGUES, arrays.speakers = speakers;
    predictions.prediction = emotion;
    if (safsd_open_device(&device, "auto", &error) == 0 &&
        safsd_model_load(&model, device, argv[1], NULL, &error) == 0 && safsd_data_wrap(&data, &arrays, &error) == 0 &&
        safsd_predict(model, data, &predictions, &error) == 0)
        for (int u = 0; u < UTTERANCES; ++u) printf("utterance %d: class %d\n", u, (int)emotion[u]);
    else
        fprintf(stderr, "predict: %s\n", error.message);
    safsd_data_free(&data), safsd_model_free(&model), safsd_close_device(&device);
    for (int m = 0; m < 3; ++m) free((void *)arrays.x[m]);
    return error.code;
}
