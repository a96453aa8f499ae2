#include "providers/people.h"

#include "base/check.h"
#include "base/json.h"
#include "identity/identity.h"

enum { KEYS_MAX = 3, CONFIDENCE_DEFAULT_PPM = 900000 };

static const char *const column_names[] = {
#define PEOPLE_COLUMN(id, name) [PEOPLE_##id] = name,
    PEOPLE_COLUMNS(PEOPLE_COLUMN)
#undef PEOPLE_COLUMN
};

const char *people_column_name(enum people_column column)
{
    check(column < PEOPLE_COLUMN_COUNT);
    return column < PEOPLE_FIELDS ? column_names[column] : slot_name(CHANNEL_COUNT + column - PEOPLE_FIELDS);
}

bool people_column_from(struct str name, enum people_column *out_column)
{
    for (unsigned i = 0; i < PEOPLE_COLUMN_COUNT; i++) {
        if (str_is(name, str_from(people_column_name((enum people_column)i)))) {
            *out_column = (enum people_column)i;
            return true;
        }
    }
    return false;
}

bool people_has(const struct people *people, enum people_column column)
{
    return people->table.has[column];
}

static struct str cell(const struct people *people, enum people_column column)
{
    return people->table.cells[column];
}

/* ---- the identities of the current row ---- */

/* The keys of a row or question for one kind of identity. */
struct keys {
    struct identity_text of[KEYS_MAX];
    size_t count;
};

static bool keys_have(const struct keys *keys, struct str key)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (str_is(identity_str(&keys->of[i]), key))
            return true;
    }
    return false;
}

static void add_email(struct keys *keys, struct str text)
{
    struct identity_text *next = &keys->of[keys->count];

    if (text.len != 0 && email_key(text, next, NULL) && !keys_have(keys, identity_str(next)))
        keys->count++;
}

static struct str company_domain(const struct people *people)
{
    struct str domain = cell(people, PEOPLE_COMPANY_DOMAIN);

    return domain.len != 0 ? domain : cell(people, PEOPLE_DOMAIN);
}

/* The company's domain as the row says it, else that of its work e-mail. */
static bool row_domain(const struct people *people, struct identity_text *out)
{
    struct str work_email = cell(people, people_has(people, PEOPLE_WORK_EMAIL) ? PEOPLE_WORK_EMAIL : PEOPLE_EMAIL);
    struct identity_text email;

    if (company_domain(people).len != 0)
        return domain_normalise(company_domain(people), out, NULL);
    if (work_email.len == 0 || !email_key(work_email, &email, NULL))
        return false;
    return !is_free_mail_domain(email_domain(identity_str(&email))) &&
           domain_normalise(email_domain(identity_str(&email)), out, NULL);
}

static void add_person(struct keys *keys, const struct people *people)
{
    struct identity_text first, last, domain;

    if (cell(people, PEOPLE_FIRST_NAME).len == 0 || cell(people, PEOPLE_LAST_NAME).len == 0)
        return;
    if (!name_normalise(cell(people, PEOPLE_FIRST_NAME), &first, NULL) ||
        !name_normalise(cell(people, PEOPLE_LAST_NAME), &last, NULL) || !row_domain(people, &domain))
        return;
    person_key(identity_str(&first), identity_str(&last), identity_str(&domain), &keys->of[keys->count++]);
}

static bool row_has_person(const struct people *people)
{
    return cell(people, PEOPLE_EMAIL).len != 0 || cell(people, PEOPLE_WORK_EMAIL).len != 0 ||
           cell(people, PEOPLE_PERSONAL_EMAIL).len != 0 || cell(people, PEOPLE_LINKEDIN_URL).len != 0 ||
           cell(people, PEOPLE_FIRST_NAME).len != 0 || cell(people, PEOPLE_LAST_NAME).len != 0;
}

static bool row_has_field(const struct people *people)
{
    for (unsigned i = PEOPLE_FIELDS; i < PEOPLE_COLUMN_COUNT; i++) {
        if (cell(people, (enum people_column)i).len != 0)
            return true;
    }
    return false;
}

