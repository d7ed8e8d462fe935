/* SPDX-License-Identifier: MIT */
/* An intrusive, circular, doubly linked list. Head and members have the same type. */
#pragma once

#include "lib/assert.h"
#include "lib/bits.h"

struct list {
	struct list *next;
	struct list *prev;
};

#define LIST_INIT(name)          \
	{                        \
		&(name), &(name) \
	}

/* Initialises an empty head, or a member that is on no list. */
static inline void list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

/* The hardened build's check that a list was not overwritten, and no member removed twice. */
static inline void list_check(const struct list *prev, const struct list *next)
{
	assert_hardened(prev->next == next && next->prev == prev);
}

static inline void list_insert_between(struct list *node, struct list *prev, struct list *next)
{
	list_check(prev, next);
	node->prev = prev;
	node->next = next;
	prev->next = node;
	next->prev = node;
}

/* Adds node as the first member. It must be on no list and need not be initialised. */
static inline void list_add(struct list *head, struct list *node)
{
	list_insert_between(node, head, head->next);
}

/* Adds node as the last member (or, if `head` is a member, just before that). */
static inline void list_add_tail(struct list *head, struct list *node)
{
	list_insert_between(node, head->prev, head);
}

/*
 * Removes node from its list and initialises it: list_empty(node) then says that it is on no list.
 */
static inline void list_del(struct list *node)
{
	list_check(node->prev, node);
	list_check(node, node->next);
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Moves node from the list that it is on to the end of another. For loops over very many: UNCHECKED. */
static inline UNCHECKED void list_move_tail(struct list *head, struct list *node)
{
	struct list *prev = node->prev, *next = node->next, *last = head->prev;

	assert_hardened(prev->next == node && next->prev == node && last->next == head);
	prev->next = next;
	next->prev = prev;
	last->next = node;
	node->prev = last;
	node->next = head;
	head->prev = node;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* Moves all members of `from`, in order, to the end of `to`. `from` is empty then. */
static inline void list_splice_tail(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	list_check(to->prev, to);
	list_check(from, from->next);
	list_check(from->prev, from);
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

static inline size_t list_length(const struct list *head)
{
	size_t n = 0;

	for (const struct list *node = head->next; node != head; node = node->next)
		n++;
	return n;
}

#define list_entry(node, type, member) container_of(node, type, member)

/* For lists that are not empty. */
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)  list_entry((head)->prev, type, member)

/* Removes the first member and returns it, or NULL if the list is empty. */
static inline struct list *list_pop(struct list *head)
{
	struct list *node = head->next;

	if (node == head)
		return NULL;
	list_del(node);
	return node;
}

#define list_for_each(node, head) \
	for ((node) = (head)->next; (node) != (head); (node) = (node)->next)

#define list_for_each_entry(pos, head, member)                             \
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member); \
	     &(pos)->member != (head);                                     \
	     (pos) = list_entry((pos)->member.next, __typeof__(*(pos)), member))

/* pos may be removed and freed in the body. `next_` is another variable of its type. */
#define list_for_each_entry_safe(pos, next_, head, member)                        \
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member),        \
	    (next_) = list_entry((pos)->member.next, __typeof__(*(pos)), member); \
	     &(pos)->member != (head); (pos) = (next_),                           \
	    (next_) = list_entry((next_)->member.next, __typeof__(*(next_)), member))
