/* SPDX-License-Identifier: MIT */
/* Taking paths apart. */
#include <string.h>

#include "fs/path_part.h"
#include "tests/host/lib/test.h"

static const char *check(const char *path, const char *name, enum path_kind kind, bool slash)
{
	struct path_part part;
	const char *rest = path_part_next(path, &part);

	assert_int_equal(part.kind, kind);
	assert_int_equal(part.len, strlen(name));
	assert_memory_equal(part.name, name, part.len);
	assert_int_equal(part.slash, slash);
	return rest;
}

static void names_in_turn(void **state)
{
	const char *rest = check("//usr///bin/x", "usr", PATH_NAME, true);

	(void)state;
	rest = check(rest, "bin", PATH_NAME, true);
	rest = check(rest, "x", PATH_NAME, false);
	assert_string_equal(rest, "");
}

static void dots(void **state)
{
	const char *rest = check("./..//...", ".", PATH_DOT, true);

	(void)state;
	rest = check(rest, "..", PATH_DOTDOT, true);
	rest = check(rest, "...", PATH_NAME, false);
	assert_string_equal(rest, "");
	check(".a", ".a", PATH_NAME, false);
	check("..a", "..a", PATH_NAME, false);
}

static void slashes_behind(void **state)
{
	(void)state;
	assert_string_equal(check("a//", "a", PATH_NAME, true), "");
	assert_string_equal(check("../", "..", PATH_DOTDOT, true), "");
}

static void nothing_left(void **state)
{
	(void)state;
	assert_string_equal(check("", "", PATH_ROOT, false), "");
	assert_string_equal(check("///", "", PATH_ROOT, false), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_in_turn),
		cmocka_unit_test(dots),
		cmocka_unit_test(slashes_behind),
		cmocka_unit_test(nothing_left),
	};

	return test_group("fs path parts", tests);
}
