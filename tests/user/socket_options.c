/* SPDX-License-Identifier: MIT */
/* R154: options of sockets that programs set and ask for, on sockets of each kind. */
#include "socket_tcp.h"

#define OPTION(level, name)        \
	{                          \
#name, level, name \
	}

static const struct {
	const char *name;
	int level, number;
} options[] = {
	OPTION(SOL_SOCKET, SO_REUSEADDR),
	OPTION(SOL_SOCKET, SO_NO_CHECK),
	OPTION(SOL_SOCKET, SO_PRIORITY),
	OPTION(SOL_SOCKET, SO_SNDLOWAT),
	OPTION(SOL_SOCKET, SO_MARK),
	OPTION(SOL_SOCKET, SO_RXQ_OVFL),
	OPTION(SOL_SOCKET, SO_BUSY_POLL),
	OPTION(SOL_SOCKET, SO_PASSSEC),
	OPTION(SOL_SOCKET, SO_BINDTOIFINDEX),
	OPTION(SOL_SOCKET, SO_INCOMING_CPU),
	OPTION(IPPROTO_TCP, TCP_NODELAY),
	OPTION(IPPROTO_TCP, TCP_CORK),
	OPTION(IPPROTO_TCP, TCP_KEEPIDLE),
	OPTION(IPPROTO_TCP, TCP_KEEPINTVL),
	OPTION(IPPROTO_TCP, TCP_KEEPCNT),
	OPTION(IPPROTO_TCP, TCP_SYNCNT),
	OPTION(IPPROTO_TCP, TCP_LINGER2),
	OPTION(IPPROTO_TCP, TCP_DEFER_ACCEPT),
	OPTION(IPPROTO_TCP, TCP_QUICKACK),
	OPTION(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS),
	OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT),
	OPTION(IPPROTO_TCP, TCP_FASTOPEN),
	OPTION(IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
	OPTION(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
	OPTION(IPPROTO_IP, IP_TOS),
	OPTION(IPPROTO_IP, IP_TTL),
	OPTION(IPPROTO_IP, IP_PKTINFO),
	OPTION(IPPROTO_IP, IP_MTU_DISCOVER),
	OPTION(IPPROTO_IP, IP_RECVERR),
	OPTION(IPPROTO_IP, IP_RECVTTL),
	OPTION(IPPROTO_IP, IP_RECVTOS),
	OPTION(IPPROTO_IP, IP_FREEBIND),
	OPTION(IPPROTO_IP, IP_MINTTL),
	OPTION(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
	OPTION(IPPROTO_IP, IP_MULTICAST_LOOP),
	OPTION(IPPROTO_IP, IP_MULTICAST_ALL),
	OPTION(IPPROTO_IPV6, IPV6_V6ONLY),
	OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS),
	OPTION(IPPROTO_IPV6, IPV6_MULTICAST_LOOP),
	OPTION(IPPROTO_IPV6, IPV6_MTU_DISCOVER),
	OPTION(IPPROTO_IPV6, IPV6_RECVERR),
	OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO),
	OPTION(IPPROTO_IPV6, IPV6_RECVHOPLIMIT),
	OPTION(IPPROTO_IPV6, IPV6_RECVTCLASS),
	OPTION(IPPROTO_IPV6, IPV6_DONTFRAG),
	OPTION(IPPROTO_IPV6, IPV6_TCLASS),
};

#define NOPTIONS (sizeof(options) / sizeof(options[0]))

/* What it is at first, and after it was set to each of the values. */
static void try_option(int fd, unsigned i)
{
	static const int values[] = { 1, -1, 0, 2, 5, 300, 40000 };
	int level = options[i].level, name = options[i].number;
	char line[300];
	int at = 0;

	for (unsigned j = 0; j <= sizeof(values) / sizeof(values[0]); j++) {
		int value = -7;
		socklen_t n = sizeof(value);

		if (j > 0 && setsockopt(fd, level, name, &values[j - 1], sizeof(int)) != 0)
			at += sprintf(line + at, " %s", strerrorname_np(errno));
		else if (getsockopt(fd, level, name, &value, &n) != 0)
			at += sprintf(line + at, " not to be read: %s", strerrorname_np(errno));
		else
			at += sprintf(line + at, " %d", value);
	}
	say("  %s:%s\n", options[i].name, line);
}

