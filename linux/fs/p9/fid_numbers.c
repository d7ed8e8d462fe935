/* SPDX-License-Identifier: MIT */
/* Gives out fid numbers in ascending order, and skips those that are in use. */
#include "linux/fs/p9/fid_numbers.h"

#include "lib/p9/p9.h"

void p9_fid_numbers_init(struct p9_fid_numbers *numbers)
{
	numbers->next = 0;
	list_init(&numbers->used);
}

static void step(struct p9_fid_numbers *numbers)
{
	if (++numbers->next == P9_NOFID)
		numbers->next = 0;
}

/*
 * `used` is sorted as a ring is: from `next` on upwards, then from 0 on. So the first one is the first
 * that can be in the way, and one that was passed over belongs at the end.
 */
uint32_t p9_fid_number_take(struct p9_fid_numbers *numbers, struct p9_fid_number *number)
{
	while (!list_empty(&numbers->used)) {
		struct p9_fid_number *first =
			list_first_entry(&numbers->used, struct p9_fid_number, link);

		if (first->value != numbers->next)
			break;
		list_del(&first->link);
		list_add_tail(&numbers->used, &first->link);
		step(numbers);
	}
	number->value = numbers->next;
	list_add_tail(&numbers->used, &number->link);
	step(numbers);
	return number->value;
}

void p9_fid_number_give(struct p9_fid_number *number)
{
	list_del(&number->link);
}
