/* SPDX-License-Identifier: MIT */
/* R154, R156, R157: credentials in messages of AF_UNIX, and what a socket says of its peer: SCM_CREDENTIALS, SO_PASSCRED, SO_PEERPIDFD, SO_PEERGROUPS. */
#include "socket_control.h"

#include <grp.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static char buf[100];

static void set_option(int fd, int option, int value)
{
	if (setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)) != 0)
		result("setsockopt", -1);
}

static void pass(int fd)
{
	set_option(fd, SO_PASSCRED, 1);
}

static void say_option(const char *what, int fd, int option)
{
	int value = -1;
	socklen_t n = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, option, &value, &n) != 0)
		result(what, -1);
	else
		say("%s: %d, %u bytes\n", what, value, n);
}

static void put_ids(pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred ids = { pid, uid, gid };

	put(SOL_SOCKET, SCM_CREDENTIALS, &ids, sizeof(ids));
}

static ssize_t send_ids(int fd, pid_t pid, uid_t uid, gid_t gid)
{
	put_ids(pid, uid, gid);
	return send_it(fd, "ids");
}

static void drain(int fd)
{
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

static void say_name(const char *who, int fd)
{
	struct sockaddr_un name;
	socklen_t n = sizeof(name);

	getsockname(fd, (struct sockaddr *)&name, &n);
	say("%s: a name of %u bytes\n", who, n);
}

/* ---- who asks for them, and when ---- */

static void passed_or_not(int type)
{
	int fd[2];

	say("passed or not, %s\n", name_of(type));
	pair(type, fd);
	say("by nobody\n");
	TRY(send_it(fd[0], "plain"));
	receive_all(fd[1]);
	TRY(send_ids(fd[0], getpid(), 0, 0));
	receive_all(fd[1]);
	say("by the receiver, after it was sent\n");
	TRY(send_it(fd[0], "plain"));
	pass(fd[1]);
	receive_all(fd[1]);
	set_option(fd[1], SO_PASSCRED, 0);
	TRY(send_ids(fd[0], getpid(), 0, 0));
	pass(fd[1]);
	receive_all(fd[1]);
	say("by the receiver\n");
	TRY(send_it(fd[0], "plain"));
	receive_all(fd[1]);
	TRY(write(fd[0], "written", 7));
	receive_all(fd[1]);
	TRY(send_ids(fd[0], getpid(), 0, 0));
	receive_all(fd[1]);
	TRY(send_it(fd[0], "looked at"));
	receive(fd[1], 100, ROOM, MSG_PEEK);
	receive_all(fd[1]);
	TRY(send_it(fd[0], "no more"));
	set_option(fd[1], SO_PASSCRED, 0);
	receive_all(fd[1]);
	close_both(fd);
	pair(type, fd);
	say("by the sender\n");
	pass(fd[0]);
	TRY(send_it(fd[0], "plain"));
	receive_all(fd[1]);
	TRY(send_it(fd[0], "then the receiver"));
	pass(fd[1]);
	receive_all(fd[1]);
	say("the end\n");
	close(fd[0]);
	if (type == SOCK_STREAM) {
		until_hung_up(fd[1]);
		receive_all(fd[1]);
	}
	close(fd[1]);
}

static void option_is_kept(int type)
{
	int fd[2];

	say("options, %s\n", name_of(type));
	pair(type, fd);
	say_option("SO_PASSCRED", fd[0], SO_PASSCRED);
	set_option(fd[0], SO_PASSCRED, 7);
	say_option("SO_PASSCRED", fd[0], SO_PASSCRED);
	say_option("SO_PASSCRED of the other", fd[1], SO_PASSCRED);
	set_option(fd[0], SO_PASSCRED, 0);
	say_option("SO_PASSCRED", fd[0], SO_PASSCRED);
	TRY(setsockopt(fd[0], SOL_SOCKET, SO_PASSCRED, buf, 3));
	close_both(fd);
}

/* ---- names that it brings ---- */

static void a_name_is_chosen(void)
{
	int fd[2], listener = listener_at(SOCK_STREAM, "@passes"), client = sock(SOCK_STREAM);
	int server = sock(SOCK_DGRAM);

	say("names\n");
	pass(client);
	say_name("before connect", client);
	TRY(connect_to(client, "@passes"));
	say_name("after connect", client);
	close(client);
	close(listener);
	TRY(bind_to(server, "@passes"));
	client = sock(SOCK_DGRAM);
	pass(client);
	TRY(send_it(client, "nowhere"));
	say_name("sent nowhere", client);
	TRY(connect_to(client, "@passes"));
	say_name("connected", client);
	TRY(send_it(client, "x"));
	say_name("sent", client);
	close(client);
	close(server);
	for (size_t i = 0; i < 3; i++) {
		pair(types[i], fd);
		pass(fd[1]);
		TRY(send_it(fd[0], "x"));
		say_name("the receiver passes", fd[0]);
		pass(fd[0]);
		TRY(send_it(fd[0], "x"));
		say_name(name_of(types[i]), fd[0]);
		close_both(fd);
	}
}

/* ---- connections ---- */

static void listeners_bequeath(int type)
{
	int listener = listener_at(type, "@heir"), client = sock(type), server;

	say("accept, %s\n", name_of(type));
	TRY(connect_to(client, "@heir"));
	TRY(send_it(client, "before accept"));
	server = accept(listener, NULL, NULL);
	say_option("accepted", server, SO_PASSCRED);
	pass(server);
	receive_all(server);
	close(server);
	close(client);
	pass(listener);
	client = sock(type);
	TRY(connect_to(client, "@heir"));
	say_option("client", client, SO_PASSCRED);
	TRY(send_it(client, "before accept"));
	server = accept(listener, NULL, NULL);
	say_option("accepted", server, SO_PASSCRED);
	receive_all(server);
	TRY(send_it(client, "after accept"));
	receive_all(server);
	TRY(send_it(server, "answer"));
	receive_all(client);
	close(server);
	close(client);
	client = sock(type);
	TRY(connect_to(client, "@heir"));
	set_option(listener, SO_PASSCRED, 0);
	server = accept(listener, NULL, NULL);
	say_option("accepted", server, SO_PASSCRED);
	close(server);
	close(client);
	close(listener);
}

static void names_pass(void)
{
	int server = sock(SOCK_DGRAM), client = sock(SOCK_DGRAM);

	say("by name\n");
	TRY(bind_to(server, "@server"));
	pass(server);
	TRY(connect_to(client, "@server"));
	TRY(send_it(client, "datagram"));
	receive_all(server);
	TRY(send_ids(client, 1, 1000, 1001));
	receive_all(server);
	TRY(write(client, "written", 7));
	receive_all(server);
	close(client);
	close(server);
}

/* ---- true and false ones ---- */

static int user_sends(void *fd)
{
	int *way = fd;

	if (setresgid(100, 101, 102) != 0 || setresuid(1000, 1001, 1002) != 0)
		return 80;
	say("own\n");
	TRY(send_ids(way[0], getpid(), 1000, 100));
	receive_all(way[1]);
	TRY(send_ids(way[0], getpid(), 1001, 101));
	receive_all(way[1]);
	TRY(send_ids(way[0], getpid(), 1002, 102));
	receive_all(way[1]);
	TRY(send_it(way[0], "plain"));
	receive_all(way[1]);
	say("others\n");
	TRY(send_ids(way[0], getppid(), 1000, 100));
	TRY(send_ids(way[0], 1, 1000, 100));
	TRY(send_ids(way[0], 0, 1000, 100));
	TRY(send_ids(way[0], -1, 1000, 100));
	TRY(send_ids(way[0], 4000000, 1000, 100));
	TRY(send_ids(way[0], getpid(), 0, 100));
	TRY(send_ids(way[0], getpid(), 1003, 100));
	TRY(send_ids(way[0], getpid(), 1000, 0));
	TRY(send_ids(way[0], getpid(), (uid_t)-1, 100));
	TRY(send_ids(way[0], getpid(), 1000, (gid_t)-1));
	TRY(recv(way[1], buf, 1, MSG_DONTWAIT));
	return 0;
}

static void root_sends(int fd[2])
{
	say("root\n");
	TRY(send_ids(fd[0], getpid(), 1000, 100));
	receive_all(fd[1]);
	TRY(send_ids(fd[0], 1, 0, 0));
	receive_all(fd[1]);
	TRY(send_ids(fd[0], 4000000, 0, 0));
	TRY(send_ids(fd[0], 0, 0, 0));
	TRY(send_ids(fd[0], -1, 0, 0));
	TRY(send_ids(fd[0], getpid(), (uid_t)-1, 0));
	TRY(send_ids(fd[0], getpid(), 0, (gid_t)-1));
	TRY(send_ids(fd[0], getpid(), (uid_t)-2, (gid_t)-2));
	receive_all(fd[1]);
	put_ids(getpid(), 1, 1);
	put_ids(getpid(), 2, 2);
	TRY(send_it(fd[0], "twice"));
	receive_all(fd[1]);
}

static void some_are_false(int type)
{
	int fd[2];

	say("true and false, %s\n", name_of(type));
	pair(type, fd);
	pass(fd[1]);
	in_child("a user", user_sends, fd);
	root_sends(fd);
	close_both(fd);
}

static void lengths_are_wrong(int type)
{
	static const size_t lens[] = { 0, 1, 4, 8, 11, 13, 16, 24 };
	struct ucred ids[2] = { { getpid(), 0, 0 }, { 0, 0, 0 } };
	int fd[2];

	say("lengths, %s\n", name_of(type));
	pair(type, fd);
	pass(fd[1]);
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		put(SOL_SOCKET, SCM_CREDENTIALS, ids, lens[i]);
		TRY(send_it(fd[0], "x"));
	}
	put_ids(getpid(), 0, 0);
	control_len -= 4;
	TRY(send_it(fd[0], "no padding"));
	receive_all(fd[1]);
	put_ids(getpid(), 0, 0);
	control_len -= 5;
	TRY(send_it(fd[0], "too short"));
	put(SOL_SOCKET, SCM_PIDFD, ids, 4);
	TRY(send_it(fd[0], "pidfd"));
	TRY(recv(fd[1], buf, 1, MSG_DONTWAIT));
	close_both(fd);
}

