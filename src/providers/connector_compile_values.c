/* Compiling where values are: channels, fields, and choices among words. */
#include "providers/connector_compiler.h"

#include "base/check.h"

#include <math.h>

/* What the words of a choice may be: a confidence, an e-mail's status, a phone's type. */
struct vocabulary {
    bool (*compile)(struct compiler *c, const json_t *value, int64_t *out);
    bool is_confidence;
};

static bool compile_choices(struct compiler *c, const json_t *value, const struct vocabulary *vocabulary,
                            struct choices *out);

/* --- words --- */

static bool compile_ppm(struct compiler *c, const json_t *value, int64_t *out)
{
    double number = json_is_number(value) ? json_number_value(value) : -1;

    if (!(number >= 0 && number <= 1))
        return mistake(c, "must be a number from 0 to 1");
    *out = (int64_t)llround(number * PPM_ONE);
    return true;
}

/* A word of an enum whose first one is `first`. */
static bool compile_number_of(struct compiler *c, const json_t *value, const char *const *words, const char *what,
                              int64_t first, int64_t *out)
{
    size_t index = 0;
    bool is_right = compile_word(c, value, words, what, &index);

    *out = first + (int64_t)index;
    return is_right;
}

static bool compile_status(struct compiler *c, const json_t *value, int64_t *out)
{
    static const char *const words[] = {
#define EMAIL_STATUS(id, name) name,
        EMAIL_STATUSES(EMAIL_STATUS)
#undef EMAIL_STATUS
            NULL,
    };

    return compile_number_of(c, value, words, "status of an e-mail", EMAIL_STATUS_NONE + 1, out);
}

static bool compile_type(struct compiler *c, const json_t *value, int64_t *out)
{
    static const char *const words[] = {
#define PHONE_TYPE(id, name) name,
        PHONE_TYPES(PHONE_TYPE)
#undef PHONE_TYPE
            NULL,
    };

    return compile_number_of(c, value, words, "type of a phone", PHONE_TYPE_NONE + 1, out);
}

static const struct vocabulary confidences = {compile_ppm, true};
static const struct vocabulary statuses = {compile_status, false};
static const struct vocabulary types = {compile_type, false};

static bool compile_words(struct compiler *c, const json_t *value, const struct vocabulary *vocabulary,
                          struct choice *out)
{
    bool is_right = true;
    const char *name;
    json_t *item;

    out->kind = CHOICE_WORDS;
    if (!json_is_object(value) || json_object_size(value) == 0 || json_object_size(value) > CONNECTOR_WORDS_MAX)
        return mistake(c, "must be an object of 1 to %d words, theirs to ours", CONNECTOR_WORDS_MAX);
    out->words = keep_bytes(c, json_object_size(value) * sizeof *out->words);
    if (out->words == NULL)
        return false;
    json_object_foreach(iterable(value), name, item)
    {
        struct word *word = &out->words[out->words_count++];
        size_t mark = enter(c, name);

        word->text = str_from(name);
        is_right &= vocabulary->compile(c, item, &word->value);
        leave(c, mark);
    }
    return is_right;
}

/* --- one choice --- */

static bool compile_scale(struct compiler *c, const json_t *value, void *out)
{
    *(double *)out = json_number_value(value);
    return json_number_value(value) > 0 ||
           mistake(c, "must be a number over 0: what the provider says for certain, like 100");
}

/* Those whose type depends on the vocabulary are compiled by compile_choice. */
static bool compile_nothing(struct compiler *c, const json_t *value, void *out)
{
    (void)c;
    (void)value;
    (void)out;
    return true;
}

static bool compile_parts(struct compiler *c, const json_t *value, enum choice_kind kind, struct choice *out)
{
    bool is_right = true;

    out->kind = kind;
    out->parts_count = 0; /* "min" and "product" share a place */
    if (json_array_size(value) == 0 || json_array_size(value) > CONNECTOR_VALUE_RULES_MAX)
        return mistake(c, "must be an array of 1 to %d confidences", CONNECTOR_VALUE_RULES_MAX);
    out->parts = keep_bytes(c, json_array_size(value) * sizeof *out->parts);
    if (out->parts == NULL)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++) {
        size_t mark = enter_index(c, i);

        is_right &= compile_choices(c, json_array_get(value, i), &confidences, &out->parts[out->parts_count++]);
        leave(c, mark);
    }
    return is_right;
}

