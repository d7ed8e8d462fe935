/* SPDX-License-Identifier: MIT */
/* poll against a second look: poll_model SEED EPISODES changes pipes at random, here and in another process. */

/*
 * Half of the pipes are read here and written by the other process, half the other way round. The
 * other process does what it is told. What poll says must be what counting bytes and a call that
 * does not wait say. While this process waits in poll, the other one makes one of the events
 * happen, somewhat earlier or later: an event that does not come ends the test.
 */
#include "t.h"

#include <poll.h>
#include <stdbool.h>
#include <sched.h>
#include <sys/ioctl.h>

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PIPES	  6
#define FILES	  2 /* a file and a memfd, which are always ready */
#define ALL	  (PIPES + FILES)
#define STEPS	  30

/* When the other process does it. */
enum when {
	AT_ONCE,
	YIELDS_FIRST,
	WHILE_WE_WAIT /* for the event */
};

/* To the other process. For a pipe that it writes, n bytes are written, else read; 0: it is closed. */
struct order {
	unsigned pipe, n;
	enum when when;
	long waits; /* how often this one has waited before it does so */
};

static struct pollfd asks[ALL];
static size_t bytes[PIPES]; /* that are in the pipe */
static bool closed[PIPES];  /* by the other process */
static int theirs[PIPES];
static int orders[2], answers[2];
static uint64_t state;
static unsigned long episode, waits, events, hangups;

static unsigned below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % n);
}

#define EXPECT(holds, ...)                                                \
	do {                                                              \
		if (!(holds)) {                                           \
			say("line %d, episode %lu: ", __LINE__, episode); \
			say(__VA_ARGS__);                                 \
			say("\n");                                        \
			_exit(3);                                         \
		}                                                         \
	} while (0)

/* Even pipes are read here. */
static bool reads(unsigned i)
{
	return i % 2 == 0;
}

/* ---- the other process ---- */

static _Noreturn void obey(void)
{
	static char data[1 << 17];
	struct order order;

	while (read(orders[0], &order, sizeof(order)) == (ssize_t)sizeof(order)) {
		int fd = theirs[order.pipe];
		ssize_t done = 0;

		if (order.when == YIELDS_FIRST)
			sched_yield();
		else if (order.when == WHILE_WE_WAIT)
			until_it_waits(getppid(), order.waits);
		if (order.n == 0)
			close(fd);
		else if (reads(order.pipe))
			done = write(fd, data, order.n);
		else
			done = read(fd, data, order.n);
		if (write(answers[1], &done, sizeof(done)) != (ssize_t)sizeof(done))
			_exit(4);
	}
	_exit(0);
}

static void send(unsigned i, unsigned n, enum when when)
{
	const struct order order = { i, n, when, when == WHILE_WE_WAIT ? waits_of(getpid()) : 0 };

	EXPECT(write(orders[1], &order, sizeof(order)) == (ssize_t)sizeof(order), "no order");
}

/* The order is done: what is in the pipe now? */
static void receive(unsigned i, unsigned n)
{
	ssize_t done;

	EXPECT(read(answers[0], &done, sizeof(done)) == (ssize_t)sizeof(done), "no answer");
	if (n == 0) {
		closed[i] = true;
		hangups++;
	}
	bytes[i] += reads(i) ? (size_t)MAX(done, 0) : -(size_t)MAX(done, 0);
}

/* ---- the second look ---- */

/* What the file's state is, as counted: only whether there is room is asked of poll. */
static short counted(unsigned i)
{
	if (i >= PIPES)
		return POLLIN | POLLOUT;
	if (reads(i))
		return (bytes[i] ? POLLIN : 0) | (closed[i] ? POLLHUP : 0);
	return closed[i] ? POLLERR : 0;
}

static void check_room(unsigned i, bool can_write)
{
	static const char data[4096];
	ssize_t done = write(asks[i].fd, data, sizeof(data));

	if (closed[i]) {
		EXPECT(done == -1 && errno == EPIPE, "pipe %u is closed: %zd", i, done);
	} else {
		EXPECT(can_write == (done == (ssize_t)sizeof(data)),
		       "pipe %u: poll says %d, write says %zd", i, can_write, done);
		EXPECT(done > 0 || errno == EAGAIN, "pipe %u: write: %d", i, errno);
		bytes[i] += (size_t)MAX(done, 0);
	}
}

static void check_one(unsigned i, short revents)
{
	short asked = asks[i].events | POLLHUP | POLLERR, of = counted(i);
	bool writes = i < PIPES && !reads(i);
	int n;

	if (i < PIPES && reads(i))
		EXPECT(ioctl(asks[i].fd, FIONREAD, &n) == 0 && (size_t)n == bytes[i],
		       "pipe %u has %d bytes, not %zu", i, n, bytes[i]);
	EXPECT((revents & ~(writes ? POLLOUT : 0)) == (of & asked),
	       "file %u: events %#x, not %#x (asked %#x)", i, revents, of & asked, asked);
	EXPECT((revents & ~asked) == 0, "file %u: events %#x were not asked for", i, revents);
	if (writes && asked & POLLOUT && below(2))
		check_room(i, revents & POLLOUT);
}

