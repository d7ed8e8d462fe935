/* SPDX-License-Identifier: MIT */
/* Compares the kernel's books before and after something that is to leave nothing behind. */
#pragma once

#include "expect.h"
#include "until.h"

#include <limits.h>
#include <stdbool.h>
#include <unistd.h>

#include "abi/faultline.h"

/* What is compared. `read` returns false on the release kernel, which has no such books. */
struct books {
	bool (*read)(struct faultline_ledger *ret);
	long (*frames)(const struct faultline_ledger *ledger); /* those that are to come back */
	/* Something may still wait for the host, which no process shows: then only a hang is a leak. */
	bool host;
	struct faultline_ledger before, after;
};

static bool books_agree(const struct books *books)
{
	return books->before.slab_objects == books->after.slab_objects &&
	       books->frames(&books->before) == books->frames(&books->after);
}

/* Has something gone that was there before? */
static bool books_are_less(const struct books *books)
{
	return books->after.slab_objects < books->before.slab_objects ||
	       books->frames(&books->after) > books->frames(&books->before);
}

static bool books_settle(struct books *books)
{
	bool is_over = !books->host && only_caller_runs(UINT_MAX);

	books->read(&books->after);
	return is_over || books_agree(books) || books_are_less(books);
}

/*
 * Does `act`, and waits until the books are as they were: closed files go in the background. What a
 * server still has to answer may be in those from which this begins: then there is less afterwards, and
 * it begins once more. Returns false if there are no books.
 */
static bool leaves_nothing(struct books *books, void (*act)(void))
{
	if (!books->read(&books->after))
		return false;
	do {
		books->before = books->after;
		act();
		UNTIL("what is to go", books_settle(books));
	} while (books_are_less(books));
	expect("objects", (long)books->before.slab_objects, (long)books->after.slab_objects);
	expect("frames", books->frames(&books->before), books->frames(&books->after));
	expect("errors in the ledger", 0, (long)books->after.errors);
	return true;
}