/* ---- no room, and descriptors ---- */

static void rooms_are_small(int type)
{
	static const size_t rooms[] = { 0, 8, 15, 16, 17, 20, 27, 28, 31, 32, 40 };
	int fd[2];

	say("small rooms, %s\n", name_of(type));
	pair(type, fd);
	pass(fd[1]);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		say("room of %zu\n", rooms[i]);
		TRY(send_it(fd[0], "x"));
		receive(fd[1], 10, rooms[i], 0);
	}
	TRY(send_it(fd[0], "read"));
	TRY(read(fd[1], buf, 10));
	close_both(fd);
}

/* Credentials and two descriptors. */
static void both_come(int type)
{
	static const size_t rooms[] = { 0, 16, 28, 32, 40, 48, 51, 52, 55, 56, 100 };
	int fd[2], ends[2];

	say("with descriptors, %s\n", name_of(type));
	pair(type, fd);
	pass(fd[1]);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		say("room of %zu\n", rooms[i]);
		make_pipe(ends);
		put_fds(ends[1], 2);
		put_ids(getpid(), 3, 4);
		TRY(send_it(fd[0], "both"));
		close(ends[1]);
		receive(fd[1], 10, rooms[i], 0);
		close_got();
		ends_soon("all closed", ends[0]);
		close(ends[0]);
	}
	make_pipe(ends);
	say("the other order, and one that is false\n");
	put_ids(getpid(), 3, 4);
	put_fds(ends[1], 2);
	TRY(send_it(fd[0], "both"));
	receive_all(fd[1]);
	close_got();
	put_fds(ends[1], 2);
	put_ids(4000000, 0, 0);
	TRY(send_it(fd[0], "both"));
	close(ends[1]);
	ends_soon("all closed", ends[0]);
	close(ends[0]);
	close_both(fd);
}

