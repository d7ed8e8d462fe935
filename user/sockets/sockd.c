/* SPDX-License-Identifier: MIT */
/* What the library calls: the beginnings and ends of sockets, and their calls. */
#include "sockets/sockd.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

static int inet_check(struct serve_file *file, unsigned protocol)
{
	if ((sock_type(file) != SOCK_STREAM && sock_type(file) != SOCK_DGRAM) ||
	    SERVED_SOCKET_TYPE(file->badge) == SOCK_RAW)
		return -ESOCKTNOSUPPORT;
	if (protocol > 255)
		return -EINVAL;
	if (sock_type(file) == SOCK_STREAM)
		return protocol == 0 || protocol == IPPROTO_TCP ? 0 : -EPROTONOSUPPORT;
	return protocol == 0 || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE
		       ? 0
		       : -EPROTONOSUPPORT;
}

static int unix_check(struct serve_file *file, unsigned protocol)
{
	if (protocol != 0 && protocol != PF_UNIX)
		return -EPROTONOSUPPORT;
	return sock_type(file) == SOCK_STREAM || sock_type(file) == SOCK_DGRAM ||
			       sock_type(file) == SOCK_SEQPACKET
		       ? 0
		       : -ESOCKTNOSUPPORT;
}

/* Is there such a socket? */
static int sock_check(struct serve_file *file)
{
	unsigned protocol = SERVED_SOCKET_PROTOCOL(file->badge);

	if (!SERVED_IS_SOCKET(file->badge))
		return -EAFNOSUPPORT;
	if (is_unix(file))
		return unix_check(file, protocol);
	if (is_netlink(file))
		return netlink_check(file, protocol);
	if (is_table(file))
		return table_check(file);
	return is_inet(file) ? inet_check(file, protocol) : -EAFNOSUPPORT;
}

static int sock_open(struct serve_file *file)
{
	struct sock *sock = to_sock(file);
	int err = sock_check(file);

	options_init(sock);
	sock->peer = (struct ucred){ 0, (uid_t)-1, (gid_t)-1 };
	return err ? err : user_add_socket(file);
}

static int sock_pair(struct serve_file *file, struct serve_file *other,
		     struct serve_request *request)
{
	struct ucred maker = { file->pid, file->uid, file->gid };

	if (!is_unix(file))
		return -EOPNOTSUPP;
	to_sock(file)->peer = to_sock(other)->peer = maker;
	if (SERVED_SOCKET_NGROUPS(file->badge)) {
		groups_read(request, SERVED_SOCKET_NGROUPS(file->badge), &to_sock(file)->peer_in);
		groups_copy(&to_sock(other)->peer_in, &to_sock(file)->peer_in);
	}
	to_sock(file)->state = to_sock(other)->state = SOCK_CONNECTED;
	if (sock_type(file) == SOCK_STREAM)
		return serve_join(file, other);
	to_sock(file)->to = other->cookie;
	to_sock(other)->to = file->cookie;
	serve_changed(other);
	return 0;
}

static void sock_close(struct serve_file *file)
{
	struct serve_file *listener = serve_find(file->from), *other;

	if (to_sock(file)->name.bound_by)
		name_unlink(file);
	if (to_own(file)->blocked_at)
		blocked_remove(file);
	listen_end(file);
	if (listener && file->waits)
		waiting_remove(listener, file);
	packets_free(file);
	user_remove_socket(file);
	other = packets_peer(file);
	if (other && sock_type(other) == SOCK_SEQPACKET) {
		to_sock(other)->lost |= to_sock(file)->npackets != 0 && !file->lost;
		serve_changed(other);
	}
	if (listener)
		serve_put(listener);
	if (other)
		serve_put(other);
}

/*
 * The last server has made it for a socket that connects, and has got no further: that will be asked for once more. Of a stream, the
 * socket has it as its peer by then.
 */
static bool is_half_made(struct serve_file *file)
{
	struct serve_file *client;
	bool half;

	if (sock_type(file) == SOCK_STREAM)
		return false;
	client = packets_peer(file);
	half = !client || to_sock(client)->to != file->cookie ||
	       to_sock(client)->state != SOCK_CONNECTED;
	if (client)
		serve_put(client);
	return half;
}

/* The last server had it open. */
static void sock_attached(struct serve_file *file)
{
	struct serve_file *listener = serve_find(file->from);

	if (!to_own(file)->user)
		(void)user_add_socket(file);
	if (to_sock(file)->name.bound_by && to_sock(file)->name.length)
		name_link(file);
	if (file->waits && listener && !is_half_made(file))
		waiting_add(listener, file, false);
	else if (file->waits)
		serve_drop(file);
	to_sock(file)->lost |= sock_type(file) == SOCK_SEQPACKET && to_sock(file)->npackets != 0;
	to_sock(file)->npackets = 0;
	if (listener)
		serve_put(listener);
}

