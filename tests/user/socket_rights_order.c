/* SPDX-License-Identifier: MIT */
/* R154, R157: where a read of a stream stops at descriptors, and what becomes of those that are sent to nobody. */
#include "socket_control.h"

#include <sys/ioctl.h>

#define BIG 200000

static char buf[BIG], back[BIG];

/* ---- where a read of a stream stops ---- */

/* "A", "B" with a descriptor, "C", as most tests here send them. */
static void send_three(int fd, int sent)
{
	if (send(fd, "A", 1, 0) != 1 || send_fd(fd, "B", sent) != 1 || send(fd, "C", 1, 0) != 1)
		_exit(80);
}

static void rest_of(int fd)
{
	while (receive(fd, 100, ROOM, MSG_DONTWAIT) > 0)
		close_got();
}

static void reads_stop(void)
{
	int fd[2], ends[2];

	say("three messages\n");
	pair(SOCK_STREAM, fd);
	make_pipe(ends);
	send_three(fd[0], ends[1]);
	rest_of(fd[1]);
	say("two with descriptors\n");
	TRY(send_fd(fd[0], "one", ends[1]));
	put_fds(ends[1], 2);
	TRY(send_it(fd[0], "two"));
	rest_of(fd[1]);
	say("at once, without\n");
	TRY(send_fd(fd[0], "one", ends[1]));
	TRY(send_fd(fd[0], "two", ends[1]));
	TRY(read(fd[1], buf, 100));
	TRY(read(fd[1], buf, 100));
	say("plain reads\n");
	send_three(fd[0], ends[1]);
	TRY(read(fd[1], buf, 100));
	TRY(read(fd[1], buf, 100));
	send_three(fd[0], ends[1]);
	TRY(recv(fd[1], buf, 3, MSG_WAITALL));
	TRY(recv(fd[1], buf, 3, MSG_DONTWAIT));
	say("FIONREAD\n");
	send_three(fd[0], ends[1]);
	TRY(ioctl(fd[1], FIONREAD, buf));
	say("%d bytes\n", *(int *)(void *)buf);
	rest_of(fd[1]);
	close_both(ends);
	close_both(fd);
}

static void parts_are_read(void)
{
	int fd[2], ends[2];

	say("parts\n");
	pair(SOCK_STREAM, fd);
	make_pipe(ends);
	TRY(send_fd(fd[0], "12345", ends[1]));
	TRY(send(fd[0], "67", 2, 0));
	receive(fd[1], 2, ROOM, 0);
	close_got();
	rest_of(fd[1]);
	say("the end of one, the begin of the next\n");
	TRY(send(fd[0], "123", 3, 0));
	TRY(send_fd(fd[0], "456", ends[1]));
	receive(fd[1], 1, ROOM, 0);
	receive(fd[1], 2, ROOM, 0);
	TRY(send(fd[0], "abc", 3, 0));
	receive(fd[1], 1, ROOM, 0);
	close_got();
	rest_of(fd[1]);
	TRY(send(fd[0], "123", 3, 0));
	TRY(send_fd(fd[0], "456", ends[1]));
	receive(fd[1], 4, ROOM, 0);
	close_got();
	rest_of(fd[1]);
	say("a part of one, then one with others\n");
	TRY(send_fd(fd[0], "123", ends[1]));
	put_fds(ends[1], 2);
	TRY(send_it(fd[0], "456"));
	receive(fd[1], 1, ROOM, 0);
	close_got();
	receive(fd[1], 4, ROOM, 0);
	close_got();
	rest_of(fd[1]);
	say("no bytes asked for\n");
	TRY(send_fd(fd[0], "123", ends[1]));
	receive(fd[1], 0, ROOM, 0);
	close_got();
	TRY(read(fd[1], buf, 0));
	TRY(recv(fd[1], buf, 0, 0));
	rest_of(fd[1]);
	close_both(ends);
	close_both(fd);
}

