/* SPDX-License-Identifier: MIT */
/* R154: UDP-Lite: its ports, its datagrams, and how much of one is covered. */
#include "socket.h"
#include "socket_inet.h"

#include <sys/uio.h>

#define LITE   136 /* IPPROTO_UDPLITE */
#define SENT   10  /* UDPLITE_SEND_CSCOV */
#define WANTED 11  /* UDPLITE_RECV_CSCOV */

static int bound(int protocol, const char *text, int port)
{
	union address at;
	socklen_t n = make(&at, text, port);
	int fd = socket(at.any.sa_family, SOCK_DGRAM, protocol);

	if (fd < 0 || bind(fd, &at.any, n) != 0)
		_exit(91);
	return fd;
}

static int connected(int protocol, const char *text, int port)
{
	union address at;
	socklen_t n = make(&at, text, port);
	int fd = socket(at.any.sa_family, SOCK_DGRAM, protocol);

	if (fd < 0 || connect(fd, &at.any, n) != 0)
		_exit(92);
	return fd;
}

static void receive(const char *what, int fd)
{
	char bytes[100];

	poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 200);
	result(what, recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT));
}

static void kinds(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, LITE);

	TRY(socket(AF_INET, SOCK_STREAM, LITE));
	TRY(socket(AF_INET6, SOCK_STREAM, LITE));
	TRY(socket(AF_UNIX, SOCK_DGRAM, LITE));
	option("SO_PROTOCOL", fd, SOL_SOCKET, SO_PROTOCOL);
	option("SO_TYPE", fd, SOL_SOCKET, SO_TYPE);
	option("SO_DOMAIN", fd, SOL_SOCKET, SO_DOMAIN);
	TRY(listen(fd, 1));
	TRY(accept(fd, NULL, NULL));
	events("unbound", fd);
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM, LITE);
	option("SO_PROTOCOL", fd, SOL_SOCKET, SO_PROTOCOL);
	close(fd);
}

/* Whoever is bound to a port of UDP has it of UDP only. */
static void ports(void)
{
	int lite = bound(LITE, "127.0.0.1", 4200), udp = bound(0, "127.0.0.1", 4200), other;
	union address at;
	socklen_t n = make(&at, "127.0.0.1", 4200);

	other = socket(AF_INET, SOCK_DGRAM, LITE);
	TRY(bind(other, &at.any, n));
	close(other);
	other = connected(LITE, "127.0.0.1", 4200);
	TRY(send(other, "lite", 4, 0));
	receive("of UDP-Lite", lite);
	receive("of UDP", udp);
	close(other);
	other = connected(0, "127.0.0.1", 4200);
	TRY(send(other, "of udp", 6, 0));
	receive("of UDP-Lite", lite);
	receive("of UDP", udp);
	close(lite);
	TRY(send(other, "of udp", 6, 0));
	receive("of UDP", udp);
	close(other);
	other = connected(LITE, "127.0.0.1", 4200);
	TRY(send(other, "to nobody", 9, 0));
	poll(&(struct pollfd){ other, POLLIN, 0 }, 1, 200);
	option("SO_ERROR", other, SOL_SOCKET, SO_ERROR);
	close(other);
	close(udp);
}

static void families(void)
{
	int server = bound(LITE, "::", 4201), client = connected(LITE, "127.0.0.1", 4201);
	int client6 = connected(LITE, "::1", 4201), one = 1;
	char control[100], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *head;

	TRY(send(client, "by IP", 5, 0));
	receive("recv", server);
	TRY(send(client6, "by IPv6", 7, 0));
	receive("recv", server);
	TRY(setsockopt(server, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &one, sizeof(one)));
	TRY(send(client6, "x", 1, 0));
	message.msg_controllen = sizeof(control);
	poll(&(struct pollfd){ server, POLLIN, 0 }, 1, 200);
	TRY(recvmsg(server, &message, 0));
	head = CMSG_FIRSTHDR(&message);
	say("%zu bytes, level %d, type %d\n", message.msg_controllen, head ? head->cmsg_level : -1,
	    head ? head->cmsg_type : -1);
	close(client6);
	close(client);
	close(server);
}

