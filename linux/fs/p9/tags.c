/* SPDX-License-Identifier: MIT */
/* Takes and gives tags: a bit for each says whether it is in use. */
#include "linux/fs/p9/tags.h"

#include "lib/assert.h"
#include "lib/p9/p9.h"
#include "sync/atomic.h"

uint16_t p9_tag_take(struct p9_tags *tags)
{
	for (uint32_t i = 0; i < P9_TAGS; i++) {
		uint32_t tag = atomic_add(&tags->last, 1) % P9_TAGS;
		uint64_t bit = 1ull << tag % 64;

		if (!(atomic_or(&tags->used[tag / 64], bit) & bit))
			return (uint16_t)tag;
	}
	return P9_NOTAG;
}

void p9_tag_give(struct p9_tags *tags, uint16_t tag)
{
	uint64_t bit = 1ull << tag % 64;
	uint64_t before;

	if (tag == P9_NOTAG)
		return;
	before = atomic_and(&tags->used[tag / 64], ~bit);
	assert_hardened(before & bit);
	(void)before;
}
