/* SPDX-License-Identifier: MIT */
/* R230: UFFDIO_MOVE: a fault is resolved with a page of the program's own memory, which is not copied. */
#include "uffd.h"

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

#define HOLES UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES

static int uffd_move(int fd, const void *to, const void *from, size_t len, uint64_t mode)
{
	struct uffdio_move arg = {
		.dst = (uintptr_t)to, .src = (uintptr_t)from, .len = len, .mode = mode, .move = 77
	};
	int err = ioctl(fd, UFFDIO_MOVE, &arg);

	uffd_done = arg.move;
	return err;
}

/* Asks, and says how far it went. */
#define MOVE(...)                                                        \
	do {                                                             \
		UFFD(uffd_move(__VA_ARGS__));                            \
		say("done %ld\n", uffd_done < 0 ? -1 : (long)uffd_done); \
	} while (0)

/* Memory of which page i has 'a' + i. */
static char *source(void)
{
	char *p = room();

	for (int i = 0; i < ROOM; i++)
		p[i * PAGE + 3] = (char)('a' + i);
	return p;
}

static void *touch(void *at)
{
	return (void *)(long)*(volatile char *)at;
}

static void moves(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_MOVE);
	char *to = missing_room(fd), *from = source();
	pthread_t thread = start(touch, to + PAGE + 3);

	next_message(fd, to);
	MOVE(fd, to + PAGE, from, PAGE, 0);
	say("found %c, left %d\n", (char)(long)join(thread), from[3]);
	MOVE(fd, to + 2 * PAGE, from + 2 * PAGE, 4 * PAGE, 0);
	for (int i = 2; i < 6; i++) {
		to[i * PAGE] = '!';
		say("%c%c%d ", to[i * PAGE], to[i * PAGE + 3], from[i * PAGE + 3]);
	}
	say("\n");
	close(fd);
}

/* Where it stops. */
static void parts(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_MOVE);
	char *to = missing_room(fd), *from = source();

	MOVE(fd, to + 2 * PAGE, from, PAGE, 0);
	MOVE(fd, to, from + PAGE, 4 * PAGE, 0); /* one is there */
	MOVE(fd, to + 2 * PAGE, from + 3 * PAGE, PAGE, 0);
	MOVE(fd, to + 3 * PAGE, from + PAGE, PAGE, 0); /* nothing is there */
	MOVE(fd, to + 3 * PAGE, from, 4 * PAGE, HOLES);
	say("there %c\n", to[6 * PAGE + 3]);
	MOVE(fd, to + 8 * PAGE, from + 14 * PAGE, 4 * PAGE, 0); /* past its end */
	MOVE(fd, to + 14 * PAGE, from + 8 * PAGE, 4 * PAGE, 0);
	close(fd);
}

static void refused(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_MOVE), other = uffd_open(O_NONBLOCK, 0);
	char *to = missing_room(fd), *from = source(), *shared;

	UFFD(uffd_move(fd, to + 1, from, PAGE, 0));
	UFFD(uffd_move(fd, to, from + 1, PAGE, 0));
	UFFD(uffd_move(fd, to, from, 0, 0));
	UFFD(uffd_move(fd, to, from, PAGE + 1, 0));
	UFFD(uffd_move(fd, to, from, PAGE, 4));
	UFFD(uffd_move(other, to, from, PAGE, 0)); /* not registered with it */
	UFFD(uffd_move(fd, from, from + PAGE, PAGE, 0));
	UFFD(uffd_move(fd, to, to + 3 * ROOM * PAGE, PAGE, 0));
	UFFD(uffd_move(fd, to + 3 * ROOM * PAGE, from, PAGE, 0));
	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared[0] = 1;
	UFFD(uffd_move(fd, to, shared, PAGE, 0));
	MUST(mprotect(from + PAGE, PAGE, PROT_READ));
	UFFD(uffd_move(fd, to, from + PAGE, PAGE, 0));
	MUST(mlock(from + 3 * PAGE, PAGE));
	UFFD(uffd_move(fd, to, from + 3 * PAGE, PAGE, 0));
	UFFD(uffd_move(fd, to, from + 5 * PAGE, PAGE, 0));
	close(fd);
	close(other);
}

/* A page that a child has, too, is not moved. (On Linux, nor is one of which the child has gone, before a write finds that out.) */
static void shares(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_MOVE), go[2];
	char *to = missing_room(fd), *from = source(), byte;
	pid_t child;

	MUST(pipe(go));
	child = fork();
	if (child == 0) {
		close(go[1]);
		_exit(read(go[0], &byte, 1) == 0 && from[3] == 'a' ? 7 : 8);
	}
	MOVE(fd, to, from, 2 * PAGE, 0);
	close(go[0]);
	close(go[1]);
	waitpid(child, NULL, 0);
	from[3] = 'A';
	from[PAGE + 3] = 'B';
	MOVE(fd, to, from, 2 * PAGE, 0);
	say("there %c%c\n", to[3], to[PAGE + 3]);
	close(fd);
}

/* Zeros that were only read, and what comes of the old place. */
static void zeros(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_MOVE);
	char *to = missing_room(fd), *from = room();

	say("reads %d\n", from[0]);
	MOVE(fd, to, from, PAGE, 0);
	say("reads %d and %d\n", to[0], from[0]);
	from[5] = 'n';
	to[5] = 'm';
	say("wrote %c and %c\n", to[5], from[5]);
	MOVE(fd, to, from, PAGE, 0);
	close(fd);
}

int main(void)
{
	moves();
	parts();
	refused();
	shares();
	zeros();
	return 0;
}