static void kind(const char *what, int family, int type)
{
	say("%s\n", what);
	for (unsigned i = 0; i < NOPTIONS; i++) {
		int fd = socket(family, type, 0);

		if (family == AF_INET6 && options[i].level != IPPROTO_IPV6)
			; /* as of AF_INET */
		else if (family == AF_UNIX && options[i].level != SOL_SOCKET &&
			 options[i - 1].level == options[i].level)
			; /* one of each level does */
		else if (type == SOCK_DGRAM && options[i].level == IPPROTO_TCP &&
			 options[i - 1].level == IPPROTO_TCP)
			;
		else if (family == AF_INET && options[i].level == IPPROTO_IPV6 &&
			 options[i - 1].level == IPPROTO_IPV6)
			;
		else
			try_option(fd, i);
		close(fd);
	}
}

static void lengths(int level, const char *name, int which, int fd)
{
	unsigned char value[8] = { 1 };

	say("%s\n", name);
	for (socklen_t n = 0; n <= 5; n++) {
		socklen_t got = n;

		TRY(setsockopt(fd, level, which, value, n));
		memset(value, 0, sizeof(value));
		if (TRY(getsockopt(fd, level, which, value, &got)) == 0)
			say("  %u bytes\n", got);
		memset(value, 0, sizeof(value));
		value[0] = 1;
	}
}

/* ---- names ---- */

static void congestion_of(int fd)
{
	char name[40] = "";
	socklen_t n = sizeof(name);

	if (TRY(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &n)) == 0)
		say("  %s, %u bytes\n", name, n);
}

static void set_congestion(int fd, const char *name, socklen_t n)
{
	say("%s\n", name);
	TRY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, n));
	congestion_of(fd);
}

static void congestion(void)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	char name[40] = "";
	socklen_t n = 3;

	say("TCP_CONGESTION\n");
	congestion_of(tcp);
	set_congestion(tcp, "reno", 4);
	set_congestion(tcp, "cubic", 6);
	set_congestion(tcp, "reno", 5);
	set_congestion(tcp, "cubic", 16);
	set_congestion(tcp, "none of these", 13);
	set_congestion(tcp, "reno", 3);
	set_congestion(tcp, "", 0);
	TRY(getsockopt(tcp, IPPROTO_TCP, TCP_CONGESTION, name, &n));
	say("  %s, %u bytes\n", name, n);
	congestion_of(udp);
	TRY(setsockopt(udp, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	close(tcp);
	close(udp);
}

static void device_of(int fd)
{
	char name[40] = "";
	socklen_t n = sizeof(name);

	if (TRY(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &n)) == 0)
		say("  %s, %u bytes\n", n ? name : "none", n);
	n = 2;
	TRY(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &n));
}

static void device(int family, int type)
{
	int fd = socket(family, type, 0);

	say("SO_BINDTODEVICE\n");
	device_of(fd);
	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
	device_of(fd);
	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nothing", 7));
	device_of(fd);
	option("SO_BINDTOIFINDEX", fd, SOL_SOCKET, SO_BINDTOIFINDEX);
	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	device_of(fd);
	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo\0and more than a name has", 28));
	device_of(fd);
	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 1));
	close(fd);
}

/* ---- numbers of other sizes ---- */

static void cookie(int family, int type)
{
	int fd = socket(family, type, 0), other = socket(family, type, 0);
	uint64_t first = 0, again = 0, another = 0;
	socklen_t n = 20;

	say("SO_COOKIE\n");
	TRY(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &first, &n));
	say("  %u bytes\n", n);
	TRY(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &again, &n));
	TRY(getsockopt(other, SOL_SOCKET, SO_COOKIE, &another, &n));
	say("  %s, %s, %s\n", first ? "a number" : "none", first == again ? "the same" : "another",
	    first == another ? "the same" : "another");
	n = 4;
	TRY(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &first, &n));
	TRY(setsockopt(fd, SOL_SOCKET, SO_COOKIE, &first, 8));
	close(fd);
	close(other);
}

