/* SPDX-License-Identifier: MIT */
/* Calls on sockets that are preempted, in one that uses the same sockets or is killed (R154, R155). */
#include "preempt_sweep.h"
#include "preempt_sweep_ipc.h"
#include "rights.h"
#include "socket_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#define STREAM_BYTES 9000 /* on three pages */

static int listener, ends[2];
static long done, their_done;
static uint8_t sent[STREAM_BYTES], received[STREAM_BYTES];
static const struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/swept" };

static void file_closed(struct socket_server *sockets, const struct ipc_message *m)
{
	if (m->word[0] == IPC_PULSE_CLOSED && sockets->nopen > 0)
		sockets->nopen--; /* of a killed caller, it may be all that comes */
}

/* Those that wait to be accepted do not count. The end of one that was just dropped is still queued. */
static int files_left(struct socket_server *sockets)
{
	struct ipc_message m = { { 0 }, 0 };

	while (ipc_receive(receive_end, &m, IPC_NOW) == 0)
		file_closed(sockets, &m);
	return sockets->nopen - (int)sockets->nwaiting;
}

/* Returns how many files are left that were opened. */
static int serve_sockets(void)
{
	struct socket_server sockets = { .receive = receive_end, .most = SOCKET_WAITING_MOST };
	struct ipc_message m = { { 0 }, 0 };
	uint64_t given = 0;
	long rcvid = 0;
	int is_accept;

	for (;;) {
		rcvid = ipc_reply_receive(receive_end, rcvid > 0 ? rcvid : 0, &m, IPC_NEVER);
		if (rcvid == -ESRCH && given)
			ipc_drop(receive_end, given); /* who was to accept it is gone */
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED && !(m.badge & IPC_BADGE_SERVED))
			return files_left(&sockets);
		if (rcvid == 0)
			file_closed(&sockets, &m);
		is_accept = rcvid > 0 && m.word[1] == SERVED_SOCKET_CALL(SYS_accept);
		socket_answer(&sockets, rcvid, &m);
		given = is_accept ? m.word[3] : 0;
	}
}

static void prepare_sockets(void)
{
	long err;

	CALL(unlinkat, AT_FDCWD, (uint64_t)SOCKET_SERVER, 0); /* there is another one */
	start_server(serve_sockets);
	err = ipc_name(AT_FDCWD, SOCKET_SERVER, 0600, send_end);
	expect(err == 0, "name", err);
}

static int stop_sockets(void)
{
	CALL(unlinkat, AT_FDCWD, (uint64_t)SOCKET_SERVER, 0);
	return stop_server();
}

static void close_both(const int fds[2])
{
	CALL(close, (uint64_t)fds[0]);
	CALL(close, (uint64_t)fds[1]);
}

/* Gives a byte to one end, and gets the one that the other end was given. Returns it, or what stopped it. */
static long pass_byte(int to, int from)
{
	char byte = 'x';
	long n = CALL(write, (uint64_t)to, (uint64_t)&byte, 1);

	byte = 0;
	if (n == 1)
		n = CALL(read, (uint64_t)from, (uint64_t)&byte, 1);
	return n == 1 ? byte : n < 0 ? n : -1000;
}

/* ---- pairs ---- */

static long use_pair(void)
{
	int fds[2];
	long got = CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, (uint64_t)fds);

	if (got < 0)
		return got;
	got = pass_byte(fds[0], fds[1]);
	close_both(fds);
	return got;
}

static void call_pair(void)
{
	arm();
	done = use_pair();
}

static void compete_pair(void)
{
	for (unsigned i = 0; i < 2; i++)
		their_done = use_pair();
}

static void check_both(void)
{
	int status = stop_sockets();

	expect(done == 'x', "the byte", done);
	expect(!common->competed || their_done == 'x', "the other's byte", their_done);
	expect(status == 0, "files that are left", status);
}

static void be_user_of_pair(void)
{
	arm();
	CALL(exit_group, use_pair() == 'x' ? 0 : 1);
}

static void use_pair_by_child(void)
{
	fork_child(be_user_of_pair);
}

static void compete_kill_child(void)
{
	CALL(kill, (uint64_t)child, SIGKILL);
	churn();
}

static void check_killed(void)
{
	int status = stop_sockets();

	expect(child_status == SIGKILL || child_status == 0, "the child's status", child_status);
	expect(status == 0, "files that are left", status);
}

/* ---- connections ---- */

static void prepare_listener(void)
{
	long err;

	prepare_sockets();
	listener = (int)CALL(socket, AF_UNIX, SOCK_STREAM, 0);
	err = CALL(bind, (uint64_t)listener, (uint64_t)&name, sizeof(name));
	expect(err == 0, "bind", err);
}

/* Whoever accepts this one's connection gives it a byte first. */
static long connect_and_accept(void)
{
	int fds[2] = { (int)CALL(socket, AF_UNIX, SOCK_STREAM, 0), -1 };
	long got = CALL(connect, (uint64_t)fds[0], (uint64_t)&name, sizeof(name));

	if (got == 0)
		got = fds[1] = (int)CALL(accept, (uint64_t)listener, 0, 0);
	if (got >= 0)
		got = pass_byte(fds[1], fds[0]);
	close_both(fds);
	return got;
}

static void call_accept(void)
{
	arm();
	done = connect_and_accept();
}

static void compete_accept(void)
{
	their_done = connect_and_accept();
}

static void close_listener(void)
{
	CALL(close, (uint64_t)listener);
	CALL(unlinkat, AT_FDCWD, (uint64_t)name.sun_path, 0);
}

static void check_accept(void)
{
	close_listener();
	check_both();
}

static void be_user_of_connection(void)
{
	arm();
	CALL(exit_group, connect_and_accept() == 'x' ? 0 : 1);
}

