/* SPDX-License-Identifier: MIT */
/* Gets from a 9P message's number to its functions. */
#include <stdlib.h>

#include "p9_any.h"

/* clang-format off */
const char *p9_any_name(unsigned type)
{
	switch (type) {
#define REQUEST(number, NAME, name, fields)	  case P9_##NAME: return #name;
#define REPLY(number, NAME, name, fields)	  case P9_##NAME: return #name;
#define REPLY_LIMITED(number, NAME, name, fields) case P9_##NAME: return #name;
#define REPLY_EMPTY(number, NAME, name)		  case P9_##NAME: return #name;
#include "lib/p9/messages.def"
	default:
		return NULL;
	}
}

bool p9_any_is_request(unsigned type)
{
	switch (type) {
#define REQUEST(number, NAME, name, fields) case P9_##NAME: return true;
#define REPLY(number, NAME, name, fields)
#define REPLY_LIMITED(number, NAME, name, fields)
#define REPLY_EMPTY(number, NAME, name)
#include "lib/p9/messages.def"
	default:
		return false;
	}
}

bool p9_any_is_limited(unsigned type)
{
	switch (type) {
#define REQUEST(number, NAME, name, fields)
#define REPLY(number, NAME, name, fields)
#define REPLY_LIMITED(number, NAME, name, fields) case P9_##NAME: return true;
#define REPLY_EMPTY(number, NAME, name)
#include "lib/p9/messages.def"
	default:
		return false;
	}
}

ssize_t p9_any_encode(unsigned type, void *buf, size_t size, uint16_t tag, const union p9_any *m)
{
	switch (type) {
#define REQUEST(number, NAME, name, fields)	  case P9_##NAME: return p9_encode_##name(buf, size, tag, &m->name);
#define REPLY(number, NAME, name, fields)	  case P9_##NAME: return p9_encode_##name(buf, size, tag, &m->name);
#define REPLY_LIMITED(number, NAME, name, fields) case P9_##NAME: return p9_encode_##name(buf, size, tag, &m->name);
#define REPLY_EMPTY(number, NAME, name)		  case P9_##NAME: return p9_encode_##name(buf, size, tag);
#include "lib/p9/messages.def"
	default:
		abort();
	}
}

int p9_any_decode(unsigned type, const struct p9_packet *packet, uint16_t tag, uint32_t limit, union p9_any *ret)
{
	switch (type) {
#define REQUEST(number, NAME, name, fields)	  case P9_##NAME: return p9_decode_##name(packet, &ret->name);
#define REPLY(number, NAME, name, fields)	  case P9_##NAME: return p9_decode_##name(packet, tag, &ret->name);
#define REPLY_LIMITED(number, NAME, name, fields) case P9_##NAME: return p9_decode_##name(packet, tag, limit, &ret->name);
#define REPLY_EMPTY(number, NAME, name)		  case P9_##NAME: return p9_decode_##name(packet, tag);
#include "lib/p9/messages.def"
	default:
		abort();
	}
}
/* clang-format on */

uint32_t p9_any_limit(unsigned type, const union p9_any *m)
{
	switch (type) {
	case P9_TVERSION:
		return m->tversion.msize;
	case P9_TWALK:
		return m->twalk.nwname;
	case P9_TREAD:
		return m->tread.count;
	case P9_TREADDIR:
		return m->treaddir.count;
	case P9_TWRITE:
		return m->twrite.count;
	default:
		return 0;
	}
}
