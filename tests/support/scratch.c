#include "tests/support/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, PATHS = 4 };

typedef struct scratch {
    char *folder;
    char paths[PATHS][PATH_ROOM];
    size_t next;
} scratch;

int ts_scratch_open(void **state)
{
    const char *base = getenv("TMPDIR");
    scratch *made = calloc(1, sizeof *made);
    char *folder = malloc(PATH_ROOM);
    if (made && folder) {
        snprintf(folder, PATH_ROOM, "%s/safsd-test-XXXXXX", base && *base ? base : "/tmp");
        made->folder = mkdtemp(folder);
    }
    if (!made || !made->folder) {
        free(folder);
        free(made);
        return -1;
    }
    *state = made;
    return 0;
}

static size_t visit(const scratch *s, int remove)
{
    char path[PATH_ROOM];
    size_t count = 0;
    DIR *folder = opendir(s->folder);
    if (!folder) return 0;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(path, sizeof path, "%s/%s", s->folder, entry->d_name);
        if (remove && unlink(path) != 0) rmdir(path);
        count++;
    }
    closedir(folder);
    return count;
}

int ts_scratch_close(void **state)
{
    scratch *s = *state;
    visit(s, 1);
    const int status = rmdir(s->folder);
    free(s->folder);
    free(s);
    *state = NULL;
    return status;
}

const char *ts_path(void **state, const char *name)
{
    scratch *s = *state;
    char *path = s->paths[s->next++ % PATHS];
    snprintf(path, sizeof s->paths[0], "%s/%s", s->folder, name);
    return path;
}

size_t ts_files(void **state)
{
    return visit(*state, 0);
}

void ts_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    if (size > 0) assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

unsigned char *ts_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("cannot open %s", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long length = ftell(file);
    assert_true(length >= 0);
    rewind(file);
    unsigned char *bytes = calloc(1, (size_t)length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)length, file), (size_t)length);
    fclose(file);
    *size = (size_t)length;
    return bytes;
}
