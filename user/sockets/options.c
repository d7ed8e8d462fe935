/* SPDX-License-Identifier: MIT */
/* The options of sockets. */
#include "sockets/sockd.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#define BUFFER_USUAL   212992
#define TCP_INFO_BYTES 248 /* of Linux 6.12 */
#define MSS_OF_LO      65483
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

/* Numbers that a program can set and ask for; most of them say what a network should do. */
static const struct number {
	int level, name;
	int32_t usual, least, most;
} numbers[NUMBERS_MOST] = {
	{ IPPROTO_TCP, TCP_NODELAY, 0, INT32_MIN, INT32_MAX },
	{ IPPROTO_TCP, TCP_CORK, 0, INT32_MIN, INT32_MAX },
	{ IPPROTO_TCP, TCP_MAXSEG, MSS_OF_LO, 88, 32767 },
	{ IPPROTO_TCP, TCP_KEEPIDLE, 7200, 1, 32767 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 75, 1, 32767 },
	{ IPPROTO_TCP, TCP_KEEPCNT, 9, 1, 127 },
	{ IPPROTO_TCP, TCP_SYNCNT, 6, 1, 127 },
	{ IPPROTO_TCP, TCP_LINGER2, 60, INT32_MIN, INT32_MAX },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, INT32_MIN, INT32_MAX },
	{ IPPROTO_TCP, TCP_QUICKACK, 1, INT32_MIN, INT32_MAX },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 0, INT32_MAX },
	{ IPPROTO_TCP, TCP_FASTOPEN, 0, 0, INT32_MAX },
	{ IPPROTO_IP, IP_TOS, 0, 0, 255 },
	{ IPPROTO_IP, IP_TTL, 64, 1, 255 },
	{ IPPROTO_IP, IP_MTU_DISCOVER, 1, 0, 5 },
	{ IPPROTO_IP, IP_RECVERR, 0, 0, 1 },
	{ IPPROTO_IPV6, IPV6_V6ONLY, 0, INT32_MIN, INT32_MAX },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64, -1, 255 },
	{ IPPROTO_IPV6, IPV6_TCLASS, 0, -1, 255 },
	{ IPPROTO_IPV6, IPV6_RECVERR, 0, INT32_MIN, INT32_MAX },
	{ SOL_SOCKET, SO_PRIORITY, 0, 0, 6 },
	{ SOL_SOCKET, SO_RCVLOWAT, 1, 1, 1 },
};

/* Those that are on or off. */
static bool is_switch(const struct number *number)
{
	return number->least == INT32_MIN;
}

/* Returns its index, or -1: the socket has no such option. */
static int number_index(struct serve_file *file, int level, int name)
{
	if (level == IPPROTO_TCP && sock_type(file) != SOCK_STREAM)
		return -1;
	if (level != SOL_SOCKET && !is_inet(file))
		return -1;
	if (level == IPPROTO_IPV6 && sock_domain(file) != AF_INET6)
		return -1;
	for (int i = 0; i < NUMBERS_MOST; i++)
		if (numbers[i].name && numbers[i].level == level && numbers[i].name == name)
			return i;
	return -1;
}

void options_init(struct sock *sock)
{
	sock->sndbuf = sock->rcvbuf = BUFFER_USUAL;
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
	memcpy(sock->difference, listener->difference, sizeof(sock->difference));
}

bool option_resets(struct serve_file *file)
{
	const struct sock *sock = to_sock(file);

	return !is_unix(file) && sock_type(file) == SOCK_STREAM && sock->state == SOCK_CONNECTED &&
	       sock->linger.l_onoff && sock->linger.l_linger == 0;
}

int32_t option_number(struct serve_file *file, int level, int name)
{
	int i = number_index(file, level, name);

	return i < 0 ? 0 : numbers[i].usual + to_sock(file)->difference[i];
}

/* As on Linux, one byte does for some. */
static int number_set(struct serve_file *file, int i, struct serve_request *request)
{
	const struct number *number = &numbers[i];
	int32_t value = 0;
	size_t n = serve_take(request, &value, sizeof(value));

	if (n != sizeof(value) && (n == 0 || number->level != IPPROTO_IP))
		return -EINVAL;
	if (n != sizeof(value))
		value &= 0xff;
	if (is_switch(number))
		value = value != 0;
	else if (value < number->least || value > number->most)
		return -EINVAL;
	to_sock(file)->difference[i] = value - number->usual;
	return 0;
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
	int i = number_index(file, (int)level, (int)name);
	struct sock *sock = to_sock(file);
	int32_t value;

	if (i >= 0)
		return number_set(file, i, request);
	if (level == SOL_NETLINK && is_netlink(file))
		return netlink_option_set(file, name, request);
	if (level != SOL_SOCKET)
		return no_option(file, level, true);
	if (name == SO_LINGER)
		return set_linger(sock, request);
	if (serve_take(request, &value, sizeof(value)) != sizeof(value))
		return -EINVAL;
	if ((name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE) && file->uid != 0)
		return -EPERM;
	if (name == SO_SNDBUF || name == SO_SNDBUFFORCE)
		sock->sndbuf = buffer_size(value, 4608);
	else if (name == SO_RCVBUF || name == SO_RCVBUFFORCE)
		sock->rcvbuf = buffer_size(value, 2304);
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

static int32_t sock_protocol(struct serve_file *file)
{
	if (!is_inet(file))
		return is_netlink(file) ? (int32_t)SERVED_SOCKET_PROTOCOL(file->badge) : 0;
	return sock_type(file) == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
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
	int i = number_index(file, (int)level, (int)name);
	struct sock *sock = to_sock(file);
	int32_t value;

	if (i >= 0) {
		value = option_number(file, (int)level, (int)name);
		return option_give(request, &value, sizeof(value));
	}
	if (is_tcp(file) && level == IPPROTO_TCP && name == TCP_INFO)
		return give_tcp_info(file, request);
	if (level == SOL_NETLINK && is_netlink(file))
		return netlink_option_get(file, name, request);
	if (level != SOL_SOCKET)
		return no_option(file, level, false);
	switch (name) {
	case SO_LINGER:
		return option_give(request, &sock->linger, sizeof(sock->linger));
	case SO_PEERCRED:
		return option_give(request, &sock->peer, sizeof(sock->peer));
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
