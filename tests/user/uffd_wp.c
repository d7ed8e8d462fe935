/* SPDX-License-Identifier: MIT */
/* R230: pages that a program write-protects by userfaultfd: who waits, and what keeps the protection or drops it. */
#include "uffd.h"

#include <setjmp.h>

#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif

#define WP  UFFDIO_REGISTER_MODE_WP
#define OFF 0 /* of UFFDIO_WRITEPROTECT: writes are allowed again */
#define ON  UFFDIO_WRITEPROTECT_MODE_WP

static char page[PAGE] __attribute__((aligned(4096)));

static int uffd_protect(int fd, const void *p, size_t len, uint64_t mode)
{
	struct uffdio_writeprotect arg = { .range = { (uintptr_t)p, len }, .mode = mode };

	return ioctl(fd, UFFDIO_WRITEPROTECT, &arg);
}

/* A room that is written, page i with 'a' + i, and registered in that mode. */
static char *written_room(int fd, uint64_t mode)
{
	char *p = room();

	for (int i = 0; i < ROOM; i++)
		p[i * PAGE] = (char)('a' + i);
	MUST(uffd_register(fd, p, ROOM * PAGE, mode));
	return p;
}

static void *write_there(void *at)
{
	*(volatile char *)at = 'W';
	return NULL;
}

/* A write that has to wait, until the page is unprotected. */
static void waits(int fd, char *base, size_t i)
{
	pthread_t thread = start(write_there, base + i * PAGE + 7);

	next_message(fd, base);
	say("before %d\n", base[i * PAGE + 7]);
	UFFD(uffd_protect(fd, base + i * PAGE, PAGE, OFF));
	join(thread);
	say("page %d has %d and %c\n", (int)i, base[i * PAGE], base[i * PAGE + 7]);
}

/* Are there no messages? Then the write did not wait. */
static void passes(int fd, char *base, size_t i)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	base[i * PAGE + 9] = 'p';
	say("page %d: no message: %d\n", (int)i, poll(&poll_fd, 1, 0) == 0);
}

static void protects(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	char *p = written_room(fd, WP);

	passes(fd, p, 0); /* registered is not protected */
	UFFD(uffd_protect(fd, p + PAGE, 3 * PAGE, ON));
	say("reads %c\n", p[2 * PAGE]);
	passes(fd, p, 0);
	waits(fd, p, 1);
	waits(fd, p, 3);
	passes(fd, p, 1);
	UFFD(uffd_protect(fd, p, ROOM * PAGE, OFF));
	passes(fd, p, 2);
	close(fd);
}

/* Requests that are refused, and what has been done then. */
static void refused(void)
{
	int fd = uffd_open(O_NONBLOCK, 0);
	char *p = written_room(fd, WP), *missing = missing_room(fd);

	UFFD(uffd_protect(fd, p + 1, PAGE, ON));
	UFFD(uffd_protect(fd, p, PAGE + 1, ON));
	UFFD(uffd_protect(fd, p, 0, ON));
	UFFD(uffd_protect(fd, p, PAGE, 4));
	UFFD(uffd_protect(fd, p, PAGE, ON | UFFDIO_WRITEPROTECT_MODE_DONTWAKE));
	UFFD(uffd_protect(fd, p, PAGE, UFFDIO_WRITEPROTECT_MODE_DONTWAKE));
	UFFD(uffd_protect(fd, missing, PAGE, ON));
	UFFD(uffd_protect(fd, p + ROOM * PAGE, PAGE, ON));
	MUST(munmap(p + PAGE, PAGE));
	UFFD(uffd_protect(fd, p, 3 * PAGE, ON)); /* over a hole */
	waits(fd, p, 2);
	UFFD(uffd_copy(fd, missing, page, PAGE, UFFDIO_COPY_MODE_WP));
	close(fd);
}

/* What is there is protected, and what comes later is not. */
static void of_pages(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	char *p = room();

	MUST(uffd_register(fd, p, ROOM * PAGE, WP));
	UFFD(uffd_protect(fd, p, ROOM * PAGE, ON));
	passes(fd, p, 0); /* there was none */
	say("reads %d\n", p[PAGE]);
	UFFD(uffd_protect(fd, p, ROOM * PAGE, ON));
	waits(fd, p, 1); /* the zero page is one */
	MUST(madvise(p, PAGE, MADV_DONTNEED));
	passes(fd, p, 0);
	close(fd);
	fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_UNPOPULATED);
	p = room();
	MUST(uffd_register(fd, p, ROOM * PAGE, WP));
	UFFD(uffd_protect(fd, p, ROOM * PAGE, ON));
	say("reads %d\n", p[PAGE]);
	waits(fd, p, 1);
	waits(fd, p, 2);
	close(fd);
}

