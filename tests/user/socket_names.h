/* SPDX-License-Identifier: MIT */
/* Names of AF_UNIX sockets, as the tests write them. */
#ifndef TESTS_USER_SOCKET_NAMES_H
#define TESTS_USER_SOCKET_NAMES_H

#include "socket.h"

#include <stddef.h>
#include <sys/un.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

/* An abstract name begins with '@' here. */
__attribute__((unused)) static socklen_t unix_name(struct sockaddr_un *name, const char *path)
{
	size_t n = strlen(path);

	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(name->sun_path, path, n);
	if (path[0] != '@')
		return (socklen_t)(PATH_AT + n + 1);
	name->sun_path[0] = '\0';
	return (socklen_t)(PATH_AT + n);
}

__attribute__((unused)) static int bind_to(int fd, const char *path)
{
	struct sockaddr_un name;
	socklen_t n = unix_name(&name, path);

	return bind(fd, (struct sockaddr *)&name, n);
}

__attribute__((unused)) static int connect_to(int fd, const char *path)
{
	struct sockaddr_un name;
	socklen_t n = unix_name(&name, path);

	return connect(fd, (struct sockaddr *)&name, n);
}

#endif
