#include "base/log.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"

#include <pthread.h>
#include <stdarg.h>
#include <unistd.h>

enum { GATHERED_BYTES = 32 * 1024, LINES_BYTES_MAX = 1024 * 1024 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static enum log_level lowest = LOG_INFO;
static struct buf lines = {.bytes_max = LINES_BYTES_MAX};
static pthread_mutex_t lines_lock = PTHREAD_MUTEX_INITIALIZER;

void log_set_level(enum log_level level)
{
    lowest = level;
}

bool log_level_from(struct str name, enum log_level *out_level)
{
    for (size_t i = 0; i < LEN(level_names); i++) {
        if (str_is(name, str_from(level_names[i]))) {
            *out_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_is_on(enum log_level level)
{
    return level >= lowest;
}

static void put_field(struct log_field field)
{
    buf_puts(&lines, ",\"");
    buf_put(&lines, str_from(field.name));
    buf_puts(&lines, "\":");
    if (field.is_number)
        buf_put_i64(&lines, field.number);
    else
        json_put_str(&lines, field.text);
}

/* A log that cannot be written has nowhere to be reported: the lines are lost. */
static void write_lines(void)
{
    size_t done = 0;

    while (done < lines.len) {
        ssize_t written = write(STDERR_FILENO, lines.ptr + done, lines.len - done);

        if (written <= 0)
            break;
        done += (size_t)written;
    }
    buf_clear(&lines);
}

void log_write(enum log_level level, const char *message, ...)
{
    va_list fields;
    struct log_field field;
    int64_t now_us;

    if (!log_is_on(level))
        return;
    now_us = clock_wall_us(); /* before the lock: a clock made to fail logs itself */
    pthread_mutex_lock(&lines_lock);
    buf_puts(&lines, "{\"ts\":\"");
    clock_put_time(&lines, now_us);
    buf_puts(&lines, "\",\"level\":\"");
    buf_put(&lines, str_from(level_names[level]));
    buf_puts(&lines, "\",\"msg\":");
    json_put_str(&lines, str_from(message));
    va_start(fields, message);
    while ((field = va_arg(fields, struct log_field)).name != NULL)
        put_field(field);
    va_end(fields);
    buf_puts(&lines, "}\n");
    if (level >= LOG_WARN || lines.len > GATHERED_BYTES)
        write_lines();
    pthread_mutex_unlock(&lines_lock);
}

void log_flush(void)
{
    pthread_mutex_lock(&lines_lock);
    if (lines.len > 0)
        write_lines();
    pthread_mutex_unlock(&lines_lock);
}

struct log_field log_str(const char *name, struct str text)
{
    return (struct log_field){.name = name, .text = text};
}

struct log_field log_text(const char *name, const char *text)
{
    return log_str(name, str_from(text));
}

struct log_field log_num(const char *name, int64_t number)
{
    return (struct log_field){.name = name, .number = number, .is_number = true};
}
