/* SPDX-License-Identifier: MIT */
/* R230: UFFDIO_MOVE there and back, of pieces with pages at both places, of zeros and holes, and of halves of superpages. */
#include "uffd_objects.h"

#ifndef UFFDIO_MOVE
#define UFFD_FEATURE_MOVE		 (1 << 16)
#define UFFDIO_MOVE_MODE_DONTWAKE	 1
#define UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES 2
#define UFFDIO_MOVE			 _IOWR(UFFDIO, 5, struct uffdio_move)
struct uffdio_move {
	__u64 dst, src, len, mode;
	__s64 move;
};
#endif

#define HOLES	UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES
#define MISSING UFFDIO_REGISTER_MODE_MISSING
#define LARGE	(2 * MIB)

static int fd;

static void move(char *to, char *from, size_t len, uint64_t mode)
{
	struct uffdio_move arg = {
		.dst = (uintptr_t)to, .src = (uintptr_t)from, .len = len, .mode = mode, .move = 77
	};

	TRY(ioctl(fd, UFFDIO_MOVE, &arg));
	if (arg.move != (int64_t)len)
		say("moved %ld\n", (long)arg.move);
}

/* What is there: the first byte of each page; '0' for zeros, '.' for no page. */
static void tell(const char *what, char *p, int n)
{
	char line[64] = { 0 };
	unsigned char there[64];

	MUST(mincore(p, (size_t)n * PAGE, there));
	for (int i = 0; i < n; i++)
		line[i] = !(there[i] & 1) ? '.' : p[i * (long)PAGE] ?: '0';
	say("%s: %s\n", what, line);
}

/* Two registered rooms; the second one has pages 'a' to 'h'. */
static void set_up(char **to, char **from)
{
	fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_MOVE);
	*to = missing_room(fd);
	*from = room();
	for (int i = 0; i < 8; i++)
		(*from)[i * PAGE] = (char)('a' + i);
	MUST(uffd_register(fd, *from, ROOM * PAGE, MISSING));
}

static void there_and_back(void)
{
	char *a, *b;

	set_up(&a, &b);
	for (int i = 0; i < 5; i++) {
		move(a + i * PAGE, b, 4 * PAGE, 0);
		a[i * PAGE] = (char)('0' + i);
		move(b, a + i * PAGE, 4 * PAGE, 0);
	}
	tell("there", a, ROOM);
	tell("back", b, ROOM);
	move(b + 8 * PAGE, b, 8 * PAGE, 0); /* within one mapping */
	tell("on", b, ROOM);
	move(b + 4 * PAGE, b + 8 * PAGE, 8 * PAGE, 0); /* that overlap: one is there */
	tell("overlapping", b, ROOM);
	move(b + 8 * PAGE, b + 8 * PAGE, PAGE, 0); /* onto itself */
	tell("at last", b, ROOM);
	close(fd);
}

/* A page that comes to a place in the range is moved on from there. */
static void carried(uint64_t mode)
{
	char *a, *b;

	set_up(&a, &b);
	UFFD(uffd_copy(fd, a, page_of('c'), PAGE, 0));
	UFFD(uffd_copy(fd, a + PAGE, page_of('d'), PAGE, 0));
	UFFD(uffd_copy(fd, a + 2 * PAGE, page_of('e'), PAGE, 0));
	move(a + 3 * PAGE, a, 9 * PAGE, mode);
	tell("carried", a, ROOM - 1);
	close(fd);
}

/* Where a page is in the way, or none is there, in the middle. */
static void pieces(void)
{
	char *a, *b;

	set_up(&a, &b);
	UFFD(uffd_zero(fd, a + 3 * PAGE, PAGE, 0));
	move(a, b, 6 * PAGE, 0);
	tell("in the way", a, ROOM);
	move(a, b + 3 * PAGE, PAGE, 0);
	move(a + 4 * PAGE, b + 3 * PAGE, 3 * PAGE, 0);
	tell("there", a, ROOM);
	tell("left", b, ROOM);
	move(a + 7 * PAGE, b + 4 * PAGE, 4 * PAGE, 0); /* two holes first */
	move(a + 7 * PAGE, b + 4 * PAGE, 4 * PAGE, HOLES);
	tell("there", a, ROOM);
	move(a + 11 * PAGE, b, 4 * PAGE, HOLES); /* nothing but holes */
	tell("left", b, ROOM);
	tell("there", a, ROOM);
	move(a + 9 * PAGE, b + 4 * PAGE, PAGE, HOLES); /* a hole, where a page is */
	close(fd);
}

static void zeros(void)
{
	char *a, *b;

	set_up(&a, &b);
	UFFD(uffd_zero(fd, b + 8 * PAGE, 4 * PAGE, 0));
	b[9 * PAGE] = 'w';
	move(a, b + 6 * PAGE, 8 * PAGE, 0);
	tell("there", a, ROOM);
	move(a + 6 * PAGE, b + 12 * PAGE, 4 * PAGE, HOLES);
	move(b + 6 * PAGE, a, 6 * PAGE, 0);
	tell("back", b, ROOM);
	b[8 * PAGE] = 'v';
	tell("written", b, ROOM);
	close(fd);
}

/* A page that has been moved is the thread's that waits for it. */
static void *touch_there(void *at)
{
	return (void *)(long)*(volatile char *)at;
}

