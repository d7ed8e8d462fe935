/* SPDX-License-Identifier: MIT */
/* Writes and reads the kinds of fields that 9P messages have, and checks them. */
#include "lib/p9/wire.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/bits.h"
#include "lib/string.h"

#define ECODE_MAX 4095 /* the greatest error of Linux */

static bool is_string(struct p9_string s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] == '\0')
			return false;
	return s.len <= P9_STRING_MAX;
}

static bool is_name(struct p9_string s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] == '\0' || s.data[i] == '/')
			return false;
	return s.len >= 1 && s.len <= NAME_MAX;
}

/* ---- writing ---- */

static void write_fail(struct p9_writer *w, int error)
{
	if (w->error == 0)
		w->error = error;
}

/* Returns where to write the next n bytes, or NULL. */
static inline uint8_t *p9_writer_put(struct p9_writer *w, size_t n)
{
	if (n > w->size - w->pos)
		write_fail(w, -EMSGSIZE);
	if (w->error != 0)
		return NULL;
	w->pos += n;
	return w->buf + w->pos - n;
}

/* n is a constant: no loop is left. */
static inline __attribute__((always_inline)) void store(uint8_t *at, uint64_t value, size_t n)
{
#pragma GCC unroll 8
	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static inline __attribute__((always_inline)) uint64_t load(const uint8_t *at, size_t n)
{
	uint64_t value = 0;

#pragma GCC unroll 8
	for (size_t i = 0; i < n; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

static inline __attribute__((always_inline)) void put_number(struct p9_writer *w, uint64_t value,
							     size_t n)
{
	uint8_t *at = p9_writer_put(w, n);

	if (at)
		store(at, value, n);
}

static void p9_writer_put_bytes(struct p9_writer *w, const void *from, size_t n)
{
	uint8_t *at = p9_writer_put(w, n);

	if (at && n > 0)
		memcpy(at, from, n);
}

void p9_put_u8(struct p9_writer *w, uint8_t value)
{
	put_number(w, value, 1);
}

void p9_put_u16(struct p9_writer *w, uint16_t value)
{
	put_number(w, value, 2);
}

void p9_put_u32(struct p9_writer *w, uint32_t value)
{
	put_number(w, value, 4);
}

void p9_put_u64(struct p9_writer *w, uint64_t value)
{
	put_number(w, value, 8);
}

void p9_put_qid(struct p9_writer *w, const struct p9_qid *qid)
{
	p9_put_u8(w, qid->type);
	p9_put_u32(w, qid->version);
	p9_put_u64(w, qid->path);
}

static void put_checked(struct p9_writer *w, struct p9_string s, bool (*is_good)(struct p9_string))
{
	if (!is_good(s))
		write_fail(w, -EINVAL);
	p9_put_u16(w, (uint16_t)s.len);
	p9_writer_put_bytes(w, s.data, s.len);
}

void p9_put_string(struct p9_writer *w, struct p9_string string)
{
	put_checked(w, string, is_string);
}

void p9_put_name(struct p9_writer *w, struct p9_string name)
{
	put_checked(w, name, is_name);
}

void p9_put_names(struct p9_writer *w, uint16_t n, const struct p9_string *names)
{
	if (n > P9_WALK_MAX)
		write_fail(w, -EINVAL);
	p9_put_u16(w, n);
	for (uint16_t i = 0; w->error == 0 && i < n; i++)
		p9_put_name(w, names[i]);
}

void p9_put_qids(struct p9_writer *w, uint16_t n, const struct p9_qid *qids)
{
	if (n > P9_WALK_MAX)
		write_fail(w, -EINVAL);
	p9_put_u16(w, n);
	for (uint16_t i = 0; w->error == 0 && i < n; i++)
		p9_put_qid(w, &qids[i]);
}

void p9_put_data(struct p9_writer *w, uint32_t n, const void *data)
{
	p9_put_u32(w, n);
	if (data)
		p9_writer_put_bytes(w, data, n);
	else
		w->elsewhere = n;
}

void p9_write_start(struct p9_writer *w, void *buf, size_t size, enum p9_type type, uint16_t tag)
{
	uint8_t *at;

	*w = (struct p9_writer){ .buf = buf, .size = size };
	at = p9_writer_put(w, P9_HEADER_BYTES); /* the size is known at the end */
	if (!at)
		return;
	at[4] = (uint8_t)type;
	store(at + 5, tag, 2);
}

ssize_t p9_write_end(struct p9_writer *w)
{
	if (w->error == 0 && w->elsewhere > UINT32_MAX - w->pos)
		w->error = -EMSGSIZE;
	if (w->error != 0)
		return w->error;
	store(w->buf, w->pos + w->elsewhere, 4);
	return (ssize_t)w->pos;
}

/* ---- reading ---- */

/* Returns the next n bytes, or NULL. */
static inline const uint8_t *p9_reader_get(struct p9_reader *r, size_t n)
{
	if (n > r->packet.in_buf - r->pos)
		r->bad = true;
	if (r->bad)
		return NULL;
	r->pos += n;
	return (const uint8_t *)r->packet.buf + r->pos - n;
}

static inline __attribute__((always_inline)) uint64_t get_number(struct p9_reader *r, size_t n)
{
	const uint8_t *at = p9_reader_get(r, n);

	return at ? load(at, n) : 0;
}

uint8_t p9_get_u8(struct p9_reader *r)
{
	return (uint8_t)get_number(r, 1);
}

uint16_t p9_get_u16(struct p9_reader *r)
{
	return (uint16_t)get_number(r, 2);
}

uint32_t p9_get_u32(struct p9_reader *r)
{
	return (uint32_t)get_number(r, 4);
}

uint64_t p9_get_u64(struct p9_reader *r)
{
	return get_number(r, 8);
}

uint32_t p9_get_limited(struct p9_reader *r)
{
	uint32_t value = p9_get_u32(r);

	if (value > r->limit)
		r->bad = true;
	return r->bad ? 0 : value;
}

struct p9_qid p9_get_qid(struct p9_reader *r)
{
	struct p9_qid qid;

	qid.type = p9_get_u8(r);
	qid.version = p9_get_u32(r);
	qid.path = p9_get_u64(r);
	return qid;
}

static struct p9_string get_checked(struct p9_reader *r, bool (*is_good)(struct p9_string))
{
	struct p9_string s = { .len = p9_get_u16(r) };

	s.data = (const char *)p9_reader_get(r, s.len);
	if (!r->bad && !is_good(s))
		r->bad = true;
	if (r->bad)
		s = (struct p9_string){ .data = "" };
	return s;
}

struct p9_string p9_get_string(struct p9_reader *r)
{
	return get_checked(r, is_string);
}

struct p9_string p9_get_name(struct p9_reader *r)
{
	return get_checked(r, is_name);
}

/* Returns a number of names or qids. */
static uint16_t get_walk_count(struct p9_reader *r)
{
	uint16_t n = p9_get_u16(r);

	if (n > P9_WALK_MAX || n > r->limit)
		r->bad = true;
	return r->bad ? 0 : n;
}

uint16_t p9_get_names(struct p9_reader *r, struct p9_string names[P9_WALK_MAX])
{
	uint16_t n = get_walk_count(r);

	for (uint16_t i = 0; i < n; i++)
		names[i] = p9_get_name(r);
	return r->bad ? 0 : n;
}

uint16_t p9_get_qids(struct p9_reader *r, struct p9_qid qids[P9_WALK_MAX])
{
	uint16_t n = get_walk_count(r);

	for (uint16_t i = 0; i < n; i++)
		qids[i] = p9_get_qid(r);
	return r->bad ? 0 : n;
}

uint32_t p9_get_data(struct p9_reader *r, const void **data)
{
	uint32_t n = p9_get_limited(r);

	*data = NULL;
	if (n != r->packet.size - r->pos)
		r->bad = true;
	if (r->bad)
		return 0;
	if (r->packet.in_buf == r->packet.size)
		*data = p9_reader_get(r, n);
	r->pos = r->packet.size;
	return n;
}

uint32_t p9_claimed_size(const void *first_four_bytes)
{
	return (uint32_t)load(first_four_bytes, 4);
}

int p9_peek(const struct p9_packet *packet, struct p9_header *ret)
{
	const uint8_t *at = packet->buf;

	if (packet->in_buf < P9_HEADER_BYTES || packet->in_buf > packet->size ||
	    load(at, 4) != packet->size)
		return -EIO;
	*ret = (struct p9_header){ .type = at[4], .tag = (uint16_t)load(at + 5, 2) };
	return 0;
}

/* Begins behind the header, which is all 0 if it is bad. */
static struct p9_header p9_reader_get_header(struct p9_reader *r, const struct p9_packet *packet,
					     uint32_t limit)
{
	struct p9_header header = { 0 };

	*r = (struct p9_reader){ .packet = *packet, .limit = limit };
	if (p9_peek(packet, &header) == 0)
		r->pos = P9_HEADER_BYTES;
	else
		r->bad = true;
	return header;
}

void p9_read_start(struct p9_reader *r, const struct p9_packet *packet, enum p9_type type)
{
	struct p9_header header = p9_reader_get_header(r, packet, UINT32_MAX);

	if (header.type != type)
		r->bad = true;
}

/* Returns the negated error that an Rlerror tells. */
static int read_error(struct p9_reader *r)
{
	uint32_t ecode = p9_get_u32(r);

	return p9_read_end(r) == 0 && ecode >= 1 && ecode <= ECODE_MAX ? -(int)ecode : -EIO;
}

int p9_read_reply(struct p9_reader *r, const struct p9_packet *packet, enum p9_type type,
		  uint16_t tag, uint32_t limit)
{
	struct p9_header header = p9_reader_get_header(r, packet, limit);

	if (r->bad || header.tag != tag)
		return -EIO;
	if (header.type == type)
		return 0;
	return header.type == P9_RLERROR ? read_error(r) : -EIO;
}

int p9_read_end(const struct p9_reader *r)
{
	return r->bad || r->pos != r->packet.size ? -EIO : 0;
}
