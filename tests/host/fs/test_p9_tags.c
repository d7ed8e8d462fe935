/* SPDX-License-Identifier: MIT */
/* Tags of 9P requests: none is given out twice, and each can be used again. */
#include <string.h>

#include "lib/p9/p9.h"
#include "linux/fs/p9/tags.h"
#include "tests/host/lib/test.h"

static struct p9_tags tags;
static bool taken[P9_TAGS];

static uint16_t take(void)
{
	uint16_t tag = p9_tag_take(&tags);

	if (tag == P9_NOTAG)
		return tag;
	assert_true(tag < P9_TAGS);
	assert_false(taken[tag]);
	taken[tag] = true;
	return tag;
}

static void give(uint16_t tag)
{
	taken[tag] = false;
	p9_tag_give(&tags, tag);
}

static void start(void)
{
	memset(&tags, 0, sizeof(tags));
	memset(taken, 0, sizeof(taken));
}

TEST(each_once_until_all_are_taken)
{
	start();
	for (unsigned i = 0; i < P9_TAGS; i++)
		assert_int_not_equal(P9_NOTAG, take());
	assert_int_equal(P9_NOTAG, take());
	p9_tag_give(&tags, P9_NOTAG);
	assert_int_equal(P9_NOTAG, take());
	give(12345);
	assert_int_equal(12345, take());
	assert_int_equal(P9_NOTAG, take());
}

/* A request that was given up keeps its tag while the others go round many times. */
TEST(kept_tags_are_not_given_out)
{
	start();
	for (unsigned i = 0; i < 100; i++)
		assert_int_not_equal(P9_NOTAG, take());
	for (unsigned i = 0; i < 3 * P9_TAGS; i++)
		give(take());
}

/* As late as it can be: an answer that comes much too late meets no newer request. */
TEST(tags_are_used_in_turn)
{
	uint16_t first;

	start();
	first = take();
	give(first);
	for (unsigned i = 1; i < P9_TAGS; i++) {
		uint16_t tag = take();

		assert_int_not_equal(first, tag);
		give(tag);
	}
	assert_int_equal(first, take());
}
