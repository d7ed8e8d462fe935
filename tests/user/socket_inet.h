/* SPDX-License-Identifier: MIT */
/* Addresses of the internet, for tests of sockets. */
#ifndef TESTS_USER_SOCKET_INET_H
#define TESTS_USER_SOCKET_INET_H

#include <arpa/inet.h>
#include <string.h>

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* The one of that text, of IPv6 if it has a colon. Returns its length. */
static socklen_t make(union address *to, const char *text, int port)
{
	memset(to, 0, sizeof(*to));
	if (strchr(text, ':')) {
		to->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
						 .sin6_port = htons((uint16_t)port) };
		inet_pton(AF_INET6, text, &to->in6.sin6_addr);
		return sizeof(to->in6);
	}
	to->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	inet_pton(AF_INET, text, &to->in.sin_addr);
	return sizeof(to->in);
}

#endif
