/* SPDX-License-Identifier: MIT */
/* R154: SO_RCVLOWAT and SO_PEEK_OFF: how many bytes a reader waits for, and where a peek begins. */
#include "socket_tcp.h"

#include <limits.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <sys/un.h>

enum kind { STREAM, TCP, PACKETS, DATAGRAMS, UDP };

static const char *const names[] = { "stream", "TCP", "seqpacket", "dgram", "UDP" };
static int fd[2]; /* the first one reads */
static char buf[1 << 16];

static void begin(enum kind kind, const char *what)
{
	static const int types[] = { SOCK_STREAM, 0, SOCK_SEQPACKET, SOCK_DGRAM };
	struct sockaddr_in at;

	say("%s: %s\n", names[kind], what);
	if (kind == TCP) {
		tcp_pair(fd);
	} else if (kind == UDP) {
		fd[0] = bound_to(SOCK_DGRAM, &at);
		fd[1] = socket(AF_INET, SOCK_DGRAM, 0);
		connect_at(fd[1], &at);
	} else if (socketpair(AF_UNIX, types[kind], 0, fd) != 0) {
		_exit(91);
	}
}

static void close_both(void)
{
	close(fd[0]);
	close(fd[1]);
}

static void low(int value)
{
	result("low", setsockopt(fd[0], SOL_SOCKET, SO_RCVLOWAT, &value, sizeof(value)));
}

/* What waits with a time-out ends by itself. */
static void time_out(void)
{
	struct timeval time = { 0, 20000 };

	setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
}

/* Writes, and returns when there are `n` bytes. */
static void put(const char *text, int n)
{
	int there = -1;

	if (write(fd[1], text, strlen(text)) != (ssize_t)strlen(text))
		_exit(92);
	for (int i = 0; i < LOOKS && n; i++) {
		if (ioctl(fd[0], FIONREAD, &there) != 0 || there >= n)
			return;
		nap(1);
	}
}

static void told(const char *what, ssize_t n)
{
	if (n < 0)
		result(what, -1);
	else
		say("%s: %zd \"%.*s\"\n", what, n, n < 40 ? (int)n : 40, buf);
}
#define GET(n, flags) \
	(memset(buf, '-', 100), told("recv " #n " " #flags, recv(fd[0], buf, n, flags)))

/* A child reads, and says what it gets. The text is written when it sleeps. */
static void read_later(size_t n, int flags, const char *text)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		close(fd[1]);
		told("who has waited", recv(fd[0], buf, n, flags));
		_exit(0);
	}
	until_it_sleeps(pid);
	if (text)
		put(text, 0);
	else
		close(fd[1]);
	waitpid(pid, &status, 0);
	ended("it", status);
}

/* ---- SO_RCVLOWAT ---- */

static void low_values(enum kind kind)
{
	begin(kind, "values");
	option("at first", fd[0], SOL_SOCKET, SO_RCVLOWAT);
	set("0", fd[0], SOL_SOCKET, SO_RCVLOWAT, 0);
	set("-1", fd[0], SOL_SOCKET, SO_RCVLOWAT, -1);
	set("INT_MAX", fd[0], SOL_SOCKET, SO_RCVLOWAT, INT_MAX);
	set("INT_MIN", fd[0], SOL_SOCKET, SO_RCVLOWAT, INT_MIN);
	set("1000000", fd[0], SOL_SOCKET, SO_RCVLOWAT, 1000000);
	set_part("3 bytes", fd[0], SOL_SOCKET, SO_RCVLOWAT, 5, 3);
	set_part("8 bytes", fd[0], SOL_SOCKET, SO_RCVLOWAT, 5, 8);
	option("the other", fd[1], SOL_SOCKET, SO_RCVLOWAT);
	close_both();
}

