/* SPDX-License-Identifier: MIT */
/* R154, R157: descriptors in messages of AF_UNIX: how many, of what, where they end, and control data that is refused. */
#include "socket_control.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>

static char buf[100];

static int lowest_free(void)
{
	int fd = dup(STDOUT_FILENO);

	close(fd);
	return fd;
}

/* ---- how many ---- */

static void so_many_arrive(int type, size_t n)
{
	int fd[2], ends[2];

	pair(type, fd);
	make_pipe(ends);
	put_fds(ends[1], n);
	TRY(send_it(fd[0], "many"));
	close(ends[1]);
	is_open("on the way", ends[0]);
	receive_all(fd[1]);
	is_open("arrived", ends[0]);
	close_got();
	ends_soon("all closed", ends[0]);
	close(ends[0]);
	close_both(fd);
}

/* n in one piece of control data, and m in another. */
static void two_pieces_arrive(int type, size_t n, size_t m)
{
	int fd[2], ends[2];

	pair(type, fd);
	make_pipe(ends);
	put_fds(ends[1], n);
	put_fds(ends[1], m);
	if (TRY(send_it(fd[0], "pieces")) > 0)
		receive_all(fd[1]);
	close(ends[1]);
	close_got();
	ends_soon("all closed", ends[0]);
	close(ends[0]);
	close_both(fd);
}

static void some_arrive(int type)
{
	int fd[2], ends[2];

	say("how many, %s\n", name_of(type));
	so_many_arrive(type, 1);
	so_many_arrive(type, 2);
	so_many_arrive(type, 3);
	so_many_arrive(type, MOST_FDS);
	two_pieces_arrive(type, 1, 1);
	two_pieces_arrive(type, 200, 53);
	two_pieces_arrive(type, 200, 54);
	say("too many, and none\n");
	pair(type, fd);
	make_pipe(ends);
	put_fds(ends[1], MOST_FDS + 1);
	TRY(send_it(fd[0], "too many"));
	put_fds(ends[1], 500);
	TRY(send_it(fd[0], "too many"));
	put_fds(ends[1], 0);
	TRY(send_it(fd[0], "none"));
	receive_all(fd[1]);
	close_both(ends);
	close_both(fd);
}

/* ---- their numbers and flags ---- */

static void lowest_numbers_are_taken(void)
{
	int fd[2], ends[2], low = dup(0), other = dup(0);

	say("numbers\n");
	pair(SOCK_STREAM, fd);
	make_pipe(ends);
	close(low);
	put_fd(ends[0]);
	put_fd(ends[1]);
	TRY(send_it(fd[0], "x"));
	receive_all(fd[1]);
	say("lowest: %d, next: %d\n", got[0] == low, got[1] == lowest_free() - 1);
	TRY(write(got[1], "order", 5));
	TRY(read(got[0], buf, 10));
	close_got();
	close(other);
	close_both(ends);
	close_both(fd);
}