static void waiters(void)
{
	pthread_t thread;
	char *a, *b;

	set_up(&a, &b);
	for (int i = 0; i < 3; i++) {
		thread = start(touch_there, a + PAGE);
		next_message(fd, a);
		move(a + PAGE, b + PAGE, PAGE, 0);
		say("found %c\n", (char)(long)join(thread));
		thread = start(touch_there, b + PAGE);
		next_message(fd, b);
		move(b + PAGE, a + PAGE, PAGE, UFFDIO_MOVE_MODE_DONTWAKE);
		say("waits: %d\n", pending_of(fd, false) == 0);
		UFFD(uffd_wake(fd, b + PAGE, PAGE));
		say("found %c\n", (char)(long)join(thread));
	}
	thread = start(touch_there, a + 3 * PAGE); /* a hole that is moved wakes, too */
	next_message(fd, a);
	move(a + 3 * PAGE, b + 9 * PAGE, PAGE, HOLES);
	next_message(fd, a);
	move(a + 3 * PAGE, b + 3 * PAGE, PAGE, 0);
	say("found %c\n", (char)(long)join(thread));
	close(fd);
}

/* A page that was a child's, too, and is nobody else's since it was written. */
static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void after_a_child(void)
{
	char *a, *b;

	set_up(&a, &b);
	in_child("child", nothing, NULL);
	for (int i = 0; i < 8; i++)
		b[i * PAGE] = (char)('A' + i);
	move(a, b, 8 * PAGE, 0);
	in_child("child", nothing, NULL);
	for (int i = 0; i < 8; i++)
		a[i * PAGE] = (char)('p' + i);
	move(b, a, 8 * PAGE, 0);
	tell("back", b, ROOM);
	close(fd);
}

/* Other memory: read-only, locked, with other permissions, not registered at its old place. */
static void kinds(void)
{
	char *a, *b, *c = room();

	set_up(&a, &b);
	for (int i = 0; i < 4; i++)
		c[i * PAGE] = (char)('m' + i);
	move(a, c, 2 * PAGE, 0); /* which is not registered */
	move(c, a, PAGE, 0);
	MUST(mprotect(b, 2 * PAGE, PROT_READ));
	MUST(mprotect(a + 2 * PAGE, 2 * PAGE, PROT_READ));
	move(a + 2 * PAGE, b, PAGE, 0);
	move(a + 4 * PAGE, b, PAGE, 0);
	move(a + 4 * PAGE, b + PAGE, 2 * PAGE, 0);
	MUST(mprotect(b, 2 * PAGE, RW));
	MUST(mprotect(a + 2 * PAGE, 2 * PAGE, RW));
	move(a + 2 * PAGE, b, 2 * PAGE, 0);
	MUST(mlock2(b + 2 * PAGE, PAGE, MLOCK_ONFAULT));
	MUST(mlock2(a + 5 * PAGE, PAGE, MLOCK_ONFAULT));
	move(a + 5 * PAGE, b + 2 * PAGE, PAGE, 0);
	tell("there", a, ROOM);
	close(fd);
}

/* Halves of blocks of 2 MiB, which a superpage may map, from and to the middle. */
static void halves(void)
{
	char *area = mmap((char *)0x1500000000, 4 * LARGE, RW, ANON | MAP_FIXED, -1, 0),
	     *b = area + 2 * LARGE;
	unsigned wrong = 0;

	fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_MOVE);
	madvise(b, 2 * LARGE, MADV_HUGEPAGE);
	for (size_t i = 0; i < 2 * LARGE / PAGE; i++)
		*(unsigned *)(b + i * PAGE) = (unsigned)i + 1;
	MUST(uffd_register(fd, area, 2 * LARGE, MISSING));
	move(area + LARGE / 2, b + LARGE / 2, LARGE,
	     0); /* the second half, and the first one of the next */
	for (size_t i = LARGE / 2 / PAGE; i < 3 * LARGE / 2 / PAGE; i++)
		wrong += *(unsigned *)(area + i * PAGE) != i + 1;
	for (size_t i = 0; i < LARGE / 2 / PAGE; i++)
		wrong += *(unsigned *)(b + i * PAGE) != i + 1;
	for (size_t i = LARGE / 2 / PAGE; i < 3 * LARGE / 2 / PAGE; i++)
		wrong += *(unsigned *)(b + i * PAGE) != 0;
	say("wrong: %u\n", wrong);
	madvise(b + LARGE / 2, LARGE, MADV_DONTNEED);
	move(area + 7 * PAGE, b + 3 * LARGE / 2 + 9 * PAGE, 11 * PAGE,
	     0); /* at other places of their blocks */
	for (size_t i = 0; i < 11; i++)
		wrong += *(unsigned *)(area + (7 + i) * PAGE) != 3 * LARGE / 2 / PAGE + 9 + i + 1;
	say("wrong: %u\n", wrong);
	move(area, b, 10 * PAGE, 0); /* up to where one is */
	munmap(area, 4 * LARGE);
	close(fd);
}

int main(void)
{
	there_and_back();
	carried(0);
	carried(HOLES);
	pieces();
	zeros();
	waiters();
	after_a_child();
	kinds();
	halves();
	return 0;
}
