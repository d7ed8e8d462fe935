/* SPDX-License-Identifier: MIT */
/* What files in /proc/net show of sockets and of the interface. */
/*
 * A line is made when it is read. So that this does not begin at the first one each time, and that a socket that goes between two reads
 * does not move the others, a table notes on which lines the last read has begun and ended. The first is for the next server, to which the
 * same read may come again.
 */
#include "sockets/sockd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/ipc.h"
#include "sockets/interface.h"

#define LINE_MOST 512 /* the longest is the fixed text of a table */

/* Parts of heads. */
#define STATE  "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define COUNTS " ref pointer drops"
#define PAIR   "local_address rem_address   "
#define PAIR6  "local_address                         remote_address                        "
#define SPACES "            "

/* States of TCP; UDP has the first one and the one of a socket that is not connected. */
enum { TCP_CONNECTED = 1, TCP_CONNECTS = 2, TCP_CLOSED = 7, TCP_LEFT = 8, TCP_LISTENS = 10 };

/* As fstat says, and what is in /proc/PID/fd. Nobody has one that waits to be accepted. */
static unsigned long table_inode(const struct serve_file *file)
{
	return file->waits ? 0 : (unsigned long)(file->cookie & ~IPC_BADGE_SERVED);
}

/* ---- AF_UNIX ---- */

static unsigned unix_state(struct serve_file *file)
{
	if (file->waits)
		return 2;
	return to_sock(file)->state == SOCK_CONNECTED ? 3 : 1;
}

/* As on Linux, each 0 of an abstract name is a @. */
static size_t unix_name(const struct name *name, char *to)
{
	const char *path = name->address.un.sun_path;
	size_t n = name->length > PATH_AT ? name->length - PATH_AT : 0;

	if (n && path[0] != '\0')
		n = strnlen(path, n);
	if (n)
		*to = ' ';
	for (size_t i = 0; i < n; i++)
		to[1 + i] = path[i] == '\0' ? '@' : path[i];
	return n ? 1 + n : 0;
}

static size_t unix_line(struct serve_file *file, char *to)
{
	const struct sock *sock = to_sock(file);
	size_t n = (size_t)sprintf(to, "%016x: %08X %08X %08X %04X %02X %5lu", 0,
				   sock->state == SOCK_CONNECTED ? 3 : 2, 0,
				   sock->state == SOCK_LISTENS ? 0x10000 : 0, sock_type(file),
				   unix_state(file), table_inode(file));

	n += unix_name(&sock->name, to + n);
	to[n++] = '\n';
	return n;
}

/* ---- AF_INET and AF_INET6 ---- */

/* An address, as words of the machine, and the port. */
static size_t inet_address(struct serve_file *file, const struct name *name, char *to)
{
	unsigned domain = sock_domain(file);
	struct name seen = { .length = 0 };
	const uint32_t *word = seen.address.in6.sin6_addr.s6_addr32;

	if (name->length)
		inet_as_seen(domain, name, &seen);
	if (domain == AF_INET)
		return (size_t)sprintf(to, " %08X:%04X", seen.address.in.sin_addr.s_addr,
				       ntohs(seen.address.in.sin_port));
	return (size_t)sprintf(to, " %08X%08X%08X%08X:%04X", word[0], word[1], word[2], word[3],
			       ntohs(seen.address.in6.sin6_port));
}

static size_t inet_line_begin(struct serve_file *file, size_t row, unsigned state, unsigned unread,
			      char *to)
{
	const struct sock *sock = to_sock(file);
	const struct name none = { .length = 0 };
	bool connected = sock->state == SOCK_CONNECTED || sock->state == SOCK_CONNECTING;
	size_t n = (size_t)sprintf(to, "%*zu:", sock_type(file) == SOCK_STREAM ? 4 : 5, row);

	n += inet_address(file, &sock->name, to + n);
	n += inet_address(file, connected ? &sock->peer_name : &none, to + n);
	return n + (size_t)sprintf(
			   to + n, " %02X %08X:%08X 00:00000000 00000000 %5u %8d %lu 1 %016x",
			   state, 0, unread, file->waits ? 0 : file->uid, 0, table_inode(file), 0);
}

/* As on Linux, the lines of AF_INET are as long as the head. */
static size_t inet_line_end(struct serve_file *file, size_t width, size_t n, char *to)
{
	for (; sock_domain(file) == AF_INET && n < width; n++)
		to[n] = ' ';
	to[n++] = '\n';
	return n;
}

