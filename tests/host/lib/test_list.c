/* SPDX-License-Identifier: MIT */
/* The intrusive list: every operation, and a random run against an array. */
#include "lib/list.h"
#include "test.h"

struct item {
	int value;
	struct list link;
};

static void check(struct list *head, const int *want, size_t n)
{
	struct item *item;
	size_t i = 0;

	list_for_each_entry(item, head, link) {
		assert_true(i < n);
		assert_int_equal(want[i++], item->value);
		assert_ptr_equal(&item->link, item->link.next->prev);
	}
	assert_int_equal(n, i);
	assert_int_equal(n, list_length(head));
}

TEST(add_and_del)
{
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };
	struct list head = LIST_INIT(head);

	assert_true(list_empty(&head));
	assert_null(list_pop(&head));
	list_add_tail(&head, &b.link);
	list_add(&head, &a.link);
	list_add_tail(&head, &c.link);
	check(&head, (int[]){ 1, 2, 3 }, 3);
	assert_ptr_equal(&a, list_first_entry(&head, struct item, link));
	assert_ptr_equal(&c, list_last_entry(&head, struct item, link));
	list_del(&b.link);
	assert_true(list_empty(&b.link));
	list_del(&b.link);
	check(&head, (int[]){ 1, 3 }, 2);
	list_add_tail(&c.link, &b.link);
	check(&head, (int[]){ 1, 2, 3 }, 3);
	assert_ptr_equal(&a.link, list_pop(&head));
	check(&head, (int[]){ 2, 3 }, 2);
}

TEST(for_each_safe)
{
	struct item items[8];
	struct list head = LIST_INIT(head);
	struct item *item, *next;

	for (int i = 0; i < 8; i++) {
		items[i].value = i;
		list_add_tail(&head, &items[i].link);
	}
	list_for_each_entry_safe(item, next, &head, link) {
		if (item->value % 2 == 0) {
			list_del(&item->link);
			item->link = (struct list){ NULL, NULL };
		}
	}
	check(&head, (int[]){ 1, 3, 5, 7 }, 4);
}

TEST(splice)
{
	struct item items[4];
	struct list a = LIST_INIT(a), b = LIST_INIT(b);

	list_splice_tail(&a, &b);
	assert_true(list_empty(&a));
	for (int i = 0; i < 4; i++) {
		items[i].value = i;
		list_add_tail(i < 2 ? &a : &b, &items[i].link);
	}
	list_splice_tail(&a, &b);
	assert_true(list_empty(&b));
	check(&a, (int[]){ 0, 1, 2, 3 }, 4);
	list_splice_tail(&b, &a);
	check(&b, (int[]){ 0, 1, 2, 3 }, 4);
}

TEST(random_against_array)
{
	static struct item items[64];
	struct list head = LIST_INIT(head);
	int model[64];
	size_t n = 0;

	for (int i = 0; i < 64; i++) {
		items[i].value = i;
		list_init(&items[i].link);
	}
	for (unsigned step = 0; step < test_steps(5000); step++) {
		struct item *item = &items[test_below(64)];

		if (!list_empty(&item->link)) {
			size_t at = 0;

			while (model[at] != item->value)
				at++;
			for (n--; at < n; at++)
				model[at] = model[at + 1];
			list_del(&item->link);
		} else if (test_below(2)) {
			list_add_tail(&head, &item->link);
			model[n++] = item->value;
		} else {
			list_add(&head, &item->link);
			for (size_t at = n++; at > 0; at--)
				model[at] = model[at - 1];
			model[0] = item->value;
		}
		check(&head, model, n);
	}
}

/* A node whose neighbours do not know it: written over, or used after it was freed. */
TEST(broken_lists_are_found)
{
	struct list head = LIST_INIT(head), other = LIST_INIT(other), nodes[3], node;

	for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++)
		list_add_tail(&head, &nodes[i]);
	nodes[1].prev = &nodes[1];
	assert_true(panics(list_del(&nodes[0])));
	assert_true(panics(list_del(&nodes[1])));
	assert_true(panics(list_add(&nodes[0], &node)));
	list_del(&nodes[2]);
	head.prev = &nodes[2];
	assert_true(panics(list_add_tail(&head, &node)));
	list_add(&other, &node);
	assert_true(panics(list_splice_tail(&head, &other)));
	assert_true(panics(list_splice_tail(&other, &head)));
}
