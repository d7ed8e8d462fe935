/* SPDX-License-Identifier: MIT */
/* R154, R156: sockets of AF_INET and AF_INET6 on the loopback: TCP and UDP. */
#include "socket.h"
#include "socket_inet.h"

#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static char buf[200], big[65508];

static int bind_to(int fd, const char *text, int port)
{
	union address to;
	socklen_t n = make(&to, text, port);

	return bind(fd, &to.any, n);
}

static int connect_to(int fd, const char *text, int port)
{
	union address to;
	socklen_t n = make(&to, text, port);

	return connect(fd, &to.any, n);
}

static ssize_t send_to(int fd, const char *text, int port, const char *bytes)
{
	union address to;
	socklen_t n = make(&to, text, port);

	return sendto(fd, bytes, strlen(bytes), 0, &to.any, n);
}

/* A port that the kernel has chosen is "chosen". */
static void say_address(const char *what, const union address *address, socklen_t n)
{
	char text[INET6_ADDRSTRLEN] = "?";
	int port;

	if (address->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &address->in.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &address->in6.sin6_addr, text, sizeof(text));
	port = ntohs(address->any.sa_family == AF_INET ? address->in.sin_port
						       : address->in6.sin6_port);
	if (port >= 32768)
		say("%s: family %d, %s, chosen, %u bytes\n", what, address->any.sa_family, text, n);
	else
		say("%s: family %d, %s, %d, %u bytes\n", what, address->any.sa_family, text, port,
		    n);
}

static void names(const char *who, int fd)
{
	union address address;
	socklen_t n = sizeof(address);

	say("%s\n", who);
	if (getsockname(fd, &address.any, &n) == 0)
		say_address("  own", &address, n);
	else
		result("  own", -1);
	n = sizeof(address);
	if (getpeername(fd, &address.any, &n) == 0)
		say_address("  peer", &address, n);
	else
		result("  peer", -1);
}

static void receive(int fd, size_t room)
{
	union address from = { .any.sa_family = AF_INET };
	socklen_t n = sizeof(from);
	ssize_t got = recvfrom(fd, buf, room, 0, &from.any, &n);

	if (got < 0) {
		result("recvfrom", -1);
		return;
	}
	say("%zd bytes: %.*s\n", got, (int)got, buf);
	say_address("from", &from, n);
}

/* What goes by the loopback of Linux comes a moment later. */
static void until(int fd, short what)
{
	struct pollfd ask = { fd, what, 0 };

	poll(&ask, 1, 5000);
}

static int sock(int family, int type)
{
	int fd = socket(family, type, 0);

	if (fd < 0)
		_exit(91);
	return fd;
}

/* ---- TCP ---- */

static void tcp(int family, const char *any, const char *loopback, int port)
{
	int listener = sock(family, SOCK_STREAM), client = sock(family, SOCK_STREAM), server;
	union address from;
	socklen_t n = sizeof(from);

	say("TCP %s\n", loopback);
	events("new", client);
	TRY(read(client, buf, 1));
	TRY(send(client, "x", 1, MSG_NOSIGNAL));
	TRY(accept(listener, NULL, NULL));
	names("new", client);
	TRY(bind_to(listener, any, port));
	TRY(bind_to(listener, any, port + 1));
	TRY(listen(listener, 5));
	names("listener", listener);
	events("listener", listener);
	TRY(connect_to(client, loopback, port));
	until(listener, POLLIN);
	events("listener", listener);
	server = accept(listener, &from.any, &n);
	result("accept", server >= 0 ? 0 : -1);
	say_address("from", &from, n);
	names("client", client);
	names("server", server);
	TRY(connect_to(client, loopback, port));
	TRY(write(client, "hello", 5));
	until(server, POLLIN);
	TRY(read(server, buf, 100));
	TRY(send_to(server, "127.0.0.1", 9, "ignored"));
	until(client, POLLIN);
	receive(client, 100);
	TRY(shutdown(client, SHUT_WR));
	until(server, POLLRDHUP);
	events("client", client);
	events("server", server);
	TRY(read(server, buf, 100));
	TRY(write(server, "answer", 6));
	until(client, POLLIN);
	TRY(read(client, buf, 100));
	TRY(close(server));
	until(client, POLLRDHUP);
	events("client", client);
	TRY(read(client, buf, 100));
	TRY(write(client, "x", 1));
	close(client);
	TRY(close(listener));
	client = sock(family, SOCK_STREAM);
	TRY(connect_to(client, loopback, port));
	close(client);
}

