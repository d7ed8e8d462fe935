/* SPDX-License-Identifier: MIT */
/* Calls on a terminal, which is the controlling one of a session of its own. */
#include "errnos.h"

#include "../terminal.h"

#include <sys/wait.h>

#define HIGH (1ul << 32) /* a request is an int: these bits of it are ignored */

/* The headers of the C library have the requests with this, but not it. */
struct termios2 {
	tcflag_t flags[4];
	cc_t line, cc[19];
	speed_t speeds[2];
};

static struct termios modes;
static struct termios2 modes2;
static struct winsize size = { 25, 80, 0, 0 };
static pid_t own_group, other_group, nobody = 99999999, negative_group = -1;

/*
 * The rows are tried by the leader of a new session, which has to be a child. The terminal is the
 * session's.
 */
static void set_up(void)
{
	int status = 0, fd;
	pid_t leader;

	setpgid(0, 0); /* if it is not a leader already */
	other_group = getpgrp();
	leader = fork();
	if (leader != 0) {
		waitpid(leader, &status, 0);
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 94);
	}
	setsid();
	own_group = getpgrp();
	fd = open_terminal();
	if (dup2(fd, FD_TTY) != FD_TTY || ioctl(FD_TTY, TIOCSCTTY, 1) != 0 ||
	    tcgetattr(FD_TTY, &modes) != 0 || ioctl(FD_TTY, TCGETS2, &modes2) != 0 ||
	    fcntl(FD_TTY, F_SETFL, O_NONBLOCK) != 0) {
		say("no terminal: %s\n", strerrorname_np(errno));
		exit(93);
	}
	close(fd);
}

/* By the leader of a session without a terminal. */
static long by_a_stranger(const word *arg)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		_exit(ioctl((int)arg[0], arg[1], arg[2]) == 0 ? 0 : errno);
	}
	waitpid(pid, &status, 0);
	return -(long)WEXITSTATUS(status);
}

static const struct bad fds[] = {
	{ "closed", FD_CLOSED }, { "negative", MINUS(1) }, { "above", FD_ABOVE },
	{ "path", FD_PATH },	 { "file", FD_RW },	   { "dir", FD_DIR },
	{ "pipe", FD_IN },	 { "memfd", FD_MEMFD },	   NO_MORE
};
/* To a file and to a pipe it is a request, too. */
static const struct bad fds_of_none[] = {
	{ "closed", FD_CLOSED }, { "negative", MINUS(1) }, { "path", FD_PATH }, NO_MORE
};

#define REQUESTS(request)                                                                    \
	(const struct bad[])                                                                 \
	{                                                                                    \
		{ "unknown", 4711 }, { "negative", MINUS(1) }, { "high", HIGH | (request) }, \
			NO_MORE                                                              \
	}

static const struct bad groups[] = { { "null", 0 },
				     { "unmapped", HOLE },
				     { "noaccess", NOACCESS },
				     { "kernel", KERNEL },
				     { "0", HALF },
				     { "nobody", (word)&nobody },
				     { "negative", (word)&negative_group },
				     { "another session's", (word)&other_group },
				     NO_MORE };
