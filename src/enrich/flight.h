/* enrich/flight.h: who is under way with whom.
 *
 * A lookup that may ask providers first takes the identities of its question
 * (and its record, when there is one). If one of them is taken it takes none
 * and waits for the taker to leave; so nobody waits while holding, and there is
 * no deadlock. Hence two lookups never run for one record at a time: identical
 * ones share the first one's answer, others look again and find its channels
 * already in the store. */
#ifndef ENRICH_FLIGHT_H
#define ENRICH_FLIGHT_H

#include "base/list.h"
#include "store/store.h"

#include <uthash.h>

enum { FLIGHT_KEYS_MAX = 4 };

struct flight_key {
    uint8_t bytes[16];
};

/* One identity that is taken. */
struct flight_place {
    struct flight_key key;
    struct flight *flight;
    UT_hash_handle hh;
};

/* Embedded by a lookup, or by whatever else must be alone with a record.
 * Zeroed and flight_init'ed before use. */
struct flight {
    void (*go_on)(struct flight *flight);                             /* try again */
    bool (*shares)(struct flight *flight, const struct flight *left); /* see flight_leave; may be NULL */
    struct flight_place places[FLIGHT_KEYS_MAX];
    size_t count;        /* places taken; 0: not in flight */
    struct list waiting; /* of struct flight.link of those who wait for us */
    struct list link;    /* in another's waiting, or alone */
};

struct flights {
    struct flight_place *taken; /* uthash by key */
};

void flight_init(struct flight *flight, void (*go_on)(struct flight *flight),
                 bool (*shares)(struct flight *flight, const struct flight *left));

struct flight_key flight_key_of_identity(struct id workspace_id, const struct identity *identity);
struct flight_key flight_key_of_record(struct id workspace_id, struct id record_id);

bool flight_is_taken(const struct flights *flights, const struct flight_key *key);

/* Takes all keys and answers NULL; or takes none, waits in the list of the
 * flight that has one of them, and answers that one. */
struct flight *flight_join(struct flights *flights, struct flight *flight, const struct flight_key *keys, size_t count);

/* Gives the keys back. Those who waited and can use what `flight` leaves behind
 * do (`shares` answers true and sees to them); of the others the first goes on,
 * and the rest wait for that one: so many questions for one record look again
 * once each, not all at every turn. */
void flight_leave(struct flights *flights, struct flight *flight);

#endif
