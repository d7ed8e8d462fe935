/* SPDX-License-Identifier: MIT */
/* poll, select and epoll where another thread could close what they look at: what they find, and that a file ends when it is closed. */
#include "t.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>

#define HIGH 300 /* behind the descriptors that are looked up first */
#define MANY 150
#define SHUT 50

static void look(const char *what, int fd, short events)
{
	struct pollfd asks[3] = { { -1, events, 0x7f },
				  { fd, events, 0x7f },
				  { SHUT, events, 0x7f } };
	fd_set in;
	struct timeval none = { 0, 0 };
	int n = poll(asks, 3, 0);

	say("%s: %d, %#x %#x %#x\n", what, n, asks[0].revents, asks[1].revents, asks[2].revents);
	FD_ZERO(&in);
	FD_SET(fd, &in);
	TRY(select(fd + 1, &in, NULL, NULL, &none));
	FD_SET(SHUT, &in);
	TRY(select(HIGH + 1, &in, NULL, NULL, &none));
}

/* The last descriptor of one end is closed after it was polled, with one behind it that is not open: the other end has hung up. */
static void ends(const char *what, int at)
{
	struct pollfd asks[2];
	struct epoll_event event = { .events = EPOLLOUT };
	int fds[2], set = epoll_create1(0);
	char byte;

	if (pipe2(fds, O_NONBLOCK) != 0 || dup2(fds[1], at) != at)
		_exit(98);
	close(fds[1]);
	asks[0] = (struct pollfd){ at, POLLOUT, 0 };
	asks[1] = (struct pollfd){ SHUT, POLLIN, 0 };
	say("%s\n", what);
	TRY(poll(asks, 2, 0));
	TRY(read(fds[0], &byte, 1));
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, at, &event));
	TRY(epoll_wait(set, &event, 1, 0));
	close(at);
	TRY(read(fds[0], &byte, 1));
	TRY(epoll_wait(set, &event, 1, 0));
	look("the other end", fds[0], POLLIN);
	close(fds[0]);
	close(set);
}

/* Of many, some are ready and some are not open. */
static void many(void)
{
	struct pollfd asks[MANY];
	unsigned sum = 0;
	int fds[MANY];

	for (int i = 0; i < MANY; i++) {
		fds[i] = eventfd(i % 3 == 0, EFD_NONBLOCK);
		asks[i] = (struct pollfd){ i % 7 == 0 ? 500 + i : fds[i], POLLIN, (short)i };
	}
	TRY(poll(asks, MANY, -1));
	for (int i = 0; i < MANY; i++)
		sum = sum * 31 + (unsigned short)asks[i].revents;
	say("sum %08x\n", sum);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
}

static void all(const char *what)
{
	int fd = eventfd(1, EFD_NONBLOCK);

	say("%s\n", what);
	look("an event", fd, POLLIN);
	dup2(fd, HIGH);
	look("the same, far behind", HIGH, POLLIN | POLLOUT);
	close(HIGH);
	close(fd);
	ends("near", 60);
	ends("far behind", HIGH);
	many();
}

static void *waits(void *end)
{
	char byte;

	return (void *)read(*(int *)end, &byte, 1);
}

int main(void)
{
	pthread_t thread;
	int fds[2];

	all("alone");
	if (pipe(fds) != 0 || pthread_create(&thread, NULL, waits, &fds[0]) != 0)
		_exit(98);
	all("beside a thread");
	close(fds[1]);
	pthread_join(thread, NULL);
	all("alone again");
	return 0;
}