static void info(const char *what, int fd)
{
	union {
		struct tcp_info info;
		char bytes[300];
	} got = { .bytes = { 0 } };
	socklen_t n = sizeof(got);

	TRY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &got, &n));
	say("%s: state %d, %u bytes\n", what, got.info.tcpi_state, n);
	if (got.info.tcpi_state == TCP_LISTEN)
		say("  %u wait of %u\n", got.info.tcpi_unacked, got.info.tcpi_sacked);
	n = 1;
	TRY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &got, &n));
	say("%u bytes\n", n);
	n = 0;
	TRY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &got, &n));
	TRY(setsockopt(fd, IPPROTO_TCP, TCP_INFO, &got, sizeof(got)));
}

static void infos(void)
{
	struct sockaddr_in at;
	int listener = bound_to(SOCK_STREAM, &at), fd[2], client = socket(AF_INET, SOCK_STREAM, 0);
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	struct tcp_info no_info;
	socklen_t n = sizeof(no_info);

	say("TCP_INFO\n");
	info("new", listener);
	listen(listener, 7);
	info("listens", listener);
	if (connect_at(client, &at) != 0)
		_exit(95);
	until(listener, POLLIN);
	info("one waits", listener);
	tcp_pair(fd);
	info("connected", fd[0]);
	info("accepted", fd[1]);
	TRY(getsockopt(udp, IPPROTO_TCP, TCP_INFO, &no_info, &n));
	close(fd[0]);
	close(fd[1]);
	close(client);
	close(listener);
	close(udp);
}

static void others(void)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), x = socket(AF_UNIX, SOCK_STREAM, 0), fd[2];

	say("others\n");
	option("SO_PEERSEC", tcp, SOL_SOCKET, SO_PEERSEC);
	option("SO_PEERSEC", x, SOL_SOCKET, SO_PEERSEC);
	TRY(getsockopt(tcp, IPPROTO_IP, IP_MTU, &fd[0], &(socklen_t){ 4 }));
	tcp_pair(fd);
	option("IP_MTU", fd[0], IPPROTO_IP, IP_MTU);
	option("TCP_MAXSEG", tcp, IPPROTO_TCP, TCP_MAXSEG);
	set("TCP_MAXSEG", tcp, IPPROTO_TCP, TCP_MAXSEG, 1000);
	set("TCP_MAXSEG", tcp, IPPROTO_TCP, TCP_MAXSEG, 87);
	set("TCP_MAXSEG", tcp, IPPROTO_TCP, TCP_MAXSEG, 0);
	close(fd[0]);
	close(fd[1]);
	close(tcp);
	close(x);
}

/* As a user who has no rights. */
static int without_rights(void *unused)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	(void)unused;
	if (setuid(1000) != 0)
		_exit(96);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	set("SO_MARK", fd, SOL_SOCKET, SO_MARK, 1);
	set("SO_PRIORITY", fd, SOL_SOCKET, SO_PRIORITY, 6);
	set("SO_PRIORITY", fd, SOL_SOCKET, SO_PRIORITY, 7);
	set("SO_BUSY_POLL", fd, SOL_SOCKET, SO_BUSY_POLL, 1);
	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &one, sizeof(one)));
	TRY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	return 0;
}

int main(void)
{
	int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);

	bring_up();
	kind("TCP", AF_INET, SOCK_STREAM);
	kind("UDP", AF_INET, SOCK_DGRAM);
	kind("TCP of AF_INET6", AF_INET6, SOCK_STREAM);
	kind("UDP of AF_INET6", AF_INET6, SOCK_DGRAM);
	kind("AF_UNIX", AF_UNIX, SOCK_STREAM);
	lengths(SOL_SOCKET, "SO_KEEPALIVE", SO_KEEPALIVE, tcp);
	lengths(IPPROTO_TCP, "TCP_NODELAY", TCP_NODELAY, tcp);
	lengths(IPPROTO_IP, "IP_TTL", IP_TTL, udp);
	lengths(IPPROTO_IP, "IP_PKTINFO", IP_PKTINFO, udp);
	congestion();
	device(AF_INET, SOCK_DGRAM);
	device(AF_UNIX, SOCK_STREAM);
	cookie(AF_INET, SOCK_STREAM);
	cookie(AF_UNIX, SOCK_DGRAM);
	infos();
	others();
	in_child("without rights", without_rights, NULL);
	return 0;
}
