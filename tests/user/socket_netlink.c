/* SPDX-License-Identifier: MIT */
/* R154: sockets of AF_NETLINK: what they say of the loopback. Linux may have more interfaces than that, which are left out. */
#include "t.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define USER 1000

static _Alignas(8) char buf[65536];

static int new_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

/* On Linux the loopback may be off. */
static void bring_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq lo = { .ifr_name = "lo" };

	if (ioctl(fd, SIOCGIFFLAGS, &lo) == 0) {
		lo.ifr_flags |= IFF_UP;
		ioctl(fd, SIOCSIFFLAGS, &lo);
	}
	close(fd);
}

/* ---- what the C library asks ---- */

static void say_address(const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN] = "none";

	if (address && address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text,
			  sizeof(text));
	else if (address && address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text,
			  sizeof(text));
	else if (address)
		strcpy(text, "another");
	say(" %s\n", text);
}

static void library(void)
{
	struct if_nameindex *names = if_nameindex();
	struct ifaddrs *all = NULL;

	for (struct if_nameindex *each = names; each && each->if_index; each++)
		if (strcmp(each->if_name, "lo") == 0)
			say("if_nameindex: %u %s\n", each->if_index, each->if_name);
	if_freenameindex(names);
	TRY(getifaddrs(&all));
	for (struct ifaddrs *each = all; each; each = each->ifa_next) {
		if (strcmp(each->ifa_name, "lo") != 0)
			continue;
		say("%s, flags %#x, family %d\n", each->ifa_name, each->ifa_flags,
		    each->ifa_addr ? each->ifa_addr->sa_family : -1);
		say_address(each->ifa_addr);
		say_address(each->ifa_netmask);
		say_address(each->ifa_broadaddr);
		say("  data: %d\n", each->ifa_data != NULL);
	}
	freeifaddrs(all);
}

/* ---- questions ---- */

static void say_name(const char *what, int (*call)(int, struct sockaddr *, socklen_t *), int fd)
{
	struct sockaddr_nl name;
	socklen_t n = sizeof(name);

	if (call(fd, (struct sockaddr *)&name, &n) != 0) {
		result(what, -1);
		return;
	}
	say("%s: %u bytes, family %d, groups %#x, ", what, n, name.nl_family, name.nl_groups);
	if (name.nl_pid == (uint32_t)getpid())
		say("the process's number\n");
	else if ((int32_t)name.nl_pid < 0)
		say("a large number\n");
	else
		say("%u\n", name.nl_pid);
}

static void say_bytes(const char *what, unsigned type, const void *bytes, size_t n)
{
	char text[3 * 64 + 1] = "";

	for (size_t i = 0; i < n && i < 64; i++)
		sprintf(text + 3 * i, " %02x", ((const unsigned char *)bytes)[i]);
	say("  %s %u:%s\n", what, type, text);
}

/* The attributes that are told of a message of that type, and how large its fixed part is. */
static int tells(unsigned type, unsigned attribute)
{
	switch (type) {
	case RTM_NEWLINK:
		return attribute == IFLA_IFNAME || attribute == IFLA_TXQLEN ||
		       attribute == IFLA_MTU || attribute == IFLA_ADDRESS ||
		       attribute == IFLA_BROADCAST || attribute == IFLA_QDISC ||
		       attribute == IFLA_OPERSTATE || attribute == IFLA_LINKMODE ||
		       attribute == IFLA_GROUP || attribute == IFLA_CARRIER;
	case RTM_NEWADDR:
		return attribute == IFA_ADDRESS || attribute == IFA_LOCAL ||
		       attribute == IFA_LABEL || attribute == IFA_FLAGS;
	default:
		return attribute == RTA_TABLE || attribute == RTA_DST || attribute == RTA_PREFSRC ||
		       attribute == RTA_OIF || attribute == RTA_PRIORITY;
	}
}

