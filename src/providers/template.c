#include "providers/template.h"

#include "base/check.h"
#include "base/shape.h"

static const char *const hint_words[] = {
#define HINT(id, name) name,
    HINTS(HINT)
#undef HINT
        NULL,
};

static enum err unknown_name(struct str name, struct err_detail *detail)
{
    const char *nearest = nearest_word(name, hint_words);

    if (nearest != NULL)
        err_explain(detail, "There is no hint \"%.*s\"; did you mean {%s}?", STR_ARG(name), nearest);
    else
        err_explain(detail,
                    "There is no hint \"%.*s\"; known are email, linkedin_url, company_domain, first_name, "
                    "last_name, company_name, and secret.NAME; a brace itself is {{",
                    STR_ARG(name));
    return ERR_INVALID;
}

static bool is_secret_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!char_is_alnum(name.ptr[i]) && name.ptr[i] != '_')
            return false;
    }
    return name.len > 0 && name.len <= SECRET_NAME_BYTES_MAX;
}

static enum err find_secret(struct str name, struct secret_names *secrets, unsigned *out_index,
                            struct err_detail *detail)
{
    unsigned i = 0;

    if (!is_secret_name(name)) {
        err_explain(detail, "A secret's name is 1 to %d letters, digits or _", SECRET_NAME_BYTES_MAX);
        return ERR_INVALID;
    }
    while (i < secrets->count && !str_is(secrets->names[i], name))
        i++;
    if (i == SECRETS_MAX) {
        err_explain(detail, "A connector has at most %d secrets", SECRETS_MAX);
        return ERR_INVALID;
    }
    if (i == secrets->count)
        secrets->names[secrets->count++] = name;
    *out_index = i;
    return ERR_NONE;
}

/* What stands between the braces. */
static enum err read_place(struct str name, struct secret_names *secrets, struct part *part, struct err_detail *detail)
{
    enum hint hint;

    if (str_starts(name, STR("secret."))) {
        part->kind = PART_SECRET;
        return find_secret(str_from_at(name, 7), secrets, &part->index, detail);
    }
    if (!hint_from(name, &hint))
        return unknown_name((struct str){name.ptr, name.len > 40 ? 40 : name.len}, detail);
    part->kind = PART_HINT;
    part->index = hint;
    return ERR_NONE;
}

/* Takes the next part off `rest`. "{{" ends a text part with its first brace. */
static enum err read_part(struct str *rest, struct secret_names *secrets, struct part *part, struct err_detail *detail)
{
    size_t brace = str_find(*rest, '{');
    size_t end;

    if (brace > 0 || str_starts(*rest, STR("{{"))) {
        bool is_doubled = str_starts(str_from_at(*rest, brace), STR("{{"));

        part->kind = PART_TEXT;
        part->text = (struct str){rest->ptr, is_doubled ? brace + 1 : brace};
        *rest = str_from_at(*rest, is_doubled ? brace + 2 : brace);
        return ERR_NONE;
    }
    end = str_find(*rest, '}');
    if (end == rest->len) {
        err_explain(detail, "A { without its }; a brace itself is {{");
        return ERR_INVALID;
    }
    part->text = (struct str){rest->ptr + 1, end - 1};
    *rest = str_from_at(*rest, end + 1);
    return read_place(part->text, secrets, part, detail);
}

static size_t count_parts_at_most(struct str text)
{
    size_t count = 1;

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '{' ? 2 : 0;
    return count;
}

enum err template_compile(struct str text, struct secret_names *secrets, struct arena *arena,
                          struct template *out_template, struct err_detail *detail)
{
    struct template template = {.parts = arena_alloc(arena, count_parts_at_most(text) * sizeof(struct part))};

    if (template.parts == NULL)
        return ERR_FULL;
    while (text.len > 0) {
        struct part *part = &template.parts[template.count];
        enum err err = read_part(&text, secrets, part, detail);

        if (err != ERR_NONE)
            return err;
        if (part->kind == PART_HINT)
            template.hints |= 1u << part->index;
        template.count++;
    }
    *out_template = template;
    return ERR_NONE;
}

bool template_is_absent(const struct template *template, const struct hints *hints)
{
    return template->count == 1 && template->parts[0].kind == PART_HINT && hints->of[template->parts[0].index].len == 0;
}

static struct str value_of(const struct part *part, const struct template_values *values)
{
    switch (part->kind) {
    case PART_TEXT:
        return part->text;
    case PART_HINT:
        return values->hints->of[part->index];
    case PART_SECRET:
        return values->secrets[part->index];
    }
    check(false);
    return STR_NONE;
}

void template_put(struct buf *out, const struct template *template, const struct template_values *values)
{
    for (size_t i = 0; i < template->count; i++)
        buf_put(out, value_of(&template->parts[i], values));
}

static void put_percent_encoded(struct buf *out, struct str s)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (char_is_alnum(s.ptr[i]) || (c != '\0' && strchr("-._~", c) != NULL)) {
            buf_put_char(out, s.ptr[i]);
        } else {
            buf_put_char(out, '%');
            buf_put_char(out, digits[c >> 4]);
            buf_put_char(out, digits[c & 15]);
        }
    }
}

void template_put_url(struct buf *out, const struct template *template, const struct template_values *values)
{
    for (size_t i = 0; i < template->count; i++) {
        const struct part *part = &template->parts[i];

        if (part->kind == PART_TEXT)
            buf_put(out, part->text);
        else
            put_percent_encoded(out, value_of(part, values));
    }
}
