#include "unit.h"

#include "base/clock.h"
#include "credits/ledger.h"
#include "enrich/question.h"

#include <stdio.h>

static struct arena arena;
static struct shape_mistakes mistakes;
static struct question question;
static enum question_kind kind; /* of what read_text reads */

static enum err read_text(const char *text)
{
    struct err_detail detail;
    json_t *doc;
    enum err err;

    shape_mistakes_deinit(&mistakes);
    shape_mistakes_init(&mistakes);
    if (json_read(str_from(text), &doc, &detail) != ERR_NONE)
        fail_msg("%s: %s", text, detail.text);
    err = question_read(kind, doc, &arena, &question, &mistakes);
    json_decref(doc); /* all texts are kept elsewhere */
    return err;
}

static void read_right(const char *text)
{
    if (read_text(text) != ERR_NONE)
        fail_msg("%s: %s", text, mistakes.first.text);
}

static void every_member_is_read(void **state)
{
    (void)state;
    read_right("{\"email\":\" Ann@ACME.example\",\"linkedin_url\":\"uk.linkedin.com/in/Ann/\","
               "\"company_domain\":\"https://www.Acme.example/about\",\"first_name\":\" Ann \",\"last_name\":\"Lee\","
               "\"company_name\":\"Acme\",\"channels\":[\"phone\",\"work_email\"],\"force\":true,\"dry_run\":true,"
               "\"max_credits\":7,\"max_age\":60,\"min_confidence\":0.9,\"include\":[\"attempts\"],"
               "\"metadata\":{\"b\":\"2\",\"a\":\"\xc3\xa9\"}}");
    assert_str_is(question.hints.of[HINT_EMAIL], "Ann@acme.example");
    assert_str_is(question.hints.of[HINT_LINKEDIN_URL], "https://linkedin.com/in/ann");
    assert_str_is(question.hints.of[HINT_COMPANY_DOMAIN], "acme.example");
    assert_str_is(question.hints.of[HINT_FIRST_NAME], "Ann");
    assert_str_is(question.hints.of[HINT_LAST_NAME], "Lee");
    assert_str_is(question.hints.of[HINT_COMPANY_NAME], "Acme");
    assert_int_equal(question.channels, 1u << CHANNEL_PHONE | 1u << CHANNEL_WORK_EMAIL);
    assert_true(question.force);
    assert_true(question.dry_run);
    assert_true(question.include_attempts);
    assert_int_equal(question.max_credits, 7);
    assert_int_equal(question.max_age_us, 60 * SECOND_US);
    assert_int_equal(question.min_confidence_ppm, 900000);
    assert_str_is(question.metadata, "{\"b\":\"2\",\"a\":\"\xc3\xa9\"}");
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    read_right("{\"email\":\"ann@acme.example\"}");
    assert_int_equal(question.channels, CHANNELS_ALL);
    assert_false(question.force || question.dry_run || question.include_attempts);
    assert_true(question.max_credits == CREDITS_MAX);
    assert_int_equal(question.max_age_us, -1);
    assert_int_equal(question.min_confidence_ppm, 0);
    assert_int_equal(question.metadata.len, 0);
}

