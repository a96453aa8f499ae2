/* providers/table_file.h: the rows of a CSV or JSON Lines text.
 *
 * The text stays in memory as it is; per row only its offset is kept (4 bytes),
 * and a row is parsed again when it is asked for. CSV follows RFC 4180 (quotes,
 * line breaks in quotes, LF or CRLF) with a header line, in whose names case,
 * spaces, - and _ do not count; JSON Lines has one object a line with members
 * that are text, numbers or null. UTF-8, with or without a byte order mark;
 * empty lines are passed over.
 *
 * Use: fill `name`, `wanted`, `wanted_count`; table_open_…; table_next until it
 * says that there is no more; then table_get at any row. One row at a time is
 * valid: `cells` until the next call. A mistake in the text is ERR_INVALID and
 * names line and remedy. */
#ifndef PROVIDERS_TABLE_FILE_H
#define PROVIDERS_TABLE_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum { TABLE_COLUMNS_MAX = 64, TABLE_ROW_BYTES_MAX = 64 * 1024 };

#define TABLE_FILE_BYTES_MAX UINT32_MAX

enum table_format { TABLE_CSV, TABLE_JSONL };

struct table {
    /* in */
    const char *name;         /* of the file, for messages */
    const struct str *wanted; /* names of the columns or members that we read; borrowed */
    size_t wanted_count;      /* at most TABLE_COLUMNS_MAX */

    /* out */
    struct str cells[TABLE_COLUMNS_MAX]; /* of the current row, per wanted column; trimmed, empty where absent */
    bool has[TABLE_COLUMNS_MAX];         /* does the file have that column? (JSON Lines: known after the last row) */
    uint32_t row_count;
    size_t line; /* that the current row begins at, from 1; while reading with table_next */

    /* private */
    enum table_format format;
    struct str text;
    char *owned_text; /* NULL when the text is the caller's */
    size_t at;        /* the next row, while reading */
    size_t next_line;
    uint32_t *rows; /* offsets */
    size_t rows_capacity;
    size_t columns;                       /* of the CSV header */
    uint8_t wanted_at[TABLE_COLUMNS_MAX]; /* CSV column to wanted number + 1 */
    char *scratch;                        /* cells that had to be unquoted */
};

/* Reads a whole file; ".jsonl" and ".ndjson" are JSON Lines, everything else
 * CSV. ERR_IO, or ERR_INVALID. After any of the two, table_deinit is due. */
must_use enum err table_open_file(struct table *table, const char *path, struct err_detail *detail);

/* The same from memory, which outlives the table. */
must_use enum err table_open_text(struct table *table, struct str text, enum table_format format,
                                  struct err_detail *detail);
void table_deinit(struct table *table);

/* Goes to the next row; `*out_is_row` is false after the last. */
must_use enum err table_next(struct table *table, bool *out_is_row, struct err_detail *detail);

/* Puts the cells of a row that table_next has passed into `cells`. */
void table_get(struct table *table, uint32_t row);

#endif
