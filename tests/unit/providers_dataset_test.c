#include "provider_asking.h"

#include "base/mem.h"
#include "providers/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct shelf shelf;
static char folder[] = "/tmp/unstuck_dataset_XXXXXX";

static void write_file(const char *name, struct str text)
{
    char path[200];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static enum err make(struct asking *asking, const char *entry_text, struct provider **out, struct provider_place *place)
{
    json_t *entry;
    enum err err;

    buf_init(&place->pointer, 1000);
    place->detail.text[0] = '\0';
    assert_int_equal(json_read(str_from(entry_text), &entry, &place->detail), ERR_NONE);
    if (shelf.files.next == NULL)
        shelf_init(&shelf);
    err = dataset_provider_new(&asking->loop, &shelf, entry, str_from(folder), out, place);
    json_decref(entry);
    return err;
}

/* A provider of this text, which is put into a file called people.csv or .jsonl. */
static struct provider *provider_of(struct asking *asking, const char *text)
{
    struct provider *provider = NULL;
    struct provider_place place;
    bool is_json = text[0] == '{';

    write_file(is_json ? "people.jsonl" : "people.csv", str_from(text));
    if (make(asking, is_json ? "{\"file\":\"people.jsonl\"}" : "{\"file\":\"people.csv\"}", &provider, &place) !=
        ERR_NONE)
        fail_msg("%s", place.detail.text);
    assert_int_equal(place.pointer.len, 0);
    return provider;
}

static void expect_mistake(struct asking *asking, const char *entry, const char *pointer, const char *reason)
{
    struct provider *provider = NULL;
    struct provider_place place;
    enum err err = make(asking, entry, &provider, &place);

    assert_true(err == ERR_INVALID || err == ERR_IO);
    assert_null(provider);
    assert_str_is(buf_str(&place.pointer), pointer);
    if (strstr(place.detail.text, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", place.detail.text, reason);
    buf_deinit(&place.pointer);
}

static void expect_text_mistake(struct asking *asking, struct str text, const char *reason)
{
    write_file("wrong.csv", text);
    expect_mistake(asking, "{\"file\":\"wrong.csv\"}", "/file", reason);
}

static void a_person_is_found_by_email_linkedin_or_name_and_domain(void **state)
{
    struct asking *asking = *state;
    struct provider *provider =
        provider_of(asking, "first_name,last_name,company_domain,work_email,personal_email,phone,linkedin_url\n"
                            "Ann,Lee,https://www.acme.example/,Ann@Acme.example,ann@post.example,+44 20 7946 0001,"
                            "https://www.linkedin.com/in/Ann-Lee/\n"
                            "Bob,Ray,acme.example,bob@acme.example,,,\n");

    assert_int_equal(provider->channels, CHANNELS_ALL);
    assert_int_equal(provider->needs_count, 3);
    ask_email(asking, provider, "ann@acme.example");
    assert_int_equal(asking->call.outcome, OUTCOME_HIT);
    expect_channel(asking, CHANNEL_WORK_EMAIL, "Ann@Acme.example");
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0001");
    assert_int_equal(asking->call.values[CHANNEL_PHONE].confidence_ppm, 900000);
    assert_int_equal(asking->call.values[CHANNEL_PHONE].source.len, 0);

    ask_email(asking, provider, "ANN@post.example");
    expect_channel(asking, CHANNEL_WORK_EMAIL, "Ann@Acme.example");

    asking->hints.of[HINT_LINKEDIN_URL] = STR("https://linkedin.com/in/ann-lee");
    ask_channels(asking, provider, 1u << CHANNEL_PHONE);
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0001");
    expect_channel(asking, CHANNEL_WORK_EMAIL, "");

    asking->hints.of[HINT_FIRST_NAME] = STR("ANN");
    asking->hints.of[HINT_LAST_NAME] = STR("lee");
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("acme.example");
    ask_channels(asking, provider, CHANNELS_ALL);
    expect_channel(asking, CHANNEL_PERSONAL_EMAIL, "ann@post.example");

    ask_email(asking, provider, "nobody@acme.example");
    assert_int_equal(asking->call.outcome, OUTCOME_MISS);

    asking->hints.of[HINT_EMAIL] = STR("bob@acme.example");
    ask_channels(asking, provider, 1u << CHANNEL_PHONE);
    assert_int_equal(asking->call.outcome, OUTCOME_MISS);

    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("acme.example");
    ask_channels(asking, provider, CHANNELS_ALL);
    assert_int_equal(asking->call.outcome, OUTCOME_MISS); /* people are not found by their domain */
    provider_free(&provider);
    assert_null(provider);
    provider_free(&provider);
}

static void an_email_wins_over_linkedin_and_that_over_the_name(void **state)
{
    struct asking *asking = *state;
    struct provider *provider = provider_of(asking, "first_name,last_name,company_domain,email,linkedin_url,phone\n"
                                                    "A,B,x.example,,,+44 20 7946 0003\n"
                                                    ",,,,linkedin.com/in/l,+44 20 7946 0002\n"
                                                    ",,,e@x.example,,+44 20 7946 0001\n");

    asking->hints.of[HINT_LINKEDIN_URL] = STR("https://linkedin.com/in/l");
    asking->hints.of[HINT_FIRST_NAME] = STR("A");
    asking->hints.of[HINT_LAST_NAME] = STR("B");
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("x.example");
    ask_email(asking, provider, "e@x.example");
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0001");

    asking->hints.of[HINT_LINKEDIN_URL] = STR("https://linkedin.com/in/l");
    asking->hints.of[HINT_FIRST_NAME] = STR("A");
    asking->hints.of[HINT_LAST_NAME] = STR("B");
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("x.example");
    ask_email(asking, provider, "unknown@x.example");
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0002");
    provider_free(&provider);
}

static void the_first_row_wins_and_later_ones_fill_the_gaps(void **state)
{
    struct asking *asking = *state;
    struct provider *provider = provider_of(asking, "email,work_email,phone,confidence,source\n"
                                                    "a@x.example,,+44 20 7946 0001,0.5,\n"
                                                    "a@x.example,first@x.example,+44 20 7946 0002,,Vendor Z\n"
                                                    "A@X.example,second@x.example,,1,\n");

    ask_email(asking, provider, "a@x.example");
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0001");
    assert_int_equal(asking->call.values[CHANNEL_PHONE].confidence_ppm, 500000);
    expect_channel(asking, CHANNEL_WORK_EMAIL, "first@x.example");
    assert_int_equal(asking->call.values[CHANNEL_WORK_EMAIL].confidence_ppm, 900000);
    assert_str_is(asking->call.values[CHANNEL_WORK_EMAIL].source, "Vendor Z");
    provider_free(&provider);
}

static void a_plain_email_column_serves_as_the_channel_that_fits(void **state)
{
    struct asking *asking = *state;
    struct provider *provider = provider_of(asking, "email,phone\na@x.example,\nb@gmail.com,\n");

    assert_int_equal(provider->channels & (1u << CHANNEL_LINKEDIN_URL), 0);
    ask_email(asking, provider, "a@x.example");
    expect_channel(asking, CHANNEL_WORK_EMAIL, "a@x.example");
    expect_channel(asking, CHANNEL_PERSONAL_EMAIL, "");
    ask_email(asking, provider, "b@gmail.com");
    expect_channel(asking, CHANNEL_WORK_EMAIL, "");
    expect_channel(asking, CHANNEL_PERSONAL_EMAIL, "b@gmail.com");
    provider_free(&provider);

    provider = provider_of(asking, "email,work_email\na@x.example,\n");
    ask_email(asking, provider, "a@x.example");
    assert_int_equal(asking->call.outcome, OUTCOME_MISS);
    provider_free(&provider);
}

static void a_domain_alone_finds_only_companies(void **state)
{
    struct asking *asking = *state;
    struct provider *provider = provider_of(asking, "company_domain,email,phone\n"
                                                    "acme.example,a@acme.example,+44 20 7946 0001\n"
                                                    "acme.example,,+44 20 7946 0002\n");

    assert_true(provider_can_answer(provider, 1u << HINT_COMPANY_DOMAIN, CHANNEL_PHONE));
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("acme.example");
    ask_channels(asking, provider, CHANNELS_ALL);
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0002");
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("acme.example");
    ask_email(asking, provider, "other@acme.example");
    assert_int_equal(asking->call.outcome, OUTCOME_MISS);
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("acme.example");
    asking->hints.of[HINT_FIRST_NAME] = STR("Ann");
    ask_channels(asking, provider, CHANNELS_ALL);
    assert_int_equal(asking->call.outcome, OUTCOME_MISS);
    provider_free(&provider);

    provider = provider_of(asking, "company_domain,email,phone\nacme.example,a@acme.example,+44 20 7946 0001\n");
    assert_false(provider_can_answer(provider, 1u << HINT_COMPANY_DOMAIN, CHANNEL_PHONE));
    assert_true(provider_can_answer(provider, 1u << HINT_EMAIL, CHANNEL_PHONE));
    provider_free(&provider);
}

static void the_domain_of_a_work_email_stands_in_for_the_companys(void **state)
{
    struct asking *asking = *state;
    struct provider *provider = provider_of(asking, "first_name,last_name,email\n"
                                                    "Ann,Lee,ann@acme.example\nBob,Ray,bob@gmail.com\n");

    asking->hints.of[HINT_FIRST_NAME] = STR("Ann");
    asking->hints.of[HINT_LAST_NAME] = STR("Lee");
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("acme.example");
    ask_channels(asking, provider, CHANNELS_ALL);
    expect_channel(asking, CHANNEL_WORK_EMAIL, "ann@acme.example");
    asking->hints.of[HINT_FIRST_NAME] = STR("Bob");
    asking->hints.of[HINT_LAST_NAME] = STR("Ray");
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("gmail.com");
    ask_channels(asking, provider, CHANNELS_ALL);
    assert_int_equal(asking->call.outcome, OUTCOME_MISS);
    provider_free(&provider);
}

static void csv_is_read_as_rfc_4180_says(void **state)
{
    struct asking *asking = *state;
    struct provider *provider =
        provider_of(asking, "\xef\xbb\xbf\r\n\" Email \", other ,PHONE,\"work\"\"_email\"\r\n"
                            "a@x.example,\"one, two\nthree \"\"four\"\"\",\" +44 20 7946 0001 \",\r\n"
                            "\r\n  \r\n"
                            "\"b@x.example\",,\"say \"\"hi\"\"\",\"\"\r\n"
                            " c@x.example ,5\" pipe,+44 20 7946 0003,x");

    ask_email(asking, provider, "a@x.example");
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0001");
    ask_email(asking, provider, "b@x.example");
    expect_channel(asking, CHANNEL_PHONE, "say \"hi\"");
    ask_email(asking, provider, "c@x.example");
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0003");
    expect_channel(asking, CHANNEL_WORK_EMAIL, "c@x.example");
    provider_free(&provider);
}

static void json_lines_are_read(void **state)
{
    struct asking *asking = *state;
    struct provider *provider = provider_of(
        asking, "{\"email\":\"a@x.example\",\"phone\":\"+44 20 7946 0001\",\"confidence\":0.25,\"tags\":[1]}\r\n"
                "\n"
                "{\"email\":\"b@x.example\",\"phone\":442079460002,\"linkedin_url\":null,\"confidence\":1}\n"
                "{\"email\":\"caf\\u00e9 \\\"x\\\"\",\"work_email\":\"c@x.example\"}");

    ask_email(asking, provider, "a@x.example");
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0001");
    assert_int_equal(asking->call.values[CHANNEL_PHONE].confidence_ppm, 250000);
    ask_email(asking, provider, "b@x.example");
    expect_channel(asking, CHANNEL_PHONE, "442079460002");
    assert_int_equal(asking->call.values[CHANNEL_PHONE].confidence_ppm, 1000000);
    expect_channel(asking, CHANNEL_WORK_EMAIL, ""); /* the file has a column of that name */
    ask_email(asking, provider, "c@x.example");
    expect_channel(asking, CHANNEL_WORK_EMAIL, "c@x.example");
    provider_free(&provider);
}

static void columns_may_have_other_names(void **state)
{
    struct asking *asking = *state;
    struct provider *provider = NULL;
    struct provider_place place;

    write_file("people.csv", STR("E-Mail;x,Mobile\na@x.example,+44 20 7946 0001\n"));
    assert_int_equal(make(asking,
                          "{\"file\":\"people.csv\",\"confidence\":0.333333,"
                          "\"columns\":{\"email\":\"e-mail;X\",\"phone\":\" mobile \"}}",
                          &provider, &place),
                     ERR_NONE);
    ask_email(asking, provider, "a@x.example");
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0001");
    assert_int_equal(asking->call.values[CHANNEL_PHONE].confidence_ppm, 333333);
    provider_free(&provider);

    write_file("people.jsonl", STR("{\"mail\":\"a@x.example\",\"tel\":\"+44 20 7946 0001\"}"));
    assert_int_equal(make(asking, "{\"file\":\"people.jsonl\",\"columns\":{\"email\":\"mail\",\"phone\":\"tel\"}}",
                          &provider, &place),
                     ERR_NONE);
    ask_email(asking, provider, "a@x.example");
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0001");
    provider_free(&provider);
}

static void mistakes_in_the_configuration_say_where_and_what_to_do(void **state)
{
    struct asking *asking = *state;

    write_file("people.csv", STR("email,phone\na@x.example,\n"));
    expect_mistake(asking, "{}", "/file", "path");
    expect_mistake(asking, "{\"file\":1}", "/file", "path");
    expect_mistake(asking, "{\"file\":\"none.csv\"}", "/file", "cannot open");
    expect_mistake(asking, "{\"file\":\".\"}", "/file", "not a file");
    expect_mistake(asking, "{\"file\":\"people.csv\",\"confidence\":2}", "/confidence", "0 to 1");
    expect_mistake(asking, "{\"file\":\"people.csv\",\"confidence\":\"1\"}", "/confidence", "0 to 1");
    expect_mistake(asking, "{\"file\":\"people.csv\",\"columns\":[]}", "/columns", "object");
    expect_mistake(asking, "{\"file\":\"people.csv\",\"columns\":{\"emial\":\"email\"}}", "/columns/emial",
                   "did you mean email");
    expect_mistake(asking, "{\"file\":\"people.csv\",\"columns\":{\"email\":1}}", "/columns/email", "text");
    expect_mistake(asking, "{\"file\":\"people.csv\",\"columns\":{\"email\":\"Mail\"}}", "/columns/email",
                   "no such column");
    expect_mistake(asking, "{\"file\":\"people.csv\",\"columns\":{\"email\":\"phone\"}}", "/columns/email",
                   "that of phone");
}

static void mistakes_in_the_file_say_the_line_and_what_to_do(void **state)
{
    struct asking *asking = *state;
    char *large = mem_new(100000);

    expect_text_mistake(asking, STR(""), "empty");
    expect_text_mistake(asking, STR("\n \n"), "empty");
    expect_text_mistake(asking, STR("name,age\n"), "who a row is");
    expect_text_mistake(asking, STR("phone\n1\n"), "who a row is");
    expect_text_mistake(asking, STR("company_domain\nx.example\n"), "No column holds a contact");
    expect_text_mistake(asking, STR("email;phone\na;b\n"), "semicolons");
    expect_text_mistake(asking, STR("email,Email\n"), "two columns");
    expect_text_mistake(asking, STR("E-Mail,EMAIL\n"), "two columns are called email");
    expect_text_mistake(asking, STR("email,phone\na,b\na,b,c\n"), "line 3: the row has 3 cells and the header 2");
    expect_text_mistake(asking, STR("email,phone\n\"a\n\",b\n\na\n"), "line 5: the row has 1 cells");
    expect_text_mistake(asking, STR("email,phone\na,\"b\nc\n"), "line 2: a quote is opened");
    expect_text_mistake(asking, STR("email,phone\na,b\n\"a\"x,b\n"), "line 3: text follows");
    expect_text_mistake(asking, STR("email,confidence\na,\nb,1.5\n"), "line 3: confidence must be");
    expect_text_mistake(asking, STR("email,confidence\na,90%\n"), "line 2: confidence must be");
    expect_text_mistake(asking, STR("email,confidence\na,.\n"), "line 2: confidence must be");
    expect_text_mistake(asking,
                        STR("\xff\xfe"
                            "e\0"),
                        "UTF-8");
    memset(large, ',', 100000);
    memcpy(large, "email", 5);
    expect_text_mistake(asking, (struct str){large, 70}, "64 columns");
    memset(large, 'x', 100000);
    memcpy(large, "email\n", 6);
    expect_text_mistake(asking, (struct str){large, 100000}, "line 2: the row is longer than 64 KiB");
    memcpy(large, "email\n\"", 7);
    expect_text_mistake(asking, (struct str){large, 100000}, "line 2: a quote is opened");
    mem_free(large);

    write_file("wrong.jsonl", STR("{\"email\":\"a\"}\n\n{\"email\":}\n"));
    expect_mistake(asking, "{\"file\":\"wrong.jsonl\"}", "/file", "line 3, column 10:");
    write_file("wrong.jsonl", STR("{\"email\":[]}\n"));
    expect_mistake(asking, "{\"file\":\"wrong.jsonl\"}", "/file", "line 1: email must be text");
    write_file("wrong.jsonl", STR("{\"email\":\"a\"}\n[1]\n"));
    expect_mistake(asking, "{\"file\":\"wrong.jsonl\"}", "/file", "line 2: every line must be one JSON object");
}

static void a_file_without_rows_is_never_asked(void **state)
{
    struct asking *asking = *state;
    struct provider *provider = provider_of(asking, "first_name,last_name,company_domain,phone\n");

    assert_int_equal(provider->needs_count, 0);
    provider_free(&provider);
}

static void an_answer_too_large_for_the_lookup_is_an_error(void **state)
{
    struct asking *asking = *state;
    struct provider *provider = provider_of(asking, "email,phone\na@x.example,+44 20 7946 0001\n");

    arena_deinit(&asking->arena);
    arena_init(&asking->arena, 8);
    ask_email(asking, provider, "a@x.example");
    assert_int_equal(asking->call.outcome, OUTCOME_ERROR);
    arena_init(&asking->arena, 64 * 1024);
    provider_free(&provider);
}

static int set_up(void **state)
{
    struct asking *asking = mem_new(sizeof *asking);

    asking_init(asking);
    *state = asking;
    return mkdtemp(folder) == NULL;
}

static void expect_field(const struct asking *asking, unsigned slot, const char *expected)
{
    assert_str_is(asking->call.values[slot].value, expected);
}

static void a_company_is_found_by_its_domain_and_never_mixed_with_people(void **state)
{
    struct asking *asking = *state;
    struct provider *provider = provider_of(asking, "email,phone,domain,company_domain,industry,tech_stack,confidence\n"
                                                    "ann@acme.example,+44 20 7946 0001,acme.example,,,,\n"
                                                    ",,https://www.acme.example,,Pumps,,0.5\n"
                                                    ",,,acme.example,Other,Kafka; Okta,\n");

    assert_true(provider_offers(provider, CHANNEL_ACCOUNT));
    assert_true(provider_can_answer(provider, 1u << HINT_COMPANY_DOMAIN, CHANNEL_ACCOUNT));
    assert_false(provider_can_answer(provider, 1u << HINT_EMAIL, CHANNEL_ACCOUNT));
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("acme.example");
    ask_channels(asking, provider, FIELDS_ALL);
    expect_field(asking, SLOT_INDUSTRY, "Pumps"); /* the first row wins, the next fills the gap */
    assert_int_equal(asking->call.values[SLOT_INDUSTRY].confidence_ppm, 500000);
    expect_field(asking, SLOT_TECH_STACK, "Kafka; Okta");
    expect_channel(asking, CHANNEL_PHONE, "");
    ask_email(asking, provider, "ann@acme.example");
    expect_channel(asking, CHANNEL_PHONE, "+44 20 7946 0001");
    expect_field(asking, SLOT_INDUSTRY, "");
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("other.example");
    ask_channels(asking, provider, FIELDS_ALL);
    assert_int_equal(asking->call.outcome, OUTCOME_MISS);
    provider_free(&provider);
}

static int tear_down(void **state)
{
    static const char *const names[] = {"people.csv", "people.jsonl", "wrong.csv", "wrong.jsonl"};
    char path[200];

    asking_deinit(*state);
    mem_free(*state);
    for (size_t i = 0; i < LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_is_found_by_email_linkedin_or_name_and_domain),
        cmocka_unit_test(an_email_wins_over_linkedin_and_that_over_the_name),
        cmocka_unit_test(the_first_row_wins_and_later_ones_fill_the_gaps),
        cmocka_unit_test(a_plain_email_column_serves_as_the_channel_that_fits),
        cmocka_unit_test(a_domain_alone_finds_only_companies),
        cmocka_unit_test(the_domain_of_a_work_email_stands_in_for_the_companys),
        cmocka_unit_test(csv_is_read_as_rfc_4180_says),
        cmocka_unit_test(json_lines_are_read),
        cmocka_unit_test(columns_may_have_other_names),
        cmocka_unit_test(mistakes_in_the_configuration_say_where_and_what_to_do),
        cmocka_unit_test(mistakes_in_the_file_say_the_line_and_what_to_do),
        cmocka_unit_test(a_file_without_rows_is_never_asked),
        cmocka_unit_test(a_company_is_found_by_its_domain_and_never_mixed_with_people),
        cmocka_unit_test(an_answer_too_large_for_the_lookup_is_an_error),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
