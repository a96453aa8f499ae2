/* workspace/suppression.h: whom a workspace never looks up.
 *
 * A suppression is an e-mail, a LinkedIn URL or a domain, in normal form
 * (identity/identity.h). What is kept of it is a keyed hash (BLAKE2b of 128
 * bits, under the installation's key, over the workspace, the kind and the
 * value), so neither the database nor this process has a list of people. A
 * domain holds what is at it and below it: e-mails, people asked for at that
 * company, the company.
 *
 * A workspace's set is in memory from the start, 16 bytes a place in a table
 * with open addressing: 21 to 43 bytes each, 32 MiB for SUPPRESSIONS_MAX. Asking
 * is synchronous and takes no disk: one hash for a LinkedIn URL, one for an
 * e-mail, one for each label of a domain but the last. */
#ifndef WORKSPACE_SUPPRESSION_H
#define WORKSPACE_SUPPRESSION_H

#include "identity/identity.h"
#include "store/store.h"

#define SUPPRESSION_PREFIX STR("sup_")

enum { SUPPRESSIONS_MAX = 1000000, SUPPRESSION_HASHES_MAX = 1 + DOMAIN_BYTES_MAX / 2 };

struct suppressions;

struct suppressions *suppressions_new(struct id workspace_id, const uint8_t key[SUPPRESSION_KEY_BYTES]);
void suppressions_free(struct suppressions **set);

const uint8_t *suppressions_key(const struct suppressions *set);
size_t suppressions_count(const struct suppressions *set);
/* Another number after each change that holds more: who asked under this one need not ask again. */
unsigned suppressions_epoch(const struct suppressions *set);

/* "email", "linkedin_url", "domain". */
const char *suppression_kind_name(enum suppression_kind kind);

/* Brings a value of that kind into its normal form; see identity.h. */
must_use bool suppression_normalise(enum suppression_kind kind, struct str text, struct identity_text *out,
                                    struct err_detail *detail);

/* Of a normal form. */
struct suppression_hash suppressions_hash(const struct suppressions *set, enum suppression_kind kind, struct str value);
/* The hashes of all suppressions that would hold it: itself, its domain and
 * what that is under. Answers their number. */
size_t suppressions_hashes(const struct suppressions *set, enum suppression_kind kind, struct str value,
                           struct suppression_hash out[SUPPRESSION_HASHES_MAX]);

/* Nothing when it is there (not there) already. Zeros are no hash of anything. */
void suppressions_add(struct suppressions *set, struct suppression_hash hash);
void suppressions_remove(struct suppressions *set, struct suppression_hash hash);

/* Is it suppressed? By a hash alone, by a value in normal form and what it is
 * under, by what a record is known by, by a value for a slot in any form. */
bool suppressions_have(const struct suppressions *set, struct suppression_hash hash);
bool suppressions_hold(const struct suppressions *set, enum suppression_kind kind, struct str value);
bool suppressions_hold_identity(const struct suppressions *set, const struct identity *identity);
bool suppressions_hold_value(const struct suppressions *set, unsigned slot, struct str value);
/* By any identity (when they were read) or value of the record. */
bool suppressions_hold_record(const struct suppressions *set, const struct record *record);

#endif
