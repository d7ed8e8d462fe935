/* SPDX-License-Identifier: MIT */
/* R171: no user has so many sockets, or so much in them, that there is nothing left for others. */
#define _GNU_SOURCE
#include "expect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define USER	   1000
#define PAIRS_MOST 100
#define LARGE	   60000u

static char bytes[LARGE];

/* ---- datagrams that wait ---- */

static void others_have_room(void)
{
	int fd[2];

	expect("seteuid", 0, seteuid(0));
	expect("socketpair", 0, socketpair(AF_UNIX, SOCK_DGRAM, 0, fd));
	expect("send of another user", LARGE, send(fd[0], bytes, LARGE, MSG_DONTWAIT));
	expect("recv", LARGE, recv(fd[1], bytes, LARGE, 0));
	close(fd[0]);
	close(fd[1]);
	expect("seteuid", 0, seteuid(USER));
}

/* Sends until less than a KiB more may wait. Eleven messages may wait at a socket. */
static void fill(int to)
{
	for (size_t n = 32768; n >= 1024; n /= 2)
		(void)send(to, bytes, n, MSG_DONTWAIT);
}

static void is_refused(int to)
{
	struct iovec part = { bytes, LARGE };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
	int from = memfd_create("bytes", 0), ends[2];

	expect("the file", LARGE, write(from, bytes, LARGE));
	expect("pipe", 0, pipe(ends));
	expect("a page for it", 4096, write(ends[1], bytes, 4096));
	fill(to);
	expect_error("sendto", ENOBUFS, sendto(to, bytes, LARGE, 0, NULL, 0));
	expect_error("sendmsg", ENOBUFS, sendmsg(to, &one.msg_hdr, 0));
	expect_error("sendmmsg", ENOBUFS, sendmmsg(to, &one, 1, 0));
	expect_error("write", ENOBUFS, write(to, bytes, LARGE));
	expect_error("writev", ENOBUFS, writev(to, &part, 1));
	expect_error("pwritev2", ENOBUFS, pwritev2(to, &part, 1, -1, 0));
	expect_error("sendfile", ENOBUFS, sendfile(to, from, &(off_t){ 0 }, LARGE));
	expect_error("splice", ENOBUFS, splice(ends[0], NULL, to, NULL, 4096, 0));
	close(from);
	close(ends[0]);
	close(ends[1]);
}

static void messages_are_limited(void)
{
	static int fd[PAIRS_MOST][2];
	int n = 0, sent = 0;

	do {
		expect("socketpair", 0, socketpair(AF_UNIX, SOCK_DGRAM, 0, fd[n]));
		while (send(fd[n][0], bytes, LARGE, MSG_DONTWAIT) == LARGE)
			sent++;
		n++;
	} while (errno == EAGAIN && n < PAIRS_MOST - 1);
	expect("the error", ENOBUFS, errno);
	expect("some were sent", 1, sent > 10);
	expect("socketpair", 0, socketpair(AF_UNIX, SOCK_DGRAM, 0, fd[n]));
	is_refused(fd[n++][0]);
	others_have_room();
	expect("recv", LARGE, recv(fd[0][1], bytes, LARGE, 0));
	expect("send once there is room", LARGE, send(fd[0][0], bytes, LARGE, MSG_DONTWAIT));
	while (n--) {
		close(fd[n][0]);
		close(fd[n][1]);
	}
}

/* ---- sockets ---- */

/* Leaves them open. */
static void sockets_are_limited(void)
{
	int fd[2], n = 0;

	while (socket(AF_UNIX, SOCK_DGRAM, 0) >= 0)
		n++;
	expect("the error", ENFILE, errno);
	expect("some were opened", 1, n > 50);
	expect_error("socketpair", ENFILE, socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	others_have_room();
}

int main(void)
{
	struct rlimit files = { 100000, 100000 };

	expect("setrlimit", 0, setrlimit(RLIMIT_NOFILE, &files));
	expect("seteuid", 0, seteuid(USER));
	messages_are_limited();
	sockets_are_limited();
	puts("limits: ok");
	return nwrong != 0;
}
