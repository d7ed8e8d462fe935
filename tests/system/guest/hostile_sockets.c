/* SPDX-License-Identifier: MIT */
/* Sockets, by hostile programs (R154, R156, R157). */
#include "hostile.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/ipc.h"

#define USERS	     2	/* beside the one that begins */
#define CALLS_EACH   50 /* of each of them */
#define SOCKETS_MOST 24

/* Those that may be sockets of this process; and one that may listen. */
static uint64_t sockets[SOCKETS_MOST], listener;
static unsigned nsockets;
static struct sockaddr_un listener_name;
static socklen_t listener_length;

static uint64_t some_socket(void)
{
	return nsockets && !ONE_IN(16) ? sockets[below(nsockets)] : argument('f');
}

static void remember_socket(long fd)
{
	if (fd < 0)
		return;
	if (nsockets < SOCKETS_MOST) {
		sockets[nsockets++] = (uint64_t)fd;
	} else {
		call3(SYS_close, sockets[0], 0, 0);
		sockets[0] = (uint64_t)fd;
	}
}

/* Waits for nobody, mostly: who waits for ever is signalled, but that takes long. */
static uint64_t some_type(void)
{
	static const uint64_t types[] = { SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

	return ONE_IN(16) ? some_number()
			  : ONE_OF(types) | (ONE_IN(8) ? 0 : SOCK_NONBLOCK) |
				    (ONE_IN(8) ? SOCK_CLOEXEC : 0);
}

static uint64_t some_domain(void)
{
	static const uint64_t domains[] = {
		AF_UNIX, AF_UNIX, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
	};

	return ONE_IN(16) ? some_number() : ONE_OF(domains);
}

static uint64_t some_flags(void)
{
	static const uint64_t flags[] = { 0,	      MSG_PEEK, MSG_WAITALL,  MSG_TRUNC,
					  MSG_CTRUNC, MSG_OOB,	MSG_NOSIGNAL, MSG_WAITFORONE };

	return ONE_IN(16) ? some_number()
			  : ONE_OF(flags) | ONE_OF(flags) | (ONE_IN(8) ? 0 : MSG_DONTWAIT);
}

/* A few ports of the loopback. */
static uint64_t some_port(uint64_t *length)
{
	static struct sockaddr_in address;
	static struct sockaddr_in6 wide;
	uint16_t port = htons((uint16_t)(ONE_IN(8) ? below(1024) : 2000 + below(3)));

	address = (struct sockaddr_in){ AF_INET, port, { htonl(INADDR_LOOPBACK) }, { 0 } };
	wide = (struct sockaddr_in6){ .sin6_family = AF_INET6,
				      .sin6_port = port,
				      .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	*length = ONE_IN(4) ? sizeof(wide) : sizeof(address);
	if (ONE_IN(8))
		address.sin_addr.s_addr = wide.sin6_addr.s6_addr32[3] = (uint32_t)chance();
	return *length == sizeof(wide) ? (uint64_t)&wide : (uint64_t)&address;
}

/* Paths that all of them bind and connect to, and abstract names; and how long it is. */
static uint64_t some_name(uint64_t *length)
{
	static const char *const paths[] = { "s0", "s1",    "../s2", "/hostile/s3",
					     "a",  "dir/b", "..",    "/srv/socket" };
	static struct sockaddr_un address;
	static int n;

	if (ONE_IN(4))
		return some_port(length);
	address.sun_family = ONE_IN(16) ? (sa_family_t)chance() : AF_UNIX;
	memset(address.sun_path, 0, sizeof(address.sun_path));
	if (ONE_IN(2))
		n = snprintf(address.sun_path, sizeof(address.sun_path), "%s", ONE_OF(paths));
	else
		n = 1 + snprintf(address.sun_path + 1, 8, "a%u", (unsigned)below(3));
	if (ONE_IN(16))
		fill_at_random(&address, sizeof(address));
	*length = offsetof(struct sockaddr_un, sun_path) + (uint64_t)n;
	if (ONE_IN(12))
		*length = ONE_IN(2) ? sizeof(sa_family_t) : some_length();
	return ONE_IN(16) ? some_address() : (uint64_t)&address;
}

/* Where an address or an option goes, and what says how much room there is. */
static uint64_t some_room(uint64_t *length_at)
{
	static char room[128];
	static int length;

	length = ONE_IN(8) ? (int)some_number() : (int)below(sizeof(room) + 1);
	*length_at = ONE_IN(12) ? some_address() : (uint64_t)&length;
	return ONE_IN(12) ? some_address() : (uint64_t)room;
}

static uint64_t some_bytes(uint64_t *length)
{
	*length = ONE_IN(8) ? some_length() : below(300);
	return ONE_IN(8) ? some_address() : (uint64_t)REGION;
}

/*
 * Open files and credentials, or room for them. No file is a socket: a ring of sockets ends only when others do, and so some time
 * after this process.
 */
static uint64_t some_control(uint64_t *length)
{
	static union {
		struct cmsghdr head;
		char bytes[256];
	} control;
	struct cmsghdr *part = &control.head;
	struct ucred who = { ONE_IN(4) ? (pid_t)some_pid() : getpid(), (uid_t)below(2) * 1000, 0 };
	unsigned n = (unsigned)below(4);
	int fd[3];

	for (unsigned i = 0; i < n && i < 3; i++)
		fd[i] = (int)call3(SYS_memfd_create, (uint64_t) "sent", 0, 0);
	part->cmsg_level = ONE_IN(16) ? (int)some_number() : SOL_SOCKET;
	part->cmsg_type = ONE_IN(16) ? (int)some_number() : n < 3 ? SCM_RIGHTS : SCM_CREDENTIALS;
	part->cmsg_len = ONE_IN(12) ? some_length()
			 : n < 3    ? CMSG_LEN(n * sizeof(int))
				    : CMSG_LEN(sizeof(who));
	memcpy(CMSG_DATA(part), n < 3 ? (void *)fd : (void *)&who,
	       n < 3 ? n * sizeof(int) : sizeof(who));
	*length = ONE_IN(8) ? below(sizeof(control))
			    : CMSG_SPACE(n < 3 ? n * sizeof(int) : sizeof(who));
	return (uint64_t)&control;
}

/* One of sendmsg, or some in a row as of sendmmsg. */
static uint64_t some_messages(void)
{
	static struct mmsghdr messages[3];
	static struct iovec parts[3];
	uint64_t length;

	for (unsigned i = 0; i < 3; i++) {
		struct msghdr *header = &messages[i].msg_hdr;

		parts[i].iov_base = (void *)some_bytes(&length);
		parts[i].iov_len = length;
		*header = (struct msghdr){ .msg_iov = parts, .msg_iovlen = below(4) };
		if (ONE_IN(2)) {
			header->msg_name = (void *)some_name(&length);
			header->msg_namelen = (socklen_t)length;
		}
		if (ONE_IN(8)) {
			header->msg_control = (void *)some_address();
			header->msg_controllen = some_length();
		} else if (ONE_IN(3)) {
			header->msg_control = (void *)some_control(&length);
			header->msg_controllen = length;
		}
		if (ONE_IN(16))
			fill_at_random(header, sizeof(*header));
	}
	return ONE_IN(16) ? some_address() : (uint64_t)messages;
}

static void make_sockets(void)
{
	static int fds[2];
	uint64_t arg[6] = { some_domain(), some_type(), ONE_IN(16) ? some_number() : 0,
			    ONE_IN(12) ? some_address() : (uint64_t)fds };

	if (ONE_IN(2)) {
		remember_socket(call(SYS_socket, arg));
	} else if (call(SYS_socketpair, arg) == 0 && arg[3] == (uint64_t)fds) {
		remember_socket(fds[0]);
		remember_socket(fds[1]);
	}
}

static void bind_or_connect(void)
{
	uint64_t length, name = some_name(&length);

	call3(ONE_IN(3) ? SYS_bind : SYS_connect, some_socket(), name, length);
}

/* With a socket that is good for it. */
static void connect_one(void)
{
	long fd = call3(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	remember_socket(fd);
	call3(SYS_connect, (uint64_t)fd, (uint64_t)&listener_name, listener_length);
}

static void accept_one(void)
{
	uint64_t length_at, room = some_room(&length_at);
	const uint64_t arg[6] = { ONE_IN(3) ? some_socket() : listener, ONE_IN(2) ? room : 0,
				  length_at, ONE_IN(12) ? some_number() : SOCK_NONBLOCK };

	remember_socket(call(ONE_IN(8) ? SYS_accept : SYS_accept4, arg));
}

static void pass_bytes(void)
{
	uint64_t length, bytes = some_bytes(&length), name_length;
	uint64_t arg[6] = { some_socket(), bytes, length, some_flags() };

	if (ONE_IN(2)) {
		if (ONE_IN(3)) {
			arg[4] = some_name(&name_length);
			arg[5] = name_length;
		}
		call(SYS_sendto, arg);
	} else {
		if (ONE_IN(2))
			arg[4] = some_room(&arg[5]);
		call(SYS_recvfrom, arg);
	}
}

static void pass_messages(void)
{
	static const struct timespec soon = { 0, 100000 };
	uint64_t arg[6] = { some_socket(), some_messages(), some_flags() };

	if (ONE_IN(2)) {
		call(ONE_IN(2) ? SYS_sendmsg : SYS_recvmsg, arg);
		return;
	}
	arg[3] = arg[2];
	arg[2] = ONE_IN(16) ? some_number() : below(4);
	arg[4] = ONE_IN(8) ? some_address() : ONE_IN(2) ? (uint64_t)&soon : 0;
	call(ONE_IN(2) ? SYS_sendmmsg : SYS_recvmmsg, arg);
}

/* By two sockets that are good for it. What is not received is lost with them. */
static void pass_files(void)
{
	static const uint64_t types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	static struct msghdr header;
	static struct iovec part;
	static int pair[2];
	const uint64_t make[6] = { AF_UNIX, ONE_OF(types) | SOCK_NONBLOCK, 0, (uint64_t)pair };
	uint64_t length, arg[6];

	if (call(SYS_socketpair, make) != 0)
		return;
	part = (struct iovec){ REGION, 1 + below(100) };
	header = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
	header.msg_control = (void *)some_control(&length);
	header.msg_controllen = length;
	call3(SYS_sendmsg, (uint64_t)pair[0], (uint64_t)&header, 0);
	arg[0] = (uint64_t)pair[1];
	arg[1] = (uint64_t)REGION;
	arg[2] = below(200);
	arg[3] = some_flags();
	arg[4] = arg[5] = 0;
	switch (below(4)) {
	case 0:
		call(SYS_recvfrom, arg);
		break;
	case 1:
		call3(SYS_read, arg[0], arg[1], arg[2]);
		break;
	case 2:
		call3(SYS_recvmsg, arg[0], some_messages(), arg[3]);
		break;
	default:
		break;
	}
	remember_socket(pair[0]);
	remember_socket(pair[1]);
}

static void use_options(void)
{
	uint64_t length_at, room = some_room(&length_at);
	const uint64_t arg[6] = { some_socket(), ONE_IN(12) ? some_number() : SOL_SOCKET,
				  ONE_IN(12) ? some_number() : below(40), room,
				  ONE_IN(2) ? length_at : below(40) };

	call(ONE_IN(2) ? SYS_getsockopt : SYS_setsockopt, arg);
}

static void ask_names(void)
{
	uint64_t length_at, room = some_room(&length_at);

	call3(ONE_IN(2) ? SYS_getsockname : SYS_getpeername, some_socket(), room, length_at);
}

static void use_descriptors(void)
{
	uint64_t fd = some_socket();

	switch (below(4)) {
	case 0:
		remember_socket(call3(SYS_dup, fd, 0, 0));
		break;
	case 1:
		call3(ONE_IN(2) ? SYS_read : SYS_write, fd, (uint64_t)REGION, below(3 * PAGE));
		break;
	case 2:
		call3(SYS_ioctl, fd, ONE_IN(2) ? (uint64_t)FIONREAD : argument('q'),
		      some_address());
		break;
	default:
		call3(SYS_close, fd, 0, 0);
	}
}

static void use_sockets(void)
{
	static void (*const uses[])(void) = {
		make_sockets,  make_sockets, bind_or_connect, bind_or_connect, connect_one,
		accept_one,    accept_one,   pass_bytes,      pass_bytes,      pass_bytes,
		pass_messages, pass_files,   use_options,     ask_names,       use_descriptors,
	};

	switch (below(16)) {
	case 0:
		call3(SYS_listen, some_socket(), ONE_IN(8) ? some_number() : below(4), 0);
		break;
	case 1:
		call3(SYS_shutdown, some_socket(), ONE_IN(8) ? some_number() : below(3), 0);
		break;
	default:
		ONE_OF(uses)();
	}
}

/* All is right, mostly. */
static void make_listener(void)
{
	uint64_t length, name = some_name(&length);

	listener = (uint64_t)call3(SYS_socket, AF_UNIX,
				   ONE_IN(6) ? some_type() : SOCK_STREAM | SOCK_NONBLOCK, 0);
	remember_socket((long)listener);
	call3(SYS_bind, listener, name, length);
	call3(SYS_listen, listener, below(4), 0);
	listener_length = sizeof(listener_name);
	call3(SYS_getsockname, listener, (uint64_t)&listener_name, (uint64_t)&listener_length);
}

/* A few processes, which have some sockets in common and meet at names. */
void act_sockets(void)
{
	make_listener();
	for (unsigned i = 0; i < 3; i++)
		make_sockets();
	for (unsigned i = 0; i < USERS; i++)
		if (call3(SYS_clone, SIGCHLD, 0, 0) == 0) {
			forked();
			break;
		}
	for (unsigned i = 0; i < CALLS_EACH; i++)
		use_sockets();
}

/* ---- their server ---- */

#define NAME   "/srv/socket"
#define SERVER 71 /* its user, as in the usual table of servers */

/* It keeps the endpoint, and nothing else. */
_Noreturn static void be_server(int receive)
{
	char fd[12], *const argv[] = { "sockd", "--endpoint", fd, NULL };

	snprintf(fd, sizeof(fd), "%d", receive);
	if (setresgid(SERVER, SERVER, SERVER) == 0 && setresuid(SERVER, SERVER, SERVER) == 0)
		execv("/bin/sockd", argv);
	_exit(0);
}

void sockets_begin(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 0, 0);

	unlink(NAME);
	ipc_name(AT_FDCWD, NAME, 0666, send);
	chmod(NAME, 0666);
	close(send);
	if (fork() == 0)
		be_server(receive);
	close(receive);
}
