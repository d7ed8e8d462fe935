/* SPDX-License-Identifier: MIT */
/* The options of sockets. */
#include "sockets/sockd.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "abi/ipc.h"
#include "sockets/interface.h"

#define BUFFER_USUAL   212992
#define TCP_INFO_BYTES 248 /* of Linux 6.12 */
#define MSS_OF_LO      65483
#define MSS_USUAL      536
#define HOPS_USUAL     64
#define COVERED_LEAST  8 /* bytes of the head of UDP-Lite */

/* Of <linux/udp.h>; a C library has no names for them. */
#define UDPLITE_SEND_CSCOV 10
#define UDPLITE_RECV_CSCOV 11

#define LOW_OF_TCP (3 << 20)
#define FLAGS_THAT_ARE                                                                   \
	(1u << SO_DEBUG | 1u << SO_REUSEADDR | 1u << SO_DONTROUTE | 1u << SO_BROADCAST | \
	 1u << SO_KEEPALIVE | 1u << SO_OOBINLINE | 1u << SO_REUSEPORT | 1u << SO_PASSCRED)

static int32_t buffer_size(int32_t asked, int32_t least)
{
	int32_t most = BUFFER_USUAL;
	uint32_t n = (uint32_t)asked < (uint32_t)most ? (uint32_t)asked : (uint32_t)most;

	return (int32_t)(2 * n) < least ? least : (int32_t)(2 * n);
}

static int set_linger(struct sock *sock, struct serve_request *request)
{
	struct linger linger;

	if (serve_take(request, &linger, sizeof(linger)) != sizeof(linger))
		return -EINVAL;
	sock->linger.l_onoff = linger.l_onoff != 0;
	if (linger.l_onoff)
		sock->linger.l_linger = linger.l_linger;
	return 0;
}

/* Asks for the time of each message by a control message of that option's, of which there is one at most; value 0: by none. */
static bool set_timestamp(struct sock *sock, uint32_t name, int32_t value)
{
	switch (name) {
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMP_NEW:
	case SO_TIMESTAMPNS_NEW:
		sock->timestamp = value ? name : 0;
		return true;
	default:
		return false;
	}
}

/* Those of the numbers that each datagram has. */
enum { WAY_TTL, WAY_TOS, WAY_HOPS, WAY_CLASS, WAY_INTERFACE };

/* Numbers that a program can set and ask for; most of them say what a network should do. */
static const struct number {
	int level, name;
	int32_t usual, least, most;
} numbers[NUMBERS_MOST] = {
	[WAY_TTL] = { IPPROTO_IP, IP_TTL, HOPS_USUAL, -1, 255 },
	[WAY_TOS] = { IPPROTO_IP, IP_TOS, 0, INT32_MIN, INT32_MAX },
	[WAY_HOPS] = { IPPROTO_IPV6, IPV6_UNICAST_HOPS, HOPS_USUAL, -1, 255 },
	[WAY_CLASS] = { IPPROTO_IPV6, IPV6_TCLASS, 0, -1, 255 },
	[WAY_INTERFACE] = { SOL_SOCKET, SO_BINDTOIFINDEX, 0, 0, INT32_MAX },
	{ IPPROTO_TCP, TCP_MAXSEG, 0, 0, 32767 },
	{ IPPROTO_TCP, TCP_KEEPIDLE, 7200, 1, 32767 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 75, 1, 32767 },
	{ IPPROTO_TCP, TCP_KEEPCNT, 9, 1, 127 },
	{ IPPROTO_TCP, TCP_SYNCNT, 6, 1, 127 },
	{ IPPROTO_TCP, TCP_LINGER2, 60, INT32_MIN, INT32_MAX },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, INT32_MIN, INT32_MAX },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 0, INT32_MAX },
	{ IPPROTO_TCP, TCP_FASTOPEN, 0, 0, INT32_MAX },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0, INT32_MIN, INT32_MAX },
	{ IPPROTO_UDPLITE, UDPLITE_SEND_CSCOV, 0, INT32_MIN, INT32_MAX },
	{ IPPROTO_UDPLITE, UDPLITE_RECV_CSCOV, -1, INT32_MIN, INT32_MAX },
	{ IPPROTO_IP, IP_MTU_DISCOVER, 1, 0, 5 },
	{ IPPROTO_IP, IP_MINTTL, 0, 0, 255 },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, 1, 0, 5 },
	{ SOL_SOCKET, SO_PRIORITY, 0, INT32_MIN, INT32_MAX },
	{ SOL_SOCKET, SO_MARK, 0, INT32_MIN, INT32_MAX },
	{ SOL_SOCKET, SO_BUSY_POLL, 0, 0, INT32_MAX },
	{ SOL_SOCKET, SO_INCOMING_CPU, -1, INT32_MIN, INT32_MAX },
	{ SOL_SOCKET, SO_RCVLOWAT, 1, INT32_MIN, INT32_MAX },
};