/* The kernel has the bytes, so nothing is said of how many wait. */
static unsigned tcp_state(struct serve_file *file)
{
	struct serve_file *other;

	if (to_sock(file)->state == SOCK_LISTENS)
		return TCP_LISTENS;
	if (to_sock(file)->state == SOCK_CONNECTING)
		return TCP_CONNECTS;
	other = serve_find(file->peer);
	if (other)
		serve_put(other);
	return other ? TCP_CONNECTED : TCP_LEFT;
}

static size_t tcp_line(struct serve_file *file, size_t row, char *to)
{
	unsigned state = tcp_state(file);
	size_t n = inet_line_begin(file, row, state, to_own(file)->nwaiting, to);

	n += (size_t)sprintf(to + n, state == TCP_LISTENS ? " 100 0 0 10 0" : " 20 0 0 10 -1");
	return inet_line_end(file, 149, n, to);
}

static size_t udp_line(struct serve_file *file, size_t row, char *to)
{
	bool connected = to_sock(file)->state == SOCK_CONNECTED;
	size_t n = inet_line_begin(file, row, connected ? TCP_CONNECTED : TCP_CLOSED,
				   (unsigned)packets_unread(file), to);

	n += (size_t)sprintf(to + n, " 0");
	return inet_line_end(file, 127, n, to);
}

/* ---- AF_NETLINK ---- */

static size_t netlink_line(struct serve_file *file, char *to)
{
	const struct sock *sock = to_sock(file);

	return (size_t)sprintf(to, "%016x %-3u %-10u %08x %-8d %-8d %-5d %-8d %-8d %-8lu\n", 0,
			       SERVED_SOCKET_PROTOCOL(file->badge), sock->name.address.nl.nl_pid,
			       sock->netlink.groups[0], 0, 0, 0, 2, 0, table_inode(file));
}

/* ---- tables ---- */

/* Is there a line for the file? As on Linux, none of UDP, UDP-Lite or AF_NETLINK that has no name is there, nor one of TCP that is not connected. */
static bool is_in(struct serve_file *file, unsigned table)
{
	unsigned domain = sock_domain(file), type = sock_type(file);
	const struct sock *sock = to_sock(file);

	switch (table) {
	case SERVED_TABLE_UNIX:
		return domain == AF_UNIX;
	case SERVED_TABLE_TCP:
	case SERVED_TABLE_TCP6:
		return domain == (table == SERVED_TABLE_TCP ? AF_INET : AF_INET6) &&
		       type == SOCK_STREAM && sock->state != SOCK_NEW;
	case SERVED_TABLE_UDP:
	case SERVED_TABLE_UDP6:
		return domain == (table == SERVED_TABLE_UDP ? AF_INET : AF_INET6) &&
		       type == SOCK_DGRAM && !is_udplite(file) && sock->name.length;
	case SERVED_TABLE_UDPLITE:
	case SERVED_TABLE_UDPLITE6:
		return domain == (table == SERVED_TABLE_UDPLITE ? AF_INET : AF_INET6) &&
		       is_udplite(file) && sock->name.length;
	case SERVED_TABLE_NETLINK:
		return domain == AF_NETLINK && sock->name.length;
	default:
		return domain != SERVED_TABLE;
	}
}

static size_t line_of(struct serve_file *file, unsigned table, size_t row, char *to)
{
	switch (table) {
	case SERVED_TABLE_UNIX:
		return unix_line(file, to);
	case SERVED_TABLE_NETLINK:
		return netlink_line(file, to);
	case SERVED_TABLE_TCP:
	case SERVED_TABLE_TCP6:
		return tcp_line(file, row, to);
	default:
		return udp_line(file, row, to);
	}
}

/* What a table begins with, and of those about the interface all of it. */
static const char *const heads[] = {
	[SERVED_TABLE_UNIX] = "Num       RefCount Protocol Flags    Type St Inode Path\n",
	[SERVED_TABLE_TCP] = "  sl  " PAIR STATE SPACES SPACES SPACES SPACES "     \n",
	[SERVED_TABLE_TCP6] = "  sl  " PAIR6 STATE "\n",
	[SERVED_TABLE_UDP] = "   sl  " PAIR STATE COUNTS SPACES "\n",
	[SERVED_TABLE_UDP6] = "  sl  " PAIR6 STATE COUNTS "\n",
	[SERVED_TABLE_UDPLITE] = "   sl  " PAIR STATE COUNTS SPACES "\n",
	[SERVED_TABLE_UDPLITE6] = "  sl  " PAIR6 STATE COUNTS "\n",
	[SERVED_TABLE_NETLINK] = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  "
				 "Locks    Drops    Inode\n",
	[SERVED_TABLE_DEVICES] =
		"Inter-|   Receive                                                |  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed multicast|"
		"bytes    packets errs drop fifo colls carrier compressed\n"
		"    " LO_NAME ":       0       0    0    0    0     0          0         0"
		"        0       0    0    0    0     0       0          0\n",
	[SERVED_TABLE_INET6] = "00000000000000000000000000000001 01 80 10 80       " LO_NAME "\n",
	[SERVED_TABLE_ROUTES6] =
		"00000000000000000000000000000001 80 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000000 00000001 00000000 80200001       " LO_NAME
		"\n",
};

