#include "unit.h"

#include "net/outgoing.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const struct outgoing_rules strict;

/* Refusal of a URL whose host is an address. */
static const char *refusal_of(const struct outgoing_rules *rules, const char *url)
{
    struct outgoing_target target;
    const char *refusal = outgoing_read(url, &target);

    if (refusal != NULL)
        return refusal;
    assert_true(target.is_literal);
    return outgoing_refusal(rules, target.is_http, (const struct sockaddr *)&target.address);
}

static void assert_refused(const char *url)
{
    if (refusal_of(&strict, url) == NULL)
        fail_msg("%s is not refused", url);
}

static void assert_passes(const struct outgoing_rules *rules, const char *url)
{
    const char *refusal = refusal_of(rules, url);

    if (refusal != NULL)
        fail_msg("%s is refused: %s", url, refusal);
}

static void the_public_internet_passes(void **state)
{
    static const char *const urls[] = {
        "https://1.1.1.1/",           "https://8.8.8.8/",        "https://9.255.255.255/",    "https://11.0.0.0/",
        "https://100.63.255.255/",    "https://100.128.0.0/",    "https://126.255.255.255/",  "https://128.0.0.1/",
        "https://169.253.255.255/",   "https://169.255.0.0/",    "https://172.15.255.255/",   "https://172.32.0.0/",
        "https://192.0.1.0/",         "https://192.167.255.255", "https://192.169.0.0/",      "https://198.17.255.255/",
        "https://198.20.0.0/",        "https://223.255.255.255", "https://[2606:4700::1111]", "https://[2a00:1450::1]/",
        "https://[2001:200::1]/",     "https://[2003::1]/",      "https://[2001:db9::1]/",    "https://[3ffe:ffff::]/",
        "https://[::ffff:8.8.8.8]/x", "https://[3fff:1000::1]/", "https://192.88.98.255/",    "https://203.0.112.255/"};

    (void)state;
    for (size_t i = 0; i < LEN(urls); i++)
        assert_passes(&strict, urls[i]);
}

static void every_special_network_is_refused(void **state)
{
    static const char *const urls[] = {"https://0.0.0.0/",
                                       "https://0.1.2.3/",
                                       "https://10.0.0.1/",
                                       "https://10.255.255.255/",
                                       "https://100.64.0.0/",
                                       "https://100.127.255.255/",
                                       "https://127.0.0.1/",
                                       "https://127.255.255.254/",
                                       "https://169.254.169.254/latest/meta-data/",
                                       "https://172.16.0.0/",
                                       "https://172.31.255.255/",
                                       "https://192.0.0.8/",
                                       "https://192.0.2.1/",
                                       "https://192.88.99.1/",
                                       "https://192.168.0.1/",
                                       "https://198.18.0.1/",
                                       "https://198.19.255.255/",
                                       "https://198.51.100.1/",
                                       "https://203.0.113.1/",
                                       "https://224.0.0.1/",
                                       "https://239.255.255.255/",
                                       "https://240.0.0.1/",
                                       "https://255.255.255.255/",
                                       "https://[::]/",
                                       "https://[::1]/",
                                       "https://[::7f00:1]/",
                                       "https://[64:ff9b::a00:1]/",
                                       "https://[64:ff9b::808:808]/",
                                       "https://[64:ff9b:1::1]/",
                                       "https://[2002:a00:1::]/",
                                       "https://[2001::1]/",
                                       "https://[2001:2::1]/",
                                       "https://[2001:10::1]/",
                                       "https://[2001:db8::1]/",
                                       "https://[3fff::1]/",
                                       "https://[3fff:fff::1]/",
                                       "https://[100::1]/",
                                       "https://[5f00::1]/",
                                       "https://[fc00::1]/",
                                       "https://[fdff::1]/",
                                       "https://[fe80::1]/",
                                       "https://[fec0::1]/",
                                       "https://[ff02::1]/",
                                       "https://[4000::1]/",
                                       "https://[::ffff:127.0.0.1]/",
                                       "https://[::ffff:10.1.2.3]/",
                                       "https://[::ffff:a9fe:a9fe]/"};

    (void)state;
    for (size_t i = 0; i < LEN(urls); i++)
        assert_refused(urls[i]);
}

