/* Reading values: candidates, choices, confidences, forms. */
#include "providers/connector_parts.h"

#include "base/check.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FORM_DIGITS_MAX = 15, DAY_BYTES = 10, YEAR_DIGITS = 4, REGION_BYTES = 2 };

#define WHOLE_MAX 9e15 /* doubles are exact up to there */

/* --- choices --- */

struct naming {
    const struct choice *choice;
    int64_t value;
    bool is_known;
};

/* The first that is a word at all decides. */
static bool take_word(struct tree_node node, void *ctx)
{
    struct naming *naming = ctx;
    char digits[TREE_DIGITS_MAX];
    struct str text = scalar_text(node, digits);

    for (size_t i = 0; i < naming->choice->words_count && !naming->is_known; i++) {
        if (str_is_nocase(text, naming->choice->words[i].text)) {
            naming->value = naming->choice->words[i].value;
            naming->is_known = true;
        }
    }
    return text.len > 0;
}

static bool words_say(const struct choice *choice, struct reading *reading, struct tree_node from, int64_t *out_value)
{
    struct naming naming = {choice, choice->by_default, choice->has_default};

    naming.is_known = false;
    pointers_each(&choice->at, from, &reading->values, take_word, &naming);
    *out_value = naming.value;
    return naming.is_known || choice->has_default;
}

static int64_t share(double number, double scale)
{
    double part = number / scale;

    if (!(part > 0))
        return 0;
    return part >= 1 ? PPM_ONE : (int64_t)llround(part * PPM_ONE);
}

static bool number_says(const struct choice *choice, struct reading *reading, struct tree_node from, int64_t *out_value)
{
    double number;

    if (pointers_number(&choice->at, from, &reading->values, &number)) {
        *out_value = share(number, choice->scale);
        return true;
    }
    *out_value = choice->by_default;
    return choice->has_default;
}

/* Parts that say nothing do not count. */
static bool parts_say(const struct choice *choice, struct reading *reading, struct tree_node from, int64_t *out_value)
{
    bool says = false;
    int64_t total = PPM_ONE, part = 0;

    for (size_t i = 0; i < choice->parts_count; i++) {
        if (!choices_say(&choice->parts[i], reading, from, &part))
            continue;
        says = true;
        if (choice->kind == CHOICE_PRODUCT)
            total = (total * part + PPM_ONE / 2) / PPM_ONE;
        else if (part < total)
            total = part;
    }
    *out_value = total;
    return says;
}

static bool choice_says(const struct choice *choice, struct reading *reading, struct tree_node from, int64_t *out_value)
{
    switch (choice->kind) {
    case CHOICE_CONSTANT:
        *out_value = choice->value;
        return true;
    case CHOICE_WHERE:
        *out_value = choice->value;
        return tests_hold(&choice->where, reading, from);
    case CHOICE_WORDS:
        return words_say(choice, reading, from, out_value);
    case CHOICE_NUMBER:
        return number_says(choice, reading, from, out_value);
    case CHOICE_MIN:
    case CHOICE_PRODUCT:
        return parts_say(choice, reading, from, out_value);
    }
    check(false);
    return false;
}

bool choices_say(const struct choices *choices, struct reading *reading, struct tree_node from, int64_t *out_value)
{
    for (size_t i = 0; i < choices->count; i++) {
        if (choice_says(&choices->items[i], reading, from, out_value))
            return true;
    }
    return false;
}

/* --- candidates --- */

struct candidate {
    struct tree_node node;
    double rank; /* the least first */
};

struct candidates {
    const struct value_rule *rule;
    struct reading *reading;
    struct candidate *items;
    size_t count;
};

struct ranking {
    const struct order *order;
    double rank;
};

static bool take_rank(struct tree_node node, void *ctx)
{
    struct ranking *ranking = ctx;
    char digits[TREE_DIGITS_MAX];
    struct str text = scalar_text(node, digits);

    for (size_t i = 0; i < ranking->order->words_count; i++) {
        if (str_is_nocase(text, ranking->order->words[i].text))
            ranking->rank = (double)i;
    }
    return text.len > 0;
}

static double rank_of(const struct order *order, struct reading *reading, struct tree_node node)
{
    struct ranking ranking = {order, HUGE_VAL};
    double number;

    if (order == NULL)
        return 0;
    if (order->words_count == 0)
        return pointers_number(&order->at, node, &reading->values, &number) ? -number : HUGE_VAL;
    pointers_each(&order->at, node, &reading->values, take_rank, &ranking);
    return ranking.rank;
}

