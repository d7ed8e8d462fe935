/* SPDX-License-Identifier: MIT */
/* Who listens, who connects, who waits to be accepted. */
#include "sockets/sockd.h"

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>

#define WAITING_MOST 4096 /* as net.core.somaxconn */

void waiting_add(struct serve_file *listener, struct serve_file *file, bool first)
{
	struct sock_own *own = to_own(listener);

	to_own(file)->next_waiting = first ? own->first : NULL;
	if (first || !own->first)
		own->first = file;
	else
		to_own(own->last)->next_waiting = file;
	if (!first || !own->last)
		own->last = file;
	own->nwaiting++;
	file->waits = true;
}

void waiting_remove(struct serve_file *listener, struct serve_file *file)
{
	struct sock_own *own = to_own(listener);
	struct serve_file **link = &own->first, *before = NULL;

	while (*link && *link != file) {
		before = *link;
		link = &to_own(before)->next_waiting;
	}
	if (!*link)
		return;
	*link = to_own(file)->next_waiting;
	if (own->last == file)
		own->last = before;
	own->nwaiting--;
	file->waits = false;
}

void blocked_add(struct serve_file *at, struct serve_file *file)
{
	if (to_own(file)->blocked_at == at)
		return;
	if (to_own(file)->blocked_at)
		blocked_remove(file);
	to_own(file)->blocked_at = at;
	to_own(file)->next_blocked = to_own(at)->blocked;
	to_own(at)->blocked = file;
}

void blocked_remove(struct serve_file *file)
{
	struct serve_file **link = &to_own(to_own(file)->blocked_at)->blocked;

	while (*link != file)
		link = &to_own(*link)->next_blocked;
	*link = to_own(file)->next_blocked;
	to_own(file)->blocked_at = NULL;
}

/* The first comes first. Those that find no room again are in a new list. */
void blocked_wake(struct serve_file *at)
{
	struct serve_file *file = to_own(at)->blocked, *first = NULL, *next;

	to_own(at)->blocked = NULL;
	for (; file; file = next) {
		next = to_own(file)->next_blocked;
		to_own(file)->blocked_at = NULL;
		to_own(file)->next_blocked = first;
		first = file;
	}
	for (; first; first = next) {
		next = to_own(first)->next_blocked;
		serve_changed(first);
	}
}

int sock_listen(struct serve_file *file, struct serve_request *request)
{
	struct sock *sock = to_sock(file);
	uint32_t most = (uint32_t)request->argument;
	struct served_address from;
	struct ucred who;
	int err = who_read(request, &from, &who);

	if (err)
		return err;
	if (sock_type(file) == SOCK_DGRAM)
		return -EOPNOTSUPP;
	if (sock->state == SOCK_CONNECTED || sock->state == SOCK_CONNECTING || sock->goes_on ||
	    (is_unix(file) && !sock->name.length))
		return -EINVAL;
	if (!sock->name.length)
		err = name_choose(file, NULL, request->number);
	else if (!is_unix(file) && sock->state == SOCK_NEW &&
		 !inet_is_free(file, &sock->name, file->uid))
		err = -EADDRINUSE; /* with SO_REUSEADDR another one has it, and listens */
	if (err)
		return err;
	sock->who = sock->peer = who; /* as on Linux, SO_PEERCRED of it is its own */
	groups_read(request, from.ngroups, &sock->who_in);
	groups_copy(&sock->peer_in, &sock->who_in);
	sock->waiting_most = most < WAITING_MOST ? most : WAITING_MOST;
	sock->state = SOCK_LISTENS;
	blocked_wake(file);
	return 0;
}

static bool listens(struct serve_file *file)
{
	return to_sock(file)->state == SOCK_LISTENS && !(to_sock(file)->shut & 1);
}

/* Of several with SO_REUSEPORT, the one at which the fewest wait. */
static struct serve_file *inet_listener(const struct name *name)
{
	struct serve_file *other, *best = NULL;
	unsigned most = 0;

	for (other = name_next(name, NULL); other; other = name_next(name, other)) {
		unsigned how = !is_unix(other) && sock_type(other) == SOCK_STREAM && listens(other)
				       ? inet_suits(other, &to_sock(other)->name, name)
				       : 0;

		if (how > most ||
		    (how && how == most && to_own(other)->nwaiting < to_own(best)->nwaiting)) {
			most = how;
			best = other;
		}
	}
	return best;
}

static int find_listener(struct serve_file *file, const struct name *name,
			 struct serve_file **listener_ret)
{
	struct serve_file *listener = is_unix(file) ? name_find(file, name, NULL)
						    : inet_listener(name);

	if (!listener)
		return -ECONNREFUSED;
	if (sock_type(listener) != sock_type(file))
		return -EPROTOTYPE;
	if (!listens(listener))
		return -ECONNREFUSED;
	*listener_ret = listener;
	return 0;
}