static void identities_come_in_order_of_precedence(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        enum identity_kind kinds[3];
        const char *first_key;
    } cases[] = {
        {"{\"email\":\"Ann@Acme.example\"}", 1, {IDENTITY_EMAIL}, "ann@acme.example"},
        {"{\"linkedin_url\":\"linkedin.com/in/A\",\"email\":\"a@x.example\"}",
         2,
         {IDENTITY_EMAIL, IDENTITY_LINKEDIN},
         "a@x.example"},
        {"{\"company_domain\":\"x.example\",\"first_name\":\"A\",\"last_name\":\"B\",\"linkedin_url\":"
         "\"linkedin.com/in/a\",\"email\":\"a@x.example\"}",
         3,
         {IDENTITY_EMAIL, IDENTITY_LINKEDIN, IDENTITY_PERSON},
         "a@x.example"},
        {"{\"company_domain\":\"X.example\",\"first_name\":\"Ann\",\"last_name\":\"LEE\"}",
         1,
         {IDENTITY_PERSON},
         "ann|lee|x.example"},
        {"{\"company_domain\":\"X.example\"}", 1, {IDENTITY_DOMAIN}, "x.example"},
        {"{\"company_domain\":\"X.example\",\"first_name\":\"Ann\"}", 1, {IDENTITY_DOMAIN}, "x.example"},
        {"{\"company_domain\":\"x.example\",\"email\":\"a@x.example\"}", 1, {IDENTITY_EMAIL}, "a@x.example"},
        {"{\"company_domain\":\"x.example\",\"email\":\"info@x.example\"}", 1, {IDENTITY_EMAIL}, "info@x.example"},
        {"{\"linkedin_url\":\"linkedin.com/in/A\",\"email\":\"info@x.example\"}",
         1,
         {IDENTITY_LINKEDIN},
         "https://linkedin.com/in/a"},
        {"{\"company_domain\":\"x.example\",\"first_name\":\"A\",\"last_name\":\"B\",\"email\":\"Sales+a@x.example\"}",
         1,
         {IDENTITY_PERSON},
         "a|b|x.example"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        read_right(cases[i].text);
        assert_int_equal(question.identity_count, cases[i].count);
        for (size_t j = 0; j < cases[i].count; j++)
            assert_int_equal(question.identities[j].kind, cases[i].kinds[j]);
        assert_str_is(question.identities[0].key, cases[i].first_key);
    }
    read_right("{\"email\":\"Ann@Acme.example\"}");
    assert_str_is(question.identities[0].shown, "Ann@acme.example");
}

static void without_an_identity_there_is_no_question(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{\"channels\":[\"phone\"]}",
        "{\"first_name\":\"Ann\",\"last_name\":\"Lee\"}",
        "{\"first_name\":\"Ann\",\"last_name\":\"Lee\",\"company_name\":\"Acme\"}",
    };

    (void)state;
    for (size_t i = 0; i < LEN(texts); i++) {
        assert_int_equal(read_text(texts[i]), ERR_IDENTITY_REQUIRED);
        assert_int_equal(mistakes.count, 0);
    }
}

/* A question with one mistake, the pointer to it, and a word of its detail. */
static const struct {
    const char *members, *pointer, *detail;
} wrong[] = {
    {"\"email\":5", "/email", "must be a string"},
    {"\"email\":\"\"", "/email", "1 to 2048 bytes"},
    {"\"email\":\"a@b\"", "/email", "dot"},
    {"\"email\":\"\\\"quoted x\\\"@ex.example\"", "/email", "Quoted"},
    {"\"linkedin_url\":\"https://linkedin.com/company/acme\"", "/linkedin_url", "company"},
    {"\"linkedin_url\":\"https://x.example/in/a\"", "/linkedin_url", "not under linkedin.com"},
    {"\"company_domain\":\"127.0.0.1\"", "/company_domain", "IP"},
    {"\"company_domain\":\"localhost\"", "/company_domain", "dot"},
    {"\"first_name\":\"  \"", "/first_name", "empty"},
    {"\"last_name\":null", "/last_name", "not null"},
    {"\"company_name\":[]", "/company_name", "not an array"},
    {"\"channels\":[]", "/channels", "must not be empty"},
    {"\"channels\":\"phone\"", "/channels", "must be an array"},
    {"\"channels\":null", "/channels", "not null"},
    {"\"channels\":[\"phone\",\"fone\"]", "/channels/1", "did you mean \\\"phone\\\""},
    {"\"channels\":[\"fax machine\"]", "/channels/0", "known: work_email personal_email phone linkedin_url"},
    {"\"channels\":[1]", "/channels/0", "must be a string"},
    {"\"channels\":[\"phone\",\"work_email\",\"phone\"]", "/channels/2", "is named twice"},
    {"\"force\":1", "/force", "true or false"},
    {"\"dry_run\":\"true\"", "/dry_run", "true or false"},
    {"\"max_credits\":-1", "/max_credits", "from 0 to 1000000000000"},
    {"\"max_credits\":1000000000001", "/max_credits", "from 0 to 1000000000000"},
    {"\"max_credits\":1.5", "/max_credits", "whole number"},
    {"\"max_age\":-1", "/max_age", "from 0 to 315360000"},
    {"\"max_age\":315360001", "/max_age", "from 0 to 315360000"},
    {"\"min_confidence\":1.01", "/min_confidence", "from 0 to 1"},
    {"\"min_confidence\":-0.01", "/min_confidence", "from 0 to 1"},
    {"\"min_confidence\":\"0.9\"", "/min_confidence", "from 0 to 1"},
    {"\"include\":\"attempts\"", "/include", "must be an array"},
    {"\"include\":[\"atempts\"]", "/include/0", "did you mean \\\"attempts\\\""},
    {"\"include\":[null]", "/include/0", "must be a string"},
    {"\"metadata\":[]", "/metadata", "must be an object"},
    {"\"metadata\":{\"a\":1}", "/metadata", "must be a string"},
    {"\"metadata\":{\"a\":{}}", "/metadata", "must be a string"},
    {"\"metadata\":{\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\",\"5\":\"\",\"6\":\"\",\"7\":\"\",\"8\":\"\",\"9\":\"\","
     "\"10\":\"\",\"11\":\"\"}",
     "/metadata", "at most 10"},
    {"\"emial\":\"a@x.example\"", "/emial", "did you mean \\\"email\\\""},
    {"\"channel\":[\"phone\"]", "/channel", "did you mean \\\"channels\\\""},
    {"\"maxcredits\":1", "/maxcredits", "did you mean \\\"max_credits\\\""},
    {"\"linkedin\":\"x\"", "/linkedin", "not a known member"},
};

