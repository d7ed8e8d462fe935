/* SPDX-License-Identifier: MIT */
/* R50 R51 R53: the shared zero page stays zero, whoever writes near it, reads into it or forks
 * over it. */
#include "t.h"

#define N 64

static char bss[N * PAGE];

static size_t sweep(const char *p)
{
	return not_all(p, N * PAGE, 0);
}

static int child(void *arg)
{
	char *p = arg;
	size_t before = sweep(p);

	memset(p + 5 * PAGE, 0xff, PAGE);
	return before != 0 || sweep(p) != PAGE;
}

int main(void)
{
	char *heap = sbrk(N * PAGE), *map = anon(N * PAGE), *other = anon(N * PAGE);
	int fd = open("/dev/zero", O_RDWR), p[2];

	say("fresh: heap %zu, map %zu, bss %zu\n", sweep(heap), sweep(map), sweep(bss));
	for (int i = 0; i < N; i += 2)
		other[i * PAGE + 9] = 'o';
	say("written beside: %zu of %d\n", sweep(other), N / 2);
	say("still: heap %zu, map %zu, bss %zu\n", sweep(heap), sweep(map), sweep(bss));
	in_child("child writes a page", child, map);
	say("the parent's: %zu\n", sweep(map));
	TRY(pipe(p));
	TRY(write(p[1], "hello", 5));
	TRY(read(p[0], map + 7 * PAGE - 2, 5));
	say("read into zero pages: %.5s, others %zu\n", map + 7 * PAGE - 2, sweep(map));
	say("bss %zu, other's odd page %zu\n", sweep(bss), not_all(other + PAGE, PAGE, 0));
	TRY(read(fd, other, N * PAGE));
	say("from /dev/zero: %zu\n", sweep(other));
	fd = open("zeros", O_RDWR | O_CREAT | O_TRUNC, 0600);
	memset(other, 1, N * PAGE);
	TRY(write(fd, bss, N * PAGE));
	TRY(pread(fd, other, N * PAGE, 0));
	say("from zero pages: %zu\n", sweep(other));
	say("at last: heap %zu, bss %zu\n", sweep(heap), sweep(bss));
	return 0;
}