/* Both sides of a connection to `name` learn of each other. */
static void sides_learn(struct serve_file *file, struct serve_file *listener,
			struct serve_file *made, const struct name *name, const struct ucred *who)
{
	struct sock *sock = to_sock(file), *other = to_sock(made);

	if (is_unix(file)) {
		other->name = to_sock(listener)->name;
		other->peer_name = sock->name;
		sock->peer_name = other->name;
	} else {
		inet_as_seen(sock_domain(made), name, &other->name);
		inet_as_seen(sock_domain(made), &sock->name, &other->peer_name);
		sock->peer_name = *name;
	}
	other->name.bound_by = 0;
	other->peer = *who;
	options_inherit(made, to_sock(listener));
	if (sock_type(file) != SOCK_STREAM) {
		sock->to = made->cookie;
		other->to = file->cookie;
	}
	groups_copy(&other->peer_in, &sock->who_in);
	other->state = SOCK_CONNECTED;
	sock->peer = to_sock(listener)->who;
	groups_copy(&sock->peer_in, &to_sock(listener)->who_in);
}

/* If the file has a peer already, the last server has got so far. */
static int connect_to(struct serve_file *file, struct serve_file *listener,
		      struct serve_file **made_ret)
{
	int err;

	*made_ret = serve_find(file->peer);
	if (file->peer)
		return 0;
	if (to_own(listener)->nwaiting > to_sock(listener)->waiting_most) {
		blocked_add(listener, file);
		return -EAGAIN;
	}
	err = serve_connect(file, listener,
			    sock_type(file) != SOCK_STREAM ? SERVE_APART
			    : is_unix(file)		   ? SERVE_JOIN
							   : SERVE_JOIN_HALF_OPEN,
			    made_ret);
	if (err == 0)
		waiting_add(listener, *made_ret, false);
	return err;
}

/* The address that is connected to: all of this machine's is the loopback's. Gives the socket one of its own. */
static int connect_inet(struct serve_file *file, struct name *name, uint32_t by)
{
	struct sock *sock = to_sock(file);
	int err = inet_may_reach(name);
	struct name source;

	if (err)
		return err;
	inet_reach(name, &sock->name);
	inet_source(name, &source);
	if (!sock->name.length)
		return name_choose(file, &source, by);
	inet_loopback(&sock->name, name);
	return 0;
}

static void connection_made(struct serve_file *file, struct serve_file *listener,
			    struct serve_file *made, const struct name *name,
			    const struct ucred *who)
{
	if (made) {
		sides_learn(file, listener, made, name, who);
		if (option_resets(made))
			serve_changed(made);
		serve_put(made);
	}
	to_sock(file)->state =
		SOCK_CONNECTED; /* last: what is not so far is done once more by the next server */
	serve_changed(listener);
}

/* Makes the connection that waits for room, if there is some now. Returns -EAGAIN if not, or 0, or why there is none. */
static int connect_go_on(struct serve_file *file)
{
	struct serve_file *listener, *made;
	struct sock *sock = to_sock(file);
	int err = find_listener(file, &sock->peer_name, &listener);

	if (err == 0)
		err = connect_to(file, listener, &made);
	if (err == 0)
		connection_made(file, listener, made, &sock->peer_name, &sock->who);
	else if (err != -EAGAIN)
		sock->state = SOCK_NEW;
	return err;
}

void connect_end(struct serve_file *file)
{
	struct sock *sock = to_sock(file);

	if (to_own(file)->blocked_at)
		blocked_remove(file);
	sock->error = ECONNRESET;
	sock->state = SOCK_NEW;
	sock->goes_on = false;
}

/*
 * What there is to say if a call of connect() of TCP has gone before; 1: nothing. As on Linux, the call after one that has not waited
 * says how that has ended.
 */
static int connect_again(struct serve_file *file, const struct serve_request *request)
{
	struct sock *sock = to_sock(file);
	bool refused = sock->error != 0;

	if (sock->connected_by == request->number && (sock->state != SOCK_NEW || sock->goes_on))
		return sock->goes_on || sock->state == SOCK_CONNECTING ? -EINPROGRESS : 0;
	if (sock->state == SOCK_CONNECTING)
		return -EALREADY;
	if (!sock->goes_on || request->shut & SERVED_SHUT_OUT)
		return sock->state == SOCK_NEW ? 1 : -EISCONN;
	sock->goes_on = false;
	sock->error = 0;
	if (sock->state == SOCK_CONNECTED)
		return 0;
	return refused ? -ECONNREFUSED : -ECONNABORTED;
}