/* A look that does not wait. Returns how many have something. */
static int look(void)
{
	const struct timespec zero = { 0, 0 };
	int n = ppoll(asks, ALL, &zero, NULL), some = 0;
	short found[ALL];

	for (unsigned i = 0; i < ALL; i++) {
		found[i] = asks[i].revents;
		some += found[i] != 0;
	}
	EXPECT(n == some, "poll says %d, and %d have events", n, some);
	for (unsigned i = 0; i < ALL; i++)
		if (asks[i].fd >= 0)
			check_one(i, found[i]);
	return n;
}

/* ---- steps ---- */

static void change_here(void)
{
	static char data[1 << 17];
	unsigned i = below(PIPES), n = 1 + below(below(3) ? 100 : sizeof(data));
	ssize_t done;

	if (reads(i)) {
		done = read(asks[i].fd, data, n);
		EXPECT(done == (ssize_t)MIN(n, bytes[i]) ||
			       (done == -1 && errno == EAGAIN && !bytes[i]),
		       "read of %u of %zu: %zd", n, bytes[i], done);
		bytes[i] -= (size_t)MAX(done, 0);
	} else if (!closed[i]) {
		done = write(asks[i].fd, data, n);
		bytes[i] += (size_t)MAX(done, 0);
	}
}

static unsigned some_bytes(void)
{
	return 1 + below(below(3) ? 100 : 1 << 17);
}

static void change_there(void)
{
	unsigned i = below(PIPES), n = below(40) ? some_bytes() : 0;

	if (closed[i])
		return;
	send(i, n, below(2) ? YIELDS_FIRST : AT_ONCE);
	receive(i, n);
}

/* Makes it so that file i has nothing to tell, asks for an event of it and of some others, and waits. */
static void wait_for(unsigned i)
{
	static char data[1 << 17];
	unsigned n = below(8) ? some_bytes() : 0;
	struct pollfd all[ALL];
	int found;

	if (closed[i])
		return;
	if (reads(i))
		while (bytes[i])
			bytes[i] -= (size_t)read(asks[i].fd, data, sizeof(data));
	else
		for (ssize_t done; (done = write(asks[i].fd, data, 4096)) > 0;)
			bytes[i] += (size_t)done;
	/* To read less than a page need not make room. */
	n = n && !reads(i) ? MAX(n, 2 * 4096u) : n;
	memcpy(all, asks, sizeof(all));
	for (unsigned k = 0; k < ALL; k++) {
		asks[k].events = k == i	    ? (reads(i) ? POLLIN : POLLOUT)
				 : below(2) ? POLLIN | POLLOUT
					    : 0;
		if (k != i && (counted(k) || (k < PIPES && !reads(k)) || k >= PIPES))
			asks[k].fd = -1; /* it would not let us wait */
	}
	send(i, n, (enum when)below(3));
	found = poll(asks, ALL, -1);
	EXPECT(found == 1, "the event of file %u has not come: %d", i, found);
	EXPECT(asks[i].revents != 0, "an event of another file than %u", i);
	receive(i, n);
	waits++;
	events += (unsigned)found;
	memcpy(asks, all, sizeof(all));
}

static void begin(void)
{
	pid_t pid;

	EXPECT(pipe(orders) == 0 && pipe(answers) == 0, "no pipes");
	for (unsigned i = 0; i < PIPES; i++) {
		int ends[2];

		EXPECT(pipe(ends) == 0, "no pipe");
		asks[i].fd = ends[reads(i) ? 0 : 1];
		theirs[i] = ends[reads(i) ? 1 : 0];
		bytes[i] = 0;
		closed[i] = false;
	}
	pid = fork();
	EXPECT(pid >= 0, "no process");
	if (pid == 0) {
		for (unsigned i = 0; i < PIPES; i++) {
			close(asks[i].fd);
			fcntl(theirs[i], F_SETFL, O_NONBLOCK);
		}
		close(orders[1]);
		obey();
	}
	for (unsigned i = 0; i < PIPES; i++) {
		close(theirs[i]);
		fcntl(asks[i].fd, F_SETFL, O_NONBLOCK);
	}
	close(orders[0]);
	close(answers[1]);
}

static void end(void)
{
	int status;

	for (unsigned i = 0; i < PIPES; i++)
		close(asks[i].fd);
	close(orders[1]);
	close(answers[0]);
	EXPECT(wait(&status) > 0 && status == 0, "the other process: %#x", status);
}

int main(int argc, char **argv)
{
	unsigned long episodes;

	if (argc != 3)
		return 2;
	state = strtoul(argv[1], NULL, 10) * 2 + 1;
	episodes = strtoul(argv[2], NULL, 10);
	signal(SIGPIPE, SIG_IGN);
	asks[PIPES].fd = open("poll_model.tmp", O_CREAT | O_RDWR, 0600);
	asks[PIPES + 1].fd = memfd_create("poll_model", 0);
	for (episode = 0; episode < episodes; episode++) {
		begin();
		for (unsigned step = 0; step < STEPS; step++) {
			for (unsigned i = 0; i < ALL; i++)
				asks[i].events =
					(short)((below(4) ? POLLIN : 0) | (below(4) ? POLLOUT : 0));
			switch (below(4)) {
			case 0:
				change_here();
				break;
			case 1:
				change_there();
				break;
			default:
				wait_for(below(PIPES));
				break;
			}
			look();
		}
		end();
	}
	unlink("poll_model.tmp");
	EXPECT(waits > episodes && events == waits && hangups, "it has not waited");
	say("poll_model: %lu waits, %lu ends closed\n", waits, hangups);
	return 0;
}