static unsigned sock_events(struct serve_file *file)
{
	if (is_netlink(file))
		return netlink_events(file);
	if (is_table(file))
		return POLLIN;
	return sock_type(file) == SOCK_STREAM || to_sock(file)->state == SOCK_LISTENS
		       ? stream_events(file)
		       : packet_events(file);
}

/* Of one that is connected, the kernel does it. */
static int tcp_shutdown(struct serve_file *file, uint32_t how)
{
	switch (to_sock(file)->state) {
	case SOCK_NEW:
		return -ENOTCONN;
	case SOCK_CONNECTING:
		connect_end(file);
		return 0;
	case SOCK_LISTENS:
		if (how & 1) {
			to_sock(file)->state = SOCK_NEW;
			listen_end(file);
		}
		return 0;
	default:
		return 0;
	}
}

static int sock_shutdown(struct serve_file *file, struct serve_request *request)
{
	struct serve_file *other = packets_peer(file);
	uint32_t how = (uint32_t)request->argument + 1;

	if (is_tcp(file))
		return tcp_shutdown(file, how);
	if (!is_unix(file) && to_sock(file)->state == SOCK_NEW)
		return -ENOTCONN;
	to_sock(file)->shut |= how;
	blocked_wake(file);
	if (other && sock_type(file) == SOCK_SEQPACKET) {
		to_sock(other)->shut |= (how & 1) << 1 | (how & 2) >> 1;
		serve_changed(other);
	}
	if (other)
		serve_put(other);
	return 0;
}

static int get_peer_name(struct serve_file *file, struct serve_request *request)
{
	if (to_sock(file)->state != SOCK_CONNECTED ||
	    (is_tcp(file) && request->shut == (SERVED_SHUT_IN | SERVED_SHUT_OUT)))
		return -ENOTCONN;
	name_give(file, request, &to_sock(file)->peer_name);
	return 0;
}

/* Nobody waits for what these do. */
static bool is_quiet(const struct serve_request *request)
{
	return request->command == SERVED_SOCKET_CALL(SYS_getsockopt) ||
	       request->command == SERVED_SOCKET_CALL(SYS_setsockopt) ||
	       request->command == SERVED_SOCKET_CALL(SYS_getsockname) ||
	       request->command == SERVED_SOCKET_CALL(SYS_getpeername);
}

static int sock_ctl(struct serve_file *file, struct serve_request *request)
{
	if (is_netlink(file)) {
		request->quiet = is_quiet(request);
		return netlink_ctl(file, request);
	}
	if (is_table(file))
		return table_receive(file, request);
	switch (request->command) {
	case SERVED_SOCKET_CALL(SYS_bind):
		return sock_bind(file, request);
	case SERVED_SOCKET_CALL(SYS_listen):
		return sock_listen(file, request);
	case SERVED_SOCKET_CALL(SYS_connect):
		return sock_connect(file, request);
	case SERVED_SOCKET_CALL(SYS_accept):
		return sock_accept(file, request);
	case SERVED_SOCKET_CALL(SYS_sendmsg):
		return packet_send(file, request);
	case SERVED_SOCKET_CALL(SYS_recvmsg):
		return packet_receive(file, request);
	case SERVED_SOCKET_CALL(SYS_shutdown):
		return sock_shutdown(file, request);
	case SERVED_SOCKET_CALL(SYS_setsockopt):
		request->quiet = true;
		return option_set(file, request);
	case SERVED_SOCKET_CALL(SYS_getsockopt):
		request->quiet = true;
		return option_get(file, request);
	case SERVED_SOCKET_CALL(SYS_getsockname):
		request->quiet = true;
		name_give(file, request, &to_sock(file)->name);
		return 0;
	case SERVED_SOCKET_CALL(SYS_getpeername):
		request->quiet = true;
		return get_peer_name(file, request);
	case FIONREAD:
		return packets_unread(file);
	case TIOCOUTQ:
		return to_sock(file)->state == SOCK_LISTENS ? -EINVAL : 0;
	default:
		return request->command >> 32 ? -EOPNOTSUPP : interface_ctl(file, request);
	}
}

int sockd_main(int argc, char **argv, void (*traced)(bool made))
{
	struct serve_ops ops = {
		.data_size = sizeof(struct sock),
		.own_size = sizeof(struct sock_own),
		.open = sock_open,
		.pair = sock_pair,
		.close = sock_close,
		.attached = sock_attached,
		.ctl = sock_ctl,
		.unheard = sock_unheard,
		.events = sock_events,
		.traced = traced,
	};

	return serve_main(argc, argv, &ops);
}
