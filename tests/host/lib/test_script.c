/* SPDX-License-Identifier: MIT */
/* The first line of scripts: names, arguments, and lines that are too long; tests/fuzz tries any bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bits.h"
#include "linux/process/script.h"
#include "test.h"

/* Parses these bytes; a copy that ends where memory ends. name NULL: refused; arg NULL: none. */
static void check_bytes(const char *bytes, size_t len, const char *name, const char *arg)
{
	char *head = calloc(1, SCRIPT_HEAD_BYTES);
	const char *name_is = NULL, *arg_is = NULL;
	int err;

	memcpy(head, bytes, MIN(len, (size_t)SCRIPT_HEAD_BYTES));
	err = script_parse(head, &name_is, &arg_is);
	assert_int_equal(name ? 0 : -ENOEXEC, err);
	if (name) {
		assert_string_equal(name, name_is);
		assert_true((arg_is != NULL) == (arg != NULL));
	}
	if (name && arg)
		assert_string_equal(arg, arg_is);
	free(head);
}

#define CHECK(text, name, arg) check_bytes(text, sizeof(text) - 1, name, arg)

TEST(names_and_arguments)
{
	CHECK("#!/bin/a\n", "/bin/a", NULL);
	CHECK("#! \t/bin/a \t\n", "/bin/a", NULL);
	CHECK("#!/bin/a x\n", "/bin/a", "x");
	CHECK("#!/bin/a \t x  y\tz \t\nnext", "/bin/a", "x  y\tz");
	CHECK("#!/bin/a\r\n", "/bin/a\r", NULL);
	CHECK("#!a", "a", NULL);
	CHECK("#!a b", "a", "b");
	CHECK("#!a ", "a", "");
	CHECK("#!a\0b\n", "a", NULL);
	CHECK("#!a b\0c\n", "a", "b");
	CHECK("#!", "", NULL);
	CHECK("#!  ", "", NULL);
	CHECK("#!\0a\n", "", NULL);
}

TEST(refused)
{
	CHECK("", NULL, NULL);
	CHECK("#", NULL, NULL);
	CHECK("x!a\n", NULL, NULL);
	CHECK("#?a\n", NULL, NULL);
	CHECK(" #!a\n", NULL, NULL);
	CHECK("#!\n", NULL, NULL);
	CHECK("#! \t\n", NULL, NULL);
}

/* What lies at the last places that count. */
TEST(long_lines)
{
	char bytes[SCRIPT_HEAD_BYTES], name[SCRIPT_HEAD_BYTES] = "";

	memset(bytes, 'a', sizeof(bytes));
	memcpy(bytes, "#!", 2);
	memset(name, 'a', sizeof(name) - 3);
	check_bytes(bytes, sizeof(bytes), NULL, NULL);
	bytes[255] = '\n'; /* 253 bytes of a name */
	check_bytes(bytes, sizeof(bytes), name, NULL);
	bytes[255] = '\0';
	check_bytes(bytes, sizeof(bytes), name, NULL);
	bytes[255] = ' ';
	check_bytes(bytes, sizeof(bytes), name, NULL);
	bytes[3] = ' '; /* an argument may be cut off */
	check_bytes(bytes, sizeof(bytes), "a", name + 2);
	bytes[255] = 'x';
	check_bytes(bytes, sizeof(bytes), "a", name + 2);
	memset(bytes + 2, ' ', sizeof(bytes) - 2);
	check_bytes(bytes, sizeof(bytes), NULL, NULL);
	bytes[255] = 'a';
	check_bytes(bytes, sizeof(bytes), NULL, NULL);
	bytes[254] = 'a';
	bytes[255] = '\n';
	check_bytes(bytes, sizeof(bytes), "a", NULL);
	bytes[255] = '\0';
	check_bytes(bytes, sizeof(bytes), "a", NULL);
	bytes[254] = '\0';
	check_bytes(bytes, sizeof(bytes), "", NULL);
}