static void say_message(const struct nlmsghdr *head, size_t fixed)
{
	const char *at = NLMSG_DATA(head);
	const struct rtattr *each = (const void *)(at + NLMSG_ALIGN(fixed));
	int left = (int)head->nlmsg_len - (int)NLMSG_SPACE(fixed);

	say("message %u, flags %#x, sequence %u\n", head->nlmsg_type, head->nlmsg_flags,
	    head->nlmsg_seq);
	say_bytes("fixed, bytes", (unsigned)fixed, at, fixed);
	for (; RTA_OK(each, left); each = RTA_NEXT(each, left))
		if (tells(head->nlmsg_type, each->rta_type))
			say_bytes("attribute", each->rta_type, RTA_DATA(each), RTA_PAYLOAD(each));
}

/* Says what is about the loopback. Returns true if nothing follows. */
static int say_answer(const struct nlmsghdr *head)
{
	const char *data = NLMSG_DATA(head);
	const struct nlmsgerr *error = NLMSG_DATA(head);

	switch (head->nlmsg_type) {
	case NLMSG_DONE:
		say("done, flags %#x, sequence %u: %d\n", head->nlmsg_flags, head->nlmsg_seq,
		    *(const int *)data);
		return 1;
	case NLMSG_ERROR:
		say("error, sequence %u: %s, of message %u, sequence %u\n", head->nlmsg_seq,
		    error->error ? strerrorname_np(-error->error) : "none", error->msg.nlmsg_type,
		    error->msg.nlmsg_seq);
		return 1;
	case RTM_NEWLINK:
		if (((const struct ifinfomsg *)data)->ifi_index == 1)
			say_message(head, sizeof(struct ifinfomsg));
		break;
	case RTM_NEWADDR:
		if (((const struct ifaddrmsg *)data)->ifa_index == 1)
			say_message(head, sizeof(struct ifaddrmsg));
		break;
	case RTM_NEWROUTE:
		if (((const struct rtmsg *)data)->rtm_table == RT_TABLE_LOCAL)
			say_message(head, sizeof(struct rtmsg));
		break;
	default:
		say("message %u\n", head->nlmsg_type);
	}
	return !(head->nlmsg_flags & NLM_F_MULTI);
}

/* As libnetlink receives: it looks how large the message is, and then fetches it. */
static int receive(int fd)
{
	struct sockaddr_nl from = { 0 };
	struct iovec part = { 0 };
	struct msghdr message = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1
	};
	ssize_t n = recvmsg(fd, &message, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT), again;
	int ends = 0;

	if (n < 0) {
		result("recvmsg", -1);
		return 1;
	}
	part = (struct iovec){ buf, sizeof(buf) };
	again = recvmsg(fd, &message, MSG_DONTWAIT);
	if (again != n || message.msg_flags || message.msg_namelen != sizeof(from) ||
	    from.nl_family != AF_NETLINK || from.nl_pid)
		say("%zd bytes instead of %zd, flags %#x, of %u\n", again, n, message.msg_flags,
		    from.nl_pid);
	for (struct nlmsghdr *each = (void *)buf; NLMSG_OK(each, again);
	     each = NLMSG_NEXT(each, again))
		ends = say_answer(each);
	return ends;
}

struct ask {
	struct nlmsghdr head;
	char data[64];
};

static ssize_t ask(int fd, unsigned type, unsigned flags, const void *data, size_t n)
{
	static unsigned sequence = 100;
	struct ask ask = { .head = { .nlmsg_len = (unsigned)NLMSG_LENGTH(n),
				     .nlmsg_type = (uint16_t)type,
				     .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
				     .nlmsg_seq = sequence++ } };

	memcpy(ask.data, data, n);
	return send(fd, &ask, ask.head.nlmsg_len, 0);
}