static void row_keys(const struct people *people, enum people_identity identity, struct keys *out)
{
    out->count = 0;
    switch (identity) {
    case BY_EMAIL:
        add_email(out, cell(people, PEOPLE_EMAIL));
        add_email(out, cell(people, PEOPLE_WORK_EMAIL));
        add_email(out, cell(people, PEOPLE_PERSONAL_EMAIL));
        break;
    case BY_LINKEDIN:
        if (cell(people, PEOPLE_LINKEDIN_URL).len != 0)
            out->count = linkedin_normalise(cell(people, PEOPLE_LINKEDIN_URL), &out->of[0], NULL) ? 1 : 0;
        break;
    case BY_PERSON:
        add_person(out, people);
        break;
    case BY_DOMAIN:
        if (!row_has_person(people))
            out->count = row_domain(people, &out->of[0]) ? 1 : 0;
        break;
    default:
        if (row_has_field(people) && company_domain(people).len != 0)
            out->count = domain_normalise(company_domain(people), &out->of[0], NULL) ? 1 : 0;
    }
}

/* ---- reading ---- */

/* "0.94" as 940000; digits past the sixth are dropped. */
static bool read_confidence(struct str text, int64_t *out_ppm)
{
    struct str fraction = text;
    struct str whole = str_cut(&fraction, '.');
    int64_t unit = PPM_ONE;
    uint64_t ppm = 0;

    if (text.len == 0 || (whole.len != 0 && !str_to_u64(whole, 1, &ppm)) || whole.len + fraction.len == 0)
        return false;
    ppm *= PPM_ONE;
    for (size_t i = 0; i < fraction.len; i++) {
        if (!char_is_digit(fraction.ptr[i]))
            return false;
        unit /= 10;
        ppm += (uint64_t)unit * (uint64_t)(fraction.ptr[i] - '0');
    }
    if (ppm > PPM_ONE)
        return false;
    *out_ppm = (int64_t)ppm;
    return true;
}

static int64_t row_confidence(const struct people *people)
{
    int64_t ppm = people->confidence_ppm;

    (void)read_confidence(cell(people, PEOPLE_CONFIDENCE), &ppm); /* checked when it was read */
    return ppm;
}

static enum err check_confidence(const struct people *people, struct err_detail *detail)
{
    int64_t ppm;

    if (cell(people, PEOPLE_CONFIDENCE).len == 0 || read_confidence(cell(people, PEOPLE_CONFIDENCE), &ppm))
        return ERR_NONE;
    err_explain(detail, "%s line %zu: %.*s must be a number from 0 to 1, such as 0.94, or empty", people->table.name,
                people->table.line, STR_ARG(people->names[PEOPLE_CONFIDENCE]));
    return ERR_INVALID;
}

static void put_row(struct people *people, uint32_t row)
{
    struct keys keys;

    for (unsigned i = 0; i < PEOPLE_IDENTITY_COUNT; i++) {
        row_keys(people, (enum people_identity)i, &keys);
        for (size_t k = 0; k < keys.count; k++)
            (void)index_put(&people->by[i], str_hash(identity_str(&keys.of[k]), i), row); /* enough rows of that */
    }
}

static bool has_any_email(const struct people *people)
{
    return people_has(people, PEOPLE_EMAIL) || people_has(people, PEOPLE_WORK_EMAIL) ||
           people_has(people, PEOPLE_PERSONAL_EMAIL);
}

static unsigned channels_of(const struct people *people)
{
    bool has_email = people_has(people, PEOPLE_EMAIL);
    unsigned channels = 0;

    if (people_has(people, PEOPLE_WORK_EMAIL) || has_email)
        channels |= 1u << CHANNEL_WORK_EMAIL;
    if (people_has(people, PEOPLE_PERSONAL_EMAIL) || has_email)
        channels |= 1u << CHANNEL_PERSONAL_EMAIL;
    if (people_has(people, PEOPLE_PHONE))
        channels |= 1u << CHANNEL_PHONE;
    if (people_has(people, PEOPLE_LINKEDIN_URL))
        channels |= 1u << CHANNEL_LINKEDIN_URL;
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        if (people_has(people, (enum people_column)(PEOPLE_FIELDS + i)))
            channels |= 1u << (CHANNEL_COUNT + i);
    }
    return channels;
}

