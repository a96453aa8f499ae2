/* The keys of a workspace: GET and POST /keys, DELETE /keys/{id}. */
#include "api/exchange.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/shape.h"

#include <sodium.h>

#define KEY_PREFIX STR("key_")
#define DAY_US (INT64_C(86400) * SECOND_US)
enum { KEY_DAYS_MAX = 3650 };

/* --- how a key looks ------------------------------------------------------ */

/* The members of a key without its braces. */
static void put_key(struct buf *out, const struct api_key *key)
{
    buf_puts(out, "\"key_id\":\"");
    id_put(out, KEY_PREFIX, key->id);
    buf_puts(out, "\",\"name\":");
    json_put_str(out, key->name);
    buf_printf(out, ",\"key\":\"unstuck_***_%s\",\"scope\":\"%s\"", key->hint, scope_name(key->scope));
    json_put_name(out, "created_at");
    json_put_time(out, key->created_at_us);
    json_put_name(out, "expires_at");
    json_put_time(out, key->expires_at_us);
    json_put_name(out, "last_used_at");
    json_put_time(out, key->last_used_at_us);
    json_put_name(out, "revoked_at");
    json_put_time(out, key->revoked_at_us);
}

static void respond_key(struct exchange *x, int status, const struct api_key *key, struct str secret)
{
    struct buf *body = exchange_body(x);

    buf_put_char(body, '{');
    put_key(body, key);
    if (secret.len != 0) {
        buf_puts(body, ",\"secret\":");
        json_put_str(body, secret);
    }
    buf_put_char(body, '}');
    exchange_header(x, "Cache-Control", STR("no-store"));
    exchange_respond(x, status);
}

void keys_get(struct exchange *x)
{
    struct buf *body = exchange_body(x);

    buf_puts(body, "{\"keys\":[");
    list_each(link, following, &x->workspace->keys)
    {
        json_put_comma(body);
        buf_put_char(body, '{');
        put_key(body, list_entry(link, struct api_key, link));
        buf_put_char(body, '}');
    }
    buf_puts(body, "]}");
    exchange_respond(x, 200);
}

/* --- making one ----------------------------------------------------------- */

/* What was asked for, and the key on its way to the disk. */
struct key_making {
    struct exchange *x;
    struct store_key key;
    char name[KEY_NAME_BYTES_MAX + 1];
    char secret[KEY_LEN + 1];
};

static void read_expiry(struct shape *shape, int64_t now_us, int64_t *out_expires_at_us)
{
    int64_t days = KEY_LIFE_DAYS;
    struct str text;
    bool has_days = shape_int(shape, "expires_in_days", 1, KEY_DAYS_MAX, &days);

    *out_expires_at_us = now_us + days * DAY_US;
    if (!shape_str(shape, "expires_at", 1, 64, &text))
        return;
    if (has_days)
        shape_report_member(shape, "expires_at", "give either expires_at or expires_in_days");
    else if (!clock_read_time(text, out_expires_at_us))
        shape_report_member(shape, "expires_at", "must be an RFC 3339 time, like 2027-05-26T14:30:00Z");
    else if (*out_expires_at_us <= now_us || *out_expires_at_us > now_us + KEY_DAYS_MAX * DAY_US)
        shape_report_member(shape, "expires_at", "must be in the future, at most %d days from now", KEY_DAYS_MAX);
}

static bool is_missing(struct shape *shape, const char *name)
{
    return json_object_get(shape->object, name) == NULL;
}

static void read_wish(const json_t *doc, int64_t now_us, struct str *out_name, enum scope *out_scope,
                      int64_t *out_expires_at_us, struct shape_mistakes *mistakes)
{
    struct shape shape;
    struct str scope;

    if (!shape_begin(&shape, doc, STR(""), mistakes))
        return;
    if (!shape_str(&shape, "name", 1, KEY_NAME_BYTES_MAX, out_name) && is_missing(&shape, "name"))
        shape_report_member(&shape, "name", "is required");
    if (shape_str(&shape, "scope", 1, 64, &scope)) {
        if (!scope_from(scope, out_scope))
            shape_report_member(&shape, "scope", "must be \"read\", \"enrich\", \"signals\" or \"full\"");
    } else if (is_missing(&shape, "scope")) {
        shape_report_member(&shape, "scope", "is required");
    }
    read_expiry(&shape, now_us, out_expires_at_us);
    shape_end(&shape);
}

