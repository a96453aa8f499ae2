#include "api/answer.h"

#include "base/clock.h"
#include "base/json.h"

void answer_put_channel(struct buf *out, const struct kept_channel *kept)
{
    if (kept->value.len == 0) {
        buf_puts(out, "null");
        return;
    }
    buf_puts(out, "{\"value\":");
    json_put_str(out, kept->value);
    buf_puts(out, ",\"source\":");
    json_put_str(out, kept->source);
    buf_puts(out, ",\"confidence\":");
    json_put_ppm(out, kept->confidence_ppm);
    buf_puts(out, ",\"enriched_at\":\"");
    clock_put_time(out, kept->enriched_at_us);
    buf_put_char(out, '"');
    if (kept->verified >= 0)
        buf_put(out, kept->verified != 0 ? STR(",\"verified\":true") : STR(",\"verified\":false"));
    buf_put_char(out, '}');
}

void answer_put_channels(struct buf *out, const struct kept_channel *channels, unsigned set, unsigned found)
{
    buf_put_char(out, '{');
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        if ((set & 1u << i) == 0)
            continue;
        json_put_comma(out);
        buf_put_char(out, '"');
        buf_put(out, str_from(channel_name((enum channel)i)));
        buf_puts(out, "\":");
        if ((found & 1u << i) != 0)
            answer_put_channel(out, &channels[i]);
        else
            buf_puts(out, "null");
    }
    buf_put_char(out, '}');
}