static void say_flags(const char *what, int fd)
{
	say("%s: close-on-exec %d, nonblocking %d\n", what, fcntl(fd, F_GETFD),
	    (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}

static void flags_are_their_own(int type)
{
	int fd[2], ends[2];

	say("flags, %s\n", name_of(type));
	pair(type, fd);
	if (pipe2(ends, O_CLOEXEC) != 0)
		_exit(80);
	put_fds(ends[0], 2);
	TRY(send_it(fd[0], "plain"));
	put_fds(ends[0], 2);
	TRY(send_n(fd[0], "send flag", 9, MSG_CMSG_CLOEXEC));
	TRY(send_fd(fd[0], "cloexec", ends[0]));
	receive(fd[1], 5, ROOM, 0);
	say_flags("first", got[0]);
	say_flags("second", got[1]);
	fcntl(got[0], F_SETFL, O_NONBLOCK);
	say_flags("sender's", ends[0]);
	close_got();
	receive(fd[1], 9, ROOM, MSG_CMSG_CLOEXEC);
	say_flags("first", got[0]);
	say_flags("second", got[1]);
	close_got();
	receive(fd[1], 7, ROOM, 0);
	say_flags("first", got[0]);
	close_got();
	close_both(ends);
	close_both(fd);
}

/* ---- what is sent ---- */

/* Sends it, closes the sender's, and returns what arrives. */
static int through(int fd)
{
	int way[2];

	pair(SOCK_STREAM, way);
	if (TRY(send_fd(way[0], "x", fd)) != 1)
		_exit(81);
	close(fd);
	receive_all(way[1]);
	close_both(way);
	return got[0];
}

static void pipes_and_sockets_work(void)
{
	int ends[2], fd[2], end;

	say("a pipe\n");
	make_pipe(ends);
	end = through(ends[1]);
	TRY(write(end, "through", 7));
	TRY(read(ends[0], buf, 10));
	close(end);
	TRY(read(ends[0], buf, 10));
	close(ends[0]);
	say("a socket\n");
	pair(SOCK_STREAM, fd);
	end = through(fd[1]);
	TRY(write(fd[0], "to", 2));
	TRY(read(end, buf, 10));
	TRY(write(end, "from", 4));
	TRY(read(fd[0], buf, 10));
	close(end);
	TRY(read(fd[0], buf, 10));
	close(fd[0]);
}

static void files_keep_their_state(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), keep = dup(fd), end;

	say("a file\n");
	TRY(write(fd, "0123456789", 10));
	TRY(lseek(fd, 3, SEEK_SET));
	end = through(fd);
	TRY(read(end, buf, 2));
	TRY(lseek(keep, 0, SEEK_CUR));
	TRY(lseek(keep, 7, SEEK_SET));
	TRY(read(end, buf, 10));
	close(end);
	TRY(unlink("file"));
	end = through(keep);
	TRY(pread(end, buf, 10, 0));
	close(end);
	fd = open("file", O_RDONLY | O_CREAT, 0600);
	end = through(fd);
	TRY(write(end, "x", 1));
	close(end);
	unlink("file");
}

static void locks_go_along(void)
{
	int way[2], fd = open("locked", O_RDWR | O_CREAT, 0600), other = open("locked", O_RDWR);

	say("a lock\n");
	pair(SOCK_DGRAM, way);
	TRY(flock(fd, LOCK_EX));
	TRY(send_fd(way[0], "x", fd));
	close(fd);
	TRY(flock(other, LOCK_EX | LOCK_NB));
	receive_all(way[1]);
	TRY(flock(other, LOCK_EX | LOCK_NB));
	close_got();
	TRY(flock(other, LOCK_EX | LOCK_NB));
	close(other);
	close_both(way);
	unlink("locked");
}

static void others_work(void)
{
	int end, ends[2], polls = epoll_create1(0);
	uint64_t count = 3;

	say("O_PATH\n");
	end = through(open("/", O_PATH | O_DIRECTORY));
	say("O_PATH: %d\n", (fcntl(end, F_GETFL) & O_PATH) != 0);
	TRY(getdents64(end, buf, sizeof(buf)));
	TRY(faccessat(end, "proc", F_OK, 0));
	close(end);
	say("epoll\n");
	make_pipe(ends);
	epoll_ctl(polls, EPOLL_CTL_ADD, ends[0], &(struct epoll_event){ .events = EPOLLIN });
	end = through(polls);
	TRY(epoll_wait(end, &(struct epoll_event){ 0 }, 1, 0));
	TRY(write(ends[1], "x", 1));
	TRY(epoll_wait(end, &(struct epoll_event){ 0 }, 1, 5000));
	close(end);
	close_both(ends);
	say("eventfd\n");
	end = through(eventfd(4, 0));
	TRY(write(end, &count, 8));
	TRY(read(end, &count, 8));
	say("%d\n", (int)count);
	close(end);
	say("memfd\n");
	end = through(memfd_create("m", 0));
	TRY(ftruncate(end, 5));
	TRY(lseek(end, 0, SEEK_END));
	close(end);
	say("a device\n");
	end = through(open("/dev/zero", O_RDONLY));
	TRY(read(end, buf, 3));
	close(end);
}

/* A good one before the bad one is not kept. */
static void bad_ones_are_refused(int type)
{
	int fd[2], ends[2], bad[] = { -1, -100, 100000, 1000, INT32_MAX, INT32_MIN };

	say("bad ones, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		TRY(send_fd(fd[0], "x", bad[i]));
	put_fds(ends[1], 5);
	put_fd(lowest_free());
	TRY(send_it(fd[0], "x"));
	put(SOL_SOCKET, SCM_RIGHTS, (int[]){ ends[1], -1, ends[1] }, 12);
	TRY(send_it(fd[0], "x"));
	close(ends[1]);
	ends_soon("all closed", ends[0]);
	TRY(recv(fd[1], buf, 1, MSG_DONTWAIT));
	close(ends[0]);
	close_both(fd);
}

/* ---- who is sent nothing further ---- */

static void dropped_by(const char *how, int type, ssize_t (*take)(int))
{
	int fd[2], ends[2];

	pair(type, fd);
	make_pipe(ends);
	put_fds(ends[1], 2);
	TRY(send_it(fd[0], "word"));
	close(ends[1]);
	is_open("sent", ends[0]);
	result(how, take(fd[1]));
	ends_soon(how, ends[0]);
	close(ends[0]);
	close_both(fd);
}

static ssize_t by_close(int fd)
{
	return dup3(STDOUT_FILENO, fd, 0) == fd ? 0 : -1;
}

static ssize_t by_read(int fd)
{
	return read(fd, buf, 10);
}

static ssize_t by_recv(int fd)
{
	return recv(fd, buf, 10, 0);
}

static ssize_t by_recvfrom(int fd)
{
	struct sockaddr_un name;
	socklen_t n = sizeof(name);

	return recvfrom(fd, buf, 10, MSG_CMSG_CLOEXEC, (struct sockaddr *)&name, &n);
}

static ssize_t by_recvmsg(int fd)
{
	return receive(fd, 10, 0, 0);
}

static ssize_t by_readv(int fd)
{
	struct iovec parts[2] = { { buf, 2 }, { buf + 2, 3 } };

	return readv(fd, parts, 2);
}

/* Only a part: the rest of a message of a stream comes later, without them. */
static ssize_t by_part(int fd)
{
	return read(fd, buf, 1);
}

static void unread_ones_are_closed(int type)
{
	say("dropped, %s\n", name_of(type));
	dropped_by("close", type, by_close);
	dropped_by("read", type, by_read);
	dropped_by("recv", type, by_recv);
	dropped_by("recvfrom", type, by_recvfrom);
	dropped_by("recvmsg", type, by_recvmsg);
	dropped_by("readv", type, by_readv);
	dropped_by("part", type, by_part);
}

/* What looks, and does not take, leaves them there. */
static void a_look_leaves_them(int type)
{
	int fd[2], ends[2];

	say("a look, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	must_send_fd(fd[0], ends[1]);
	close(ends[1]);
	TRY(recv(fd[1], buf, 10, MSG_PEEK));
	receive(fd[1], 10, 0, MSG_PEEK);
	is_open("looked", ends[0]);
	receive(fd[1], 10, ROOM, MSG_PEEK);
	close_got();
	is_open("looked", ends[0]);
	receive(fd[1], 10, ROOM, MSG_PEEK);
	say("again\n");
	receive(fd[1], 10, ROOM, MSG_PEEK | MSG_CMSG_CLOEXEC);
	receive_all(fd[1]);
	TRY(write(got[0], "x", 1));
	close_got();
	close(ends[0]);
	close_both(fd);
}

static void shut_sockets_keep_them(int type)
{
	int fd[2], ends[2];

	say("shutdown, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	must_send_fd(fd[0], ends[1]);
	close(ends[1]);
	TRY(shutdown(fd[1], SHUT_RD));
	is_open("shut to read", ends[0]);
	receive(fd[1], 10, ROOM, MSG_DONTWAIT);
	close_got();
	ends_soon("received", ends[0]);
	close(ends[0]);
	make_pipe(ends);
	TRY(send_fd(fd[0], "x", ends[1]));
	TRY(shutdown(fd[1], SHUT_WR));
	TRY(send_fd(fd[1], "x", ends[1]));
	close(ends[1]);
	close(fd[1]);
	ends_soon("refused", ends[0]);
	close(ends[0]);
	close(fd[0]);
}

/* ---- no room ---- */

static void room_for(int type, size_t room)
{
	int fd[2], ends[2];

	pair(type, fd);
	make_pipe(ends);
	put_fds(ends[1], 2);
	if (send_it(fd[0], "x") != 1)
		_exit(82);
	close(ends[1]);
	say("room of %zu\n", room);
	receive(fd[1], 10, room, 0);
	if (ngot)
		is_open("received", ends[0]);
	close_got();
	ends_soon("all closed", ends[0]);
	close(ends[0]);
	close_both(fd);
}

static void rooms_are_small(int type)
{
	static const size_t rooms[] = { 0, 1, 8, 15, 16, 18, 19, 20, 22, 23, 24, 28, 31, 32, 40 };

	say("small rooms, %s\n", name_of(type));
	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++)
		room_for(type, rooms[i]);
}

static void rooms_are_bad(int type)
{
	int fd[2], ends[2];
	struct iovec part = { buf, 10 };
	char *last = before_hole(1) + PAGE;
	void *bad[] = { NULL, (void *)-4096l, last, last - 16, last - 20 };

	say("bad rooms, %s\n", name_of(type));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct msghdr message = { .msg_iov = &part,
					  .msg_iovlen = 1,
					  .msg_control = bad[i],
					  .msg_controllen = 100 };

		pair(type, fd);
		make_pipe(ends);
		put_fds(ends[1], 2);
		send_it(fd[0], "word");
		close(ends[1]);
		TRY(recvmsg(fd[1], &message, 0));
		say("flags %#x, control %zu\n", (unsigned)message.msg_flags,
		    message.msg_controllen);
		TRY(recv(fd[1], buf, 10, MSG_DONTWAIT));
		for (int taken = lowest_free() - 1; taken > ends[0] && taken > fd[1]; taken--)
			close(taken);
		ends_soon("all closed", ends[0]);
		close(ends[0]);
		close_both(fd);
	}
}

/* So many descriptors are free, and two come. */
static void table_has_free(int type, int nfree)
{
	int fd[2], ends[2];

	say("%d free\n", nfree);
	pair(type, fd);
	make_pipe(ends);
	put_fds(ends[1], 2);
	if (send_it(fd[0], "x") != 1)
		_exit(83);
	close(ends[1]);
	limit_fds((rlim_t)(lowest_free() + nfree));
	receive_all(fd[1]);
	close_got();
	ends_soon("all closed", ends[0]);
	TRY(recv(fd[1], buf, 1, MSG_DONTWAIT));
}

static void tables_are_full(int type)
{
	say("full tables, %s\n", name_of(type));
	for (int nfree = 2; nfree >= 0; nfree--) {
		if (fork() == 0) {
			/* The numbers above the last one that is used are all free. */
			while (dup(0) < 40)
				;
			table_has_free(type, nfree);
			_exit(0);
		}
		wait(NULL);
	}
}

/* ---- malformed ---- */

/* Control data of `total` bytes, whose first piece says that it has `len`. */
static void send_piece(int fd, size_t len, int level, int type, int sent, size_t total)
{
	struct cmsghdr head = { .cmsg_len = len, .cmsg_level = level, .cmsg_type = type };

	memset(control, 0, sizeof(control));
	memcpy(control, &head, sizeof(head));
	memcpy(control + sizeof(head), &sent, sizeof(sent));
	control_len = total;
	say("cmsg_len %zd, level %d, type %d, controllen %zu\n", (ssize_t)len, level, type, total);
	TRY(send_it(fd, "x"));
}

static void lengths_are_wrong(int type)
{
	static const size_t lens[] = { 0,  1,  8,  15, 16,	17,	   19,	      20,	 21,
				       22, 23, 24, 25, 1 << 20, 1ul << 31, 1ul << 32, (size_t)-1 };
	int fd[2], ends[2];

	say("malformed, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		send_piece(fd[0], lens[i], SOL_SOCKET, SCM_RIGHTS, ends[1], 24);
		if (recv(fd[1], buf, 1, MSG_PEEK | MSG_DONTWAIT) == 1) {
			receive(fd[1], 10, ROOM, 0);
			close_got();
		}
	}
	for (size_t total = 0; total < 24; total += total == 16 ? 3 : total == 19 ? 1 : 4) {
		send_piece(fd[0], 20, SOL_SOCKET, SCM_RIGHTS, ends[1], total);
		if (recv(fd[1], buf, 1, MSG_PEEK | MSG_DONTWAIT) == 1) {
			receive(fd[1], 10, ROOM, 0);
			close_got();
		}
	}
	close(ends[1]);
	ends_soon("all closed", ends[0]);
	close(ends[0]);
	close_both(fd);
}

static void kinds_are_unknown(int type)
{
	static const int kinds[][2] = { { SOL_SOCKET, 0 },  { SOL_SOCKET, 3 },	{ SOL_SOCKET, 4 },
					{ SOL_SOCKET, 29 }, { SOL_SOCKET, 99 }, { SOL_SOCKET, -1 },
					{ 0, SCM_RIGHTS },  { 6, SCM_RIGHTS },	{ 77, SCM_RIGHTS },
					{ -1, 0 } };
	int fd[2], ends[2];

	say("unknown, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		send_piece(fd[0], 20, kinds[i][0], kinds[i][1], ends[1], 24);
		if (recv(fd[1], buf, 1, MSG_PEEK | MSG_DONTWAIT) == 1)
			receive(fd[1], 10, ROOM, 0);
	}
	put_fd(ends[1]);
	put(77, 1, "ignored", 7);
	put_fd(ends[1]);
	TRY(send_it(fd[0], "between"));
	receive_all(fd[1]);
	close_got();
	put_fd(ends[1]);
	put(SOL_SOCKET, 99, "unknown", 7);
	TRY(send_it(fd[0], "after"));
	close(ends[1]);
	ends_soon("all closed", ends[0]);
	close(ends[0]);
	close_both(fd);
}

static void control_is_nowhere(int fd)
{
	struct iovec part = { buf, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	char *last = before_hole(1) + PAGE;
	struct {
		void *at;
		size_t n;
	} bad[] = { { NULL, 24 },	   { NULL, 8 },		  { (void *)-4096l, 24 },
		    { (void *)-4096l, 8 }, { (void *)-4096l, 0 }, { last, 24 },
		    { last - 16, 24 },	   { last - 24, 24 },	  { last - 24, 1 << 20 },
		    { last, 1 << 20 },	   { last, 1ul << 31 },	  { last, 1ul << 32 },
		    { last, (size_t)-1 } };

	memset(last - 24, 0, 24);
	*(size_t *)(void *)(last - 24) = 16;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		message.msg_control = bad[i].at;
		message.msg_controllen = bad[i].n;
		TRY(sendmsg(fd, &message, MSG_DONTWAIT));
	}
}

static void control_is_bad(int type)
{
	int fd[2];

	say("bad addresses, %s\n", name_of(type));
	pair(type, fd);
	control_is_nowhere(fd[0]);
	memset(control, 0, sizeof(control));
	control_len = 40;
	TRY(send_it(fd[0], "zeros"));
	close_both(fd);
}

/* ---- AF_INET ---- */

/* The recorded machine starts without it. */
static void bring_loopback_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq lo = { .ifr_name = "lo" };

	if (ioctl(fd, SIOCGIFFLAGS, &lo) == 0) {
		lo.ifr_flags |= IFF_UP;
		ioctl(fd, SIOCSIFFLAGS, &lo);
	}
	close(fd);
}

static void inet_pair(int type, int fd[2])
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(name);
	int server = socket(AF_INET, type, 0);

	fd[0] = socket(AF_INET, type, 0);
	if (server < 0 || bind(server, (struct sockaddr *)&name, n) != 0 ||
	    getsockname(server, (struct sockaddr *)&name, &n) != 0 ||
	    (type == SOCK_STREAM && listen(server, 1) != 0) ||
	    connect(fd[0], (struct sockaddr *)&name, n) != 0)
		_exit(84);
	fd[1] = server;
	if (type == SOCK_STREAM) {
		fd[1] = accept(server, NULL, NULL);
		close(server);
	}
}