static void looks_stop(void)
{
	int fd[2], ends[2];

	say("looks\n");
	pair(SOCK_STREAM, fd);
	make_pipe(ends);
	send_three(fd[0], ends[1]);
	receive(fd[1], 100, ROOM, MSG_PEEK);
	close_got();
	TRY(recv(fd[1], buf, 100, MSG_PEEK));
	TRY(recv(fd[1], buf, 3, MSG_PEEK | MSG_WAITALL));
	receive(fd[1], 1, ROOM, 0);
	receive(fd[1], 100, ROOM, MSG_PEEK);
	close_got();
	rest_of(fd[1]);
	say("two with descriptors\n");
	TRY(send_fd(fd[0], "one", ends[1]));
	TRY(send_fd(fd[0], "two", ends[1]));
	receive(fd[1], 100, ROOM, MSG_PEEK);
	close_got();
	rest_of(fd[1]);
	say("after a part\n");
	TRY(send_fd(fd[0], "123", ends[1]));
	receive(fd[1], 1, ROOM, MSG_PEEK);
	close_got();
	receive(fd[1], 1, ROOM, 0);
	close_got();
	receive(fd[1], 100, ROOM, MSG_PEEK);
	close_got();
	close_both(ends);
	close_both(fd);
}

static void all_is_waited_for(void)
{
	int fd[2], ends[2];

	say("MSG_WAITALL\n");
	pair(SOCK_STREAM, fd);
	make_pipe(ends);
	TRY(send_fd(fd[0], "12", ends[1]));
	TRY(send_fd(fd[0], "34", ends[1]));
	TRY(send(fd[0], "5", 1, 0));
	receive(fd[1], 4, ROOM, MSG_WAITALL);
	close_got();
	receive(fd[1], 1, ROOM, MSG_WAITALL);
	close_got();
	TRY(recv(fd[1], buf, 2, MSG_WAITALL));
	TRY(send_fd(fd[0], "12", ends[1]));
	TRY(send(fd[0], "34", 2, 0));
	receive(fd[1], 4, ROOM, MSG_WAITALL);
	close_got();
	rest_of(fd[1]);
	close_both(ends);
	close_both(fd);
}

static void pipes_are_filled(void)
{
	int fd[2], ends[2], way[2];

	say("splice\n");
	pair(SOCK_STREAM, fd);
	make_pipe(ends);
	make_pipe(way);
	send_three(fd[0], ends[1]);
	close(ends[1]);
	is_open("sent", ends[0]);
	TRY(splice(fd[1], NULL, way[1], NULL, 100, 0));
	ends_soon("spliced", ends[0]);
	TRY(splice(fd[1], NULL, way[1], NULL, 100, SPLICE_F_NONBLOCK));
	TRY(read(way[0], buf, 100));
	say("%.3s\n", buf);
	close(ends[0]);
	close_both(way);
	close_both(fd);
}