/* How many lines a table has now. */
static unsigned lines_in(unsigned table)
{
	struct serve_file *file;
	unsigned n = 0;

	for (size_t row = 0; (file = serve_next(&row));) {
		n += is_in(file, table);
		serve_put(file);
	}
	return n;
}

static size_t table_head(unsigned table, char *to)
{
	unsigned tcp;

	if (table != SERVED_TABLE_COUNTS)
		return (size_t)sprintf(to, "%s", heads[table]);
	tcp = lines_in(SERVED_TABLE_TCP);
	return (size_t)sprintf(to,
			       "sockets: used %u\nTCP: inuse %u orphan 0 tw 0 alloc %u mem 0\n"
			       "UDP: inuse %u mem 0\nUDPLITE: inuse %u\nRAW: inuse 0\n"
			       "FRAG: inuse 0 memory 0\n",
			       lines_in(SERVED_TABLE_COUNTS), tcp,
			       tcp + lines_in(SERVED_TABLE_TCP6), lines_in(SERVED_TABLE_UDP),
			       lines_in(SERVED_TABLE_UDPLITE));
}

/*
 * Makes the next line. *row is 0 for the head, or else one more than the file from which on to look; it is set to what comes behind
 * that. Returns 0 at the end.
 */
static size_t table_line(unsigned table, size_t *row, char *to)
{
	struct serve_file *file;
	size_t at, n = 0;

	if (*row == 0) {
		*row = 1;
		return table_head(table, to);
	}
	if (table > SERVED_TABLE_NETLINK)
		return 0;
	at = *row - 1;
	while (n == 0 && (file = serve_next(&at))) {
		if (is_in(file, table))
			n = line_of(file, table, at - 1, to);
		serve_put(file);
	}
	*row = at + 1;
	return n;
}

int table_check(const struct serve_file *file)
{
	unsigned table = SERVED_SOCKET_TYPE(file->badge);

	return table >= SERVED_TABLE_UNIX && table <= SERVED_TABLE_COUNTS ? 0 : -EAFNOSUPPORT;
}

/* Where in the text a line begins, and its row, as of table_line(). */
static uint64_t mark_make(uint32_t at, size_t row)
{
	return (uint64_t)row << 32 | at;
}

static uint32_t mark_at(uint64_t mark)
{
	return (uint32_t)mark;
}

/* The last line before that position which is known. */
static uint64_t mark_before(const struct sock *sock, uint32_t position)
{
	if (mark_at(sock->marks[1]) <= position)
		return sock->marks[1];
	return mark_at(sock->marks[0]) <= position ? sock->marks[0] : 0;
}

/* Gives the part of a line that is at or behind `from` and before `until`. Returns how long it is. */
static size_t give_part(struct serve_request *request, const char *line, uint32_t at, size_t n,
			uint32_t from, uint32_t until)
{
	size_t first = from > at ? from - at : 0;
	size_t last = until - at < n ? until - at : n;

	return first < last ? serve_give(request, line + first, last - first) : 0;
}

/* Gives whole lines, if there is room for one. */
int table_receive(struct serve_file *file, struct serve_request *request)
{
	uint32_t from = (uint32_t)request->argument, room = (uint32_t)(request->argument >> 32);
	uint32_t until = from + room < from ? UINT32_MAX : from + room, at;
	const struct served_address nowhere = { .length = 0 };
	unsigned table = SERVED_SOCKET_TYPE(file->badge);
	struct sock *sock = to_sock(file);
	uint64_t mark = mark_before(sock, from);
	char line[LINE_MOST];
	size_t row, n, done = 0;

	request->quiet = true;
	if (serve_give(request, &nowhere, sizeof(nowhere)) != sizeof(nowhere))
		return -EIO;
	sock->marks[0] = mark;
	at = mark_at(mark);
	row = (size_t)(mark >> 32);
	while (at < until && (n = table_line(table, &row, line)) != 0 &&
	       (done == 0 || at + n <= until)) {
		done += give_part(request, line, at, n, from, until);
		at += (uint32_t)n;
		if (at <= until)
			mark = mark_make(at, row);
	}
	sock->marks[1] = mark;
	return (int)done;
}
