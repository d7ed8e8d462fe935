/* SPDX-License-Identifier: MIT */
/* 9P messages: what lib/p9 decodes of them against a second reader, and encoded again. */

/*
 * An input: 4 bytes, the limit that the request has set; 2 bytes, how many of the message's bytes
 * are not in the buffer; then the message.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "fuzz.h"
#include "p9_any.h"

#define HEAD 6

/*
 * The messages once more, a letter a field. 2, 4, 8: a number of so many bytes; l: a number up to
 * the limit; q: a qid; s: a string; n: a name; N: names; Q: qids up to the limit; d: a payload;
 * L: a payload up to the limit.
 */
static const char *const forms[256] = {
	[7] = "4",	     [8] = "4",	      [9] = "448888884",
	[12] = "44",	     [13] = "q4",     [14] = "4n444",
	[15] = "q4",	     [16] = "4ns4",   [17] = "q",
	[18] = "4n4444",     [19] = "q",      [22] = "4",
	[23] = "s",	     [24] = "48",     [25] = "8q444888888888888888",
	[26] = "4444488888", [27] = "",	      [40] = "484",
	[41] = "L",	     [50] = "44",     [51] = "",
	[70] = "44n",	     [71] = "",	      [72] = "4n44",
	[73] = "q",	     [74] = "4n4n",   [75] = "",
	[76] = "4n4",	     [77] = "",	      [100] = "4s",
	[101] = "ls",	     [104] = "44ss4", [105] = "q",
	[108] = "2",	     [109] = "",      [110] = "44N",
	[111] = "Q",	     [116] = "484",   [117] = "L",
	[118] = "48d",	     [119] = "l",     [120] = "4",
	[121] = "",	     [122] = "4",     [123] = "",
};

static const uint8_t *bytes;
static size_t there, size; /* in the buffer, and in all */
static size_t at;
static uint32_t limit;

/* Reads a number. Returns -1 if it is not there. */
static int64_t number(unsigned n)
{
	uint64_t value = 0;

	if (at + n > there)
		return -1;
	for (unsigned i = n; i-- > 0;)
		value = value * 256 + bytes[at + i];
	at += n;
	return (int64_t)(value & INT64_MAX);
}

static bool text(bool is_name)
{
	int64_t n = number(2);

	if (n < 0 || at + (size_t)n > there || memchr(bytes + at, 0, (size_t)n))
		return false;
	if (is_name && (n == 0 || n > 255 || memchr(bytes + at, '/', (size_t)n)))
		return false;
	at += (size_t)n;
	return true;
}

static bool qid(void)
{
	return number(1) >= 0 && number(4) >= 0 && number(8) >= 0;
}

static bool names(void)
{
	int64_t n = number(2);

	for (int64_t i = 0; i < n; i++)
		if (!text(true))
			return false;
	return n >= 0 && n <= 16;
}

static bool qids(void)
{
	int64_t n = number(2);

	for (int64_t i = 0; i < n; i++)
		if (!qid())
			return false;
	return n >= 0 && n <= 16 && n <= limit;
}

static bool payload(int64_t most)
{
	int64_t n = number(4);

	if (n < 0 || n > most || (size_t)n != size - at)
		return false;
	at = size;
	return true;
}

static bool field(char kind)
{
	int64_t n;

	switch (kind) {
	case 'l':
		n = number(4);
		return n >= 0 && n <= limit;
	case 'q':
		return qid();
	case 's':
		return text(false);
	case 'n':
		return text(true);
	case 'N':
		return names();
	case 'Q':
		return qids();
	case 'd':
		return payload(UINT32_MAX);
	case 'L':
		return payload(limit);
	default:
		return number((unsigned)(kind - '0')) >= 0;
	}
}

/* Is the input a message of that type? */
static bool is_message(unsigned type)
{
	at = 0;
	if (number(4) != (int64_t)size || number(1) != (int64_t)type || number(2) < 0)
		return false;
	for (const char *form = forms[type]; *form; form++)
		if (!field(*form))
			return false;
	return at == size;
}

/* What a decoder of that type should return. */
static int expected(unsigned type)
{
	int64_t ecode;

	if (is_message(type))
		return 0;
	if (p9_any_is_request(type) || !is_message(P9_RLERROR))
		return -EIO;
	at = P9_HEADER_BYTES;
	ecode = number(4);
	return ecode >= 1 && ecode <= 4095 ? -(int)ecode : -EIO;
}

/* There is one way to encode a message: that in which it came. */
static void encode_again(unsigned type, uint16_t tag, const union p9_any *message)
{
	uint8_t *again = malloc(there);
	ssize_t n = p9_any_encode(type, again, there, tag, message);

	/* A payload that was not there as a whole is not encoded. */
	if (there == size)
		fuzz_equal(n, size);
	else
		fuzz_check(n > 0 && (size_t)n <= there);
	fuzz_check(memcmp(again, bytes, (size_t)n) == 0);
	free(again);
	again = malloc((size_t)n - 1);
	fuzz_equal(p9_any_encode(type, again, (size_t)n - 1, tag, message), -EMSGSIZE);
	free(again);
}

/* Entries of a directory, by both readers. */
static void read_entries(const struct p9_rreaddir *message)
{
	struct p9_dirent entry;
	size_t pos = 0, begin = 0;
	uint8_t again[300];
	int r;

	at = (size_t)((const uint8_t *)message->data - bytes);
	begin = at;
	while ((r = p9_next_dirent(message->data, message->count, &pos, &entry)) == 1) {
		size_t before = at;

		fuzz_check(qid() && number(8) >= 0 && number(1) >= 0 && text(true));
		fuzz_equal(at - begin, pos);
		fuzz_equal(p9_put_dirent(again, sizeof(again), &entry), at - before);
		fuzz_check(memcmp(again, bytes + before, at - before) == 0);
	}
	if (r == 0)
		fuzz_equal(at, size);
	else
		fuzz_check(r == -EIO && !(qid() && number(8) >= 0 && number(1) >= 0 && text(true)));
}

static bool try_type(unsigned type, const struct p9_packet *packet, uint16_t tag)
{
	union p9_any message;
	int r = p9_any_decode(type, packet, tag, limit, &message);

	fuzz_equal(r, expected(type));
	if (r != 0)
		return false;
	encode_again(type, tag, &message);
	if (type == P9_RREADDIR && message.rreaddir.data)
		read_entries(&message.rreaddir);
	if (!p9_any_is_request(type))
		fuzz_equal(p9_any_decode(type, packet, (uint16_t)(tag + 1), limit, &message), -EIO);
	return true;
}

bool fuzz_one(const uint8_t *data, size_t n)
{
	struct p9_header header = { 0 };
	struct p9_packet packet;
	bool accepted = false;
	size_t elsewhere;

	if (n < HEAD)
		return false;
	memcpy(&limit, data, 4);
	elsewhere = data[4] | (size_t)data[5] << 8;
	bytes = data + HEAD;
	there = n - HEAD;
	size = there + elsewhere;
	packet = (struct p9_packet){ bytes, there, size };
	at = 0;
	fuzz_equal(p9_peek(&packet, &header), there >= 7 && number(4) == (int64_t)size ? 0 : -EIO);
	for (unsigned type = 0; type < 256; type++) {
		fuzz_equal(forms[type] != NULL, p9_any_name(type) != NULL);
		if (forms[type] && try_type(type, &packet, header.tag))
			accepted = true;
	}
	return accepted;
}
