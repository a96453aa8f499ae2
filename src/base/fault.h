/* base/fault.h: places where a test can make the world fail.
 *
 * Only in test builds (UNSTUCK_TEST_HOOKS); elsewhere both calls are nothing.
 * The environment variable UNSTUCK_FAULT says what fails:
 *   fail:POINT:N      the N-th call at POINT (store, provider, clock, socket; or any) fails
 *   kill:STEP:N       the process is killed on entering STEP for the N-th time
 * Counting begins at fault_arm (the server is ready): starting up is not part
 * of a lookup. When it fires, a log line {"msg":"fault fired"} tells the test. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

#ifdef UNSTUCK_TEST_HOOKS
bool fault_fails(const char *point); /* true: behave as if this call had failed */
void fault_step(const char *step);   /* may not return */
void fault_arm(void);
#else
static inline bool fault_fails(const char *point)
{
    (void)point;
    return false;
}
static inline void fault_step(const char *step)
{
    (void)step;
}
static inline void fault_arm(void)
{
}
#endif

#endif
