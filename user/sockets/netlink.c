/* SPDX-License-Identifier: MIT */
/* Sockets of AF_NETLINK, by which programs ask about interfaces, addresses and routes. There is the loopback `lo`, and it cannot be changed. */
/*
 * What waits at a socket are questions: each has an answer, which is one message to receive, and is made only then. So all that the
 * next server needs is in file->data. A question is put there, and received, by one store that has the number of the request, too.
 * The one that was received last stays, in case the same request comes again.
 */
#include "sockets/sockd.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if_arp.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>

#include "sockets/interface.h"

#define GROUPS_MOST 36 /* RTNLGRP_* of Linux 6.12 */

enum answer_kind { ANSWER_ERROR, ANSWER_LINK, ANSWER_ALL };

static struct netlink *to_netlink(struct serve_file *file)
{
	return &to_sock(file)->netlink;
}

static uint32_t questions_in(uint64_t word)
{
	return (uint32_t)word;
}

static uint32_t request_in(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static uint64_t questions_word(const struct serve_request *request, uint32_t count)
{
	return (uint64_t)request->number << 32 | count;
}

int netlink_check(struct serve_file *file, unsigned protocol)
{
	unsigned type = SERVED_SOCKET_TYPE(file->badge);

	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	return protocol == NETLINK_ROUTE || protocol == NETLINK_SOCK_DIAG ? 0 : -EPROTONOSUPPORT;
}

/* ---- answers ---- */

static _Alignas(uint64_t) char answer[2048];
static size_t answer_size;

/* Appends to the answer, and what is missing to a multiple of 4 bytes, which are zeros. */
static void answer_add(const void *from, size_t n)
{
	memset(answer + answer_size, 0, NLMSG_ALIGN(n));
	memcpy(answer + answer_size, from, n);
	answer_size += NLMSG_ALIGN(n);
}

static void answer_attribute(uint16_t type, const void *value, size_t n)
{
	struct rtattr head = { (uint16_t)RTA_LENGTH(n), type };

	answer_add(&head, sizeof(head));
	answer_add(value, n);
}

static void answer_number(uint16_t type, uint32_t value)
{
	answer_attribute(type, &value, sizeof(value));
}

static void answer_byte(uint16_t type, uint8_t value)
{
	answer_attribute(type, &value, sizeof(value));
}

/* Begins a message with a fixed part. Returns where it begins. */
static size_t message_begin(const struct question *question, uint16_t type, const void *fixed,
			    size_t n)
{
	struct nlmsghdr head = { .nlmsg_type = type,
				 .nlmsg_flags = question->answer == ANSWER_ALL ? NLM_F_MULTI : 0,
				 .nlmsg_seq = question->head.nlmsg_seq,
				 .nlmsg_pid = question->head.nlmsg_pid };
	size_t begin = answer_size;

	answer_add(&head, sizeof(head));
	answer_add(fixed, n);
	return begin;
}

static void message_end(size_t begin)
{
	uint32_t n = (uint32_t)(answer_size - begin);

	memcpy(answer + begin + offsetof(struct nlmsghdr, nlmsg_len), &n, sizeof(n));
}

static void answer_link(const struct question *question)
{
	static const struct rtnl_link_stats64 counts64;
	static const struct rtnl_link_stats counts;
	static const char no_address[6];
	struct ifinfomsg link = { .ifi_type = ARPHRD_LOOPBACK,
				  .ifi_index = LO_INDEX,
				  .ifi_flags = LO_FLAGS | IFF_LOWER_UP };
	size_t begin = message_begin(question, RTM_NEWLINK, &link, sizeof(link));

	answer_attribute(IFLA_IFNAME, LO_NAME, sizeof(LO_NAME));
	answer_number(IFLA_TXQLEN, LO_QUEUE_LENGTH);
	answer_byte(IFLA_OPERSTATE, IF_OPER_UNKNOWN);
	answer_byte(IFLA_LINKMODE, IF_LINK_MODE_DEFAULT);
	answer_number(IFLA_MTU, LO_MTU);
	answer_number(IFLA_GROUP, 0);
	answer_number(IFLA_PROMISCUITY, 0);
	answer_number(IFLA_NUM_TX_QUEUES, 1);
	answer_number(IFLA_NUM_RX_QUEUES, 1);
	answer_byte(IFLA_CARRIER, 1);
	answer_number(IFLA_CARRIER_CHANGES, 0);
	answer_attribute(IFLA_ADDRESS, no_address, sizeof(no_address));
	answer_attribute(IFLA_BROADCAST, no_address, sizeof(no_address));
	answer_attribute(IFLA_STATS64, &counts64, sizeof(counts64));
	answer_attribute(IFLA_STATS, &counts, sizeof(counts));
	answer_attribute(IFLA_QDISC, "noqueue", sizeof("noqueue"));
	message_end(begin);
}

/* Is the question about this family, too? */
static bool concerns(const struct question *question, uint8_t family)
{
	uint8_t other = family == AF_INET ? AF_INET6 : AF_INET;

	return question->family != other;
}

static void answer_address(const struct question *question, uint8_t family, const void *bytes,
			   size_t n, uint8_t prefix)
{
	struct ifaddrmsg address = { .ifa_family = family,
				     .ifa_prefixlen = prefix,
				     .ifa_flags = IFA_F_PERMANENT,
				     .ifa_scope = RT_SCOPE_HOST,
				     .ifa_index = LO_INDEX };
	struct ifa_cacheinfo lasts = { .ifa_prefered = UINT32_MAX, .ifa_valid = UINT32_MAX };
	size_t begin;

	if (!concerns(question, family))
		return;
	begin = message_begin(question, RTM_NEWADDR, &address, sizeof(address));
	answer_attribute(IFA_ADDRESS, bytes, n);
	if (family == AF_INET) {
		answer_attribute(IFA_LOCAL, bytes, n);
		answer_attribute(IFA_LABEL, LO_NAME, sizeof(LO_NAME));
	}
	answer_number(IFA_FLAGS, IFA_F_PERMANENT);
	answer_attribute(IFA_CACHEINFO, &lasts, sizeof(lasts));
	message_end(begin);
}

/* `source` is what is sent to there comes from. NULL: nothing is said of that. */
static void answer_route(const struct question *question, const struct rtmsg *route, const void *to,
			 size_t n, const void *source)
{
	size_t begin;

	if (!concerns(question, route->rtm_family))
		return;
	begin = message_begin(question, RTM_NEWROUTE, route, sizeof(*route));
	answer_number(RTA_TABLE, route->rtm_table);
	answer_attribute(RTA_DST, to, n);
	if (source)
		answer_attribute(RTA_PREFSRC, source, n);
	else
		answer_number(RTA_PRIORITY, 0);
	answer_number(RTA_OIF, LO_INDEX);
	message_end(begin);
}

/* All are in the table of the machine's own addresses. */
static void answer_routes(const struct question *question)
{
	const struct in_addr net = { htonl(LO_NET) }, self = { htonl(INADDR_LOOPBACK) },
			     all = { htonl(LO_NET | ~LO_MASK) };
	struct rtmsg route = { .rtm_family = AF_INET,
			       .rtm_dst_len = LO_PREFIX,
			       .rtm_table = RT_TABLE_LOCAL,
			       .rtm_protocol = RTPROT_KERNEL,
			       .rtm_scope = RT_SCOPE_HOST,
			       .rtm_type = RTN_LOCAL };

	answer_route(question, &route, &net, sizeof(net), &self);
	route.rtm_dst_len = 32;
	answer_route(question, &route, &self, sizeof(self), &self);
	route.rtm_scope = RT_SCOPE_LINK;
	route.rtm_type = RTN_BROADCAST;
	answer_route(question, &route, &all, sizeof(all), &self);
	route = (struct rtmsg){ .rtm_family = AF_INET6,
				.rtm_dst_len = 128,
				.rtm_table = RT_TABLE_LOCAL,
				.rtm_protocol = RTPROT_KERNEL,
				.rtm_type = RTN_LOCAL };
	answer_route(question, &route, &in6addr_loopback, sizeof(in6addr_loopback), NULL);
}

static void answer_all(const struct question *question)
{
	const struct in_addr self = { htonl(INADDR_LOOPBACK) };
	const int32_t done = 0;

	if (question->head.nlmsg_type == RTM_GETLINK && question->family != AF_BRIDGE) {
		answer_link(question);
	} else if (question->head.nlmsg_type == RTM_GETADDR) {
		answer_address(question, AF_INET, &self, sizeof(self), LO_PREFIX);
		answer_address(question, AF_INET6, &in6addr_loopback, sizeof(in6addr_loopback),
			       128);
	} else if (question->head.nlmsg_type == RTM_GETROUTE) {
		answer_routes(question);
	}
	message_end(message_begin(question, NLMSG_DONE, &done, sizeof(done)));
}

/* Of the message that it is about, the head comes back, as with the option NETLINK_CAP_ACK. */
static void answer_error(const struct question *question)
{
	struct nlmsgerr error = { question->error, question->head };
	size_t begin = message_begin(question, NLMSG_ERROR, &error, sizeof(error));
	uint16_t flags = NLM_F_CAPPED;

	memcpy(answer + begin + offsetof(struct nlmsghdr, nlmsg_flags), &flags, sizeof(flags));
	message_end(begin);
}

static void make_answer(const struct question *question)
{
	answer_size = 0;
	if (question->answer == ANSWER_ERROR)
		answer_error(question);
	else if (question->answer == ANSWER_LINK)
		answer_link(question);
	else
		answer_all(question);
}

/* ---- questions ---- */

struct asker {
	struct sock *sock;
	uint32_t pid;	    /* of the socket's name */
	bool may_change;    /* it is the administrator */
	bool about_sockets; /* the protocol is NETLINK_SOCK_DIAG */
	uint32_t end;	    /* so many questions there are with those of this message */
};

static void add_question(struct asker *asker, const struct question *question)
{
	struct netlink *netlink = &asker->sock->netlink;
	struct question *to = &netlink->questions[asker->end % QUESTIONS_MOST];

	if (asker->end - questions_in(netlink->got) == QUESTIONS_MOST - 1) {
		if (!(netlink->flags & 1u << NETLINK_NO_ENOBUFS))
			asker->sock->error = ENOBUFS;
		return;
	}
	*to = *question;
	to->head.nlmsg_pid = asker->pid;
	asker->end++;
}

/* Returns the attribute of a message whose fixed part has `fixed` bytes; NULL: it has none of that type. */
static const struct rtattr *find_attribute(const struct nlmsghdr *head, size_t fixed, uint16_t type)
{
	const struct rtattr *each = (const void *)((const char *)head + NLMSG_SPACE(fixed));
	int left = (int)head->nlmsg_len - (int)NLMSG_SPACE(fixed);

	for (; RTA_OK(each, left); each = RTA_NEXT(each, left))
		if (each->rta_type == type)
			return each;
	return NULL;
}

/* Which interface is it about? */
static int find_link(const struct nlmsghdr *head)
{
	const struct ifinfomsg *link = NLMSG_DATA(head);
	const struct rtattr *name;

	if (head->nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
		return -EINVAL;
	if (link->ifi_index)
		return link->ifi_index == LO_INDEX ? 0 : -ENODEV;
	name = find_attribute(head, sizeof(*link), IFLA_IFNAME);
	if (!name)
		name = find_attribute(head, sizeof(*link), IFLA_ALT_IFNAME);
	if (!name)
		return -EINVAL;
	return RTA_PAYLOAD(name) >= 2 && strncmp(RTA_DATA(name), LO_NAME, RTA_PAYLOAD(name)) == 0
		       ? 0
		       : -ENODEV;
}

/* That it be as it is can be asked for: `ip link set lo up`. */
static int change_link(const struct nlmsghdr *head)
{
	const struct ifinfomsg *link = NLMSG_DATA(head);
	int err = find_link(head);

	if (err)
		return head->nlmsg_flags & NLM_F_CREATE ? -EOPNOTSUPP : err;
	return head->nlmsg_len <= NLMSG_SPACE(sizeof(*link)) &&
			       ((link->ifi_flags ^ LO_FLAGS) & link->ifi_change) == 0
		       ? 0
		       : -EOPNOTSUPP;
}

/* As on Linux, two of the bits of a type say what it does. */
static bool is_get(uint16_t type)
{
	return (type & 3) == (RTM_GETLINK & 3);
}

/* As Linux where there is nothing of the kind, after which `ss` reads /proc/net. */
static int ask_about_sockets(const struct nlmsghdr *head)
{
	uint16_t type = head->nlmsg_type;

	if (type < NLMSG_MIN_TYPE)
		return 0;
	if (type == TCPDIAG_GETSOCK || type == DCCPDIAG_GETSOCK)
		return -EOPNOTSUPP;
	return type == SOCK_DIAG_BY_FAMILY && head->nlmsg_len > NLMSG_HDRLEN ? -ENOENT : -EINVAL;
}

/* Returns what is answered if nothing else is, or if that is asked for: 0 or a negative errno. *answer_ret: what else is. */
static int ask(const struct asker *asker, const struct nlmsghdr *head, enum answer_kind *answer_ret)
{
	uint16_t type = head->nlmsg_type;
	int err;

	if (type < NLMSG_MIN_TYPE)
		return 0;
	if (type > RTM_MAX)
		return -EOPNOTSUPP;
	if (head->nlmsg_len <= NLMSG_HDRLEN)
		return 0;
	if (!is_get(type) && !asker->may_change)
		return -EPERM;
	if (is_get(type) && (head->nlmsg_flags & NLM_F_DUMP)) {
		if (type != RTM_GETLINK && type != RTM_GETADDR && type != RTM_GETROUTE &&
		    type != RTM_GETNEIGH)
			return -EOPNOTSUPP;
		*answer_ret = ANSWER_ALL;
		return 0;
	}
	if (type == RTM_NEWLINK || type == RTM_SETLINK)
		return change_link(head);
	err = type == RTM_GETLINK ? find_link(head) : -EOPNOTSUPP;
	if (err == 0)
		*answer_ret = ANSWER_LINK;
	return err;
}

static void ask_one(struct asker *asker, const struct nlmsghdr *head)
{
	struct question question = { .head = *head };
	enum answer_kind kind = ANSWER_ERROR;

	if (head->nlmsg_flags & NLM_F_REQUEST)
		question.error = asker->about_sockets ? ask_about_sockets(head)
						      : ask(asker, head, &kind);
	if (kind != ANSWER_ERROR) {
		question.answer = (uint8_t)kind;
		question.family = *(const uint8_t *)NLMSG_DATA(head);
		add_question(asker, &question);
	}
	question.answer = ANSWER_ERROR;
	if (question.error || ((head->nlmsg_flags & NLM_F_ACK) && kind != ANSWER_ALL))
		add_question(asker, &question);
}

/* As on Linux, what comes behind a message with a wrong length is ignored, and so is that. */
static void ask_each(struct asker *asker, const char *at, size_t n)
{
	while (n >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *head = (const void *)at;
		size_t span = head->nlmsg_len;

		if (span < sizeof(*head) || span > n)
			return;
		ask_one(asker, head);
		span = NLMSG_ALIGN(span) < n ? NLMSG_ALIGN(span) : n;
		at += span;
		n -= span;
	}
}

/* ---- names ---- */

/* Finds the socket of the protocol that has that number. */
static struct serve_file *find_number(const struct serve_file *file, const struct name *name)
{
	struct serve_file *other = name_next(name, NULL);

	while (other &&
	       (!is_netlink(other) ||
		SERVED_SOCKET_PROTOCOL(other->badge) != SERVED_SOCKET_PROTOCOL(file->badge) ||
		to_sock(other)->name.address.nl.nl_pid != name->address.nl.nl_pid))
		other = name_next(name, other);
	return other;
}

/* As on Linux, the process's number if it is free, or else a large one. */
static int choose_number(struct serve_file *file, const struct ucred *who, uint32_t by)
{
	static uint32_t last = (uint32_t)-4096;
	struct name name = { .length = sizeof(struct sockaddr_nl) };

	name.address.nl =
		(struct sockaddr_nl){ .nl_family = AF_NETLINK, .nl_pid = (uint32_t)who->pid };
	while (find_number(file, &name)) {
		last = last > INT32_MAX ? last - 1 : (uint32_t)-4097;
		name.address.nl.nl_pid = last;
	}
	name_set(file, &name, by);
	return 0;
}

/* Reads an address that a call has. */
static int netlink_address(const struct served_address *from, struct sockaddr_nl *address)
{
	if (from->length < sizeof(*address))
		return -EINVAL;
	memcpy(address, from->address, sizeof(*address));
	return address->nl_family == AF_NETLINK ? 0 : -EINVAL;
}

static int netlink_bind(struct serve_file *file, struct serve_request *request)
{
	struct name name = { .length = sizeof(struct sockaddr_nl) }, *own = &to_sock(file)->name;
	struct served_address from;
	struct ucred who;
	int err = who_read(request, &from, &who);

	if (err == 0)
		err = netlink_address(&from, &name.address.nl);
	if (err)
		return err;
	if (own->length && own->bound_by != request->number &&
	    own->address.nl.nl_pid != name.address.nl.nl_pid)
		return -EINVAL;
	if (!own->length && name.address.nl.nl_pid && find_number(file, &name))
		return -EADDRINUSE;
	to_netlink(file)->groups[0] = name.address.nl.nl_groups;
	if (!own->length && name.address.nl.nl_pid)
		name_set(file, &name, request->number);
	else if (!own->length)
		err = choose_number(file, &who, request->number);
	return err;
}

/* May a socket of this user send there, and not only to the kernel? */
static bool may_send_to(const struct sockaddr_nl *address, const struct ucred *who)
{
	return (address->nl_pid == 0 && address->nl_groups == 0) || who->uid == 0;
}

static int netlink_connect(struct serve_file *file, struct serve_request *request)
{
	struct sockaddr_nl *peer = &to_sock(file)->peer_name.address.nl, address;
	struct served_address from;
	sa_family_t family;
	struct ucred who;
	int err = who_read(request, &from, &who);

	if (err)
		return err;
	memcpy(&family, from.address, sizeof(family));
	if (from.length >= sizeof(family) && family == AF_UNSPEC) {
		*peer = (struct sockaddr_nl){ 0 };
		return 0;
	}
	err = netlink_address(&from, &address);
	if (err)
		return err;
	if (!may_send_to(&address, &who))
		return -EPERM;
	*peer = address;
	return to_sock(file)->name.length ? 0 : choose_number(file, &who, request->number);
}

static int give_name(struct serve_file *file, struct serve_request *request, bool peer)
{
	const struct sock *sock = to_sock(file);
	struct sockaddr_nl address = peer ? sock->peer_name.address.nl : sock->name.address.nl;

	address.nl_family = AF_NETLINK;
	if (!peer)
		address.nl_groups = sock->netlink.groups[0];
	request->length = sizeof(address);
	serve_give(request, &address, sizeof(address));
	return 0;
}

/* ---- messages ---- */

static int netlink_send(struct serve_file *file, struct serve_request *request)
{
	static _Alignas(struct nlmsghdr) char bytes[SERVED_MESSAGE_MOST];
	struct sockaddr_nl to = to_sock(file)->peer_name.address.nl;
	size_t n = (size_t)(request->argument >> 32);
	struct netlink *netlink = to_netlink(file);
	struct served_address from;
	struct asker asker = { .sock = to_sock(file), .end = questions_in(netlink->put) };
	struct ucred who;
	int err = who_read(request, &from, &who);

	if (err == 0 && from.length)
		err = netlink_address(&from, &to);
	if (err)
		return err;
	if (request_in(netlink->put) == request->number)
		return (int)n; /* the last server has done it */
	if (!may_send_to(&to, &who))
		return -EPERM;
	if (n == 0)
		return -ENODATA;
	if (!to_sock(file)->name.length)
		(void)choose_number(file, &who, request->number);
	if ((int64_t)n > to_sock(file)->sndbuf - 32)
		return -EMSGSIZE;
	if (to.nl_pid != 0)
		return -ECONNREFUSED;		      /* the kernel answers only */
	serve_take(request, bytes, request->control); /* they mean nothing here */
	if (n > sizeof(bytes) || serve_take(request, bytes, n) != n)
		return -EIO;
	asker.pid = to_sock(file)->name.address.nl.nl_pid;
	asker.may_change = who.uid == 0;
	asker.about_sockets = SERVED_SOCKET_PROTOCOL(file->badge) == NETLINK_SOCK_DIAG;
	ask_each(&asker, bytes, n);
	netlink->put = questions_word(request, asker.end);
	return (int)n;
}

static int netlink_receive(struct serve_file *file, struct serve_request *request)
{
	uint32_t flags = (uint32_t)request->argument;
	size_t room = (size_t)(request->argument >> 32), n;
	struct sock *sock = to_sock(file);
	struct netlink *netlink = &sock->netlink;
	uint32_t next = questions_in(netlink->got);
	struct served_address from = { .length = sizeof(struct sockaddr_nl) };
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (next && request_in(netlink->got) == request->number)
		next--; /* the last server has not answered */
	if (sock->error || next == questions_in(netlink->put)) {
		int error = sock->error ?: EAGAIN;

		sock->error = 0;
		return -error;
	}
	make_answer(&netlink->questions[next % QUESTIONS_MOST]);
	n = answer_size < room ? answer_size : room;
	memcpy(from.address, &kernel, sizeof(kernel));
	if (serve_give(request, &from, sizeof(from)) != sizeof(from) ||
	    serve_give(request, answer, n) != n)
		return -EIO;
	request->file = answer_size > room ? MSG_TRUNC : 0;
	if (!(flags & MSG_PEEK))
		netlink->got = questions_word(request, next + 1);
	return (int)(flags & MSG_TRUNC ? answer_size : n);
}

unsigned netlink_events(struct serve_file *file)
{
	const struct netlink *netlink = to_netlink(file);
	unsigned can = POLLOUT | POLLWRNORM | POLLWRBAND;

	if (questions_in(netlink->put) != questions_in(netlink->got))
		can |= POLLIN | POLLRDNORM;
	return to_sock(file)->error ? can | POLLERR : can;
}

/* ---- options ---- */

#define FLAGS_THAT_ARE                                                                      \
	(1u << NETLINK_PKTINFO | 1u << NETLINK_BROADCAST_ERROR | 1u << NETLINK_NO_ENOBUFS | \
	 1u << NETLINK_LISTEN_ALL_NSID | 1u << NETLINK_CAP_ACK | 1u << NETLINK_EXT_ACK |    \
	 1u << NETLINK_GET_STRICT_CHK)

/* As on Linux, a value that is too short is 0. */
int netlink_option_set(struct serve_file *file, unsigned name, struct serve_request *request)
{
	struct netlink *netlink = to_netlink(file);
	uint32_t value = 0, bit;

	if (serve_take(request, &value, sizeof(value)) != sizeof(value))
		value = 0;
	if (name == NETLINK_ADD_MEMBERSHIP || name == NETLINK_DROP_MEMBERSHIP) {
		if (value == 0 || value > GROUPS_MOST)
			return -EINVAL;
		bit = 1u << (value - 1) % 32;
		if (name == NETLINK_ADD_MEMBERSHIP)
			netlink->groups[(value - 1) / 32] |= bit;
		else
			netlink->groups[(value - 1) / 32] &= ~bit;
		return 0;
	}
	if (name >= 32 || !(FLAGS_THAT_ARE >> name & 1))
		return -ENOPROTOOPT;
	netlink->flags = value ? netlink->flags | 1u << name : netlink->flags & ~(1u << name);
	return 0;
}

int netlink_option_get(struct serve_file *file, unsigned name, struct serve_request *request)
{
	const struct netlink *netlink = to_netlink(file);
	int32_t value;

	if (name == NETLINK_LIST_MEMBERSHIPS)
		return option_give(request, netlink->groups, sizeof(netlink->groups));
	if (name >= 32 || !(FLAGS_THAT_ARE >> name & 1))
		return -ENOPROTOOPT;
	value = netlink->flags >> name & 1;
	return option_give(request, &value, sizeof(value));
}

int netlink_ctl(struct serve_file *file, struct serve_request *request)
{
	switch (request->command) {
	case SERVED_SOCKET_CALL(SYS_bind):
		return netlink_bind(file, request);
	case SERVED_SOCKET_CALL(SYS_connect):
		return netlink_connect(file, request);
	case SERVED_SOCKET_CALL(SYS_sendmsg):
		return netlink_send(file, request);
	case SERVED_SOCKET_CALL(SYS_recvmsg):
		return netlink_receive(file, request);
	case SERVED_SOCKET_CALL(SYS_getsockname):
		return give_name(file, request, false);
	case SERVED_SOCKET_CALL(SYS_getpeername):
		return give_name(file, request, true);
	case SERVED_SOCKET_CALL(SYS_setsockopt):
		return option_set(file, request);
	case SERVED_SOCKET_CALL(SYS_getsockopt):
		return option_get(file, request);
	default:
		return request->command >> 32 ? -EOPNOTSUPP : interface_ctl(file, request);
	}
}
