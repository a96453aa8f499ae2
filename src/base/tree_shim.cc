// See tree_shim.h. Nothing here may let an exception out: simdjson is used
// through its functions that answer error codes.
#include "base/tree_shim.h"

#include <new>
#include <simdjson.h>

using simdjson::dom::parser;

namespace
{

static_assert(TREE_SHIM_PADDING >= simdjson::SIMDJSON_PADDING, "the reader looks past the text");

constexpr size_t capacity_at_birth = 4096;

void *reader_new()
{
    parser *reader = new (std::nothrow) parser();

    if (reader != nullptr && reader->allocate(capacity_at_birth, TREE_SHIM_DEPTH_MAX) == simdjson::SUCCESS)
        return reader;
    delete reader;
    return nullptr;
}

void reader_free(void *reader)
{
    delete static_cast<parser *>(reader);
}

tree_shim_result read(void *reader, const char *text, size_t len, tree_shim_tape *out_tape)
{
    parser *self = static_cast<parser *>(reader);
    simdjson::dom::element root;
    simdjson::error_code error = self->parse(text, len, false).get(root);

    if (error == simdjson::NUMBER_ERROR)
        return TREE_SHIM_BAD_NUMBER;
    if (error != simdjson::SUCCESS)
        return TREE_SHIM_NOT_JSON;
    out_tape->words = self->doc.tape.get();
    out_tape->texts = self->doc.string_buf.get();
    return TREE_SHIM_READ;
}

} // namespace

extern "C" {
extern const __attribute__((visibility("default"))) tree_shim tree_shim;
const struct tree_shim tree_shim = {reader_new, reader_free, read};
}
