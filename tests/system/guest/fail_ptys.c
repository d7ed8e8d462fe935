/* SPDX-License-Identifier: MIT */
/* fail_nth: pseudo-terminals. Their server is a thread of the process that uses them, whose own allocations do not fail. */
#include "fail_nth.h"

#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "lib/ipc.h"

#define SERVER "/srv/tty"

static int receive;

static void need_pty(long result)
{
	if (result < 0)
		_exit(BAD);
}

/* It takes all bytes, has as many as are wanted, and each request succeeds. */
static void *serve_ptys(void *unused)
{
	static uint64_t generation;
	struct ipc_message m = { 0 };
	long rcvid = 0;

	(void)unused;
	for (;;) {
		uint32_t op;

		rcvid = ipc_reply_receive(receive, rcvid > 0 ? rcvid : 0, &m, IPC_NEVER);
		if (rcvid <= 0)
			continue;
		op = SERVED_OP(m.word[0]);
		m.word[0] = op == SERVED_READ || op == SERVED_WRITE ? m.word[1] : 0;
		m.word[1] = SERVED_STATE(++generation, POLLIN | POLLOUT);
		m.word[2] = m.word[3] = 0;
		if (op == SERVED_OPEN_PAIR)
			ipc_post(receive, m.badge + 1, m.word[1]);
	}
	return NULL;
}

static void start_pty_server(void)
{
	pthread_t thread;
	long send;

	need_pty(receive = (int)CALL(SYS_ipc_create, 0, 0, 0, 0));
	need_pty(send = CALL(SYS_ipc_badge, receive, 0, 0, 0));
	need_pty(CALL(SYS_ipc_name, AT_FDCWD, SERVER, 0600, send));
	need_pty(-pthread_create(&thread, NULL, serve_ptys, NULL));
}

static void remove_pty_server(void)
{
	CALL(SYS_unlinkat, AT_FDCWD, SERVER, 0, 0);
}

/* Both ends, a byte each way, modes, and O_ASYNC. */
static long use_both(long master, long slave)
{
	struct termios modes;
	char byte = 'x';
	long err = CALL(SYS_write, master, &byte, 1, 0);

	if (err >= 0)
		err = CALL(SYS_read, slave, &byte, 1, 0);
	if (err >= 0)
		err = CALL(SYS_ioctl, slave, TCGETS, &modes, 0);
	if (err >= 0)
		err = CALL(SYS_fcntl, slave, F_SETFL, O_ASYNC, 0);
	return err < 0 ? err : 0;
}

static long open_pty(void)
{
	long master = CALL(SYS_openat, AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY, 0), slave;
	int unlocked = 0;

	if (master < 0)
		return master;
	CALL(SYS_ioctl, master, TIOCSPTLCK, &unlocked, 0);
	slave = CALL(SYS_ioctl, master, 0x5441 /* TIOCGPTPEER */, O_RDWR | O_NOCTTY, 0);
	if (slave >= 0) {
		long err = use_both(master, slave);

		CALL(SYS_close, slave, 0, 0, 0);
		slave = err;
	}
	CALL(SYS_close, master, 0, 0, 0);
	return slave;
}

const struct scenario pty_scenarios[] = {
	{ "pty", open_pty, start_pty_server, remove_pty_server, MAY_ENOSPC },
	{ NULL },
};