/* As many as the mark says, but no more than there is room for. */
static void low_reads(enum kind kind)
{
	begin(kind, "reads");
	low(5);
	put("abc", 3);
	events("3 of 5", fd[0]);
	GET(10, MSG_DONTWAIT | MSG_PEEK);
	GET(2, 0);
	GET(10, MSG_DONTWAIT);
	GET(10, MSG_DONTWAIT);
	put("abcdefg", 7);
	events("7 of 5", fd[0]);
	GET(1, 0);
	GET(10, 0);
	put("abc", 3);
	low(3);
	events("3 of 3", fd[0]);
	low(5);
	events("3 of 5", fd[0]);
	put("de", 5);
	GET(10, 0);
	put("abc", 3);
	read_later(10, 0, "defgh"); /* Linux wakes a reader of TCP when five more have come */
	put("abcde", 5);
	GET(5, 0);
	time_out();
	put("abc", 3);
	GET(10, 0);
	put("abc", 3);
	told("read", read(fd[0], buf, 10));
	put("abc", 3);
	told("readv", readv(fd[0], &(struct iovec){ buf, 10 }, 1));
	GET(10, 0);
	put("abcdefg", 7);
	GET(10, MSG_WAITALL);
	close_both();
}

/* Of AF_UNIX, a peek does not wait if there is a byte. */
static void low_peeks(enum kind kind)
{
	begin(kind, "peeks");
	low(5);
	put("abc", 3);
	if (kind == TCP) {
		read_later(10, MSG_PEEK, "def");
	} else {
		GET(10, MSG_PEEK);
		put("def", 6);
		GET(10, MSG_PEEK | MSG_WAITALL);
	}
	GET(3, MSG_PEEK);
	GET(10, 0);
	read_later(10, MSG_PEEK, "xyzuv");
	time_out();
	GET(10, MSG_PEEK | MSG_WAITALL);
	GET(4, 0);
	GET(10, MSG_PEEK);
	close_both();
}

static void low_ends(enum kind kind)
{
	begin(kind, "the end");
	low(5);
	put("ab", 2);
	TRY(shutdown(fd[1], SHUT_WR));
	until(fd[0], POLLRDHUP);
	events("2 and the end", fd[0]);
	GET(10, MSG_PEEK);
	GET(10, 0);
	GET(10, 0);
	close_both();
	begin(kind, "the end comes");
	low(5);
	put("ab", 2);
	read_later(10, 0, NULL);
	GET(10, 0);
	close(fd[0]);
	begin(kind, "a reset");
	low(5);
	TRY(write(fd[0], "unread", 6));
	put("abc", 3);
	close(fd[1]);
	until(fd[0], POLLRDHUP);
	events("3 and a reset", fd[0]);
	GET(10, MSG_PEEK);
	GET(10, 0);
	GET(10, 0);
	close(fd[0]);
	begin(kind, "its way in is shut");
	low(5);
	put("abc", 3);
	TRY(shutdown(fd[0], SHUT_RD));
	events("3", fd[0]);
	GET(10, 0);
	GET(10, 0);
	close_both();
}

static int polls(void *unused)
{
	struct pollfd ask = { fd[0], POLLIN, 0 };

	(void)unused;
	TRY(poll(&ask, 1, -1));
	return 0;
}

/* Of TCP only, who polls waits for as many. */
static void low_polls(enum kind kind)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(0), ms = kind == TCP ? 5000 : 0, status;
	pid_t pid;

	begin(kind, "polls");
	low(5);
	put("abc", 3);
	if (kind == TCP) {
		pid = fork();
		if (pid == 0)
			_exit(polls(NULL));
		until_it_sleeps(pid);
		put("de", 0);
		waitpid(pid, &status, 0);
		ended("who polls", status);
		GET(5, 0);
		put("abc", 3);
	}
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd[0], &event);
	TRY(epoll_wait(epoll, &event, 1, 0));
	put("d", 4);
	TRY(epoll_wait(epoll, &event, 1, 0));
	put("e", 5);
	TRY(epoll_wait(epoll, &event, 1, ms));
	TRY(epoll_wait(epoll, &event, 1, 0));
	put("f", 6);
	TRY(epoll_wait(epoll, &event, 1, ms));
	GET(10, 0);
	put("ab", 2);
	TRY(epoll_wait(epoll, &event, 1, 0));
	low(2);
	TRY(epoll_wait(epoll, &event, 1, 0));
	low(3);
	TRY(epoll_wait(epoll, &event, 1, 0));
	close(epoll);
	close_both();
}

