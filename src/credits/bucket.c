#include "credits/bucket.h"

#include "base/clock.h"
#include "credits/ledger.h"

#define DAY_US (INT64_C(86400) * SECOND_US)

int bucket_month(const struct bucket *bucket, int64_t now_us)
{
    int year, month, day;

    clock_date_of_days(now_us / DAY_US, &year, &month, &day);
    return year * 12 + month - 1 - (day < bucket->day ? 1 : 0);
}

int64_t bucket_renews_at(const struct bucket *bucket)
{
    int next = bucket->renewed + 1;

    if (bucket->credits == 0)
        return INT64_MAX;
    return clock_days_of_date(next / 12, next % 12 + 1, bucket->day) * DAY_US;
}

int64_t bucket_credits(const struct bucket *bucket, int month)
{
    int64_t months = bucket->carries_over ? month - bucket->renewed : 1;

    return months > CREDITS_MAX / bucket->credits ? CREDITS_MAX : months * bucket->credits;
}
