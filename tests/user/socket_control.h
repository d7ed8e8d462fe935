/* SPDX-License-Identifier: MIT */
/* Messages of sockets with control data: one is put together, sent, received, and told. */
#ifndef TESTS_USER_SOCKET_CONTROL_H
#define TESTS_USER_SOCKET_CONTROL_H

#include "t.h"

#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#define MOST_FDS 253 /* in one message */
#define PATH_AT	 offsetof(struct sockaddr_un, sun_path)
#define ROOM	 4096  /* for control data: enough for all that can come */
#define LIMIT_MS 20000 /* what is not there by then never comes */

#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

/* ---- sockets and pipes ---- */

static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

__attribute__((unused)) static const char *name_of(int type)
{
	return type == SOCK_STREAM ? "stream" : type == SOCK_DGRAM ? "dgram" : "seqpacket";
}

__attribute__((unused)) static int sock(int type)
{
	int fd = socket(AF_UNIX, type, 0);

	if (fd < 0)
		_exit(91);
	return fd;
}

__attribute__((unused)) static void pair(int type, int fd[2])
{
	if (socketpair(AF_UNIX, type, 0, fd) != 0)
		_exit(92);
}

__attribute__((unused)) static void make_pipe(int ends[2])
{
	if (pipe(ends) != 0)
		_exit(93);
}

__attribute__((unused)) static void close_both(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* The other side of a connection is closed: the server of sockets may hear of it later. */
__attribute__((unused)) static void until_hung_up(int fd)
{
	poll(&(struct pollfd){ .fd = fd, .events = 0 }, 1, LIMIT_MS);
}

/* An abstract name begins with '@' here. */
static socklen_t make(struct sockaddr_un *name, const char *path)
{
	size_t n = strlen(path);

	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(name->sun_path, path, n);
	if (path[0] != '@')
		return (socklen_t)(PATH_AT + n + 1);
	name->sun_path[0] = '\0';
	return (socklen_t)(PATH_AT + n);
}

__attribute__((unused)) static int bind_to(int fd, const char *path)
{
	struct sockaddr_un name;
	socklen_t n = make(&name, path);

	return bind(fd, (struct sockaddr *)&name, n);
}

__attribute__((unused)) static int connect_to(int fd, const char *path)
{
	struct sockaddr_un name;
	socklen_t n = make(&name, path);

	return connect(fd, (struct sockaddr *)&name, n);
}

__attribute__((unused)) static int listener_at(int type, const char *path)
{
	int fd = sock(type);

	if (bind_to(fd, path) != 0 || listen(fd, 5) != 0)
		_exit(94);
	return fd;
}

/* ---- ends of pipes ---- */

static int pipe_has_ended(int fd, int ms)
{
	struct pollfd ask = { .fd = fd, .events = 0 };

	poll(&ask, 1, ms);
	return (ask.revents & POLLHUP) != 0;
}

/* Whether the last descriptor of a pipe's other end is closed, or will be soon. */
__attribute__((unused)) static void ends_soon(const char *what, int fd)
{
	say("%s: %s\n", what, pipe_has_ended(fd, LIMIT_MS) ? "closed" : "still open");
}

__attribute__((unused)) static void is_open(const char *what, int fd)
{
	say("%s: %s\n", what, pipe_has_ended(fd, 0) ? "closed" : "still open");
}

/* ---- to send ---- */

/* The control data of the next message. */
static _Alignas(struct cmsghdr) char control[ROOM];
static size_t control_len;

static void put(int level, int type, const void *data, size_t n)
{
	struct cmsghdr head = { .cmsg_len = CMSG_LEN(n), .cmsg_level = level, .cmsg_type = type };

	memcpy(control + control_len, &head, sizeof(head));
	if (n)
		memcpy(control + control_len + CMSG_LEN(0), data, n);
	control_len += CMSG_SPACE(n);
}

/* One descriptor, n times. */
__attribute__((unused)) static void put_fds(int fd, size_t n)
{
	int fds[ROOM / sizeof(int)];

	for (size_t i = 0; i < n; i++)
		fds[i] = fd;
	put(SOL_SOCKET, SCM_RIGHTS, fds, n * sizeof(int));
}

__attribute__((unused)) static void put_fd(int fd)
{
	put_fds(fd, 1);
}

/* Sends n bytes with the control data that was put together. */
static ssize_t send_n(int fd, const char *bytes, size_t n, int flags)
{
	struct iovec part = { (char *)bytes, n };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control_len ? control : NULL,
				  .msg_controllen = control_len };

	control_len = 0;
	return sendmsg(fd, &message, flags | MSG_NOSIGNAL);
}