/* Those that are on or off; `strict`: they have no other value than 0 and 1. */
static const struct {
	int level, name;
	bool usual, strict;
} switches[SWITCHES_MOST] = {
	{ IPPROTO_TCP, TCP_NODELAY, false, false },
	{ IPPROTO_TCP, TCP_CORK, false, false },
	{ IPPROTO_TCP, TCP_QUICKACK, true, false },
	{ IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, false, true },
	{ IPPROTO_TCP, TCP_FASTOPEN_CONNECT, false, true },
	{ IPPROTO_IP, IP_RECVERR, false, false },
	{ IPPROTO_IP, IP_PKTINFO, false, false },
	{ IPPROTO_IP, IP_RECVTTL, false, false },
	{ IPPROTO_IP, IP_RECVTOS, false, false },
	{ IPPROTO_IP, IP_FREEBIND, false, false },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, false, false },
	{ IPPROTO_IP, IP_MULTICAST_LOOP, true, false },
	{ IPPROTO_IP, IP_MULTICAST_ALL, true, true },
	{ IPPROTO_IPV6, IPV6_V6ONLY, false, false },
	{ IPPROTO_IPV6, IPV6_RECVERR, false, false },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, false, false },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, false, false },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, false, false },
	{ IPPROTO_IPV6, IPV6_DONTFRAG, false, false },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP, true, true },
	{ SOL_SOCKET, SO_NO_CHECK, false, false },
	{ SOL_SOCKET, SO_RXQ_OVFL, false, false },
	{ SOL_SOCKET, SO_PASSSEC, false, false },
};

static bool has_level(struct serve_file *file, int level)
{
	switch (level) {
	case IPPROTO_TCP:
		return is_tcp(file);
	case IPPROTO_UDPLITE:
		return is_inet(file) && !is_tcp(file);
	case IPPROTO_IP:
		return is_inet(file);
	case IPPROTO_IPV6:
		return sock_domain(file) == AF_INET6;
	default:
		return level == SOL_SOCKET;
	}
}

/* Both return its index, or -1: the socket has no such option. As on Linux, UDP and UDP-Lite have one level under two names. */
static int number_index(struct serve_file *file, int level, int name)
{
	if (level == IPPROTO_UDP)
		level = IPPROTO_UDPLITE;
	for (int i = 0; i < NUMBERS_MOST && has_level(file, level); i++)
		if (numbers[i].name && numbers[i].level == level && numbers[i].name == name)
			return i;
	return -1;
}

static int switch_index(struct serve_file *file, int level, int name)
{
	for (int i = 0; i < SWITCHES_MOST && has_level(file, level); i++)
		if (switches[i].name && switches[i].level == level && switches[i].name == name)
			return i;
	return -1;
}

void options_init(struct sock *sock)
{
	sock->sndbuf = sock->rcvbuf = BUFFER_USUAL;
	sock->peek_at = -1;
}

void options_inherit(struct serve_file *file, const struct sock *listener)
{
	struct sock *sock = to_sock(file);

	if (is_unix(file)) {
		sock->flags = listener->flags & 1u << SO_PASSCRED;
		return;
	}
	sock->flags = listener->flags;
	sock->sndbuf = listener->sndbuf;
	sock->rcvbuf = listener->rcvbuf;
	sock->linger = listener->linger;
	sock->timestamp = listener->timestamp;
	sock->switched = listener->switched;
	sock->congestion_control = listener->congestion_control;
	memcpy(sock->difference, listener->difference, sizeof(sock->difference));
}

