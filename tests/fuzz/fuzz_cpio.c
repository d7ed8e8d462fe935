/* SPDX-License-Identifier: MIT */
/* Archives: what lib/cpio reads of them against a second reader that goes by the format's text. */
#include <stdio.h>
#include <stdlib.h>

#include "abi/errno.h"
#include "fuzz.h"
#include "lib/cpio.h"
#include "lib/string.h"

#define FIELDS	   13
#define NAME_FIELD 11
#define SIZE_FIELD 6

/* One member as the second reader sees it. */
struct member {
	unsigned long field[FIELDS];
	const char *name;
	const uint8_t *data;
};

static const uint8_t *bytes;
static size_t nbytes;

/* Are there n bytes at `at`? */
static bool there(size_t at, size_t n)
{
	return at <= nbytes && n <= nbytes - at;
}

static size_t padded(size_t n)
{
	return (n + 3) / 4 * 4;
}

static bool is_hex(const uint8_t *s)
{
	return strspn((const char *)s, "0123456789abcdefABCDEF") >= 8;
}

/* Reads a number of eight hexadecimal digits. Returns false if there is none. */
static bool read_field(size_t at, unsigned long *ret)
{
	char digits[9] = { 0 };

	memcpy(digits, bytes + at, 8);
	*ret = strtoul(digits, NULL, 16);
	return is_hex((const uint8_t *)digits);
}

/* Reads the member at *at, and moves *at past it. Returns false, without that, if it is broken. */
static bool read_member(size_t *at, struct member *ret)
{
	size_t name = *at + 110, data;

	if (!there(*at, 110) || memcmp(bytes + *at, "070701", 6) != 0)
		return false;
	for (unsigned i = 0; i < FIELDS; i++)
		if (!read_field(*at + 6 + 8 * i, &ret->field[i]))
			return false;
	if (ret->field[NAME_FIELD] < 1 || ret->field[NAME_FIELD] > 4096 ||
	    !there(name, ret->field[NAME_FIELD]))
		return false;
	ret->name = (const char *)bytes + name;
	if (memchr(ret->name, 0, ret->field[NAME_FIELD]) != ret->name + ret->field[NAME_FIELD] - 1)
		return false;
	data = padded(name + ret->field[NAME_FIELD]);
	if (ret->field[SIZE_FIELD] > 0 && !there(data, ret->field[SIZE_FIELD]))
		return false;
	ret->data = bytes + data;
	/* Padding behind the last of all need not be there. */
	*at = padded(data + ret->field[SIZE_FIELD]);
	if (*at > nbytes)
		*at = nbytes;
	return true;
}

/* Without what leads from the root to itself. */
static const char *plain(const char *name)
{
	while (*name == '/' || strncmp(name, "./", 2) == 0 || strcmp(name, ".") == 0)
		name++;
	return name;
}

/* Reads the next member. Returns 1; 0 at the end of the archive; -1 if the archive is broken. */
static int next_member(size_t *at, struct member *ret)
{
	while (*at < nbytes) {
		if (!read_member(at, ret))
			return -1;
		if (strcmp(ret->name, "TRAILER!!!") != 0)
			return 1;
		while (*at < nbytes && bytes[*at] == 0)
			++*at;
		if (*at == nbytes)
			return 0;
	}
	return -1;
}

static void compare(const struct cpio_entry *ours, const struct member *theirs)
{
	fuzz_check(strcmp(ours->name, plain(theirs->name)) == 0);
	fuzz_equal(ours->size, theirs->field[SIZE_FIELD]);
	if (ours->size > 0)
		fuzz_check(ours->data == theirs->data);
	fuzz_check((const uint8_t *)ours->data <= bytes + nbytes);
	fuzz_equal(ours->ino, theirs->field[0]);
	fuzz_equal(ours->mode, theirs->field[1]);
	fuzz_equal(ours->uid, theirs->field[2]);
	fuzz_equal(ours->gid, theirs->field[3]);
	fuzz_equal(ours->nlink, theirs->field[4]);
	fuzz_equal(ours->mtime, theirs->field[5]);
	fuzz_equal(ours->dev_major, theirs->field[7]);
	fuzz_equal(ours->dev_minor, theirs->field[8]);
	fuzz_equal(ours->rdev_major, theirs->field[9]);
	fuzz_equal(ours->rdev_minor, theirs->field[10]);
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	struct cpio_entry entry;
	struct member member;
	struct cpio cpio;
	size_t at = 0;
	int ours, theirs;

	bytes = data;
	nbytes = size;
	cpio_init(&cpio, data, size);
	do {
		ours = cpio_next(&cpio, &entry);
		theirs = next_member(&at, &member);
		fuzz_equal(ours, theirs < 0 ? -EINVAL : theirs);
		if (ours == 1)
			compare(&entry, &member);
		fuzz_check(cpio.pos <= size);
		fuzz_equal(cpio.pos, at);
	} while (ours == 1);
	fuzz_check((cpio.why != NULL) == (ours < 0));
	return ours == 0;
}