static void no_bytes_are_sent(int type)
{
	int fd[2], ends[2];

	say("no bytes, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	TRY(send_fd(fd[0], "", ends[1]));
	close(ends[1]);
	say("arrived: %d\n", poll(&(struct pollfd){ fd[1], POLLIN, 0 }, 1, 0));
	if (type == SOCK_STREAM)
		ends_soon("sent", ends[0]);
	receive(fd[1], 100, ROOM, MSG_DONTWAIT);
	close_got();
	ends_soon("received", ends[0]);
	close(ends[0]);
	close_both(fd);
}

/* ---- large messages ---- */

static void fill(void)
{
	for (size_t i = 0; i < BIG; i++)
		buf[i] = (char)(i * 5 + i / 300);
}

/* How many bytes come, how many of them are wrong, and how many descriptors come, in which read. */
static void receive_big(int fd, size_t n)
{
	static _Alignas(struct cmsghdr) char in[ROOM];
	size_t at = 0, wrong = 0, nreads = 0, nfds = 0, with_fds = 0;

	while (at < n) {
		struct iovec part = { back + at, n - at };
		struct msghdr message = { .msg_iov = &part,
					  .msg_iovlen = 1,
					  .msg_control = in,
					  .msg_controllen = sizeof(in) };
		ssize_t some = recvmsg(fd, &message, 0);
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);

		if (some <= 0)
			break;
		at += (size_t)some;
		nreads++;
		if (head) {
			nfds += (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			with_fds = nreads;
			memcpy(got, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
			ngot = nfds;
		}
	}
	for (size_t i = 0; i < at; i++)
		wrong += back[i] != buf[i];
	say("%zu bytes, %zu wrong, %zu descriptors in read %zu\n", at, wrong, nfds, with_fds);
}

static void large_ones_arrive(int type, size_t n)
{
	int fd[2], ends[2], status;

	say("%zu bytes, %s\n", n, name_of(type));
	pair(type, fd);
	make_pipe(ends);
	fill();
	if (fork() == 0) {
		put_fds(ends[1], 3);
		_exit(send_n(fd[0], buf, n, 0) != (ssize_t)n);
	}
	close(ends[1]);
	receive_big(fd[1], n);
	wait(&status);
	ended("sender", status);
	close_got();
	ends_soon("received", ends[0]);
	close(ends[0]);
	close_both(fd);
}

/* A stream takes a part of a message if it must not wait: the descriptors are of its first byte. */
static void parts_are_sent(void)
{
	static char much[8 * MIB];
	int fd[2], ends[2];
	ssize_t n;

	say("a part is sent\n");
	pair(SOCK_STREAM, fd);
	make_pipe(ends);
	put_fds(ends[1], 2);
	n = send_n(fd[0], much, sizeof(much), MSG_DONTWAIT);
	say("some: %d\n", n > 0 && n < (ssize_t)sizeof(much));
	receive(fd[1], 1, ROOM, 0);
	close_got();
	while (recv(fd[1], back, sizeof(back), MSG_DONTWAIT) > 0)
		;
	close(ends[1]);
	ends_soon("received", ends[0]);
	close(ends[0]);
	close_both(fd);
}

static void full_ones_take_none(int type)
{
	int fd[2], ends[2];
	size_t n = 0, more = 0;

	say("full, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	while (send(fd[0], "x", 1, MSG_DONTWAIT) == 1)
		n++;
	put_fds(ends[1], 3);
	TRY(send_n(fd[0], "y", 1, MSG_DONTWAIT));
	put_fds(ends[1], MOST_FDS + 1);
	TRY(send_n(fd[0], "y", 1, MSG_DONTWAIT));
	TRY(send_n(fd[0], "y", 1, MSG_DONTWAIT));
	close(ends[1]);
	ends_soon("refused", ends[0]);
	while (recv(fd[1], back, 1, MSG_DONTWAIT) == 1)
		more += back[0] == 'x';
	say("all: %d\n", more == n);
	close(ends[0]);
	close_both(fd);
}

/* ---- to whom they are sent ---- */

static void sent_before_accept(int type)
{
	int listener = listener_at(type, "@early"), client = sock(type), ends[2], server;

	say("before accept, %s\n", name_of(type));
	make_pipe(ends);
	TRY(connect_to(client, "@early"));
	TRY(send_fd(client, "early", ends[1]));
	close(ends[1]);
	close(client);
	is_open("waits", ends[0]);
	server = accept(listener, NULL, NULL);
	receive_all(server);
	is_open("received", ends[0]);
	TRY(recv(server, buf, 10, 0));
	close_got();
	ends_soon("all closed", ends[0]);
	close(ends[0]);
	close(server);
	close(listener);
}

static void nobody_accepts(int type)
{
	int listener = listener_at(type, "@never"), client = sock(type), ends[2];

	say("nobody accepts, %s\n", name_of(type));
	make_pipe(ends);
	TRY(connect_to(client, "@never"));
	TRY(send_fd(client, "never", ends[1]));
	close(ends[1]);
	is_open("waits", ends[0]);
	close(listener);
	ends_soon("listener closed", ends[0]);
	until_hung_up(client);
	close(ends[0]);
	make_pipe(ends);
	TRY(send_fd(client, "x", ends[1]));
	close(ends[1]);
	ends_soon("refused", ends[0]);
	close(ends[0]);
	close(client);
}

static void sender_has_ended(int type)
{
	int fd[2], ends[2], status;

	say("the sender has ended, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	if (fork() == 0) {
		int file = open("of a child", O_RDWR | O_CREAT, 0600);

		unlink("of a child");
		if (write(file, "child", 5) != 5)
			_exit(81);
		put_fd(ends[1]);
		put_fd(file);
		TRY(send_it(fd[0], "from a child"));
		_exit(0);
	}
	wait(&status);
	close(ends[1]);
	close(fd[0]);
	is_open("the child has ended", ends[0]);
	receive_all(fd[1]);
	TRY(pread(got[1], buf, 10, 0));
	close_got();
	ends_soon("all closed", ends[0]);
	TRY(recv(fd[1], buf, 10, MSG_DONTWAIT));
	close(ends[0]);
	close(fd[1]);
}

/* One that it has received, and one that it has not. */
static void receiver_ends(int type)
{
	int fd[2], ends[2], unread[2], status;
	pid_t pid;

	say("the receiver ends, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	make_pipe(unread);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		close(unread[1]);
		close(fd[0]);
		receive(fd[1], 1, ROOM, 0);
		send(fd[1], "y", 1, 0);
		pause();
	}
	close(fd[1]);
	must_send_fd(fd[0], ends[1]);
	must_send_fd(fd[0], unread[1]);
	close(ends[1]);
	close(unread[1]);
	TRY(recv(fd[0], buf, 1, 0));
	is_open("received", ends[0]);
	is_open("not received", unread[0]);
	kill(pid, SIGKILL);
	wait(&status);
	ended("child", status);
	ends_soon("received", ends[0]);
	ends_soon("not received", unread[0]);
	close(ends[0]);
	close(unread[0]);
	close(fd[0]);
}

static void nobody_is_there(int type)
{
	int fd[2], ends[2];

	say("closed, %s\n", name_of(type));
	pair(type, fd);
	make_pipe(ends);
	close(fd[1]);
	if (type != SOCK_DGRAM)
		until_hung_up(fd[0]);
	TRY(send_fd(fd[0], "x", ends[1]));
	TRY(send_fd(fd[0], "x", -1));
	close(fd[0]);
	say("reset\n");
	pair(type, fd);
	must_send_fd(fd[0], ends[1]);
	must_send_fd(fd[1], ends[1]);
	close(fd[1]);
	if (type != SOCK_DGRAM)
		until_hung_up(fd[0]);
	TRY(send_fd(fd[0], "x", ends[1]));
	receive(fd[0], 10, ROOM, MSG_DONTWAIT);
	close_got();
	receive(fd[0], 10, ROOM, MSG_DONTWAIT);
	close_got();
	receive(fd[0], 10, ROOM, MSG_DONTWAIT);
	close(fd[0]);
	say("not connected\n");
	fd[0] = sock(type);
	TRY(send_fd(fd[0], "x", ends[1]));
	if (type != SOCK_SEQPACKET) {
		TRY(send_fd(fd[0], "x", -1));
		put(SOL_SOCKET, 99, "", 0);
		TRY(send_it(fd[0], "x"));
	}
	close(fd[0]);
	close(ends[1]);
	ends_soon("all closed", ends[0]);
	close(ends[0]);
}

static void send_to(int fd, const char *path, int sent)
{
	struct sockaddr_un name;
	struct iovec part = { (char *)"x", 1 };
	struct msghdr message = { .msg_name = &name,
				  .msg_namelen = make(&name, path),
				  .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control };

	put_fd(sent);
	message.msg_controllen = control_len;
	control_len = 0;
	TRY(sendmsg(fd, &message, 0));
}

static void names_get_them(void)
{
	int server = sock(SOCK_DGRAM), client = sock(SOCK_DGRAM), ends[2];

	say("by name\n");
	make_pipe(ends);
	TRY(bind_to(server, "@rights"));
	send_to(client, "@rights", ends[1]);
	receive_all(server);
	close_got();
	send_to(client, "@nobody", ends[1]);
	send_to(client, "no such path", ends[1]);
	send_to(client, "@rights", ends[1]);
	send_to(client, "@rights", -1);
	close(client);
	close(ends[1]);
	is_open("sender closed", ends[0]);
	close(server);
	ends_soon("all closed", ends[0]);
	close(ends[0]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	reads_stop();
	parts_are_read();
	looks_stop();
	all_is_waited_for();
	pipes_are_filled();
	large_ones_arrive(SOCK_STREAM, BIG);
	large_ones_arrive(SOCK_DGRAM, 60000);
	large_ones_arrive(SOCK_SEQPACKET, 60000);
	parts_are_sent();
	for (size_t i = 0; i < 3; i++) {
		no_bytes_are_sent(types[i]);
		full_ones_take_none(types[i]);
		if (types[i] != SOCK_DGRAM) {
			sent_before_accept(types[i]);
			nobody_accepts(types[i]);
		}
		sender_has_ended(types[i]);
		receiver_ends(types[i]);
		nobody_is_there(types[i]);
	}
	names_get_them();
	return 0;
}
