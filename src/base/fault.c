#include "base/fault.h"

#ifdef UNSTUCK_TEST_HOOKS

#include "base/log.h"
#include "base/str.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    atomic_bool is_read;
    char kind; /* 'f' fail, 'k' kill, 0 nothing */
    struct str point;
    uint64_t nth;
    atomic_ullong calls;
} plan;

static void read_plan(void)
{
    struct str rest = str_from(getenv("UNSTUCK_FAULT"));
    struct str kind;

    if (atomic_exchange(&plan.is_read, true) || rest.len == 0)
        return;
    kind = str_cut(&rest, ':');
    plan.point = str_cut(&rest, ':');
    if (str_to_u64(rest, UINT64_MAX, &plan.nth))
        plan.kind = kind.ptr[0];
}

static bool is_the_call(char kind, const char *point)
{
    struct str name = str_from(point);

    read_plan();
    if (plan.kind != kind || !(str_is(plan.point, name) || str_is(plan.point, STR("any"))))
        return false;
    return atomic_fetch_add(&plan.calls, 1) + 1 == plan.nth;
}

bool fault_fails(const char *point)
{
    if (!is_the_call('f', point))
        return false;
    log_write(LOG_WARN, "fault fired", log_text("point", point), LOG_END);
    log_flush();
    return true;
}

void fault_step(const char *step)
{
    if (is_the_call('k', step))
        kill(getpid(), SIGKILL);
}

#else
typedef int fault_is_off; /* ISO C wants a declaration in every file */
#endif
