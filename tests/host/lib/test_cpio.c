/* SPDX-License-Identifier: MIT */
/* The archive reader: good archives, and each way to be bad. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bits.h"
#include "lib/cpio.h"
#include "test.h"

/* An archive under construction. */
static char archive[65536];
static size_t size;

static void start(void)
{
	size = 0;
	memset(archive, 0, sizeof(archive));
}

static void put(const void *from, size_t n)
{
	memcpy(archive + size, from, n);
	size = ALIGN_UP(size + n, 4);
}

static void add(const char *name, unsigned mode, const char *data, size_t n)
{
	char head[128];

	snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
		 11, mode, 1, 2, 3, 0x5eed, n, 4, 5, 6, 7, strlen(name) + 1, 0);
	memcpy(archive + size, head, 110);
	size += 110;
	put(name, strlen(name) + 1);
	put(data, n);
}

static void end(void)
{
	add("TRAILER!!!", 0, "", 0);
}

/* Reads to the end. Stores the number of entries; returns NULL, or why the archive is refused. */
static const char *read_all(const void *data, size_t n, unsigned *count)
{
	struct cpio cpio;
	struct cpio_entry entry;
	int r;

	*count = 0;
	cpio_init(&cpio, data, n);
	while ((r = cpio_next(&cpio, &entry)) == 1) {
		(*count)++;
		assert_true(strlen(entry.name) < 4096);
		/* Every byte of the data must be there. */
		for (uint64_t i = 0; i < entry.size; i++)
			(void)((volatile const char *)entry.data)[i];
	}
	if (r == 0)
		return NULL;
	assert_int_equal(-EINVAL, r);
	assert_non_null(cpio.why);
	return cpio.why;
}

/* Reads a copy of the first n bytes that ends where its memory does. */
static const char *read_copy(size_t n, unsigned *count)
{
	char *copy = malloc(n + 1);
	const char *why;

	/* Odd on purpose: archives need not be aligned. */
	memcpy(copy + 1, archive, n);
	why = read_all(copy + 1, n, count);
	free(copy);
	return why;
}

static void make_good(void)
{
	start();
	add(".", 0040755, "", 0);
	add("./init", 0100755, "hello", 5);
	add("/etc/x", 0100644, "abcd", 4);
	add("dev/null", 0020666, "", 0);
	add("..odd", 0100600, "1", 1);
	end();
}

TEST(good)
{
	static const char *const names[] = { "", "init", "etc/x", "dev/null", "..odd" };
	struct cpio_entry entry;
	struct cpio cpio;

	make_good();
	cpio_init(&cpio, archive, size);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(1, cpio_next(&cpio, &entry));
		assert_string_equal(names[i], entry.name);
		if (i != 1)
			continue;
		assert_int_equal(5, entry.size);
		assert_memory_equal("hello", entry.data, 5);
		assert_int_equal(0100755, entry.mode);
		assert_int_equal(11, entry.ino);
		assert_int_equal(1, entry.uid);
		assert_int_equal(2, entry.gid);
		assert_int_equal(3, entry.nlink);
		assert_int_equal(0x5eed, entry.mtime);
		assert_int_equal(4, entry.dev_major);
		assert_int_equal(5, entry.dev_minor);
		assert_int_equal(6, entry.rdev_major);
		assert_int_equal(7, entry.rdev_minor);
	}
	assert_int_equal(0, cpio_next(&cpio, &entry));
}

TEST(two_archives)
{
	unsigned count;

	make_good();
	size += 512;
	add("more", 0100644, "xyz", 3);
	end();
	size += 100;
	assert_null(read_copy(size, &count));
	assert_int_equal(6, count);
}

TEST(truncated_at_every_byte)
{
	unsigned count;
	size_t whole;

	make_good();
	/* The last bytes only pad the trailer. */
	whole = size - 3;
	for (size_t n = 0; n < whole; n++)
		assert_non_null(read_copy(n, &count));
}

static void refuse(const char *why)
{
	unsigned count;
	const char *got = read_copy(size, &count);

	assert_non_null(got);
	assert_string_equal(why, got);
}

TEST(reasons)
{
	start();
	refuse("empty");
	size = 4096;
	refuse("no cpio header (newc) where one should be");
	start();
	add("a", 0100644, "x", 1);
	refuse("ends without a trailer");
	add("b", 0100644, "x", 1);
	end();
	archive[20] = 'x';
	refuse("a header field is not hexadecimal");
	make_good();
	memcpy(archive + 94, "00000000", 8);
	refuse("a name is empty or longer than 4095 bytes");
	memcpy(archive + 94, "00001001", 8);
	refuse("a name is empty or longer than 4095 bytes");
	memcpy(archive + 94, "00000003", 8);
	refuse("a name is not terminated where it should be");
	memcpy(archive + 94, "00001000", 8);
	refuse("truncated in a name");
	make_good();
	memcpy(archive + 54, "ffffffff", 8);
	refuse("truncated in a file's data");
	make_good();
	memcpy(archive + size, "garbage", 7);
	size += 7;
	refuse("no cpio header (newc) where one should be");
	size -= 7;
	memcpy(archive + size, "070701", 6);
	size += 6;
	refuse("truncated in a header");
}

TEST(other_formats)
{
	unsigned count;

	make_good();
	memcpy(archive, "070702", 6);
	assert_non_null(read_copy(size, &count));
	memcpy(archive, "070707", 6);
	assert_non_null(read_copy(size, &count));
	memcpy(archive, "\x1f\x8b\x08", 3);
	assert_non_null(read_copy(size, &count));
}