bool option_resets(struct serve_file *file)
{
	const struct sock *sock = to_sock(file);

	return !is_unix(file) && sock_type(file) == SOCK_STREAM && sock->state == SOCK_CONNECTED &&
	       sock->linger.l_onoff && sock->linger.l_linger == 0;
}

bool option_is_on(const struct serve_file *file, int level, int name)
{
	for (int i = 0; i < SWITCHES_MOST; i++)
		if (switches[i].level == level && switches[i].name == name)
			return switches[i].usual !=
			       (((const struct sock *)file->data)->switched >> i & 1);
	return false;
}

int32_t option_number(struct serve_file *file, int level, int name)
{
	int i = number_index(file, level, name);

	return i < 0 ? 0 : numbers[i].usual + to_sock(file)->difference[i];
}

void option_way(const struct serve_file *file, bool mapped, struct ip_way *way)
{
	const int32_t *set = ((const struct sock *)file->data)->difference;

	way->at.hops = (uint8_t)(HOPS_USUAL + set[mapped ? WAY_TTL : WAY_HOPS]);
	way->at.class = (uint8_t)set[mapped ? WAY_TOS : WAY_CLASS];
	way->interface = set[WAY_INTERFACE];
}

/* A receiver that has said how much has to be covered does not get what is covered less, unless that is all. */
bool option_covers(struct serve_file *file, struct serve_file *target, size_t size)
{
	int32_t covered = option_number(file, IPPROTO_UDPLITE, UDPLITE_SEND_CSCOV);
	int32_t wanted = option_number(target, IPPROTO_UDPLITE, UDPLITE_RECV_CSCOV);

	if (covered == 0 || (size_t)covered >= size + COVERED_LEAST)
		return true;
	return wanted < 0 || (wanted > 0 && covered >= wanted);
}

/* As on Linux, which counts how often it would send once more: the time of so many as last that long. */
static int32_t seconds_of_tries(int32_t seconds)
{
	int32_t period = 1, wait = 1;

	if (seconds <= 0)
		return 0;
	for (int tries = 1; period < seconds && tries < 255; tries++) {
		wait = wait < 64 ? 2 * wait : 120;
		period += wait;
	}
	return period;
}

/* 0 is all of a datagram. */
static int32_t coverage_as_kept(int32_t value)
{
	if (value != 0 && value < COVERED_LEAST)
		return COVERED_LEAST;
	return value < UINT16_MAX ? value : UINT16_MAX;
}

/* As on Linux, TCP waits for half of what it may have room for at most. */
static int32_t low_mark(struct serve_file *file, int32_t value)
{
	if (is_tcp(file) && (value < 0 || value > LOW_OF_TCP))
		return LOW_OF_TCP;
	return value < 0 ? INT32_MAX : value + !value;
}

/* What becomes of a value that the option may have. The bits of IP_TOS about congestion are TCP's own. */
static int32_t number_as_kept(struct serve_file *file, const struct number *number, int32_t value)
{
	if (number->level == IPPROTO_TCP && number->name == TCP_LINGER2) {
		if (value <= 0)
			return value ? -1 : number->usual;
		return value < 120 ? value : 120;
	}
	if (number->level == IPPROTO_UDPLITE)
		return coverage_as_kept(value);
	if (number->level == SOL_SOCKET && number->name == SO_RCVLOWAT)
		return low_mark(file, value);
	if (number->level == IPPROTO_TCP && number->name == TCP_DEFER_ACCEPT)
		return seconds_of_tries(value);
	if (number->level == IPPROTO_TCP && number->name == TCP_FASTOPEN)
		return value < 4096 ? value : 4096;
	if (number->least == -1 && value == -1)
		return number->usual;
	if ((number->level == IPPROTO_IP && number->name == IP_TOS) ||
	    (number->level == IPPROTO_IPV6 && number->name == IPV6_TCLASS))
		return value & (is_tcp(file) ? 0xfc : 0xff);
	return value;
}

static bool number_may_be_set(struct serve_file *file, const struct number *number, int32_t value)
{
	if (file->uid == 0 || number->level != SOL_SOCKET)
		return true;
	switch (number->name) {
	case SO_PRIORITY:
		return value >= 0 && value <= 6;
	case SO_BINDTOIFINDEX:
		return option_number(file, SOL_SOCKET, SO_BINDTOIFINDEX) == 0;
	default:
		return number->name != SO_MARK;
	}
}

