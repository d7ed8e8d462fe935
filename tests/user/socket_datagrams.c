/* SPDX-License-Identifier: MIT */
/* R154: AF_UNIX datagrams and packets: each arrives whole, in order, and says where it came from. */
#include "socket_names.h"

#include <pthread.h>
#include <sys/uio.h>

static char buf[3 * PAGE], big[300000];

static int sock(int type)
{
	int fd = socket(AF_UNIX, type, 0);

	if (fd < 0)
		_exit(91);
	return fd;
}

static ssize_t send_to(int fd, const char *path, const char *bytes, int flags)
{
	struct sockaddr_un name;
	socklen_t n = unix_name(&name, path);

	return sendto(fd, bytes, strlen(bytes), flags, (struct sockaddr *)&name, n);
}

/* A message with all that recvmsg tells of it. */
static void receive(int fd, size_t room, int flags)
{
	struct sockaddr_un name;
	struct iovec to[2] = { { buf, room / 2 }, { buf + room / 2, room - room / 2 } };
	struct msghdr message = {
		.msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = to, .msg_iovlen = 2
	};
	ssize_t n = recvmsg(fd, &message, flags);

	if (n < 0) {
		result("recvmsg", -1);
		return;
	}
	buf[(size_t)n < room ? (size_t)n : room] = '\0';
	say("%zd bytes, \"%.20s\", flags %#x, from %u bytes %.*s\n", n, buf, message.msg_flags,
	    message.msg_namelen,
	    message.msg_namelen > PATH_AT ? (int)(message.msg_namelen - PATH_AT - 1) : 0,
	    name.sun_path + !name.sun_path[0]);
}

/* ---- pairs of both kinds ---- */

static void messages_stay_whole(int type)
{
	struct iovec out[3] = { { (char *)"one ", 4 },
				{ (char *)"two ", 4 },
				{ (char *)"three", 5 } };
	struct msghdr message = { .msg_iov = out, .msg_iovlen = 3 };
	int fd[2], n = -1;

	say(type == SOCK_DGRAM ? "datagrams\n" : "packets\n");
	if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fd) != 0)
		_exit(92);
	events("first", fd[0]);
	TRY(recv(fd[0], buf, 5, 0));
	TRY(send(fd[0], "first", 5, 0));
	TRY(write(fd[0], "second one", 10));
	TRY(sendmsg(fd[0], &message, 0));
	TRY(send(fd[0], "", 0, 0));
	TRY(send(fd[0], "last", 4, 0));
	events("second", fd[1]);
	TRY(ioctl(fd[1], FIONREAD, &n));
	say("%d bytes\n", n);
	receive(fd[1], 100, MSG_PEEK);
	receive(fd[1], 100, 0);
	TRY(read(fd[1], buf, 6));
	receive(fd[1], 6, MSG_TRUNC | MSG_PEEK);
	receive(fd[1], 100, 0);
	receive(fd[1], 100, 0);
	receive(fd[1], 2, MSG_TRUNC);
	receive(fd[1], 100, 0);
	TRY(writev(fd[1], out, 3));
	TRY(readv(fd[0], out + 2, 1));
	TRY(send(fd[1], "x", 1, MSG_OOB));
	TRY(send(fd[1], big, sizeof(big), 0));
	TRY(send(fd[1], NULL, 5, 0));
	TRY(shutdown(fd[0], SHUT_WR));
	events("first", fd[0]);
	events("second", fd[1]);
	TRY(send(fd[0], "x", 1, MSG_NOSIGNAL));
	TRY(recv(fd[1], buf, 5, 0));
	TRY(send(fd[1], "back", 4, 0));
	TRY(close(fd[1]));
	if (type == SOCK_SEQPACKET)
		poll(&(struct pollfd){ fd[0], 0, 0 }, 1, 5000);
	events("first", fd[0]);
	TRY(recv(fd[0], buf, 5, 0));
	TRY(recv(fd[0], buf, 5, 0));
	TRY(send(fd[0], "x", 1, MSG_NOSIGNAL));
	close(fd[0]);
}