static void one_side_closes(void)
{
	int listener = sock(AF_INET, SOCK_STREAM), client = sock(AF_INET, SOCK_STREAM), server;

	say("closed\n");
	TRY(bind_to(listener, "127.0.0.1", 0));
	TRY(listen(listener, 1));
	{
		union address at;
		socklen_t n = sizeof(at);

		getsockname(listener, &at.any, &n);
		TRY(connect(client, &at.any, n));
	}
	server = accept(listener, NULL, NULL);
	TRY(write(client, "bytes", 5));
	until(server, POLLIN);
	TRY(close(client));
	until(server, POLLRDHUP);
	events("server", server);
	TRY(read(server, buf, 100));
	TRY(read(server, buf, 100));
	close(server);
	close(listener);
}

/* A connection that nobody else has a part in. */
static int connected(int listener, int *client_ret)
{
	union address at;
	socklen_t n = sizeof(at);

	*client_ret = sock(AF_INET, SOCK_STREAM);
	if (getsockname(listener, &at.any, &n) != 0 || connect(*client_ret, &at.any, n) != 0)
		_exit(97);
	return accept(listener, NULL, NULL);
}

static void finds(const char *what, int fd)
{
	say("%s\n", what);
	until(fd, POLLRDHUP);
	events("events", fd);
	TRY(write(fd, "x", 1));
	TRY(read(fd, buf, 3));
	TRY(read(fd, buf, 100));
	TRY(read(fd, buf, 100));
	TRY(read(fd, buf, 100));
	TRY(write(fd, "x", 1));
	close(fd);
}

/* With SO_LINGER and a time of 0, the close of a connection resets it. */
static void close_resets(void)
{
	const struct linger no_time = { 1, 0 }, some = { 1, 1 }, off = { 0, 0 };
	int listener = sock(AF_INET, SOCK_STREAM), client, server;

	TRY(bind_to(listener, "127.0.0.1", 0));
	TRY(listen(listener, 1));
	server = connected(listener, &client);
	TRY(setsockopt(client, SOL_SOCKET, SO_LINGER, &no_time, sizeof(no_time)));
	TRY(write(client, "bytes", 5));
	until(server, POLLIN);
	close(client);
	finds("reset", server);
	server = connected(listener, &client);
	TRY(setsockopt(client, SOL_SOCKET, SO_LINGER, &no_time, sizeof(no_time)));
	TRY(setsockopt(client, SOL_SOCKET, SO_LINGER, &some, sizeof(some)));
	close(client);
	until(server, POLLRDHUP);
	events("not reset, with a time", server);
	close(server);
	server = connected(listener, &client);
	TRY(setsockopt(client, SOL_SOCKET, SO_LINGER, &no_time, sizeof(no_time)));
	TRY(setsockopt(client, SOL_SOCKET, SO_LINGER, &off, sizeof(off)));
	close(client);
	until(server, POLLRDHUP);
	events("not reset any more", server);
	close(server);
	client = sock(AF_INET, SOCK_STREAM);
	TRY(setsockopt(client, SOL_SOCKET, SO_LINGER, &no_time, sizeof(no_time)));
	TRY(close(client));
	TRY(setsockopt(listener, SOL_SOCKET, SO_LINGER, &no_time, sizeof(no_time)));
	server = connected(listener, &client);
	close(server);
	until(client, POLLERR);
	events("reset by who was accepted", client);
	TRY(read(client, buf, 1));
	events("afterwards", client);
	TRY(read(client, buf, 1));
	close(client);
	server = connected(listener, &client);
	close(server);
	until(client, POLLERR);
	option("SO_ERROR", client, SOL_SOCKET, SO_ERROR);
	TRY(write(client, "x", 1));
	close(client);
	server = connected(listener, &client);
	TRY(write(client, "unread", 6));
	until(server, POLLIN);
	TRY(setsockopt(server, SOL_SOCKET, SO_LINGER, &off, sizeof(off)));
	close(server);
	until(client, POLLERR);
	events("closed with bytes that are not read", client);
	TRY(sendto(client, "x", 1, 0, NULL, 0));
	close(client);
	close(listener);
}

