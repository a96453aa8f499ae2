#include "base/secret.h"

#include "base/mem.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_printable(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    }
    return true;
}

/* `source` says where the text is from: "the environment variable X". */
static enum err take(struct str text, const char *source, struct secret *out_secret, struct err_detail *detail)
{
    if (text.len == 0) {
        err_explain(detail, "%s is empty: put the secret into it", source);
        return ERR_INVALID;
    }
    if (text.len > SECRET_BYTES_MAX) {
        err_explain(detail, "%s is longer than %d bytes: that is no secret", source, SECRET_BYTES_MAX);
        return ERR_INVALID;
    }
    if (!is_printable(text)) {
        err_explain(detail, "%s has a line break or control byte in it: keep the secret alone on one line", source);
        return ERR_INVALID;
    }
    *out_secret = (struct secret){mem_copy_text(text.ptr, text.len), text.len};
    return ERR_NONE;
}

static enum err read_env(const char *name, struct secret *out_secret, struct err_detail *detail)
{
    const char *value = getenv(name);
    char source[128];

    snprintf(source, sizeof source, "the environment variable %s", name);
    if (value == NULL) {
        err_explain(detail, "%s is not set: set it before starting, or refer to a file", source);
        return ERR_INVALID;
    }
    return take(str_from(value), source, out_secret, detail);
}

static struct str without_line_break(struct str text)
{
    if (str_ends(text, STR("\n")))
        text.len--;
    if (str_ends(text, STR("\r")))
        text.len--;
    return text;
}

static enum err read_file(struct str folder, const char *path, struct secret *out_secret, struct err_detail *detail)
{
    char text[SECRET_BYTES_MAX + 3], full[1024], source[1100];
    enum err err;
    size_t len;
    FILE *file;

    snprintf(full, sizeof full, "%.*s%s%s", path[0] == '/' ? 0 : (int)folder.len, folder.ptr == NULL ? "" : folder.ptr,
             path[0] == '/' || folder.len == 0 ? "" : "/", path);
    snprintf(source, sizeof source, "the file %.300s", full);
    file = fopen(full, "rbe");
    if (file == NULL) {
        err_explain(detail, "%s cannot be read: create it, or allow this user to read it", source);
        return ERR_INVALID;
    }
    setvbuf(file, NULL, _IONBF, 0); /* no copy in a buffer that nobody zeroes */
    len = fread(text, 1, sizeof text, file);
    if (ferror(file)) {
        err_explain(detail, "%s cannot be read", source);
        err = ERR_INVALID;
    } else {
        err = take(without_line_break((struct str){text, len}), source, out_secret, detail);
    }
    fclose(file);
    sodium_memzero(text, sizeof text);
    return err;
}

enum err secret_read(const json_t *reference, struct str folder, struct secret *out_secret, struct err_detail *detail)
{
    const char *env = json_string_value(json_object_get(reference, "env"));
    const char *file = json_string_value(json_object_get(reference, "file"));

    if (json_object_size(reference) == 1 && env != NULL)
        return read_env(env, out_secret, detail);
    if (json_object_size(reference) == 1 && file != NULL)
        return read_file(folder, file, out_secret, detail);
    err_explain(detail, "A secret is given by reference: {\"env\": \"NAME\"} or {\"file\": \"PATH\"}");
    return ERR_INVALID;
}

void secret_deinit(struct secret *secret)
{
    if (secret->ptr != NULL)
        sodium_memzero(secret->ptr, secret->len);
    mem_free(secret->ptr);
    *secret = (struct secret){.ptr = NULL};
}
