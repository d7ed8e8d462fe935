/* SPDX-License-Identifier: MIT */
/* Connections of TCP on the loopback, for tests of sockets. */
#ifndef TESTS_USER_SOCKET_TCP_H
#define TESTS_USER_SOCKET_TCP_H

#include "socket.h"

#include <netinet/tcp.h>

/* The loopback's address, with that port. */
__attribute__((unused)) static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* A socket that is bound to a port that the system has chosen, which is in *at. */
__attribute__((unused)) static int bound_to(int type, struct sockaddr_in *at)
{
	int fd = socket(AF_INET, type, 0);
	socklen_t n = sizeof(*at);

	*at = loopback(0);
	if (fd < 0 || bind(fd, (struct sockaddr *)at, n) != 0 ||
	    getsockname(fd, (struct sockaddr *)at, &n) != 0)
		_exit(97);
	return fd;
}

__attribute__((unused)) static int connect_at(int fd, const struct sockaddr_in *at)
{
	return connect(fd, (const struct sockaddr *)at, sizeof(*at));
}

/* One that listens, and the two sides of a connection. */
__attribute__((unused)) static void tcp_pair(int fd[2])
{
	struct sockaddr_in at;
	int listener = bound_to(SOCK_STREAM, &at);

	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (listen(listener, 1) != 0 || connect_at(fd[0], &at) != 0)
		_exit(97);
	fd[1] = accept(listener, NULL, NULL);
	if (fd[1] < 0)
		_exit(97);
	close(listener);
}

/* What goes by the loopback of Linux comes a moment later. */
__attribute__((unused)) static void until(int fd, short what)
{
	struct pollfd ask = { fd, what, 0 };

	poll(&ask, 1, 5000);
}

/* The state of TCP, as <netinet/tcp.h> has it. */
__attribute__((unused)) static int state_of(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 ? info.tcpi_state : -1;
}

__attribute__((unused)) static void until_state(int fd, int state)
{
	for (int i = 0; i < LOOKS && state_of(fd) != state; i++)
		nap(1);
}

#endif
