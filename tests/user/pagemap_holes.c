/* SPDX-License-Identifier: MIT */
/* R232: PAGEMAP_SCAN of memory that nobody has touched: holes are written until they are protected, and then no longer. */
#include "scan.h"

#define TABLES 4
#define BLOCK  512ul /* pages of a table */

static char *p;
static int uffd;

#define SAYS(what, n, ...)                           \
	do {                                         \
		struct scan_arg arg = scan_of(p, n); \
		__VA_ARGS__;                         \
		scan_says(what, arg);                \
	} while (0)

static void begin(size_t npages)
{
	static char *at = (char *)0x1500000000;

	p = mmap(at, npages * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	at += 2 * npages * PAGE;
	MUST(madvise(p, npages * PAGE, MADV_NOHUGEPAGE));
	MUST(uffd_register(uffd, p, npages * PAGE, UFFD_WP));
}

/* Beside pages that are there. */
static void beside(void)
{
	begin(ROOM);
	p[3 * PAGE] = 1;
	SAYS("a page among holes", ROOM);
	SAYS("pages only", ROOM, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_PRESENT);
	SAYS("holes", ROOM);
	SAYS("at most 2", ROOM, arg.flags = SCAN_PROTECTS; arg.max_pages = 2;
	     arg.category_mask = IS_WRITTEN);
	SAYS("two", ROOM);
	SAYS("all", ROOM, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	SAYS("none", ROOM, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	SAYS("all", ROOM);
	p[5 * PAGE] = 1;
	(void)*(volatile char *)(p + 7 * PAGE);
	SAYS("5 is written, 7 is read", ROOM);
	p[7 * PAGE] = 1;
	SAYS("7 is written", ROOM, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	SAYS("all", ROOM);
	MUST(madvise(p + 2 * PAGE, 2 * PAGE, MADV_DONTNEED));
	SAYS("2 and 3 are dropped", ROOM);
	p[3 * PAGE] = 1;
	SAYS("3 is written", ROOM);
	SAYS("untold", ROOM, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN;
	     arg.vec_len = 0);
	SAYS("all", ROOM);
	MUST(uffd_unregister(uffd, p, 2 * PAGE));
	SAYS("0 and 1 are registered no more", ROOM);
	MUST(uffd_register(uffd, p, 2 * PAGE, UFFD_WP));
	SAYS("and anew", ROOM);
	say("pages have %d %d %d\n", p[3 * PAGE], p[5 * PAGE], p[9 * PAGE]);
}

/* Where there is not even a table. */
static void alone(void)
{
	begin(TABLES * BLOCK);
	SAYS("nothing", TABLES * BLOCK);
	SAYS("a part", TABLES * BLOCK, arg.flags = SCAN_PROTECTS; arg.start += 700 * PAGE;
	     arg.max_pages = 900; arg.category_mask = IS_WRITTEN);
	SAYS("all", TABLES * BLOCK);
	p[900 * PAGE] = 1;
	p[2 * PAGE] = 1;
	SAYS("two are written", TABLES * BLOCK);
	SAYS("all", TABLES * BLOCK, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	SAYS("all", TABLES * BLOCK);
	begin(TABLES * BLOCK);
	SAYS("untold", TABLES * BLOCK, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN;
	     arg.vec_len = 0);
	SAYS("all", TABLES * BLOCK);
}

/* A child has no marks that count; the parent keeps them. */
static void forks(void)
{
	int status = 0;
	pid_t child;

	begin(ROOM);
	p[0] = 1;
	SAYS("parent", ROOM, arg.flags = SCAN_PROTECTS);
	child = fork();
	if (child == 0) {
		scan_map = -1;
		(void)scan_of(p, 0);
		p[4 * PAGE] = 1;
		SAYS("child", ROOM, arg.category_mask = IS_PRESENT);
		_exit(p[5 * PAGE]);
	}
	must_be("waitpid", waitpid(child, &status, 0), child);
	SAYS("parent", ROOM);
	MUST(mprotect(p, ROOM * PAGE, PROT_READ));
	MUST(mprotect(p, ROOM * PAGE, RW));
	SAYS("forbidden, and allowed", ROOM);
	p[4 * PAGE] = 1;
	SAYS("4 is written", ROOM);
}

/* Shared memory: what each mapping has protected is its own. */
static void shared(void)
{
	int fd = memfd_create("scan", 0);
	char *other;

	begin(ROOM);
	MUST(ftruncate(fd, ROOM * PAGE));
	mmap(p, ROOM * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	other = mmap(NULL, ROOM * PAGE, RW, MAP_SHARED, fd, 0);
	MUST(uffd_register(uffd, p, ROOM * PAGE, UFFD_WP));
	p[2 * PAGE] = 1;
	SAYS("shared", ROOM);
	SAYS("protected", ROOM, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	other[2 * PAGE] = 2; /* nobody sees that here */
	other[3 * PAGE] = 2;
	p[4 * PAGE] = 2;
	SAYS("by another mapping", ROOM);
	p[2 * PAGE] = 3;
	p[3 * PAGE] = 3;
	SAYS("by this one", ROOM, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	SAYS("all", ROOM);
	MUST(madvise(p + 2 * PAGE, 2 * PAGE, MADV_DONTNEED));
	SAYS("not mapped any more", ROOM);
	SAYS("none", ROOM, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	p[2 * PAGE] = 4;
	SAYS("written", ROOM, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
	say("pages have %d %d %d\n", other[2 * PAGE], other[3 * PAGE], other[4 * PAGE]);
	close(fd);
}

static void poisoned(void)
{
	struct {
		struct uffdio_range range;
		uint64_t mode;
		int64_t updated;
	} arg;

	begin(ROOM);
	arg.range = (struct uffdio_range){ (uintptr_t)p + PAGE, PAGE };
	arg.mode = 0;
	MUST(ioctl(uffd, 0xc020aa08u /* UFFDIO_POISON */, &arg));
	SAYS("poisoned", ROOM);
	SAYS("protected", ROOM, arg.flags = SCAN_PROTECTS; arg.category_mask = IS_WRITTEN);
}

int main(void)
{
	scan_of(p, 0);
	uffd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_ASYNC);
	beside();
	alone();
	forks();
	shared();
	poisoned();
	return 0;
}