/* By its members: what they have in common is compiled already. */
static bool compile_kind(struct compiler *c, const json_t *object, const struct vocabulary *vocabulary,
                         struct choice *out)
{
    static const char *const typed[] = {"words", "is", "default", "min", "product"};
    bool is_right = true;

    for (size_t i = 0; i < LEN(typed); i++) {
        const json_t *value = json_object_get(object, typed[i]);
        size_t mark = enter(c, typed[i]);

        if (value != NULL && i == 0)
            is_right &= compile_words(c, value, vocabulary, out);
        else if (value != NULL && i == 1)
            is_right &= vocabulary->compile(c, value, &out->value);
        else if (value != NULL && i == 2)
            is_right &= vocabulary->compile(c, value, &out->by_default);
        else if (value != NULL)
            is_right &= compile_parts(c, value, i == 3 ? CHOICE_MIN : CHOICE_PRODUCT, out);
        leave(c, mark);
    }
    out->has_default = json_object_get(object, "default") != NULL;
    return is_right;
}

static bool has(const json_t *object, const char *name)
{
    return json_object_get(object, name) != NULL;
}

static bool check_choice(struct compiler *c, const json_t *object, bool is_confidence)
{
    int kinds = has(object, "at") + has(object, "where") + has(object, "min") + has(object, "product");

    if (kinds != 1)
        return mistake(c, is_confidence ? "needs one of \"at\", \"where\", \"min\", \"product\""
                                        : "needs one of \"at\" and \"where\"");
    if (has(object, "where") != has(object, "is"))
        return mistake(c, "\"where\" and \"is\" belong together");
    if (!is_confidence && has(object, "at") && !has(object, "words"))
        return mistake_at(c, "words", "is missing: their words to ours");
    if (has(object, "words") && (!has(object, "at") || has(object, "scale")))
        return mistake(c, "\"words\" belong to an \"at\" without \"scale\"");
    return (!has(object, "scale") && !has(object, "default")) || has(object, "at") ||
           mistake_at(c, "at", "is missing: it says where to look");
}

static bool compile_choice_object(struct compiler *c, const json_t *object, const struct vocabulary *vocabulary,
                                  struct choice *out)
{
    static const struct member members[] = {
        {"at", compile_pointers, offsetof(struct choice, at), false},
        {"where", compile_tests, offsetof(struct choice, where), false},
        {"words", compile_nothing, 0, false},
        {"is", compile_nothing, 0, false},
        {"default", compile_nothing, 0, false},
        {"scale", compile_scale, offsetof(struct choice, scale), false}, /* of a confidence, as the next */
        {"min", compile_nothing, 0, false},
        {"product", compile_nothing, 0, false},
    };
    bool is_right;

    out->scale = 1;
    out->kind = has(object, "where") ? CHOICE_WHERE : CHOICE_NUMBER;
    is_right = compile_members(c, object, members, vocabulary->is_confidence ? LEN(members) : LEN(members) - 3, out);
    return compile_kind(c, object, vocabulary, out) && is_right && check_choice(c, object, vocabulary->is_confidence);
}

static bool compile_choice(struct compiler *c, const json_t *value, const struct vocabulary *vocabulary,
                           struct choice *out)
{
    if (json_is_object(value))
        return compile_choice_object(c, value, vocabulary, out);
    out->kind = CHOICE_CONSTANT;
    return vocabulary->compile(c, value, &out->value);
}

/* --- choices --- */

static bool compile_choices(struct compiler *c, const json_t *value, const struct vocabulary *vocabulary,
                            struct choices *out)
{
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    bool is_right = true;

