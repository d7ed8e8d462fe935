/* SPDX-License-Identifier: MIT */
/* Datagrams, and packets of SOCK_SEQPACKET: they wait here. */
#include "sockets/sockd.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* A datagram or packet that waits at the socket that receives it. */
struct packet {
	struct packet *next;
	uint64_t sender; /* the cookie of the socket */
	uint64_t files;	 /* that came with it; 0: none */
	bool is_signed;	 /* who receives it may know who has sent it */
	bool is_peeked;	 /* somebody has looked at it */
	struct name from;
	struct ip_head head; /* of the internet only */
	struct ucred who;
	uid_t owner; /* of the socket that has sent it: in whose limit it counts */
	size_t size;
	char bytes[];
};

#define DATAGRAM_MOST 65507 /* of UDP */
#define PACKETS_MOST  11    /* net.unix.max_dgram_qlen, and one more */

/*
 * As on Linux, a socket that may get messages from many takes a few. One that is connected with their sender takes what is within the
 * sender's own limit.
 */
static bool has_room(struct serve_file *target, struct serve_file *file)
{
	if (is_unix(file) && to_sock(target)->to == file->cookie)
		return to_own(file)->in_flight < (size_t)to_sock(file)->sndbuf;
	return to_sock(target)->npackets < PACKETS_MOST;
}

/* What a message counts in its sender's limit, about as on Linux. */
static size_t packet_cost(size_t size)
{
	return size <= 192 ? 768 : 576 + size;
}

/* It was received, or is lost. */
static void packet_gone(const struct packet *packet)
{
	struct serve_file *sender = serve_find(packet->sender);

	if (!sender)
		return;
	to_own(sender)->in_flight -= packet_cost(packet->size);
	serve_put(sender);
}

static struct packet *packet_create(size_t size, const struct ucred *who, uid_t owner)
{
	size_t n = sizeof(struct packet) + size;
	struct packet *packet;

	if (user_add_bytes(owner, n) != 0)
		return NULL;
	packet = malloc(n);
	if (!packet) {
		user_remove_bytes(owner, n);
		return NULL;
	}
	packet->next = NULL;
	packet->files = 0;
	packet->is_peeked = false;
	packet->who = *who;
	packet->owner = owner;
	packet->size = size;
	return packet;
}

static void packet_free(struct packet *packet)
{
	packet_gone(packet);
	if (packet->files)
		serve_files_close(packet->files);
	user_remove_bytes(packet->owner, sizeof(*packet) + packet->size);
	free(packet);
}

void packets_free(struct serve_file *file)
{
	struct packet *packet;

	while ((packet = to_own(file)->packets)) {
		to_own(file)->packets = packet->next;
		packet_free(packet);
	}
}

void packets_reset(struct serve_file *file)
{
	struct serve_file *other = packets_peer(file);

	if (!other)
		return;
	to_sock(other)->lost = true;
	serve_changed(other);
	serve_put(other);
}

int packets_unread(struct serve_file *file)
{
	int n = 0;

	if (to_sock(file)->state == SOCK_LISTENS)
		return -EINVAL;
	for (struct packet *packet = to_own(file)->packets; packet; packet = packet->next) {
		n += (int)packet->size;
		if (sock_type(file) == SOCK_DGRAM)
			break;
	}
	return n;
}

/* The socket that it is connected with, for serve_put(), or NULL. */
struct serve_file *packets_peer(struct serve_file *file)
{
	return to_sock(file)->to ? serve_find(to_sock(file)->to) : NULL;
}

/* The other side of packets has ended. */
static bool is_left(struct serve_file *file)
{
	struct serve_file *other;

	if (sock_type(file) != SOCK_SEQPACKET || to_sock(file)->state != SOCK_CONNECTED)
		return false;
	other = packets_peer(file);
	if (other)
		serve_put(other);
	return !other;
}