static void every_mistake_gets_its_pointer(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(wrong); i++) {
        char text[1000], start[200];

        snprintf(text, sizeof text, "{%s}", wrong[i].members);
        snprintf(start, sizeof start, "[{\"pointer\":\"%s\",", wrong[i].pointer);
        assert_int_equal(read_text(text), ERR_INVALID);
        if (mistakes.count != 1 || !str_starts(buf_str(&mistakes.json), str_from(start)) ||
            strstr(mistakes.json.ptr, wrong[i].detail) == NULL)
            fail_msg("%s: %s", text, mistakes.json.ptr);
    }
}

static void all_mistakes_are_told_at_once(void **state)
{
    static const char *const pointers[] = {"/email",          "/first_name", "/channels/0",  "/channels/1",
                                           "/force",          "/dry_run",    "/max_credits", "/max_age",
                                           "/min_confidence", "/include",    "/metadata",    "/colour"};

    (void)state;
    assert_int_equal(read_text("{\"email\":1,\"first_name\":2,\"channels\":[3,\"x\"],\"force\":4,\"dry_run\":5,"
                               "\"max_credits\":\"6\",\"max_age\":\"7\",\"min_confidence\":8,\"include\":9,"
                               "\"metadata\":10,\"colour\":11}"),
                     ERR_INVALID);
    assert_int_equal(mistakes.count, LEN(pointers));
    for (size_t i = 0; i < LEN(pointers); i++) {
        char member[100];

        snprintf(member, sizeof member, "\"pointer\":\"%s\"", pointers[i]);
        if (strstr(mistakes.json.ptr, member) == NULL)
            fail_msg("%s is not in %s", pointers[i], mistakes.json.ptr);
    }
}

static void no_report_quotes_a_person(void **state)
{
    (void)state;
    read_text(
        "{\"email\":\"secret person\",\"phone\":\"secret\",\"linkedin_url\":\"secret\",\"company_domain\":\"secret\","
        "\"metadata\":{\"secret\":1}}");
    assert_null(strstr(mistakes.json.ptr, "secret"));
}

static void what_is_no_object_is_a_mistake(void **state)
{
    static const char *const texts[] = {"[]", "\"email\"", "1", "null", "true"};

    (void)state;
    for (size_t i = 0; i < LEN(texts); i++) {
        assert_int_equal(read_text(texts[i]), ERR_INVALID);
        assert_non_null(strstr(mistakes.json.ptr, "{\"pointer\":\"\","));
    }
}

