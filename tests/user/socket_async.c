/* SPDX-License-Identifier: MIT */
/* R154: SIGIO of sockets: which of their events send it, and what it says. */
#include "socket_names.h"
#include "socket_tcp.h"

#include <arpa/inet.h>
#include <sys/uio.h>

static int a, b;
static char buf[PAGE];
static sigset_t all;

/* Says which signals have come, and takes them. Linux's loopback may take a moment. */
static void taken(const char *what)
{
	struct timespec wait = { 0, 20000000 };
	siginfo_t info;
	int sig, n = 0;

	memset(&info, 0, sizeof(info));
	while ((sig = sigtimedwait(&all, &info, &wait)) > 0) {
		if (info.si_code == SI_KERNEL)
			say("%s: SIGIO\n", what);
		else
			say("%s: signal %d, code %d, %s, band %#lx\n", what, sig, info.si_code,
			    info.si_fd == a   ? "a"
			    : info.si_fd == b ? "b"
					      : "another",
			    info.si_band);
		memset(&info, 0, sizeof(info));
		wait.tv_nsec = 0;
		what = "and";
		n++;
	}
	if (n == 0)
		say("%s: none\n", what);
}
#define AFTER(call) ((void)(call), taken(#call))

static void async(int fd, int sig)
{
	int on = 1;

	if (fcntl(fd, F_SETOWN, getpid()) != 0 || fcntl(fd, F_SETSIG, sig) != 0 ||
	    ioctl(fd, FIOASYNC, &on) != 0)
		say("not async: %s\n", strerrorname_np(errno));
}

static void pair(int type)
{
	int fd[2];

	if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fd) != 0)
		_exit(91);
	a = fd[0];
	b = fd[1];
}

static void close_both(void)
{
	close(a);
	close(b);
	while (sigtimedwait(&all, NULL, &(struct timespec){ 0 }) > 0)
		continue;
}

/* ---- the flag and the owner ---- */

static void kind(const char *name, int fd)
{
	int on = 1, off = 0, who = getpid();

	say("%s\n", name);
	TRY(ioctl(fd, FIOASYNC, &on));
	say("%#o\n", fcntl(fd, F_GETFL) & (O_ASYNC | O_NONBLOCK));
	TRY(ioctl(fd, FIOASYNC, &off));
	say("%#o\n", fcntl(fd, F_GETFL) & (O_ASYNC | O_NONBLOCK));
	TRY(fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK));
	say("%#o\n", fcntl(fd, F_GETFL) & (O_ASYNC | O_NONBLOCK));
	TRY(fcntl(fd, F_SETFL, 0));
	say("%#o\n", fcntl(fd, F_GETFL) & (O_ASYNC | O_NONBLOCK));
	TRY(fcntl(fd, F_GETOWN));
	TRY(fcntl(fd, F_SETOWN, who));
	say("owner: %d\n", fcntl(fd, F_GETOWN) == who);
	TRY(fcntl(fd, F_SETSIG, SIGRTMIN));
	TRY(fcntl(fd, F_GETSIG));
	close(fd);
}

/* ---- joined streams ---- */

static void bytes_come(void)
{
	struct iovec part = { buf, 5 };
	int file, ends[2];

	say("bytes\n");
	pair(SOCK_STREAM);
	AFTER(write(a, "x", 1));
	async(b, 0);
	AFTER(write(a, "x", 1));
	AFTER(read(b, buf, 1));
	async(b, SIGRTMIN);
	AFTER(write(a, "more", 4));
	AFTER(send(a, "more", 4, MSG_DONTWAIT));
	AFTER(writev(a, &part, 1));
	AFTER(read(b, buf, sizeof(buf)));
	AFTER(write(b, "back", 4));
	AFTER(read(a, buf, sizeof(buf)));
	async(a, SIGRTMIN);
	AFTER(write(b, "back", 4));
	AFTER(read(a, buf, sizeof(buf)));
	file = open("file", O_RDWR | O_CREAT, 0600);
	pipe(ends);
	write(ends[1], "piped", 5);
	AFTER(splice(ends[0], NULL, a, NULL, 5, 0));
	close(file);
	close(ends[0]);
	close(ends[1]);
	AFTER(fcntl(b, F_SETFL, O_NONBLOCK));
	AFTER(write(a, "not told", 8));
	close_both();
}

