#include "providers/table_file.h"

#include "base/check.h"
#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS_FIRST = 1024, READ_BYTES_MAX = 1 << 30 };

static enum err mistake(const struct table *table, struct err_detail *detail, const char *sentence)
{
    err_explain(detail, "%s line %zu: %s", table->name, table->line, sentence);
    return ERR_INVALID;
}

/* ---- CSV ---- */

/* A cell as it stands in the text. */
struct cell {
    struct str raw; /* without the outer quotes */
    bool has_quotes;
    bool is_last; /* of its row */
};

/* Behind a cell: a comma, a line end or the end of the text. */
static bool take_separator(struct str text, size_t *at, bool *out_is_last)
{
    struct str rest = str_from_at(text, *at);

    *out_is_last = rest.len == 0 || rest.ptr[0] != ',';
    if (rest.len == 0)
        return true;
    if (rest.ptr[0] == ',' || rest.ptr[0] == '\n') {
        *at += 1;
        return true;
    }
    if (!str_starts(rest, STR("\r\n")))
        return false;
    *at += 2;
    return true;
}

/* From behind the opening quote to the closing one. */
static enum err take_quoted(struct table *table, size_t *at, struct cell *out, struct err_detail *detail)
{
    size_t start = *at + 1;
    size_t end = start;
    bool is_doubled = false;

    for (;; end += is_doubled ? 2 : 1) {
        struct str rest = str_from_at(table->text, end);

        if (rest.len == 0)
            return mistake(table, detail, "a quote is opened and never closed: close it or double it");
        if (rest.ptr[0] == '\n')
            table->next_line++;
        is_doubled = str_starts(rest, STR("\"\""));
        if (rest.ptr[0] == '"' && !is_doubled)
            break;
        out->has_quotes = out->has_quotes || is_doubled;
    }
    out->raw = (struct str){table->text.ptr + start, end - start};
    *at = end + 1;
    if (!take_separator(table->text, at, &out->is_last))
        return mistake(table, detail, "text follows a closing quote: write a quote inside a quoted cell twice");
    return ERR_NONE;
}

static enum err take_cell(struct table *table, size_t *at, struct cell *out, struct err_detail *detail)
{
    const char *ptr = table->text.ptr;
    size_t end = *at;

    *out = (struct cell){0};
    if (end < table->text.len && ptr[end] == '"')
        return take_quoted(table, at, out, detail);
    while (end < table->text.len && ptr[end] != ',' && ptr[end] != '\n')
        end++;
    out->raw = (struct str){ptr + *at, end - *at};
    *at = end;
    (void)take_separator(table->text, at, &out->is_last); /* a CR before the LF is trimmed off the cell */
    return ERR_NONE;
}

/* The content of a cell; `scratch` takes it when its quotes must be undone. */
static struct str cell_text(const struct cell *cell, char **scratch)
{
    char *start = *scratch;
    char *to = start;

    if (!cell->has_quotes)
        return str_trim(cell->raw);
    for (size_t i = 0; i < cell->raw.len; i++) {
        *to++ = cell->raw.ptr[i];
        if (cell->raw.ptr[i] == '"')
            i++; /* the second of two */
    }
    *scratch = to;
    return str_trim((struct str){start, (size_t)(to - start)});
}

static enum err mistake_count(struct table *table, size_t count, struct err_detail *detail)
{
    err_explain(detail, "%s line %zu: the row has %zu cells and the header %zu: quote cells that contain commas",
                table->name, table->line, count, table->columns);
    return ERR_INVALID;
}

static enum err read_csv_row(struct table *table, size_t *at, struct err_detail *detail)
{
    char *scratch = table->scratch;
    size_t start = *at;
    size_t count = 0;
    struct cell cell = {0};

    for (; !cell.is_last; count++) {
        enum err err = take_cell(table, at, &cell, detail);

        if (err != ERR_NONE)
            return err;
        if (*at - start > TABLE_ROW_BYTES_MAX)
            return mistake(table, detail, "the row is longer than 64 KiB: is a quote missing?");
        if (count < table->columns && table->wanted_at[count] != 0)
            table->cells[table->wanted_at[count] - 1] = cell_text(&cell, &scratch);
    }
    return count == table->columns ? ERR_NONE : mistake_count(table, count, detail);
}

static bool is_filler(char c)
{
    return c == ' ' || c == '-' || c == '_';
}

static struct str skip_filler(struct str s)
{
    while (s.len > 0 && is_filler(s.ptr[0]))
        s = (struct str){s.ptr + 1, s.len - 1};
    return s;
}

