/* base/list.h: a doubly linked list whose links live inside the objects.
 *
 * The list owns nothing. A link that is in no list points to itself, so
 * list_remove may be called twice. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/check.h"

#include <stdbool.h>

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_append(struct list *list, struct list *link)
{
    link->prev = list->prev;
    link->next = list;
    list->prev->next = link;
    list->prev = link;
}

static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

/* The oldest link, taken out; NULL from an empty list. */
static inline struct list *list_take(struct list *list)
{
    struct list *link = list->next;

    if (link == list)
        return NULL;
    list_remove(link);
    return link;
}

/* Moves all links of `from` to the end of `to`. */
static inline void list_move_all(struct list *to, struct list *from)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#define list_entry(link, type, member) container_of(link, type, member)

/* Safe against removal of the current link. */
#define list_each(at, following, head)                                                                                 \
    for (struct list *at = (head)->next, *following = at->next; at != (head); at = following, following = at->next)

#endif
