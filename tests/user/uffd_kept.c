/* SPDX-License-Identifier: MIT */
/* R230: what keeps or drops the write protection of userfaultfd in a child, in memory that moves, and under UFFDIO_MOVE. */
#include "uffd_objects.h"

#ifndef UFFDIO_MOVE
#define UFFD_FEATURE_MOVE		 (1 << 16)
#define UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES 2
#define UFFDIO_MOVE			 _IOWR(UFFDIO, 5, struct uffdio_move)
struct uffdio_move {
	__u64 dst, src, len, mode;
	__s64 move;
};
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define WP	UFFDIO_REGISTER_MODE_WP
#define MISSING UFFDIO_REGISTER_MODE_MISSING
#define ON	UFFDIO_WRITEPROTECT_MODE_WP

static int uffd_protect(int fd, const void *p, size_t len, uint64_t mode)
{
	struct uffdio_writeprotect arg = { .range = { (uintptr_t)p, len }, .mode = mode };

	return ioctl(fd, UFFDIO_WRITEPROTECT, &arg);
}

static int uffd_move(int fd, const void *to, const void *from, size_t len, uint64_t mode)
{
	struct uffdio_move arg = {
		.dst = (uintptr_t)to, .src = (uintptr_t)from, .len = len, .mode = mode, .move = 77
	};
	int err = ioctl(fd, UFFDIO_MOVE, &arg);

	uffd_done = arg.move;
	return err;
}

/* Which pages are protected, by /proc/self/pagemap, and what they have. */
static void marks(const char *when, char *p, int n)
{
	char line[64] = { 0 }, *at = line;
	int map = open("/proc/self/pagemap", O_RDONLY);
	uint64_t word;

	for (int i = 0; i < n; i++) {
		if (pread(map, &word, sizeof(word), ((uintptr_t)p / PAGE + (size_t)i) * 8) != 8)
			_exit(97);
		*at++ = word >> 57 & 1 ? '*' : word >> 62 & 3 ? '+' : '.';
	}
	close(map);
	say("%s: %s\n", when, line);
}

/* Eight pages with 'a' to 'h', the first four protected. */
static char *kept_room(int fd, uint64_t mode)
{
	char *p = room();

	for (int i = 0; i < 8; i++)
		p[i * PAGE] = (char)('a' + i);
	MUST(uffd_register(fd, p, ROOM * PAGE, mode));
	MUST(uffd_protect(fd, p, 4 * PAGE, ON));
	return p;
}

static void *write_there(void *at)
{
	*(volatile char *)at = 'W';
	return NULL;
}

/* A write that waits for that descriptor. */
static void waits(int fd, char *base, int i)
{
	pthread_t thread = start(write_there, base + i * (long)PAGE);

	next_message(fd, base);
	UFFD(uffd_protect(fd, base + i * (long)PAGE, PAGE, 0));
	join(thread);
	say("page %d has %c\n", i, base[i * (long)PAGE]);
}

/* A write that waits for none. */
static void passes(int fd, char *base, int i)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	base[i * (long)PAGE] = 'p';
	say("page %d: no message: %d\n", i, poll(&poll_fd, 1, 0) == 0);
}

/* ---- children ---- */

static char *of_parent;

static int child_looks(void *arg)
{
	(void)arg;
	marks("child", of_parent, 8);
	of_parent[0] = 'C';
	of_parent[6 * PAGE] = 'C';
	marks("child has written", of_parent, 8);
	return of_parent[PAGE] == 'b' ? 7 : 8;
}

static void fork_without_event(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	char *p = of_parent = kept_room(fd, WP);

	marks("parent", p, 8);
	in_child("child", child_looks, NULL);
	marks("parent", p, 8);
	waits(fd, p, 0);
	waits(fd, p, 3);
	passes(fd, p, 6);
	marks("parent", p, 8);
	close(fd);
}

/* A child whose memory is registered, too: it writes to a page that is protected, and to one that is not. */
static pid_t child;

static void *forks(void *arg)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		of_parent[5 * PAGE] = 'C';
		of_parent[PAGE] = 'C';
		of_parent[2 * PAGE] = 'D';
		_exit(of_parent[PAGE] == 'C' && of_parent[2 * PAGE] == 'D' && of_parent[0] == 'a'
			      ? 7
			      : 8);
	}
	child = pid;
	return arg;
}

static void fork_with_event(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	char *p = of_parent = kept_room(fd, WP);
	pthread_t thread = start(forks, NULL);
	struct uffd_msg msg = next_message(fd, p);
	int of_child = (int)msg.arg.fork.ufd, status = 0;

	join(thread);
	next_message(of_child, p);
	UFFD(uffd_protect(of_child, p + PAGE, PAGE, 0));
	next_message(of_child, p);
	UFFD(uffd_protect(of_child, p + 2 * PAGE, PAGE, 0));
	waitpid(child, &status, 0);
	ended("child", status);
	UFFD(uffd_protect(of_child, p, PAGE, ON)); /* whose memory is gone */
	close(of_child);
	marks("parent", p, 8);
	waits(fd, p, 1);
	waits(fd, p, 2);
	passes(fd, p, 5);
	close(fd);
}

/* ---- moves ---- */

static struct {
	char *from, *to;
	size_t old_len, new_len;
	int flags;
} way;

static void *moves(void *arg)
{
	mremap(way.from, way.old_len, way.new_len, MREMAP_MAYMOVE | MREMAP_FIXED | way.flags,
	       way.to);
	return arg;
}

