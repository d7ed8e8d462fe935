/* SPDX-License-Identifier: MIT */
/* Races: a few threads, each on a hart of its own, do at the same time what the tests say, again and again. */
#pragma once

#include "mm/fault/user_copy.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

#define RACE_SIDES 3

struct race {
	unsigned rounds; /* where there are several harts; with one, a few of them */
	/* The sides run in race_space: a new one for each round, which has the last of them to end it. */
	bool shares_space;
	/* By the first side: what the others find. NULL: nothing. */
	void (*begin)(void);
	/* All at once, each in a process of its own. The first that is NULL is the end. */
	void (*sides[RACE_SIDES])(void);
	/* By the first side, when all are done: judges. NULL: nothing. */
	void (*end)(void);
};

/*
 *	RACE(race_two_add, .rounds = 10, .sides = { add, add }, .end = see_both)
 *
 * is a KTEST. Before each round the sides meet, and then each waits for a moment by lot. So they run into one another
 * at another place each time, on QEMU's harts by chance and on the strict machine's by its seed. What the lots are
 * depends on the command line's seed.
 */
#define RACE(race_name, ...)                                      \
	KTEST(race_name)                                          \
	{                                                         \
		static const struct race race_ = { __VA_ARGS__ }; \
                                                                  \
		race_run(&race_);                                 \
	}

void race_run(const struct race *race);

/* Of race_space, for the running side, which has it. */
static inline bool race_store(vaddr_t va, uint64_t word)
{
	return user_copy_out(va, &word, sizeof(word)) == 0;
}

static inline bool race_load(vaddr_t va, uint64_t *word)
{
	return user_copy_in(word, va, sizeof(*word)) == 0;
}

bool race_map(vaddr_t at, size_t len, unsigned flags, struct object *object);

/* A child of that memory; NULL: there is no memory. */
struct uspace *race_fork_space(void);

extern struct uspace *race_space;
extern unsigned race_round; /* from 0 */

/* Draws by lot, a number below n: for begin() and end(). In a side, race_lot() has lots of that side. */
unsigned race_below(unsigned n);
unsigned race_lot(unsigned n);

/* The number of the running side. */
unsigned race_side(void);

/* Have the other sides done what they do? For a side that serves them meanwhile. */
bool race_others_are_done(void);

/* The running process has that memory from now on. Returns what it had, with its reference. */
struct uspace *race_use_space(struct uspace *us);

/* A child of the running side, in kernel mode, which may run on any hart; and what its end was. */
int race_spawn(int (*fn)(void *arg), void *arg);
int race_reap(int pid);
/* The exit status of a child that is killed, perhaps; -1: the kill ended it, and not its function. */
int race_reap_killed(int pid);