static bool has_value(const struct number *number, int32_t value)
{
	if (value < number->least || value > number->most)
		return false;
	if (number->level == IPPROTO_IP && number->name == IP_TTL)
		return value != 0;
	return number->level != IPPROTO_TCP || number->name != TCP_MAXSEG || value == 0 ||
	       value >= 88;
}

static int number_set(struct serve_file *file, int i, int32_t value)
{
	const struct number *number = &numbers[i];

	if (number->level == IPPROTO_UDPLITE && !is_udplite(file))
		return -ENOPROTOOPT;
	if (!number_may_be_set(file, number, value))
		return -EPERM;
	if (!has_value(number, value))
		return -EINVAL;
	to_sock(file)->difference[i] = number_as_kept(file, number, value) - number->usual;
	return 0;
}

static int switch_set(struct serve_file *file, int i, int32_t value)
{
	struct sock *sock = to_sock(file);
	uint32_t bit = 1u << i;

	if (switches[i].strict && value != 0 && value != 1)
		return -EINVAL;
	sock->switched = (value != 0) != switches[i].usual ? sock->switched | bit
							   : sock->switched & ~bit;
	return 0;
}

/* As on Linux, one byte does for some, or none. */
static int value_set(struct serve_file *file, int level, int number, int on,
		     struct serve_request *request)
{
	int32_t value = 0;
	size_t n = serve_take(request, &value, sizeof(value));
	int err;

	if (n != sizeof(value) && level != IPPROTO_IP)
		return -EINVAL;
	if (n != sizeof(value))
		value &= 0xff;
	if (number < 0)
		return switch_set(file, on, value);
	err = number_set(file, number, value);
	request->length = (unsigned long)option_number(file, level, numbers[number].name);
	return err;
}

/* ---- options that are names ---- */

static const char *const congestion_controls[] = { "cubic", "reno" };

#define CONGESTION_NAME 16

static int set_congestion(struct sock *sock, struct serve_request *request)
{
	char name[CONGESTION_NAME] = "";
	size_t n = serve_take(request, name, sizeof(name) - 1);

	if (n == 0)
		return -EINVAL;
	for (unsigned i = 0; i < 2; i++)
		if (strcmp(name, congestion_controls[i]) == 0) {
			sock->congestion_control = (uint8_t)i;
			return 0;
		}
	return -ENOENT;
}

static int set_device(struct serve_file *file, struct serve_request *request)
{
	char name[IFNAMSIZ] = "";

	serve_take(request, name, sizeof(name) - 1);
	if (name[0] != '\0' && strcmp(name, LO_NAME) != 0)
		return -ENODEV;
	return number_set(file, number_index(file, SOL_SOCKET, SO_BINDTOIFINDEX),
			  name[0] != '\0' ? LO_INDEX : 0);
}

/* What Linux says of an option that the socket does not have, or of its level. */
static int no_option(struct serve_file *file, uint32_t level, bool set)
{
	if (is_unix(file))
		return -EOPNOTSUPP;
	if (level == IPPROTO_IP || (level == IPPROTO_TCP && sock_type(file) == SOCK_STREAM) ||
	    is_netlink(file))
		return -ENOPROTOOPT;
	return set || sock_domain(file) == AF_INET6 ? -ENOPROTOOPT : -EOPNOTSUPP;
}

