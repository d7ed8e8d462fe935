/* SPDX-License-Identifier: MIT */
/* R153: epoll: level and edge, one shot, what close, dup and fork do to a set, sets of sets, who is woken, errors. */
#include "t.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>

#define SOME 8

static uint64_t one = 1;

static int add(int set, int fd, unsigned events)
{
	struct epoll_event event = { .events = events, .data.u64 = 0x100000000 + (unsigned)fd };

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

static int change(int set, int fd, unsigned events)
{
	struct epoll_event event = { .events = events, .data.u64 = 0x200000000 + (unsigned)fd };

	return epoll_ctl(set, EPOLL_CTL_MOD, fd, &event);
}

/* What the set has now, n events at most. Descriptors are told by what they are to the first one. */
static void look_n(const char *when, int set, int from, int n)
{
	struct epoll_event events[SOME];
	char line[300];
	int got = epoll_wait(set, events, n, 0), at;

	at = snprintf(line, sizeof(line), "%s: %d", when, got);
	for (int i = 0; i < got; i++)
		at += snprintf(line + at, sizeof(line) - (size_t)at, ", %d:%lx of %#x",
			       (int)(uint32_t)events[i].data.u64 - from,
			       (unsigned long)(events[i].data.u64 >> 32), events[i].events);
	say("%s\n", line);
}

static void look(const char *when, int set, int from)
{
	look_n(when, set, from, SOME);
}

static void put(int fd)
{
	if (write(fd, &one, sizeof(one)) != sizeof(one))
		result("write", -1);
}

static void get(int fd)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) != sizeof(n))
		result("read", -1);
}

/* By level a file is told as long as it is ready, and a hangup even if nothing was asked for. */
static void levels(void)
{
	int set = epoll_create1(EPOLL_CLOEXEC), p[2];

	pipe2(p, O_NONBLOCK);
	TRY(add(set, p[0], EPOLLIN));
	TRY(add(set, p[1], EPOLLOUT));
	TRY(add(set, p[1], EPOLLOUT));
	look("level: at first", set, p[0]);
	look("again", set, p[0]);
	put(p[1]);
	look("written", set, p[0]);
	look_n("one of two", set, p[0], 1);
	look_n("the other", set, p[0], 1);
	TRY(change(set, p[1], 0));
	look("changed", set, p[0]);
	get(p[0]);
	look("read", set, p[0]);
	close(p[1]);
	look("no writer", set, p[0]);
	TRY(epoll_ctl(set, EPOLL_CTL_DEL, p[0], NULL));
	look("deleted", set, p[0]);
	TRY(epoll_ctl(set, EPOLL_CTL_DEL, p[0], NULL));
	TRY(change(set, p[0], EPOLLIN));
	close(p[0]);
	close(set);
}

/* By edges a file is told once for each change, and again after EPOLL_CTL_MOD. */
static void edges(void)
{
	int set = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK), p[2];

	pipe2(p, O_NONBLOCK);
	TRY(add(set, fd, EPOLLIN | EPOLLET));
	look("edge: at first", set, fd);
	put(fd);
	look("written", set, fd);
	look("again", set, fd);
	put(fd);
	put(fd);
	look("written twice", set, fd);
	look("again", set, fd);
	get(fd);
	look("read", set, fd);
	put(fd);
	get(fd);
	look("written and read", set, fd);
	TRY(change(set, fd, EPOLLIN | EPOLLOUT | EPOLLET));
	look("changed", set, fd);
	look("again", set, fd);
	put(fd);
	look("written", set, fd);
	get(fd);
	look("read", set, fd);
	TRY(change(set, fd, EPOLLOUT | EPOLLET));
	look("for output", set, fd);
	put(fd);
	look("written", set, fd);
	get(fd);
	look("read", set, fd);
	close(fd);
	TRY(add(set, p[0], EPOLLIN | EPOLLET));
	put(p[1]);
	look("a pipe", set, p[0]);
	look("again", set, p[0]);
	put(p[1]);
	look("written once more", set, p[0]);
	get(p[0]);
	look("read", set, p[0]);
	TRY(change(set, p[0], EPOLLET));
	put(p[1]);
	look("asked for nothing", set, p[0]);
	close(p[1]);
	look("no writer", set, p[0]);
	look("again", set, p[0]);
	close(p[0]);
	close(set);
}

