#include "base/tree.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/tree_shim.h"

#include <stdio.h>

/* Readers and the padded copy of the text are kept for the next answer, unless they have grown past this. */
enum { KEPT_BYTES_MAX = 64 * 1024, READERS_MAX = 2, DIGITS_64_BITS = 19 };

struct tree {
    struct tree_shim_tape tape;
    uint64_t visits;
    void *reader;
    bool is_large;
};

static const struct tree_shim *shim;
static struct tree *idle[READERS_MAX];
static char *copy;
static size_t copy_bytes;

enum err tree_load(struct err_detail *detail)
{
    if (shim == NULL)
        shim = tree_library(detail);
    return shim == NULL ? ERR_IO : ERR_NONE;
}

/* --- reading --- */

static struct tree *take_tree(void)
{
    struct tree *tree;

    for (size_t i = 0; i < LEN(idle); i++) {
        tree = idle[i];
        idle[i] = NULL;
        if (tree != NULL)
            return tree;
    }
    tree = mem_new(sizeof *tree);
    tree->reader = shim->reader_new();
    check(tree->reader != NULL);
    return tree;
}

void tree_free(struct tree **tree_ptr)
{
    struct tree *tree = *tree_ptr;

    *tree_ptr = NULL;
    for (size_t i = 0; i < LEN(idle) && tree != NULL && !tree->is_large; i++) {
        if (idle[i] == NULL) {
            idle[i] = tree;
            tree = NULL;
        }
    }
    if (tree != NULL)
        shim->reader_free(tree->reader);
    mem_free(tree);
}

static void copy_padded(struct str text)
{
    size_t bytes = text.len + TREE_SHIM_PADDING;

    if (bytes > copy_bytes) {
        mem_free(copy);
        copy = mem_resize(NULL, bytes);
        copy_bytes = bytes;
    }
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    memset(copy + text.len, ' ', TREE_SHIM_PADDING);
}

static void drop_large_copy(void)
{
    if (copy_bytes <= KEPT_BYTES_MAX)
        return;
    mem_free(copy);
    copy = NULL;
    copy_bytes = 0;
}

/* The end of a number that begins at `from`; whether it is written as a whole one. */
static size_t number_end(size_t from, size_t len, bool *out_is_whole)
{
    size_t at = from;

    *out_is_whole = true;
    for (; at < len && (char_is_alnum(copy[at]) || strchr("+-.", copy[at]) != NULL); at++)
        *out_is_whole &= char_is_digit(copy[at]) || at == from;
    return at;
}

/* 12345678901234567890123 becomes 1.2345678901234567890e22, in no more bytes. */
static void shorten(size_t from, size_t end)
{
    char exponent[8];
    size_t digits = end - from;
    int len;

    if (digits > 999) /* past every double: it stays what it is, an error */
        return;
    len = snprintf(exponent, sizeof exponent, "e%zu", digits - 1);
    memmove(copy + from + 2, copy + from + 1, digits - 2);
    copy[from + 1] = '.';
    memcpy(copy + end - len, exponent, (size_t)len);
}

/* Writes whole numbers past 64 bits as reals, which the library takes. */
static void shorten_numbers(size_t len)
{
    bool in_text = false;

    for (size_t at = 0; at < len; at++) {
        bool is_whole;
        size_t end, from;

        if (in_text && copy[at] == '\\')
            at++;
        else if (copy[at] == '"')
            in_text = !in_text;
        if (in_text || (!char_is_digit(copy[at]) && copy[at] != '-'))
            continue;
        end = number_end(at, len, &is_whole);
        from = copy[at] == '-' ? at + 1 : at;
        if (is_whole && end - from > DIGITS_64_BITS && copy[from] != '0')
            shorten(from, end);
        at = end - 1;
    }
}

static enum tree_shim_result read_copy(struct tree *tree, size_t len)
{
    enum tree_shim_result result = shim->read(tree->reader, copy, len, &tree->tape);

    if (result == TREE_SHIM_BAD_NUMBER) {
        shorten_numbers(len);
        result = shim->read(tree->reader, copy, len, &tree->tape);
    }
    return result;
}

enum err tree_read(struct str text, struct tree **out_tree)
{
    struct tree *tree;
    enum tree_shim_result result;

    check(shim != NULL);
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_from_at(text, 3);
    if (text.len == 0)
        return ERR_MALFORMED_JSON;
    tree = take_tree();
    tree->visits = 0;
    tree->is_large = text.len > KEPT_BYTES_MAX;
    copy_padded(text);
    result = fault_fails("tree") ? TREE_SHIM_NOT_JSON : read_copy(tree, text.len);
    drop_large_copy();
    if (result == TREE_SHIM_READ) {
        *out_tree = tree;
        return ERR_NONE;
    }
    tree_free(&tree);
    return ERR_MALFORMED_JSON;
}

