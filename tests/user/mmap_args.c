/* SPDX-License-Identifier: MIT */
/* R90 in part: what mmap refuses, hints, MAP_FIXED over others, MAP_FIXED_NOREPLACE, and where the
 * kernel puts things. */
#include "t.h"

#define TRY_MAP(...) (line_of(__LINE__), mapped("mmap", mmap(__VA_ARGS__)))
#define HINT	     ((char *)0x1800000000)

static char *p;

static void at(const char *what, void *got, void *want)
{
	say("%s: %s\n", what,
	    got == MAP_FAILED ? strerrorname_np(errno)
	    : got == want     ? "there"
			      : "elsewhere");
}

static void errors(void)
{
	int ro = open("mmap_args.tmp", O_RDONLY | O_CREAT, 0644),
	    wo = open("mmap_args.tmp", O_WRONLY);
	int dir = open("/", O_RDONLY), pipes[2];

	TRY_MAP(NULL, 0, RW, ANON, -1, 0);
	TRY_MAP(NULL, -1ul, RW, ANON, -1, 0);
	TRY_MAP(NULL, -PAGE, RW, ANON, -1, 0);
	TRY_MAP(NULL, 1ul << 63, RW, ANON, -1, 0);
	TRY_MAP(NULL, 256 * GIB, RW, ANON, -1, 0);
	TRY_MAP(NULL, PAGE, RW, 0x20, -1, 0);
	TRY_MAP(NULL, PAGE, RW, ANON, -1, 1);
	TRY_MAP(NULL, PAGE, RW, ANON, -1, -PAGE);
	TRY_MAP(NULL, PAGE, RW, MAP_PRIVATE, -1, 0);
	TRY_MAP(NULL, PAGE, RW, MAP_PRIVATE, 99, 0);
	TRY_MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0);
	TRY_MAP(NULL, PAGE, RW, MAP_SHARED, ro, 0);
	TRY_MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 100);
	TRY_MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0);
	TRY_MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, -PAGE);
	TRY(pipe(pipes));
	TRY_MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0);
	TRY_MAP(NULL, PAGE, RW, MAP_PRIVATE, ro, 0);
	TRY_MAP((void *)1, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	TRY_MAP((void *)(HINT + 5), PAGE, RW, ANON | MAP_FIXED, -1, 0);
	TRY_MAP((void *)0x4000000000, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	TRY_MAP((void *)0x3ffffff000, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	TRY_MAP((void *)0xffffffd000000000, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	TRY_MAP((void *)-PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
}

static void hints(void)
{
	p = mmap(HINT, 4 * PAGE, RW, ANON, -1, 0);
	at("hint that is free", p, HINT);
	memset(p, 'p', 4 * PAGE);
	at("hint that is taken", mmap(HINT, PAGE, RW, ANON, -1, 0), HINT);
	at("hint in the middle of a page", mmap(HINT + GIB + 5, PAGE, RW, ANON, -1, 0), HINT + GIB);
	at("hint beyond the world", mmap((void *)0x5000000000, PAGE, RW, ANON, -1, 0),
	   (void *)0x5000000000);
	at("noreplace over it", mmap(HINT, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), HINT);
	at("noreplace over its end",
	   mmap(HINT + 3 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), HINT);
	at("noreplace beside it",
	   mmap(HINT + 4 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), HINT + 4 * PAGE);
	say("nothing lost: %zu\n", not_all(p, 4 * PAGE, 'p'));
	at("fixed over its middle", mmap(HINT + PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0),
	   HINT + PAGE);
	say("%c %d %d %c\n", p[0], p[PAGE], p[2 * PAGE], p[3 * PAGE]);
	at("fixed and refused", mmap(HINT, PAGE, RW, MAP_PRIVATE | MAP_FIXED, 99, 0), HINT);
	say("nothing lost: %c\n", p[0]);
}

static void own_choice(void)
{
	char *a = mmap(NULL, PAGE, RW, ANON, -1, 0), *b = mmap(NULL, PAGE, RW, ANON, -1, 0);
	char *big = mmap(NULL, 100 * GIB, PROT_NONE, ANON | MAP_NORESERVE, -1, 0), *c;

	say("aligned: %s, downwards: %s\n",
	    ((uintptr_t)a | (uintptr_t)b | (uintptr_t)big) % PAGE ? "no" : "yes",
	    b < a && big < b ? "yes" : "no");
	munmap(a, PAGE);
	c = mmap(NULL, PAGE, RW, ANON, -1, 0);
	say("a hole that fits is used again: %s\n", c == a ? "yes" : "no");
	say("a second 100 GiB: %s\n",
	    mmap(NULL, 100 * GIB, RW, ANON, -1, 0) != MAP_FAILED ? "mapped" : "refused");
	at("a third", mmap(NULL, 100 * GIB, RW, ANON, -1, 0), NULL);
	c = mmap(NULL, 5, RW, ANON | MAP_STACK | MAP_NORESERVE, -1, 0);
	c[PAGE - 1] = 1;
	say("a length of 5 is a page\n");
	c = mmap(NULL, 8 * PAGE, RW, ANON | MAP_POPULATE, -1, 0);
	say("populated: %zu not zero\n", not_all(c, 8 * PAGE, 0));
}

int main(void)
{
	errors();
	hints();
	own_choice();
	return 0;
}