/* A watch that has had its shot tells nothing, not even that the other end has gone. */
static void shot_hangs_up(void)
{
	int set = epoll_create1(0), p[2];

	pipe(p);
	TRY(add(set, p[0], EPOLLIN | EPOLLONESHOT));
	put(p[1]);
	look("one shot", set, p[0]);
	close(p[1]);
	look("hung up", set, p[0]);
	get(p[0]);
	look("at the end", set, p[0]);
	TRY(change(set, p[0], EPOLLIN | EPOLLONESHOT));
	look("loaded", set, p[0]);
	look("again", set, p[0]);
	close(p[0]);
	close(set);
}

/* EPOLLONESHOT tells once, and then nothing until EPOLL_CTL_MOD. */
static void shots(void)
{
	int set = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK);

	TRY(add(set, fd, EPOLLIN | EPOLLONESHOT));
	put(fd);
	look("one shot", set, fd);
	look("again", set, fd);
	put(fd);
	look("written", set, fd);
	TRY(change(set, fd, EPOLLIN | EPOLLONESHOT | EPOLLET));
	look("loaded", set, fd);
	look("again", set, fd);
	get(fd);
	TRY(change(set, fd, EPOLLIN | EPOLLONESHOT));
	look("loaded, nothing there", set, fd);
	put(fd);
	look("written", set, fd);
	look("again", set, fd);
	close(fd);
	close(set);
	shot_hangs_up();
}

/* The file leaves with its last descriptor, not with the one that was added. */
static void closing(void)
{
	int set = epoll_create1(0), fd = eventfd(1, EFD_NONBLOCK), copy = dup(fd), other, status;

	TRY(add(set, fd, EPOLLIN));
	TRY(add(set, copy, EPOLLIN));
	look("two of one file", set, fd);
	close(fd);
	look("one closed", set, fd);
	other = eventfd(0, EFD_NONBLOCK);
	say("same number: %d\n", other == fd);
	TRY(change(set, other, EPOLLIN));
	TRY(add(set, other, EPOLLOUT));
	look("another of that number", set, fd);
	TRY(epoll_ctl(set, EPOLL_CTL_DEL, copy, NULL));
	look("the copy deleted", set, fd);
	dup2(copy, other);
	look("the first one back", set, fd);
	TRY(change(set, other, 0));
	look("changed", set, fd);
	close(copy);
	close(other);
	look("all closed", set, fd);
	fd = eventfd(0, EFD_NONBLOCK);
	TRY(add(set, fd, EPOLLIN));
	if (fork() == 0) {
		put(fd);
		_exit(0);
	}
	wait(&status);
	look("written by a child", set, fd);
	if (fork() == 0) {
		look("the child's", set, fd);
		_exit(epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL));
	}
	wait(&status);
	ended("child", status);
	look("deleted by the child", set, fd);
	TRY(add(set, fd, EPOLLIN));
	if (fork() == 0) {
		int mine = eventfd(1, 0);

		add(set, mine, EPOLLIN);
		look("with its own", set, fd);
		_exit(0);
	}
	wait(&status);
	look("when the child has ended", set, fd);
	close(fd);
	close(set);
}

/* Which kinds of files can be watched. */
static void kinds(void)
{
	int set = epoll_create1(0), other = epoll_create1(0), p[2];

	make_file("file", 10);
	pipe(p);
	TRY(add(set, open("file", O_RDONLY), EPOLLIN));
	TRY(add(set, open(".", O_RDONLY), EPOLLIN));
	TRY(add(set, open("/dev/null", O_RDONLY), EPOLLIN));
	TRY(add(set, open("file", O_PATH), EPOLLIN));
	TRY(add(set, memfd_create("x", 0), EPOLLIN));
	TRY(add(set, other, EPOLLIN));
	TRY(add(set, p[0], EPOLLIN));
	TRY(add(set, set, EPOLLIN));
	TRY(add(p[0], set, EPOLLIN));
	TRY(add(p[0], p[1], EPOLLIN));
	TRY(add(p[0], 99, EPOLLIN));
	TRY(add(99, p[0], EPOLLIN));
	TRY(add(set, open("file", O_RDONLY), EPOLLIN | EPOLLEXCLUSIVE));
	TRY(add(set, p[1], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT));
	TRY(add(set, p[1], EPOLLPRI | EPOLLEXCLUSIVE));
	TRY(add(set, p[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLET | EPOLLWAKEUP));
	TRY(change(set, p[1], EPOLLOUT));
	TRY(change(set, p[0], EPOLLIN | EPOLLEXCLUSIVE));
	TRY(change(set, 98, EPOLLIN));
	TRY(add(other, set, EPOLLIN | EPOLLEXCLUSIVE));
	TRY(add(other, set, EPOLLIN));
	TRY(epoll_ctl(set, 4, p[0], (struct epoll_event *)&p));
	TRY(epoll_ctl(set, 0, p[0], NULL));
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, 97, NULL));
	TRY(epoll_ctl(set, EPOLL_CTL_MOD, p[0], NULL));
	look("kinds", set, p[0]);
	for (int fd = 3; fd < 40; fd++)
		close(fd);
}