/* ---- what a read of a stream puts together ---- */

/* A child with these ids sends that. */
static void child_sends(int fd, uid_t uid, const char *bytes)
{
	int status;

	if (fork() == 0) {
		if (uid && (setgid(100) != 0 || setuid(uid) != 0))
			_exit(81);
		_exit(send(fd, bytes, strlen(bytes), 0) < 0);
	}
	wait(&status);
}

static void all_that_comes(int fd)
{
	while (receive(fd, 100, ROOM, MSG_DONTWAIT) > 0)
		close_got();
}

static void writers_send(int fd)
{
	must_send_fd(fd, STDIN_FILENO);
	send(fd, "own ", 4, 0);
	send(fd, "own ", 4, 0);
	child_sends(fd, 0, "child ");
	child_sends(fd, 1000, "user ");
	send(fd, "own ", 4, 0);
	send_ids(fd, getpid(), 1, 0);
	send_ids(fd, getpid(), 1, 0);
	send_ids(fd, getpid(), 0, 0);
	send(fd, "own ", 4, 0);
	send_ids(fd, getpid(), 0, 7);
	child_sends(fd, 1000, "user");
}

static void writers_are_kept_apart(void)
{
	int fd[2];

	say("several writers, none passed\n");
	pair(SOCK_STREAM, fd);
	writers_send(fd[0]);
	all_that_comes(fd[1]);
	say("passed\n");
	pass(fd[1]);
	writers_send(fd[0]);
	all_that_comes(fd[1]);
	say("without room, and by read\n");
	writers_send(fd[0]);
	receive(fd[1], 100, 0, 0);
	receive(fd[1], 100, 0, 0);
	for (int i = 0; i < 7; i++)
		TRY(read(fd[1], buf, sizeof(buf)));
	TRY(recv(fd[1], buf, 1, MSG_DONTWAIT));
	say("all at once\n");
	writers_send(fd[0]);
	receive(fd[1], 100, ROOM, MSG_PEEK);
	close_got();
	receive(fd[1], 100, ROOM, MSG_WAITALL);
	close_got();
	receive(fd[1], 8, ROOM, MSG_WAITALL);
	receive(fd[1], 100, ROOM, MSG_WAITALL);
	drain(fd[1]);
	say("passed later\n");
	set_option(fd[1], SO_PASSCRED, 0);
	send(fd[0], "before ", 7, 0);
	pass(fd[1]);
	send(fd[0], "after", 5, 0);
	all_that_comes(fd[1]);
	say("a child passes its own\n");
	child_sends(fd[0], 0, "ended");
	all_that_comes(fd[1]);
	close_both(fd);
}