int option_set(struct serve_file *file, struct serve_request *request)
{
	uint32_t level = (uint32_t)request->argument, name = (uint32_t)(request->argument >> 32);
	int number = number_index(file, (int)level, (int)name);
	int on = switch_index(file, (int)level, (int)name);
	struct sock *sock = to_sock(file);
	int32_t value;

	if (number >= 0 || on >= 0)
		return value_set(file, (int)level, number, on, request);
	if (is_tcp(file) && level == IPPROTO_TCP && name == TCP_CONGESTION)
		return set_congestion(sock, request);
	if (level == SOL_NETLINK && is_netlink(file))
		return netlink_option_set(file, name, request);
	if (level != SOL_SOCKET)
		return no_option(file, level, true);
	if (name == SO_LINGER)
		return set_linger(sock, request);
	if (name == SO_BINDTODEVICE)
		return set_device(file, request);
	if (serve_take(request, &value, sizeof(value)) != sizeof(value))
		return -EINVAL;
	if ((name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE) && file->uid != 0)
		return -EPERM;
	if (name == SO_SNDBUF || name == SO_SNDBUFFORCE)
		sock->sndbuf = buffer_size(value, 4608);
	else if (name == SO_RCVBUF || name == SO_RCVBUFFORCE)
		sock->rcvbuf = buffer_size(value, 2304);
	else if (name == SO_PEEK_OFF && is_netlink(file))
		return -EOPNOTSUPP;
	else if (name == SO_PEEK_OFF)
		sock->peek_at = value;
	else if (name == SO_REUSEPORT && value && is_unix(file))
		return -EOPNOTSUPP;
	else if (name == SO_DEBUG && value && file->uid != 0)
		return -EACCES;
	else if (set_timestamp(sock, name, value))
		return 0;
	else if (name < 32 && (FLAGS_THAT_ARE >> name & 1))
		sock->flags = value ? sock->flags | 1u << name : sock->flags & ~(1u << name);
	else
		return -ENOPROTOOPT;
	return 0;
}

int option_give(struct serve_request *request, const void *value, size_t n)
{
	request->length = n;
	serve_give(request, value, n);
	return 0;
}

/* For one that is given as a whole only. */
static int option_give_all(struct serve_request *request, const void *value, size_t n, size_t room)
{
	char bytes[IFNAMSIZ] = "";

	memcpy(bytes, value, n);
	request->length = n;
	return serve_give(request, bytes, room) == room ? 0 : -EINVAL;
}

/* As on Linux, in less room than a number has there is one byte of some. */
static int give_number(struct serve_request *request, int level, int32_t value)
{
	size_t given = serve_give(request, &value, sizeof(value));

	request->length = given;
	if (level == IPPROTO_IP && given < sizeof(value) && value >= 0 && value <= 255)
		request->length = given != 0;
	return 0;
}

static int give_device(struct serve_file *file, struct serve_request *request)
{
	return option_number(file, SOL_SOCKET, SO_BINDTOIFINDEX) == LO_INDEX
		       ? option_give_all(request, LO_NAME, sizeof(LO_NAME), IFNAMSIZ)
		       : option_give(request, "", 0);
}

static int give_congestion(const struct sock *sock, struct serve_request *request)
{
	char name[CONGESTION_NAME] = "";

	strcpy(name, congestion_controls[sock->congestion_control & 1]);
	return option_give(request, name, sizeof(name));
}

/* Of a connection, TCP_MAXSEG is what it has. */
static int32_t number_now(struct serve_file *file, int level, int name)
{
	int32_t value = option_number(file, level, name);

	if (level == IPPROTO_UDP || level == IPPROTO_UDPLITE)
		return value < 0 ? 0 : value;
	if (level != IPPROTO_TCP || name != TCP_MAXSEG)
		return value;
	if (to_sock(file)->state == SOCK_CONNECTED)
		return MSS_OF_LO;
	return value ? value : MSS_USUAL;
}

static int32_t sock_protocol(struct serve_file *file)
{
	if (!is_inet(file))
		return is_netlink(file) ? (int32_t)SERVED_SOCKET_PROTOCOL(file->badge) : 0;
	if (is_udplite(file))
		return IPPROTO_UDPLITE;
	return is_tcp(file) ? IPPROTO_TCP : IPPROTO_UDP;
}

/* Nothing is lost on the loopback, and nothing is sent again: there is little to say but the state. */
static int give_tcp_info(struct serve_file *file, struct serve_request *request)
{
	static const uint8_t connected[] = { TCP_ESTABLISHED, TCP_CLOSE_WAIT, TCP_FIN_WAIT2,
					     TCP_CLOSE };
	const struct sock *sock = to_sock(file);
	union {
		struct tcp_info info;
		char bytes[TCP_INFO_BYTES];
	} answer = { .info = { .tcpi_snd_cwnd = 10, .tcpi_reordering = 3 } };
	struct tcp_info *info = &answer.info;

	switch (sock->state) {
	case SOCK_NEW:
		info->tcpi_state = TCP_CLOSE;
		break;
	case SOCK_CONNECTING:
		info->tcpi_state = TCP_SYN_SENT;
		break;
	case SOCK_LISTENS:
		info->tcpi_state = TCP_LISTEN;
		info->tcpi_unacked = to_own(file)->nwaiting;
		info->tcpi_sacked = sock->waiting_most;
		break;
	case SOCK_CONNECTED:
		info->tcpi_state = connected[request->shut & 3];
		info->tcpi_options = TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE;
		info->tcpi_snd_wscale = info->tcpi_rcv_wscale = 7;
		info->tcpi_rto = 200000;
		info->tcpi_snd_mss = info->tcpi_advmss = info->tcpi_rcv_mss = MSS_OF_LO;
		info->tcpi_pmtu = 65535;
		break;
	}
	return option_give(request, &answer, sizeof(answer));
}