/* Who waits for more than there is room for does not wait for ever. */
static void low_is_too_high(enum kind kind)
{
	struct pollfd ask = { .events = POLLIN };
	ssize_t n;

	begin(kind, "more than there is room for");
	low(INT_MAX);
	events("none", fd[0]);
	put("x", 1);
	events("one", fd[0]);
	TRY(fcntl(fd[1], F_SETFL, O_NONBLOCK));
	ask.fd = fd[0];
	for (int i = 0; i < LOOKS; i++) {
		while (write(fd[1], buf, sizeof(buf)) > 0)
			i = 0;
		if (poll(&ask, 1, 1) == 1)
			break;
	}
	events("all", fd[0]);
	time_out();
	n = recv(fd[0], buf, sizeof(buf), 0);
	say("%s\n", n == sizeof(buf) ? "as many as there is room for" : "fewer");
	close_both();
}

static void low_is_inherited(void)
{
	struct sockaddr_in at;
	int listener = bound_to(SOCK_STREAM, &at), other;

	say("TCP: accepted\n");
	set("listener", listener, SOL_SOCKET, SO_RCVLOWAT, 7);
	set("listener", listener, SOL_SOCKET, SO_PEEK_OFF, 3);
	listen(listener, 5);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	set("client", fd[0], SOL_SOCKET, SO_RCVLOWAT, 4);
	set("client", fd[0], SOL_SOCKET, SO_PEEK_OFF, 1);
	connect_at(fd[0], &at);
	until(listener, POLLIN);
	events("listener", listener);
	other = accept(listener, NULL, NULL);
	option("client", fd[0], SOL_SOCKET, SO_RCVLOWAT);
	option("client", fd[0], SOL_SOCKET, SO_PEEK_OFF);
	option("accepted", other, SOL_SOCKET, SO_RCVLOWAT);
	option("accepted", other, SOL_SOCKET, SO_PEEK_OFF);
	fd[1] = fd[0];
	fd[0] = other;
	put("abcdef", 6);
	events("6 of 7", other);
	put("g", 7);
	events("7 of 7", other);
	GET(10, MSG_PEEK | MSG_DONTWAIT);
	fd[0] = fd[1];
	fd[1] = other;
	put("abc", 3);
	events("3 of 4", fd[0]);
	put("d", 4);
	events("4 of 4", fd[0]);
	GET(10, MSG_PEEK | MSG_DONTWAIT);
	close_both();
	close(listener);
}

static void unix_is_accepted(int type)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "\0marks" };
	socklen_t n = offsetof(struct sockaddr_un, sun_path) + 6;
	int listener = socket(AF_UNIX, type, 0);

	say("AF_UNIX: accepted, %d\n", type);
	if (bind(listener, (struct sockaddr *)&at, n) != 0 || listen(listener, 1) != 0)
		_exit(93);
	set("listener", listener, SOL_SOCKET, SO_RCVLOWAT, 7);
	set("listener", listener, SOL_SOCKET, SO_PEEK_OFF, 3);
	fd[0] = socket(AF_UNIX, type, 0);
	set("client", fd[0], SOL_SOCKET, SO_PEEK_OFF, 1);
	TRY(connect(fd[0], (struct sockaddr *)&at, n));
	fd[1] = accept(listener, NULL, NULL);
	option("accepted", fd[1], SOL_SOCKET, SO_RCVLOWAT);
	option("accepted", fd[1], SOL_SOCKET, SO_PEEK_OFF);
	put("abc", 0);
	GET(10, MSG_PEEK);
	close(listener);
	close_both();
}

/* ---- SO_PEEK_OFF ---- */

static void offset(int value)
{
	set("offset", fd[0], SOL_SOCKET, SO_PEEK_OFF, value);
}

static void where(void)
{
	option("  now", fd[0], SOL_SOCKET, SO_PEEK_OFF);
}
#define SEE(n, flags) (GET(n, flags), where())

