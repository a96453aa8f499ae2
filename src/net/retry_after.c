#include "net/retry_after.h"

#include "base/check.h"
#include "base/clock.h"

struct date {
    uint64_t year, month, day, hour, minute, second;
};

static bool take_number(struct str *rest, size_t digits, uint64_t max, uint64_t *out)
{
    if (rest->len < digits || !str_to_u64((struct str){rest->ptr, digits}, max, out))
        return false;
    *rest = str_from_at(*rest, digits);
    return true;
}

static bool take_text(struct str *rest, struct str text)
{
    if (!str_starts_nocase(*rest, text))
        return false;
    *rest = str_from_at(*rest, text.len);
    return true;
}

/* A name of the list, counted from 1, as far as `letters` (0: in full). */
static bool take_name(struct str *rest, const char *const *names, size_t count, size_t letters, uint64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        struct str name = str_from(names[i]);

        if (letters != 0)
            name.len = letters;
        if (take_text(rest, name)) {
            *out = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_weekday(struct str *rest, size_t letters)
{
    static const char *const names[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
    uint64_t ignored;

    return take_name(rest, names, LEN(names), letters, &ignored);
}

static bool take_month(struct str *rest, struct date *date)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    return take_name(rest, names, LEN(names), 0, &date->month);
}

static bool take_time(struct str *rest, struct date *date)
{
    return take_text(rest, STR(" ")) && take_number(rest, 2, 23, &date->hour) && take_text(rest, STR(":")) &&
           take_number(rest, 2, 59, &date->minute) && take_text(rest, STR(":")) &&
           take_number(rest, 2, 60, &date->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_fixdate(struct str rest, struct date *date)
{
    return take_weekday(&rest, 3) && take_text(&rest, STR(", ")) && take_number(&rest, 2, 31, &date->day) &&
           take_text(&rest, STR(" ")) && take_month(&rest, date) && take_text(&rest, STR(" ")) &&
           take_number(&rest, 4, 9999, &date->year) && take_time(&rest, date) && str_is_nocase(rest, STR(" GMT"));
}

/* "Sunday, 06-Nov-94 08:49:37 GMT": a year that seems more than 50 years ahead
 * is of the century before. */
static bool read_rfc850(struct str rest, int64_t wall_us, struct date *date)
{
    int year, month, day;

    if (!take_weekday(&rest, 0) || !take_text(&rest, STR(", ")) || !take_number(&rest, 2, 31, &date->day) ||
        !take_text(&rest, STR("-")) || !take_month(&rest, date) || !take_text(&rest, STR("-")) ||
        !take_number(&rest, 2, 99, &date->year) || !take_time(&rest, date) || !str_is_nocase(rest, STR(" GMT")))
        return false;
    clock_date_of_days(wall_us / SECOND_US / 86400, &year, &month, &day);
    date->year += (uint64_t)(year / 100) * 100;
    while (date->year > (uint64_t)year + 50)
        date->year -= 100;
    return true;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(struct str rest, struct date *date)
{
    if (!take_weekday(&rest, 3) || !take_text(&rest, STR(" ")) || !take_month(&rest, date) ||
        !take_text(&rest, STR(" ")))
        return false;
    if (take_text(&rest, STR(" ")) ? !take_number(&rest, 1, 9, &date->day) : !take_number(&rest, 2, 31, &date->day))
        return false;
    return take_time(&rest, date) && take_text(&rest, STR(" ")) && take_number(&rest, 4, 9999, &date->year) &&
           rest.len == 0;
}

/* False for a day that no calendar has. */
static bool date_to_us(const struct date *date, int64_t *out_us)
{
    int64_t days = clock_days_of_date((int64_t)date->year, (int64_t)date->month, (int64_t)date->day);
    int year, month, day;

    clock_date_of_days(days, &year, &month, &day);
    if (date->day == 0 || month != (int)date->month)
        return false;
    *out_us = (days * 86400 + (int64_t)(date->hour * 3600 + date->minute * 60 + date->second)) * SECOND_US;
    return true;
}

/* "120", "0.5": digits beyond the largest wait are as good as the largest. */
static bool read_seconds(struct str text, int64_t *out_us)
{
    int64_t us = 0, unit = SECOND_US;
    bool is_fraction = false;

    if (text.len == 0 || !char_is_digit(text.ptr[0]) || !char_is_digit(text.ptr[text.len - 1]))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '.' && !is_fraction) {
            is_fraction = true;
            continue;
        }
        if (!char_is_digit(text.ptr[i]))
            return false;
        unit = is_fraction ? unit / 10 : unit;
        us = (is_fraction ? us : us * 10) + unit * (text.ptr[i] - '0');
        us = us < RETRY_AFTER_US_MAX ? us : RETRY_AFTER_US_MAX;
    }
    *out_us = us;
    return true;
}

bool retry_after_read(struct str text, int64_t wall_us, int64_t *out_wait_us)
{
    struct date date;
    int64_t wait_us;

    text = str_trim(text);
    if (!read_seconds(text, &wait_us)) {
        if (!read_fixdate(text, &date) && !read_rfc850(text, wall_us, &date) && !read_asctime(text, &date))
            return false;
        if (!date_to_us(&date, &wait_us))
            return false;
        wait_us -= wall_us;
    }
    wait_us = wait_us > 0 ? wait_us : 0;
    *out_wait_us = wait_us < RETRY_AFTER_US_MAX ? wait_us : RETRY_AFTER_US_MAX;
    return true;
}