int option_get(struct serve_file *file, struct serve_request *request)
{
	uint32_t level = (uint32_t)request->argument, name = (uint32_t)(request->argument >> 32);
	struct sock *sock = to_sock(file);
	uint64_t cookie = file->cookie & ~IPC_BADGE_SERVED;
	int32_t value;

	if (number_index(file, (int)level, (int)name) >= 0)
		return give_number(request, (int)level, number_now(file, (int)level, (int)name));
	if (switch_index(file, (int)level, (int)name) >= 0)
		return give_number(request, (int)level, option_is_on(file, (int)level, (int)name));
	if (is_tcp(file) && level == IPPROTO_TCP && name == TCP_INFO)
		return give_tcp_info(file, request);
	if (is_tcp(file) && level == IPPROTO_TCP && name == TCP_CONGESTION)
		return give_congestion(sock, request);
	if (is_inet(file) && level == IPPROTO_IP && name == IP_MTU)
		return sock->state == SOCK_CONNECTED ? give_number(request, IPPROTO_IP, 65535)
						     : -ENOTCONN;
	if (level == SOL_NETLINK && is_netlink(file))
		return netlink_option_get(file, name, request);
	if (level != SOL_SOCKET)
		return no_option(file, level, false);
	switch (name) {
	case SO_LINGER:
		return option_give(request, &sock->linger, sizeof(sock->linger));
	case SO_PEERCRED:
		return option_give(request, &sock->peer, sizeof(sock->peer));
	case SO_PEERGROUPS:
		if (!is_unix(file) || sock->peer.pid == 0 || sock->peer_in.n > SERVED_GROUPS_MOST)
			return -ENODATA;
		return option_give(request, sock->peer_in.gid, sock->peer_in.n * sizeof(gid_t));
	case SO_COOKIE:
		return option_give_all(request, &cookie, sizeof(cookie), sizeof(cookie));
	case SO_BINDTODEVICE:
		return give_device(file, request);
	case SO_PEEK_OFF:
		if (is_netlink(file))
			return -EOPNOTSUPP;
		value = sock->peek_at;
		break;
	case SO_SNDLOWAT:
		value = 1;
		break;
	case SO_TYPE:
		value = (int32_t)(is_netlink(file) ? SERVED_SOCKET_TYPE(file->badge)
						   : sock_type(file));
		break;
	case SO_DOMAIN:
		value = (int32_t)SERVED_SOCKET_DOMAIN(file->badge);
		break;
	case SO_PROTOCOL:
		value = sock_protocol(file);
		break;
	case SO_ACCEPTCONN:
		value = sock->state == SOCK_LISTENS;
		break;
	case SO_ERROR: /* of connected streams, the kernel knows it */
		value = sock->lost ? ECONNRESET : sock->error;
		sock->error = 0;
		sock->lost = false;
		break;
	case SO_SNDBUF:
		value = sock->sndbuf;
		break;
	case SO_RCVBUF:
		value = sock->rcvbuf;
		break;
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMPNS_NEW:
		value = sock->timestamp == name;
		break;
	case SO_TIMESTAMP_NEW: /* as on Linux, also if the other one of 64 bits is set */
		value = sock->timestamp == name || sock->timestamp == SO_TIMESTAMPNS_NEW;
		break;
	default:
		if (name >= 32 || !(FLAGS_THAT_ARE >> name & 1))
			return -ENOPROTOOPT;
		value = sock->flags >> name & 1;
	}
	return option_give(request, &value, sizeof(value));
}
