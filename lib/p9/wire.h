/* SPDX-License-Identifier: MIT */
/* Fields of 9P messages as bytes: what lib/p9/client.c and lib/p9/server.c are made of. */
#pragma once

#include "lib/p9/p9.h"

/*
 * Bytes being written. After the first error nothing more is written; so the fields of a message
 * are put one after the other, and p9_write_end() says whether all went well.
 */
struct p9_writer {
	uint8_t *buf;
	size_t size;
	size_t pos;
	size_t elsewhere; /* bytes of the payload, where it is not in the buffer */
	int error;	  /* 0, -EMSGSIZE or -EINVAL */
};

/*
 * Bytes being read. After the first error everything reads as 0 or empty, and p9_read_end() returns
 * the error.
 */
struct p9_reader {
	struct p9_packet packet;
	size_t pos;
	uint32_t limit; /* for counts that the request limits */
	bool bad;
};

/* Puts the header. */
void p9_write_start(struct p9_writer *w, void *buf, size_t size, enum p9_type type, uint16_t tag);
/* Puts the size. Returns the number of bytes in the buffer, or the first error. */
ssize_t p9_write_end(struct p9_writer *w);

void p9_put_u8(struct p9_writer *w, uint8_t value);
void p9_put_u16(struct p9_writer *w, uint16_t value);
void p9_put_u32(struct p9_writer *w, uint32_t value);
void p9_put_u64(struct p9_writer *w, uint64_t value);
void p9_put_qid(struct p9_writer *w, const struct p9_qid *qid);
void p9_put_string(struct p9_writer *w, struct p9_string string);
void p9_put_name(struct p9_writer *w, struct p9_string name);
void p9_put_names(struct p9_writer *w, uint16_t n, const struct p9_string *names);
void p9_put_qids(struct p9_writer *w, uint16_t n, const struct p9_qid *qids);
void p9_put_data(struct p9_writer *w, uint32_t n, const void *data);

/* clang-format off */
/* Defines the function that encodes a kind of message. `fields` puts each field of `message` into `w`. */
#define P9_ENCODE(NAME, name, fields) \
	ssize_t p9_encode_##name(void *buf, size_t size, uint16_t tag, const struct p9_##name *message) \
	{ \
		struct p9_writer w; \
\
		p9_write_start(&w, buf, size, P9_##NAME, tag); \
		fields \
		return p9_write_end(&w); \
	}
/* clang-format on */

/* Checks the header of a message that should be of that type. */
void p9_read_start(struct p9_reader *r, const struct p9_packet *packet, enum p9_type type);
/* Checks the header and the tag of a reply. Returns 0, the negated error of an Rlerror, or -EIO. */
int p9_read_reply(struct p9_reader *r, const struct p9_packet *packet, enum p9_type type,
		  uint16_t tag, uint32_t limit);
/* Returns 0 if all fields were there and nothing follows, else -EIO. */
int p9_read_end(const struct p9_reader *r);

uint8_t p9_get_u8(struct p9_reader *r);
uint16_t p9_get_u16(struct p9_reader *r);
uint32_t p9_get_u32(struct p9_reader *r);
uint64_t p9_get_u64(struct p9_reader *r);
uint32_t p9_get_limited(struct p9_reader *r);
struct p9_qid p9_get_qid(struct p9_reader *r);
struct p9_string p9_get_string(struct p9_reader *r);
struct p9_string p9_get_name(struct p9_reader *r);
/* Return how many there are: not more than P9_WALK_MAX, 0 after an error. */
uint16_t p9_get_names(struct p9_reader *r, struct p9_string names[P9_WALK_MAX]);
uint16_t p9_get_qids(struct p9_reader *r, struct p9_qid qids[P9_WALK_MAX]);
/* Returns the number of bytes of the payload, which is the rest of the message. */
uint32_t p9_get_data(struct p9_reader *r, const void **data);