static void key_added(struct store_op *op, enum err err)
{
    struct key_making *making = container_of(op, struct key_making, key.op);
    struct exchange *x = making->x;

    x->workspace->key_count--; /* of those on their way */
    if (err == ERR_NONE)
        respond_key(x, 201, directory_add_key(x->api->directory, &making->key.row), str_from(making->secret));
    else
        exchange_refuse(x, err, NULL);
    sodium_memzero(making->secret, sizeof making->secret);
    mem_free(making);
}

static void make_key(struct exchange *x, struct str name, enum scope scope, int64_t now_us, int64_t expires_at_us)
{
    struct key_making *making = mem_new(sizeof *making);

    making->x = x;
    memcpy(making->name, name.ptr, name.len);
    key_make(making->secret, x->workspace->id, scope, now_us, &making->key.row);
    making->key.row.name = (struct str){making->name, name.len};
    making->key.row.expires_at_us = expires_at_us;
    x->workspace->key_count++;
    store_add_key(x->api->engine->store, &making->key, key_added);
}

static bool has_room(const struct workspace *workspace, int64_t now_us)
{
    size_t dead = 0;

    list_each(link, following, &workspace->keys)
    {
        dead += !key_is_live(list_entry(link, struct api_key, link), now_us);
    }
    return workspace->key_count < KEYS_MAX && workspace->key_count - dead < KEYS_LIVE_MAX;
}

void keys_post(struct exchange *x)
{
    int64_t now_us = clock_wall_us(), expires_at_us = 0;
    struct shape_mistakes mistakes;
    struct str name = STR_NONE;
    enum scope scope = SCOPE_READ;
    json_t *doc;

    if (!exchange_read_json(x, &doc))
        return;
    shape_mistakes_init(&mistakes);
    read_wish(doc, now_us, &name, &scope, &expires_at_us, &mistakes);
    if (mistakes.count != 0)
        exchange_refuse_with(x, ERR_INVALID, mistakes.first.text, buf_str(&mistakes.json), STR_NONE);
    else if (!has_room(x->workspace, now_us))
        exchange_refuse(x, ERR_KEY_LIMIT, "revoke keys that are not used: 100 may be live at once");
    else
        make_key(x, name, scope, now_us, expires_at_us);
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
}

/* --- revoking one --------------------------------------------------------- */

struct key_revoking {
    struct exchange *x;
    struct api_key *key;
    bool was_live;
    struct store_key op;
};

static void key_revoked(struct store_op *op, enum err err)
{
    struct key_revoking *revoking = container_of(op, struct key_revoking, op.op);
    struct exchange *x = revoking->x;

    if (err == ERR_STORE_DOWN && revoking->was_live)
        revoking->key->revoked_at_us = 0; /* it was not: it works on, as the answer says */
    if (err == ERR_NONE)
        respond_key(x, 200, revoking->key, STR_NONE);
    else
        exchange_refuse(x, err, NULL);
    mem_free(revoking);
}

/* In memory first: from here on the key opens nothing. Written again when it was
 * revoked before: that may not have reached the disk. */
static void start_revoking(struct exchange *x, struct api_key *key)
{
    struct key_revoking *revoking = mem_new(sizeof *revoking);

    revoking->x = x;
    revoking->key = key;
    revoking->was_live = key->revoked_at_us == 0;
    if (revoking->was_live)
        key->revoked_at_us = clock_wall_us();
    revoking->op.row =
        (struct key_row){.workspace_id = x->workspace->id, .id = key->id, .revoked_at_us = key->revoked_at_us};
    store_revoke_key(x->api->engine->store, &revoking->op, key_revoked);
}

void key_delete(struct exchange *x)
{
    struct api_key *key = NULL;
    struct id id;

    if (id_read(x->id, KEY_PREFIX, &id))
        key = workspace_key(x->workspace, id);
    if (key == NULL)
        exchange_refuse(x, ERR_NOT_FOUND, "this workspace has no key with that id");
    else if (key_is_last_full(key, clock_wall_us()))
        exchange_refuse(x, ERR_LAST_FULL_KEY, "make another key of scope full before this one goes");
    else
        start_revoking(x, key);
}
