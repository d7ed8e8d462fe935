/* SPDX-License-Identifier: MIT */
/* R232: PAGEMAP_SCAN where pages may be huge, which is not told: a write is found by its small page, a part is protected alone. */
#include "scan.h"

#define HUGE  (2 * MIB)
#define BLOCK (HUGE / PAGE)

static char *p;
static int uffd;

#define SAYS(what, ...)                                      \
	do {                                                 \
		struct scan_arg arg = scan_of(p, 2 * BLOCK); \
		arg.return_mask = IS_ANY & ~IS_HUGE;         \
		__VA_ARGS__;                                 \
		scan_says(what, arg);                        \
	} while (0)

/* Two huge pages, registered. */
static void begin(void)
{
	static char *at = (char *)0x1400000000;

	p = mmap(at, 2 * HUGE, RW, ANON | MAP_FIXED, -1, 0);
	at += 4 * HUGE;
	MUST(madvise(p, 2 * HUGE, MADV_HUGEPAGE));
	memset(p, 1, 2 * HUGE);
	MUST(uffd_register(uffd, p, 2 * HUGE, UFFD_WP));
}

int main(void)
{
	uffd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_ASYNC);
	begin();
	SAYS("all");
	SAYS("a part", arg.start += 5 * PAGE; arg.end -= 5 * PAGE);
	SAYS("at most 5", arg.max_pages = 5);
	SAYS("protected", arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	SAYS("all");
	p[7 * PAGE] = 2;
	SAYS("one was written");
	SAYS("it is protected", arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	SAYS("all");
	begin();
	SAYS("a part is protected", arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN;
	     arg.start += 5 * PAGE; arg.end = arg.start + 3 * PAGE);
	SAYS("all");
	begin();
	SAYS("a part, without regions", arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN;
	     arg.vec_len = 0; arg.start += BLOCK * PAGE; arg.end = arg.start + PAGE);
	SAYS("all");
	begin();
	SAYS("at most a block", arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN;
	     arg.max_pages = BLOCK);
	SAYS("all");
	for (size_t i = 0; i < 2 * BLOCK; i++)
		if (p[i * PAGE] != 1)
			say("page %zu is lost\n", i);
	return 0;
}
