#include "probe/icd.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINE_SIZE = 4096 };
static const char usual_folder[] = "/etc/OpenCL/vendors", ending[] = ".icd";

static bool ends_in_icd(const char *name)
{
    const size_t length = strlen(name), tail = sizeof ending - 1;
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

static char *first_line(const char *path)
{
    char line[LINE_SIZE] = "";
    FILE *file = fopen(path, "r");
    if (file) {
        if (!fgets(line, sizeof line, file)) line[0] = '\0';
        fclose(file);
    }
    line[strcspn(line, "\r\n")] = '\0';
    return strdup(line);
}

static void add(icd_list *list, char *path, char *library)
{
    icd_file *items = path && library ? realloc(list->items, (list->count + 1) * sizeof *items) : NULL;
    if (!items) {
        free(path);
        free(library);
        return;
    }
    list->items = items;
    items[list->count++] = (icd_file){path, library};
}

static void add_file(icd_list *list, const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (!path) return;
    snprintf(path, size, "%s%s%s", folder, *folder ? "/" : "", name);
    add(list, path, first_line(path));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const icd_file *)a)->path, ((const icd_file *)b)->path);
}

static void add_folder(icd_list *list, const char *folder)
{
    DIR *stream = opendir(folder);
    if (!stream) return;
    for (const struct dirent *file = NULL; (file = readdir(stream));)
        if (ends_in_icd(file->d_name)) add_file(list, folder, file->d_name);
    closedir(stream);
    if (list->count) qsort(list->items, list->count, sizeof *list->items, by_name);
}

static bool is_there(const char *path, bool *is_folder)
{
    struct stat about;
    if (stat(path, &about) != 0) return false;
    *is_folder = S_ISDIR(about.st_mode);
    return true;
}

void icd_list_create(icd_list *list)
{
    *list = (icd_list){NULL, 0};
    const char *wanted = getenv("OCL_ICD_VENDORS"), *folder = getenv("OPENCL_VENDOR_PATH");
    bool is_folder = false;
    if (!folder || !*folder) folder = usual_folder;
    if (!wanted || !*wanted) {
        add_folder(list, folder);
    } else if (is_there(wanted, &is_folder) && is_folder) {
        add_folder(list, wanted);
    } else if (ends_in_icd(wanted)) {
        char path[LINE_SIZE];
        snprintf(path, sizeof path, "%s/%s", folder, wanted);
        const bool usual = !strchr(wanted, '/') && is_there(path, &is_folder);
        add_file(list, usual ? folder : "", wanted);
    } else {
        add(list, strdup(wanted), strdup(wanted));
    }
}

void icd_list_destroy(icd_list *list)
{
    for (size_t i = 0; i < list->count; ++i) {
        free(list->items[i].path);
        free(list->items[i].library);
    }
    free(list->items);
    *list = (icd_list){NULL, 0};
}

const char *icd_name(const icd_file *file)
{
    const char *slash = strrchr(file->path, '/');
    return slash && slash[1] ? slash + 1 : file->path;
}

bool icd_unloadable(const icd_file *file, char *why, size_t size)
{
    if (file->library[0] == '\0') {
        snprintf(why, size, "it cannot be read, or names no library");
        return true;
    }
    void *library = dlopen(file->library, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    if (!library) library = dlopen(file->library, RTLD_LAZY | RTLD_LOCAL);
    if (library) {
        dlclose(library);
        return false;
    }
    const char *text = dlerror();
    snprintf(why, size, "%s", text ? text : "its library cannot be loaded");
    return true;
}
