/* SPDX-License-Identifier: MIT */
/* The tags of a 9P session: of two requests that are under way, no two have the same. */
#pragma once

#include "lib/types.h"

#define P9_TAGS 32768u

/* All zeros: none is in use. Safe for any number of threads at once, without a lock. */
struct p9_tags {
	uint32_t last;		     /* atomic; tags ascend, so that one is used again late */
	uint64_t used[P9_TAGS / 64]; /* a bit each, atomic */
};

/* Returns a tag that is not in use, or P9_NOTAG if all are. */
uint16_t p9_tag_take(struct p9_tags *tags);

/* The tag may be used again. P9_NOTAG is allowed. */
void p9_tag_give(struct p9_tags *tags, uint16_t tag);