/* Each peek begins where the last one has ended; a read takes what it has read off that. */
static void peeks_go_on(enum kind kind)
{
	begin(kind, "peeks go on");
	where();
	time_out();
	put("abcdef", 6);
	offset(0);
	SEE(2, MSG_PEEK);
	SEE(2, MSG_PEEK);
	SEE(10, MSG_PEEK);
	SEE(10, MSG_PEEK);
	SEE(10, MSG_PEEK | MSG_DONTWAIT);
	put("ghi", kind < PACKETS ? 9 : 0);
	SEE(2, MSG_PEEK);
	SEE(3, 0);
	SEE(10, MSG_PEEK);
	SEE(100, 0);
	put("jkl", 3);
	offset(1);
	SEE(10, MSG_PEEK);
	offset(-1);
	SEE(10, MSG_PEEK);
	SEE(100, 0);
	offset(-7);
	set_part("3 bytes", fd[0], SOL_SOCKET, SO_PEEK_OFF, 1, 3);
	put("mno", 3);
	SEE(10, MSG_PEEK);
	offset(100);
	SEE(10, MSG_PEEK | MSG_DONTWAIT);
	SEE(2, 0);
	close_both();
}

static void peeks_of_messages(enum kind kind)
{
	begin(kind, "messages");
	put("pqrstu", 6);
	offset(2);
	SEE(2, MSG_PEEK | MSG_TRUNC);
	offset(2);
	SEE(4, MSG_PEEK | MSG_TRUNC);
	SEE(2, MSG_TRUNC);
	offset(0);
	TRY(send(fd[1], "", 0, 0));
	put("vw", 0);
	SEE(10, MSG_PEEK);
	SEE(10, MSG_PEEK);
	SEE(10, MSG_PEEK | MSG_DONTWAIT);
	SEE(10, 0);
	SEE(10, 0);
	close_both();
}

static void peeks_wait(enum kind kind)
{
	begin(kind, "peeks wait");
	offset(2);
	put("ab", 2);
	read_later(10, MSG_PEEK, "cd");
	where();
	offset(INT_MAX);
	GET(10, MSG_PEEK | MSG_DONTWAIT);
	offset(0);
	TRY(shutdown(fd[1], SHUT_WR));
	until(fd[0], POLLRDHUP);
	SEE(100, MSG_PEEK);
	if (kind == PACKETS)
		SEE(100, MSG_PEEK);
	SEE(100, MSG_PEEK);
	events("the end", fd[0]);
	SEE(100, 0);
	SEE(100, MSG_PEEK);
	close_both();
	begin(kind, "the end comes");
	offset(2);
	put("ab", 2);
	read_later(10, MSG_PEEK, NULL);
	where();
	close(fd[0]);
}

/* The marks together: a peek of TCP waits for as many behind the offset. */
static void both_marks(enum kind kind)
{
	begin(kind, "both");
	low(3);
	offset(2);
	put("abcd", 4);
	if (kind == TCP)
		read_later(10, MSG_PEEK, "ef");
	else
		GET(10, MSG_PEEK);
	where();
	SEE(3, 0);
	SEE(10, MSG_DONTWAIT);
	close_both();
}

static void others(void)
{
	say("not connected\n");
	fd[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	where();
	offset(3);
	low(3);
	close(fd[0]);
	say("AF_INET6\n");
	fd[0] = socket(AF_INET6, SOCK_STREAM, 0);
	where();
	offset(3);
	low(3);
	close(fd[0]);
	fd[0] = socket(AF_INET6, SOCK_DGRAM, 0);
	where();
	offset(3);
	low(3);
	close(fd[0]);
	say("AF_NETLINK\n");
	fd[0] = socket(AF_NETLINK, SOCK_RAW, 0);
	where();
	offset(3);
	low(3);
	close(fd[0]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	bring_up();
	for (enum kind kind = STREAM; kind <= UDP; kind++)
		low_values(kind);
	for (enum kind kind = STREAM; kind <= TCP; kind++) {
		low_reads(kind);
		low_peeks(kind);
		low_ends(kind);
		low_polls(kind);
		low_is_too_high(kind);
		both_marks(kind);
	}
	low_is_inherited();
	unix_is_accepted(SOCK_STREAM);
	unix_is_accepted(SOCK_SEQPACKET);
	for (enum kind kind = STREAM; kind <= UDP; kind++)
		peeks_go_on(kind);
	for (enum kind kind = PACKETS; kind <= UDP; kind++)
		peeks_of_messages(kind);
	for (enum kind kind = STREAM; kind <= PACKETS; kind++)
		peeks_wait(kind);
	others();
	return 0;
}
