#include "base/clock.h"

#include "base/check.h"
#include "base/fault.h"

#include <time.h>

#ifdef UNSTUCK_TEST_HOOKS
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OFFSET_BOTH, OFFSET_WALL, OFFSETS };

/* The file's numbers, mapped (behind its end the page is zero); zeros without a file. */
static int64_t test_offset_us(int which)
{
    static const volatile int64_t no_offsets[OFFSETS] = {0};
    static const volatile int64_t *offsets = NULL;

    if (offsets == NULL) {
        const char *path = getenv("UNSTUCK_CLOCK_FILE");
        int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

        offsets = no_offsets;
        if (fd >= 0) {
            void *mapped = mmap(NULL, sizeof no_offsets, PROT_READ, MAP_SHARED, fd, 0);

            check(mapped != MAP_FAILED);
            offsets = mapped;
            close(fd);
        }
    }
    return which == OFFSET_WALL ? offsets[OFFSET_BOTH] + offsets[OFFSET_WALL] : offsets[OFFSET_BOTH];
}
#else
enum { OFFSET_BOTH, OFFSET_WALL };

static int64_t test_offset_us(int which)
{
    (void)which;
    return 0;
}
#endif

static int64_t read_us(clockid_t id, int offset)
{
    struct timespec now;

    check(clock_gettime(id, &now) == 0);
    return now.tv_sec * SECOND_US + now.tv_nsec / 1000 + test_offset_us(offset);
}

int64_t clock_wall_us(void)
{
    int64_t now_us = read_us(CLOCK_REALTIME, OFFSET_WALL);

    /* The one way a wall clock fails: somebody sets it. */
    return fault_fails("clock") ? now_us - 3600 * SECOND_US : now_us;
}

int64_t clock_steady_us(void)
{
    return read_us(CLOCK_MONOTONIC, OFFSET_BOTH);
}

/* Both conversions count in eras of 400 years from 1 March of year 0, so that
 * the leap day is the last day of a year. */
int64_t clock_days_of_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

void clock_date_of_days(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t mp = (5 * day_of_year + 2) / 153;

    *day = (int)(day_of_year - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

static void put_two(char *at, int value)
{
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
}

void clock_put_time(struct buf *out, int64_t time_us)
{
    char text[] = "0000-00-00T00:00:00Z";
    int64_t seconds = time_us / SECOND_US;
    int in_day = (int)(seconds % 86400);
    int year, month, day;

    check(time_us >= 0);
    clock_date_of_days(seconds / 86400, &year, &month, &day);
    put_two(text, year / 100);
    put_two(text + 2, year % 100);
    put_two(text + 5, month);
    put_two(text + 8, day);
    put_two(text + 11, in_day / 3600);
    put_two(text + 14, in_day / 60 % 60);
    put_two(text + 17, in_day % 60);
    buf_put(out, (struct str){text, sizeof text - 1});
}

/* Takes exactly `digits` digits off `rest`; false when they are not there. */
static bool take_number(struct str *rest, size_t digits, uint64_t max, int64_t *out)
{
    uint64_t value;

    if (rest->len < digits || !str_to_u64((struct str){rest->ptr, digits}, max, &value))
        return false;
    *rest = str_from_at(*rest, digits);
    *out = (int64_t)value;
    return true;
}

static bool take_char(struct str *rest, const char *any_of)
{
    if (rest->len == 0 || rest->ptr[0] == '\0' || strchr(any_of, rest->ptr[0]) == NULL)
        return false;
    *rest = str_from_at(*rest, 1);
    return true;
}

static bool take_offset(struct str *rest, int64_t *out_seconds)
{
    int64_t sign, hours, minutes;

    *out_seconds = 0;
    if (take_char(rest, "zZ"))
        return true;
    if (rest->len == 0)
        return false;
    sign = rest->ptr[0] == '-' ? -1 : 1;
    if (!take_char(rest, "+-") || !take_number(rest, 2, 23, &hours) || !take_char(rest, ":") ||
        !take_number(rest, 2, 59, &minutes))
        return false;
    *out_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

/* A fraction of any length; what is finer than a microsecond is dropped. */
static bool take_fraction(struct str *rest, int64_t *out_us)
{
    int64_t unit = SECOND_US / 10;

    *out_us = 0;
    if (!take_char(rest, "."))
        return true;
    if (rest->len == 0 || !char_is_digit(rest->ptr[0]))
        return false;
    while (rest->len > 0 && char_is_digit(rest->ptr[0])) {
        *out_us += unit * (rest->ptr[0] - '0');
        unit /= 10;
        *rest = str_from_at(*rest, 1);
    }
    return true;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    return month == 12 ? 31 : clock_days_of_date(year, month + 1, 1) - clock_days_of_date(year, month, 1);
}

bool clock_read_time(struct str text, int64_t *out_time_us)
{
    int64_t year, month, day, hour, minute, second, fraction_us, offset, time_us;

    if (!take_number(&text, 4, 9999, &year) || !take_char(&text, "-") || !take_number(&text, 2, 12, &month) ||
        !take_char(&text, "-") || !take_number(&text, 2, 31, &day) || !take_char(&text, "tT ") ||
        !take_number(&text, 2, 23, &hour) || !take_char(&text, ":") || !take_number(&text, 2, 59, &minute) ||
        !take_char(&text, ":") || !take_number(&text, 2, 60, &second) || !take_fraction(&text, &fraction_us) ||
        !take_offset(&text, &offset) || text.len != 0)
        return false;
    if (year < 1970 || month < 1 || day < 1 || day > days_in_month(year, month))
        return false;
    time_us = (clock_days_of_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset) * SECOND_US +
              fraction_us;
    if (time_us < 0 || time_us >= clock_days_of_date(10000, 1, 1) * 86400 * SECOND_US)
        return false;
    *out_time_us = time_us;
    return true;
}
