/* SPDX-License-Identifier: MIT */
/* R154: UDP: which address an answer comes from, and what control messages say of a datagram. */
#include "socket.h"
#include "socket_inet.h"

#include <sys/uio.h>

static char buf[100];

static int sock(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		_exit(91);
	return fd;
}

static int bound(const char *text, int port)
{
	union address at;
	socklen_t n = make(&at, text, port);
	int fd = sock(at.any.sa_family);

	if (bind(fd, &at.any, n) != 0)
		_exit(92);
	return fd;
}

static int connected(const char *text, int port)
{
	union address at;
	socklen_t n = make(&at, text, port);
	int fd = sock(at.any.sa_family);

	if (connect(fd, &at.any, n) != 0)
		_exit(93);
	return fd;
}

static ssize_t send_to(int fd, const char *text, int port, const char *bytes)
{
	union address to;
	socklen_t n = make(&to, text, port);

	return sendto(fd, bytes, strlen(bytes), 0, &to.any, n);
}

/* A port that was chosen is "chosen". */
static void say_address(const char *what, const union address *address)
{
	char text[INET6_ADDRSTRLEN] = "?";
	int port = ntohs(address->in.sin_port); /* of both families in one place */

	if (address->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &address->in.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &address->in6.sin6_addr, text, sizeof(text));
	if (port >= 32768)
		say("%s %s, chosen\n", what, text);
	else
		say("%s %s, %d\n", what, text, port);
}

static void names(const char *who, int fd)
{
	union address address;
	socklen_t n = sizeof(address);

	say("%s\n", who);
	if (TRY(getsockname(fd, &address.any, &n)) == 0)
		say_address("  own", &address);
	n = sizeof(address);
	if (TRY(getpeername(fd, &address.any, &n)) == 0)
		say_address("  peer", &address);
}

static void until(int fd)
{
	struct pollfd ask = { fd, POLLIN, 0 };

	if (poll(&ask, 1, 200) != 1)
		say("nothing comes\n");
}

/* Receives one datagram, and answers it. */
static void answer(int server)
{
	union address from;
	socklen_t n = sizeof(from);
	ssize_t got;

	until(server);
	got = recvfrom(server, buf, sizeof(buf), 0, &from.any, &n);
	if (result("recvfrom", got) < 0)
		return;
	say_address("from", &from);
	result("answer", sendto(server, "answer", 6, 0, &from.any, n));
}

static void receive(int fd)
{
	union address from;
	socklen_t n = sizeof(from);

	until(fd);
	if (result("recvfrom", recvfrom(fd, buf, sizeof(buf), 0, &from.any, &n)) >= 0)
		say_address("from", &from);
}

/* ---- addresses ---- */

static void ask(const char *server_at, const char *to, int port)
{
	int server = bound(server_at, port), client = connected(to, port);

	say("%s, by %s\n", server_at, to);
	names("client", client);
	TRY(send(client, "ask", 3, 0));
	answer(server);
	receive(client);
	names("server", server);
	close(client);
	close(server);
}

static void answers_come(void)
{
	ask("0.0.0.0", "127.0.0.1", 4001);
	ask("0.0.0.0", "0.0.0.0", 4002);
	ask("0.0.0.0", "127.0.0.2", 4003);
	ask("127.0.0.2", "127.0.0.2", 4004);
	ask("::", "::1", 4005);
	ask("::", "::", 4006);
	ask("::", "127.0.0.1", 4007);
	ask("::", "::ffff:127.0.0.1", 4008);
	ask("::1", "::1", 4009);
}

/* Who is bound to any address, and not connected. */
static void nobody_is_connected(void)
{
	int server = bound("0.0.0.0", 4010), client = bound("0.0.0.0", 4011);

	say("nobody is connected\n");
	TRY(send_to(client, "127.0.0.1", 4010, "ask"));
	answer(server);
	receive(client);
	TRY(send_to(client, "127.0.0.2", 4010, "ask"));
	answer(server);
	receive(client);
	close(client);
	client = sock(AF_INET);
	TRY(send_to(client, "127.0.0.2", 4010, "ask"));
	names("client", client);
	answer(server);
	receive(client);
	close(client);
	close(server);
}

/* A server that is connected with the one that has asked, and has a socket for all others. */
static void server_connects(void)
{
	int server = bound("0.0.0.0", 4012), client = connected("127.0.0.1", 4012), other;
	union address from;
	socklen_t n = sizeof(from);

	say("the server is connected\n");
	TRY(send(client, "ask", 3, 0));
	until(server);
	TRY(recvfrom(server, buf, sizeof(buf), 0, &from.any, &n));
	TRY(connect(server, &from.any, n));
	names("server", server);
	TRY(send(server, "answer", 6, 0));
	receive(client);
	other = connected("127.0.0.1", 4012);
	TRY(send(other, "another", 7, 0));
	until(other);
	TRY(recv(other, buf, sizeof(buf), 0));
	TRY(connect(server, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)));
	names("server", server);
	close(other);
	close(client);
	close(server);
}

static void tcp_has_addresses(void)
{
	union address at;
	socklen_t n = make(&at, "0.0.0.0", 4013);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	int server;

	say("TCP\n");
	TRY(bind(listener, &at.any, n));
	TRY(listen(listener, 1));
	n = make(&at, "127.0.0.2", 4013);
	TRY(connect(client, &at.any, n));
	server = accept(listener, NULL, NULL);
	names("client", client);
	names("server", server);
	close(client);
	close(server);
	close(listener);
}

int main(void)
{
	bring_up();
	answers_come();
	nobody_is_connected();
	server_connects();
	tcp_has_addresses();
	return 0;
}