static void other_spellings_of_an_address_are_seen_through(void **state)
{
    (void)state;
    assert_refused("https://2130706433/");
    assert_refused("https://0x7f000001/");
    assert_refused("https://0177.0.0.1/");
    assert_refused("https://127.1/");
    assert_refused("https://0/");
    assert_refused("https://[0:0:0:0:0:ffff:7f00:0001]/");
}

static void what_is_no_plain_url_is_refused(void **state)
{
    static const char *const urls[] = {"ftp://8.8.8.8/",
                                       "file:///etc/passwd",
                                       "gopher://8.8.8.8/",
                                       "https://",
                                       "8.8.8.8 /x",
                                       "https://u:p@8.8.8.8/",
                                       "https://user@8.8.8.8/",
                                       "https://8.8.8.8:0/",
                                       "https://8.8.8.8:65536",
                                       "https://[fe80::1%25eth0]",
                                       ""};

    (void)state;
    for (size_t i = 0; i < LEN(urls); i++)
        assert_refused(urls[i]);
}

static void http_and_other_ports_are_the_operators_to_allow(void **state)
{
    struct outgoing_rules rules = {.ports = {8443}, .port_count = 1};

    (void)state;
    assert_refused("http://8.8.8.8/");
    assert_refused("https://8.8.8.8:8443/");
    assert_passes(&rules, "https://8.8.8.8:8443/");
    assert_passes(&strict, "https://8.8.8.8:80/");
    assert_non_null(refusal_of(&rules, "https://8.8.8.8:8444/"));
    assert_non_null(refusal_of(&rules, "http://8.8.8.8/"));
    rules.allows_http = true;
    assert_passes(&rules, "http://8.8.8.8/");
}

static void an_allowed_network_may_be_reached_on_any_port_by_http(void **state)
{
    struct outgoing_rules rules = {.allowed_count = 2};

    (void)state;
    assert_true(network_read(STR("10.20.0.0/16"), &rules.allowed[0]));
    assert_true(network_read(STR("fd00:1::/32"), &rules.allowed[1]));
    assert_passes(&rules, "http://10.20.3.4:8080/v0/check_email");
    assert_passes(&rules, "http://[::ffff:10.20.0.1]:8080/");
    assert_passes(&rules, "http://[fd00:1::5]:9/");
    assert_non_null(refusal_of(&rules, "http://10.21.0.1/"));
    assert_non_null(refusal_of(&rules, "http://[fd00:2::5]/"));
    assert_non_null(refusal_of(&rules, "http://8.8.8.8/"));
}

static void networks_are_read_or_refused(void **state)
{
    static const char *const wrong[] = {
        "",           "10.0.0.0/33", "10.0.0.1/8",  "10.0.0/8", "fd00::/129",  "fd00::1/8",
        "10.0.0.0/-", "10.0.0.0/",   "example.com", "::1/",     "10.0.0.0/8/8"};
    struct network network;

    (void)state;
    assert_true(network_read(STR("0.0.0.0/0"), &network));
    assert_true(network_read(STR("::/0"), &network));
    assert_true(network_read(STR("192.168.1.7"), &network));
    assert_int_equal(network.bits, 128);
    for (size_t i = 0; i < LEN(wrong); i++) {
        if (network_read(str_from(wrong[i]), &network))
            fail_msg("\"%s\" was read", wrong[i]);
    }
}

static void a_name_waits_for_its_addresses(void **state)
{
    struct outgoing_target target;

    (void)state;
    assert_null(outgoing_read("https://hooks.northwind-demo.example/verify?x=1", &target));
    assert_string_equal(target.host, "hooks.northwind-demo.example");
    assert_int_equal(target.port, 443);
    assert_false(target.is_literal);
    assert_false(target.is_http);
    assert_null(outgoing_read("http://localhost:8080", &target));
    assert_int_equal(target.port, 8080);
    assert_true(target.is_http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_internet_passes),
        cmocka_unit_test(every_special_network_is_refused),
        cmocka_unit_test(other_spellings_of_an_address_are_seen_through),
        cmocka_unit_test(what_is_no_plain_url_is_refused),
        cmocka_unit_test(http_and_other_ports_are_the_operators_to_allow),
        cmocka_unit_test(an_allowed_network_may_be_reached_on_any_port_by_http),
        cmocka_unit_test(networks_are_read_or_refused),
        cmocka_unit_test(a_name_waits_for_its_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