static void ports_are_one_owners(void)
{
	int one = sock(AF_INET, SOCK_STREAM), other = sock(AF_INET, SOCK_STREAM);
	int udp = sock(AF_INET, SOCK_DGRAM), six = sock(AF_INET6, SOCK_STREAM), on = 1;

	say("ports\n");
	TRY(bind_to(one, "127.0.0.1", 5001));
	TRY(bind_to(other, "127.0.0.1", 5001));
	TRY(bind_to(other, "0.0.0.0", 5001));
	TRY(bind_to(other, "127.0.0.2", 5001));
	TRY(bind_to(udp, "127.0.0.1", 5001));
	TRY(bind_to(six, "::", 5001));
	TRY(setsockopt(six, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)));
	TRY(bind_to(six, "::", 5001));
	close(one);
	close(other);
	one = sock(AF_INET, SOCK_STREAM);
	other = sock(AF_INET, SOCK_STREAM);
	TRY(setsockopt(one, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	TRY(bind_to(one, "0.0.0.0", 5002));
	TRY(bind_to(other, "127.0.0.1", 5002));
	TRY(setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	TRY(bind_to(other, "127.0.0.1", 5002));
	TRY(listen(one, 1));
	close(one);
	close(other);
	one = sock(AF_INET, SOCK_STREAM);
	other = sock(AF_INET, SOCK_STREAM);
	setsockopt(one, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	TRY(bind_to(one, "0.0.0.0", 5003));
	TRY(bind_to(other, "0.0.0.0", 5003));
	TRY(listen(one, 1));
	TRY(listen(other, 1));
	close(one);
	close(other);
	close(udp);
	close(six);
	one = sock(AF_INET, SOCK_STREAM);
	TRY(listen(one, 1));
	names("listens", one);
	close(one);
}

static int bound(const char *text, int port, int reuse)
{
	int fd = sock(AF_INET, SOCK_STREAM);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
	if (bind_to(fd, text, port) != 0)
		_exit(96);
	return fd;
}

/* With SO_REUSEADDR several can have a port, and one can listen. */
static void one_listens(void)
{
	int one = bound("127.0.0.1", 5007, 1), other = bound("127.0.0.1", 5007, 1), off = 0;
	int any = bound("0.0.0.0", 5007, 1), elsewhere = bound("127.0.0.2", 5007, 1);

	say("one listens\n");
	TRY(listen(one, 1));
	TRY(listen(other, 1));
	events("other", other);
	TRY(listen(any, 1));
	TRY(listen(elsewhere, 1));
	TRY(listen(one, 2));
	TRY(close(one));
	TRY(listen(other, 1));
	TRY(listen(any, 1));
	close(other);
	TRY(listen(any, 1));
	close(elsewhere);
	TRY(listen(any, 1));
	close(any);
	one = bound("127.0.0.1", 5008, 1);
	other = bound("127.0.0.1", 5008, 1);
	TRY(setsockopt(one, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)));
	TRY(listen(other, 1));
	close(one);
	close(other);
}

static void addresses_are_looked_at(void)
{
	int fd = sock(AF_INET, SOCK_STREAM), six = sock(AF_INET6, SOCK_STREAM);
	union address address;

	say("addresses\n");
	TRY(bind_to(fd, "192.0.2.1", 5004));
	TRY(bind_to(six, "2001:db8::1", 5004));
	make(&address, "127.0.0.1", 5004);
	TRY(bind(fd, &address.any, 15));
	TRY(bind(six, &address.any, sizeof(address)));
	TRY(connect(fd, &address.any, 8));
	make(&address, "::1", 5004);
	TRY(bind(fd, &address.any, sizeof(address)));
	TRY(connect(fd, &address.any, sizeof(address)));
	TRY(bind(six, &address.any, 20));
	TRY(bind(six, &address.any, sizeof(address.in6)));
	close(fd);
	close(six);
}

static void both_families_meet(void)
{
	int listener = sock(AF_INET6, SOCK_STREAM), client = sock(AF_INET, SOCK_STREAM);
	int other = sock(AF_INET6, SOCK_STREAM), server;

	say("both families\n");
	TRY(bind_to(listener, "::", 5005));
	TRY(listen(listener, 5));
	TRY(connect_to(client, "127.0.0.1", 5005));
	server = accept(listener, NULL, NULL);
	names("client", client);
	names("server", server);
	close(server);
	TRY(connect_to(other, "::ffff:127.0.0.1", 5005));
	server = accept(listener, NULL, NULL);
	names("other", other);
	close(server);
	close(client);
	close(other);
	close(listener);
	listener = sock(AF_INET, SOCK_STREAM);
	client = sock(AF_INET6, SOCK_STREAM);
	TRY(bind_to(listener, "127.0.0.1", 5006));
	TRY(listen(listener, 1));
	TRY(connect_to(client, "::1", 5006));
	close(client);
	close(listener);
}

/* ---- UDP ---- */

static void udp(int family, const char *loopback, int port)
{
	int server = sock(family, SOCK_DGRAM), client = sock(family, SOCK_DGRAM), other;

	say("UDP %s\n", loopback);
	fcntl(server, F_SETFL, O_NONBLOCK);
	fcntl(client, F_SETFL, O_NONBLOCK);
	events("new", client);
	names("new", client);
	TRY(recv(client, buf, 1, 0));
	TRY(send(client, "x", 1, 0));
	TRY(bind_to(server, loopback, port));
	TRY(listen(server, 1));
	TRY(send_to(client, loopback, port, "hello"));
	until(server, POLLIN);
	receive(server, 100);
	names("client", client);
	TRY(connect_to(client, loopback, port));
	names("client", client);
	TRY(send(client, "one", 3, 0));
	TRY(send(client, "", 0, 0));
	TRY(write(client, "three", 5));
	until(server, POLLIN);
	receive(server, 2);
	receive(server, 100);
	receive(server, 100);
	receive(server, 100);
	other = sock(family, SOCK_DGRAM);
	TRY(bind_to(other, loopback, port + 1));
	TRY(send_to(other, loopback, port, "from another"));
	until(server, POLLIN);
	receive(server, 100);
	TRY(close(server));
	TRY(send(client, "x", 1, 0));
	until(client, POLLERR);
	TRY(send(client, "x", 1, 0));
	TRY(connect(client, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)));
	TRY(getpeername(client, &(struct sockaddr){ 0 }, &(socklen_t){ 0 }));
	close(client);
	close(other);
}

/* ---- options ---- */

static void options_are_kept(void)
{
	int tcp = sock(AF_INET, SOCK_STREAM), udp = sock(AF_INET6, SOCK_DGRAM);

	say("options\n");
	option("SO_TYPE", tcp, SOL_SOCKET, SO_TYPE);
	option("SO_DOMAIN", udp, SOL_SOCKET, SO_DOMAIN);
	option("SO_PROTOCOL", tcp, SOL_SOCKET, SO_PROTOCOL);
	option("SO_PROTOCOL", udp, SOL_SOCKET, SO_PROTOCOL);
	set("TCP_NODELAY", tcp, IPPROTO_TCP, TCP_NODELAY, 7);
	set("TCP_NODELAY", udp, IPPROTO_TCP, TCP_NODELAY, 1);
	set("TCP_KEEPIDLE", tcp, IPPROTO_TCP, TCP_KEEPIDLE, 30);
	set("TCP_KEEPCNT", tcp, IPPROTO_TCP, TCP_KEEPCNT, 0);
	set("TCP_KEEPINTVL", tcp, IPPROTO_TCP, TCP_KEEPINTVL, 5);
	set("IP_TOS", tcp, IPPROTO_IP, IP_TOS, 16);
	set("IP_TTL", tcp, IPPROTO_IP, IP_TTL, 300);
	set("IPV6_V6ONLY", udp, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set("IPV6_V6ONLY", tcp, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set("SO_REUSEPORT", tcp, SOL_SOCKET, SO_REUSEPORT, 1);
	close(tcp);
	close(udp);
}

/* One of them at a time. */
static void times_are_asked_for(int fd)
{
	static const int kinds[] = { SO_TIMESTAMP_OLD, SO_TIMESTAMPNS_OLD, SO_TIMESTAMP_NEW,
				     SO_TIMESTAMPNS_NEW };

	say("times\n");
	for (unsigned i = 0; i < 4; i++) {
		set("set", fd, SOL_SOCKET, kinds[i], 5);
		for (unsigned j = 0; j < 4; j++)
			option("has", fd, SOL_SOCKET, kinds[j]);
	}
	set("clear another", fd, SOL_SOCKET, SO_TIMESTAMP, 0);
	option("has", fd, SOL_SOCKET, SO_TIMESTAMPNS_NEW);
	TRY(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, buf, 3));
	close(fd);
}

static void linger_of(const char *name, int fd)
{
	struct linger linger = { -1, -1 };
	socklen_t n = sizeof(linger);

	result(name, getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &n));
	say("%d, %d, %u bytes\n", linger.l_onoff, linger.l_linger, n);
}

/* A socket that is accepted has the options of the one that listens. */
static void options_go_on(void)
{
	int listener = sock(AF_INET, SOCK_STREAM), client, server;
	const struct linger some = { 1, 7 };

	say("options go on\n");
	TRY(bind_to(listener, "127.0.0.1", 0));
	TRY(setsockopt(listener, SOL_SOCKET, SO_LINGER, &some, sizeof(some)));
	set("SO_SNDBUF", listener, SOL_SOCKET, SO_SNDBUF, 20000);
	set("SO_RCVBUF", listener, SOL_SOCKET, SO_RCVBUF, 10000);
	set("SO_KEEPALIVE", listener, SOL_SOCKET, SO_KEEPALIVE, 1);
	set("SO_REUSEADDR", listener, SOL_SOCKET, SO_REUSEADDR, 1);
	set("SO_TIMESTAMP", listener, SOL_SOCKET, SO_TIMESTAMP, 1);
	set("TCP_NODELAY", listener, IPPROTO_TCP, TCP_NODELAY, 1);
	TRY(listen(listener, 1));
	server = connected(listener, &client);
	linger_of("SO_LINGER", server);
	option("SO_SNDBUF", server, SOL_SOCKET, SO_SNDBUF);
	option("SO_RCVBUF", server, SOL_SOCKET, SO_RCVBUF);
	option("SO_KEEPALIVE", server, SOL_SOCKET, SO_KEEPALIVE);
	option("SO_REUSEADDR", server, SOL_SOCKET, SO_REUSEADDR);
	option("SO_TIMESTAMP", server, SOL_SOCKET, SO_TIMESTAMP);
	option("TCP_NODELAY", server, IPPROTO_TCP, TCP_NODELAY);
	linger_of("SO_LINGER", client);
	close(server);
	close(client);
	close(listener);
}

static void some_are_refused(void)
{
	int fd[2];

	say("refused\n");
	TRY(socket(AF_INET, SOCK_SEQPACKET, 0));
	TRY(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	TRY(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
	TRY(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) >= 0);
	TRY(socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) >= 0);
	TRY(socketpair(AF_INET, SOCK_STREAM, 0, fd));
}

static int without_rights(void *unused)
{
	int fd = sock(AF_INET, SOCK_STREAM);

	(void)unused;
	if (setuid(1000) != 0)
		_exit(92);
	TRY(bind_to(fd, "127.0.0.1", 80));
	TRY(bind_to(fd, "127.0.0.1", 5080));
	fd = sock(AF_INET, SOCK_STREAM);
	TRY(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ 100000 }, sizeof(int)));
	return 0;
}

