/* SPDX-License-Identifier: MIT */
/* What the tests of sleepers share: one sleeps on something, something is done to that, and what becomes of it is told. */
#ifndef TESTS_USER_SLEEPERS_H
#define TESTS_USER_SLEEPERS_H

#include "t.h"

#include <poll.h>
#include <sys/epoll.h>

/*
 * A thing has calls that sleep on it, made by a child, and changes, made by the parent while the child sleeps. Then the child
 * has a result, or sleeps again.
 */
struct call {
	const char *name;
	long (*make)(void);
};

struct thing {
	const char *name;
	void (*make)(void);
	void (*for_child)(void); /* what only the parent is to have */
	void (*end)(void);
	const struct call *sleeps, *changes;
};

#define CALL(function, expression)         \
	static long function(void)         \
	{                                  \
		return (long)(expression); \
	}
#define FAR 1000000 /* seconds */

/* What both sides see. */
static struct {
	long result;
	int error;
	volatile int ready, over;
	pid_t grandchild;
	uint32_t words[2];
} * both;

static int fd[8];
static char bytes[2 * PAGE];
static pid_t child;

static long events_of(short asked)
{
	struct pollfd ask = { .fd = fd[asked & POLLOUT ? 1 : 0], .events = asked };
	int n = poll(&ask, 1, -1);

	return n == 1 ? ask.revents : n;
}

static long set_events_of(unsigned asked)
{
	struct epoll_event event = { .events = asked };
	int set = epoll_create1(0), n;

	if (epoll_ctl(set, EPOLL_CTL_ADD, fd[asked & EPOLLOUT ? 1 : 0], &event) != 0)
		return -1;
	n = epoll_wait(set, &event, 1, -1);
	return n == 1 ? (long)event.events : n;
}

static int set_nonblock(int of)
{
	return fcntl(of, F_SETFL, fcntl(of, F_GETFL) | O_NONBLOCK);
}

CALL(poll_in, events_of(POLLIN))
CALL(poll_out, events_of(POLLOUT))
CALL(epoll_in, set_events_of(EPOLLIN))
CALL(epoll_out, set_events_of(EPOLLOUT))
CALL(read_8, read(fd[0], bytes, 8))
CALL(nonblock_0, set_nonblock(fd[0]))

static void nothing(void)
{
}

static void close_all(void)
{
	for (int i = 0; i < 7; i++)
		close(fd[i]);
}

/* What is done to each sleeper, too. */
CALL(handler, kill(child, SIGUSR1))
CALL(handler_restart, kill(child, SIGHUP))

static long stop_and_continue(void)
{
	kill(child, SIGSTOP);
	waitpid(child, NULL, WUNTRACED);
	return kill(child, SIGCONT);
}

/* SA_RESTART does not restart poll, epoll, sleeps and System V; a stop interrupts epoll_wait, semop and sigwaitinfo. */
static const struct call to_all[] = { { "a handler", handler },
				      { "a handler with SA_RESTART", handler_restart },
				      { "a stop", stop_and_continue },
				      { NULL, NULL } };

static void handle(int sig)
{
	(void)sig;
}

static void be_child(const struct thing *thing, const struct call *sleep)
{
	struct sigaction action = { .sa_handler = handle };

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	thing->for_child();
	both->ready = 1;
	both->result = sleep->make();
	both->error = errno;
	both->over = 1;
	_exit(0);
}

/* Does it sleep still, or again? A second look is for what happens a moment later. */
static int sleeps_on(void)
{
	for (int looks = 0; looks < 2;) {
		char letter = letter_of(child);

		if (both->over)
			return 0;
		looks = letter == 'S' ? looks + 1 : 0;
		if (letter == 'Z' && !both->over) {
			say("killed\n");
			exit(95);
		}
		nap(1);
	}
	return !both->over;
}

static size_t at;
static char line[4000];

static void add(const char *change, const char *what)
{
	at += (size_t)snprintf(line + at, sizeof(line) - at, "  %s: %s\n", change, what);
}

static void tell_one(const struct thing *thing, const struct call *sleep, const struct call *change)
{
	char what[80];

	memset(both, 0, sizeof(*both));
	thing->make();
	child = fork();
	if (child == 0)
		be_child(thing, sleep);
	while (child > 0 && !both->ready)
		nap(1);
	until_it_sleeps(child);
	if (both->over || child < 0) {
		say("%s, %s: does not sleep: %s\n", thing->name, sleep->name,
		    strerrorname_np(both->error));
		exit(95);
	}
	if (change->make() < 0)
		snprintf(what, sizeof(what), "(%s) ", strerrorname_np(errno));
	else
		what[0] = '\0';
	if (sleeps_on())
		strcat(what, "sleeps on");
	else if (both->result < 0)
		strcat(what, strerrorname_np(both->error));
	else
		snprintf(what + strlen(what), 20, "%ld", both->result);
	add(change->name, what);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	thing->end();
}

static void tell_all(const struct thing *thing, const struct call *sleep)
{
	at = 0;
	for (const struct call *change = thing->changes; change->name; change++)
		tell_one(thing, sleep, change);
	for (const struct call *change = to_all; change->name; change++)
		tell_one(thing, sleep, change);
	say("%s, %s\n", thing->name, sleep->name);
	write(STDOUT_FILENO, line, at);
}

/* Call first. */
static void begin(void)
{
	sigset_t blocked_ones;

	both = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigemptyset(&blocked_ones);
	sigaddset(&blocked_ones, SIGALRM);
	sigaddset(&blocked_ones, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked_ones, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 7; i++)
		fd[i] = -1;
	fd[7] = open("/dev/null", O_RDWR);
}

static void tell_things(const struct thing *things, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (const struct call *sleep = things[i].sleeps; sleep->name; sleep++)
			tell_all(&things[i], sleep);
}

#endif