static const struct bad queues[] = {
	{ "3", 3 }, { "negative", MINUS(1) }, { "high", HIGH | TCIFLUSH }, NO_MORE
};
static const struct bad breaks[] = { { "0", 0 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad any_argument[] = { { "2", 2 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad from[] = {
	{ "null", 0 }, { "unmapped", HOLE }, { "noaccess", NOACCESS }, { "kernel", KERNEL }, NO_MORE
};
static const struct bad to[] = { { "null", 0 },
				 { "unmapped", HOLE },
				 { "readonly", READONLY },
				 { "noaccess", NOACCESS },
				 { "kernel", KERNEL },
				 NO_MORE };
static const struct bad whence[] = { { "9", 9 }, NO_MORE };
static const struct bad protections[] = { { "none", PROT_NONE }, { "write", PROT_WRITE }, NO_MORE };
static const struct bad sharing[] = { { "private", MAP_PRIVATE }, { "none", 0 }, NO_MORE };
static const struct bad odd_offset[] = { { "odd", 1 }, { "negative", MINUS(PAGE) }, NO_MORE };
static const struct bad lengths[] = { { "0", 0 }, { "negative", MINUS(1) }, NO_MORE };

#define IOCTL(request, argument, list, ...)                                           \
	CALL_AS("ioctl(" #request ")", ioctl, RIGHT(FD_TTY, request, (word)argument), \
		BAD(fds, REQUESTS(request), list), __VA_ARGS__)
#define STRANGER(request, argument, list)                                      \
	CALL_AS("ioctl(" #request ", by a stranger)", ioctl,                   \
		RIGHT(FD_TTY, request, (word)argument), BAD(NULL, NULL, list), \
		.call = by_a_stranger)

static const struct row rows[] = {
	IOCTL(TCGETS, DATA, out),
	IOCTL(TCSETS, &modes, in),
	IOCTL(TCSETSW, &modes, in),
	IOCTL(TCSETSF, &modes, in),
	IOCTL(TCGETS2, DATA, out),
	IOCTL(TCSETS2, &modes2, in),
	IOCTL(TCSETSW2, &modes2, in),
	IOCTL(TCSETSF2, &modes2, in),
	IOCTL(TIOCGWINSZ, DATA, out),
	IOCTL(TIOCSWINSZ, &size, in),
	CALL_AS("ioctl(FIONREAD)", ioctl, RIGHT(FD_TTY, FIONREAD, DATA),
		BAD(fds_of_none, REQUESTS(FIONREAD), out)),
	IOCTL(TIOCOUTQ, DATA, out),
	IOCTL(TCSBRK, 1, breaks),
	IOCTL(TCSBRKP, 1, breaks),
	IOCTL(TCFLSH, TCIFLUSH, queues),
	IOCTL(TIOCGPGRP, DATA, out),
	IOCTL(TIOCSPGRP, &own_group, groups),
	IOCTL(TIOCGSID, DATA, out),
	IOCTL(TIOCSCTTY, 0, any_argument),
	CALL_AS("ioctl(TIOCSCTTY, by a child)", ioctl, RIGHT(FD_TTY, TIOCSCTTY),
		BAD(fds, REQUESTS(TIOCSCTTY), any_argument), .how = FORKS),
	IOCTL(TIOCNOTTY, 0, any_argument, .how = FORKS),
	STRANGER(TCGETS, DATA, out),
	STRANGER(TCSETS, &modes, in),
	STRANGER(TIOCGPGRP, DATA, out),
	STRANGER(TIOCSPGRP, &own_group, groups),
	STRANGER(TIOCGSID, DATA, out),
	STRANGER(TIOCSCTTY, 0, any_argument),
	STRANGER(TIOCNOTTY, 0, any_argument),
	CALL(read, RIGHT(FD_TTY, DATA, MANY), BAD(NULL, to, huge)),
	CALL(write, RIGHT(FD_TTY, (word) "\r", 1), BAD(NULL, from)),
	CALL(pread64, RIGHT(FD_TTY, DATA, MANY, 0), BAD(NULL, to, huge, negative)),
	CALL(pwrite64, RIGHT(FD_TTY, DATA, MANY, 0), BAD(NULL, from, huge, negative)),
	CALL(lseek, RIGHT(FD_TTY, 0, SEEK_SET), BAD(NULL, negative, whence)),
	CALL(ftruncate, RIGHT(FD_TTY, 0), BAD(NULL, negative)),
	CALL(fallocate, RIGHT(FD_TTY, 0, 0, 100), BAD(NULL, NULL, negative, lengths)),
	CALL(fsync, RIGHT(FD_TTY)),
	CALL(fdatasync, RIGHT(FD_TTY)),
	CALL(getdents64, RIGHT(FD_TTY, DATA, 1000), BAD(NULL, to)),
	CALL(fstat, RIGHT(FD_TTY, DATA), BAD(NULL, out)),
	CALL(mmap, RIGHT(0, PAGE, PROT_READ, MAP_SHARED, FD_TTY),
	     BAD(NULL, lengths, protections, sharing, NULL, odd_offset)),
};

const struct group terminal_group = {
	.name = "terminal", .rows = rows, .count = sizeof(rows) / sizeof(rows[0]), .set_up = set_up
};