/* ---- pidfds ---- */

static void say_peer_pidfd(const char *what, int fd)
{
	int pidfd = -1;
	socklen_t n = sizeof(pidfd);
	char path[40], line[60];
	FILE *info;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &n) != 0) {
		result(what, -1);
		return;
	}
	say("%s: %u bytes, close-on-exec %d\n", what, n, fcntl(pidfd, F_GETFD));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	info = fopen(path, "r");
	while (info && fgets(line, sizeof(line), info))
		if (strncmp(line, "Pid:", 4) == 0)
			say("  pid %s\n", pid_as_word(atoi(line + 4)));
	if (info)
		fclose(info);
	say("  has ended: %d\n", poll(&(struct pollfd){ pidfd, POLLIN, 0 }, 1, 0));
	close(pidfd);
}

static void peers_have_pidfds(int type)
{
	int fd[2], lone = sock(type), pidfd = -1, next;
	socklen_t n = 3;

	say("SO_PEERPIDFD, %s\n", name_of(type));
	pair(type, fd);
	say_peer_pidfd("a pair", fd[0]);
	say_peer_pidfd("not connected", lone);
	TRY(getsockopt(fd[0], SOL_SOCKET, SO_PEERPIDFD, &pidfd, &n));
	n = 0;
	TRY(getsockopt(fd[0], SOL_SOCKET, SO_PEERPIDFD, &pidfd, &n));
	n = 100;
	TRY(getsockopt(fd[0], SOL_SOCKET, SO_PEERPIDFD, buf, &n));
	say("%u bytes\n", n);
	n = 4;
	TRY(getsockopt(fd[0], SOL_SOCKET, SO_PEERPIDFD, (void *)-4096l, &n));
	next = dup(lone);
	TRY(getsockopt(fd[0], SOL_SOCKET, SO_PEERPIDFD, (void *)-4096l, &n));
	say("left open: %d\n", dup(lone) - next - 1);
	close(next + 1);
	close(next);
	TRY(setsockopt(fd[0], SOL_SOCKET, SO_PEERPIDFD, &pidfd, 4));
	close(fd[1]);
	say_peer_pidfd("closed", fd[0]);
	close(fd[0]);
	close(lone);
}

