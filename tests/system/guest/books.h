/* SPDX-License-Identifier: MIT */
/* Compares the kernel's books before and after something that is to leave nothing behind. */
#pragma once

#include "expect.h"

#include <stdbool.h>
#include <unistd.h>

#include "abi/faultline.h"

/* What is compared. `read` returns false on the release kernel, which has no such books. */
struct books {
	bool (*read)(struct faultline_ledger *ret);
	long (*frames)(const struct faultline_ledger *ledger); /* those that are to come back */
	/* How often it looks again, each 10 ms: closed files go in the background. */
	unsigned settle;
	struct faultline_ledger before, after;
};

#define BOOKS_ROUNDS 3

static bool books_agree(const struct books *books)
{
	return books->before.slab_objects == books->after.slab_objects &&
	       books->frames(&books->before) == books->frames(&books->after);
}

/*
 * Does `act`, and waits until the books are as they were. What a server still has to answer may be in
 * those from which this begins: then it begins once more from those at the end, when all has been
 * answered. Returns false if there are no books.
 */
static bool leaves_nothing(struct books *books, void (*act)(void))
{
	bool same = false;

	if (!books->read(&books->after))
		return false;
	for (int round = 0; round < BOOKS_ROUNDS && !same; round++) {
		books->before = books->after;
		act();
		for (unsigned i = 0; i < books->settle && !same; i++) {
			books->read(&books->after);
			same = books_agree(books);
			usleep(same ? 0 : 10000);
		}
	}
	expect("objects", (long)books->before.slab_objects, (long)books->after.slab_objects);
	expect("frames", books->frames(&books->before), books->frames(&books->after));
	expect("errors in the ledger", 0, (long)books->after.errors);
	return true;
}