static void ends(int type)
{
	say("ends %d\n", type);
	pair(type);
	async(a, SIGRTMIN);
	async(b, SIGRTMIN);
	AFTER(shutdown(a, SHUT_WR));
	AFTER(close(a));
	close(b);
	pair(type);
	async(a, SIGRTMIN);
	async(b, SIGRTMIN);
	AFTER(shutdown(a, SHUT_RDWR));
	close_both();
	pair(type);
	async(b, SIGRTMIN);
	AFTER(close(a));
	close(b);
	pair(type);
	async(b, SIGRTMIN);
	AFTER(close(b));
	close(a);
	pair(type);
	async(a, 0);
	AFTER(close(b));
	close(a);
}

static int is_told(void *unused)
{
	(void)unused;
	write(a, "x", 1);
	taken("the writer");
	return 0;
}

static void owner_is_another(void)
{
	int again;

	say("owner\n");
	pair(SOCK_STREAM);
	async(b, 0);
	in_child("writer", is_told, NULL);
	taken("the owner");
	again = dup(b);
	AFTER(close(b));
	AFTER(write(a, "x", 1));
	AFTER(close(again));
	close(a);
}

/* ---- messages ---- */

static void messages_come(int type)
{
	say("messages %d\n", type);
	pair(type);
	AFTER(send(a, "x", 1, 0));
	async(b, SIGRTMIN);
	AFTER(send(a, "one", 3, 0));
	AFTER(send(a, "two", 3, 0));
	AFTER(recv(b, buf, sizeof(buf), 0));
	AFTER(recv(b, buf, sizeof(buf), 0));
	AFTER(recv(b, buf, sizeof(buf), 0));
	AFTER(send(a, "three", 5, 0));
	AFTER(send(b, "back", 4, 0));
	close_both();
}

static int named(int type, const char *path)
{
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

	if (bind_to(fd, path) != 0)
		_exit(92);
	return fd;
}

/* Whoever connects keeps the flag; whoever is accepted has none. */
static void connections_come(int type)
{
	int listener, other;

	say("connections %d\n", type);
	listener = named(type, "@listens");
	async(listener, SIGRTMIN);
	AFTER(listen(listener, 5));
	a = socket(AF_UNIX, type, 0);
	other = socket(AF_UNIX, type, 0);
	async(a, SIGRTMIN);
	AFTER(connect_to(a, "@listens"));
	AFTER(connect_to(other, "@listens"));
	AFTER(b = accept(listener, NULL, NULL));
	say("%#o, owner %d\n", fcntl(b, F_GETFL) & O_ASYNC, fcntl(b, F_GETOWN));
	AFTER(write(a, "x", 1));
	AFTER(write(b, "to a", 4));
	async(b, SIGRTMIN + 1);
	AFTER(write(a, "x", 1));
	AFTER(close(a));
	AFTER(close(other));
	AFTER(close(listener));
	close(b);
}

/* ---- TCP and UDP ---- */

static struct sockaddr *at(int port)
{
	static struct sockaddr_in address;