    if (count == 0 || count > CONNECTOR_CHOICES_MAX)
        return mistake(c, "must have 1 to %d choices", CONNECTOR_CHOICES_MAX);
    *out = (struct choices){.items = keep_bytes(c, count * sizeof *out->items)}; /* "status" and "type" share a place */
    if (out->items == NULL)
        return false;
    if (!json_is_array(value))
        return compile_choice(c, value, vocabulary, &out->items[out->count++]);
    for (size_t i = 0; i < count; i++) {
        size_t mark = enter_index(c, i);

        is_right &= compile_choice(c, json_array_get(value, i), vocabulary, &out->items[out->count++]);
        leave(c, mark);
    }
    return is_right;
}

/* A number that is not there is common: say what holds then. */
static bool compile_confidence(struct compiler *c, const json_t *value, void *out)
{
    struct choices *choices = out;

    if (!compile_choices(c, value, &confidences, choices))
        return false;
    return json_is_array(value) || choices->items[0].kind != CHOICE_NUMBER || choices->items[0].has_default ||
           mistake_at(c, "default", "is missing: how sure a value is when the provider says no number");
}

static bool compile_email_status(struct compiler *c, const json_t *value, void *out)
{
    return compile_choices(c, value, &statuses, out);
}

static bool compile_phone_type(struct compiler *c, const json_t *value, void *out)
{
    return compile_choices(c, value, &types, out);
}

bool compile_verdict(struct compiler *c, const json_t *value, void *out)
{
    return compile_email_status(c, value, out);
}

/* --- the order of candidates --- */

static bool compile_order_word(struct compiler *c, const json_t *value, void *out)
{
    return compile_text(c, value, &((struct word *)out)->text);
}

static bool compile_order_words(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"words", 1, CONNECTOR_WORDS_MAX, sizeof(struct word), compile_order_word};
    struct order *order = out;

    return compile_items(c, value, &items, (void **)&order->words, &order->words_count);
}

static bool compile_largest(struct compiler *c, const json_t *value, void *out)
{
    (void)out;
    return json_is_true(value) || mistake(c, "must be true");
}

static bool compile_order(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"at", compile_pointers, offsetof(struct order, at), true},
        {"words", compile_order_words, 0, false},
        {"largest", compile_largest, 0, false},
    };
    struct order *order = keep_bytes(c, sizeof *order);

    *(struct order **)out = order;
    return order != NULL && compile_members(c, value, members, LEN(members), order) &&
           (has(value, "words") != has(value, "largest") || mistake(c, "needs one of \"words\" and \"largest\""));
}

/* --- one value --- */

static bool compile_value_form(struct compiler *c, const json_t *value, void *out)
{
    static const char *const words[] = {"year", "range", "day", NULL};
    size_t index = 0;
    bool is_right = compile_word(c, value, words, "form of a field", &index);

    *(enum form *)out = (enum form)(FORM_YEAR + index);
    return is_right;
}

static bool compile_each(struct compiler *c, const json_t *value, void *out)
{
    struct value_rule *rule = out;

    rule->has_each = true;
    return compile_pointer(c, value, &rule->each);
}

/* {value} is there for what is read beside the value. */
static bool compile_beside(struct compiler *c, const json_t *object, const struct member *members, size_t count,
                           struct value_rule *rule)
{
    bool is_right;

    c->scope.has_value = true;
    is_right = compile_some(c, object, members, count, rule);
    c->scope.has_value = false;
    return is_right;
}

static bool is_email(unsigned slot)
{
    return slot == CHANNEL_WORK_EMAIL || slot == CHANNEL_PERSONAL_EMAIL;
}

/* Members that only values of one kind have. */
static bool check_kind(struct compiler *c, const json_t *object)
{
    static const char *const of_phones[] = {"type", "region", "do_not_call"};
    bool is_right = true;

    if (has(object, "status") && !is_email(c->slot))
        is_right = mistake_at(c, "status", "belongs to an e-mail");
    if (has(object, "form") && c->slot < CHANNEL_COUNT)
        is_right = mistake_at(c, "form", "belongs to a field of a company");
    for (size_t i = 0; i < LEN(of_phones); i++) {
        if (has(object, of_phones[i]) && c->slot != CHANNEL_PHONE)
            is_right = mistake_at(c, of_phones[i], "belongs to a phone");
    }
    return is_right;
}

