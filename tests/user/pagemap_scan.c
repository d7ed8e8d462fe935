/* SPDX-License-Identifier: MIT */
/* R232: PAGEMAP_SCAN of /proc/PID/pagemap: what pages have, which of them match, where it stops, and what is refused. */
#include "scan.h"

static char *p; /* ROOM pages: 3 and 4 are written, 6 is read */
static int uffd;

static void begin(void)
{
	p = room();
	p[3 * PAGE] = 1;
	p[4 * PAGE] = 1;
	(void)*(volatile char *)(p + 6 * PAGE);
}

/* says(what, what of the request is another): of all pages */
#define SAYS(what, ...)                                 \
	do {                                            \
		struct scan_arg arg = scan_of(p, ROOM); \
		__VA_ARGS__;                            \
		scan_says(what, arg);                   \
	} while (0)

static void finds(void)
{
	begin();
	SAYS("all");
	SAYS("one page", arg.start += 3 * PAGE; arg.end = arg.start + PAGE);
	SAYS("a part of a page", arg.end = arg.start + 1);
	SAYS("no page", arg.end = arg.start);
	SAYS("from 0 to 0", arg.start = arg.end = 0);
	SAYS("present", arg.category_mask = IS_PRESENT);
	SAYS("not present", arg.category_mask = arg.category_inverted = IS_PRESENT);
	SAYS("present zeros", arg.category_mask = IS_PRESENT | IS_PFNZERO);
	SAYS("written", arg.category_mask = arg.return_mask = IS_WRITTEN);
	SAYS("in a file or zeros", arg.category_anyof_mask = IS_FILE | IS_PFNZERO);
	SAYS("present, as written", arg.category_mask = IS_PRESENT; arg.return_mask = IS_WRITTEN);
	SAYS("present, as nothing", arg.category_mask = IS_PRESENT; arg.return_mask = 0);
	SAYS("soft-dirty", arg.category_mask = IS_SOFT);
	SAYS("not soft-dirty", arg.category_mask = IS_PRESENT | IS_SOFT;
	     arg.category_inverted = IS_SOFT);
	SAYS("registered", arg.category_mask = IS_WPALLOWED);
	SAYS("none is registered", arg.category_mask = arg.category_inverted = IS_WPALLOWED);
	MUST(mprotect(p + 3 * PAGE, PAGE, PROT_NONE));
	MUST(munmap(p + 8 * PAGE, 4 * PAGE));
	SAYS("over a hole");
	SAYS("nothing", arg.start += 8 * PAGE; arg.end = arg.start + 4 * PAGE);
}

static void stops(void)
{
	begin();
	SAYS("at most 2 pages", arg.max_pages = 2);
	SAYS("at most 4 pages", arg.max_pages = 4);
	SAYS("at most 3 that are present", arg.max_pages = 3; arg.category_mask = IS_PRESENT);
	SAYS("at most 2 that are present", arg.max_pages = 2; arg.category_mask = IS_PRESENT);
	SAYS("at most ~0 pages", arg.max_pages = ~0ull);
	SAYS("at most 1 region", arg.vec_len = 1);
	SAYS("at most 2 regions", arg.vec_len = 2);
	SAYS("at most 2 regions of 4 pages", arg.vec_len = 2; arg.max_pages = 4);
	SAYS("at most 1 region of written", arg.vec_len = 1; arg.return_mask = IS_WRITTEN);
	SAYS("at most 2 that are present, as they are", arg.vec_len = 2;
	     arg.category_mask = IS_PRESENT);
	SAYS("no regions", arg.vec = arg.vec_len = 0);
	SAYS("no room for regions", arg.vec_len = 0);
}