/* Sets may watch sets, up to five of them in a row; a ring or a longer chain is ELOOP. */
static void sets(void)
{
	int set[7], fd = eventfd(0, EFD_NONBLOCK);
	struct pollfd ask;

	for (int i = 0; i < 7; i++)
		set[i] = epoll_create1(0);
	for (int i = 0; i < 6; i++)
		TRY(add(set[i + 1], set[i], EPOLLIN));
	TRY(add(set[0], set[4], EPOLLIN));
	TRY(add(set[0], set[1], EPOLLIN));
	TRY(add(set[0], set[6], EPOLLIN));
	TRY(add(set[6], set[0], EPOLLIN));
	TRY(add(set[6], fd, EPOLLIN));
	TRY(add(set[0], fd, EPOLLIN | EPOLLET));
	ask = (struct pollfd){ .fd = set[4], .events = POLLIN | POLLOUT };
	say("poll: %d\n", poll(&ask, 1, 0));
	put(fd);
	TRY(poll(&ask, 1, 0));
	say("%#x\n", ask.revents);
	look("outer", set[4], set[0]);
	look("middle", set[2], set[0]);
	look("inner", set[0], set[0]);
	look("outer, when that was taken", set[4], set[0]);
	TRY(poll(&ask, 1, 0));
	put(fd);
	TRY(poll(&ask, 1, 0));
	TRY(change(set[4], set[3], EPOLLIN | EPOLLET));
	look("outer by edges", set[4], set[0]);
	look("again", set[4], set[0]);
	put(fd);
	look("written", set[4], set[0]);
	look("again", set[4], set[0]);
	close(set[2]);
	put(fd);
	look("the chain is cut", set[4], set[0]);
	TRY(add(set[0], set[6], EPOLLIN));
	for (int i = 0; i < 7; i++)
		close(set[i]);
	close(fd);
}

static void nothing(int sig)
{
	(void)sig;
}

/* A handler ends epoll_wait with EINTR in spite of SA_RESTART; a file that is added meanwhile is seen. */
static void waits(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	static const struct itimerval never;
	struct sigaction action = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	int set = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK), status;
	struct epoll_event event;
	struct timespec t = { 0, 1000000 };
	sigset_t alarms;
	pid_t pid;

	add(set, fd, EPOLLIN);
	TRY(epoll_wait(set, &event, 1, 0));
	TRY(epoll_wait(set, &event, 1, 2));
	TRY(epoll_pwait2(set, &event, 1, &t, NULL));
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	TRY(epoll_wait(set, &event, 1, -1));
	TRY(epoll_pwait2(set, &event, 1, NULL, NULL));
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	TRY(epoll_pwait(set, &event, 1, 20, &alarms));
	sigprocmask(SIG_BLOCK, &alarms, NULL);
	sigemptyset(&alarms);
	TRY(epoll_wait(set, &event, 1, 20));
	TRY(epoll_pwait(set, &event, 1, -1, &alarms));
	setitimer(ITIMER_REAL, &never, NULL);
	if (fork() == 0) {
		until_parent_sleeps();
		put(fd);
		_exit(0);
	}
	TRY(epoll_wait(set, &event, 1, -1));
	wait(&status);
	get(fd);
	/* A file that is added while a thread waits. */
	pid = fork();
	if (pid == 0) {
		until_parent_sleeps();
		add(set, eventfd(1, 0), EPOLLIN);
		for (;;)
			pause();
	}
	TRY(epoll_wait(set, &event, 1, -1));
	kill(pid, SIGKILL);
	wait(&status);
	close(fd);
	close(set);
}

