/* SPDX-License-Identifier: MIT */
/* 9P messages on their way through hostfs: what is changed in them, and what is checked. */
/*
 * Most of a message is the business of client and device, and passes as it is: both check what
 * they get. hostfs reads the first fields only, and changes these numbers:
 *
 *   tags	 of all messages, and the old tag of Tflush
 *   msize	 of Tversion, so that both sides agree on no more than there is room for
 *   count	 of Tread and Treaddir, for the same reason: a device whose reply has no room stops
 *   mode	 of Tsetattr, Tlcreate, Tmkdir and Tmknod: a program of the guest could leave one on the
 *		 host that runs with the rights of the user who runs QEMU, so the bits for that are cleared
 *   valid	 of Rgetattr: it grants a lease if nobody else changes the files (--exclusive). The client's own changes need no
 *		 revocation, and there are no others
 */
#include "hostfs_relay.h"

#include <errno.h>
#include <string.h>

/* Where these fields are: behind the header, a fid and an offset. */
#define MSIZE_AT  P9_HEADER_BYTES
#define OLDTAG_AT P9_HEADER_BYTES
#define COUNT_AT  (P9_HEADER_BYTES + 4 + 8)
#define MODE_AT	  (P9_HEADER_BYTES + 4 + 4)
#define NAME_AT	  (P9_HEADER_BYTES + 4)
#define VALID_AT  P9_HEADER_BYTES /* 64 bits, in Rgetattr */

#define LEASE_HIGH ((uint32_t)(P9_GETATTR_LEASE >> 32))

#define SETID_BITS 06000u

#define TAG_AT 5

static uint32_t get32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

/* Lowers a field of 32 bits, if the message has it. */
static void limit(uint8_t *message, size_t n, size_t at, uint32_t most)
{
	if (n >= at + 4 && get32(message + at) > most)
		put32(message + at, most);
}

/* Finds the request that a Tflush is about. Returns its number, or -1 if it has been answered. */
static int find_tag(const struct relay *relay, uint16_t tag)
{
	for (int i = 0; i < (int)QUEUE_REQUESTS_MAX; i++)
		if (relay->request[i].used && relay->request[i].tag == tag)
			return i;
	return -1;
}

/* Returns where the message has a mode, or n if it has none. */
static size_t mode_at(const uint8_t *message, size_t n, uint8_t type)
{
	size_t after_name;

	if (type == P9_TSETATTR)
		return MODE_AT;
	if (type != P9_TLCREATE && type != P9_TMKDIR && type != P9_TMKNOD)
		return n;
	if (n < NAME_AT + 2)
		return n;
	after_name = NAME_AT + 2 + get16(message + NAME_AT);
	return type == P9_TLCREATE ? after_name + 4 : after_name; /* its flags are first */
}

static void drop_setid(uint8_t *message, size_t n, uint8_t type)
{
	size_t at = mode_at(message, n, type);

	if (n >= at + 4)
		put32(message + at, get32(message + at) & ~SETID_BITS);
}

static bool may_be_long(uint8_t type)
{
	return type == P9_TWRITE || type == P9_TWALK || type == P9_TSYMLINK;
}

/* Returns as relay_request(). */
static int change_oldtag(const struct relay *relay, uint8_t *message, size_t n, uint16_t tag)
{
	int number;

	if (n != OLDTAG_AT + 2)
		return -EIO;
	number = find_tag(relay, get16(message + OLDTAG_AT));
	if (number < 0)
		return p9_encode_rflush(message, n, tag) == P9_HEADER_BYTES ? 1 : -EIO;
	put16(message + OLDTAG_AT, relay->request[number].sent_tag);
	return 0;
}

int relay_request(struct relay *relay, unsigned number, uint8_t *message, size_t n)
{
	struct p9_packet packet = p9_packet(message, n);
	struct p9_header header;
	int result = 0;

	if (p9_peek(&packet, &header) != 0 || (n > RELAY_SHORT && !may_be_long(header.type)))
		return -EIO;
	if (header.type == P9_TFLUSH)
		result = change_oldtag(relay, message, n, header.tag);
	if (result)
		return result;
	if (header.type == P9_TVERSION)
		limit(message, n, MSIZE_AT, RELAY_MSIZE);
	if (header.type == P9_TREAD || header.type == P9_TREADDIR)
		limit(message, n, COUNT_AT, RELAY_MSIZE - P9_RREAD_HEAD_BYTES);
	if (!relay->setid)
		drop_setid(message, n, header.type);
	relay->request[number].used = true;
	relay->request[number].type = header.type;
	relay->request[number].tag = header.tag;
	relay->request[number].sent_tag = header.tag == P9_NOTAG ? P9_NOTAG : (uint16_t)number;
	put16(message + TAG_AT, relay->request[number].sent_tag);
	return 0;
}

ssize_t relay_reply(struct relay *relay, unsigned number, uint8_t *message, size_t n)
{
	uint8_t type = relay->request[number].type;
	struct p9_header header;
	struct p9_packet packet;
	uint8_t head[P9_HEADER_BYTES];
	size_t size;

	relay->request[number].used = false;
	if (n == 0)
		return 0;
	if (n < sizeof(head))
		return -EIO;
	memcpy(head, message, sizeof(head)); /* the device may change its own at any time */
	size = p9_claimed_size(head);
	packet = (struct p9_packet){ head, sizeof(head), size };
	if (size < sizeof(head) || size > n || p9_peek(&packet, &header) != 0 ||
	    header.tag != relay->request[number].sent_tag ||
	    (header.type != type + 1 && header.type != P9_RLERROR))
		return -EIO;
	put16(message + TAG_AT, relay->request[number].tag);
	if (relay->exclusive && header.type == P9_RGETATTR && size >= VALID_AT + 8)
		put32(message + VALID_AT + 4, get32(message + VALID_AT + 4) | LEASE_HIGH);
	return (ssize_t)size;
}

size_t relay_error(const struct relay *relay, unsigned number, uint8_t *message, int err)
{
	const struct p9_rlerror error = { (uint32_t)err };

	return (size_t)p9_encode_rlerror(message, RELAY_SHORT, relay->request[number].tag, &error);
}