/* More regions than any buffer of the kernel has. */
static void finds_many(void)
{
	enum { MANY = 1600 };
	static struct scan_region many[MANY];
	char *q = mmap(room_at, MANY * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	struct scan_arg arg = scan_of(q, MANY);
	size_t wrong = 0;
	long n;

	room_at += 2 * MANY * PAGE;
	for (size_t i = 0; i < MANY; i += 2)
		q[i * PAGE] = 1;
	arg.vec = (uintptr_t)many;
	arg.vec_len = MANY;
	n = ioctl(scan_map, SCAN, &arg);
	for (long i = 0; i < n; i++)
		wrong += many[i].start != (uintptr_t)q + (size_t)i * PAGE ||
			 many[i].end != many[i].start + PAGE ||
			 (many[i].categories & IS_PRESENT) != (i % 2 ? 0 : IS_PRESENT);
	say("%ld regions, %zu wrong\n", n, wrong);
	arg.category_mask = IS_PRESENT;
	arg.vec_len = 700;
	n = ioctl(scan_map, SCAN, &arg);
	say("%ld of those present, to %ld\n", n, (long)(arg.walk_end - arg.start) / (long)PAGE);
	arg.vec_len = MANY;
	arg.max_pages = 700;
	n = ioctl(scan_map, SCAN, &arg);
	say("%ld of those present, to %ld\n", n, (long)(arg.walk_end - arg.start) / (long)PAGE);
}

static void refused(void)
{
	begin();
	SAYS("size 0", arg.size = 0);
	SAYS("size 95", arg.size--);
	SAYS("size 104", arg.size += 8);
	SAYS("size 1 MiB", arg.size = MIB);
	SAYS("flag 4", arg.flags = 4);
	SAYS("high flag", arg.flags = 1ull << 40);
	SAYS("category 1 << 9", arg.category_mask = 1 << 9);
	SAYS("inverted 1 << 9", arg.category_inverted = 1 << 9);
	SAYS("any of 1 << 9", arg.category_anyof_mask = 1 << 9);
	SAYS("return 1 << 63", arg.return_mask = 1ull << 63);
	SAYS("start + 1", arg.start++);
	SAYS("start + 1 to nowhere", arg.start++; arg.end = 0);
	SAYS("end < start", arg.end = arg.start - PAGE);
	SAYS("end = start - 1", arg.end = arg.start - 1);
	SAYS("end 2^63", arg.end = 1ull << 63);
	SAYS("end 2^64 - 1", arg.end = ~0ull);
	SAYS("nothing at 2^63", arg.start = arg.end = 1ull << 63);
	SAYS("nothing at the last page", arg.start = arg.end = -PAGE);
	SAYS("no vec for its length", arg.vec = 0);
	SAYS("vec 2^63, none long", arg.vec = 1ull << 63; arg.vec_len = 0);
	SAYS("vec 2^63", arg.vec = 1ull << 63);
	SAYS("vec 2^64 - 1", arg.vec = ~0ull; arg.vec_len = 0);
	SAYS("vec_len 2^64 - 1", arg.vec_len = ~0ull);
	SAYS("vec_len 2^64 / 24", arg.vec_len = ~0ull / 24 + 1);
	SAYS("vec_len 2^61", arg.vec_len = 1ull << 61);
	SAYS("vec_len 2^33", arg.vec_len = 1ull << 33);
	SAYS("vec 16", arg.vec = 16);
	SAYS("vec 16, for nothing", arg.vec = 16; arg.category_mask = IS_HUGE);
	SAYS("vec 16, two regions", arg.vec = 16; arg.vec_len = 2);
	SAYS("flags and the end", arg.flags = 4; arg.end = ~0ull);
	SAYS("end and vec", arg.end = ~0ull; arg.vec = 0);
	SAYS("vec and start", arg.vec = 0; arg.start++);
	result("ioctl of nothing", ioctl(scan_map, SCAN, 16));
	result("ioctl 0", ioctl(scan_map, 0, 0));
	result("ioctl of another size", ioctl(scan_map, SCAN ^ 0x80000, 0));
}

/* What another process has, and what is left of one. */
static void of_another(void)
{
	int own = scan_map, ready[2];
	char path[64], byte;
	pid_t child;

	begin();
	MUST(pipe(ready));
	child = fork();
	if (child == 0) {
		p[7 * PAGE] = 1;
		p[2 * PAGE] = 1;
		must_be("write", write(ready[1], "x", 1), 1);
		pause();
		_exit(1);
	}
	must_be("read", read(ready[0], &byte, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", child);
	scan_map = open(path, O_RDONLY);
	SAYS("child");
	kill(child, SIGKILL);
	must_be("waitpid", waitpid(child, NULL, 0), child);
	SAYS("dead child");
	SAYS("dead child, and a flag", arg.flags = 4);
	result("ioctl 0 of a dead child", ioctl(scan_map, 0, 0));
	close(scan_map);
	scan_map = open("/proc/self/pagemap", O_PATH);
	SAYS("path");
	close(scan_map);
	scan_map = open("/proc/self/maps", O_RDONLY);
	SAYS("maps");
	close(scan_map);
	scan_map = own;
}

/* ---- memory that is registered ---- */

static void protects(void)
{
	begin();
	memset(p, 1, ROOM * PAGE);
	SAYS("none is registered", arg.flags = SCAN_PROTECTS);
	SAYS("none may be", arg.flags = SCAN_PROTECTS | SCAN_CHECKS);
	SAYS("none may be looked at", arg.flags = SCAN_CHECKS);
	MUST(uffd_register(uffd, p, 8 * PAGE, UFFD_WP));
	SAYS("registered");
	SAYS("registered, checked", arg.flags = SCAN_CHECKS);
	SAYS("a part", arg.flags = SCAN_PROTECTS | SCAN_CHECKS; arg.end = arg.start + 2 * PAGE);
	SAYS("all");
	SAYS("too much", arg.flags = SCAN_PROTECTS | SCAN_CHECKS);
	SAYS("all");
	p[3 * PAGE] = 2;
	p[0] = 3;
	SAYS("written", arg.category_mask = IS_WRITTEN | IS_WPALLOWED);
	SAYS("written, at most 1", arg.flags = SCAN_PROTECTS; arg.max_pages = 1;
	     arg.category_mask = IS_WRITTEN);
	SAYS("written", arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	SAYS("written", arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	SAYS("written, and registered or not", arg.category_mask = IS_WRITTEN);
	p[5 * PAGE] = 1;
	SAYS("those that are not written", arg.flags = SCAN_PROTECTS;
	     arg.category_mask = arg.category_inverted = IS_WRITTEN);
	SAYS("no regions", arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN;
	     arg.vec_len = 0);
	SAYS("all");
	say("pages have %d %d %d\n", p[0], p[3 * PAGE], p[4 * PAGE]);
}

/* Where writes have to be asked for, a scan protects nothing; what is protected there is not written. */
static void asked(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_UNPOPULATED);
	struct uffdio_writeprotect part;

	p = room();
	memset(p, 1, ROOM * PAGE);
	MUST(uffd_register(fd, p, ROOM * PAGE, UFFD_WP));
	part = (struct uffdio_writeprotect){ { (uintptr_t)p, 4 * PAGE },
					     UFFDIO_WRITEPROTECT_MODE_WP };
	MUST(ioctl(fd, UFFDIO_WRITEPROTECT, &part));
	SAYS("asked");
	SAYS("asked, protected", arg.flags = SCAN_PROTECTS);
	SAYS("asked, checked", arg.flags = SCAN_CHECKS);
	SAYS("asked");
	close(fd);
	SAYS("asked no more");
}

static void in_child_of_fork(void)
{
	int status = 0;
	pid_t child;

	p = room();
	memset(p, 1, ROOM * PAGE);
	MUST(uffd_register(uffd, p, ROOM * PAGE, UFFD_WP));
	SAYS("parent", arg.flags = SCAN_PROTECTS);
	child = fork();
	if (child == 0) {
		scan_map = -1;
		SAYS("child");
		p[0] = 1;
		SAYS("child");
		_exit(7);
	}
	must_be("waitpid", waitpid(child, &status, 0), child);
	p[1 * PAGE] = 1;
	SAYS("parent");
	MUST(uffd_unregister(uffd, p, 4 * PAGE));
	SAYS("a part is registered no more");
	MUST(uffd_register(uffd, p, 4 * PAGE, UFFD_WP));
	SAYS("it is registered anew");
	MUST(mprotect(p + 8 * PAGE, 4 * PAGE, PROT_NONE));
	SAYS("a part is forbidden");
	MUST(mprotect(p + 8 * PAGE, 4 * PAGE, RW));
	SAYS("and allowed");
}

static void of_files(void)
{
	int fd = memfd_create("scan", 0);

	MUST(ftruncate(fd, 4 * PAGE));
	p = room();
	mmap(p, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	mmap(p + 4 * PAGE, 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
	for (int i = 0; i < 4; i++)
		p[i * PAGE] = 1;
	p[5 * PAGE] = 1;
	SAYS("shared", arg.end = arg.start + 4 * PAGE);
	SAYS("private copy", arg.start += 5 * PAGE; arg.end = arg.start + PAGE);
	SAYS("of a file", arg.category_mask = IS_FILE; arg.end = arg.start + 4 * PAGE);
	close(fd);
}

int main(void)
{
	scan_of(p, 0);
	uffd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_ASYNC);
	finds();
	stops();
	finds_many();
	refused();
	of_another();
	protects();
	asked();
	in_child_of_fork();
	of_files();
	return 0;
}