	address = (struct sockaddr_in){ .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return (struct sockaddr *)&address;
}

static void by_tcp(void)
{
	const struct linger no_time = { 1, 0 };
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	/* That a stream ends, Linux tells twice, and by different codes. */
	say("TCP\n");
	if (bind(listener, at(4001), sizeof(struct sockaddr_in)) != 0 || listen(listener, 5) != 0)
		_exit(93);
	async(listener, SIGRTMIN);
	a = socket(AF_INET, SOCK_STREAM, 0);
	AFTER(connect(a, at(4001), sizeof(struct sockaddr_in)));
	async(a, SIGRTMIN);
	AFTER(b = accept(listener, NULL, NULL));
	say("%#o\n", fcntl(b, F_GETFL) & O_ASYNC);
	async(b, SIGRTMIN + 1);
	AFTER(write(a, "x", 1));
	AFTER(write(b, "to a", 4));
	AFTER(recv(b, buf, 10, 0));
	AFTER(recv(a, buf, 10, 0));
	async(a, 0);
	async(b, 0);
	AFTER(shutdown(a, SHUT_WR));
	AFTER(close(b));
	close(a);
	a = socket(AF_INET, SOCK_STREAM, 0);
	connect(a, at(4001), sizeof(struct sockaddr_in));
	taken("another");
	b = accept(listener, NULL, NULL);
	async(b, 0);
	setsockopt(a, SOL_SOCKET, SO_LINGER, &no_time, sizeof(no_time));
	AFTER(close(a));
	close(b);
	close(listener);
}

/* Says which signal has come first, and takes those that follow: Linux tells some ends twice. */
static void taken_once(const char *what)
{
	struct timespec wait = { 0, 20000000 };
	int first = 0, sig;
	siginfo_t info;

	while ((sig = sigtimedwait(&all, &info, &wait)) > 0) {
		if (sig == first)
			continue;
		say("%s: signal %d", what, sig);
		if (sig >= SIGRTMIN)
			say(", code %d, %s, band %#lx", info.si_code, info.si_fd == a ? "a" : "b",
			    info.si_band);
		say("\n");
		what = "and";
		first = sig;
	}
	if (!first)
		say("%s: none\n", what);
}
#define ONCE_AFTER(call) ((void)(call), taken_once(#call))

static void tcp(void)
{
	int fd[2];

	tcp_pair(fd);
	a = fd[0];
	b = fd[1];
	async(a, SIGRTMIN);
	async(b, SIGRTMIN + 1);
}

/* TCP that ends, and what is written then. */
static void tcp_ends(void)
{
	say("a late write\n");
	tcp();
	ONCE_AFTER(close(b));
	ONCE_AFTER(write(a, "x", 1));
	ONCE_AFTER(write(a, "x", 1));
	close(a);
	say("both ways are shut\n");
	tcp();
	ONCE_AFTER(shutdown(b, SHUT_RDWR));
	ONCE_AFTER(write(a, "x", 1));
	ONCE_AFTER(write(a, "x", 1));
	ONCE_AFTER(close(a));
	close(b);
	say("one after the other\n");
	tcp();
	ONCE_AFTER(shutdown(b, SHUT_RD));
	ONCE_AFTER(shutdown(b, SHUT_WR));
	ONCE_AFTER(write(a, "x", 1));
	ONCE_AFTER(send(a, "x", 1, MSG_NOSIGNAL));
	close_both();
	say("bytes are left\n");
	tcp();
	ONCE_AFTER(write(a, "x", 1));
	ONCE_AFTER(close(b));
	ONCE_AFTER(close(a));
	tcp();
	ONCE_AFTER(write(a, "x", 1));
	ONCE_AFTER(shutdown(a, SHUT_WR));
	ONCE_AFTER(close(b));
	close(a);
	say("its way out is shut\n");
	tcp();
	ONCE_AFTER(shutdown(a, SHUT_WR));
	ONCE_AFTER(close(b));
	close(a);
}

static void by_udp(void)
{
	say("UDP\n");
	a = socket(AF_INET, SOCK_DGRAM, 0);
	b = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(b, at(4002), sizeof(struct sockaddr_in)) != 0)
		_exit(94);
	async(b, SIGRTMIN);
	async(a, SIGRTMIN);
	AFTER(sendto(a, "one", 3, 0, at(4002), sizeof(struct sockaddr_in)));
	AFTER(sendto(a, "two", 3, 0, at(4002), sizeof(struct sockaddr_in)));
	AFTER(recv(b, buf, 10, 0));
	AFTER(recv(b, buf, 10, 0));
	close_both();
}

int main(void)
{
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigdelset(&all, SIGCHLD);
	bring_up();
	kind("stream", socket(AF_UNIX, SOCK_STREAM, 0));
	kind("datagram", socket(AF_UNIX, SOCK_DGRAM, 0));
	kind("TCP", socket(AF_INET, SOCK_STREAM, 0));
	pair(SOCK_STREAM);
	kind("pair", a);
	close(b);
	bytes_come();
	ends(SOCK_STREAM);
	ends(SOCK_SEQPACKET);
	owner_is_another();
	messages_come(SOCK_DGRAM);
	messages_come(SOCK_SEQPACKET);
	connections_come(SOCK_STREAM);
	connections_come(SOCK_SEQPACKET);
	by_tcp();
	tcp_ends();
	by_udp();
	return 0;
}
