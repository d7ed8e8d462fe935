/* SPDX-License-Identifier: MIT */
/* A small server of sockets, for tests that have one of their own: what it answers. */
#pragma once

#include "lib/ipc.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#define SOCKET_SERVER  "/srv/socket"
#define SOCKET_MESSAGE 100 /* bytes of each message that it gives */

#define SOCKET_WAITING_MOST 4

struct socket_server {
	int receive;
	unsigned most; /* files that may wait; for one more the oldest is dropped */
	/* Of all that begins with 0: */
	uint64_t listening; /* the cookie of the file that was bound last */
	uint64_t waiting[SOCKET_WAITING_MOST];
	unsigned nwaiting;
	uint64_t generation;
	int nopen;	/* files that were opened and not closed */
	uint64_t files; /* the number of those of the message that was sent last; 0: none */
};

static uint64_t socket_take_oldest(struct socket_server *server)
{
	uint64_t oldest = server->waiting[0];

	memmove(&server->waiting[0], &server->waiting[1],
		sizeof(server->waiting) - sizeof(server->waiting[0]));
	server->nwaiting--;
	return oldest;
}

static void socket_drop_oldest(struct socket_server *server)
{
	ipc_drop(server->receive, socket_take_oldest(server));
}

static long socket_connect(struct socket_server *server, uint64_t cookie)
{
	long made;

	if (server->nwaiting == server->most)
		socket_drop_oldest(server);
	made = ipc_connect(server->receive, cookie, server->listening, 0);
	if (made < 0)
		return made;
	server->waiting[server->nwaiting++] = (uint64_t)made;
	server->nopen++;
	return 0;
}

static long socket_accept(struct socket_server *server, struct ipc_message *m)
{
	if (!server->nwaiting)
		return -EAGAIN;
	m->word[3] = socket_take_oldest(server);
	return 0;
}

/* Its files are for who has sent them. Those of a message that was not received are dropped. */
static long socket_take_message(struct socket_server *server, long rcvid,
				const struct ipc_message *m)
{
	struct served_address address;

	if (server->files)
		ipc_drop(server->receive, server->files);
	server->files = 0;
	if (ipc_read(server->receive, rcvid, &address, sizeof(address), 0) != sizeof(address))
		return -EIO;
	server->files = address.files;
	if (server->files && ipc_wait_at(server->receive, server->files, m->badge) != 0)
		return -EIO;
	return (long)(m->word[2] >> 32);
}

static long socket_give_message(struct socket_server *server, long rcvid)
{
	struct {
		struct served_address address;
		char bytes[SOCKET_MESSAGE];
	} message;
	long size = offsetof(__typeof__(message), bytes) + SOCKET_MESSAGE, done;

	memset(&message, 0, sizeof(message));
	message.address.files = server->files;
	done = ipc_write(server->receive, rcvid, &message, (size_t)size, 0);
	server->files = 0;
	return done < size ? -EIO : SOCKET_MESSAGE;
}

static long socket_answer_call(struct socket_server *server, long rcvid, struct ipc_message *m)
{
	switch (m->word[1]) {
	case SERVED_SOCKET_CALL(SYS_bind):
		server->listening = m->badge;
		return 0;
	case SERVED_SOCKET_CALL(SYS_connect):
		return socket_connect(server, m->badge);
	case SERVED_SOCKET_CALL(SYS_accept):
		return socket_accept(server, m);
	case SERVED_SOCKET_CALL(SYS_sendmsg):
		return socket_take_message(server, rcvid, m);
	case SERVED_SOCKET_CALL(SYS_recvmsg):
		return socket_give_message(server, rcvid);
	default:
		return -EOPNOTSUPP;
	}
}

/* What was received becomes the answer. */
static inline void socket_answer(struct socket_server *server, long rcvid, struct ipc_message *m)
{
	uint32_t op = rcvid > 0 ? SERVED_OP(m->word[0]) : 0;
	long done = 0;

	if (op == SERVED_OPEN)
		server->nopen++;
	if (op == SERVED_OPEN_PAIR) {
		server->nopen += 2;
		done = ipc_join(server->receive, m->badge, m->badge + 1);
	}
	if (op == SERVED_CTL)
		done = socket_answer_call(server, rcvid, m);
	m->word[0] = (uint64_t)done;
	m->word[1] = SERVED_STATE(++server->generation, POLLIN | POLLOUT);
}
