/* SPDX-License-Identifier: MIT */
/* R154: control messages of IP and IPv6: what comes with a datagram, and what is sent with one. */
#include "socket.h"
#include "socket_inet.h"

#include <sys/uio.h>
#include <sys/un.h>

#define ROOM   1024
#define SERVER 4100 /* its port */

/* ---- what came ---- */

static const char *name_of(int level, int type)
{
	static const struct {
		int level, type;
		const char *name;
	} known[] = {
		{ IPPROTO_IP, IP_PKTINFO, "IP_PKTINFO" },
		{ IPPROTO_IP, IP_TTL, "IP_TTL" },
		{ IPPROTO_IP, IP_TOS, "IP_TOS" },
		{ IPPROTO_IPV6, IPV6_PKTINFO, "IPV6_PKTINFO" },
		{ IPPROTO_IPV6, IPV6_HOPLIMIT, "IPV6_HOPLIMIT" },
		{ IPPROTO_IPV6, IPV6_TCLASS, "IPV6_TCLASS" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].level == level && known[i].type == type)
			return known[i].name;
	return "?";
}

static void say_pktinfo(const void *data)
{
	char one[INET_ADDRSTRLEN], other[INET_ADDRSTRLEN];
	struct in_pktinfo info;

	memcpy(&info, data, sizeof(info));
	inet_ntop(AF_INET, &info.ipi_spec_dst, one, sizeof(one));
	inet_ntop(AF_INET, &info.ipi_addr, other, sizeof(other));
	say(": interface %d, own %s, to %s\n", info.ipi_ifindex, one, other);
}

static void say_pktinfo6(const void *data)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_pktinfo info;

	memcpy(&info, data, sizeof(info));
	inet_ntop(AF_INET6, &info.ipi6_addr, text, sizeof(text));
	say(": interface %u, to %s\n", info.ipi6_ifindex, text);
}

static void say_control(const struct cmsghdr *head)
{
	size_t n = head->cmsg_len - CMSG_LEN(0);
	int value = 0;

	say("  %s, %zu bytes", name_of(head->cmsg_level, head->cmsg_type), n);
	if (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_PKTINFO &&
	    n == sizeof(struct in_pktinfo)) {
		say_pktinfo(CMSG_DATA(head));
	} else if (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_PKTINFO &&
		   n == sizeof(struct in6_pktinfo)) {
		say_pktinfo6(CMSG_DATA(head));
	} else {
		memcpy(&value, CMSG_DATA(head), n < sizeof(value) ? n : sizeof(value));
		say(": %d\n", value);
	}
}

static const char *text_of(const union address *address, char text[INET6_ADDRSTRLEN])
{
	if (address->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &address->in.sin_addr, text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, &address->in6.sin6_addr, text, INET6_ADDRSTRLEN);
	return text;
}

/* Receives with so much room for control messages, and says all that came. */
static void receive_in(int fd, size_t room, int flags)
{
	static _Alignas(struct cmsghdr) char control[ROOM];
	char bytes[16], text[INET6_ADDRSTRLEN];
	union address from = { .any.sa_family = AF_INET };
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_name = &from,
				  .msg_namelen = sizeof(from),
				  .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = room };
	ssize_t n;

	memset(control, 0x55, sizeof(control));
	poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 200);
	n = recvmsg(fd, &message, flags | MSG_DONTWAIT);
	if (n < 0) {
		result("recvmsg", -1);
		return;
	}
	say("recvmsg: %.*s from %s, flags %#x, control %zu\n", (int)n, bytes, text_of(&from, text),
	    (unsigned)message.msg_flags, message.msg_controllen);
	for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head;
	     head = CMSG_NXTHDR(&message, head))
		say_control(head);
}

static void receive(int fd)
{
	receive_in(fd, ROOM, 0);
}

/* ---- what is sent ---- */

static _Alignas(struct cmsghdr) char out[4 * ROOM];
static size_t out_length;