/* mremap, whose event is read if there is one. */
static void move_to(int fd, bool told, char *from, size_t old_len, char *to, size_t new_len,
		    int flags)
{
	pthread_t thread;

	way.from = from;
	way.to = to;
	way.old_len = old_len;
	way.new_len = new_len;
	way.flags = flags;
	thread = start(moves, NULL);
	if (told)
		next_message(fd, from);
	join(thread);
}

static void remaps(bool told, size_t new_len, int flags)
{
	int fd = uffd_open(O_NONBLOCK,
			   UFFD_FEATURE_PAGEFAULT_FLAG_WP | (told ? UFFD_FEATURE_EVENT_REMAP : 0));
	char *p = kept_room(fd, WP), *to = room() + 3 * PAGE;

	say("mremap, %s, to %d pages, flags %d\n", told ? "told" : "not told",
	    (int)(new_len / PAGE), flags);
	move_to(fd, told, p + PAGE, 6 * PAGE, to, new_len, flags);
	marks("moved", to, 6);
	if (told) {
		waits(fd, to, 0);
		passes(fd, to, 4);
	} else {
		passes(fd, to, 0);
		UFFD(uffd_protect(fd, to, PAGE, ON));
		UFFD(uffd_register(fd, to, 6 * PAGE, WP));
		passes(fd, to, 1);
		marks("registered", to, 6);
	}
	UFFD(uffd_protect(fd, to + 2 * PAGE, PAGE, ON));
	waits(fd, to, 2);
	waits(fd, p, 0);
	if (flags) {
		passes(fd, p, 1); /* which has no page, and so no mark */
		marks("left", p, 8);
	}
	/* and back */
	UFFD(uffd_protect(fd, to, 2 * PAGE, ON));
	move_to(fd, told, to, 4 * PAGE, p + PAGE, 4 * PAGE, 0);
	marks("back", p, 8);
	close(fd);
}

/* ---- UFFDIO_MOVE ---- */

/* Its protection does not come along. */
static void moved_pages(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_MOVE);
	char *to = room(), *from = kept_room(fd, WP);

	MUST(uffd_register(fd, to, ROOM * PAGE, WP | MISSING));
	UFFD(uffd_move(fd, to, from, 6 * PAGE, 0));
	marks("moved", to, 8);
	marks("left", from, 8);
	passes(fd, to, 0);
	passes(fd, from, 1);
	UFFD(uffd_protect(fd, to, 2 * PAGE, ON));
	UFFD(uffd_move(fd, to + 8 * PAGE, to, 4 * PAGE, 0)); /* within what is registered */
	marks("moved on", to, 16);
	passes(fd, to, 8);
	close(fd);
}

static void moved_zeros(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_MOVE);
	char *to = room(), *from = room();

	MUST(uffd_register(fd, to, ROOM * PAGE, WP | MISSING));
	MUST(uffd_register(fd, from, ROOM * PAGE, WP));
	for (int i = 0; i < 4; i++)
		say("%d", from[i * PAGE]);
	say("\n");
	UFFD(uffd_protect(fd, from, 4 * PAGE, ON));
	marks("zeros", from, 5);
	UFFD(uffd_move(fd, to, from, 2 * PAGE, 0));
	marks("moved", to, 5);
	marks("left", from, 5);
	passes(fd, to, 1);
	waits(fd, from, 2);
	close(fd);
}

/* ---- what else happens to protected pages ---- */

static void advice(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	char *p = kept_room(fd, WP);

	TRY(madvise(p, PAGE, MADV_DONTNEED));
	TRY(madvise(p + PAGE, PAGE, MADV_FREE));
	marks("advised", p, 8);
	passes(fd, p, 0);
	waits(fd, p, 1);
	TRY(mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
	UFFD(uffd_protect(fd, p + 2 * PAGE, PAGE, 0));
	TRY(mprotect(p + 2 * PAGE, PAGE, RW));
	passes(fd, p, 2);
	TRY(mprotect(p + 4 * PAGE, PAGE, PROT_READ));
	UFFD(uffd_protect(fd, p + 4 * PAGE, PAGE, ON));
	TRY(mprotect(p + 4 * PAGE, PAGE, RW));
	waits(fd, p, 4);
	UFFD(uffd_protect(fd, p + 5 * PAGE, PAGE, ON));
	UFFD(uffd_register(fd, p + 5 * PAGE, PAGE, WP)); /* again */
	marks("registered again", p, 8);
	waits(fd, p, 5);
	UFFD(uffd_protect(fd, p + 6 * PAGE, PAGE, ON));
	UFFD(uffd_register(fd, p + 6 * PAGE, PAGE, MISSING)); /* otherwise */
	passes(fd, p, 6);
	close(fd);
	p[3 * PAGE] = 'p';
	marks("closed", p, 6);
}

int main(void)
{
	fork_without_event();
	fork_with_event();
	remaps(false, 6 * PAGE, 0);
	remaps(true, 6 * PAGE, 0);
	remaps(false, 6 * PAGE, MREMAP_DONTUNMAP);
	remaps(true, 6 * PAGE, MREMAP_DONTUNMAP);
	remaps(true, 9 * PAGE, 0);
	remaps(true, 5 * PAGE, 0);
	moved_pages();
	moved_zeros();
	advice();
	return 0;
}
