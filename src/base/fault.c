#include "base/fault.h"

#ifdef UNSTUCK_TEST_HOOKS

#include "base/log.h"
#include "base/str.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    atomic_bool is_armed;
    char kind; /* 'f' fail, 'k' kill, 0 nothing */
    struct str point;
    uint64_t nth;
    atomic_ullong calls;
} plan;

void fault_arm(void)
{
    struct str rest = str_from(getenv("UNSTUCK_FAULT"));
    struct str kind;

    if (rest.len == 0)
        return;
    kind = str_cut(&rest, ':');
    plan.point = str_cut(&rest, ':');
    if (str_to_u64(rest, UINT64_MAX, &plan.nth) && kind.len > 0)
        plan.kind = kind.ptr[0];
    atomic_store(&plan.is_armed, true);
}

static bool is_the_call(char kind, const char *point)
{
    if (!atomic_load(&plan.is_armed) || plan.kind != kind)
        return false;
    if (!str_is(plan.point, str_from(point)) && !str_is(plan.point, STR("any")))
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
