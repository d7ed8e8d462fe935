/* SPDX-License-Identifier: MIT */
/* fail_nth: sockets. Their server is a thread of the process that uses them, whose own allocations do not fail. */
#include "fail_nth.h"
#include "rights.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "socket_server.h"

#define NAME "/named socket"

static const struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = NAME };
static int listener;

static void need(long result)
{
	if (result < 0)
		_exit(BAD);
}

static long close_fd(long fd)
{
	return CALL(SYS_close, fd, 0, 0, 0);
}

/* ---- the server ---- */

/* Who waits when another one connects was not accepted: that trial has failed in between. */
static struct socket_server server = { .most = 1 };

static void *serve(void *unused)
{
	struct ipc_message m = { 0 };
	long rcvid = 0;

	(void)unused;
	for (;;) {
		rcvid = ipc_reply_receive(server.receive, rcvid > 0 ? rcvid : 0, &m, IPC_NEVER);
		socket_answer(&server, rcvid, &m);
	}
	return NULL;
}

static void start_server(void)
{
	pthread_t thread;
	long send;

	need(server.receive = (int)CALL(SYS_ipc_create, 0, 0, 0, 0));
	need(send = CALL(SYS_ipc_badge, server.receive, 0, 0, 0));
	need(CALL(SYS_ipc_name, AT_FDCWD, SOCKET_SERVER, 0600, send));
	need(-pthread_create(&thread, NULL, serve, NULL));
}

static void remove_server(void)
{
	CALL(SYS_unlinkat, AT_FDCWD, NAME, 0, 0);
	CALL(SYS_unlinkat, AT_FDCWD, SOCKET_SERVER, 0, 0);
}

/* ---- what is tried ---- */

static long bind_to_name(long fd)
{
	return CALL(SYS_bind, fd, &name, sizeof(name), 0);
}

static void start_listener(void)
{
	start_server();
	need(listener = (int)CALL(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0));
	need(bind_to_name(listener));
}

/* A byte each way. */
static long use_stream(long one, long other)
{
	char byte = 'x';
	long err = CALL(SYS_write, one, &byte, 1, 0);

	if (err >= 0)
		err = CALL(SYS_read, other, &byte, 1, 0);
	if (err >= 0)
		err = call6(SYS_sendto, other, (long)&byte, 1, 0, 0, 0);
	if (err >= 0)
		err = call6(SYS_recvfrom, one, (long)&byte, 1, 0, 0, 0);
	return err < 0 ? err : err == 1 ? 0 : -EIO;
}

static long make_pair(void)
{
	int fds[2];
	long err = CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds);

	if (err)
		return err;
	err = CALL(SYS_fcntl, fds[0], F_SETFL, O_ASYNC, 0);
	if (err == 0)
		err = CALL(SYS_fchmod, fds[0], 0700, 0, 0);
	if (err == 0)
		err = use_stream(fds[0], fds[1]);
	close_fd(fds[0]);
	close_fd(fds[1]);
	return err;
}

static long bind_one(void)
{
	long fd = CALL(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0), err;

	if (fd < 0)
		return fd;
	err = bind_to_name(fd);
	if (err == 0)
		CALL(SYS_unlinkat, AT_FDCWD, NAME, 0, 0);
	close_fd(fd);
	return err;
}

static long connect_and_accept(void)
{
	long fd = CALL(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0), other, err;

	if (fd < 0)
		return fd;
	err = CALL(SYS_connect, fd, &name, sizeof(name), 0);
	if (err == 0) {
		err = other = CALL(SYS_accept, listener, 0, 0, 0);
		if (other >= 0) {
			err = use_stream(fd, other);
			close_fd(other);
		}
	}
	close_fd(fd);
	return err;
}

/* The kernel keeps a message while the server reads or writes it. */
static long send_and_receive(void)
{
	static char bytes[SOCKET_MESSAGE];
	long fd = CALL(SYS_socket, AF_UNIX, SOCK_DGRAM, 0, 0), err;

	if (fd < 0)
		return fd;
	err = call6(SYS_sendto, fd, (long)bytes, SOCKET_MESSAGE, 0, (long)&name, sizeof(name));
	if (err >= 0)
		err = call6(SYS_recvfrom, fd, (long)bytes, SOCKET_MESSAGE, 0, 0, 0);
	close_fd(fd);
	return err;
}

static char rights_bytes[SOCKET_MESSAGE];

/* Sends a socket's own descriptor through it, and receives it. As on Linux, sendmsg says ENOBUFS for ENOMEM, and recvmsg MSG_CTRUNC. */
static long pass_descriptor(int from, int to, size_t size)
{
	struct rights rights;
	long err;
	int fd;

	rights_init(&rights, to, rights_bytes, size);
	err = CALL(SYS_sendmsg, from, &rights.message, 0, 0);
	if (err < 0)
		return err == -ENOBUFS ? -ENOMEM : err;
	rights_init(&rights, -1, rights_bytes, size);
	err = CALL(SYS_recvmsg, to, &rights.message, 0, 0);
	if (err < 0)
		return err;
	if (rights.message.msg_flags & MSG_CTRUNC)
		return -ENOMEM;
	fd = rights_fd(&rights);
	return fd < 0 ? -EIO : close_fd(fd);
}

static long pass_by_stream(void)
{
	int fds[2];
	long err = CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds);

	if (err)
		return err;
	err = pass_descriptor(fds[0], fds[1], 1);
	close_fd(fds[0]);
	close_fd(fds[1]);
	return err;
}

static long pass_by_message(void)
{
	long fd = CALL(SYS_socket, AF_UNIX, SOCK_DGRAM, 0, 0), err;

	if (fd < 0)
		return fd;
	err = pass_descriptor((int)fd, (int)fd, SOCKET_MESSAGE);
	close_fd(fd);
	return err;
}

#define LATER_PAIRS 4

static void close_pair(const int fds[2])
{
	close_fd(fds[0]);
	close_fd(fds[1]);
}

/* Sends each end of a pair through itself, and closes both. */
static long make_ring(const int fds[2])
{
	struct rights rights;
	long err = 0;

	for (unsigned i = 0; i < 2 && err >= 0; i++) {
		rights_init(&rights, fds[i], rights_bytes, 1);
		err = CALL(SYS_sendmsg, fds[!i], &rights.message, 0, 0);
	}
	close_pair(fds);
	return err == -ENOBUFS ? -ENOMEM : err;
}

/* The pairs that end after a ring lead to a sweep. */
static long make_ring_and_sweep(void)
{
	int fds[1 + LATER_PAIRS][2];
	unsigned n = 0;
	long err = 0;

	while (n <= LATER_PAIRS && err == 0) {
		err = CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds[n]);
		n += err == 0;
	}
	if (err == 0)
		err = make_ring(fds[--n]);
	while (n > 0)
		close_pair(fds[--n]);
	return err;
}

const struct scenario socket_scenarios[] = {
	{ "socketpair", make_pair, start_server, remove_server, 0 },
	{ "bind", bind_one, start_server, remove_server, MAY_ENOSPC },
	{ "accept", connect_and_accept, start_listener, remove_server, 0 },
	{ "message", send_and_receive, start_listener, remove_server, 0 },
	{ "pass_stream", pass_by_stream, start_server, remove_server, 0 },
	{ "pass_message", pass_by_message, start_server, remove_server, 0 },
	{ "pass_ring", make_ring_and_sweep, start_server, remove_server, 0 },
	{ NULL },
};
