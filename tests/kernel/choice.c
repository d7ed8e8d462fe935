/* SPDX-License-Identifier: MIT */
/* Which in-kernel tests run: those that the word test= of the command line names. */
#include "tests/kernel/choice.h"

#include "boot/options.h"
#include "tests/kernel/glob.h"
#include "tests/kernel/sections.h"

#define LIKENESS_LEAST 2 /* pairs of characters; fewer are an accident */
#define SUGGESTIONS    5

/* Those that end in a panic run only by a pattern that begins with their prefix. */
static bool is_deadly(const char *name)
{
	return strncmp(name, "dies_", 5) == 0;
}

/* A pattern with a slash is one of files. */
static bool takes(struct glob glob, const struct ktest *test)
{
	return glob_matches(glob, glob_has(glob, '/') ? test->file : test->name) &&
	       (!is_deadly(test->name) || is_deadly(glob.start));
}

bool choice_has(const struct ktest *test)
{
	struct glob glob = glob_first(boot_options.test);

	if (boot_options.test[0] == '\0')
		return !is_deadly(test->name);
	do {
		if (takes(glob, test))
			return true;
	} while (glob_next(&glob));
	return false;
}

static bool is_known(struct glob glob)
{
	for (const struct ktest *test = kernel_tests_start; test < kernel_tests_end; test++) {
		if (takes(glob, test))
			return true;
	}
	return false;
}

bool choice_unknown(struct glob *ret)
{
	struct glob glob = glob_first(boot_options.test);

	if (boot_options.test[0] == '\0')
		return false;
	do {
		if (!is_known(glob)) {
			*ret = glob;
			return true;
		}
	} while (glob_next(&glob));
	return false;
}

struct like {
	const struct ktest *test;
	unsigned likeness;
};

/* Of two that are as much like it the shorter name is the nearer. */
static bool is_nearer(const struct like *a, const struct like *b)
{
	if (!b->test || a->likeness != b->likeness)
		return !b->test || a->likeness > b->likeness;
	return strlen(a->test->name) < strlen(b->test->name);
}

/* Keeps the nearest ones, the nearest of all first. */
static void keep(struct like *nearest, struct like like)
{
	for (unsigned i = 0; i < SUGGESTIONS; i++) {
		if (is_nearer(&like, &nearest[i])) {
			struct like pushed = nearest[i];

			nearest[i] = like;
			like = pushed;
		}
		if (!like.test)
			break;
	}
}

const struct ktest *choice_suggest(struct glob glob)
{
	struct like nearest[SUGGESTIONS] = { 0 };

	for (const struct ktest *test = kernel_tests_start; test < kernel_tests_end; test++) {
		unsigned likeness = glob_likeness(glob, test->name);

		if (likeness >= LIKENESS_LEAST)
			keep(nearest, (struct like){ test, likeness });
	}
	for (unsigned i = 1; i < SUGGESTIONS && nearest[i].test; i++)
		ktest_note("or test=%s", nearest[i].test->name);
	return nearest[0].test;
}