static void every_option_takes_its_bounds(void **state)
{
    char text[4000];
    char chars[201] = "";

    (void)state;
    read_right("{\"email\":\"a@x.example\",\"max_credits\":0,\"max_age\":0,\"min_confidence\":0,\"metadata\":{},"
               "\"include\":[]}");
    assert_int_equal(question.max_credits, 0);
    assert_int_equal(question.max_age_us, 0);
    assert_str_is(question.metadata, "{}");
    read_right("{\"email\":\"a@x.example\",\"max_credits\":1000000000000,\"max_age\":315360000,\"min_confidence\":1}");
    assert_int_equal(question.min_confidence_ppm, PPM_ONE);
    for (int i = 0; i < 100; i++)
        strcat(chars, "\xc3\xa9"); /* characters count, not bytes */
    snprintf(text, sizeof text, "{\"email\":\"a@x.example\",\"metadata\":{\"%s\":\"%s\"}}", chars, chars);
    read_right(text);
    snprintf(text, sizeof text, "{\"email\":\"a@x.example\",\"metadata\":{\"a\":\"%s.\"}}", chars);
    assert_int_equal(read_text(text), ERR_INVALID);
    snprintf(text, sizeof text, "{\"email\":\"a@x.example\",\"metadata\":{\"%s.\":\"\"}}", chars);
    assert_int_equal(read_text(text), ERR_INVALID);
}

static void metadata_of_the_largest_size_comes_back_whole(void **state)
{
    char text[16000] = "{\"email\":\"a@x.example\",\"metadata\":{";
    struct err_detail detail;
    json_t *doc;

    (void)state;
    for (int member = 0; member < METADATA_MEMBERS_MAX; member++) {
        size_t len = strlen(text);

        snprintf(text + len, sizeof text - len, "%s\"%d", member == 0 ? "" : ",", member);
        for (int i = 0; i < METADATA_CHARS_MAX - 1; i++)
            strcat(text, "\\u0001");
        strcat(text, "\":\"");
        for (int i = 0; i < METADATA_CHARS_MAX; i++)
            strcat(text, "\\u0002");
        strcat(text, "\"");
    }
    strcat(text, "}}");
    read_right(text);
    assert_int_equal(json_read(question.metadata, &doc, &detail), ERR_NONE);
    assert_int_equal(json_object_size(doc), METADATA_MEMBERS_MAX);
    json_decref(doc);
}

static void without_memory_the_question_is_refused(void **state)
{
    struct arena whole = arena;

    (void)state;
    arena_init(&arena, 32);
    assert_int_equal(read_text("{\"email\":\"ann.with.a.long.name@acme.example\"}"), ERR_OVERLOADED);
    arena_deinit(&arena);
    arena = whole;
}

/* --- the same question ------------------------------------------------------- */

static struct str fingerprint_of(const char *text)
{
    read_right(text);
    return question_fingerprint(&question, &arena);
}

