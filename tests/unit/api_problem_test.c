#include "unit.h"

#include "api/problem.h"
#include "base/json.h"

#include <regex.h>

static json_t *problem_of(enum err err, const char *detail, struct str errors, struct str members)
{
    struct err_detail why;
    struct buf out;
    json_t *doc;

    buf_init(&out, 10000);
    problem_put(&out, err, detail, STR("req_\"1"), errors, members);
    if (json_read(buf_str(&out), &doc, &why) != ERR_NONE)
        fail_msg("%s: %s", out.ptr, why.text);
    buf_deinit(&out);
    return doc;
}

static void every_error_that_leaves_us_makes_a_whole_problem(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ERR_COUNT; i++) {
        enum err err = (enum err)i;
        json_t *doc;

        if (err_status(err) < 400)
            continue;
        doc = problem_of(err, NULL, STR_NONE, STR_NONE);
        assert_int_equal(json_object_size(doc), 7);
        assert_true(str_starts(json_str(json_object_get(doc, "type")), STR("urn:unstuck:problem:")));
        assert_true(str_ends(json_str(json_object_get(doc, "type")), str_from(err_slug(err))));
        assert_str_is(json_str(json_object_get(doc, "title")), err_title(err));
        assert_str_is(json_str(json_object_get(doc, "detail")), err_title(err));
        assert_str_is(json_str(json_object_get(doc, "code")), err_slug(err));
        assert_str_is(json_str(json_object_get(doc, "request_id")), "req_\"1");
        assert_int_equal(json_integer_value(json_object_get(doc, "status")), err_status(err));
        assert_int_equal(json_is_true(json_object_get(doc, "retryable")), err_is_retryable(err));
        json_decref(doc);
    }
}

static void details_errors_and_members_are_put_in(void **state)
{
    json_t *doc = problem_of(ERR_NO_CREDIT, "say \"why\"\n", STR("[{\"pointer\":\"/a\",\"detail\":\"b\"}]"),
                             STR("\"balance\":3,\"required\":5"));

    (void)state;
    assert_str_is(json_str(json_object_get(doc, "detail")), "say \"why\"\n");
    assert_str_is(json_str(json_at(doc, STR("/errors/0/pointer"))), "/a");
    assert_int_equal(json_integer_value(json_object_get(doc, "balance")), 3);
    assert_int_equal(json_integer_value(json_object_get(doc, "required")), 5);
    assert_int_equal(json_object_size(doc), 10);
    json_decref(doc);
}

static void slugs_are_stable_words_and_all_different(void **state)
{
    regex_t word;

    (void)state;
    assert_int_equal(regcomp(&word, "^[a-z][a-z_]*$", REG_EXTENDED | REG_NOSUB), 0);
    for (unsigned i = 0; i < ERR_COUNT; i++) {
        assert_int_equal(regexec(&word, err_slug((enum err)i), 0, NULL, 0), 0);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(err_slug((enum err)i), err_slug((enum err)j));
    }
    regfree(&word);
}

/* What clients have built on. */
static void the_statuses_are_those_of_the_api(void **state)
{
    static const struct {
        enum err err;
        int status;
        const char *slug;
        bool is_retryable;
    } cases[] = {
        {ERR_MALFORMED_JSON, 400, "malformed_json", false},  {ERR_UNAUTHORIZED, 401, "unauthorized", false},
        {ERR_NO_CREDIT, 402, "insufficient_credits", false}, {ERR_FORBIDDEN, 403, "insufficient_scope", false},
        {ERR_BODY_TOO_LARGE, 413, "body_too_large", false},  {ERR_MEDIA_TYPE, 415, "unsupported_media_type", false},
        {ERR_INVALID, 422, "validation_failed", false},      {ERR_IDENTITY_REQUIRED, 422, "identity_required", false},
        {ERR_SUPPRESSED, 451, "suppressed", false},          {ERR_OVERLOADED, 503, "overloaded", true},
        {ERR_STORE_UNSURE, 503, "store_unsure", true}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        assert_int_equal(err_status(cases[i].err), cases[i].status);
        assert_string_equal(err_slug(cases[i].err), cases[i].slug);
        assert_int_equal(err_is_retryable(cases[i].err), cases[i].is_retryable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_that_leaves_us_makes_a_whole_problem),
        cmocka_unit_test(details_errors_and_members_are_put_in),
        cmocka_unit_test(slugs_are_stable_words_and_all_different),
        cmocka_unit_test(the_statuses_are_those_of_the_api),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
