/* GET /credits */
#include "api/exchange.h"
#include "base/clock.h"

void credits_get(struct exchange *x)
{
    const struct account *account = &x->workspace->account;

    buf_printf(exchange_body(x), "{\"balance\":%lld,\"held\":%lld,\"used_this_month\":%lld}",
               (long long)account->balance, (long long)account->held,
               (long long)account_used_month(account, clock_wall_us()));
    exchange_respond(x, 200);
}