static void named_peers_have_pidfds(void)
{
	int server = sock(SOCK_DGRAM), client = sock(SOCK_DGRAM);

	say("by name\n");
	TRY(bind_to(server, "@peer"));
	TRY(connect_to(client, "@peer"));
	say_peer_pidfd("dgram", client);
	close(client);
	close(server);
	server = sock(SOCK_STREAM);
	TRY(bind_to(server, "@peer"));
	say_peer_pidfd("bound", server);
	TRY(listen(server, 1));
	say_peer_pidfd("listener", server);
	close(server);
}

/* The pidfd of a peer that is a child of ours, as long as it lives and afterwards. */
static void peers_end(int type)
{
	int listener = listener_at(type, "@ends"), server, pidfd, go[2];
	socklen_t n = sizeof(pidfd);

	say("the peer ends, %s\n", name_of(type));
	make_pipe(go);
	if (fork() == 0) {
		int client = sock(type);

		close(go[1]);
		if (connect_to(client, "@ends") != 0)
			_exit(82);
		say_peer_pidfd("the listener's", client);
		send_it(client, "x");
		read(go[0], buf, 1);
		_exit(0);
	}
	server = accept(listener, NULL, NULL);
	TRY(recv(server, buf, 1, 0));
	TRY(getsockopt(server, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &n) < 0);
	say("has ended: %d\n", poll(&(struct pollfd){ pidfd, POLLIN, 0 }, 1, 0));
	close_both(go);
	say("has ended: %d\n", poll(&(struct pollfd){ pidfd, POLLIN, 0 }, 1, LIMIT_MS));
	say_peer_pidfd("a zombie", server);
	wait(NULL);
	say_peer_pidfd("reaped", server);
	say("has ended: %d\n", poll(&(struct pollfd){ pidfd, POLLIN, 0 }, 1, 0));
	close(pidfd);
	close(server);
	close(listener);
}

/* ---- the other groups of a peer ---- */

#define GROUPS(...) \
	set_groups((const gid_t[]){ __VA_ARGS__ }, sizeof((const gid_t[]){ __VA_ARGS__ }))

static void set_groups(const gid_t *groups, size_t size)
{
	if (setgroups(size / sizeof(gid_t), groups) != 0)
		_exit(83);
}

static void say_peer_groups(const char *what, int fd, socklen_t n)
{
	gid_t groups[40];
	char line[400] = "";

	memset(groups, -1, sizeof(groups));
	result(what, getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n));
	for (size_t i = 0; i < 40 && groups[i] != (gid_t)-1; i++)
		sprintf(line + strlen(line), " %d", (int)groups[i]);
	say("  %u bytes:%s\n", n, line);
}

static void pairs_have_groups(int type)
{
	int fd[2], lone = sock(type);
	socklen_t n = 12;

	say("SO_PEERGROUPS, %s\n", name_of(type));
	setgroups(0, NULL);
	pair(type, fd);
	say_peer_groups("without any", fd[0], 100);
	GROUPS(5, 3, 1000);
	say_peer_groups("as they were", fd[0], 100);
	close_both(fd);
	pair(type, fd);
	say_peer_groups("one side", fd[0], 100);
	say_peer_groups("the other", fd[1], 100);
	for (socklen_t room = 0; room < 14; room++)
		say_peer_groups("room", fd[0], room);
	TRY(getsockopt(fd[0], SOL_SOCKET, SO_PEERGROUPS, NULL, &n));
	say("%u bytes\n", n);
	n = 11;
	TRY(getsockopt(fd[0], SOL_SOCKET, SO_PEERGROUPS, NULL, &n));
	say("%u bytes\n", n);
	TRY(setsockopt(fd[0], SOL_SOCKET, SO_PEERGROUPS, &n, 4));
	close(fd[1]);
	say_peer_groups("closed", fd[0], 100);
	say_peer_groups("not connected", lone, 100);
	say_peer_groups("not connected, without room", lone, 0);
	close(fd[0]);
	close(lone);
}