static void answers(const char *what, unsigned type, unsigned flags, const void *data, size_t n)
{
	int fd = new_socket();

	say("%s\n", what);
	if (ask(fd, type, flags, data, n) != (ssize_t)NLMSG_LENGTH(n))
		result("send", -1);
	while (!receive(fd))
		;
	close(fd);
}

static void dumps(void)
{
	static const unsigned char families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	char none[16] = { 0 };

	answers("links", RTM_GETLINK, NLM_F_DUMP, none, sizeof(none));
	answers("links, with little said", RTM_GETLINK, NLM_F_DUMP, none, 1);
	answers("links, with an acknowledgement", RTM_GETLINK, NLM_F_DUMP | NLM_F_ACK, none, 1);
	for (unsigned i = 0; i < 3; i++) {
		none[0] = (char)families[i];
		say("family %d\n", none[0]);
		answers("addresses", RTM_GETADDR, NLM_F_DUMP, none, sizeof(struct ifaddrmsg));
		answers("routes", RTM_GETROUTE, NLM_F_DUMP, none, sizeof(struct rtmsg));
	}
	answers("neighbours", RTM_GETNEIGH, NLM_F_DUMP, none, 12);
}

static void one_link(void)
{
	struct {
		struct ifinfomsg link;
		struct rtattr head;
		char name[16];
	} ask = { .link.ifi_index = 1, .head = { RTA_LENGTH(3), IFLA_IFNAME }, .name = "lo" };
	size_t n = sizeof(ask.link), all = n + RTA_SPACE(3);

	answers("by its number", RTM_GETLINK, 0, &ask, n);
	answers("with an acknowledgement", RTM_GETLINK, NLM_F_ACK, &ask, n);
	ask.link.ifi_index = 99;
	answers("by a wrong number", RTM_GETLINK, 0, &ask, n);
	ask.link.ifi_index = 0;
	answers("by nothing", RTM_GETLINK, 0, &ask, n);
	answers("by less than nothing", RTM_GETLINK, 0, &ask, 1);
	answers("by its name", RTM_GETLINK, 0, &ask, all);
	ask.name[1] = 'x';
	answers("by a wrong name", RTM_GETLINK, 0, &ask, all);
	ask.link = (struct ifinfomsg){ .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	answers("it is on", RTM_NEWLINK, NLM_F_ACK, &ask, n);
}

static int refused(void *arg)
{
	char none[16] = { 0 };

	(void)arg;
	if (setresuid(USER, USER, USER) != 0)
		return 1;
	answers("a new link", RTM_NEWLINK, NLM_F_ACK, none, sizeof(none));
	answers("no address any more", RTM_DELADDR, 0, none, 8);
	answers("a new route", RTM_NEWROUTE, 0, none, 12);
	answers("an unknown message", 999, 0, none, 4);
	answers("a new link of nothing", RTM_NEWLINK, NLM_F_ACK, none, 0);
	answers("no operation", NLMSG_NOOP, NLM_F_ACK, none, 4);
	answers("a link of nothing", RTM_GETLINK, NLM_F_ACK, none, 0);
	answers("one address", RTM_GETADDR, 0, "\2\0\0\0\0\0\0", 8);
	return 0;
}

/* Of the two protocols each has its own numbers. */
static void about_sockets(void)
{
	int fd = new_socket(), other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG);
	char none[64] = { AF_INET, IPPROTO_TCP };
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	int value;

	TRY(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	TRY(bind(other, (struct sockaddr *)&name, sizeof(name)));
	say_name("getsockname", getsockname, fd);
	say_name("getsockname", getsockname, other);
	TRY(getsockopt(other, SOL_SOCKET, SO_PROTOCOL, &value, &(socklen_t){ sizeof(value) }));
	say("%d\n", value);
	ask(other, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, none, 56);
	receive(other);
	ask(other, SOCK_DIAG_BY_FAMILY, NLM_F_ACK, none, 0);
	receive(other);
	ask(other, TCPDIAG_GETSOCK, NLM_F_DUMP, none, 56);
	receive(other);
	ask(other, 100, 0, none, 8);
	receive(other);
	ask(other, NLMSG_NOOP, NLM_F_ACK, none, 8);
	receive(other);
	close(fd);
	close(other);
}

/* ---- messages that are wrong ---- */

static void malformed(void)
{
	struct nlmsghdr head[3] = { 0 };
	int fd = new_socket(), other = new_socket();

	TRY(send(fd, "abc", 3, 0));
	TRY(send(fd, "", 0, 0));
	TRY(send(fd, buf, 5, MSG_OOB));
	TRY(send(fd, head, sizeof(head), 0));
	head[0] = (struct nlmsghdr){ .nlmsg_len = 100,
				     .nlmsg_type = RTM_GETLINK,
				     .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP };
	TRY(send(fd, head, sizeof(head), 0));
	head[0].nlmsg_len = 15;
	TRY(send(fd, head, sizeof(head), 0));
	head[0].nlmsg_len = UINT32_MAX;
	TRY(send(fd, head, sizeof(head), 0));
	receive(fd);
	head[0].nlmsg_len = 16;
	head[0].nlmsg_flags = NLM_F_ACK;
	TRY(send(fd, head, 16, 0));
	receive(fd);
	for (unsigned i = 0; i < 3; i++)
		head[i] = (struct nlmsghdr){ 16, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, i, 0 };
	head[2].nlmsg_len = 17;
	TRY(send(other, head, sizeof(head), 0));
	receive(other);
	receive(other);
	receive(other);
	close(other);
	close(fd);
}

static void short_of_room(void)
{
	int fd = new_socket();
	struct pollfd poll_it = { .fd = fd, .events = POLLIN | POLLOUT };
	char none[16] = { 0 }, few[8];
	struct iovec part = { few, sizeof(few) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	TRY(poll(&poll_it, 1, 0));
	say("events %#x\n", poll_it.revents);
	ask(fd, RTM_GETLINK, NLM_F_ACK, none, 0);
	TRY(poll(&poll_it, 1, 0));
	say("events %#x\n", poll_it.revents);
	TRY(recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC));
	TRY(recvmsg(fd, &message, MSG_PEEK));
	say("flags %#x\n", message.msg_flags);
	TRY(recvmsg(fd, &message, 0));
	say("flags %#x\n", message.msg_flags);
	TRY(recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
	ask(fd, RTM_GETLINK, NLM_F_ACK, none, 0);
	TRY(read(fd, buf, 0));
	TRY(read(fd, buf, sizeof(buf)));
	close(fd);
}

static void nothing_sent(void)
{
	struct iovec part = { buf, 0 };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
	int fd = new_socket();

	TRY(sendto(fd, buf, 0, 0, NULL, 0));
	TRY(sendmsg(fd, &message.msg_hdr, 0));
	TRY(sendmmsg(fd, &message, 1, 0));
	TRY(write(fd, buf, 0));
	TRY(writev(fd, &part, 1));
	TRY(pwritev2(fd, &part, 1, -1, 0));
	close(fd);
}

/* More questions than there is room for answers. */
static int overrun_socket(void)
{
	int fd = new_socket();

	for (unsigned i = 0; i < 2000; i++)
		if (ask(fd, RTM_GETLINK, NLM_F_ACK, buf, 0) < 0)
			result("send", -1);
	return fd;
}

static void overrun(void)
{
	struct iovec part = { buf, sizeof(buf) };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
	int fd, n = 0, value;
	socklen_t length = sizeof(value);

	TRY(recvfrom(overrun_socket(), buf, sizeof(buf), 0, NULL, NULL));
	TRY(recvmsg(overrun_socket(), &message.msg_hdr, 0));
	TRY(recvmmsg(overrun_socket(), &message, 1, 0, NULL));
	TRY(read(overrun_socket(), buf, sizeof(buf)));
	TRY(readv(overrun_socket(), &part, 1));
	TRY(preadv2(overrun_socket(), &part, 1, -1, 0));
	TRY(getsockopt(overrun_socket(), SOL_SOCKET, SO_ERROR, &value, &length));
	say("%s\n", strerrorname_np(value));
	fd = overrun_socket();
	TRY(recvfrom(fd, buf, sizeof(buf), 0, NULL, NULL));
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) == 36)
		n++;
	say("%s are there\n", n > 1 && n < 2000 ? "some" : "others");
	ask(fd, RTM_GETLINK, NLM_F_ACK, buf, 0);
	TRY(recvfrom(fd, buf, sizeof(buf), 0, NULL, NULL));
}

