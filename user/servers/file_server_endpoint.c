/* SPDX-License-Identifier: MIT */
/* A file server's client is at an endpoint: each request is a call. */
#include <errno.h>

#include "file_server.h"
#include "lib/ipc.h"

/* Gets the message of a call: a short one is in the words behind its size. */
static bool get_request(struct file_server *server, int fd, long rcvid, const struct ipc_message *m)
{
	uint64_t n = m->word[0];

	if (n <= sizeof(server->request_words)) {
		for (unsigned i = 0; i < 3; i++)
			server->request_words[i] = m->word[1 + i];
		return true;
	}
	return n <= sizeof(server->request) &&
	       ipc_read(fd, rcvid, server->request, n, 0) == (long)n;
}

/* A short reply, or what is before the data of a longer one, can be in the words that answer the call. */
static bool server_put_head(const struct file_server *server, int fd, long rcvid,
			    struct ipc_message *m, uint64_t n)
{
	if (n > sizeof(server->reply_words))
		return ipc_write(fd, rcvid, server->reply, n, 0) == (long)n;
	for (unsigned i = 0; i < 3; i++)
		m->word[1 + i] = server->reply_words[i];
	return true;
}

/*
 * Answers a call. Returns the size of the reply, or 0 if there is none: then the client
 * sees that something is wrong.
 *
 * The bytes go from the first to the last, and nothing is written twice: the kernel reads file data
 * straight into the page that it wants, and counts how far the server has come.
 */
static uint64_t answer_call(struct file_server *server, int fd, long rcvid, struct ipc_message *m)
{
	struct file_reply reply;

	if (!get_request(server, fd, rcvid, m))
		return 0;
	file_server_answer(server, m->word[0], &reply);
	if (!server_put_head(server, fd, rcvid, m, reply.nhead))
		return 0;
	if (reply.ndata > 0 &&
	    ipc_write(fd, rcvid, reply.data, reply.ndata, reply.nhead) != (long)reply.ndata)
		return 0;
	return reply.nhead + reply.ndata;
}

void file_server_revoke(const struct file_server *server, uint64_t file)
{
	if (server->endpoint >= 0)
		ipc_revoke(server->endpoint, file);
}

/*
 * A caller that is gone (ESRCH) is not answered. No call is open for long, so IPC_PULSE_UNBLOCK,
 * which asks for an early answer, needs nothing.
 */
int file_server_endpoint(struct file_server *server, int fd)
{
	struct ipc_message m = { 0 };
	long rcvid = 0;

	server->endpoint = fd;
	for (;;) {
		rcvid = ipc_reply_receive(fd, rcvid, &m, IPC_NEVER);
		if (rcvid > 0)
			m.word[0] = answer_call(server, fd, rcvid, &m);
		else if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			return 0;
		else if (rcvid == -ESRCH || rcvid == -EINTR)
			rcvid = 0;
		else if (rcvid < 0)
			return (int)rcvid;
	}
}
