/* SPDX-License-Identifier: MIT */
/* R60 R100 in part: shared anonymous memory is one for parent, children and grandchildren; never
 * the zero page. */
#include "t.h"

#define N 16

static volatile int *p;

static int grandchild(void *unused)
{
	(void)unused;
	__atomic_fetch_add(&p[1], 100, __ATOMIC_SEQ_CST);
	p[3 * PAGE / 4] = 33;
	return 0;
}

static int child(void *unused)
{
	(void)unused;
	say("child sees %d, untouched %d\n", p[0], p[2 * PAGE / 4]);
	p[0] = 2;
	p[2 * PAGE / 4] = 22;
	in_child("grandchild", grandchild, NULL);
	return 0;
}

static int adds(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20000; i++)
		__atomic_fetch_add(&p[8], 1, __ATOMIC_SEQ_CST);
	return 0;
}

int main(void)
{
	char *m = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, bad = 0;

	p = (volatile int *)m;
	say("fresh: %zu not zero\n", not_all(m, N * PAGE, 0));
	p[0] = 1;
	in_child("child", child, NULL);
	say("parent sees %d %d %d %d\n", p[0], p[1], p[2 * PAGE / 4], p[3 * PAGE / 4]);
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(adds(NULL));
	while (wait(&status) > 0)
		bad += status != 0;
	say("added by four: %d, bad %d\n", p[8], bad);
	TRY(mprotect(m, PAGE, PROT_READ));
	say("read-only: %d\n", p[0]);
	TRY(mprotect(m, PAGE, RW));
	p[0]++;
	TRY(munmap(m + 2 * PAGE, PAGE));
	TRY(madvise(m, PAGE, MADV_DONTNEED));
	say("still there after DONTNEED: %d %d\n", p[0], p[3 * PAGE / 4]);
	return 0;
}
