/* SPDX-License-Identifier: MIT */
/* Tests of how tests are named on the command line. */
#include "tests/kernel/glob.h"
#include "tests/kernel/ktest.h"

static bool list_matches(const char *list, const char *name)
{
	struct glob glob = glob_first(list);

	do {
		if (glob_matches(glob, name))
			return true;
	} while (glob_next(&glob));
	return false;
}

KTEST(patterns_choose_tests)
{
	EXPECT_TRUE(list_matches("*", "anything"));
	EXPECT_TRUE(list_matches("any*", "anything"));
	EXPECT_TRUE(list_matches("*thing", "anything"));
	EXPECT_TRUE(list_matches("a*t*g", "anything"));
	EXPECT_TRUE(list_matches("?nything", "anything"));
	EXPECT_TRUE(list_matches("x,any*,y", "anything"));
	EXPECT_TRUE(list_matches("x,anything", "anything"));
	EXPECT_TRUE(!list_matches("any", "anything"));
	EXPECT_TRUE(!list_matches("thing", "anything"));
	EXPECT_TRUE(!list_matches("x,y", "anything"));
	EXPECT_TRUE(!list_matches("anything?", "anything"));
	EXPECT_TRUE(list_matches("*a*b", "xaaab"));
	EXPECT_TRUE(!list_matches("", "anything"));
	EXPECT_TRUE(glob_has(glob_first("a/b,c"), '/'));
	EXPECT_TRUE(!glob_has(glob_first("a,b/c"), '/'));
}

KTEST(patterns_tell_what_is_like_them)
{
	EXPECT_EQ(3, glob_likeness(glob_first("fork,pipes"), "a_fork_pipes"));
	EXPECT_EQ(2, glob_likeness(glob_first("*ipe?"), "pipes"));
	EXPECT_EQ(2, glob_likeness(glob_first("fo*rk"), "fork"));
	EXPECT_EQ(4, glob_likeness(glob_first("sweep_frok"), "fork_sweep"));
	EXPECT_EQ(0, glob_likeness(glob_first("*"), "fork"));
	EXPECT_EQ(0, glob_likeness(glob_first(""), ""));
}
