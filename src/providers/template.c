#include "providers/template.h"

#include "base/check.h"
#include "base/shape.h"

#define PROFILE_MARK STR("/in/")

/* --- names --- */

bool is_template_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!char_is_alnum(name.ptr[i]) && name.ptr[i] != '_')
            return false;
    }
    return name.len > 0 && name.len <= TEMPLATE_NAME_BYTES_MAX;
}

bool names_find(const struct names *names, struct str name, unsigned *out_index)
{
    for (unsigned i = 0; i < names->count; i++) {
        if (str_is(names->of[i], name)) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

bool names_add(struct names *names, struct str name, unsigned *out_index)
{
    if (names_find(names, name, out_index))
        return true;
    if (names->count == TEMPLATE_NAMES_MAX)
        return false;
    *out_index = (unsigned)names->count;
    names->of[names->count++] = name;
    return true;
}

/* --- compiling --- */

static const struct {
    const char *name;
    enum part_kind kind;
    unsigned index;
} known[] = {
#define HINT(id, name) {name, PART_HINT, HINT_##id},
    HINTS(HINT)
#undef HINT
        {"full_name", PART_FULL_NAME, 0},
    {"linkedin_slug", PART_LINKEDIN_SLUG, 0},
    {"email_domain", PART_EMAIL_DOMAIN, 0},
    {"company_url", PART_COMPANY_URL, 0},
};

static const char *const known_words[] = {
#define HINT(id, name) name,
    HINTS(HINT)
#undef HINT
        "full_name",
    "linkedin_slug",
    "email_domain",
    "company_url",
    "token",
    "value",
    NULL,
};

static enum err refuse(struct err_detail *detail, const char *sentence)
{
    err_explain(detail, "%s", sentence);
    return ERR_INVALID;
}

static enum err unknown_name(struct str name, struct err_detail *detail)
{
    const char *nearest;

    if (name.len > 40)
        name.len = 40;
    nearest = nearest_word(name, known_words);
    if (nearest != NULL)
        err_explain(detail, "There is no \"%.*s\" to fill in; did you mean {%s}?", STR_ARG(name), nearest);
    else
        err_explain(detail,
                    "There is no \"%.*s\" to fill in; known are email, linkedin_url, company_domain, first_name, "
                    "last_name, company_name, full_name, linkedin_slug, email_domain, company_url, secret.NAME, "
                    "kept.NAME, wants.CHANNEL, lacks.CHANNEL, token; a brace itself is {{",
                    STR_ARG(name));
    return ERR_INVALID;
}

static enum err compile_secret(struct str name, const struct template_scope *scope, struct part *part,
                               struct err_detail *detail)
{
    part->kind = PART_SECRET;
    if (scope->secrets == NULL)
        return refuse(detail, "A secret cannot be filled in here");
    if (!is_template_name(name)) {
        err_explain(detail, "A secret's name is 1 to %d letters, digits or _", TEMPLATE_NAME_BYTES_MAX);
        return ERR_INVALID;
    }
    if (!names_add(scope->secrets, name, &part->index)) {
        err_explain(detail, "A connector has at most %d secrets", TEMPLATE_NAMES_MAX);
        return ERR_INVALID;
    }
    return ERR_NONE;
}

static enum err compile_kept(struct str name, const struct template_scope *scope, struct part *part,
                             struct err_detail *detail)
{
    part->kind = PART_KEPT;
    if (scope->kept != NULL && names_find(scope->kept, name, &part->index))
        return ERR_NONE;
    err_explain(detail, "No earlier step of this way keeps \"%.*s\"", (int)(name.len > 40 ? 40 : name.len), name.ptr);
    return ERR_INVALID;
}

static enum err compile_channel(struct str name, enum part_kind kind, const struct template_scope *scope,
                                struct part *part, struct err_detail *detail)
{
    struct str rest = name, word = str_cut(&rest, ':');
    enum channel channel;

    part->kind = kind;
    if (!scope->has_wants)
        return refuse(detail, "No channel is wanted here: nothing to fill in");
    if (!channel_from(word, &channel) || (kind == PART_LACKS && word.len != name.len))
        return refuse(detail, "wants. and lacks. are followed by work_email, personal_email, phone or linkedin_url");
    part->index = channel;
    part->text = rest;
    return ERR_NONE;
}

/* One of those in the table; LEN(known) when it is none. */
static size_t find_known(struct str name)
{
    size_t i = 0;

    while (i < LEN(known) && !str_is(name, str_from(known[i].name)))
        i++;
    return i;
}

static enum err compile_known(struct str name, const struct template_scope *scope, struct part *part,
                              struct err_detail *detail)
{
    size_t i = find_known(name);

    if (i == LEN(known))
        return unknown_name(name, detail);
    if (!scope->has_hints)
        return refuse(detail, "Nobody is asked for here: there is no hint to fill in");
    part->kind = known[i].kind;
    part->index = known[i].index;
    return ERR_NONE;
}

static enum err compile_name(struct str name, const struct template_scope *scope, struct part *part,
                             struct err_detail *detail)
{
    if (str_starts(name, STR("secret.")))
        return compile_secret(str_from_at(name, 7), scope, part, detail);
    if (str_starts(name, STR("kept.")))
        return compile_kept(str_from_at(name, 5), scope, part, detail);
    if (str_starts(name, STR("wants.")))
        return compile_channel(str_from_at(name, 6), PART_WANTS, scope, part, detail);
    if (str_starts(name, STR("lacks.")))
        return compile_channel(str_from_at(name, 6), PART_LACKS, scope, part, detail);
    if (str_starts(name, STR("host.")))
        return refuse(detail, "{host.NAME} stands only at the beginning of a URL");
    if (str_is(name, STR("token"))) {
        part->kind = PART_TOKEN;
        return scope->has_token ? ERR_NONE : refuse(detail, "There is no token here: \"auth\" says where to get one");
    }
    if (str_is(name, STR("value"))) {
        part->kind = PART_VALUE;
        return scope->has_value ? ERR_NONE : refuse(detail, "{value} stands only in pointers beside a \"value\"");
    }
    return compile_known(name, scope, part, detail);
}

/* The text of wants.CHANNEL:text may have a | of its own only in its last choice. */
static enum err compile_choices(struct str names, const struct template_scope *scope, struct arena *arena,
                                struct part *part, struct err_detail *detail)
{
    part->kind = PART_FIRST_OF;
    part->choices = arena_alloc(arena, TEMPLATE_CHOICES_MAX * sizeof *part->choices);
    if (part->choices == NULL)
        return ERR_FULL;
    while (names.len > 0) {
        enum err err;

        if (part->choices_count == TEMPLATE_CHOICES_MAX) {
            err_explain(detail, "At most %d names stand between |", TEMPLATE_CHOICES_MAX);
            return ERR_INVALID;
        }
        err = compile_name(str_cut(&names, '|'), scope, &part->choices[part->choices_count++], detail);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

enum err template_compile_place(struct str name, const struct template_scope *scope, struct arena *arena,
                                struct part *out_part, struct err_detail *detail)
{
    *out_part = (struct part){.kind = PART_TEXT};
    if (str_find(name, '|') < name.len)
        return compile_choices(name, scope, arena, out_part, detail);
    return compile_name(name, scope, out_part, detail);
}

/* Takes the next part off `rest`. "{{" ends a text part with its first brace. */
static enum err compile_part(struct str *rest, const struct template_scope *scope, struct arena *arena,
                             struct part *part, struct err_detail *detail)
{
    size_t brace = str_find(*rest, '{');
    struct str name;

    if (brace > 0 || str_starts(*rest, STR("{{"))) {
        bool is_doubled = str_starts(str_from_at(*rest, brace), STR("{{"));

        part->kind = PART_TEXT;
        part->text = (struct str){rest->ptr, is_doubled ? brace + 1 : brace};
        *rest = str_from_at(*rest, is_doubled ? brace + 2 : brace);
        return ERR_NONE;
    }
    *rest = str_from_at(*rest, 1);
    if (str_find(*rest, '}') == rest->len)
        return refuse(detail, "A { without its }; a brace itself is {{");
    name = str_cut(rest, '}');
    return template_compile_place(name, scope, arena, part, detail);
}

static size_t count_parts_at_most(struct str text)
{
    size_t count = 1;

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '{' ? 2 : 0;
    return count;
}

enum err template_compile(struct str text, const struct template_scope *scope, struct arena *arena,
                          struct template *out_template, struct err_detail *detail)
{
    struct template template = {.parts = arena_alloc(arena, count_parts_at_most(text) * sizeof(struct part))};

    if (template.parts == NULL)
        return ERR_FULL;
    while (text.len > 0) {
        enum err err = compile_part(&text, scope, arena, &template.parts[template.count], detail);

        if (err != ERR_NONE)
            return err;
        template.count++;
    }
    *out_template = template;
    return ERR_NONE;
}

/* --- asking about one --- */

static bool part_uses_token(const struct part *part)
{
    for (size_t i = 0; i < part->choices_count; i++) {
        if (part_uses_token(&part->choices[i]))
            return true;
    }
    return part->kind == PART_TOKEN;
}

bool template_uses_token(const struct template *template)
{
    for (size_t i = 0; i < template->count; i++) {
        if (part_uses_token(&template->parts[i]))
            return true;
    }
    return false;
}

static bool is_in(unsigned mask, enum hint hint)
{
    return (mask & 1u << hint) != 0;
}

static bool part_is_certain(const struct part *part, unsigned hints_mask)
{
    switch (part->kind) {
    case PART_HINT:
        return is_in(hints_mask, (enum hint)part->index);
    case PART_FULL_NAME:
        return is_in(hints_mask, HINT_FIRST_NAME) && is_in(hints_mask, HINT_LAST_NAME);
    case PART_LINKEDIN_SLUG:
        return is_in(hints_mask, HINT_LINKEDIN_URL);
    case PART_EMAIL_DOMAIN:
        return is_in(hints_mask, HINT_EMAIL);
    case PART_COMPANY_URL:
        return is_in(hints_mask, HINT_COMPANY_DOMAIN);
    case PART_WANTS:
    case PART_LACKS:
        return false;
    case PART_FIRST_OF:
        for (size_t i = 0; i < part->choices_count; i++) {
            if (part_is_certain(&part->choices[i], hints_mask))
                return true;
        }
        return false;
    default:
        return true;
    }
}

bool template_is_certain(const struct template *template, unsigned hints_mask)
{
    for (size_t i = 0; i < template->count; i++) {
        if (!part_is_certain(&template->parts[i], hints_mask))
            return false;
    }
    return true;
}

/* --- filling in --- */

/* A value in pieces that belong together; none: absent. */
struct filled {
    struct str pieces[3];
    size_t count;
    bool is_json;
};

static void add(struct filled *out, struct str piece)
{
    if (piece.len > 0)
        out->pieces[out->count++] = piece;
}

static struct str hint_of(const struct template_values *values, enum hint hint)
{
    return values->hints == NULL ? STR_NONE : values->hints->of[hint];
}

static void fill_full_name(const struct template_values *values, struct filled *out)
{
    struct str first = hint_of(values, HINT_FIRST_NAME), last = hint_of(values, HINT_LAST_NAME);

    if (first.len == 0 || last.len == 0)
        return;
    add(out, first);
    add(out, STR(" "));
    add(out, last);
}

static struct str slug_of(struct str url)
{
    for (size_t i = 0; i + PROFILE_MARK.len < url.len; i++) {
        struct str rest = str_from_at(url, i);

        if (str_starts(rest, PROFILE_MARK)) {
            rest = str_from_at(rest, PROFILE_MARK.len);
            rest.len = str_find(rest, '?');
            return str_cut(&rest, '/');
        }
    }
    return STR_NONE;
}

static void fill_derived(const struct part *part, const struct template_values *values, struct filled *out)
{
    struct str email, domain;

    switch (part->kind) {
    case PART_FULL_NAME:
        fill_full_name(values, out);
        break;
    case PART_LINKEDIN_SLUG:
        add(out, slug_of(hint_of(values, HINT_LINKEDIN_URL)));
        break;
    case PART_EMAIL_DOMAIN:
        email = hint_of(values, HINT_EMAIL);
        add(out, str_from_at(email, str_find_last(email, '@') + 1));
        break;
    case PART_COMPANY_URL:
        domain = hint_of(values, HINT_COMPANY_DOMAIN);
        if (domain.len > 0)
            add(out, STR("https://"));
        add(out, domain);
        break;
    default:
        check(false);
    }
}

static void fill_flag(const struct part *part, const struct template_values *values, struct filled *out)
{
    bool is_open = (values->open & 1u << part->index) != 0;

    if (is_open != (part->kind == PART_WANTS))
        return;
    out->is_json = part->text.len == 0;
    add(out, part->text.len > 0 ? part->text : is_open ? STR("true") : STR("false"));
}

static void fill(const struct part *part, const struct template_values *values, struct filled *out)
{
    switch (part->kind) {
    case PART_TEXT:
        add(out, part->text);
        break;
    case PART_HINT:
        add(out, hint_of(values, (enum hint)part->index));
        break;
    case PART_SECRET:
        add(out, values->secrets[part->index]);
        break;
    case PART_KEPT:
        add(out, values->kept[part->index].text);
        out->is_json = values->kept[part->index].is_number;
        break;
    case PART_TOKEN:
        add(out, values->token);
        break;
    case PART_VALUE:
        add(out, values->value);
        break;
    case PART_WANTS:
    case PART_LACKS:
        fill_flag(part, values, out);
        break;
    case PART_FIRST_OF:
        for (size_t i = 0; i < part->choices_count && out->count == 0; i++) {
            out->is_json = false;
            fill(&part->choices[i], values, out);
        }
        break;
    default:
        fill_derived(part, values, out);
        break;
    }
}

/* The only place of a template that has nothing else. */
static bool fill_only(const struct template *template, const struct template_values *values, struct filled *out)
{
    if (template->count != 1 || template->parts[0].kind == PART_TEXT)
        return false;
    fill(&template->parts[0], values, out);
    return true;
}

bool template_is_absent(const struct template *template, const struct template_values *values)
{
    struct filled filled = {.count = 0};

    return fill_only(template, values, &filled) && filled.count == 0;
}

bool template_is_json(const struct template *template, const struct template_values *values)
{
    struct filled filled = {.count = 0};

    return fill_only(template, values, &filled) && filled.is_json;
}

bool template_has_absent(const struct template *template, const struct template_values *values)
{
    for (size_t i = 0; i < template->count; i++) {
        struct filled filled = {.count = 0};

        fill(&template->parts[i], values, &filled);
        if (filled.count == 0 && template->parts[i].kind != PART_TEXT)
            return true;
    }
    return false;
}

bool part_put(struct buf *out, const struct part *part, const struct template_values *values)
{
    struct filled filled = {.count = 0};

    fill(part, values, &filled);
    for (size_t i = 0; i < filled.count; i++)
        buf_put(out, filled.pieces[i]);
    return filled.count > 0;
}

void template_put(struct buf *out, const struct template *template, const struct template_values *values)
{
    for (size_t i = 0; i < template->count; i++)
        part_put(out, &template->parts[i], values);
}

/* All but letters, digits and what is in `kept`. */
static void put_encoded(struct buf *out, struct str s, const char *kept)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (char_is_alnum(s.ptr[i]) || (c != '\0' && strchr(kept, c) != NULL)) {
            buf_put_char(out, s.ptr[i]);
        } else {
            buf_put_char(out, '%');
            buf_put_char(out, digits[c >> 4]);
            buf_put_char(out, digits[c & 15]);
        }
    }
}

void put_percent_encoded(struct buf *out, struct str s)
{
    put_encoded(out, s, "-._~");
}

static void put_url_part(struct buf *out, const struct part *part, struct str piece, bool is_encoded)
{
    if (part->kind != PART_TEXT)
        put_percent_encoded(out, piece);
    else if (is_encoded)
        buf_put(out, piece);
    else
        put_encoded(out, piece, "-._~,:;/@!*'()$?"); /* as a query may have it, for those who read it */
}

void template_put_url(struct buf *out, const struct template *template, const struct template_values *values,
                      bool is_encoded)
{
    for (size_t i = 0; i < template->count; i++) {
        struct filled filled = {.count = 0};

        fill(&template->parts[i], values, &filled);
        for (size_t j = 0; j < filled.count; j++)
            put_url_part(out, &template->parts[i], filled.pieces[j], is_encoded);
    }
}
