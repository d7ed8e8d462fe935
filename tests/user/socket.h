/* SPDX-License-Identifier: MIT */
/* What the tests of sockets share: they say which events and options a socket has. */
#ifndef TESTS_USER_SOCKET_H
#define TESTS_USER_SOCKET_H

#include "t.h"

#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

__attribute__((unused)) static void events(const char *who, int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	poll(&ask, 1, 0);
	say("%s:%s%s%s%s%s\n", who, ask.revents & POLLIN ? " in" : "",
	    ask.revents & POLLOUT ? " out" : "", ask.revents & POLLERR ? " err" : "",
	    ask.revents & POLLHUP ? " hup" : "", ask.revents & POLLRDHUP ? " rdhup" : "");
}

__attribute__((unused)) static void option(const char *name, int fd, int level, int which)
{
	int value = -1;
	socklen_t n = sizeof(value);

	if (getsockopt(fd, level, which, &value, &n) != 0)
		result(name, -1);
	else
		say("%s: %d, %u bytes\n", name, value, n);
}

/* Sets n bytes of the value, and asks for it. */
__attribute__((unused)) static void set_part(const char *name, int fd, int level, int which,
					     int value, socklen_t n)
{
	result(name, setsockopt(fd, level, which, &value, n));
	option(name, fd, level, which);
}

__attribute__((unused)) static void set(const char *name, int fd, int level, int which, int value)
{
	set_part(name, fd, level, which, value, sizeof(value));
}

/* On Linux the loopback may be off. */
__attribute__((unused)) static void bring_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq lo = { .ifr_name = "lo" };

	if (ioctl(fd, SIOCGIFFLAGS, &lo) == 0) {
		lo.ifr_flags |= IFF_UP;
		ioctl(fd, SIOCSIFFLAGS, &lo);
	}
	close(fd);
}

#endif