/* "E-Mail" is email, "LinkedIn URL" is linkedin_url. */
static bool is_called(struct str name, struct str wanted)
{
    for (;;) {
        name = skip_filler(name);
        wanted = skip_filler(wanted);
        if (name.len == 0 || wanted.len == 0)
            return name.len == wanted.len;
        if (char_lower(name.ptr[0]) != char_lower(wanted.ptr[0]))
            return false;
        name = (struct str){name.ptr + 1, name.len - 1};
        wanted = (struct str){wanted.ptr + 1, wanted.len - 1};
    }
}

static enum err place_column(struct table *table, size_t column, struct str name, struct err_detail *detail)
{
    for (size_t i = 0; i < table->wanted_count; i++) {
        if (!is_called(name, table->wanted[i]))
            continue;
        if (table->has[i]) {
            err_explain(detail, "%s line %zu: two columns are called %.*s: rename one", table->name, table->line,
                        STR_ARG(table->wanted[i]));
            return ERR_INVALID;
        }
        table->has[i] = true;
        table->wanted_at[column] = (uint8_t)(i + 1);
        return ERR_NONE;
    }
    return ERR_NONE;
}

static enum err read_csv_header(struct table *table, struct err_detail *detail)
{
    struct cell cell = {0};

    while (!cell.is_last) {
        char *scratch = table->scratch;
        size_t start = table->at;
        enum err err = take_cell(table, &table->at, &cell, detail);

        if (err != ERR_NONE)
            return err;
        if (table->columns == TABLE_COLUMNS_MAX)
            return mistake(table, detail, "there are more than 64 columns: drop those that are not needed");
        if (table->at - start > TABLE_ROW_BYTES_MAX)
            return mistake(table, detail, "the header is longer than 64 KiB: is this a CSV file?");
        err = place_column(table, table->columns++, cell_text(&cell, &scratch), detail);
        if (err != ERR_NONE)
            return err;
        if (str_find(cell.raw, ';') != cell.raw.len && table->columns == 1 && cell.is_last)
            return mistake(table, detail, "the columns are separated by semicolons: save the file with commas");
    }
    return ERR_NONE;
}

/* ---- JSON Lines ---- */