/* The error that nobody has been told; 0: there is none. */
static int take_error(struct serve_file *file)
{
	int error = to_sock(file)->error;

	if (!error)
		return 0;
	to_sock(file)->error = 0;
	serve_changed(file);
	return -error;
}

/* Finds where a message goes, for serve_put(). */
static int packet_target(struct serve_file *file, const struct name *name, const struct name *own,
			 struct serve_file **target_ret)
{
	struct sock *sock = to_sock(file);
	struct serve_file *target;

	if (sock_type(file) == SOCK_DGRAM && name->length) {
		target = name_find(file, name, own);
		if (!target)
			return -ECONNREFUSED;
		if (sock_type(target) != SOCK_DGRAM)
			return -EPROTOTYPE;
		*target_ret = serve_find(target->cookie);
		return *target_ret ? 0 : -ECONNREFUSED;
	}
	if (sock->state != SOCK_CONNECTED)
		return -ENOTCONN;
	*target_ret = packets_peer(file);
	if (*target_ret)
		return 0;
	if (sock_type(file) == SOCK_SEQPACKET)
		return -EPIPE;
	sock->to = 0; /* as on Linux, it is not connected any more, and what waits is lost */
	packets_free(file);
	sock->npackets = 0;
	sock->state = SOCK_NEW;
	return -ECONNREFUSED;
}

static int packet_may_go(struct serve_file *file, struct serve_file *target, size_t size)
{
	const struct sock *sock = to_sock(file), *other = to_sock(target);

	if (other->shut & 1)
		return -EPIPE;
	if (other->to && other->to != file->cookie)
		return -EPERM;
	if ((int64_t)size > sock->sndbuf - 32)
		return -EMSGSIZE;
	if (!has_room(target, file)) {
		blocked_add(target, file);
		return -EAGAIN;
	}
	return 0;
}

/*
 * Of two servers, only one may say that the files are there: so the message counts as sent before that. Of AF_UNIX, there is
 * no `way`.
 */
static int packet_add(struct serve_file *file, struct serve_file *target,
		      struct serve_request *request, size_t size, const struct ucred *who,
		      const struct served_address *with, const struct ip_way *way)
{
	struct packet *packet = packet_create(size, who, file->uid);
	struct sock_own *own = to_own(target);

	if (!packet)
		return -ENOBUFS;
	packet->is_signed = with->says_who ||
			    (to_sock(file)->flags | to_sock(target)->flags) & 1u << SO_PASSCRED ||
			    target->waits;
	packet->sender = file->cookie;
	if (way) {
		inet_as_seen(sock_domain(target), &way->from, &packet->from);
		packet->head = way->at;
		packet->head.is_told = to_sock(target)->switched && control_is_asked(target);
	} else {
		packet->from = to_sock(file)->name;
	}
	to_own(file)->in_flight += packet_cost(size);
	if (serve_take(request, packet->bytes, size) != size) {
		packet_free(packet);
		return -EIO;
	}
	to_sock(file)->sent_by = request->number;
	if (with->files && serve_files_wait(with->files, target) != 0) {
		packet_free(packet);
		return -ENOBUFS;
	}
	packet->files = with->files;
	if (own->packets)
		own->last_packet->next = packet;
	else
		own->packets = packet;
	own->last_packet = packet;
	to_sock(target)->npackets++;
	serve_changed(target);
	return (int)size;
}

/* How a datagram to `name` goes from here, as it comes with control messages or without. */
static int find_way(struct serve_file *file, struct serve_request *request, struct name *name,
		    struct ip_way *way)
{
	struct sock *sock = to_sock(file);
	bool mapped;
	int done;

	way->at.to = inet_address_of(name);
	way->has_source = false;
	mapped = IN6_IS_ADDR_V4MAPPED(&way->at.to);
	option_way(file, mapped, way);
	if (request->control) {
		done = control_read(file, request, mapped, way);
		if (done == 0)
			done = control_check(way);
		if (done)
			return done;
	}
	done = sock->error;
	sock->error = 0;
	return done ? -done : inet_may_reach(name);
}

