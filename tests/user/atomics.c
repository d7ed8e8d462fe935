/* SPDX-License-Identifier: MIT */
/* R3 R51 R60: AMO and LR/SC as the first touch of lazy, zero, COW and file pages, and between
 * processes. */
#include "t.h"

static long amoadd(volatile long *p, long v)
{
	long r;

	__asm__ volatile("amoadd.d.aqrl %0, %1, (%2)" : "=r"(r) : "r"(v), "r"(p) : "memory");
	return r;
}

static long amoswap(volatile int *p, long v)
{
	long r;

	__asm__ volatile("amoswap.w %0, %1, (%2)" : "=r"(r) : "r"(v), "r"(p) : "memory");
	return r;
}

static long lrsc_add(volatile long *p, long v)
{
	long r, t;

	__asm__ volatile("1: lr.d %0, (%3)\n\tadd %1, %0, %2\n\tsc.d %1, %1, (%3)\n\tbnez %1, 1b"
			 : "=&r"(r), "=&r"(t)
			 : "r"(v), "r"(p)
			 : "memory");
	return r;
}

static int child(void *mem)
{
	volatile long *p = mem;

	say("child: %ld %ld %ld\n", amoadd(p, 100), lrsc_add(p + 512, 100),
	    amoswap((volatile int *)(p + 1024), 100));
	say("child sees %ld %ld %ld\n", p[0], p[512], p[1024]);
	return 0;
}

static int adds(void *mem)
{
	for (int i = 0; i < 30000; i++) {
		lrsc_add(mem, 1);
		amoadd((long *)mem + 1, 2);
	}
	return 0;
}

int main(void)
{
	volatile long *p = (long *)anon(8 * PAGE), *z = (long *)anon(4 * PAGE), *s;
	int fd;

	say("lazy: %ld %ld %ld\n", amoadd(p, 1), lrsc_add(p + 512, 2),
	    amoswap((volatile int *)(p + 1024), 3));
	say("zero page first: %ld %ld\n", z[0] + z[512], amoadd(z, 5) + lrsc_add(z + 512, 6));
	say("now: %ld %ld %ld %ld %ld\n", p[0], p[512], p[1024], z[0], z[512]);
	in_child("child", child, (void *)p);
	say("parent: %ld %ld %ld\n", p[0], p[512], p[1024]);
	make_file("atomics.tmp", 2 * PAGE);
	fd = open("atomics.tmp", O_RDONLY);
	s = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	say("file: %#lx %#lx\n", amoadd(s, 1), lrsc_add(s + 512, 1));
	say("now: %#lx %#lx\n", s[0], s[512]);
	s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(adds((void *)s));
	while (wait(NULL) > 0)
		continue;
	say("by four processes: %ld %ld\n", s[0], s[1]);
	return 0;
}