/* Events that cannot be written (EFAULT) are not lost. */
static void errors(void)
{
	struct epoll_event *out = mmap(NULL, 2 * PAGE, RW, ANON, -1, 0);
	struct epoll_event *edge = (void *)((char *)out + PAGE - sizeof(*out));
	int set = epoll_create1(0), a = eventfd(1, 0), b = eventfd(1, 0);
	struct timespec t = { 0, 1000000000 }, zero = { 0, 0 };
	sigset_t none;

	sigemptyset(&none);
	mprotect((char *)out + PAGE, PAGE, PROT_NONE);
	add(set, a, EPOLLIN);
	TRY(syscall(SYS_epoll_pwait, set, out, 0, 0, NULL, 8));
	TRY(syscall(SYS_epoll_pwait, set, out, -1, 0, NULL, 8));
	TRY(syscall(SYS_epoll_pwait, set, out, 0x7fffffff / 16 + 1, 0, NULL, 8));
	TRY(syscall(SYS_epoll_pwait, set, out, 0x7fffffff / 16, 0, NULL, 8));
	TRY(epoll_wait(set, (void *)(edge + 1), 1, 0));
	look("after EFAULT", set, a);
	add(set, b, EPOLLIN);
	TRY(syscall(SYS_epoll_pwait, set, edge, 2, 0, NULL, 8));
	TRY(syscall(SYS_epoll_pwait, set, edge, 2, 0, NULL, 8));
	look("after half of them", set, a);
	TRY(epoll_wait(set, (void *)-1, 1, 0));
	TRY(epoll_wait(a, out, 1, 0));
	TRY(epoll_wait(99, out, 1, 0));
	TRY(epoll_wait(99, out, 0, 0));
	TRY(syscall(SYS_epoll_pwait, set, out, 1, 0, &none, 4));
	TRY(syscall(SYS_epoll_pwait, set, out, 1, 0, 8, 8));
	TRY(syscall(SYS_epoll_pwait, set, out, 1, 0, NULL, 4));
	TRY(syscall(SYS_epoll_pwait2, set, out, 1, &t, NULL, 8));
	TRY(syscall(SYS_epoll_pwait2, set, out, 1, 8, NULL, 8));
	TRY(syscall(SYS_epoll_pwait2, set, out, 1, &zero, &none, 8));
	TRY(syscall(SYS_epoll_create1, 1));
	TRY(syscall(SYS_epoll_create1, EPOLL_CLOEXEC | O_NONBLOCK));
	TRY(read(set, out, 8));
	TRY(write(set, out, 8));
	close(a);
	close(b);
	close(set);
}

/* One of many is ready: the order is that in which they became so, and nothing else is told. */
static void many(void)
{
	int set = epoll_create1(0), fds[200];

	for (int i = 0; i < 200; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		if (add(set, fds[i], EPOLLIN | (i % 2 ? EPOLLET : 0)))
			result("add", -1);
	}
	look("many", set, fds[0]);
	put(fds[150]);
	look("one", set, fds[0]);
	put(fds[3]);
	put(fds[199]);
	put(fds[2]);
	look("four", set, fds[0]);
	look("again", set, fds[0]);
	look_n("the first", set, fds[0], 1);
	look_n("the next", set, fds[0], 1);
	for (int i = 0; i < 200; i++)
		close(fds[i]);
	look("closed", set, fds[0]);
	close(set);
}

/* One file by two descriptors: each has an entry of its own, whichever came last. */
static void twice(void)
{
	int set = epoll_create1(0), a = eventfd(1, EFD_NONBLOCK), b = dup(a);
	struct epoll_event event = { .events = EPOLLIN };

	TRY(add(set, a, EPOLLIN));
	TRY(add(set, b, EPOLLIN));
	look("two", set, a);
	TRY(change(set, a, EPOLLIN));
	look("the older has changed", set, a);
	TRY(change(set, b, EPOLLOUT));
	look("the newer has changed", set, a);
	TRY(epoll_ctl(set, EPOLL_CTL_DEL, a, NULL));
	look("the older is gone", set, a);
	TRY(epoll_ctl(set, EPOLL_CTL_MOD, a, &event));
	TRY(add(set, a, EPOLLIN));
	look("and back", set, a);
	TRY(epoll_ctl(set, EPOLL_CTL_DEL, b, NULL));
	look("the other is gone", set, a);
	close(a);
	close(b);
	close(set);
}

int main(void)
{
	levels();
	edges();
	shots();
	closing();
	kinds();
	sets();
	waits();
	errors();
	many();
	twice();
	return 0;
}