/* ---- names ---- */

static int bind_to(int fd, unsigned pid, unsigned groups)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_pid = pid, .nl_groups = groups };

	return bind(fd, (struct sockaddr *)&name, sizeof(name));
}

static int connect_to(int fd, unsigned pid, unsigned groups)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_pid = pid, .nl_groups = groups };

	return connect(fd, (struct sockaddr *)&name, sizeof(name));
}

static void names(void)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	struct sockaddr *any = (struct sockaddr *)&name;
	int fd = new_socket(), other = new_socket();

	say_name("getsockname", getsockname, fd);
	say_name("getpeername", getpeername, fd);
	TRY(bind(fd, any, sizeof(name) - 1));
	TRY(connect(fd, any, sizeof(name) - 1));
	TRY(sendto(fd, "hello", 5, 0, any, sizeof(name) - 1));
	name.nl_family = AF_INET;
	TRY(bind(fd, any, sizeof(name)));
	TRY(connect(fd, any, sizeof(name)));
	TRY(sendto(fd, "hello", 5, 0, any, sizeof(name)));
	TRY(bind_to(fd, 0, 0));
	say_name("getsockname", getsockname, fd);
	TRY(bind_to(fd, 0, 0));
	TRY(bind_to(fd, 77, 0));
	TRY(bind_to(fd, (unsigned)getpid(), 0x11));
	say_name("getsockname", getsockname, fd);
	TRY(bind_to(other, (unsigned)getpid(), 0));
	TRY(bind_to(other, 0, 0));
	say_name("getsockname", getsockname, other);
	close(other);
	other = new_socket();
	TRY(bind_to(other, 77, 0));
	say_name("getsockname", getsockname, other);
	TRY(connect_to(other, 0, 0));
	say_name("getpeername", getpeername, other);
	TRY(connect_to(other, 4444444, 0));
	say_name("getpeername", getpeername, other);
	TRY(send(other, "hello", 5, 0));
	name.nl_family = AF_UNSPEC;
	TRY(connect(other, any, 2));
	say_name("getpeername", getpeername, other);
	TRY(send(other, "hello", 5, 0));
	close(other);
	close(fd);
}

