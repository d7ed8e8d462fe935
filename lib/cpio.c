/* SPDX-License-Identifier: MIT */
/* Reads newc archives: hexadecimal header, name and data, padded to four bytes. */
#include "lib/cpio.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"

#define CPIO_HEADER_BYTES 110
#define CPIO_MAGIC	  "070701"
#define CPIO_TRAILER	  "TRAILER!!!"
#define CPIO_NAME_MAX	  4096

/* The fields behind the magic number, eight digits each, in this order. */
enum cpio_field {
	CPIO_INO,
	CPIO_MODE,
	CPIO_UID,
	CPIO_GID,
	CPIO_NLINK,
	CPIO_MTIME,
	CPIO_FILESIZE,
	CPIO_DEV_MAJOR,
	CPIO_DEV_MINOR,
	CPIO_RDEV_MAJOR,
	CPIO_RDEV_MINOR,
	CPIO_NAMESIZE,
	CPIO_CHECK,
	CPIO_FIELDS
};

void cpio_init(struct cpio *cpio, const void *data, size_t size)
{
	*cpio = (struct cpio){ .data = data, .size = size };
}

static int cpio_fail(struct cpio *cpio, const char *why)
{
	cpio->why = why;
	return -EINVAL;
}

/* Returns false if a field is not a number. */
static bool cpio_parse_fields(const uint8_t *p, uint32_t field[CPIO_FIELDS])
{
	p += strlen(CPIO_MAGIC);
	for (unsigned i = 0; i < CPIO_FIELDS; i++) {
		field[i] = 0;
		for (unsigned k = 0; k < 8; k++) {
			unsigned digit = str_digit((char)*p++);

			if (digit >= 16)
				return false;
			field[i] = field[i] << 4 | digit;
		}
	}
	return true;
}

static void cpio_fill_entry(const uint32_t field[CPIO_FIELDS], struct cpio_entry *entry)
{
	*entry = (struct cpio_entry){
		.size = field[CPIO_FILESIZE],
		.ino = field[CPIO_INO],
		.mode = field[CPIO_MODE],
		.uid = field[CPIO_UID],
		.gid = field[CPIO_GID],
		.nlink = field[CPIO_NLINK],
		.mtime = field[CPIO_MTIME],
		.dev_major = field[CPIO_DEV_MAJOR],
		.dev_minor = field[CPIO_DEV_MINOR],
		.rdev_major = field[CPIO_RDEV_MAJOR],
		.rdev_minor = field[CPIO_RDEV_MINOR],
	};
}

/* "./a", "/a" and "a" are the same file in the root directory. */
static const char *cpio_strip(const char *name)
{
	for (;;) {
		if (name[0] == '/')
			name++;
		else if (name[0] == '.' && (name[1] == '/' || name[1] == '\0'))
			name++;
		else
			return name;
	}
}

/* Reads the entry at pos and moves pos behind it. Checks that bytes are there before each use. */
static int cpio_read(struct cpio *cpio, struct cpio_entry *ret)
{
	const uint8_t *p = cpio->data + cpio->pos;
	size_t left = cpio->size - cpio->pos;
	uint32_t field[CPIO_FIELDS];
	size_t data_at;
	const char *name = (const char *)p + CPIO_HEADER_BYTES;

	if (left < strlen(CPIO_MAGIC) || memcmp(p, CPIO_MAGIC, strlen(CPIO_MAGIC)) != 0)
		return cpio_fail(cpio, "no cpio header (newc) where one should be");
	if (left < CPIO_HEADER_BYTES)
		return cpio_fail(cpio, "truncated in a header");
	if (!cpio_parse_fields(p, field))
		return cpio_fail(cpio, "a header field is not hexadecimal");
	if (field[CPIO_NAMESIZE] == 0 || field[CPIO_NAMESIZE] > CPIO_NAME_MAX)
		return cpio_fail(cpio, "a name is empty or longer than 4095 bytes");
	if (left - CPIO_HEADER_BYTES < field[CPIO_NAMESIZE])
		return cpio_fail(cpio, "truncated in a name");
	if (strnlen(name, field[CPIO_NAMESIZE]) != field[CPIO_NAMESIZE] - 1)
		return cpio_fail(cpio, "a name is not terminated where it should be");
	cpio_fill_entry(field, ret);
	ret->name = name;
	data_at = ALIGN_UP(cpio->pos + CPIO_HEADER_BYTES + field[CPIO_NAMESIZE], 4);
	if (ret->size > 0 && (data_at > cpio->size || cpio->size - data_at < ret->size))
		return cpio_fail(cpio, "truncated in a file's data");
	ret->data = cpio->data + MIN(data_at, cpio->size);
	cpio->pos = MIN(ALIGN_UP(data_at + ret->size, 4), cpio->size);
	return 1;
}

static void cpio_skip_zeros(struct cpio *cpio)
{
	while (cpio->pos < cpio->size && cpio->data[cpio->pos] == 0)
		cpio->pos++;
}

int cpio_next(struct cpio *cpio, struct cpio_entry *ret)
{
	struct cpio_entry entry;
	int r;

	if (cpio->pos >= cpio->size)
		return cpio_fail(cpio, cpio->size == 0 ? "empty" : "ends without a trailer");
	for (;;) {
		r = cpio_read(cpio, &entry);
		if (r < 0)
			return r;
		if (strcmp(entry.name, CPIO_TRAILER) != 0)
			break;
		cpio_skip_zeros(cpio);
		if (cpio->pos == cpio->size)
			return 0;
	}
	entry.name = cpio_strip(entry.name);
	*ret = entry;
	return 1;
}