static bool take_candidate(struct tree_node node, void *ctx)
{
    struct candidates *candidates = ctx;
    const struct value_rule *rule = candidates->rule;

    if (!tests_hold(&rule->where, candidates->reading, node))
        return false;
    candidates->items[candidates->count++] = (struct candidate){node, rank_of(rule->order, candidates->reading, node)};
    return candidates->count == CONNECTOR_CANDIDATES_MAX;
}

/* Of equal rank as they came: nodes are numbered in that order. */
static int compare(const void *a, const void *b)
{
    const struct candidate *one = a, *other = b;

    if (one->rank < other->rank || one->rank > other->rank)
        return one->rank < other->rank ? -1 : 1;
    return one->node.at < other->node.at ? -1 : one->node.at > other->node.at;
}

/* Calls `take` with each candidate in order, until it answers true. */
static bool candidates_each(const struct value_rule *rule, struct reading *reading, take_fn *take, void *ctx)
{
    struct candidates candidates = {.rule = rule, .reading = reading};
    bool is_taken = false;

    if (!rule->has_each)
        return tests_hold(&rule->where, reading, reading_root(reading)) && take(reading_root(reading), ctx);
    candidates.items = mem_resize(NULL, CONNECTOR_CANDIDATES_MAX * sizeof *candidates.items);
    pointer_each(&rule->each, reading_root(reading), &reading->values, take_candidate, &candidates);
    if (rule->order != NULL && candidates.count > 1)
        qsort(candidates.items, candidates.count, sizeof *candidates.items, compare);
    for (size_t i = 0; i < candidates.count && !is_taken; i++)
        is_taken = take(candidates.items[i].node, ctx);
    mem_free(candidates.items);
    return is_taken;
}

/* --- texts --- */