/* By the internet: what there is no room for, or nobody to get it, is lost. Who is connected learns of that by the next call. */
static int inet_send(struct serve_file *file, struct serve_request *request, size_t size,
		     struct name *name, const struct ucred *who, const struct served_address *with)
{
	struct sock *sock = to_sock(file);
	bool connected = sock->state == SOCK_CONNECTED;
	struct serve_file *target;
	struct ip_way way;
	int done;

	if (!name->length && !connected)
		return -EDESTADDRREQ;
	if (!name->length)
		*name = sock->peer_name;
	done = find_way(file, request, name, &way);
	if (done)
		return done;
	if (size > DATAGRAM_MOST)
		return -EMSGSIZE;
	if (!sock->name.length) {
		done = name_choose(file, NULL, request->number);
		if (done)
			return done;
	}
	way.from = sock->name;
	if (way.has_source)
		inet_set_address(&way.from, &way.source);
	if (inet_reach(name, &way.from))
		way.at.to = inet_address_of(name);
	inet_loopback(&way.from, name);
	if (packet_target(file, name, &way.from, &target) != 0) {
		sock->error = connected ? ECONNREFUSED : 0;
		return (int)size;
	}
	done = !has_room(target, file) || (to_sock(target)->shut & 1) ||
			       (is_udplite(file) && !option_covers(file, target, size))
		       ? (int)size
		       : packet_add(file, target, request, size, who, with, &way);
	serve_put(target);
	return done;
}

/* Have packets been lost, of which nobody has been told? */
static bool take_lost(struct serve_file *file)
{
	struct sock *sock = to_sock(file);
	bool lost = sock_type(file) == SOCK_SEQPACKET && sock->lost;

	sock->lost &= !lost;
	return lost;
}

/* A stream gets here that is not connected. */
static int stream_send(struct serve_file *file, bool addressed)
{
	struct sock *sock = to_sock(file);
	int error = sock->error;

	if (!is_unix(file)) {
		sock->error = 0;
		if (sock->state == SOCK_CONNECTING || sock->state == SOCK_CONNECTED)
			return -EAGAIN; /* as soon as it is, that is the kernel's */
		return error ? -error : -EPIPE;
	}
	return addressed ? -EOPNOTSUPP : -ENOTCONN;
}

int packet_send(struct serve_file *file, struct serve_request *request)
{
	size_t size = (size_t)(request->argument >> 32);
	struct serve_file *target;
	struct served_address from;
	struct name name = { .length = 0 };
	struct ucred who;
	int done = who_read(request, &from, &who);

	if (done)
		return done;
	if (sock_type(file) == SOCK_STREAM)
		return stream_send(file, from.length != 0);
	if (to_sock(file)->sent_by == request->number)
		return (int)size; /* the last server has done it */
	if (take_lost(file) || (is_unix(file) && take_error(file)))
		return -ECONNRESET;
	if (to_sock(file)->shut & 2)
		return -EPIPE;
	done = from.length ? name_from(file, &from, &name) : 0;
	if (done == 0 && !is_unix(file))
		return inet_send(file, request, size, &name, &who, &from);
	if (done == 0)
		done = packet_target(file, &name, &to_sock(file)->name, &target);
	if (done)
		return done;
	done = name_if_signed(file, request->number);
	if (done == 0)
		done = packet_may_go(file, target, size);
	if (done == 0)
		done = packet_add(file, target, request, size, &who, &from, NULL);
	serve_put(target);
	return done;
}