static void add_need(struct people *people, unsigned hints)
{
    people->needs[people->needs_count++] = (struct need){hints, people->channels};
}

static void say_what_it_can(struct people *people)
{
    people->channels = channels_of(people);
    if (has_any_email(people))
        add_need(people, 1u << HINT_EMAIL);
    if (people_has(people, PEOPLE_LINKEDIN_URL))
        add_need(people, 1u << HINT_LINKEDIN_URL);
    if (people->by[BY_PERSON].count != 0)
        add_need(people, 1u << HINT_FIRST_NAME | 1u << HINT_LAST_NAME | 1u << HINT_COMPANY_DOMAIN);
    if (people->by[BY_DOMAIN].count != 0)
        add_need(people, 1u << HINT_COMPANY_DOMAIN);
}

bool people_columns_are_known(const struct people *people)
{
    return people->table.format == TABLE_CSV || people->table.row_count != 0;
}

enum err people_check(const struct people *people, struct err_detail *detail)
{
    bool has_identity = has_any_email(people) || people_has(people, PEOPLE_LINKEDIN_URL) ||
                        people_has(people, PEOPLE_COMPANY_DOMAIN) || people_has(people, PEOPLE_DOMAIN);

    if (!people_columns_are_known(people) || (people->channels != 0 && has_identity))
        return ERR_NONE;
    if (has_identity)
        err_explain(detail, "No column holds a contact or a company's field: name one work_email, personal_email, "
                            "phone, linkedin_url, industry, employee_count…, or map it with \"columns\"");
    else
        err_explain(detail, "No column tells who a row is: name one email, work_email, linkedin_url or "
                            "company_domain, or map it with \"columns\"");
    return ERR_INVALID;
}

static enum err read_rows(struct people *people, struct err_detail *detail)
{
    for (;;) {
        bool is_row;
        enum err err = table_next(&people->table, &is_row, detail);

        if (err == ERR_NONE && is_row)
            err = check_confidence(people, detail);
        if (err != ERR_NONE)
            return err;
        if (!is_row)
            break;
        put_row(people, people->table.row_count - 1);
    }
    say_what_it_can(people);
    return ERR_NONE;
}

void people_init(struct people *people)
{
    *people = (struct people){.confidence_ppm = CONFIDENCE_DEFAULT_PPM};
    for (size_t i = 0; i < PEOPLE_COLUMN_COUNT; i++)
        people->names[i] = str_from(people_column_name((enum people_column)i));
}

void people_deinit(struct people *people)
{
    table_deinit(&people->table);
    for (size_t i = 0; i < PEOPLE_IDENTITY_COUNT; i++)
        index_deinit(&people->by[i]);
}

enum err people_load_file(struct people *people, const char *path, struct err_detail *detail)
{
    enum err err;

    people->table = (struct table){.name = path, .wanted = people->names, .wanted_count = PEOPLE_COLUMN_COUNT};
    err = table_open_file(&people->table, path, detail);
    return err != ERR_NONE ? err : read_rows(people, detail);
}

enum err people_load_text(struct people *people, const char *name, struct str text, enum table_format format,
                          struct err_detail *detail)
{
    enum err err;

    people->table = (struct table){.name = name, .wanted = people->names, .wanted_count = PEOPLE_COLUMN_COUNT};
    err = table_open_text(&people->table, text, format, detail);
    return err != ERR_NONE ? err : read_rows(people, detail);
}

/* ---- finding ---- */

static bool has_person_hint(const struct hints *hints)
{
    return hints->of[HINT_EMAIL].len != 0 || hints->of[HINT_LINKEDIN_URL].len != 0 ||
           hints->of[HINT_FIRST_NAME].len != 0 || hints->of[HINT_LAST_NAME].len != 0;
}

/* The key of the question for one kind of identity; false when it has none.
 * That of BY_DOMAIN serves for BY_ACCOUNT too. */
