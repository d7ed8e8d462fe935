/* SPDX-License-Identifier: MIT */
/* A message of a socket with one descriptor. */
#pragma once

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct rights {
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part;
	struct msghdr message;
};

/* A message to send with `fd`, or one that has room for a descriptor. Its bytes are elsewhere. */
static inline void rights_init(struct rights *rights, int fd, void *bytes, size_t size)
{
	rights->control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
						   .cmsg_level = SOL_SOCKET,
						   .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&rights->control.header), &fd, sizeof(fd));
	rights->part = (struct iovec){ bytes, size };
	rights->message = (struct msghdr){ .msg_iov = &rights->part,
					   .msg_iovlen = 1,
					   .msg_control = &rights->control,
					   .msg_controllen = sizeof(rights->control) };
}

/* The descriptor that a message has brought, or -1. */
static inline int rights_fd(const struct rights *rights)
{
	int fd = -1;

	if (rights->message.msg_controllen != 0)
		memcpy(&fd, CMSG_DATA(&rights->control.header), sizeof(fd));
	return fd;
}
