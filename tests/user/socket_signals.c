/* SPDX-License-Identifier: MIT */
/* R154: calls on sockets that do not wait end by no signal, however many come. */
#include "socket_tcp.h"

#include <sys/time.h>
#include <sys/un.h>

#define PROCESSES 3
#define ROUNDS	  100

static volatile int nsignals, nended;

static void count(int signal)
{
	(void)signal;
	nsignals++;
}

/* Counts a call that was ended by a signal. */
static long did(long value)
{
	if (value == -1 && errno == EINTR)
		nended++;
	return value;
}

static void make_calls(void)
{
	struct sockaddr_in at = loopback(0);
	socklen_t n = sizeof(at), size = sizeof(int);
	int fd = (int)did(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)), value = 1, pair[2];

	did(bind(fd, (const struct sockaddr *)&at, sizeof(at)));
	did(getsockname(fd, (struct sockaddr *)&at, &n));
	did(connect(fd, (const struct sockaddr *)&at, n));
	did(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof(value)));
	did(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &size));
	did(send(fd, "x", 1, MSG_DONTWAIT));
	did(recv(fd, &value, 1, 0));
	did(recv(fd, &value, 1, MSG_DONTWAIT));
	did(shutdown(fd, SHUT_RD));
	close(fd);
	did(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	did(send(pair[0], "x", 1, 0));
	did(recv(pair[1], &value, 1, 0));
	close(pair[0]);
	close(pair[1]);
}

/* With a signal each third of a millisecond, and no handler that has calls restarted. */
static int calls_meet_signals(void *unused)
{
	const struct itimerval often = { { 0, 300 }, { 0, 300 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = count };

	(void)unused;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < ROUNDS; i++)
		make_calls();
	setitimer(ITIMER_REAL, &never, NULL);
	if (nended)
		say("%d calls were ended\n", nended);
	return nsignals ? 0 : 1;
}

int main(void)
{
	pid_t pid[PROCESSES];
	int status;

	bring_up();
	for (int i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(calls_meet_signals(NULL));
	}
	for (int i = 0; i < PROCESSES; i++) {
		waitpid(pid[i], &status, 0);
		ended("one", status);
	}
	return 0;
}
