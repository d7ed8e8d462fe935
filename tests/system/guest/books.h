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
	unsigned equal; /* readings in which nothing has changed, one after the other */
};

/* After so many, threads of the kernel have ended their work too: they are no processes, so only_caller_runs() misses them. */
#define EQUAL_READINGS 20

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

/* Was nothing at work since the last readings, and did these find the same? Reads the books. */
static bool books_stand_still(struct books *books)
{
	const size_t objects = books->after.slab_objects;
	const long frames = books->frames(&books->after);
	bool is_still = only_caller_runs(UINT_MAX);

	books->read(&books->after);
	is_still = is_still && objects == books->after.slab_objects &&
		   frames == books->frames(&books->after);
	books->equal = is_still ? books->equal + 1 : 0;
	return books->equal >= EQUAL_READINGS;
}

static bool books_settle(struct books *books)
{
	bool is_over = books_stand_still(books) && !books->host;

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
	books_stand_still(books); /* uses the pages of the program that it needs later */
	do {
		books->before = books->after;
		books->equal = 0;
		act();
		UNTIL("what is to go", books_settle(books));
	} while (books_are_less(books));
	expect("objects", (long)books->before.slab_objects, (long)books->after.slab_objects);
	expect("frames", books->frames(&books->before), books->frames(&books->after));
	expect("errors in the ledger", 0, (long)books->after.errors);
	return true;
}
