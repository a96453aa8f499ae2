#include "unit.h"

#include "webhooks/sign.h"

#include <sodium.h>

/* The vector of the Standard Webhooks libraries. */
static const struct signing known = {
    .id = {"msg_p5jXN8AQM9LWM0D4loKWxJek", 28}, .timestamp_s = 1614265330, .body = {"{\"test\": 2432232314}", 20}};

static size_t read_secret(const char *base64, uint8_t out[64])
{
    size_t len;

    assert_int_equal(
        sodium_base642bin(out, 64, base64, strlen(base64), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL), 0);
    return len;
}

static void the_standards_own_vector_is_met(void **state)
{
    uint8_t secret[64];
    size_t len = read_secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", secret);
    struct buf out;

    (void)state;
    buf_init(&out, 1024);
    webhook_put_signature(&out, &known, secret, len);
    assert_str_is(buf_str(&out), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    buf_deinit(&out);
}

static void two_secrets_sign_side_by_side(void **state)
{
    uint8_t secret[64], other[32] = {1};
    size_t len = read_secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", secret);
    struct buf out;

    (void)state;
    buf_init(&out, 1024);
    webhook_put_signature(&out, &known, other, sizeof other);
    webhook_put_signature(&out, &known, secret, len);
    assert_true(str_ends(buf_str(&out), STR(" v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")));
    assert_int_equal(out.len, 2 * 47 + 1);
    buf_deinit(&out);
}

static void a_secret_is_shown_as_the_libraries_take_it(void **state)
{
    uint8_t secret[64];
    size_t len = read_secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", secret);
    struct buf out;

    (void)state;
    buf_init(&out, 1024);
    webhook_put_secret(&out, secret, len);
    assert_str_is(buf_str(&out), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standards_own_vector_is_met),
        cmocka_unit_test(two_secrets_sign_side_by_side),
        cmocka_unit_test(a_secret_is_shown_as_the_libraries_take_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