/* A page that is given may be protected from its beginning. */
static void given(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	char *p = room();

	MUST(uffd_register(fd, p, ROOM * PAGE, WP | UFFDIO_REGISTER_MODE_MISSING));
	memset(page, 'g', sizeof(page));
	UFFD(uffd_copy(fd, p, page, PAGE, UFFDIO_COPY_MODE_WP));
	UFFD(uffd_copy(fd, p + PAGE, page, PAGE, 0));
	waits(fd, p, 0);
	passes(fd, p, 1);
	close(fd);
}

static int status_of(pid_t pid)
{
	int status = 0;

	return waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

/* The process is the parent, and has the same message as without a child. */
static void forks(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	char *p = written_room(fd, WP);
	pid_t child;

	UFFD(uffd_protect(fd, p, 4 * PAGE, ON));
	child = fork();
	if (child == 0) {
		p[0] = 'C';
		_exit(p[0] == 'C' && p[PAGE] == 'b' ? 7 : 8);
	}
	say("child %d\n", status_of(child));
	waits(fd, p, 0);
	waits(fd, p, 1);
	passes(fd, p, 5);
	close(fd);
}

static void verbs(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	char *p = written_room(fd, WP);

	UFFD(uffd_protect(fd, p, ROOM * PAGE, ON));
	MUST(mprotect(p, PAGE, PROT_NONE));
	MUST(mprotect(p, PAGE, PROT_READ));
	say("reads %c\n", p[0]);
	MUST(mprotect(p, PAGE, RW));
	waits(fd, p, 0);
	UFFD(uffd_unregister(fd, p + 4 * PAGE, 4 * PAGE));
	passes(fd, p, 4);
	MUST(uffd_register(fd, p + 4 * PAGE, 4 * PAGE, WP));
	passes(fd, p, 5); /* its protection has ended with its registration */
	waits(fd, p, 1);
	close(fd);
	p[2 * PAGE] = 'C'; /* nobody is asked any more */
	say("wrote %c beside %c\n", p[2 * PAGE], p[3 * PAGE]);
}

/* Calls of the kernel that write for the program wait, too. */
static void *read_there(void *at)
{
	int fds[2];

	MUST(pipe(fds));
	must_be("write", write(fds[1], "kernel", 6), 6);
	must_be("read", read(fds[0], at, 6), 6);
	close(fds[0]);
	close(fds[1]);
	return NULL;
}

static void kernel(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	char *p = written_room(fd, WP);
	pthread_t thread;

	UFFD(uffd_protect(fd, p, PAGE, ON));
	thread = start(read_there, p);
	next_message(fd, p);
	UFFD(uffd_protect(fd, p, PAGE, OFF));
	join(thread);
	say("%.6s\n", p);
	close(fd);
}

/* Without messages: the write goes on at once, and only that page is not protected any more. */
static void asynchronous(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_ASYNC),
	    map = open("/proc/self/pagemap", O_RDONLY);
	char *p = written_room(fd, WP);
	uint64_t words[4];

	UFFD(uffd_protect(fd, p, 4 * PAGE, ON));
	passes(fd, p, 1);
	must_be("pread", pread(map, words, sizeof(words), (uintptr_t)p / PAGE * sizeof(words[0])),
		sizeof(words));
	for (int i = 0; i < 4; i++)
		say("protected: %d\n", (int)(words[i] >> 57 & 1));
	close(map);
	close(fd);
}

/* SIGBUS instead of messages. */
static sigjmp_buf back;

static void on_bus(int number)
{
	siglongjmp(back, number);
}

static void by_signal(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_SIGBUS);
	char *volatile p = written_room(fd, WP);
	int number;

	UFFD(uffd_protect(fd, p, PAGE, ON));
	signal(SIGBUS, on_bus);
	number = sigsetjmp(back, 1);
	if (number == 0)
		*(volatile char *)p = 1;
	say("signal %d, page has %c\n", number, p[0]);
	close(fd);
}

int main(void)
{
	protects();
	refused();
	of_pages();
	given();
	forks();
	verbs();
	kernel();
	asynchronous();
	by_signal();
	return 0;
}
