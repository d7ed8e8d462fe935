/* SPDX-License-Identifier: MIT */
/* The client's half of 9P: encodes requests, decodes replies. */
#include "abi/errno.h"
#include "lib/p9/wire.h"

/* clang-format off */
#define U16(field)	p9_put_u16(&w, message->field);
#define U32(field)	p9_put_u32(&w, message->field);
#define U64(field)	p9_put_u64(&w, message->field);
#define STRING(field)	p9_put_string(&w, message->field);
#define NAME(field)	p9_put_name(&w, message->field);
#define NAMES(n, field)	p9_put_names(&w, message->n, message->field);
#define DATA(n, field)	p9_put_data(&w, message->n, message->field);
#define REQUEST(number, NAME, name, fields) P9_ENCODE(NAME, name, fields)
#define REPLY(number, NAME, name, fields)
#define REPLY_LIMITED(number, NAME, name, fields)
#define REPLY_EMPTY(number, NAME, name)
#include "lib/p9/messages.def"

#define U32(field)	ret->field = p9_get_u32(&r);
#define U64(field)	ret->field = p9_get_u64(&r);
#define LIMITED(field)	ret->field = p9_get_limited(&r);
#define QID(field)	ret->field = p9_get_qid(&r);
#define STRING(field)	ret->field = p9_get_string(&r);
#define QIDS(n, field)	ret->n = p9_get_qids(&r, ret->field);
#define DATA(n, field)	ret->n = p9_get_data(&r, &ret->field);
#define REQUEST(number, NAME, name, fields)
#define REPLY(number, NAME, name, fields) \
	int p9_decode_##name(const struct p9_packet *packet, uint16_t tag, struct p9_##name *ret) \
	{ \
		struct p9_reader r; \
		int error = p9_read_reply(&r, packet, P9_##NAME, tag, 0); \
\
		if (error) \
			return error; \
		fields \
		return p9_read_end(&r); \
	}
#define REPLY_LIMITED(number, NAME, name, fields) \
	int p9_decode_##name(const struct p9_packet *packet, uint16_t tag, uint32_t limit, struct p9_##name *ret) \
	{ \
		struct p9_reader r; \
		int error = p9_read_reply(&r, packet, P9_##NAME, tag, limit); \
\
		if (error) \
			return error; \
		fields \
		return p9_read_end(&r); \
	}
#define REPLY_EMPTY(number, NAME, name) \
	int p9_decode_##name(const struct p9_packet *packet, uint16_t tag) \
	{ \
		struct p9_reader r; \
		int error = p9_read_reply(&r, packet, P9_##NAME, tag, 0); \
\
		return error ? error : p9_read_end(&r); \
	}
#include "lib/p9/messages.def"
/* clang-format on */

int p9_next_dirent(const void *data, size_t bytes, size_t *pos, struct p9_dirent *ret)
{
	struct p9_reader r = { .packet = p9_packet(data, bytes), .pos = *pos };
	struct p9_dirent entry;

	if (*pos == bytes)
		return 0;
	entry.qid = p9_get_qid(&r);
	entry.offset = p9_get_u64(&r);
	entry.type = p9_get_u8(&r);
	entry.name = p9_get_name(&r);
	if (r.bad)
		return -EIO;
	*pos = r.pos;
	*ret = entry;
	return 1;
}