/* What there is to say if no packet waits. */
static int no_packet(struct serve_file *file)
{
	struct sock *sock = to_sock(file);

	if (sock->error)
		return take_error(file);
	if (sock_type(file) == SOCK_STREAM && is_unix(file))
		return -EINVAL;
	if (sock_type(file) == SOCK_STREAM) {
		if (sock->state == SOCK_CONNECTING || sock->state == SOCK_CONNECTED)
			return -EAGAIN;
		return sock->goes_on ? 0 : -ENOTCONN;
	}
	if (sock_type(file) == SOCK_SEQPACKET && sock->state != SOCK_CONNECTED)
		return -ENOTCONN;
	if (sock->lost) {
		sock->lost = false;
		return -ECONNRESET;
	}
	return (sock->shut & 1) || is_left(file) ? 0 : -EAGAIN;
}

/* As on Linux, the sender's name counts that it has now. */
static void packet_name(struct serve_file *file, const struct packet *packet,
			struct served_address *from)
{
	struct serve_file *sender = is_unix(file) ? serve_find(packet->sender) : NULL;
	const struct name *name = sender ? &to_sock(sender)->name : &packet->from;

	from->length = name->length;
	memcpy(from->address, &name->address, sizeof(name->address));
	if (sender)
		serve_put(sender);
}

/* Finds where a peek begins, behind what others have looked at: an empty packet counts once. Returns NULL if there is nothing there. */
static struct packet *packet_at(struct serve_file *file, size_t *skip)
{
	struct packet *packet = to_own(file)->packets;

	for (; packet && *skip >= packet->size && (*skip || packet->is_peeked);
	     packet = packet->next)
		*skip -= packet->size;
	return packet;
}

/* What of a packet was seen or taken moves where the next peek begins. */
static void packet_move_peek(struct serve_file *file, bool peeks, size_t seen)
{
	int32_t *at = &to_sock(file)->peek_at;
	int64_t to = peeks ? *at + (int64_t)seen : *at - (int64_t)seen;

	if (*at >= 0)
		*at = (int32_t)(to < 0 ? 0 : to > INT32_MAX ? INT32_MAX : to);
}

int packet_receive(struct serve_file *file, struct serve_request *request)
{
	uint32_t flags = (uint32_t)request->argument;
	size_t room = (size_t)(request->argument >> 32), n, left, seen, skip = 0;
	struct sock *sock = to_sock(file);
	struct packet *packet = to_own(file)->packets;
	char control[CONTROL_MADE_MOST];
	struct served_address from = { 0 };
	bool peeks = flags & MSG_PEEK, cut = false;

	if (peeks && sock->peek_at >= 0) {
		skip = (size_t)sock->peek_at;
		packet = packet_at(file, &skip);
	}

	if (sock->taken_by == request->number)
		sock->lost = true; /* the last server had it, and has not answered */
	if (!packet || sock->lost) {
		int done = no_packet(file);

		if (done == 0)
			serve_give(request, &from, sizeof(from));
		return done;
	}
	left = packet->size - skip;
	n = left < room ? left : room;
	if (packet->is_signed) {
		from.pid = (uint32_t)packet->who.pid;
		from.uid = packet->who.uid;
		from.gid = packet->who.gid;
	}
	from.files = packet->files;
	packet_name(file, packet, &from);
	if (sock->switched && !is_unix(file))
		request->length =
			control_make(file, &packet->head, request->control, control, &cut);
	if (serve_give(request, &from, sizeof(from)) != sizeof(from) ||
	    (request->length && serve_give(request, control, request->length) != request->length) ||
	    serve_give(request, packet->bytes + skip, n) != n)
		return -EIO;
	request->file = (left > room ? MSG_TRUNC : 0) | (cut ? MSG_CTRUNC : 0);
	seen = peeks ? n : packet->size;
	if (flags & MSG_TRUNC)
		n = is_unix(file) ? left : packet->size;
	packet_move_peek(file, peeks,
			 is_unix(file) ? seen : n); /* as on Linux, of UDP by what is returned */
	packet->is_peeked |= peeks;
	if (peeks)
		return (int)n;
	sock->taken_by = request->number;
	to_own(file)->packets = packet->next;
	sock->npackets--;
	to_own(file)->taken_files = packet->files;
	packet->files = 0; /* the kernel gives them to who receives */
	packet_free(packet);
	blocked_wake(file);
	return (int)n;
}