static int names_of_a_user(void *arg)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_pid = 77 };
	int fd = new_socket();

	(void)arg;
	if (setresuid(USER, USER, USER) != 0)
		return 1;
	TRY(connect_to(fd, 77, 0));
	TRY(connect_to(fd, 0, 1));
	TRY(sendto(fd, "hello", 5, 0, (struct sockaddr *)&name, sizeof(name)));
	name.nl_pid = 0;
	name.nl_groups = 1;
	TRY(sendto(fd, "hello", 5, 0, (struct sockaddr *)&name, sizeof(name)));
	TRY(bind_to(fd, 0, 1));
	say_name("getsockname", getsockname, fd);
	return 0;
}

static void kinds(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_RDM, SOCK_DGRAM, SOCK_RAW };
	static const int options[] = { SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN, SO_ERROR };
	int fd, pair[2], value;

	for (unsigned i = 0; i < 5; i++)
		result("socket", socket(AF_NETLINK, types[i], NETLINK_ROUTE) < 0 ? -1 : 0);
	TRY(socket(AF_NETLINK, SOCK_RAW, 31));
	TRY(socket(AF_NETLINK, SOCK_RAW, 32));
	TRY(socket(AF_NETLINK, SOCK_RAW, -1));
	TRY(socketpair(AF_NETLINK, SOCK_RAW, 0, pair));
	fd = new_socket();
	for (unsigned i = 0; i < 5; i++) {
		socklen_t n = sizeof(value);

		TRY(getsockopt(fd, SOL_SOCKET, options[i], &value, &n));
		say("option %d: %d\n", options[i], value);
	}
	TRY(listen(fd, 1));
	TRY(accept(fd, NULL, NULL));
	TRY(shutdown(fd, SHUT_RDWR));
	TRY(ioctl(fd, FIONREAD, &value));
	TRY(ioctl(fd, TIOCOUTQ, &value));
	TRY(recv(fd, buf, 10, MSG_DONTWAIT));
	close(fd);
}