static bool question_key(const struct hints *hints, enum people_identity identity, struct identity_text *out)
{
    const struct str *of = hints->of;

    switch (identity) {
    case BY_EMAIL:
        return of[HINT_EMAIL].len != 0 && email_key(of[HINT_EMAIL], out, NULL);
    case BY_LINKEDIN:
        return of[HINT_LINKEDIN_URL].len != 0 && linkedin_normalise(of[HINT_LINKEDIN_URL], out, NULL);
    case BY_PERSON:
        if (of[HINT_FIRST_NAME].len == 0 || of[HINT_LAST_NAME].len == 0 || of[HINT_COMPANY_DOMAIN].len == 0)
            return false;
        person_key(of[HINT_FIRST_NAME], of[HINT_LAST_NAME], of[HINT_COMPANY_DOMAIN], out);
        return true;
    default:
        return of[HINT_COMPANY_DOMAIN].len != 0 && !has_person_hint(hints) &&
               domain_normalise(of[HINT_COMPANY_DOMAIN], out, NULL);
    }
}

static bool is_free_email(struct str text)
{
    struct identity_text email;

    return email_key(text, &email, NULL) && is_free_mail_domain(email_domain(identity_str(&email)));
}

/* The plain e-mail column, if it serves as the channel: see people.h. */
static struct str plain_email(const struct people *people, bool is_personal)
{
    struct str email = cell(people, PEOPLE_EMAIL);

    return email.len != 0 && is_free_email(email) == is_personal ? email : STR_NONE;
}

static struct str row_value(const struct people *people, unsigned slot)
{
    switch (slot) {
    case CHANNEL_WORK_EMAIL:
        return people_has(people, PEOPLE_WORK_EMAIL) ? cell(people, PEOPLE_WORK_EMAIL) : plain_email(people, false);
    case CHANNEL_PERSONAL_EMAIL:
        return people_has(people, PEOPLE_PERSONAL_EMAIL) ? cell(people, PEOPLE_PERSONAL_EMAIL)
                                                         : plain_email(people, true);
    case CHANNEL_PHONE:
        return cell(people, PEOPLE_PHONE);
    case CHANNEL_LINKEDIN_URL:
        return cell(people, PEOPLE_LINKEDIN_URL);
    default:
        return cell(people, (enum people_column)(PEOPLE_FIELDS + slot - CHANNEL_COUNT));
    }
}

static void fill_from_row(const struct people *people, unsigned slots, struct arena *arena,
                          struct provider_value *values)
{
    for (unsigned i = 0; i < slots_end(slots); i++) {
        struct str value = (slots & 1u << i) != 0 ? row_value(people, i) : STR_NONE;

        if (values[i].value.len != 0 || value.len == 0)
            continue;
        values[i].value = arena_keep(arena, value);
        values[i].confidence_ppm = row_confidence(people);
        if (cell(people, PEOPLE_SOURCE).len != 0)
            values[i].source = arena_keep(arena, cell(people, PEOPLE_SOURCE));
    }
}

static bool find_by(struct people *people, enum people_identity identity, struct str key, unsigned slots,
                    struct arena *arena, struct provider_value *values)
{
    struct index *index = &people->by[identity];
    struct index_cursor cursor = index_find(index, str_hash(key, identity));
    struct keys keys;
    uint32_t row;
    bool is_found = false;

    while (index_next(index, &cursor, &row)) {
        table_get(&people->table, row);
        row_keys(people, identity, &keys);
        if (!keys_have(&keys, key))
            continue;
        is_found = true;
        fill_from_row(people, slots, arena, values);
    }
    return is_found;
}

bool people_find(struct people *people, const struct hints *hints, unsigned slots, struct arena *arena,
                 struct provider_value *values)
{
    bool is_account = (slots & FIELDS_ALL) != 0;
    struct identity_text key;

    for (unsigned i = is_account ? BY_ACCOUNT : 0; i < (is_account ? PEOPLE_IDENTITY_COUNT : BY_ACCOUNT); i++) {
        if (question_key(hints, (enum people_identity)i, &key) &&
            find_by(people, (enum people_identity)i, identity_str(&key), slots, arena, values))
            return true;
    }
    return false;
}
