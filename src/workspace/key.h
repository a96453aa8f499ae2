/* workspace/key.h: API keys.
 *
 * A key is "unstuck_", 30 random base62 characters (178 bits) and 6 of the
 * CRC-32 (IEEE) of those 30: a typo or a truncated paste is refused before any
 * look-up. Only SHA-256 of the whole key is kept: the secret has too much
 * entropy for a slow hash to add anything. Shown later as
 * "unstuck_***_" and its last eight characters. */
#ifndef WORKSPACE_KEY_H
#define WORKSPACE_KEY_H

#include "base/id.h"
#include "base/str.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

enum { KEY_LEN = 8 + 30 + 6, KEY_HINT_LEN = 8, KEY_LIFE_DAYS = 365 };

/* SCOPE(id, name): read reads; enrich also enriches; signals reads and reports
 * outcomes; full does everything. */
enum scope { SCOPE_READ, SCOPE_ENRICH, SCOPE_SIGNALS, SCOPE_FULL, SCOPE_COUNT };

/* What a route asks for; a scope is a set of these. */
enum permission { MAY_READ = 1, MAY_ENRICH = 2, MAY_SIGNAL = 4, MAY_ADMIN = 8 };

const char *scope_name(enum scope scope);
bool scope_from(struct str name, enum scope *out_scope);
unsigned scope_permissions(enum scope scope);

/* A fresh secret, NUL-terminated, and its row (texts point into `secret` and
 * constants). The caller wipes the secret. */
void key_make(char secret[KEY_LEN + 1], struct id workspace_id, enum scope scope, int64_t now_us,
              struct key_row *out_row);

/* Prefix, length, alphabet and checksum: no look-up. */
bool key_is_well_formed(struct str secret);
void key_hash(struct str secret, uint8_t out_hash[32]);

#endif