/* ---- options ---- */

static long set(int fd, int name, int value)
{
	return setsockopt(fd, SOL_NETLINK, name, &value, sizeof(value));
}

static void say_groups(int fd)
{
	uint32_t groups[2] = { 0 };
	socklen_t n = sizeof(groups);

	TRY(getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &n));
	say("%u bytes: %#x %#x\n", n, groups[0], groups[1]);
	say_name("getsockname", getsockname, fd);
}

static void options(void)
{
	static const int flags[] = {
		NETLINK_PKTINFO,	 NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS,
		NETLINK_LISTEN_ALL_NSID, NETLINK_CAP_ACK,	  NETLINK_EXT_ACK,
		NETLINK_GET_STRICT_CHK,	 NETLINK_RX_RING,	  99
	};
	int fd = new_socket(), value;

	for (unsigned i = 0; i < 9; i++) {
		socklen_t n = sizeof(value);

		value = -1;
		TRY(getsockopt(fd, SOL_NETLINK, flags[i], &value, &n));
		TRY(set(fd, flags[i], 5));
		TRY(getsockopt(fd, SOL_NETLINK, flags[i], &value, &n));
		say("option %d: %d, %u bytes\n", flags[i], value, n);
		TRY(setsockopt(fd, SOL_NETLINK, flags[i], &value, 3));
		TRY(getsockopt(fd, SOL_NETLINK, flags[i], &value, &n));
		say("option %d: %d\n", flags[i], value);
	}
	TRY(set(fd, NETLINK_ADD_MEMBERSHIP, RTNLGRP_LINK));
	TRY(set(fd, NETLINK_ADD_MEMBERSHIP, RTNLGRP_IPV6_IFADDR));
	TRY(set(fd, NETLINK_ADD_MEMBERSHIP, 34));
	TRY(set(fd, NETLINK_ADD_MEMBERSHIP, 0));
	TRY(set(fd, NETLINK_ADD_MEMBERSHIP, 1000));
	say_groups(fd);
	TRY(set(fd, NETLINK_DROP_MEMBERSHIP, RTNLGRP_LINK));
	TRY(set(fd, NETLINK_DROP_MEMBERSHIP, -1));
	say_groups(fd);
	TRY(setsockopt(fd, IPPROTO_TCP, 1, &value, sizeof(value)));
	TRY(setsockopt(fd, IPPROTO_IPV6, 1, &value, sizeof(value)));
	TRY(getsockopt(fd, IPPROTO_IP, 1, &value, &(socklen_t){ sizeof(value) }));
	close(fd);
}

int main(void)
{
	bring_up();
	kinds();
	names();
	in_child("names of a user", names_of_a_user, NULL);
	options();
	library();
	dumps();
	one_link();
	in_child("refused", refused, NULL);
	about_sockets();
	malformed();
	short_of_room();
	nothing_sent();
	overrun();
	return 0;
}