/* As on Linux, a connection that the caller does not wait for is not made yet when this returns, nor refused. */
static int tcp_connect(struct serve_file *file, struct serve_request *request, struct name *name,
		       const struct ucred *who)
{
	struct sock *sock = to_sock(file);
	int err = connect_again(file, request);

	if (err != 1)
		return err;
	err = connect_inet(file, name, request->number);
	if (err)
		return err;
	sock->peer_name = *name;
	sock->who = *who;
	sock->error = 0;
	sock->goes_on = request->argument != 0; /* it does not wait */
	sock->connected_by = request->number;
	sock->state = SOCK_CONNECTING;
	err = connect_go_on(file);
	sock->goes_on |= err == -EAGAIN;
	if (!sock->goes_on)
		return err;
	sock->error = err == -EAGAIN ? 0 : -err;
	serve_changed(file);
	return -EINPROGRESS;
}

static int unix_connect(struct serve_file *file, struct serve_request *request,
			const struct name *name, const struct ucred *who)
{
	struct sock *sock = to_sock(file);
	struct serve_file *listener, *made;
	int err;

	if (sock->state == SOCK_CONNECTED && sock->connected_by == request->number)
		return 0;
	if (name->length == PATH_AT)
		return -EINVAL;
	err = name_if_signed(file, request->number);
	if (err == 0)
		err = find_listener(file, name, &listener);
	if (err == 0 && sock->state != SOCK_NEW)
		err = sock->state == SOCK_CONNECTED ? -EISCONN : -EINVAL;
	if (err == 0)
		err = connect_to(file, listener, &made);
	if (err)
		return err;
	sock->connected_by = request->number;
	connection_made(file, listener, made, name, who);
	return 0;
}

int sock_connect(struct serve_file *file, struct serve_request *request)
{
	struct served_address from;
	struct name name;
	struct ucred who;
	int err;

	if (sock_type(file) == SOCK_DGRAM)
		return packet_connect(file, request);
	err = who_read(request, &from, &who);
	if (err == 0)
		err = name_from(file, &from, &name);
	if (err)
		return err;
	if (to_sock(file)->state == SOCK_NEW && (from.ngroups | to_sock(file)->who_in.n))
		groups_read(request, from.ngroups, &to_sock(file)->who_in);
	return is_unix(file) ? unix_connect(file, request, &name, &who)
			     : tcp_connect(file, request, &name, &who);
}

int sock_accept(struct serve_file *file, struct serve_request *request)
{
	struct serve_file *first = to_own(file)->first;

	if (sock_type(file) == SOCK_DGRAM)
		return -EOPNOTSUPP;
	if (to_sock(file)->state != SOCK_LISTENS)
		return -EINVAL;
	if (!first)
		return to_sock(file)->shut & 1 ? -EINVAL : -EAGAIN;
	waiting_remove(file, first);
	blocked_wake(file);
	if (is_unix(first))
		options_inherit(first, to_sock(file)); /* as they are now */
	request->file = first->cookie;
	if (request->argument)
		name_give(first, request, &to_sock(first)->peer_name);
	return 0;
}

/* Whoever was to receive a message, or to accept a connection, is gone. */
void sock_unheard(struct serve_file *file, const struct serve_request *request)
{
	bool accepts = request->command == SERVED_SOCKET_CALL(SYS_accept);
	struct serve_file *first = accepts ? serve_find(request->file) : NULL;

	if (request->command == SERVED_SOCKET_CALL(SYS_recvmsg) && to_own(file)->taken_files &&
	    to_sock(file)->taken_by == request->number)
		serve_files_close(to_own(file)->taken_files);
	if (!first)
		return;
	waiting_add(file, first, true);
	serve_put(first);
}

void listen_end(struct serve_file *file)
{
	struct serve_file *waiting;

	blocked_wake(file);
	while ((waiting = to_own(file)->first)) {
		waiting_remove(file, waiting);
		packets_reset(waiting);
		serve_drop(waiting);
	}
}

/*
 * What can be done with one that is not connected: of the others the kernel knows, but for SERVED_RESETS. As on Linux, a stream that was never connected has
 * hung up. One that waits for room is in no list if that has come, or if the server has just begun.
 */
unsigned stream_events(struct serve_file *file)
{
	struct sock *sock = to_sock(file);
	unsigned can;
	int err = 0;

	if (sock->state == SOCK_CONNECTING && !to_own(file)->blocked_at)
		err = connect_go_on(file);
	if (sock->state == SOCK_CONNECTING)
		return 0;
	if (err)
		sock->error = -err;
	can = sock->error ? POLLERR : 0;
	if ((sock->shut & 1) || (sock->state == SOCK_NEW && sock->goes_on))
		can |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (sock->state != SOCK_LISTENS)
		return can | POLLOUT | POLLWRNORM | POLLWRBAND | POLLHUP |
		       (option_resets(file) ? SERVED_RESETS : 0);
	return can | (sock->shut == 3 ? POLLHUP : 0u) |
	       (to_own(file)->nwaiting ? POLLIN | POLLRDNORM : 0u);
}