/* The control messages of the next datagram. */
static void put(int level, int type, const void *data, size_t n)
{
	struct cmsghdr head = { .cmsg_len = CMSG_LEN(n), .cmsg_level = level, .cmsg_type = type };

	memset(out + out_length, 0, CMSG_SPACE(n));
	memcpy(out + out_length, &head, sizeof(head));
	if (n)
		memcpy(out + out_length + CMSG_LEN(0), data, n);
	out_length += CMSG_SPACE(n);
}

static void put_number(int level, int type, int value)
{
	put(level, type, &value, sizeof(value));
}

static void put_source(const char *own, const char *to, int interface)
{
	struct in_pktinfo info = { .ipi_ifindex = interface };

	inet_pton(AF_INET, own, &info.ipi_spec_dst);
	inet_pton(AF_INET, to, &info.ipi_addr);
	put(IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void put_source6(const char *own, unsigned interface)
{
	struct in6_pktinfo info = { .ipi6_ifindex = interface };

	inet_pton(AF_INET6, own, &info.ipi6_addr);
	put(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

/* Sends what was put together to an address; NULL: to none. */
static ssize_t send_to(int fd, const char *to, const char *bytes)
{
	union address address;
	struct iovec part = { (char *)bytes, strlen(bytes) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = out_length ? out : NULL,
				  .msg_controllen = out_length };

	if (to) {
		message.msg_name = &address;
		message.msg_namelen = make(&address, to, SERVER);
	}
	out_length = 0;
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void send_and_receive(const char *what, int client, const char *to, int server)
{
	say("%s, ", what);
	if (result("sendmsg", send_to(client, to, "x")) >= 0)
		receive(server);
}

/* Sends two at once, of which the second one, or the first, has what was put together. */
static void send_two(const char *what, int fd, unsigned which, int server)
{
	union address address;
	struct iovec part = { "x", 1 };
	struct mmsghdr two[2] = { 0 };

	for (unsigned i = 0; i < 2; i++)
		two[i].msg_hdr = (struct msghdr){
			.msg_name = &address,
			.msg_namelen = make(&address, "127.0.0.1", SERVER),
			.msg_iov = &part,
			.msg_iovlen = 1,
		};
	two[which].msg_hdr.msg_control = out;
	two[which].msg_hdr.msg_controllen = out_length;
	out_length = 0;
	say("%s %u, ", what, which);
	for (int n = (int)result("sendmmsg", sendmmsg(fd, two, 2, 0)); n > 0; n--)
		receive(server);
}

/* ---- sockets ---- */

static int sock(int family)
{
	int fd = socket(family, SOCK_DGRAM, 0);

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

static void turn(int fd, int level, int type, int value)
{
	if (setsockopt(fd, level, type, &value, sizeof(value)) != 0)
		_exit(93);
}

static void ask_ip(int fd, int value)
{
	turn(fd, IPPROTO_IP, IP_RECVTOS, value);
	turn(fd, IPPROTO_IP, IP_RECVTTL, value);
	turn(fd, IPPROTO_IP, IP_PKTINFO, value);
}

static void ask_ipv6(int fd, int value)
{
	turn(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, value);
	turn(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, value);
	turn(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, value);
}

/* ---- the tests ---- */

static void each_option(void)
{
	static const struct {
		const char *name, *at, *to;
		int level, type;
	} one[] = {
		{ "IP_PKTINFO", "0.0.0.0", "127.0.0.1", IPPROTO_IP, IP_PKTINFO },
		{ "IP_RECVTTL", "0.0.0.0", "127.0.0.1", IPPROTO_IP, IP_RECVTTL },
		{ "IP_RECVTOS", "0.0.0.0", "127.0.0.1", IPPROTO_IP, IP_RECVTOS },
		{ "IPV6_RECVPKTINFO", "::", "::1", IPPROTO_IPV6, IPV6_RECVPKTINFO },
		{ "IPV6_RECVHOPLIMIT", "::", "::1", IPPROTO_IPV6, IPV6_RECVHOPLIMIT },
		{ "IPV6_RECVTCLASS", "::", "::1", IPPROTO_IPV6, IPV6_RECVTCLASS },
		{ "IP_RECVTTL", "::", "::1", IPPROTO_IP, IP_RECVTTL },
		{ "IPV6_RECVHOPLIMIT", "::", "127.0.0.1", IPPROTO_IPV6, IPV6_RECVHOPLIMIT },
		{ "IPV6_RECVPKTINFO", "::", "127.0.0.1", IPPROTO_IPV6, IPV6_RECVPKTINFO },
	};

	for (size_t i = 0; i < sizeof(one) / sizeof(*one); i++) {
		int server = bound(one[i].at, SERVER);
		int client = sock(strchr(one[i].to, ':') ? AF_INET6 : AF_INET);

		say("%s, ", one[i].to);
		turn(server, one[i].level, one[i].type, 1);
		send_and_receive(one[i].name, client, one[i].to, server);
		close(client);
		close(server);
	}
}

/* All of them, which Linux has in one order. */
static void together(const char *at, const char *client_at, const char *to)
{
	int server = bound(at, SERVER), client = bound(client_at, 4101);

	say("all at %s, ", at);
	ask_ip(server, 1);
	if (strchr(at, ':'))
		ask_ipv6(server, 1);
	send_and_receive(to, client, to, server);
	say("peek: ");
	result("send", send_to(client, to, "peek"));
	receive_in(server, ROOM, MSG_PEEK);
	receive(server);
	close(client);
	close(server);
}

static void without_room(void)
{
	static const size_t rooms[] = { 0,  1,	15, 16, 17, 24, 27, 28, 32, 33, 47,
					48, 49, 51, 52, 56, 57, 71, 72, 73, 79, 80 };
	int server = bound("0.0.0.0", SERVER), client = sock(AF_INET);
	char byte;

	say("without room\n");
	ask_ip(server, 1);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		say("%zu: ", rooms[i]);
		result("send", send_to(client, "127.0.0.1", "x"));
		receive_in(server, rooms[i], 0);
	}
	TRY(send_to(client, "127.0.0.1", "x"));
	TRY(recv(server, &byte, 1, 0));
	TRY(send_to(client, "127.0.0.1", "x"));
	TRY(read(server, &byte, 1));
	close(client);
	close(server);
}

/* Of what waits already. */
static void asked_late(const char *at, const char *to)
{
	int server = bound(at, SERVER), client = sock(strchr(to, ':') ? AF_INET6 : AF_INET);

	say("asked late at %s\n", at);
	TRY(send_to(client, to, "x"));
	ask_ip(server, 1);
	if (strchr(at, ':'))
		ask_ipv6(server, 1);
	receive(server);
	TRY(send_to(client, to, "y"));
	ask_ip(server, 0);
	if (strchr(at, ':'))
		ask_ipv6(server, 0);
	receive(server);
	close(client);
	close(server);
}

/* What a socket is set to counts, unless a message says something else. */
static void values(void)
{
	int server = bound("0.0.0.0", SERVER), client = sock(AF_INET);
	unsigned char byte = 0x28;

	ask_ip(server, 1);
	turn(client, IPPROTO_IP, IP_TTL, 5);
	turn(client, IPPROTO_IP, IP_TOS, 0x13);
	send_and_receive("options", client, "127.0.0.1", server);
	put_number(IPPROTO_IP, IP_TTL, 200);
	send_and_receive("IP_TTL", client, "127.0.0.1", server);
	put_number(IPPROTO_IP, IP_TOS, 0x50);
	send_and_receive("IP_TOS", client, "127.0.0.1", server);
	put(IPPROTO_IP, IP_TOS, &byte, 1);
	send_and_receive("IP_TOS of a byte", client, "127.0.0.1", server);
	put_number(IPPROTO_IP, IP_TTL, 1);
	put_number(IPPROTO_IP, IP_TOS, 255);
	put_number(IPPROTO_IP, IP_TTL, 255);
	send_and_receive("IP_TTL twice, IP_TOS", client, "127.0.0.1", server);
	send_and_receive("options again", client, "127.0.0.1", server);
	put_number(IPPROTO_IPV6, IPV6_HOPLIMIT, 3);
	put_number(77, 1, 3);
	send_and_receive("other levels", client, "127.0.0.1", server);
	turn(client, IPPROTO_IP, IP_TTL, -1);
	turn(client, IPPROTO_IP, IP_TOS, 0);
	send_and_receive("usual", client, "127.0.0.1", server);
	close(client);
	close(server);
}

static void values_of_ipv6(void)
{
	int server = bound("::", SERVER), client = sock(AF_INET6);

	ask_ipv6(server, 1);
	turn(client, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 5);
	turn(client, IPPROTO_IPV6, IPV6_TCLASS, 0x13);
	turn(client, IPPROTO_IP, IP_TTL, 9);
	send_and_receive("options", client, "::1", server);
	put_number(IPPROTO_IPV6, IPV6_HOPLIMIT, 200);
	send_and_receive("IPV6_HOPLIMIT", client, "::1", server);
	put_number(IPPROTO_IPV6, IPV6_TCLASS, 0x53);
	send_and_receive("IPV6_TCLASS", client, "::1", server);
	put_number(IPPROTO_IPV6, IPV6_TCLASS, -1);
	put_number(IPPROTO_IPV6, IPV6_HOPLIMIT, -1);
	send_and_receive("both -1", client, "::1", server);
	put_number(IPPROTO_IPV6, IPV6_TCLASS, 0);
	put_number(IPPROTO_IPV6, IPV6_HOPLIMIT, 0);
	send_and_receive("both 0", client, "::1", server);
	put_number(IPPROTO_IPV6, IPV6_DONTFRAG, 1);
	put_number(IPPROTO_IP, IP_TTL, 3);
	send_and_receive("others", client, "::1", server);
	turn(client, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 0);
	send_and_receive("no hops", client, "::1", server);
	close(client);
	close(server);
}

/* A socket of AF_INET6 that sends by IP. */
static void values_of_mapped(void)
{
	int server = bound("::", SERVER), client = sock(AF_INET6);

	ask_ip(server, 1);
	ask_ipv6(server, 1);
	turn(client, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 5);
	turn(client, IPPROTO_IPV6, IPV6_TCLASS, 0x13);
	turn(client, IPPROTO_IP, IP_TTL, 9);
	turn(client, IPPROTO_IP, IP_TOS, 0x14);
	send_and_receive("mapped, options", client, "::ffff:127.0.0.1", server);
	put_number(IPPROTO_IPV6, IPV6_HOPLIMIT, 200);
	put_number(IPPROTO_IPV6, IPV6_TCLASS, 1000);
	put_number(IPPROTO_IP, IP_TTL, 201);
	send_and_receive("mapped, messages", client, "::ffff:127.0.0.1", server);
	put_source6("::ffff:127.0.0.3", 0);
	send_and_receive("mapped, IPV6_PKTINFO", client, "::ffff:127.0.0.1", server);
	put_source6("::1", 0);
	send_and_receive("mapped, IPV6_PKTINFO of IPv6", client, "::ffff:127.0.0.1", server);
	put_source6("::", 0);
	send_and_receive("mapped, IPV6_PKTINFO of any", client, "::ffff:127.0.0.1", server);
	put_source6("::ffff:0.0.0.0", 9);
	send_and_receive("mapped, no interface", client, "::ffff:127.0.0.1", server);
	put_source("127.0.0.4", "127.0.0.5", 1);
	send_and_receive("mapped, IP_PKTINFO", client, "::ffff:127.0.0.1", server);
	close(client);
	close(server);
}

static void several(void)
{
	int server = bound("0.0.0.0", SERVER), client = sock(AF_INET);

	ask_ip(server, 1);
	for (unsigned i = 0; i < 2; i++) {
		put_number(IPPROTO_IP, IP_TTL, 9);
		send_two("right", client, i, server);
		put_number(IPPROTO_IP, IP_TTL, 0);
		send_two("wrong", client, i, server);
		put_source("0.0.0.0", "0.0.0.0", 9);
		send_two("no interface", client, i, server);
		put_source("10.1.2.3", "0.0.0.0", 0);
		send_two("elsewhere", client, i, server);
	}
	close(client);
	close(server);
}

/* Where it comes from. */
static void sources(void)
{
	int server = bound("0.0.0.0", SERVER), client = sock(AF_INET),
	    at = bound("127.0.0.6", 4102);

	ask_ip(server, 1);
	put_source("127.0.0.2", "127.0.0.3", 0);
	send_and_receive("IP_PKTINFO", client, "127.0.0.1", server);
	put_source("127.0.0.2", "127.0.0.3", 1);
	send_and_receive("with an interface", client, "127.0.0.1", server);
	put_source("0.0.0.0", "0.0.0.0", 1);
	send_and_receive("with nothing but that", client, "127.0.0.1", server);
	put_source("0.0.0.0", "0.0.0.0", 9);
	send_and_receive("of none", client, "127.0.0.1", server);
	put_source("0.0.0.0", "0.0.0.0", -1);
	send_and_receive("of a wrong number", client, "127.0.0.1", server);
	put_source("10.1.2.3", "0.0.0.0", 0);
	send_and_receive("of elsewhere", client, "127.0.0.1", server);
	put_source("10.1.2.3", "0.0.0.0", 9);
	send_and_receive("of elsewhere, and none", client, "127.0.0.1", server);
	put_source("127.0.0.2", "0.0.0.0", 9);
	put_source("0.0.0.0", "0.0.0.0", 1);
	send_and_receive("the last counts", client, "127.0.0.1", server);
	put_source("127.0.0.2", "0.0.0.0", 1);
	put_source("127.0.0.3", "0.0.0.0", 0);
	send_and_receive("the last counts", client, "127.0.0.1", server);
	put_source("127.0.0.2", "0.0.0.0", 0);
	send_and_receive("to any address", client, "0.0.0.0", server);
	send_and_receive("bound", at, "127.0.0.1", server);
	send_and_receive("bound, to any address", at, "0.0.0.0", server);
	put_source("127.0.0.2", "0.0.0.0", 0);
	send_and_receive("bound elsewhere", at, "127.0.0.1", server);
	put_source("0.0.0.0", "0.0.0.0", 0);
	send_and_receive("bound, from any address", at, "127.0.0.1", server);
	close(at);
	close(client);
	close(server);
}

static void sources_of_ipv6(void)
{
	int server = bound("::", SERVER), client = sock(AF_INET6);

	ask_ipv6(server, 1);
	put_source6("::1", 0);
	send_and_receive("IPV6_PKTINFO", client, "::1", server);
	put_source6("::1", 1);
	send_and_receive("with an interface", client, "::1", server);
	put_source6("::", 1);
	send_and_receive("with nothing but that", client, "::1", server);
	put_source6("::", 9);
	send_and_receive("of none", client, "::1", server);
	put_source6("::", 1);
	put_source6("::", 9);
	send_and_receive("two", client, "::1", server);
	put_source6("::2", 0);
	send_and_receive("of elsewhere", client, "::1", server);
	put_source6("::2", 9);
	send_and_receive("of elsewhere, and none", client, "::1", server);
	put_source6("fe80::1", 0);
	send_and_receive("link-local", client, "::1", server);
	put_source6("::ffff:127.0.0.1", 0);
	send_and_receive("mapped", client, "::1", server);
	send_and_receive("to any address", client, "::", server);
	close(client);
	close(server);
}

/* To any address is to where it comes from, if that is one of IP. */
static void to_any(const char *own, const char *any)
{
	union address at, any_at;
	socklen_t n = make(&at, own, 4103), any_n = make(&any_at, any, 4103);
	int listener = socket(at.any.sa_family, SOCK_STREAM, 0);
	int client = socket(at.any.sa_family, SOCK_STREAM, 0), fd = bound(own, 4103);
	char text[INET6_ADDRSTRLEN];

	say("from %s to any address\n", own);
	TRY(connect(fd, &any_at.any, any_n));
	any_n = sizeof(any_at);
	if (TRY(getpeername(fd, &any_at.any, &any_n)) == 0)
		say("  %s\n", text_of(&any_at, text));
	any_n = make(&any_at, any, 4103);
	if (bind(listener, &at.any, n) != 0 || listen(listener, 1) != 0)
		_exit(95);
	n = make(&at, own, 4104);
	TRY(bind(client, &at.any, n));
	TRY(connect(client, &any_at.any, any_n));
	any_n = sizeof(any_at);
	if (TRY(getpeername(client, &any_at.any, &any_n)) == 0)
		say("  %s\n", text_of(&any_at, text));
	close(client);
	close(listener);
	close(fd);
}

/* One that is connected has somewhere to send to, and where it comes from. */
static void connected(void)
{
	int server = bound("0.0.0.0", SERVER), client = sock(AF_INET);
	union address at;
	socklen_t n = make(&at, "127.0.0.1", SERVER);

	ask_ip(server, 1);
	TRY(connect(client, &at.any, n));
	put_number(IPPROTO_IP, IP_TTL, 7);
	send_and_receive("connected", client, NULL, server);
	put_source("127.0.0.2", "0.0.0.0", 0);
	send_and_receive("from elsewhere", client, NULL, server);
	put_number(IPPROTO_IP, IP_TTL, 0);
	send_and_receive("wrong", client, NULL, server);
	close(server);
	put_number(IPPROTO_IP, IP_TTL, 7);
	result("nobody", send_to(client, NULL, "x"));
	poll(&(struct pollfd){ client, POLLIN, 0 }, 1, 200);
	put_number(IPPROTO_IP, IP_TTL, 0);
	result("refused, and wrong", send_to(client, NULL, "x"));
	result("after that", send_to(client, NULL, "x"));
	close(client);
}

/* Lengths and ranges of what is sent. */
static void number_is_wrong(const char *what, int fd, const char *to, int level, int type)
{
	static const int numbers[] = { INT32_MIN, -2, -1, 0, 1, 2, 255, 256, INT32_MAX };
	static const char bytes[32];

	say("%s to %s:", what, to);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		put_number(level, type, numbers[i]);
		say(" %d %s", numbers[i],
		    send_to(fd, to, "x") < 0 ? strerrorname_np(errno) : "sent");
	}
	say("\n  bytes of 0:");
	for (size_t n = 0; n <= 24; n++) {
		put(level, type, bytes, n);
		say(" %zu %s", n, send_to(fd, to, "x") < 0 ? strerrorname_np(errno) : "sent");
	}
	say("\n");
}

static void wrong(void)
{
	int fd = sock(AF_INET), fd6 = sock(AF_INET6);
	struct cmsghdr *head = (struct cmsghdr *)out;

	number_is_wrong("IP_PKTINFO", fd, "127.0.0.1", IPPROTO_IP, IP_PKTINFO);
	number_is_wrong("IP_TTL", fd, "127.0.0.1", IPPROTO_IP, IP_TTL);
	number_is_wrong("IP_TOS", fd, "127.0.0.1", IPPROTO_IP, IP_TOS);
	number_is_wrong("IP_PROTOCOL", fd, "127.0.0.1", IPPROTO_IP, 52);
	number_is_wrong("IP_RECVTTL", fd, "127.0.0.1", IPPROTO_IP, IP_RECVTTL);
	number_is_wrong("of 0", fd, "127.0.0.1", IPPROTO_IP, 0);
	number_is_wrong("IPV6_HOPLIMIT", fd, "127.0.0.1", IPPROTO_IPV6, IPV6_HOPLIMIT);
	number_is_wrong("of UDP", fd, "127.0.0.1", IPPROTO_UDP, 1);
	number_is_wrong("of TCP", fd, "127.0.0.1", IPPROTO_TCP, 1);
	number_is_wrong("of SOL_SOCKET", fd, "127.0.0.1", SOL_SOCKET, 1000);
	number_is_wrong("IPV6_PKTINFO", fd6, "::1", IPPROTO_IPV6, IPV6_PKTINFO);
	number_is_wrong("IPV6_HOPLIMIT", fd6, "::1", IPPROTO_IPV6, IPV6_HOPLIMIT);
	number_is_wrong("IPV6_TCLASS", fd6, "::1", IPPROTO_IPV6, IPV6_TCLASS);
	number_is_wrong("IPV6_DONTFRAG", fd6, "::1", IPPROTO_IPV6, IPV6_DONTFRAG);
	number_is_wrong("IPV6_FLOWINFO", fd6, "::1", IPPROTO_IPV6, 11);
	number_is_wrong("IPV6_RECVHOPLIMIT", fd6, "::1", IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
	number_is_wrong("IP_TTL", fd6, "::1", IPPROTO_IP, IP_TTL);
	number_is_wrong("IP_TTL", fd6, "::ffff:127.0.0.1", IPPROTO_IP, IP_TTL);
	number_is_wrong("IPV6_HOPLIMIT", fd6, "::ffff:127.0.0.1", IPPROTO_IPV6, IPV6_HOPLIMIT);
	number_is_wrong("IPV6_PKTINFO", fd6, "::ffff:127.0.0.1", IPPROTO_IPV6, IPV6_PKTINFO);
	put_number(IPPROTO_IP, IP_TTL, 1);
	put_number(IPPROTO_IP, IP_TTL, 1);
	head->cmsg_len += 100;
	result("longer than all", send_to(fd, "127.0.0.1", "x"));
	put_number(IPPROTO_IP, IP_TTL, 1);
	head->cmsg_len = 15;
	result("shorter than a head", send_to(fd, "127.0.0.1", "x"));
	put_number(IPPROTO_IP, IP_TTL, 1);
	put_number(IPPROTO_IP, IP_TTL, 0);
	result("the second is wrong", send_to(fd, "127.0.0.1", "x"));
	put_number(IPPROTO_IP, IP_TTL, 1);
	out_length -= 4;
	result("not padded", send_to(fd, "127.0.0.1", "x"));
	put_number(IPPROTO_IP, IP_TTL, 1);
	out_length += 15;
	result("15 bytes behind", send_to(fd, "127.0.0.1", "x"));
	for (int i = 0; i < 8; i++)
		put_number(IPPROTO_IP, IP_TTL, 1);
	result("8 of them", send_to(fd, "127.0.0.1", "x"));
	put_number(IPPROTO_IP, IP_TTL, 0);
	result("to nowhere", send_to(fd, NULL, "x"));
	put_number(IPPROTO_IP, IP_TTL, 0);
	result("elsewhere", send_to(fd, "10.1.2.3", "x"));
	close(fd6);
	close(fd);
}

/* For sockets of another kind they mean nothing. */
static void others(void)
{
	int pair[2], listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0), server;
	union address at;
	socklen_t n = make(&at, "127.0.0.1", SERVER);
	char byte;

	say("others\n");
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0)
		_exit(94);
	put_number(IPPROTO_IP, IP_TTL, 0);
	TRY(send_to(pair[0], NULL, "x"));
	TRY(recv(pair[1], &byte, 1, 0));
	TRY(bind(listener, &at.any, n));
	TRY(listen(listener, 1));
	put_number(IPPROTO_IP, IP_TTL, 0);
	TRY(send_to(client, NULL, "x"));
	TRY(connect(client, &at.any, n));
	server = accept(listener, NULL, NULL);
	turn(server, IPPROTO_IP, IP_RECVTTL, 1);
	put_number(IPPROTO_IP, IP_TTL, 0);
	TRY(send_to(client, NULL, "x"));
	receive_in(server, ROOM, 0);
	close(server);
	close(client);
	close(listener);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	bring_up();
	each_option();
	together("0.0.0.0", "0.0.0.0", "127.0.0.1");
	together("0.0.0.0", "0.0.0.0", "127.0.0.2");
	together("127.0.0.3", "127.0.0.2", "127.0.0.3");
	together("::", "::", "::1");
	together("::", "0.0.0.0", "127.0.0.1");
	together("::", "::", "::ffff:127.0.0.2");
	without_room();
	asked_late("0.0.0.0", "127.0.0.1");
	asked_late("::", "::1");
	asked_late("::", "127.0.0.1");
	values();
	values_of_ipv6();
	values_of_mapped();
	several();
	sources();
	sources_of_ipv6();
	to_any("127.0.0.6", "0.0.0.0");
	to_any("::ffff:127.0.0.6", "::ffff:0.0.0.0");
	to_any("::1", "::");
	connected();
	wrong();
	others();
	return 0;
}
