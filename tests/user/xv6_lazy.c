/* SPDX-License-Identifier: MIT */
/* R10 R11 R13 R15 R18 R19 R22 R23 R24 R25 R26 R43: the tests of xv6's lab "lazy" (lazytests) and of the lazy
 * sbrk that xv6 has had since: a heap of a GiB of which a page here and there is touched. */
#include "t.h"

#define REGION GIB

static char *heap_grow(size_t n)
{
	char *p = sbrk((intptr_t)n);

	if (p == (char *)-1) {
		say("sbrk: %s\n", strerrorname_np(errno));
		exit(96);
	}
	return p;
}

/* Each page that is touched holds its own address. */
static void mark(char *from, char *to, size_t step)
{
	for (char *p = from; p < to; p += step)
		*(char *volatile *)p = p;
}

static size_t wrong_marks(char *from, char *to, size_t step)
{
	size_t bad = 0;

	for (char *p = from; p < to; p += step)
		bad += *(char *volatile *)p != p;
	return bad;
}

static int lazy_alloc(void *unused)
{
	char *p = heap_grow(REGION);

	(void)unused;
	mark(p + PAGE, p + REGION, 64 * PAGE);
	say("lazy alloc: %zu wrong, between them %zu\n",
	    wrong_marks(p + PAGE, p + REGION, 64 * PAGE), not_all(p + 64 * PAGE, PAGE, 0));
	return 0;
}

/* Forked once for each page that was touched; it may not be there when the heap is small again. */
static int unmapped(char *p)
{
	int status;

	if (fork() == 0) {
		if (*(char *volatile *)p != p || sbrk(-(intptr_t)REGION) == (void *)-1)
			_exit(2);
		*(char *volatile *)p = p;
		_exit(1);
	}
	wait(&status);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static int lazy_unmap(void *unused)
{
	char *p = heap_grow(REGION);
	int pages = 0, killed = 0;

	(void)unused;
	mark(p + PAGE, p + REGION, PAGE * PAGE);
	for (char *q = p + PAGE; q < p + REGION; q += PAGE * PAGE) {
		pages++;
		killed += unmapped(q);
	}
	say("lazy unmap: %d of %d killed\n", killed, pages);
	return 0;
}

/* The kernel's copies find what was never touched: strings, reads and writes. */
static int lazy_copy(void *unused)
{
	char *p = heap_grow(16 * PAGE), *top = sbrk(0);
	int zero = open("/dev/zero", O_RDONLY), fd[2];

	(void)unused;
	TRY(open(p + 2 * PAGE, O_RDONLY)); /* an empty path */
	TRY(pipe(fd));
	TRY(write(fd[1], p + 4 * PAGE - 100, 200));
	TRY(read(fd[0], p + 6 * PAGE - 100, 200));
	TRY(read(zero, p + 8 * PAGE, 3 * PAGE));
	TRY(read(zero, top - 1, 2));
	TRY(read(zero, top + PAGE, 1));
	TRY(write(fd[1], top + PAGE, 1));
	say("lazy copy: %zu wrong\n", not_all(p, 16 * PAGE, 0));
	return 0;
}

/* Addresses that no process has, and a heap that would end below its start. */
static int lazy_bad(void *unused)
{
	static const unsigned long bad[] = { 0, 0x4000000000, 0x8000000000, -PAGE };
	int zero = open("/dev/zero", O_RDONLY), fd[2], refused = 0;
	char *now = sbrk(0);

	(void)unused;
	if (pipe(fd))
		return 1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		refused += read(zero, (void *)bad[i], 512) == -1 && errno == EFAULT;
		refused += write(fd[1], (void *)bad[i], 512) == -1 && errno == EFAULT;
	}
	say("lazy copy, bad addresses: %d refused\n", refused);
	say("lazy copy, sbrk below 0: %d\n", sbrk(-(intptr_t)now - 1) == (void *)-1);
	say("lazy copy, the break stays: %d\n", sbrk(0) == now);
	return 0;
}

/* The heap grows as far as addresses go, is used at its end, and is given back. */
static int lazy_sbrk(void *unused)
{
	char *start = sbrk(0), *end;
	int gib = 0;

	(void)unused;
	while (gib < 300 && sbrk((intptr_t)GIB) != (void *)-1)
		gib++;
	end = sbrk(0);
	say("lazy sbrk: %d GiB, then %s\n", gib, strerrorname_np(errno));
	mark(end - PAGE * 8, end, PAGE);
	say("lazy sbrk, at the end: %zu wrong\n", wrong_marks(end - PAGE * 8, end, PAGE));
	TRY(sbrk(start - end) == end);
	heap_grow(GIB);
	say("lazy sbrk, grown again: %zu not zero\n", not_all(start, 4 * PAGE, 0));
	memset(start, 'h', 4 * PAGE);
	TRY(brk(start + PAGE + 100));
	TRY(brk(start + 3 * PAGE));
	/* (What Linux shows in the rest of the page, which stayed, is what was there.) */
	say("lazy sbrk, by bytes: %zu gone, %zu not zero\n", not_all(start, PAGE + 100, 'h'),
	    not_all(start + 2 * PAGE, PAGE, 0));
	return 0;
}

/* Blocks of 16 MiB, each touched in one page, which takes a page of tables too: addresses end at 128 MiB, so
 * with less memory it is memory that ends, and their writer is killed. */
static int oom(void *unused)
{
	char **last = NULL, **block;

	(void)unused;
	while ((block = malloc(PAGE * PAGE)) != NULL) {
		*block = (char *)last;
		last = block;
	}
	return 1;
}

/* Takes all, where addresses end before memory does: malloc says so. */
static int out_of_addresses(void *unused)
{
	struct rlimit limit = { GIB, GIB };
	char **last = NULL, **block;
	int blocks = 0;

	(void)unused;
	setrlimit(RLIMIT_AS, &limit);
	while ((block = malloc(PAGE * PAGE)) != NULL) {
		*block = (char *)last;
		last = block;
		blocks++;
	}
	say("out of memory: %d blocks of 16 MiB below RLIMIT_AS, then %s\n", blocks,
	    strerrorname_np(errno));
	while (last) {
		block = (char **)*last;
		free(last);
		last = block;
	}
	return malloc(PAGE * PAGE) == NULL;
}

int main(void)
{
	char *mem;

	in_child("lazy alloc", lazy_alloc, NULL);
	in_child("lazy unmap", lazy_unmap, NULL);
	in_child("lazy copy", lazy_copy, NULL);
	in_child("lazy copy, what is bad", lazy_bad, NULL);
	in_child("lazy sbrk", lazy_sbrk, NULL);
	in_child("out of memory", oom, NULL);
	in_child("out of memory, by limit", out_of_addresses, NULL);
	mem = anon(16 * MIB);
	memset(mem, 1, 16 * MIB);
	say("out of memory: 16 MiB to be had, %zu wrong\n", not_all(mem, 16 * MIB, 1));
	return 0;
}