static void set_each(const char *what, int fd, int level, int name)
{
	static const int values[] = { INT32_MIN, -1, 0, 1, 7, 8, 9, 100, 65535, 65536, INT32_MAX };

	say("%s, level %d, option %d\n", what, level, name);
	option("unset", fd, level, name);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		say("%d: ", values[i]);
		set("set", fd, level, name, values[i]);
	}
	set_part("a part", fd, level, name, 20, 3);
	set_part("nothing", fd, level, name, 20, 0);
}

static void options(void)
{
	static const int levels[] = { LITE, IPPROTO_UDP, IPPROTO_TCP };

	for (int name = SENT; name <= WANTED; name++)
		for (size_t i = 0; i < 3; i++) {
			int lite = socket(AF_INET, SOCK_DGRAM, LITE);
			int lite6 = socket(AF_INET6, SOCK_DGRAM, LITE);
			int udp = socket(AF_INET, SOCK_DGRAM, 0);

			set_each("UDP-Lite", lite, levels[i], name);
			set_each("UDP-Lite of IPv6", lite6, levels[i], name);
			set_each("UDP", udp, levels[i], name);
			close(lite);
			close(lite6);
			close(udp);
		}
}

/* A datagram of 50 bytes. Its head has 8 more. If it is dropped, another one of 3 bytes comes instead. */
static void cover(int sent, int wanted)
{
	static const char bytes[50];
	int server = bound(LITE, "127.0.0.1", 4202), client = connected(LITE, "127.0.0.1", 4202);
	int other = connected(LITE, "127.0.0.1", 4202);

	if (sent >= 0 && setsockopt(client, LITE, SENT, &sent, sizeof(sent)) != 0)
		_exit(93);
	if (wanted >= 0 && setsockopt(server, LITE, WANTED, &wanted, sizeof(wanted)) != 0)
		_exit(94);
	say("%d covered, %d wanted: ", sent, wanted);
	if (send(client, bytes, sizeof(bytes), 0) != sizeof(bytes) || send(other, "end", 3, 0) != 3)
		_exit(95);
	receive("recv", server);
	close(other);
	close(client);
	close(server);
}

static void coverage(void)
{
	static const int covered[] = { -1, 0, 8, 20, 57, 58, 59, 100 };
	static const int wanted[] = { -1, 0, 8, 20, 21, 58, 100 };

	for (size_t i = 0; i < sizeof(covered) / sizeof(*covered); i++)
		for (size_t j = 0; j < sizeof(wanted) / sizeof(*wanted); j++)
			cover(covered[i], wanted[j]);
}

/* Says how many lines of a table have that port. */
static void lines_with(const char *table, const char *port)
{
	static char text[8192];
	int fd = open(table, O_RDONLY), n = 0;
	ssize_t size = 0, done;

	while (fd >= 0 && (done = read(fd, text + size, sizeof(text) - 1 - (size_t)size)) > 0)
		size += done;
	close(fd);
	text[size] = '\0';
	for (char *at = text; (at = strstr(at, port)); at++)
		n++;
	say("%s has %s %d times\n", table, port, n);
}

static void tables(void)
{
	int lite = bound(LITE, "127.0.0.1", 4203), lite6 = bound(LITE, "::1", 4204);
	int udp = bound(0, "127.0.0.1", 4205);
	static const char *const ports[] = { ":106B", ":106C", ":106D" };

	for (size_t i = 0; i < 3; i++) {
		lines_with("/proc/net/udplite", ports[i]);
		lines_with("/proc/net/udplite6", ports[i]);
		lines_with("/proc/net/udp", ports[i]);
		lines_with("/proc/net/udp6", ports[i]);
	}
	lines_with("/proc/net/sockstat", "UDP: inuse 1");
	lines_with("/proc/net/sockstat", "UDPLITE: inuse 1");
	close(udp);
	close(lite6);
	close(lite);
}

int main(void)
{
	bring_up();
	kinds();
	ports();
	families();
	options();
	coverage();
	tables();
	return 0;
}
