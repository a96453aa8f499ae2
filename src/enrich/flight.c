#include "enrich/flight.h"

#include <sodium.h>

void flight_init(struct flight *flight, void (*go_on)(struct flight *flight),
                 bool (*shares)(struct flight *flight, const struct flight *left))
{
    flight->go_on = go_on;
    flight->shares = shares;
    flight->count = 0;
    list_init(&flight->waiting);
    list_init(&flight->link);
}

static struct flight_key hash_key(struct id workspace_id, int kind, const void *ptr, size_t len)
{
    crypto_generichash_state state;
    struct flight_key key;

    crypto_generichash_init(&state, NULL, 0, sizeof key.bytes);
    crypto_generichash_update(&state, workspace_id.bytes, sizeof workspace_id.bytes);
    crypto_generichash_update(&state, (const unsigned char *)&kind, sizeof kind);
    crypto_generichash_update(&state, ptr, len);
    crypto_generichash_final(&state, key.bytes, sizeof key.bytes);
    return key;
}

struct flight_key flight_key_of_identity(struct id workspace_id, const struct identity *identity)
{
    return hash_key(workspace_id, (int)identity->kind, identity->key.ptr, identity->key.len);
}

struct flight_key flight_key_of_record(struct id workspace_id, struct id record_id)
{
    return hash_key(workspace_id, IDENTITY_KIND_COUNT, record_id.bytes, sizeof record_id.bytes);
}

static struct flight_place *find_place(const struct flights *flights, const struct flight_key *key)
{
    struct flight_place *place;

    HASH_FIND(hh, flights->taken, key, sizeof *key, place);
    return place;
}

bool flight_is_taken(const struct flights *flights, const struct flight_key *key)
{
    return find_place(flights, key) != NULL;
}

struct flight *flight_join(struct flights *flights, struct flight *flight, const struct flight_key *keys, size_t count)
{
    check(flight->count == 0);
    check(count > 0 && count <= FLIGHT_KEYS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct flight_place *place = find_place(flights, &keys[i]);

        if (place != NULL) {
            list_append(&place->flight->waiting, &flight->link);
            return place->flight;
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct flight_place *place = &flight->places[i];

        place->key = keys[i];
        place->flight = flight;
        HASH_ADD(hh, flights->taken, key, sizeof place->key, place);
    }
    flight->count = count;
    return NULL;
}

void flight_leave(struct flights *flights, struct flight *flight)
{
    struct list waiting;
    struct list *link;
    struct flight *first = NULL;

    list_init(&waiting);
    for (size_t i = 0; i < flight->count; i++)
        HASH_DEL(flights->taken, &flight->places[i]);
    flight->count = 0;
    list_move_all(&waiting, &flight->waiting);
    while ((link = list_take(&waiting)) != NULL) {
        struct flight *next = list_entry(link, struct flight, link);

        if (next->shares != NULL && next->shares(next, flight))
            continue;
        if (first == NULL)
            first = next;
        else
            list_append(&first->waiting, link);
    }
    if (first != NULL)
        first->go_on(first);
}