static void inet_ignores_them(int type)
{
	struct ucred own = { getpid(), 0, 0 };
	int fd[2], ends[2];

	say("inet, %s\n", name_of(type));
	inet_pair(type, fd);
	make_pipe(ends);
	TRY(send_fd(fd[0], "word", ends[1]));
	receive_all(fd[1]);
	TRY(send_fd(fd[0], "word", -1));
	receive_all(fd[1]);
	TRY(setsockopt(fd[1], SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)));
	put(SOL_SOCKET, SCM_CREDENTIALS, &own, sizeof(own));
	TRY(send_it(fd[0], "word"));
	receive_all(fd[1]);
	put_fds(ends[1], MOST_FDS + 1);
	TRY(send_it(fd[0], "word"));
	receive_all(fd[1]);
	send_piece(fd[0], 0, SOL_SOCKET, SCM_RIGHTS, ends[1], 24);
	send_piece(fd[0], 25, SOL_SOCKET, SCM_RIGHTS, ends[1], 24);
	send_piece(fd[0], 20, SOL_SOCKET, 99, ends[1], 24);
	send_piece(fd[0], 20, 77, 1, ends[1], 24);
	if (type == SOCK_STREAM)
		control_is_nowhere(fd[0]);
	close(ends[1]);
	ends_soon("all closed", ends[0]);
	close(ends[0]);
	close_both(fd);
}