static bool compile_value_rule(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"each", compile_each, 0, false},
        {"where", compile_tests, offsetof(struct value_rule, where), false},
        {"order", compile_order, offsetof(struct value_rule, order), false},
        {"value", compile_pointers, offsetof(struct value_rule, value), true},
        {"prefix", compile_text, offsetof(struct value_rule, prefix), false},
        {"form", compile_value_form, offsetof(struct value_rule, form), false},
        {"confidence", compile_nothing, 0, false},
        {"status", compile_nothing, 0, false},
        {"type", compile_nothing, 0, false},
        {"region", compile_nothing, 0, false},
        {"do_not_call", compile_nothing, 0, false},
        {"source", compile_nothing, 0, false},
    };
    static const struct member beside[] = {
        {"confidence", compile_confidence, offsetof(struct value_rule, confidence), true},
        {"status", compile_email_status, offsetof(struct value_rule, trait), false},
        {"type", compile_phone_type, offsetof(struct value_rule, trait), false},
        {"region", compile_pointers, offsetof(struct value_rule, region), false},
        {"do_not_call", compile_pointers, offsetof(struct value_rule, do_not_call), false},
        {"source", compile_pointers, offsetof(struct value_rule, source), false},
    };
    bool is_right = compile_members(c, value, members, LEN(members), out);

    if (!json_is_object(value))
        return false;
    is_right &= compile_beside(c, value, beside, LEN(beside), out);
    return check_kind(c, value) && is_right;
}

static bool compile_value_rules(struct compiler *c, const json_t *value, struct value_rules *out)
{
    static const struct items items = {"rules", 1, CONNECTOR_VALUE_RULES_MAX, sizeof(struct value_rule),
                                       compile_value_rule};

    if (json_is_array(value))
        return compile_items(c, value, &items, (void **)&out->items, &out->count);
    out->items = keep_bytes(c, sizeof *out->items);
    out->count = 1;
    return out->items != NULL && compile_value_rule(c, value, out->items);
}

/* --- channels and fields --- */

static bool unknown_slot(struct compiler *c, struct str name, unsigned allowed)
{
    const char *words[SLOT_COUNT + 1] = {NULL};
    const char *nearest;
    size_t count = 0;

    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        if ((allowed & 1u << i) != 0)
            words[count++] = slot_name(i);
    }
    nearest = nearest_word(name, words);
    if (nearest != NULL)
        return mistake(c, "is not a known member; did you mean \"%s\"?", nearest);
    return mistake(c, "is not a known member");
}

static bool compile_slot(struct compiler *c, const char *name, const json_t *value, unsigned allowed, struct step *step)
{
    unsigned slot = 0;

    if (!slot_from(str_from(name), &slot) || (allowed & 1u << slot) == 0)
        return unknown_slot(c, str_from(name), allowed);
    c->slot = slot;
    step->slots |= 1u << slot;
    return compile_value_rules(c, value, &step->of[slot]);
}

static bool compile_slots(struct compiler *c, const json_t *object, unsigned allowed, struct step *step)
{
    bool is_right = true;
    const char *name;
    json_t *value;

    if (!json_is_object(object))
        return mistake(c, "must be an object, not %s", json_type_word(object));
    if (json_object_size(object) == 0)
        return mistake(c, (allowed & CHANNELS_ALL) != 0
                              ? "must name at least one of work_email, personal_email, phone, linkedin_url"
                              : "must name at least one field of a company, like industry");
    json_object_foreach(iterable(object), name, value)
    {
        size_t mark = enter(c, name);

        is_right &= compile_slot(c, name, value, allowed, step);
        leave(c, mark);
    }
    return is_right;
}

bool compile_channels(struct compiler *c, const json_t *value, void *out)
{
    return compile_slots(c, value, CHANNELS_ALL, out);
}

bool compile_account(struct compiler *c, const json_t *value, void *out)
{
    return compile_slots(c, value, FIELDS_ALL, out);
}