__attribute__((unused)) static ssize_t send_it(int fd, const char *bytes)
{
	return send_n(fd, bytes, strlen(bytes), 0);
}

__attribute__((unused)) static ssize_t send_fd(int fd, const char *bytes, int sent)
{
	put_fd(sent);
	return send_it(fd, bytes);
}

/* For what is only a step on the way: says nothing, and ends the test if it fails. */
__attribute__((unused)) static void must_send_fd(int fd, int sent)
{
	if (send_fd(fd, "x", sent) != 1)
		_exit(95);
}

/* ---- to receive ---- */

static int got[2 * MOST_FDS]; /* the descriptors of the last message */
static size_t ngot;

static void tell_rights(const struct cmsghdr *head)
{
	size_t n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int), good = 0;

	memcpy(got + ngot, CMSG_DATA(head), n * sizeof(int));
	for (size_t i = 0; i < n; i++)
		good += fcntl(got[ngot + i], F_GETFD) >= 0;
	ngot += n;
	say("  descriptors: %zu, open: %zu\n", n, good);
}

static const char *pid_as_word(pid_t pid)
{
	return pid == getpid() ? "own" : pid == 1 ? "1" : pid ? "another" : "none";
}

static void tell_credentials(const struct cmsghdr *head)
{
	struct ucred who;
	size_t n = head->cmsg_len - CMSG_LEN(0);

	memcpy(&who, CMSG_DATA(head), n < sizeof(who) ? n : sizeof(who));
	if (n == sizeof(who))
		say("  credentials: pid %s, uid %d, gid %d\n", pid_as_word(who.pid), (int)who.uid,
		    (int)who.gid);
	else
		say("  credentials: %zu bytes\n", n);
}

static void tell_pidfd(const struct cmsghdr *head)
{
	int fd = -2;
	size_t n = head->cmsg_len - CMSG_LEN(0);

	memcpy(&fd, CMSG_DATA(head), n < sizeof(fd) ? n : sizeof(fd));
	say("  pidfd: %zu bytes, %s\n", n,
	    fd < 0				? strerrorname_np(-fd)
	    : (fcntl(fd, F_GETFD) & FD_CLOEXEC) ? "close-on-exec"
						: "kept");
	close(fd);
}

static void tell_control(struct msghdr *message)
{
	ngot = 0;
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head;
	     head = CMSG_NXTHDR(message, head)) {
		if (head->cmsg_level != SOL_SOCKET)
			say("  level %d, type %d\n", head->cmsg_level, head->cmsg_type);
		else if (head->cmsg_type == SCM_RIGHTS)
			tell_rights(head);
		else if (head->cmsg_type == SCM_CREDENTIALS)
			tell_credentials(head);
		else if (head->cmsg_type == SCM_PIDFD)
			tell_pidfd(head);
		else
			say("  type %d\n", head->cmsg_type);
	}
}

static void tell_message(ssize_t n, const char *bytes, struct msghdr *message)
{
	say("recvmsg: %zd, \"%.*s\", flags %#x, control %zu\n", n, n < 20 ? (int)n : 20, bytes,
	    (unsigned)message->msg_flags, message->msg_controllen);
	tell_control(message);
}

/* Receives with so much room, and says all that came. The descriptors are in got[]. */
__attribute__((unused)) static ssize_t receive(int fd, size_t room, size_t control_room, int flags)
{
	static _Alignas(struct cmsghdr) char in[ROOM];
	static char bytes[ROOM];
	struct iovec part = { bytes, room };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = in, .msg_controllen = control_room
	};
	ssize_t n = recvmsg(fd, &message, flags);

	ngot = 0;
	if (n < 0)
		result("recvmsg", -1);
	else
		tell_message(n, bytes, &message);
	return n;
}

/* With room for all. */
__attribute__((unused)) static ssize_t receive_all(int fd)
{
	return receive(fd, ROOM, ROOM, 0);
}

__attribute__((unused)) static void close_got(void)
{
	while (ngot)
		close(got[--ngot]);
}

/* ---- users ---- */

__attribute__((unused)) static void become_user(void)
{
	if (setgid(100) != 0 || setuid(1000) != 0)
		_exit(96);
}

__attribute__((unused)) static void limit_fds(rlim_t n)
{
	struct rlimit limit = { n, n };

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		_exit(97);
}

#endif
