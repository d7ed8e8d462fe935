/* SPDX-License-Identifier: MIT */
/* A file server's client is at an endpoint: each request is a call. */
#include <errno.h>

#include "file_server.h"
#include "lib/ipc.h"

/*
 * Answers a call of n bytes. Returns the size of the reply, or 0 if there is none: then the client
 * sees that something is wrong.
 *
 * The bytes go from the first to the last, and nothing is written twice: the kernel reads file data
 * straight into the page that it wants, and counts how far the server has come.
 */
static uint64_t answer_call(struct file_server *server, int fd, long rcvid, uint64_t n)
{
	struct file_reply reply;

	if (n > sizeof(server->request) || ipc_read(fd, rcvid, server->request, n, 0) != (long)n)
		return 0;
	file_server_answer(server, n, &reply);
	if (ipc_write(fd, rcvid, reply.head, reply.nhead, 0) != (long)reply.nhead)
		return 0;
	if (reply.ndata > 0 &&
	    ipc_write(fd, rcvid, reply.data, reply.ndata, reply.nhead) != (long)reply.ndata)
		return 0;
	return reply.nhead + reply.ndata;
}

/*
 * A caller that is gone (ESRCH) is not answered. No call is open for long, so IPC_PULSE_UNBLOCK,
 * which asks for an early answer, needs nothing.
 */
int file_server_endpoint(struct file_server *server, int fd)
{
	struct ipc_message m = { 0 };
	long rcvid = 0;

	for (;;) {
		rcvid = ipc_reply_receive(fd, rcvid, &m, IPC_NEVER);
		if (rcvid > 0)
			m.word[0] = answer_call(server, fd, rcvid, m.word[0]);
		else if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			return 0;
		else if (rcvid == -ESRCH || rcvid == -EINTR)
			rcvid = 0;
		else if (rcvid < 0)
			return (int)rcvid;
	}
}
