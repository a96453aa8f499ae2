/* enrich/learned.h: what a record has learnt when its waterfalls have run. */
#ifndef ENRICH_LEARNED_H
#define ENRICH_LEARNED_H

#include "enrich/question.h"
#include "enrich/waterfall.h"

/* Brings the record's channels (or fields) up to date: what was found, and what
 * everybody who was asked did not have. Those that somebody failed to answer
 * stay as they were. Answers the slots changed; texts stay where the run has
 * them. */
unsigned learn_channels(struct record *record, const struct question *question, const struct waterfall_run *run,
                        int64_t now_us);

/* From now on the record is known by what was given and by what was found. When
 * the arena is full some are missing: its `is_full` says so. */
void learn_identities(struct record *record, const struct question *question, const struct waterfall_run *run,
                      struct arena *arena);

#endif
