/* SPDX-License-Identifier: MIT */
/* R153: each kind of descriptor in each mode of epoll, through all sequences of a few steps: what each step tells. */
/*
 * A line has a checksum of what all sequences of one kind, mode and set of events told. If one differs, the
 * names of the three as arguments make the program print each sequence:
 *	epoll_matrix 4 pipe_in edge in
 * On each line are the steps, and behind each what it told: w waits (events), p polls the set, m changes the
 * watch (0 or an errno), + makes the descriptor ready, - takes that away.
 */
#include "t.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#define STEPS	  "+-wmp"
#define STEP_MAX  8
#define WORDS_MAX 64

/* What is watched, and its other side. */
static int fd, other;
static uint64_t word = 1;

static void must(int good, const char *what)
{
	if (good)
		return;
	say("%s: %s\n", what, strerrorname_np(errno));
	exit(1);
}

/* ---- kinds ---- */

static void make_pipe(int in)
{
	int p[2];

	must(pipe2(p, O_NONBLOCK) == 0, "pipe");
	fd = p[!in];
	other = p[in];
}

static void make_pipe_in(void)
{
	make_pipe(1);
}

static void write_other(void)
{
	must(write(other, &word, sizeof(word)) == sizeof(word), "write");
}

static char page[PAGE];

static void read_fd(void)
{
	must(read(fd, page, sizeof(word)) > 0 || errno == EAGAIN, "read");
}

static void make_pipe_out(void)
{
	make_pipe(0);
	while (write(fd, page, PAGE) == (ssize_t)PAGE)
		continue;
}

static void read_other_page(void)
{
	must(read(other, page, PAGE) > 0 || errno == EAGAIN, "read");
}

static void write_pages(void)
{
	while (write(fd, page, PAGE) == (ssize_t)PAGE)
		continue;
}

static void make_event(void)
{
	fd = eventfd(0, EFD_NONBLOCK);
	other = dup(fd);
}

static void make_semaphore(void)
{
	fd = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
	other = dup(fd);
}

static void make_timer(void)
{
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	other = dup(fd);
}

static void expire(void)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	struct pollfd ask = { .fd = fd, .events = POLLIN };

	must(timerfd_settime(fd, 0, &soon, NULL) == 0 && poll(&ask, 1, -1) == 1, "timer");
}

static void make_signal(void)
{
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	fd = signalfd(-1, &usr1, SFD_NONBLOCK);
	other = dup(fd);
}

static void raise_usr1(void)
{
	kill(getpid(), SIGUSR1);
}

static void read_signals(void)
{
	char info[sizeof(struct signalfd_siginfo)];

	must(read(fd, info, sizeof(info)) > 0 || errno == EAGAIN, "read");
}

static void make_set(unsigned mode)
{
	struct epoll_event event = { .events = EPOLLIN | mode };

	fd = epoll_create1(0);
	other = eventfd(0, EFD_NONBLOCK);
	must(epoll_ctl(fd, EPOLL_CTL_ADD, other, &event) == 0, "inner");
}

static void make_level_set(void)
{
	make_set(0);
}

static void make_edge_set(void)
{
	make_set(EPOLLET);
}

static void read_other(void)
{
	must(read(other, page, sizeof(word)) > 0 || errno == EAGAIN, "read");
}

static void take_inner(void)
{
	struct epoll_event event;

	(void)epoll_wait(fd, &event, 1, 0);
}

static const struct kind {
	const char *name;
	void (*make)(void);
	void (*rise)(void);
	void (*fall)(void);
} kinds[] = {
	{ "pipe_in", make_pipe_in, write_other, read_fd },
	{ "pipe_out", make_pipe_out, read_other_page, write_pages },
	{ "event", make_event, write_other, read_fd },
	{ "semaphore", make_semaphore, write_other, read_fd },
	{ "timer", make_timer, expire, read_fd },
	{ "signal", make_signal, raise_usr1, read_signals },
	{ "set", make_level_set, write_other, read_other },
	{ "edge_set", make_edge_set, write_other, take_inner },
};

