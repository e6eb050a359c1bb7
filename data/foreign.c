#include "data/foreign.h"

#include <stdbool.h>
#include <string.h>

#define CONTAINER "write a data container, described in docs/formats.md"

static const char torch[] =
    "a PyTorch file: load it in Python with torch.load, then save weights with "
    "safetensors.torch.save_file, or features as a data container, described in docs/formats.md";
static const char npz[] = "a NumPy .npz archive: load it in Python with numpy.load and " CONTAINER;

static const struct {
    const char *bytes;
    size_t size;
    const char *what;
} beginnings[] = {
    {"\x1f\x8b", 2, "gzip-compressed: unpack it first, with gunzip"},
    {"BZh", 3, "bzip2-compressed: unpack it first, with bunzip2"},
    {"\3757zXZ", 5, "xz-compressed: unpack it first, with unxz"},
    {"\x28\xb5\x2f\xfd", 4, "zstd-compressed: unpack it first, with unzstd"},
    {"\x04\x22\x4d\x18", 4, "lz4-compressed: unpack it first, with unlz4"},
    {"7z\xbc\xaf\x27\x1c", 6, "a 7z archive: unpack it first, with 7z x"},
    {"\x93NUMPY", 6, "a NumPy .npy array: load it in Python with numpy.load and " CONTAINER},
    {"\x89HDF", 4, "an HDF5 file: read it in Python with h5py and " CONTAINER},
    {"MATLAB 5.0 MAT-file", 19, "a MATLAB file: read it in Python with scipy.io.loadmat and " CONTAINER},
    {"PAR1", 4, "a Parquet file: read it in Python with pandas and " CONTAINER},
    {"ARROW1", 6, "an Arrow file: read it in Python with pandas and " CONTAINER},
    {"\177ELF", 4, "a program"},
    {"%PDF", 4, "a PDF document"},
    {"<!DOCTYPE", 9, "a web page; a download that asked for a login, perhaps"},
    {"<html", 5, "a web page; a download that asked for a login, perhaps"},
    {"version https://git-lfs", 23, "a Git LFS pointer; fetch the file itself with git lfs pull"},
};

static bool ends(const unsigned char *text, size_t size, const char *end)
{
    const size_t length = strlen(end);
    return size >= length && memcmp(text + size - length, end, length) == 0;
}

/* The name of the first entry stands behind 30 bytes, its length in two of them. */
static const char *zip_of(const unsigned char *bytes, size_t size)
{
    enum { LENGTH = 26, NAME = 30 };
    if (size > NAME) {
        const size_t wanted = (size_t)bytes[LENGTH] | (size_t)bytes[LENGTH + 1] << 8;
        const size_t length = wanted < size - NAME ? wanted : size - NAME;
        if (ends(bytes + NAME, length, ".npy")) return npz;
        if (ends(bytes + NAME, length, "/data.pkl") || ends(bytes + NAME, length, "/.format_version")) return torch;
    }
    return "a zip archive: unpack it first, with unzip";
}

/* The first thing in a file of torch.save before 1.6 is a pickle of this number of 80 bits. */
static bool is_old_torch(const unsigned char *bytes, size_t size)
{
    static const char magic[] = "l\xfc\x9c"
                                "F\xf9 j\xa8P\x19";
    for (size_t at = 2; at < 24 && at + sizeof magic - 1 <= size; ++at)
        if (memcmp(bytes + at, magic, sizeof magic - 1) == 0) return bytes[0] == 0x80;
    return false;
}

const char *ds_foreign(const unsigned char *bytes, size_t size)
{
    if (size == 0) return "an empty file";
    if (size >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0) return zip_of(bytes, size);
    if (is_old_torch(bytes, size)) return torch;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; ++i)
        if (size >= beginnings[i].size && memcmp(bytes, beginnings[i].bytes, beginnings[i].size) == 0)
            return beginnings[i].what;
    return NULL;
}

const char *ds_foreign_text(const unsigned char *bytes, size_t size)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8 */
    size_t at = size >= 3 && memcmp(bytes, mark, 3) == 0 ? 3 : 0;
    const unsigned char first = at < size ? bytes[at] : 0;
    bool separated = false;
    for (; at < size && bytes[at] != '\n' && bytes[at] != '\r'; ++at) {
        if ((bytes[at] < ' ' && bytes[at] != '\t') || bytes[at] == 0x7f) return NULL;
        separated = separated || memchr(",;\t", bytes[at], 3) != NULL;
    }
    if (first == '{' || first == '[') return "JSON: read it in Python with json and " CONTAINER;
    return separated ? "a table of text (CSV): read it in Python with csv or pandas and " CONTAINER : NULL;
}
