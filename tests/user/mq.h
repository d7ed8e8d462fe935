/* SPDX-License-Identifier: MIT */
/* What the tests of POSIX message queues share: the calls as the kernel has them, and a line for what was received. */
#ifndef TESTS_USER_MQ_H
#define TESTS_USER_MQ_H

#include "t.h"

#include <mqueue.h>

/* Names have no slash here: the C library takes it off. attr NULL: by default. */
__attribute__((unused)) static int queue_open(const char *name, int flags, unsigned mode,
					      long maxmsg, long msgsize)
{
	struct mq_attr attr = { .mq_maxmsg = maxmsg, .mq_msgsize = msgsize };

	return (int)syscall(SYS_mq_open, name, flags, mode, maxmsg ? &attr : NULL);
}

/* An empty queue without a name. */
__attribute__((unused)) static int queue_new(long maxmsg, long msgsize)
{
	int fd = queue_open("mq.new", O_RDWR | O_CREAT | O_EXCL, 0600, maxmsg, msgsize);

	if (fd < 0 || syscall(SYS_mq_unlink, "mq.new") != 0) {
		say("no queue: %s\n", strerrorname_np(errno));
		exit(94);
	}
	return fd;
}

__attribute__((unused)) static int put(int fd, const char *text, unsigned prio)
{
	return mq_send(fd, text, strlen(text), prio);
}

/* Receives, and says what came. */
__attribute__((unused)) static void get(const char *what, int fd)
{
	static char text[8192];
	unsigned prio = 0;
	ssize_t n = mq_receive(fd, text, sizeof(text), &prio);

	if (n < 0)
		say("mq_receive, %s: %s\n", what, strerrorname_np(errno));
	else
		say("mq_receive, %s: %zd bytes, priority %u, %.*s\n", what, n, prio,
		    n < 30 ? (int)n : 30, text);
}

/* Its status line, but for the pid. */
__attribute__((unused)) static void status(const char *what, int fd)
{
	char text[100];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	char *pid;

	text[n > 0 ? n : 0] = '\0';
	pid = strstr(text, "NOTIFY_PID:");
	if (!pid) {
		say("%s: no status\n", what);
		return;
	}
	say("%s: %.*s, pid of %s\n", what, (int)(pid - text), text,
	    atoi(pid + 11) == 0		 ? "nobody"
	    : atoi(pid + 11) == getpid() ? "us"
					 : "another");
}

#endif