uint64_t tree_visits(const struct tree *tree)
{
    return tree->visits;
}

/* --- the tape --- */

static uint64_t word_at(const struct tree *tree, size_t at)
{
    return tree->tape.words[at];
}

static char tag_at(const struct tree *tree, size_t at)
{
    return (char)(word_at(tree, at) >> 56);
}

static size_t payload_at(const struct tree *tree, size_t at)
{
    return (size_t)(word_at(tree, at) & UINT64_C(0x00ffffffffffffff));
}

static struct str text_at(const struct tree *tree, size_t at)
{
    const uint8_t *text = tree->tape.texts + payload_at(tree, at);
    uint32_t len;

    memcpy(&len, text, sizeof len);
    return (struct str){(const char *)text + sizeof len, len};
}

/* Where what follows a value begins. */
static size_t after(struct tree *tree, size_t at)
{
    tree->visits++;
    switch (tag_at(tree, at)) {
    case '{':
    case '[':
        return (size_t)(uint32_t)word_at(tree, at); /* the word behind the closing one */
    case 'l':
    case 'u':
    case 'd':
        return at + 2;
    default:
        return at + 1;
    }
}

struct tree_node tree_root(struct tree *tree)
{
    return (struct tree_node){tree, 1};
}

enum tree_type tree_type(struct tree_node node)
{
    if (node.at == 0)
        return TREE_NONE;
    switch (tag_at(node.tree, node.at)) {
    case 'n':
        return TREE_NULL;
    case 'f':
        return TREE_FALSE;
    case 't':
        return TREE_TRUE;
    case 'l':
    case 'u':
    case 'd':
        return TREE_NUMBER;
    case '"':
        return TREE_TEXT;
    case '[':
        return TREE_ARRAY;
    case '{':
        return TREE_OBJECT;
    default:
        break;
    }
    check(false);
    return TREE_NONE;
}

struct str tree_text(struct tree_node node)
{
    return tree_type(node) == TREE_TEXT ? text_at(node.tree, node.at) : STR_NONE;
}

double tree_number(struct tree_node node)
{
    uint64_t word;
    double real;

    if (tree_type(node) != TREE_NUMBER)
        return 0;
    word = word_at(node.tree, node.at + 1);
    if (tag_at(node.tree, node.at) == 'l')
        return (double)(int64_t)word;
    if (tag_at(node.tree, node.at) == 'u')
        return (double)word;
    memcpy(&real, &word, sizeof real);
    return real;
}

bool tree_is_whole(struct tree_node node)
{
    return tree_type(node) == TREE_NUMBER && tag_at(node.tree, node.at) != 'd';
}

struct str tree_digits(struct tree_node node, char out[TREE_DIGITS_MAX])
{
    uint64_t word;
    int len;

    if (!tree_is_whole(node))
        return STR_NONE;
    word = word_at(node.tree, node.at + 1);
    if (tag_at(node.tree, node.at) == 'l')
        len = snprintf(out, TREE_DIGITS_MAX, "%lld", (long long)word);
    else
        len = snprintf(out, TREE_DIGITS_MAX, "%llu", (unsigned long long)word);
    return (struct str){out, (size_t)len};
}

/* --- going through --- */

/* The value at `at`, or none where the container is closed. */
static struct tree_node value_at(struct tree_node container, size_t at)
{
    char tag = tag_at(container.tree, at);

    if (tag == ']' || tag == '}')
        return TREE_NODE_NONE;
    return (struct tree_node){container.tree, tree_type(container) == TREE_OBJECT ? at + 1 : at};
}

struct tree_node tree_first(struct tree_node container)
{
    enum tree_type type = tree_type(container);

    return type == TREE_ARRAY || type == TREE_OBJECT ? value_at(container, container.at + 1) : TREE_NODE_NONE;
}

struct tree_node tree_next(struct tree_node container, struct tree_node value)
{
    return value_at(container, after(container.tree, value.at));
}

struct str tree_name(struct tree_node value)
{
    return text_at(value.tree, value.at - 1);
}

struct tree_node tree_member(struct tree_node object, struct str name)
{
    struct tree_node value = TREE_NODE_NONE;

    if (tree_type(object) == TREE_OBJECT)
        value = tree_first(object);
    while (value.at != 0 && !str_is(tree_name(value), name))
        value = tree_next(object, value);
    return value;
}

struct tree_node tree_element(struct tree_node array, uint64_t index)
{
    struct tree_node value = TREE_NODE_NONE;

    if (tree_type(array) == TREE_ARRAY)
        value = tree_first(array);
    for (; index > 0 && value.at != 0; index--)
        value = tree_next(array, value);
    return value;
}