/* Text of a member, copied to the scratch; false for a type that is no cell. */
static bool put_member(const json_t *value, char **scratch, struct str *out)
{
    size_t room = 32; /* for a number; text is shorter than the line it came from */
    struct str text = json_str(value);
    char *start = *scratch;

    if (json_is_string(value))
        memcpy(start, text.ptr, text.len);
    else if (json_is_integer(value))
        text.len = (size_t)snprintf(start, room, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        text.len = (size_t)snprintf(start, room, "%.9g", json_real_value(value));
    else if (!json_is_null(value))
        return false;
    *out = str_trim((struct str){start, text.len});
    *scratch = start + text.len;
    return true;
}

static enum err read_members(struct table *table, json_t *doc, struct err_detail *detail)
{
    char *scratch = table->scratch;

    if (!json_is_object(doc))
        return mistake(table, detail, "every line must be one JSON object");
    for (size_t i = 0; i < table->wanted_count; i++) {
        const json_t *value = json_object_getn(doc, table->wanted[i].ptr, table->wanted[i].len);

        table->cells[i] = STR_NONE;
        if (value == NULL)
            continue;
        table->has[i] = true;
        if (!put_member(value, &scratch, &table->cells[i])) {
            err_explain(detail, "%s line %zu: %.*s must be text, a number or null", table->name, table->line,
                        STR_ARG(table->wanted[i]));
            return ERR_INVALID;
        }
    }
    return ERR_NONE;
}

static enum err read_json_row(struct table *table, size_t *at, struct err_detail *detail)
{
    struct str rest = str_from_at(table->text, *at);
    struct str line = str_cut(&rest, '\n');
    struct err_detail reason;
    json_t *doc = NULL;
    enum err err;

    *at = rest.len == 0 ? table->text.len : (size_t)(rest.ptr - table->text.ptr);
    if (line.len > TABLE_ROW_BYTES_MAX)
        return mistake(table, detail, "the line is longer than 64 KiB");
    if (json_read(line, &doc, &reason) != ERR_NONE) {
        const char *comma = strchr(reason.text, ',');

        err_explain(detail, "%s line %zu%.300s", table->name, table->line, comma == NULL ? "" : comma);
        return ERR_INVALID;
    }
    err = read_members(table, doc, detail);
    json_decref(doc);
    return err;
}

/* ---- both ---- */

static enum err read_row(struct table *table, size_t *at, struct err_detail *detail)
{
    return table->format == TABLE_CSV ? read_csv_row(table, at, detail) : read_json_row(table, at, detail);
}

static void keep_row(struct table *table, size_t at)
{
    if (table->row_count == table->rows_capacity) {
        table->rows_capacity = table->rows_capacity == 0 ? ROWS_FIRST : table->rows_capacity * 2;
        table->rows = mem_resize(table->rows, table->rows_capacity * sizeof *table->rows);
    }
    table->rows[table->row_count++] = (uint32_t)at;
}

static void pass_empty_lines(struct table *table)
{
    for (;;) {
        size_t at = table->at;

        while (at < table->text.len && memchr(" \t\r", table->text.ptr[at], 3) != NULL)
            at++;
        if (at == table->text.len)
            table->at = at;
        if (at == table->text.len || table->text.ptr[at] != '\n')
            return;
        table->at = at + 1;
        table->next_line++;
    }
}

enum err table_next(struct table *table, bool *out_is_row, struct err_detail *detail)
{
    size_t start;
    enum err err;

    pass_empty_lines(table);
    table->line = table->next_line;
    *out_is_row = table->at < table->text.len;
    if (!*out_is_row)
        return ERR_NONE;
    if (table->row_count == UINT32_MAX - 1)
        return mistake(table, detail, "there are too many rows: split the file");
    start = table->at;
    err = read_row(table, &table->at, detail);
    if (err != ERR_NONE)
        return err;
    table->next_line++;
    keep_row(table, start);
    return ERR_NONE;
}

void table_get(struct table *table, uint32_t row)
{
    size_t at;

    check(row < table->row_count);
    at = table->rows[row];
    check(read_row(table, &at, NULL) == ERR_NONE);
}

static enum err open_text(struct table *table, enum table_format format, struct err_detail *detail)
{
    check(table->wanted_count <= TABLE_COLUMNS_MAX);
    table->format = format;
    table->line = table->next_line = 1;
    table->scratch = mem_new(TABLE_ROW_BYTES_MAX + 64 * TABLE_COLUMNS_MAX);
    if (str_starts(table->text, STR("\xff\xfe")) || str_starts(table->text, STR("\xfe\xff")))
        return mistake(table, detail, "the text is UTF-16: save the file as UTF-8");
    if (str_starts(table->text, STR("\xef\xbb\xbf")))
        table->at = 3;
    if (format == TABLE_JSONL)
        return ERR_NONE;
    pass_empty_lines(table);
    table->line = table->next_line;
    if (table->at == table->text.len)
        return mistake(table, detail, "the file is empty: the first line names the columns");
    table->next_line++;
    return read_csv_header(table, detail);
}

enum err table_open_text(struct table *table, struct str text, enum table_format format, struct err_detail *detail)
{
    check(text.len <= TABLE_FILE_BYTES_MAX);
    table->text = text;
    return open_text(table, format, detail);
}

static enum err io_error(const char *path, const char *what, struct err_detail *detail)
{
    err_explain(detail, "%.300s: cannot %s the file (%s)", path, what, strerror(errno));
    return ERR_IO;
}

/* All of `bytes`, or less when the file has shrunk meanwhile. */
static enum err read_all(struct table *table, int fd, size_t bytes, struct err_detail *detail)
{
    size_t done = 0;

    table->owned_text = mem_resize(NULL, bytes);
    while (done < bytes) {
        size_t want = bytes - done < READ_BYTES_MAX ? bytes - done : READ_BYTES_MAX;
        ssize_t got = read(fd, table->owned_text + done, want);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error(table->name, "read", detail);
        if (got == 0)
            break;
        done += (size_t)got;
    }
    table->text = (struct str){table->owned_text, done};
    return ERR_NONE;
}

static enum err read_fd(struct table *table, int fd, struct err_detail *detail)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return io_error(table->name, "read", detail);
    if (!S_ISREG(info.st_mode)) {
        err_explain(detail, "%.300s: not a file: give the path of a .csv or .jsonl file", table->name);
        return ERR_IO;
    }
    if ((uint64_t)info.st_size > TABLE_FILE_BYTES_MAX) {
        err_explain(detail, "%.300s: the file is larger than 4 GiB: split it", table->name);
        return ERR_INVALID;
    }
    return read_all(table, fd, (size_t)info.st_size, detail);
}

enum err table_open_file(struct table *table, const char *path, struct err_detail *detail)
{
    struct str name = str_from(path);
    bool is_json = str_ends(name, STR(".jsonl")) || str_ends(name, STR(".ndjson"));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err err;

    if (fd < 0)
        return io_error(path, "open", detail);
    err = read_fd(table, fd, detail);
    close(fd);
    return err != ERR_NONE ? err : open_text(table, is_json ? TABLE_JSONL : TABLE_CSV, detail);
}

void table_deinit(struct table *table)
{
    mem_free(table->owned_text);
    mem_free(table->rows);
    mem_free(table->scratch);
    *table = (struct table){0};
}
