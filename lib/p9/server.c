/* SPDX-License-Identifier: MIT */
/* The server's half of 9P: decodes requests, encodes replies. */
#include "lib/p9/wire.h"

/* clang-format off */
#define U16(field)	ret->field = p9_get_u16(&r);
#define U32(field)	ret->field = p9_get_u32(&r);
#define U64(field)	ret->field = p9_get_u64(&r);
#define STRING(field)	ret->field = p9_get_string(&r);
#define NAME(field)	ret->field = p9_get_name(&r);
#define NAMES(n, field)	ret->n = p9_get_names(&r, ret->field);
#define DATA(n, field)	ret->n = p9_get_data(&r, &ret->field);
#define REQUEST(number, NAME, name, fields) \
	int p9_decode_##name(const struct p9_packet *packet, struct p9_##name *ret) \
	{ \
		struct p9_reader r; \
\
		p9_read_start(&r, packet, P9_##NAME); \
		fields \
		return p9_read_end(&r); \
	}
#define REPLY(number, NAME, name, fields)
#define REPLY_LIMITED(number, NAME, name, fields)
#define REPLY_EMPTY(number, NAME, name)
#include "lib/p9/messages.def"

#define U32(field)	p9_put_u32(&w, message->field);
#define U64(field)	p9_put_u64(&w, message->field);
#define LIMITED(field)	p9_put_u32(&w, message->field);
#define QID(field)	p9_put_qid(&w, &message->field);
#define STRING(field)	p9_put_string(&w, message->field);
#define QIDS(n, field)	p9_put_qids(&w, message->n, message->field);
#define DATA(n, field)	p9_put_data(&w, message->n, message->field);
#define REQUEST(number, NAME, name, fields)
#define REPLY(number, NAME, name, fields) P9_ENCODE(NAME, name, fields)
#define REPLY_LIMITED(number, NAME, name, fields) REPLY(number, NAME, name, fields)
#define REPLY_EMPTY(number, NAME, name) \
	ssize_t p9_encode_##name(void *buf, size_t size, uint16_t tag) \
	{ \
		struct p9_writer w; \
\
		p9_write_start(&w, buf, size, P9_##NAME, tag); \
		return p9_write_end(&w); \
	}
#include "lib/p9/messages.def"
/* clang-format on */

ssize_t p9_put_dirent(void *buf, size_t size, const struct p9_dirent *entry)
{
	struct p9_writer w = { .buf = buf, .size = size };

	p9_put_qid(&w, &entry->qid);
	p9_put_u64(&w, entry->offset);
	p9_put_u8(&w, entry->type);
	p9_put_name(&w, entry->name);
	return w.error ? w.error : (ssize_t)w.pos;
}