static void large_ones_arrive(int type)
{
	int fd[2], n = 0;
	size_t wrong = 0;

	say("large\n");
	if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fd) != 0)
		_exit(93);
	for (size_t i = 0; i < 60000; i++)
		big[i] = (char)(i * 5 + i / 300);
	TRY(send(fd[0], big, 60000, 0));
	TRY(recv(fd[1], big + 100000, 100000, 0));
	for (size_t i = 0; i < 60000; i++)
		wrong += big[i] != big[100000 + i];
	say("%zu wrong\n", wrong);
	while (send(fd[0], "x", 1, 0) == 1)
		n++;
	result("send", -1);
	say("some fit: %d\n", n >= 10);
	events("full", fd[0]);
	while (recv(fd[1], buf, 1, 0) == 1)
		n--;
	say("all came: %d\n", n == 0);
	events("empty", fd[0]);
	close(fd[0]);
	close(fd[1]);
}

static volatile pid_t waiter;

static void *send_one(void *fd)
{
	waiter = gettid();
	return (void *)(send(*(int *)fd, "late", 4, 0) == 4 ? 0 : (long)errno);
}

static void *receive_one(void *fd)
{
	waiter = gettid();
	return (void *)(recv(*(int *)fd, buf, 4, 0) == 4 ? 0 : (long)errno);
}

static void ends(const char *what, pthread_t thread)
{
	void *err = NULL;

	pthread_join(thread, &err);
	say("%s: %s\n", what, err ? strerrorname_np((int)(long)err) : "done");
}

static void some_wait(int type)
{
	pthread_t thread;
	int fd[2];

	say("waits\n");
	if (socketpair(AF_UNIX, type, 0, fd) != 0)
		_exit(94);
	pthread_create(&thread, NULL, receive_one, &fd[1]);
	until_thread_sleeps(&waiter);
	TRY(send(fd[0], "word", 4, 0));
	ends("recv", thread);
	while (send(fd[0], "x", 1, MSG_DONTWAIT) == 1)
		;
	pthread_create(&thread, NULL, send_one, &fd[0]);
	until_thread_sleeps(&waiter);
	while (recv(fd[1], buf, 1, MSG_DONTWAIT) == 1 && buf[0] == 'x')
		;
	ends("send", thread);
	close(fd[0]);
	close(fd[1]);
}

/* ---- datagrams by name ---- */

static void names_are_found(void)
{
	int server = sock(SOCK_DGRAM | SOCK_NONBLOCK), client = sock(SOCK_DGRAM | SOCK_NONBLOCK);
	int other = sock(SOCK_DGRAM | SOCK_NONBLOCK), stream = sock(SOCK_STREAM);

	say("names\n");
	events("alone", server);
	TRY(recv(server, buf, 1, 0));
	TRY(send(client, "x", 1, 0));
	TRY(send_to(client, "server", "x", 0));
	TRY(bind_to(server, "server"));
	TRY(listen(server, 1));
	TRY(accept(server, NULL, NULL));
	TRY(send_to(client, "server", "no name", 0));
	TRY(bind_to(client, "@client"));
	TRY(send_to(client, "server", "a name", 0));
	receive(server, 100, 0);
	receive(server, 100, 0);
	TRY(send_to(server, "@client", "answer", 0));
	receive(client, 100, 0);
	TRY(connect_to(client, "server"));
	TRY(send(client, "connected", 9, 0));
	TRY(send_to(other, "@client", "not from there", 0));
	TRY(connect_to(other, "@client"));
	receive(server, 100, 0);
	TRY(connect_to(client, "@none"));
	TRY(send(client, "still", 5, 0));
	receive(server, 100, 0);
	TRY(connect(client, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)));
	TRY(send(client, "x", 1, 0));
	TRY(send_to(other, "@client", "now", 0));
	receive(client, 100, 0);
	TRY(connect_to(other, "server"));
	TRY(close(server));
	events("other", other);
	TRY(send(other, "x", 1, 0));
	TRY(send(other, "x", 1, 0));
	TRY(send_to(other, "server", "x", 0));
	TRY(bind_to(stream, "@stream"));
	TRY(send_to(other, "@stream", "x", 0));
	TRY(connect_to(other, "@stream"));
	TRY(connect_to(stream, "@client"));
	unlink("server");
	close(client);
	close(other);
	close(stream);
}