/* ---- errors, each by the name of its call ---- */

static void close_from(int fd)
{
	while (close(fd) == 0)
		fd++;
}

/* By each of the calls that send a message. */
static void send_all(int fd, const char *text, int port)
{
	struct iovec part = { buf, 1 };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
	union address to;

	if (text) {
		one.msg_hdr.msg_name = &to;
		one.msg_hdr.msg_namelen = make(&to, text, port);
	}
	TRY(sendto(fd, buf, 1, 0, one.msg_hdr.msg_name, one.msg_hdr.msg_namelen));
	TRY(sendmsg(fd, &one.msg_hdr, 0));
	TRY(sendmmsg(fd, &one, 1, 0));
}

/* By the calls that write to any file. */
static void write_all(int fd)
{
	struct iovec part = { buf, 1 };
	int from = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];

	if (write(from, "x", 1) != 1 || pipe(ends) != 0 || write(ends[1], "x", 1) != 1)
		_exit(93);
	TRY(write(fd, "x", 1));
	TRY(writev(fd, &part, 1));
	TRY(pwritev2(fd, &part, 1, -1, 0));
	TRY(sendfile(fd, from, &(off_t){ 0 }, 1));
	TRY(splice(ends[0], NULL, fd, NULL, 1, 0));
	close(ends[0]);
	close(ends[1]);
	close(from);
	unlink("file");
}