static bool has_control_bytes(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

/* Only text with something in it is a value. */
static struct str value_in(struct tree_node node)
{
    struct str text = str_trim(tree_text(node));

    return text.len > CONNECTOR_VALUE_BYTES_MAX || has_control_bytes(text) ? STR_NONE : text;
}

static struct str join(struct arena *arena, struct str prefix, struct str text)
{
    char *joined = arena_alloc(arena, prefix.len + text.len + 1);

    if (joined == NULL)
        return STR_NONE;
    if (prefix.len > 0)
        memcpy(joined, prefix.ptr, prefix.len);
    memcpy(joined + prefix.len, text.ptr, text.len);
    return (struct str){joined, prefix.len + text.len};
}

/* --- numbers and forms of fields --- */

static struct str keep_whole(double number, struct arena *arena)
{
    char digits[32];

    if (!(number >= 0) || number > WHOLE_MAX || number > floor(number))
        return STR_NONE;
    snprintf(digits, sizeof digits, "%.0f", number);
    return arena_keep(arena, str_from(digits));
}

/* The next run of digits, with commas between them; false at the end. */
static bool next_number(struct str *text, double *out_number)
{
    double number = 0;
    size_t at = 0, digits = 0;

    while (at < text->len && !char_is_digit(text->ptr[at]))
        at++;
    for (; at < text->len && (char_is_digit(text->ptr[at]) || (digits > 0 && text->ptr[at] == ',')); at++) {
        if (text->ptr[at] == ',')
            continue;
        digits++;
        number = number * 10 + (text->ptr[at] - '0');
    }
    *text = str_from_at(*text, at);
    *out_number = number;
    return digits > 0 && digits <= FORM_DIGITS_MAX;
}

/* "51-200", "c_00051_00100": the middle; "10001+": its one number. */
static bool range_in(struct str text, double *out_number)
{
    double from, to;

    if (!next_number(&text, &from))
        return false;
    *out_number = next_number(&text, &to) && to > from ? floor((from + to) / 2) : from;
    return true;
}

/* The first four digits of a date that begins with its year. */
static bool year_in(struct str text, double *out_number)
{
    double year = 0;
    size_t at = 0;

    for (; at < text.len && char_is_digit(text.ptr[at]); at++)
        year = year * 10 + (text.ptr[at] - '0');
    *out_number = year;
    return at == YEAR_DIGITS;
}

static struct str integer_in(struct tree_node node, enum form form, struct arena *arena)
{
    struct str text = str_trim(tree_text(node));
    uint64_t whole;
    double number = 0;

    if (tree_type(node) == TREE_NUMBER)
        return keep_whole(tree_number(node), arena);
    if (form == FORM_RANGE)
        return range_in(text, &number) ? keep_whole(number, arena) : STR_NONE;
    if (form == FORM_YEAR)
        return year_in(text, &number) ? keep_whole(number, arena) : STR_NONE;
    return str_to_u64(text, INT64_MAX, &whole) ? text : STR_NONE;
}

static struct str day_in(struct tree_node node)
{
    struct str text = value_in(node);

    return text.len >= DAY_BYTES ? (struct str){text.ptr, DAY_BYTES} : STR_NONE;
}

/* --- one value --- */

/* A value while it is looked for. */
struct search {
    unsigned slot;
    const struct value_rule *rule;
    struct reading *reading;
    struct tree_node candidate;
    struct str raw; /* as the provider said it */
    struct provider_value *out;
};

static struct str read_raw(const struct search *search, struct tree_node node)
{
    if (search->slot >= CHANNEL_COUNT && field_type(search->slot) == FIELD_INTEGER)
        return integer_in(node, search->rule->form, search->reading->arena);
    return search->rule->form == FORM_DAY ? day_in(node) : value_in(node);
}

static bool take_value(struct tree_node node, void *ctx)
{
    struct search *search = ctx;

    search->raw = read_raw(search, node);
    return search->raw.len > 0;
}

static void read_traits(const struct search *search)
{
    struct traits *traits = &search->out->traits;
    int64_t said = 0;

    if (!choices_say(&search->rule->trait, search->reading, search->candidate, &said))
        return;
    if (search->slot == CHANNEL_PHONE)
        traits->phone_type = (uint8_t)said;
    else
        traits->email_status = (uint8_t)said;
}

static bool take_true(struct tree_node node, void *ctx)
{
    (void)ctx;
    return tree_type(node) == TREE_TRUE || str_is_nocase(str_trim(tree_text(node)), STR("true"));
}

static bool is_letter(char c)
{
    return char_is_alnum(c) && !char_is_digit(c);
}

static bool take_region(struct tree_node node, void *ctx)
{
    struct str text = str_trim(tree_text(node));
    char *region = ctx;

    if (text.len != REGION_BYTES || !is_letter(text.ptr[0]) || !is_letter(text.ptr[1]))
        return false;
    for (size_t i = 0; i < REGION_BYTES; i++)
        region[i] = (char)(char_lower(text.ptr[i]) - ('a' - 'A'));
    return true;
}

static void read_source(const struct search *search)
{
    struct str text = pointers_text(&search->rule->source, search->candidate, &search->reading->values);

    if (text.len > 0 && text.len <= PROVIDER_NAME_BYTES_MAX && !has_control_bytes(text))
        search->out->source = arena_keep(search->reading->arena, text);
}

/* What is said beside the value; {value} stands for it. */
static void read_beside(struct search *search)
{
    search->reading->values.value = search->raw;
    if (!choices_say(&search->rule->confidence, search->reading, search->candidate, &search->out->confidence_ppm))
        search->out->confidence_ppm = 0;
    read_traits(search);
    search->out->traits.do_not_call =
        pointers_each(&search->rule->do_not_call, search->candidate, &search->reading->values, take_true, NULL);
    pointers_each(&search->rule->region, search->candidate, &search->reading->values, take_region, search->out->region);
    read_source(search);
    search->reading->values.value = STR_NONE;
}

static bool take_from(struct tree_node candidate, void *ctx)
{
    struct search *search = ctx;

    search->candidate = candidate;
    if (!pointers_each(&search->rule->value, candidate, &search->reading->values, take_value, search))
        return false;
    search->out->value = join(search->reading->arena, search->rule->prefix, search->raw);
    read_beside(search);
    return true;
}

/* --- lists --- */

/* A JSON array of texts in the making, from all candidates. */
struct gathering {
    struct search search;
    struct buf list;
    size_t count;
    bool is_split; /* a single text is several */
};

static bool gather(struct gathering *gathering, struct str text)
{
    text = str_trim(text);
    if (text.len == 0 || text.len > CONNECTOR_VALUE_BYTES_MAX || has_control_bytes(text))
        return false;
    json_put_comma(&gathering->list);
    json_put_str(&gathering->list, text);
    gathering->count++;
    return gathering->count == CONNECTOR_LIST_MAX || gathering->list.is_overflown;
}

/* "Snowflake; Okta, Datadog" is three. */
static bool gather_text(struct gathering *gathering, struct str text)
{
    while (text.len > 0) {
        size_t end = 0;

        while (end < text.len && text.ptr[end] != ';' && text.ptr[end] != ',')
            end++;
        if (gather(gathering, (struct str){text.ptr, end}))
            return true;
        text = str_from_at(text, end + 1);
    }
    return false;
}

static bool take_item(struct tree_node node, void *ctx)
{
    struct gathering *gathering = ctx;

    if (tree_type(node) == TREE_TEXT)
        return gathering->is_split ? gather_text(gathering, tree_text(node)) : gather(gathering, tree_text(node));
    if (tree_type(node) != TREE_ARRAY)
        return false;
    for (struct tree_node item = tree_first(node); item.at != 0; item = tree_next(node, item)) {
        if (gather(gathering, tree_text(item)))
            return true;
    }
    return false;
}

static bool take_list(struct tree_node candidate, void *ctx)
{
    struct gathering *gathering = ctx;
    const struct search *search = &gathering->search;
    size_t before = gathering->count;

    for (size_t i = 0; i < search->rule->value.count && gathering->count == before; i++) {
        const struct pointer *pointer = &search->rule->value.items[i];

        gathering->is_split = !pointer->has_each;
        pointer_each(pointer, candidate, &search->reading->values, take_item, gathering);
    }
    if (before == 0 && gathering->count > 0) {
        gathering->search.candidate = candidate;
        read_beside(&gathering->search);
    }
    return gathering->count >= CONNECTOR_LIST_MAX;
}

static void read_list(const struct search *search)
{
    struct gathering gathering = {.search = *search};

    buf_init(&gathering.list, CONNECTOR_BODY_BYTES_MAX);
    buf_put_char(&gathering.list, '[');
    candidates_each(search->rule, search->reading, take_list, &gathering);
    buf_put_char(&gathering.list, ']');
    if (gathering.count > 0 && !gathering.list.is_overflown)
        search->out->value = arena_keep(search->reading->arena, buf_str(&gathering.list));
    buf_deinit(&gathering.list);
}

/* --- the slots --- */

static bool read_slot(unsigned slot, const struct value_rules *rules, struct reading *reading,
                      struct provider_value *out)
{
    for (size_t i = 0; i < rules->count && out->value.len == 0; i++) {
        struct search search = {.slot = slot, .rule = &rules->items[i], .reading = reading, .out = out};

        if (slot >= CHANNEL_COUNT && field_type(slot) == FIELD_LIST)
            read_list(&search);
        else
            candidates_each(search.rule, reading, take_from, &search);
    }
    return out->value.len > 0;
}

unsigned step_read_values(const struct step *step, struct reading *reading, unsigned wanted,
                          struct provider_value *out_values)
{
    unsigned found = 0;

    for (unsigned i = 0; i < slots_end(wanted); i++) {
        if ((wanted & step->slots & 1u << i) != 0 && out_values[i].value.len == 0 &&
            read_slot(i, &step->of[i], reading, &out_values[i]))
            found |= 1u << i;
    }
    return found;
}

/* --- what a step keeps --- */

struct keeping {
    struct kept *kept;
    struct arena *arena;
};

static bool take_kept(struct tree_node node, void *ctx)
{
    struct keeping *keeping = ctx;
    char digits[TREE_DIGITS_MAX];
    struct str text = tree_digits(node, digits);

    keeping->kept->is_number = text.len > 0;
    if (text.len == 0)
        text = str_trim(tree_text(node));
    if (text.len == 0 || text.len > CONNECTOR_KEPT_BYTES_MAX)
        return false;
    keeping->kept->text = arena_keep(keeping->arena, text);
    return true;
}

void step_read_kept(const struct step *step, struct reading *reading, struct kept *kept)
{
    for (size_t i = 0; i < step->keep_count; i++) {
        struct keeping keeping = {&kept[step->keep[i].index], reading->arena};

        pointers_each(&step->keep[i].at, reading_root(reading), &reading->values, take_kept, &keeping);
    }
}