/* ---- connections of packets ---- */

static void packets_connect(void)
{
	int listener = sock(SOCK_SEQPACKET), client = sock(SOCK_SEQPACKET), server;
	struct ucred peer;
	socklen_t n = sizeof(peer);

	say("connections\n");
	events("alone", client);
	TRY(recv(client, buf, 1, 0));
	TRY(send(client, "x", 1, 0));
	TRY(bind_to(listener, "@packets"));
	TRY(connect_to(client, "@packets"));
	TRY(listen(listener, 3));
	TRY(connect_to(client, "@packets"));
	TRY(send(client, "early", 5, 0));
	events("listener", listener);
	server = accept(listener, NULL, NULL);
	TRY(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, &n));
	say("pid %d\n", peer.pid == getpid());
	receive(server, 100, 0);
	TRY(send(server, "answer", 6, 0));
	receive(client, 100, 0);
	TRY(connect_to(client, "@packets"));
	TRY(send_to(client, "@packets", "address", 0));
	receive(server, 100, 0);
	TRY(close(server));
	poll(&(struct pollfd){ client, 0, 0 }, 1, 5000);
	events("client", client);
	TRY(recv(client, buf, 1, 0));
	TRY(send(client, "x", 1, MSG_NOSIGNAL));
	close(client);
	client = sock(SOCK_SEQPACKET);
	TRY(connect_to(client, "@packets"));
	close(listener);
	poll(&(struct pollfd){ client, 0, 0 }, 1, 5000);
	TRY(recv(client, buf, 1, 0));
	TRY(recv(client, buf, 1, 0));
	close(client);
}

static void is_ready(const char *who, int fd)
{
	struct pollfd ask = { fd, POLLIN | POLLOUT, 0 };

	poll(&ask, 1, 0);
	say("%s:%s%s%s\n", who, ask.revents & POLLIN ? " in" : "",
	    ask.revents & POLLOUT ? " out" : "", ask.revents & POLLERR ? " err" : "");
}

/* Who connects with another one loses what has come; whoever was connected with it learns that. */
static void one_leaves(int for_another, int has_bytes)
{
	int fd[2], other = sock(SOCK_DGRAM | SOCK_NONBLOCK);

	say("one leaves\n");
	if (bind_to(other, "@other") != 0 ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fd) != 0)
		_exit(92);
	if (has_bytes)
		TRY(send(fd[1], "lost", 4, 0));
	if (for_another)
		TRY(connect_to(fd[0], "@other"));
	else
		TRY(connect(fd[0], &(struct sockaddr){ .sa_family = AF_UNSPEC },
			    sizeof(struct sockaddr)));
	is_ready("who has left", fd[0]);
	is_ready("who was left", fd[1]);
	TRY(recv(fd[0], buf, 1, 0));
	TRY(send(fd[1], "x", 1, 0));
	TRY(send(fd[1], "x", 1, 0));
	is_ready("who was left", fd[1]);
	close(fd[0]);
	close(fd[1]);
	close(other);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	messages_stay_whole(SOCK_DGRAM);
	messages_stay_whole(SOCK_SEQPACKET);
	large_ones_arrive(SOCK_DGRAM);
	large_ones_arrive(SOCK_SEQPACKET);
	some_wait(SOCK_DGRAM);
	some_wait(SOCK_SEQPACKET);
	names_are_found();
	packets_connect();
	one_leaves(1, 1);
	one_leaves(1, 0);
	one_leaves(0, 1);
	return 0;
}
