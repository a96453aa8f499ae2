/* The other half of a fuzz target where libFuzzer is not linked in: runs it
 * over files and the files of folders, so that the corpus is a test. */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* In memory of exactly its size, so that the sanitizer sees a byte too far. */
static int replay_file(const char *path, size_t len)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(len);

    if (file == NULL || (bytes == NULL && len > 0) || fread(bytes, 1, len, file) != len) {
        perror(path);
        exit(1);
    }
    LLVMFuzzerTestOneInput(bytes, len);
    free(bytes);
    fclose(file);
    return 1;
}

static int replay(const char *path)
{
    struct dirent **entries;
    struct stat info;
    int replayed = 0;
    int count;

    if (stat(path, &info) != 0) {
        perror(path);
        exit(1);
    }
    if (!S_ISDIR(info.st_mode))
        return replay_file(path, (size_t)info.st_size);
    count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char inside[4096];

        snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            replayed += replay(inside);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return replayed;
}

int main(int argc, char **argv)
{
    int replayed = 0;

    for (int i = 1; i < argc; i++)
        replayed += replay(argv[i]);
    printf("%d inputs replayed\n", replayed);
    return replayed > 0 ? 0 : 1;
}
