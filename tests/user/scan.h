/* SPDX-License-Identifier: MIT */
/* What the tests of PAGEMAP_SCAN share: the request, and what it finds as text. */
#ifndef TESTS_USER_SCAN_H
#define TESTS_USER_SCAN_H

#include "uffd.h"

#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif
#define UFFD_WP UFFDIO_REGISTER_MODE_WP

/* As linux/fs.h has it where it is new enough. */
#define SCAN 0xc0606610u /* PAGEMAP_SCAN */

#define SCAN_PROTECTS 1ul /* PM_SCAN_WP_MATCHING */
#define SCAN_CHECKS   2ul /* PM_SCAN_CHECK_WPASYNC */

#define IS_WPALLOWED 1ul
#define IS_WRITTEN   2ul
#define IS_FILE	     4ul
#define IS_PRESENT   8ul
#define IS_SWAPPED   16ul
#define IS_PFNZERO   32ul
#define IS_HUGE	     64ul
#define IS_SOFT	     128ul
#define IS_ANY	     255ul

struct scan_region {
	uint64_t start, end, categories;
};

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN_REGIONS 64

__attribute__((unused)) static struct scan_region scanned[SCAN_REGIONS];
__attribute__((unused)) static int scan_map = -1; /* /proc/self/pagemap */

/* n pages from p on, and regions with all that a page has. */
__attribute__((unused)) static struct scan_arg scan_of(const void *p, size_t n)
{
	if (scan_map < 0)
		scan_map = open("/proc/self/pagemap", O_RDONLY);
	return (struct scan_arg){ .size = sizeof(struct scan_arg),
				  .start = (uintptr_t)p,
				  .end = (uintptr_t)p + n * PAGE,
				  .walk_end = 77,
				  .vec = (uintptr_t)scanned,
				  .vec_len = SCAN_REGIONS,
				  .return_mask = IS_ANY };
}

/* Says what a request answers: how many regions, the page before which it has ended, and each region with a letter for each category. */
__attribute__((unused)) static long scan_says(const char *what, struct scan_arg arg)
{
	char line[900];
	size_t n = 0;
	long count;

	memset(scanned, 0, sizeof(scanned));
	line[0] = '\0';
	count = ioctl(scan_map, SCAN, &arg);
	for (long i = 0; i < count && i < SCAN_REGIONS && n < sizeof(line) - 50; i++) {
		n += (size_t)snprintf(line + n, sizeof(line) - n,
				      " %lu-%lu:", (scanned[i].start - arg.start) / PAGE,
				      (scanned[i].end - arg.start) / PAGE);
		for (int bit = 0; bit < 8; bit++)
			if (scanned[i].categories >> bit & 1)
				line[n++] = "AWFPSZHD"[bit];
		line[n] = '\0';
	}
	if (count < 0)
		n = (size_t)snprintf(line, sizeof(line), " ioctl %s", strerrorname_np(errno));
	if (arg.walk_end == 77)
		say("%s:%s, no end\n", what, line);
	else
		say("%s:%s, to %ld\n", what, line, (long)(arg.walk_end - arg.start) / (long)PAGE);
	return count;
}

#endif
