/* SPDX-License-Identifier: MIT */
/* Taking paths apart. */
#include <string.h>

#include "linux/fs/vfs/path.h"
#include "tests/host/lib/test.h"

static const char *check(const char *path, const char *name, enum path_kind kind, bool slash)
{
	struct path_part part;
	const char *rest = path_part_next(path, &part);

	assert_int_equal(kind, part.kind);
	assert_int_equal(strlen(name), part.len);
	assert_memory_equal(name, part.name, part.len);
	assert_int_equal(slash, part.slash);
	return rest;
}

TEST(names_in_turn)
{
	const char *rest = check("//usr///bin/x", "usr", PATH_NAME, true);

	rest = check(rest, "bin", PATH_NAME, true);
	rest = check(rest, "x", PATH_NAME, false);
	assert_string_equal("", rest);
}

TEST(dots)
{
	const char *rest = check("./..//...", ".", PATH_DOT, true);

	rest = check(rest, "..", PATH_DOTDOT, true);
	rest = check(rest, "...", PATH_NAME, false);
	assert_string_equal("", rest);
	check(".a", ".a", PATH_NAME, false);
	check("..a", "..a", PATH_NAME, false);
}

TEST(slashes_behind)
{
	assert_string_equal("", check("a//", "a", PATH_NAME, true));
	assert_string_equal("", check("../", "..", PATH_DOTDOT, true));
}

TEST(nothing_left)
{
	assert_string_equal("", check("", "", PATH_ROOT, false));
	assert_string_equal("", check("///", "", PATH_ROOT, false));
}
