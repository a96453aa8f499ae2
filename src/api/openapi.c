/* GET /openapi.json: the contract, a file of the tree (openapi.json beside this
 * one). tests/contract holds it against routes.def, err.def and the answers. */
#include "api/exchange.h"
#include "base/embed.h"

EMBED(openapi_json, "src/api/openapi.json");

void openapi_get(struct exchange *x)
{
    buf_put(exchange_body(x), (struct str){openapi_json, (size_t)openapi_json_bytes});
    exchange_respond(x, 200);
}
