/* providers/fixture.h: a case of a connector, replayed without a network.
 *
 * A fixture (docs/connectors.md, "Fixtures") says what is asked, what must go
 * over the wire and comes back, and what must come of it. Time is the fixture's
 * own: it begins at FIXTURE_BEGINS_US and passes only while the call waits or a
 * request times out. */
#ifndef PROVIDERS_FIXTURE_H
#define PROVIDERS_FIXTURE_H

#include "base/buf.h"
#include "base/json.h"
#include "base/shape.h"
#include "providers/connector.h"

#define FIXTURE_BEGINS_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

enum { FIXTURE_EXCHANGES_MAX = 64, FIXTURE_DIFFERENCES_BYTES_MAX = 64 * 1024 };

/* Says in `out` what differed, each with its pointer into the fixture: "
 * /expect/outcome\n    expected: hit\n got:      miss\n". Nothing when it is as
 * the fixture says. ERR_INVALID with the mistakes when `doc` is no fixture. */
must_use enum err fixture_replay(const struct connector *connector, const json_t *doc, struct buf *out,
                                 struct shape_mistakes *mistakes);

#endif