/* A socket that has sent to a port that is nobody's, and is to learn that by its next call. */
static int refused(int port)
{
	int fd = sock(AF_INET, SOCK_DGRAM);

	if (connect_to(fd, "127.0.0.1", port) != 0 || send(fd, "x", 1, 0) != 1)
		_exit(94);
	until(fd, POLLERR);
	return fd;
}

static void nobody_receives(void)
{
	struct iovec part = { buf, 1 };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
	int ends[2];

	say("nobody receives\n");
	if (pipe(ends) != 0)
		_exit(95);
	TRY(read(refused(4011), buf, 1));
	TRY(readv(refused(4011), &part, 1));
	TRY(preadv2(refused(4011), &part, 1, -1, 0));
	TRY(recvfrom(refused(4011), buf, 1, 0, NULL, NULL));
	TRY(recvmsg(refused(4011), &one.msg_hdr, 0));
	TRY(recvmmsg(refused(4011), &one, 1, 0, NULL));
	TRY(write(refused(4011), "x", 1));
	TRY(sendto(refused(4011), "x", 1, 0, NULL, 0));
	option("SO_ERROR", refused(4011), SOL_SOCKET, SO_ERROR);
	close_from(ends[0]);
}

static void messages_find_no_way(void)
{
	int fd = sock(AF_INET, SOCK_DGRAM), six = sock(AF_INET6, SOCK_DGRAM);
	int tcp = sock(AF_INET, SOCK_STREAM), tcp6 = sock(AF_INET6, SOCK_STREAM);
	union address address;

	say("no way\n");
	TRY(connect_to(tcp, "192.0.2.1", 9));
	TRY(connect_to(tcp6, "2001:db8::1", 9));
	TRY(connect_to(fd, "192.0.2.1", 9));
	send_all(fd, "192.0.2.1", 9);
	send_all(six, "2001:db8::1", 9);
	send_all(fd, "::1", 9);
	send_all(fd, NULL, 0);
	write_all(fd);
	TRY(sendto(fd, "x", 1, 0, &address.any, make(&address, "127.0.0.1", 9) - 1));
	TRY(sendto(fd, big, sizeof(big), 0, &address.any, make(&address, "127.0.0.1", 9)));
	TRY(send(fd, "x", 1, MSG_OOB));
	TRY(shutdown(fd, SHUT_WR));
	TRY(shutdown(tcp6, SHUT_RDWR));
	TRY(shutdown(sock(AF_INET, SOCK_STREAM), SHUT_RD));
	close_from(fd);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	bring_up();
	tcp(AF_INET, "0.0.0.0", "127.0.0.1", 4001);
	tcp(AF_INET, "127.0.0.1", "0.0.0.0", 4003);
	tcp(AF_INET6, "::", "::1", 4005);
	one_side_closes();
	close_resets();
	ports_are_one_owners();
	one_listens();
	addresses_are_looked_at();
	both_families_meet();
	udp(AF_INET, "127.0.0.1", 4007);
	udp(AF_INET6, "::1", 4009);
	options_are_kept();
	times_are_asked_for(sock(AF_INET, SOCK_STREAM));
	times_are_asked_for(sock(AF_UNIX, SOCK_DGRAM));
	options_go_on();
	some_are_refused();
	nobody_receives();
	messages_find_no_way();
	in_child("without rights", without_rights, NULL);
	return 0;
}