/* EPOLLET tells each rise once, EPOLLONESHOT one until EPOLL_CTL_MOD, which a watch of EPOLLEXCLUSIVE refuses: EINVAL. */
static const struct named {
	const char *name;
	unsigned bits;
} modes[] = { { "level", 0 },
	      { "edge", EPOLLET },
	      { "once", EPOLLONESHOT },
	      { "edge_once", EPOLLET | EPOLLONESHOT },
	      { "exclusive", EPOLLEXCLUSIVE },
	      { "edge_exclusive", EPOLLET | EPOLLEXCLUSIVE } },
  asked[] = {
	  { "in", EPOLLIN }, { "out", EPOLLOUT }, { "both", EPOLLIN | EPOLLOUT }, { "none", 0 }
  };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- sequences ---- */

static unsigned wait_for(int set)
{
	struct epoll_event events[4];
	int n = epoll_wait(set, events, 4, 0);

	return n == 1 ? events[0].events : n == 0 ? 0 : 0x1000u + (unsigned)n;
}

static unsigned ask(int set)
{
	struct pollfd one = { .fd = set, .events = POLLIN | POLLOUT | POLLPRI };

	return poll(&one, 1, 0) == 1 ? (unsigned)one.revents : 0;
}

static unsigned change(int set, unsigned events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : (unsigned)errno;
}

/* Does the steps, and stores what each told. */
static void run(const struct kind *kind, unsigned events, const char *steps, unsigned *told)
{
	struct epoll_event event = { .events = events };
	int set = epoll_create1(0);

	kind->make();
	must(set >= 0 && fd >= 0 && other >= 0, kind->name);
	*told++ = epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : (unsigned)errno;
	for (; *steps; steps++, told++) {
		*told = 0;
		if (*steps == '+')
			kind->rise();
		else if (*steps == '-')
			kind->fall();
		else if (*steps == 'w')
			*told = wait_for(set);
		else if (*steps == 'm')
			*told = change(set, events);
		else
			*told = ask(set);
	}
	if (kind->make == make_signal)
		read_signals();
	close(set);
	close(fd);
	close(other);
}

/* The n-th sequence. At its end everybody looks twice, and once more when it has become ready again. */
static void write_steps(char *steps, unsigned n, int length)
{
	for (int i = 0; i < length; i++, n /= (unsigned)strlen(STEPS))
		*steps++ = STEPS[n % strlen(STEPS)];
	strcpy(steps, "ww+w");
}

static void print(const char *steps, const unsigned *told)
{
	char line[200];
	int at = snprintf(line, sizeof(line), "%u", *told++);

	for (; *steps; steps++, told++)
		at += snprintf(line + at, sizeof(line) - (size_t)at,
			       *steps == '+' || *steps == '-' ? " %c" : " %c%x", *steps, *told);
	say("%s\n", line);
}

static void all(const struct kind *kind, const struct named *mode, const struct named *what,
		int length, int prints)
{
	unsigned told[WORDS_MAX], sum = 0, count = 1;
	char steps[STEP_MAX + 8];

	for (int i = 0; i < length; i++)
		count *= (unsigned)strlen(STEPS);
	for (unsigned n = 0; n < count; n++) {
		write_steps(steps, n, length);
		run(kind, mode->bits | what->bits, steps, told);
		sum = sum * 16777619u ^ checksum(told, (strlen(steps) + 1) * sizeof(told[0]));
		if (prints)
			print(steps, told);
	}
	say("%s %s %s: %08x\n", kind->name, mode->name, what->name, sum);
}

int main(int argc, char **argv)
{
	int length = argc > 1 ? atoi(argv[1]) : 3;
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	for (unsigned k = 0; k < COUNT(kinds); k++)
		for (unsigned m = 0; m < COUNT(modes); m++)
			for (unsigned a = 0; a < COUNT(asked); a++)
				if (argc < 5 || (!strcmp(argv[2], kinds[k].name) &&
						 !strcmp(argv[3], modes[m].name) &&
						 !strcmp(argv[4], asked[a].name)))
					all(&kinds[k], &modes[m], &asked[a], length, argc == 5);
	return 0;
}
