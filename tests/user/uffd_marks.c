/* SPDX-License-Identifier: MIT */
/* R230: pages that are not there, which a program write-protects by userfaultfd all the same: what sees the marks, and what drops them. */
#include "uffd_protect.h"

#define N 6

static char *marked_room(int fd, uint64_t mode)
{
	char *p = room();

	MUST(uffd_register(fd, p, ROOM * PAGE, mode));
	UFFD(uffd_protect(fd, p, ROOM * PAGE, ON));
	return p;
}

static int marks_open(void)
{
	return uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_UNPOPULATED);
}

static void accesses(void)
{
	int fd = marks_open();
	char *p = marked_room(fd, WP);

	show("marked", p, N);
	say("reads %d\n", p[PAGE]);
	waits(fd, p, 0);
	waits(fd, p, 1);
	say("reads %d\n", p[2 * PAGE]);
	show("used", p, N);
	passes(fd, p, 0);
	UFFD(uffd_protect(fd, p, ROOM * PAGE, OFF));
	show("allowed", p, N);
	passes(fd, p, 2);
	passes(fd, p, 3);
	close(fd);
}

static void by_the_kernel(void)
{
	int fd = marks_open(), fds[2];
	char *p = marked_room(fd, WP);
	unsigned char there[N];

	MUST(pipe(fds));
	must_be("write", write(fds[1], p, 10), 10); /* reads */
	TRY(madvise(p + PAGE, PAGE, MADV_POPULATE_READ));
	MUST(mincore(p, N * PAGE, there));
	say("mincore %d %d %d\n", there[0] & 1, there[1] & 1, there[2] & 1);
	show("populated", p, N);
	close(fds[0]);
	close(fds[1]);
	close(fd);
}

static void verbs(void)
{
	int fd = marks_open();
	char *p = marked_room(fd, WP), *to = room();

	MUST(madvise(p, PAGE, MADV_DONTNEED));
	MUST(mprotect(p + PAGE, PAGE, PROT_NONE));
	show("dropped, forbidden", p, N);
	MUST(mprotect(p + PAGE, PAGE, RW));
	passes(fd, p, 0);
	waits(fd, p, 1);
	MUST(madvise(p + 2 * PAGE, PAGE, MADV_FREE));
	MUST(madvise(p + 3 * PAGE, PAGE, MADV_COLD));
	show("freed, cold", p, N);
	MUST(munmap(p + 4 * PAGE, PAGE));
	MUST(mmap(p + 4 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED);
	show("mapped anew", p, N);
	TRY(mremap(p + 5 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	show("moved", to, 2);
	passes(fd, to, 0);
	close(fd);
	show("closed", p, 4);
	p[2 * PAGE] = 'x';
	say("wrote %c\n", p[2 * PAGE]);
}

static void with_missing(void)
{
	int fd = marks_open();
	char *p = marked_room(fd, WP | MISSING);
	struct toucher toucher = { .at = p, .writes = 'w' };
	pthread_t thread;

	UFFD(uffd_zero(fd, p + PAGE, PAGE, 0));
	UFFD(uffd_copy(fd, p + 2 * PAGE, page_of('c'), PAGE, UFFDIO_COPY_MODE_WP));
	UFFD(uffd_copy(fd, p + 3 * PAGE, page_of('c'), PAGE, 0));
	show("given", p, N);
	passes(fd, p, 3);
	waits(fd, p, 2);
	asked_and_copied(fd, p, p + 4 * PAGE, 'w');
	thread = start(touch, &toucher);
	next_message(fd, p);
	UFFD(uffd_protect(fd, p, PAGE, OFF)); /* it is asked for again */
	next_message(fd, p);
	UFFD(uffd_zero(fd, p, PAGE, 0));
	join(thread);
	say("found %s\n", letter(toucher.found));
	show("asked", p, N);
	close(fd);
}

static void register_again(void)
{
	int fd = marks_open(), other;
	char *p = marked_room(fd, WP);

	UFFD(uffd_unregister(fd, p, ROOM * PAGE));
	show("registered no more", p, N);
	say("reads %d\n", p[0]);
	other = uffd_open(O_NONBLOCK, 0);
	UFFD(uffd_register(other, p, ROOM * PAGE, WP | MISSING));
	UFFD(uffd_zero(other, p + PAGE, PAGE, 0));
	UFFD(uffd_copy(other, p + 2 * PAGE, page_of('c'), PAGE, 0));
	passes(other, p, 1);
	passes(other, p, 2);
	UFFD(uffd_protect(other, p, ROOM * PAGE, ON)); /* without the feature */
	show("protected by another", p, N);
	close(other);
	close(fd);
}

static void forks(void)
{
	int fd = marks_open();
	char *p = marked_room(fd, WP);
	pid_t child = fork();

	if (child == 0) {
		show("child", p, N);
		p[0] = 'C';
		_exit(p[0] == 'C' && p[PAGE] == 0 ? 7 : 8);
	}
	say("child %d\n", status_of(child));
	show("parent", p, N);
	waits(fd, p, 0);
	close(fd);
}

static void asynchronous(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_ASYNC);
	char *p = marked_room(fd, WP);

	passes(fd, p, 0);
	say("reads %d\n", p[PAGE]);
	passes(fd, p, 1);
	say("reads %d\n", p[2 * PAGE]);
	show("written", p, N);
	close(fd);
}

/* Far more than has tables before. */
static void wide(void)
{
	const size_t len = 64 << 20;
	int fd = marks_open();
	char *p = mmap((char *)0x1400000000, len, RW, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0);

	MUST(uffd_register(fd, p, len, WP));
	UFFD(uffd_protect(fd, p + PAGE, len - 2 * PAGE, ON));
	show("begin", p, 2);
	show("end", p + len - 2 * PAGE, 2);
	waits(fd, p, 7000);
	MUST(munmap(p, len));
	close(fd);
}

int main(void)
{
	accesses();
	by_the_kernel();
	verbs();
	with_missing();
	register_again();
	forks();
	asynchronous();
	wide();
	return 0;
}