/* Those of who has made it listen, and of who has connected, as they were then. */
static void connections_have_groups(int type)
{
	int listener = sock(type), client = sock(type), server;
	gid_t most[32];

	say("SO_PEERGROUPS of a connection, %s\n", name_of(type));
	TRY(bind_to(listener, "@groups"));
	say_peer_groups("bound", listener, 100);
	GROUPS(1, 2);
	TRY(listen(listener, 5));
	say_peer_groups("listener", listener, 100);
	GROUPS(7);
	TRY(connect_to(client, "@groups"));
	GROUPS(8, 9, 10);
	TRY(connect_to(client, "@groups"));
	say_peer_groups("client", client, 100);
	say_peer_groups("listener", listener, 100);
	server = accept(listener, NULL, NULL);
	say_peer_groups("accepted", server, 100);
	TRY(listen(listener, 5));
	say_peer_groups("listens again", listener, 100);
	say_peer_groups("client", client, 100);
	close(client);
	say_peer_groups("accepted", server, 100);
	close(server);
	for (gid_t i = 0; i < 32; i++)
		most[i] = 100 - i;
	set_groups(most, sizeof(most));
	client = sock(type);
	TRY(connect_to(client, "@groups"));
	server = accept(listener, NULL, NULL);
	say_peer_groups("many", server, 160);
	say_peer_groups("many", server, 127);
	setgroups(0, NULL);
	close(client);
	close(server);
	close(listener);
}

static int user_has_groups(void *unused)
{
	int fd[2];

	(void)unused;
	GROUPS(6, 4);
	become_user();
	pair(SOCK_STREAM, fd);
	say_peer_groups("a user", fd[0], 100);
	return 0;
}

static void others_have_no_groups(void)
{
	int fd = sock(SOCK_DGRAM), other = sock(SOCK_DGRAM);

	GROUPS(5);
	TRY(bind_to(fd, "@groups"));
	TRY(connect_to(other, "@groups"));
	say_peer_groups("dgram", other, 100);
	close(fd);
	close(other);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	say_peer_groups("TCP", fd, 100);
	TRY(listen(fd, 1));
	say_peer_groups("TCP, listener", fd, 100);
	close(fd);
	fd = socket(AF_NETLINK, SOCK_RAW, 0);
	say_peer_groups("netlink", fd, 100);
	close(fd);
	setgroups(0, NULL);
	in_child("a user", user_has_groups, NULL);
}

/* ---- errors of each call ---- */

static void send_by_both(int fd)
{
	struct iovec part = { (char *)"x", 1 };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part,
					    .msg_iovlen = 1,
					    .msg_control = control,
					    .msg_controllen = control_len } };

	TRY(sendmsg(fd, &one.msg_hdr, 0));
	TRY(sendmmsg(fd, &one, 1, 0));
	control_len = 0;
}

static int user_is_refused(void *unused)
{
	int fd[2], n = 4, pidfd;
	socklen_t size = sizeof(pidfd);

	(void)unused;
	pair(SOCK_STREAM, fd);
	become_user();
	put_ids(1, 1000, 100);
	send_by_both(fd[0]);
	limit_fds(8);
	while (n--) {
		put_fds(STDIN_FILENO, 4);
		TRY(send_it(fd[0], "four"));
	}
	put_fds(STDIN_FILENO, 1);
	send_by_both(fd[0]);
	limit_fds(0);
	TRY(getsockopt(fd[0], SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size));
	return 0;
}

static void calls_are_refused(void)
{
	int fd[2], lone = sock(SOCK_STREAM), pidfd;
	socklen_t size = sizeof(pidfd);

	say("errors\n");
	pair(SOCK_STREAM, fd);
	put_fds(-1, 1);
	send_by_both(fd[0]);
	put(SOL_SOCKET, 99, "", 0);
	send_by_both(fd[0]);
	put_ids(999999, 0, 0);
	send_by_both(fd[0]);
	TRY(getsockopt(lone, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size));
	in_child("a user", user_is_refused, NULL);
	close_both(fd);
	close(lone);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < 3; i++) {
		passed_or_not(types[i]);
		option_is_kept(types[i]);
		if (types[i] != SOCK_DGRAM)
			listeners_bequeath(types[i]);
		some_are_false(types[i]);
		lengths_are_wrong(types[i]);
		rooms_are_small(types[i]);
		both_come(types[i]);
		peers_have_pidfds(types[i]);
		if (types[i] != SOCK_DGRAM)
			peers_end(types[i]);
	}
	a_name_is_chosen();
	names_pass();
	writers_are_kept_apart();
	named_peers_have_pidfds();
	for (size_t i = 0; i < 3; i++)
		pairs_have_groups(types[i]);
	connections_have_groups(SOCK_STREAM);
	connections_have_groups(SOCK_SEQPACKET);
	others_have_no_groups();
	calls_are_refused();
	return 0;
}