static void spellings_of_one_question_have_one_fingerprint(void **state)
{
    static const char *const spellings[][4] = {
        {"{\"email\":\"ann@acme.example\"}", "{\"email\":\" ANN@Acme.Example \"}",
         "{\"email\":\"Ann@acme.example\",\"channels\":[\"linkedin_url\",\"phone\",\"personal_email\",\"work_email\"]}",
         "{\"force\":false,\"include\":[\"attempts\"],\"metadata\":{\"a\":\"b\"},\"email\":\"ann@acme.example\"}"},
        {"{\"linkedin_url\":\"https://linkedin.com/in/ann\"}", "{\"linkedin_url\":\"www.linkedin.com/in/Ann/?trk=1\"}",
         "{\"linkedin_url\":\"http://uk.linkedin.com/in/ANN/en\"}", "{\"linkedin_url\":\"linkedin.com/in/an%6e\"}"},
        {"{\"company_domain\":\"acme.example\"}", "{\"company_domain\":\"https://www.ACME.example:8080/x\"}",
         "{\"company_domain\":\"www.acme.example\"}", "{\"company_domain\":\"acme.example/\"}"},
        {"{\"email\":\"a@x.example\",\"min_confidence\":0.5}", "{\"email\":\"a@x.example\",\"min_confidence\":5e-1}",
         "{\"email\":\"a@x.example\",\"min_confidence\":0.50}", "{\"min_confidence\":0.5,\"email\":\"A@X.example\"}"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(spellings); i++) {
        for (size_t j = 1; j < LEN(spellings[i]); j++) {
            if (!str_is(fingerprint_of(spellings[i][0]), fingerprint_of(spellings[i][j])))
                fail_msg("%s is not %s", spellings[i][0], spellings[i][j]);
        }
    }
}

static void different_questions_have_different_fingerprints(void **state)
{
    static const char *const texts[] = {
        "{\"email\":\"ann@acme.example\"}",
        "{\"email\":\"bob@acme.example\"}",
        "{\"email\":\"ann@acme.example\",\"channels\":[\"phone\"]}",
        "{\"email\":\"ann@acme.example\",\"channels\":[\"work_email\"]}",
        "{\"email\":\"ann@acme.example\",\"force\":true}",
        "{\"email\":\"ann@acme.example\",\"max_credits\":5}",
        "{\"email\":\"ann@acme.example\",\"max_age\":5}",
        "{\"email\":\"ann@acme.example\",\"max_age\":0}",
        "{\"email\":\"ann@acme.example\",\"min_confidence\":0.5}",
        "{\"email\":\"ann@acme.example\",\"linkedin_url\":\"linkedin.com/in/ann\"}",
        "{\"email\":\"ann@acme.example\",\"company_domain\":\"acme.example\"}",
        "{\"email\":\"ann@acme.example\",\"first_name\":\"Ann\"}",
        "{\"email\":\"ann@acme.example\",\"last_name\":\"Ann\"}",
        "{\"email\":\"ann@acme.example\",\"company_name\":\"Ann\"}",
        "{\"company_domain\":\"acme.example\"}",
        "{\"linkedin_url\":\"linkedin.com/in/ann\"}",
    };
    struct str seen[LEN(texts)];

    (void)state;
    for (size_t i = 0; i < LEN(texts); i++) {
        seen[i] = fingerprint_of(texts[i]);
        for (size_t j = 0; j < i; j++) {
            if (str_is(seen[i], seen[j]))
                fail_msg("%s is %s", texts[i], texts[j]);
        }
    }
}

/* --- the everyday question ------------------------------------------------------ */

static void the_plain_reader_reads_as_the_full_one_or_not_at_all(void **state)
{
    static const struct {
        const char *text;
        bool is_plain;
    } cases[] = {
        {"{\"email\":\"Ann@acme.example\"}", true},
        {" {\n\"email\" : \"ann@acme.example\" ,\r\n\t\"channels\" : [ \"phone\" , \"work_email\" ] } \n", true},
        {"{\"email\":\"a@x.example\",\"force\":true,\"dry_run\":false}", true},
        {"{\"company_domain\":\"www.x.example\",\"first_name\":\"A\",\"last_name\":\"B\",\"company_name\":\"C\"}",
         true},
        {"{\"linkedin_url\":\"linkedin.com/in/a\",\"force\":false}", true},
        {"{}", false},
        {"{\"email\":\"a@b\"}", false},
        {"{\"email\":\"\"}", false},
        {"{\"email\":\"a@x.example\",}", false},
        {"{\"email\":\"a@x.example\"}x", false},
        {"{\"email\":\"a@x.example\"", false},
        {"{\"email\":\"a@x.example\" \"force\":true}", false},
        {"{\"email\":\"a@x.example\",\"email\":\"a@x.example\"}", false},
        {"{\"email\":\"a@x.example\",\"channels\":[]}", false},
        {"{\"email\":\"a@x.example\",\"channels\":[\"phone\",\"phone\"]}", false},
        {"{\"email\":\"a@x.example\",\"channels\":[\"phone\",]}", false},
        {"{\"email\":\"a@x.example\",\"channels\":[\"fax\"]}", false},
        {"{\"email\":\"a@x.example\",\"channels\":[\"phone\"],\"channels\":[\"work_email\"]}", false},
        {"{\"email\":\"a@x.example\",\"force\":truex}", false},
        {"{\"email\":\"a@x.example\",\"force\":1}", false},
        {"{\"email\":\"a@x.example\",\"max_credits\":1}", false},
        {"{\"email\":\"\\u0061@x.example\"}", false},
        {"{\"first_name\":\"\xc3\xa9\",\"email\":\"a@x.example\"}", false},
        {"{\"first_name\":\"A\"}", false},
        {"[]", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct question plain;
        bool is_plain = question_read_plain(str_from(cases[i].text), &arena, &plain);

        if (is_plain != cases[i].is_plain)
            fail_msg("%s", cases[i].text);
        if (!is_plain)
            continue;
        read_right(cases[i].text);
        assert_true(str_is(question_fingerprint(&plain, &arena), question_fingerprint(&question, &arena)));
        assert_true(str_is(plain.hints.of[HINT_EMAIL], question.hints.of[HINT_EMAIL]));
        assert_int_equal(plain.dry_run, question.dry_run);
        assert_false(plain.include_attempts);
    }
}

static int set_up(void **state)
{
    (void)state;
    kind = QUESTION_ENRICH;
    arena_init(&arena, 1 << 20);
    shape_mistakes_init(&mistakes);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    shape_mistakes_deinit(&mistakes);
    return 0;
}

/* --- discover and account ------------------------------------------------------- */

#define CHLOE "\"first_name\":\"Chloe\",\"last_name\":\"Walker\",\"company_domain\":\"westmarkrobotics.com\""

static void expect_mistake(const char *text, const char *mistake)
{
    assert_int_equal(read_text(text), ERR_INVALID);
    if (strstr(buf_str(&mistakes.json).ptr, mistake) == NULL)
        fail_msg("%s: %s", text, mistakes.json.ptr);
}

static void a_discovery_is_a_person_by_name_and_company(void **state)
{
    (void)state;
    kind = QUESTION_DISCOVER;
    read_right("{" CHLOE "}");
    assert_int_equal(question.channels, CHANNELS_ALL);
    assert_int_equal(question.identity_count, 1);
    assert_int_equal(question.identities[0].kind, IDENTITY_PERSON);
    assert_str_is(question.identities[0].key, "chloe|walker|westmarkrobotics.com");
    read_right("{" CHLOE ",\"channels\":[\"phone\"],\"force\":true,\"include\":[\"attempts\"]}");
    assert_int_equal(question.channels, 1u << CHANNEL_PHONE);
    assert_true(question.force && question.include_attempts);
}

static void a_discovery_needs_all_three_and_says_which_are_missing(void **state)
{
    (void)state;
    kind = QUESTION_DISCOVER;
    expect_mistake("{}", "[{\"pointer\":\"/company_domain\",\"detail\":\"is required\"},{\"pointer\":\"/first_name\","
                         "\"detail\":\"is required\"},{\"pointer\":\"/last_name\",\"detail\":\"is required\"}]");
    expect_mistake("{" CHLOE ",\"email\":\"a@acme.example\"}", "\"/email\"");
    expect_mistake("{\"first_name\":7,\"last_name\":\"Walker\",\"company_domain\":\"acme.example\"}",
                   "[{\"pointer\":\"/first_name\",\"detail\":\"must be a string");
}

static void an_account_is_a_domain_and_all_its_fields(void **state)
{
    (void)state;
    kind = QUESTION_ACCOUNT;
    read_right(
        "{\"domain\":\"https://www.WestmarkRobotics.com/\",\"include\":[\"sources\",\"attempts\"],\"max_age\":5}");
    assert_int_equal(question.channels, FIELDS_ALL);
    assert_int_equal(question.identity_count, 1);
    assert_int_equal(question.identities[0].kind, IDENTITY_ACCOUNT_DOMAIN);
    assert_str_is(question.identities[0].key, "westmarkrobotics.com");
    assert_true(question.include_sources && question.include_attempts);
    expect_mistake("{}", "\"/domain\",\"detail\":\"is required\"");
    expect_mistake("{\"domain\":\"10.0.0.1\"}", "\"/domain\"");
    expect_mistake("{\"domain\":\"acme.example\",\"channels\":[\"phone\"]}", "\"/channels\"");
    expect_mistake("{\"domain\":\"acme.example\",\"company_domain\":\"acme.example\"}", "\"/company_domain\"");
}

static void an_account_is_no_person_at_that_domain_and_a_discovery_no_enrichment(void **state)
{
    struct str of[2];

    (void)state;
    kind = QUESTION_ENRICH;
    read_right("{\"company_domain\":\"acme.example\"}");
    assert_int_equal(question.identities[0].kind, IDENTITY_DOMAIN);
    read_right("{" CHLOE "}");
    of[0] = question_fingerprint(&question, &arena);
    kind = QUESTION_DISCOVER;
    read_right("{" CHLOE "}");
    of[1] = question_fingerprint(&question, &arena);
    assert_false(str_is(of[0], of[1])); /* they have other prices and deadlines */
    expect_mistake("{" CHLOE ",\"include\":[\"sources\"]}", "\"/include/0\"");
    expect_mistake("{" CHLOE ",\"channels\":[\"account\",\"industry\"]}", "\"/channels/1\"");
}

static void a_record_of_many_has_its_own_pointers_and_the_options_of_all(void **state)
{
    struct question common, record;
    json_t *doc;

    (void)state;
    shape_mistakes_deinit(&mistakes);
    shape_mistakes_init(&mistakes);
    question_init(&common, QUESTION_ENRICH);
    common.channels = 1u << CHANNEL_PHONE;
    common.max_credits = 3;
    common.metadata = STR("{\"a\":\"1\"}");
    assert_int_equal(
        json_read(STR("[{\"email\":\"a@acme.example\"},{\"email\":\"nobody\",\"force\":true},{},7]"), &doc, NULL),
        ERR_NONE);
    assert_int_equal(
        question_read_record(&common, json_array_get(doc, 0), STR("/records/0"), &arena, &record, &mistakes), ERR_NONE);
    assert_int_equal(record.channels, 1u << CHANNEL_PHONE);
    assert_int_equal(record.max_credits, 3);
    assert_str_is(record.metadata, "{\"a\":\"1\"}");
    assert_str_is(record.hints.of[HINT_EMAIL], "a@acme.example");
    assert_int_equal(
        question_read_record(&common, json_array_get(doc, 2), STR("/records/2"), &arena, &record, &mistakes),
        ERR_IDENTITY_REQUIRED);
    assert_int_equal(
        question_read_record(&common, json_array_get(doc, 1), STR("/records/1"), &arena, &record, &mistakes),
        ERR_INVALID);
    assert_non_null(strstr(mistakes.json.ptr, "\"/records/1/email\""));
    assert_non_null(strstr(mistakes.json.ptr, "\"/records/1/force\""));
    assert_int_equal(
        question_read_record(&common, json_array_get(doc, 3), STR("/records/3"), &arena, &record, &mistakes),
        ERR_INVALID);
    assert_non_null(strstr(mistakes.json.ptr, "\"/records/3\""));
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(identities_come_in_order_of_precedence),
        cmocka_unit_test(without_an_identity_there_is_no_question),
        cmocka_unit_test(every_mistake_gets_its_pointer),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(no_report_quotes_a_person),
        cmocka_unit_test(what_is_no_object_is_a_mistake),
        cmocka_unit_test(every_option_takes_its_bounds),
        cmocka_unit_test(metadata_of_the_largest_size_comes_back_whole),
        cmocka_unit_test(without_memory_the_question_is_refused),
        cmocka_unit_test(spellings_of_one_question_have_one_fingerprint),
        cmocka_unit_test(different_questions_have_different_fingerprints),
        cmocka_unit_test(the_plain_reader_reads_as_the_full_one_or_not_at_all),
        cmocka_unit_test(a_discovery_is_a_person_by_name_and_company),
        cmocka_unit_test(a_discovery_needs_all_three_and_says_which_are_missing),
        cmocka_unit_test(an_account_is_a_domain_and_all_its_fields),
        cmocka_unit_test(an_account_is_no_person_at_that_domain_and_a_discovery_no_enrichment),
        cmocka_unit_test(a_record_of_many_has_its_own_pointers_and_the_options_of_all),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
