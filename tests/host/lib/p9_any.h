/* SPDX-License-Identifier: MIT */
/* 9P messages of any type, for tests that do the same with each. */
#pragma once

#include "lib/p9/p9.h"

union p9_any {
	char none; /* for those without fields */
/* clang-format off */
#define REQUEST(number, NAME, name, fields)	  struct p9_##name name;
#define REPLY(number, NAME, name, fields)	  struct p9_##name name;
#define REPLY_LIMITED(number, NAME, name, fields) struct p9_##name name;
#define REPLY_EMPTY(number, NAME, name)
#include "lib/p9/messages.def"
	/* clang-format on */
};

/* Returns the name of a type, as "tlopen", or NULL if there is no such message. */
const char *p9_any_name(unsigned type);

bool p9_any_is_request(unsigned type);
/* Is there a count in it that the request limits? */
bool p9_any_is_limited(unsigned type);

/* Call p9_encode_X() and p9_decode_X() of that type, which must exist. Requests ignore tag and limit. */
ssize_t p9_any_encode(unsigned type, void *buf, size_t size, uint16_t tag, const union p9_any *m);
int p9_any_decode(unsigned type, const struct p9_packet *packet, uint16_t tag, uint32_t limit,
		  union p9_any *ret);
/* The `limit` for the decoder of the reply to a request. */
uint32_t p9_any_limit(unsigned type, const union p9_any *m);