static void accept_by_child(void)
{
	fork_child(be_user_of_connection);
}

static void check_killed_accept(void)
{
	close_listener();
	check_killed();
}

/* ---- bytes ---- */

static void prepare_stream(void)
{
	long err;

	prepare_sockets();
	err = CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, (uint64_t)ends);
	expect(err == 0, "socketpair", err);
	for (unsigned i = 0; i < STREAM_BYTES; i++)
		sent[i] = (uint8_t)(i / 3);
}

/* The other end is closed by both before there is the end of the file. */
static void call_stream(void)
{
	arm();
	done = CALL(write, (uint64_t)ends[0], (uint64_t)sent, STREAM_BYTES);
	CALL(shutdown, (uint64_t)ends[0], SHUT_WR);
}

static void compete_stream(void)
{
	long n;

	their_done = 0;
	do {
		n = CALL(read, (uint64_t)ends[1], (uint64_t)(received + their_done),
			 (uint64_t)(STREAM_BYTES - their_done));
		their_done += n;
	} while (n > 0);
}

static void check_stream(void)
{
	int status;

	if (!common->competed)
		compete_stream();
	close_both(ends);
	status = stop_sockets();
	expect(done == STREAM_BYTES, "bytes written", done);
	expect(their_done == STREAM_BYTES, "bytes read", their_done);
	expect(memcmp(sent, received, STREAM_BYTES) == 0, "the bytes", 0);
	expect(status == 0, "files that are left", status);
}

/* ---- descriptors ---- */

static int through[2]; /* a pipe, of which the second descriptor is sent */

static void prepare_rights(void)
{
	long err;

	prepare_stream();
	err = CALL(pipe2, (uint64_t)through, 0);
	expect(err == 0, "pipe2", err);
}

static void call_rights(void)
{
	struct rights rights;

	rights_init(&rights, through[1], received, 1);
	arm();
	done = CALL(sendmsg, (uint64_t)ends[0], (uint64_t)&rights.message, 0);
	CALL(close, (uint64_t)through[1]);
	CALL(close, (uint64_t)ends[0]);
}

/* Gets it, and a byte through it. */
static void compete_rights(void)
{
	struct rights rights;
	int fd = -1;

	rights_init(&rights, -1, received, 1);
	their_done = CALL(recvmsg, (uint64_t)ends[1], (uint64_t)&rights.message, 0);
	if (their_done == 1) {
		fd = rights_fd(&rights);
		their_done = pass_byte(fd, through[0]);
	}
	CALL(close, (uint64_t)fd);
}

static void check_rights(void)
{
	char byte;
	long n;
	int status;

	if (!common->competed)
		compete_rights();
	n = CALL(read, (uint64_t)through[0], (uint64_t)&byte, 1);
	CALL(close, (uint64_t)through[0]);
	CALL(close, (uint64_t)ends[1]);
	status = stop_sockets();
	expect(done == 1, "sent", done);
	expect(their_done == 'x', "the byte", their_done);
	expect(n == 0, "the end", n);
	expect(status == 0, "files that are left", status);
}

/* Who sends and receives is killed: the pipe has no writer then, wherever the descriptor is. */
static void be_passer(void)
{
	struct rights rights;
	long n;

	CALL(close, (uint64_t)through[0]);
	rights_init(&rights, through[1], received, 1);
	arm();
	n = CALL(sendmsg, (uint64_t)ends[0], (uint64_t)&rights.message, 0);
	CALL(close, (uint64_t)through[1]);
	if (n == 1)
		n = CALL(recvmsg, (uint64_t)ends[1], (uint64_t)&rights.message, 0);
	CALL(exit_group, n == 1 ? 0 : 1);
}

static void pass_by_child(void)
{
	fork_child(be_passer);
}

static void check_killed_rights(void)
{
	char byte;
	long n;

	CALL(close, (uint64_t)through[1]);
	close_both(ends);
	n = CALL(read, (uint64_t)through[0], (uint64_t)&byte, 1);
	CALL(close, (uint64_t)through[0]);
	check_killed();
	expect(n == 0, "the end", n);
}

const struct sweep socket_sweeps[] = {
	{ .name = "socket_pair",
	  .prepare = prepare_sockets,
	  .call = call_pair,
	  .compete = compete_pair,
	  .check = check_both,
	  .timed = 1 },
	{ .name = "socket_kill_pair",
	  .prepare = prepare_sockets,
	  .call = use_pair_by_child,
	  .compete = compete_kill_child,
	  .check = check_killed,
	  .by_child = 1,
	  .length = 67000,
	  .timed = 1 },
	{ .name = "socket_accept",
	  .prepare = prepare_listener,
	  .call = call_accept,
	  .compete = compete_accept,
	  .check = check_accept,
	  .timed = 1 },
	{ .name = "socket_kill_accept",
	  .prepare = prepare_listener,
	  .call = accept_by_child,
	  .compete = compete_kill_child,
	  .check = check_killed_accept,
	  .by_child = 1,
	  .length = 67000,
	  .timed = 1 },
	{ .name = "socket_stream",
	  .prepare = prepare_stream,
	  .call = call_stream,
	  .compete = compete_stream,
	  .check = check_stream,
	  .timed = 1 },
	{ .name = "socket_rights",
	  .prepare = prepare_rights,
	  .call = call_rights,
	  .compete = compete_rights,
	  .check = check_rights,
	  .timed = 1 },
	{ .name = "socket_kill_rights",
	  .prepare = prepare_rights,
	  .call = pass_by_child,
	  .compete = compete_kill_child,
	  .check = check_killed_rights,
	  .by_child = 1,
	  .length = 67000,
	  .timed = 1 },
	{ .name = NULL },
};