/* ---- many messages at once ---- */

static void many_carry_them(int type)
{
	static _Alignas(struct cmsghdr) char in[3][24], out[3][24];
	static char bytes[3][4];
	struct mmsghdr to[3] = { 0 }, from[3] = { 0 };
	struct iovec parts[3], rooms[3];
	int fd[2], ends[2];

	say("many, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	for (int i = 0; i < 3; i++) {
		control_len = 0;
		put_fd(i == 2 ? -1 : ends[i]);
		memcpy(out[i], control, 24);
		parts[i] = (struct iovec){ (char *)"a\0bb\0ccc" + 2 * i - (i == 2), (size_t)i + 1 };
		rooms[i] = (struct iovec){ bytes[i], 4 };
		to[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i],
						 .msg_iovlen = 1,
						 .msg_control = out[i],
						 .msg_controllen = 24 };
		from[i].msg_hdr = (struct msghdr){ .msg_iov = &rooms[i],
						   .msg_iovlen = 1,
						   .msg_control = in[i],
						   .msg_controllen = i == 1 ? 16 : 24 };
	}
	control_len = 0;
	TRY(sendmmsg(fd[0], to, 3, 0));
	TRY(sendmmsg(fd[0], to + 2, 1, 0));
	to[2].msg_hdr.msg_controllen = 0;
	TRY(sendmmsg(fd[0], to + 2, 1, 0));
	close(ends[1]);
	TRY(recvmmsg(fd[1], from, 3, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL));
	for (int i = 0; i < 3; i++)
		tell_message(from[i].msg_len, bytes[i], &from[i].msg_hdr);
	memcpy(got, CMSG_DATA((struct cmsghdr *)(void *)in[0]), sizeof(int));
	say_flags("first", got[0]);
	close(got[0]);
	ends_soon("without room", ends[0]);
	close(ends[0]);
	close_both(fd);
}

int main(void)
{
	for (size_t i = 0; i < 3; i++) {
		some_arrive(types[i]);
		flags_are_their_own(types[i]);
		bad_ones_are_refused(types[i]);
		unread_ones_are_closed(types[i]);
		a_look_leaves_them(types[i]);
		shut_sockets_keep_them(types[i]);
		rooms_are_small(types[i]);
		rooms_are_bad(types[i]);
		lengths_are_wrong(types[i]);
		kinds_are_unknown(types[i]);
		control_is_bad(types[i]);
		many_carry_them(types[i]);
		tables_are_full(types[i]);
	}
	lowest_numbers_are_taken();
	pipes_and_sockets_work();
	files_keep_their_state();
	locks_go_along();
	others_work();
	bring_loopback_up();
	inet_ignores_them(SOCK_STREAM);
	inet_ignores_them(SOCK_DGRAM);
	return 0;
}