/* Who finds that there is no room for packets learns when there is. */
unsigned packet_events(struct serve_file *file)
{
	struct sock *sock = to_sock(file);
	struct serve_file *target = packets_peer(file);
	bool left = is_left(file);
	unsigned can = 0;

	if (to_own(file)->packets || (sock->shut & 1) || left || sock->lost)
		can |= POLLIN | POLLRDNORM;
	if ((sock->shut & 1) || left)
		can |= POLLRDHUP;
	if (sock->shut == 3 || left ||
	    (sock_type(file) == SOCK_SEQPACKET && sock->state == SOCK_NEW))
		can |= POLLHUP;
	if (sock->lost || sock->error)
		can |= POLLERR;
	if (target && !has_room(target, file) && target != file && !(to_sock(target)->shut & 1))
		blocked_add(target, file);
	else
		can |= POLLOUT | POLLWRNORM | POLLWRBAND;
	if (target)
		serve_put(target);
	return can;
}

/* Datagrams go to that address from now on. */
static int connect_inet_datagrams(struct serve_file *file, struct name *name, uint32_t by)
{
	struct sock *sock = to_sock(file);
	int err = inet_may_reach(name);
	struct name source;

	if (err)
		return err;
	inet_reach(name, &sock->name);
	inet_source(name, &source);
	if (!sock->name.length)
		err = name_choose(file, &source, by);
	else
		sock->any |= inet_loopback(&sock->name, name);
	if (err)
		return err;
	sock->peer_name = *name;
	sock->state = SOCK_CONNECTED;
	return 0;
}

/* As on Linux, what waits at it is lost then, of which who was connected with it learns. */
static void leave_peer(struct serve_file *file, uint64_t to)
{
	struct serve_file *other = to_sock(file)->to != to ? packets_peer(file) : NULL;

	if (!other)
		return;
	if (to_own(file)->packets && to_sock(other)->to == file->cookie) {
		to_sock(other)->error = ECONNRESET;
		serve_changed(other);
	}
	packets_free(file);
	to_sock(file)->npackets = 0;
	blocked_wake(file);
	serve_put(other);
}

static int connect_unix_datagrams(struct serve_file *file, const struct name *name)
{
	struct sock *sock = to_sock(file);
	struct serve_file *target = name_find(file, name, NULL);

	if (!target)
		return -ECONNREFUSED;
	if (sock_type(target) != SOCK_DGRAM)
		return -EPROTOTYPE;
	if (to_sock(target)->to && to_sock(target)->to != file->cookie)
		return -EPERM;
	leave_peer(file, target->cookie);
	sock->to = target->cookie;
	sock->peer_name = to_sock(target)->name;
	sock->state = SOCK_CONNECTED;
	return 0;
}

/* With AF_UNSPEC it is connected no more. */
int packet_connect(struct serve_file *file, struct serve_request *request)
{
	struct sock *sock = to_sock(file);
	struct served_address from;
	struct name name;
	struct ucred who;
	sa_family_t family;
	int err = who_read(request, &from, &who);

	if (err)
		return err;
	memcpy(&family, from.address, sizeof(family));
	if (from.length >= sizeof(family) && family == AF_UNSPEC) {
		leave_peer(file, 0);
		sock->to = 0;
		sock->state = SOCK_NEW;
		if (sock->any)
			inet_make_any(&sock->name);
		sock->any = false;
		return 0;
	}
	err = name_from(file, &from, &name);
	if (err)
		return err;
	err = name_if_signed(file, request->number);
	if (err)
		return err;
	return is_unix(file) ? connect_unix_datagrams(file, &name)
			     : connect_inet_datagrams(file, &name, request->number);
}
