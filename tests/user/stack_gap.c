/* SPDX-License-Identifier: MIT */
/* R30: what is mapped below the stack bounds its growth, with a gap of 256 pages that is never
 * filled. */
#include "t.h"

#include <sys/resource.h>

static char *sp; /* page of the stack pointer in main */
static long dist;

/* The first address above the stack's VMA. */
static char *end_of_stack(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, end = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "[stack]"))
			sscanf(line, "%lx-%lx", &start, &end);
	if (f)
		fclose(f);
	return (char *)end;
}

static int touch(void *p)
{
	*(volatile char *)p = 1;
	return 0;
}

static void at(const char *what, char *p)
{
	in_child(what, touch, p);
}

/* All of the limit is to be had, whatever was mapped where the kernel chose. */
static void limit(size_t bytes)
{
	at("the last page of the limit", end_of_stack() - bytes);
	at("one page more", end_of_stack() - bytes - PAGE);
}

int main(int argc, char **argv)
{
	char *wall;

	if (argc > 1) {
		say("one was mapped: %d\n", mmap(NULL, PAGE, RW, ANON, -1, 0) != MAP_FAILED);
		limit(512 * MIB);
		return 0;
	}

	sp = (char *)((uintptr_t)__builtin_frame_address(0) & -PAGE);
	at("3 MiB below", sp - 3 * MIB);
	wall = mmap(sp - 4 * MIB, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	say("a wall 4 MiB below: %s\n", wall == sp - 4 * MIB ? "there" : "no");
	at("on the wall", wall);
	at("just above the wall", wall + PAGE);
	at("255 pages above it", wall + 256 * PAGE);
	at("256 pages above it", wall + 257 * PAGE);
	at("just below the wall", wall - PAGE);
	mprotect(wall, PAGE, PROT_NONE);
	at("no gap to PROT_NONE: just above", wall + PAGE);
	munmap(wall, PAGE);
	at("without it, where it was", wall);
	dist = 0;
	for (int i = 0; i < 64; i++) {
		char *p = mmap(NULL, 64 * MIB, PROT_NONE, ANON, -1, 0);

		dist += p > sp || (p + 64 * MIB > sp - 8 * MIB);
	}
	say("own choices of the kernel in the stack's room: %ld of 64\n", dist);
	at("and 7 MiB below is still to be had", sp - 7 * MIB);
	limit(8 * MIB);
	if (fork() == 0) {
		setrlimit(RLIMIT_STACK, &(struct rlimit){ 512 * MIB, RLIM_INFINITY });
		execl(argv[0], argv[0], "512", NULL);
	}
	wait(NULL);
	return 0;
}
