/* SPDX-License-Identifier: MIT */
/* R154, R157: sockets in messages of sockets: rings that nobody can reach end, chains end, and what is on the way is limited. */
#include "socket_control.h"

#define CHAIN 300
#define RINGS 2000
#define FEW   32 /* descriptors, where many rings are made */

static char buf[10];

/* Linux looks for rings when a socket is closed, a little later. */
static void close_another(void)
{
	int fd[2];

	pair(SOCK_STREAM, fd);
	close_both(fd);
}

/* For what must not go: as often as what goes has needed at most, and more. */
static void give_time_to_go(void)
{
	for (int i = 0; i < 20; i++) {
		close_another();
		nap(5); /* what would go, goes in this time */
	}
}

static void ends_at_last(const char *what, int fd)
{
	int turns = 0;

	while (!pipe_has_ended(fd, 10) && turns++ < LIMIT_MS / 10)
		close_another();
	ends_soon(what, fd);
}

/* What is in the ring; a pipe's reader sees that it ends. */
static int in_ring[2];

static void begin(const char *what, int type)
{
	say("%s, %s\n", what, name_of(type));
	make_pipe(in_ring);
}

/* Sends `sent` and the pipe's end. */
static void enter(int fd, int sent)
{
	put_fd(sent);
	put_fd(in_ring[1]);
	TRY(send_it(fd, "ring"));
}

static void end(void)
{
	close(in_ring[1]);
	ends_at_last("the pipe", in_ring[0]);
	close(in_ring[0]);
}

/* ---- rings ---- */

static void sent_to_itself(int type)
{
	int fd[2];

	begin("through its peer to itself", type);
	pair(type, fd);
	enter(fd[0], fd[1]);
	close_both(fd);
	end();
	begin("through itself to its peer", type);
	pair(type, fd);
	enter(fd[0], fd[0]);
	close_both(fd);
	end();
	begin("both in both", type);
	pair(type, fd);
	enter(fd[0], fd[0]);
	enter(fd[0], fd[1]);
	enter(fd[1], fd[0]);
	enter(fd[1], fd[1]);
	close_both(fd);
	end();
}

static void some_in_each_other(int type, int n)
{
	int fd[5][2];

	begin("a ring", type);
	say("%d pairs\n", n);
	for (int i = 0; i < n; i++)
		pair(type, fd[i]);
	for (int i = 0; i < n; i++)
		enter(fd[i][0], fd[(i + 1) % n][1]);
	for (int i = 0; i < n; i++)
		close_both(fd[i]);
	end();
}

/* As long as one of its sockets is open, all that is in it can be received. */
static void a_ring_is_reached(int type)
{
	int first[2], second[2];

	begin("a ring that is reached", type);
	pair(type, first);
	pair(type, second);
	enter(first[0], second[1]);
	enter(second[0], first[1]);
	close(first[0]);
	close(second[0]);
	close(second[1]);
	close(in_ring[1]);
	give_time_to_go();
	is_open("the pipe", in_ring[0]);
	receive_all(first[1]);
	second[1] = got[0];
	close(got[1]);
	is_open("the pipe", in_ring[0]);
	close(first[1]);
	receive_all(second[1]);
	close(second[1]);
	TRY(recv(got[0], buf, 10, MSG_DONTWAIT));
	TRY(write(got[1], "x", 1));
	TRY(read(in_ring[0], buf, 1));
	close_got();
	ends_at_last("the pipe", in_ring[0]);
	close(in_ring[0]);
}

/* One that is not in it holds it: it is on the way to a socket that is open. */
static void a_ring_is_sent(int type)
{
	int ring[2], way[2];

	begin("a ring on the way", type);
	pair(type, ring);
	pair(type, way);
	enter(ring[0], ring[1]);
	TRY(send_fd(way[0], "holds it", ring[1]));
	close_both(ring);
	close(in_ring[1]);
	give_time_to_go();
	is_open("the pipe", in_ring[0]);
	receive_all(way[1]);
	ring[1] = got[0];
	receive_all(ring[1]);
	close_got();
	close(ring[1]);
	ends_at_last("the pipe", in_ring[0]);
	close(in_ring[0]);
	close_both(way);
}

static int makes_a_ring(void *type)
{
	int fd[2];

	pair(*(int *)type, fd);
	enter(fd[0], fd[1]);
	enter(fd[1], fd[0]);
	raise(SIGKILL);
	return 0;
}

static void its_process_ends(int type)
{
	begin("its process ends", type);
	in_child("it", makes_a_ring, &type);
	end();
}

static void sent_by_name(void)
{
	int fd = sock(SOCK_DGRAM), other = sock(SOCK_DGRAM);

	begin("to its own name", SOCK_DGRAM);
	TRY(bind_to(fd, "@itself"));
	TRY(connect_to(fd, "@itself"));
	enter(fd, fd);
	close(fd);
	end();
	fd = sock(SOCK_DGRAM);
	begin("to names", SOCK_DGRAM);
	TRY(bind_to(fd, "@itself"));
	TRY(bind_to(other, "@other"));
	TRY(connect_to(fd, "@other"));
	TRY(connect_to(other, "@itself"));
	enter(fd, fd);
	enter(other, other);
	close(fd);
	close(other);
	end();
	fd = sock(SOCK_DGRAM);
	TRY(bind_to(fd, "@itself"));
	close(fd);
}

/* What waits in a listener's backlog is the listener's. */
static void in_its_own_backlog(int type)
{
	int listener = listener_at(type, "@backlog"), client = sock(type);

	begin("a listener in its backlog", type);
	TRY(connect_to(client, "@backlog"));
	enter(client, listener);
	close(client);
	close(listener);
	end();
	listener = listener_at(type, "@backlog");
	client = sock(type);
	begin("with its client", type);
	TRY(connect_to(client, "@backlog"));
	enter(client, listener);
	enter(client, client);
	close(client);
	close(listener);
	end();
	listener = listener_at(type, "@backlog");
	client = sock(type);
	begin("with its client open", type);
	TRY(connect_to(client, "@backlog"));
	enter(client, listener);
	close(listener);
	close(in_ring[1]);
	ends_at_last("the pipe, and the client is open", in_ring[0]);
	close(client);
	close(in_ring[0]);
}

static int rings_of_user(void *type)
{
	int made = 0, fd[2];

	become_user();
	limit_fds(FEW);
	for (int waits = 0; made < RINGS && waits < LIMIT_MS / 10;) {
		pair(*(int *)type, fd);
		put_fd(fd[0]);
		put_fd(fd[1]);
		if (send_it(fd[0], "x") == 1) {
			made++;
		} else if (errno == ETOOMANYREFS) {
			waits++;
			nap(10); /* those that nobody reaches go in this time */
		} else {
			result("send_it", -1);
			return 1;
		}
		close_both(fd);
	}
	say("%d rings\n", made);
	return 0;
}

static void rings_go_on(int type)
{
	say("many rings, %s\n", name_of(type));
	in_child("they", rings_of_user, &type);
}

/* ---- the other sides of what is in a ring ---- */

static void tell_other_side(const char *what, int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	until_hung_up(fd);
	poll(&ask, 1, 0);
	say("%s:%s%s\n", what, ask.revents & POLLERR ? " err" : "",
	    ask.revents & POLLHUP ? " hup" : "");
	TRY(recv(fd, buf, 10, MSG_DONTWAIT));
	TRY(recv(fd, buf, 10, MSG_DONTWAIT));
	TRY(send_it(fd, "x"));
	close(fd);
}

/* It was not read, and is no reset: what is in a ring ends. */
static void other_side_of_itself(int type)
{
	static const char *const bytes[] = { "", "before", "after", "both", "back" };
	int fd[2];

	for (size_t i = 0; i < 5; i++) {
		begin("the other side, with bytes", type);
		say("%s\n", bytes[i]);
		pair(type, fd);
		if (i == 1 || i == 3)
			TRY(send_it(fd[0], "before"));
		enter(fd[0], fd[1]);
		if (i == 2 || i == 3)
			TRY(send_it(fd[0], "after"));
		if (i == 4)
			TRY(send_it(fd[1], "back"));
		close(fd[1]);
		end();
		tell_other_side("the other side", fd[0]);
	}
}

static void other_sides_of_two(int type)
{
	int one[2], two[2];

	begin("the other sides of two", type);
	pair(type, one);
	pair(type, two);
	enter(one[0], two[1]);
	enter(two[0], one[1]);
	TRY(send_it(one[0], "bytes"));
	close(one[1]);
	close(two[1]);
	end();
	tell_other_side("one", one[0]);
	tell_other_side("two", two[0]);
}

/* One that waits at a ring and is no part of it ends as ever. */
static void other_side_of_what_hangs_on(int type)
{
	int ring[2], fd[2];

	for (int files = 0; files < 2; files++) {
		begin("what hangs on a ring", type);
		pair(type, ring);
		pair(type, fd);
		if (files)
			put_fd(1);
		TRY(send_it(fd[0], "not read"));
		enter(ring[0], ring[1]);
		enter(ring[0], fd[1]);
		close(ring[1]);
		close(fd[1]);
		end();
		tell_other_side("the ring", ring[0]);
		tell_other_side("what hangs on", fd[0]);
	}
}

static void client_of_a_ring(int type)
{
	int listener = listener_at(type, "@backlog"), client = sock(type);

	begin("the client", type);
	TRY(connect_to(client, "@backlog"));
	enter(client, listener);
	close(listener);
	end();
	tell_other_side("the client", client);
}

/* ---- chains ---- */

/* Each in the next one: the last that is closed closes them all. */
static void chains_end(int type)
{
	int ends[2], held, fd[2];

	say("a chain, %s\n", name_of(type));
	make_pipe(ends);
	held = ends[1];
	for (int i = 0; i < CHAIN; i++) {
		pair(type, fd);
		must_send_fd(fd[0], held);
		close(held);
		close(fd[0]);
		held = fd[1];
	}
	is_open("the pipe", ends[0]);
	close(held);
	ends_at_last("the pipe", ends[0]);
	close(ends[0]);
}

/* The other way round: the first one is received, and in it the next. */
static void chains_are_received(int type)
{
	int ends[2], held, fd[2], n = 0;

	say("a chain is received, %s\n", name_of(type));
	make_pipe(ends);
	held = ends[1];
	for (int i = 0; i < 10; i++) {
		pair(type, fd);
		must_send_fd(fd[0], held);
		close(held);
		close(fd[0]);
		held = fd[1];
	}
	for (; n < 10 && receive_all(held) == 1; n++) {
		close(held);
		held = got[0];
	}
	TRY(write(held, "last", 4));
	TRY(read(ends[0], buf, 10));
	close(held);
	close(ends[0]);
}

/* ---- limits ---- */

static void several(int fd, int sent, size_t n)
{
	put_fds(sent, n);
	TRY(send_it(fd, "x"));
}

/* How many go, one at a time. */
static int send_until_refused(int fd, int sent)
{
	int n = 0;

	while (n < 1000 && send_fd(fd, "x", sent) == 1)
		n++;
	say("%d sent\n", n);
	if (n < 1000)
		result("then", -1);
	return n;
}

static int too_many_of_user(void *unused)
{
	int fd[2], other[2], ends[2];

	(void)unused;
	become_user();
	limit_fds(FEW);
	pair(SOCK_STREAM, fd);
	pair(SOCK_STREAM, other);
	make_pipe(ends);
	send_until_refused(fd[0], ends[1]);
	TRY(send_fd(other[0], "x", ends[1]));
	TRY(send_fd(other[0], "x", -1));
	TRY(send_it(other[0], "none"));
	put_fds(0, 0);
	TRY(send_it(other[0], "none of rights"));
	say("one is received\n");
	receive(fd[1], 1, ROOM, 0);
	close_got();
	send_until_refused(other[0], ends[1]);
	say("two are received\n");
	receive(fd[1], 1, ROOM, 0);
	close_got();
	receive(fd[1], 1, ROOM, 0);
	close_got();
	send_until_refused(other[0], ends[1]);
	say("all are dropped\n");
	close_both(fd);
	pair(SOCK_STREAM, fd);
	send_until_refused(fd[0], ends[1]);
	close_both(fd);
	close_both(other);
	say("many in a message\n");
	pair(SOCK_STREAM, fd);
	several(fd[0], ends[1], MOST_FDS);
	several(fd[0], ends[1], 1);
	TRY(read(fd[1], buf, 1));
	several(fd[0], ends[1], FEW);
	several(fd[0], ends[1], 1);
	several(fd[0], ends[1], 1);
	close(ends[1]);
	close_both(fd);
	ends_soon("all closed", ends[0]);
	return 0;
}

/* They are counted for the user who sends, in all its processes, and as long as they are on the way. */
static int others_send(void *fd)
{
	int *way = fd, status;

	if (fork() == 0) {
		become_user();
		limit_fds(FEW);
		_exit(send_until_refused(way[0], 0) == 1000);
	}
	wait(&status);
	ended("first", status);
	if (fork() == 0) {
		become_user();
		limit_fds(FEW);
		send_until_refused(way[0], 0);
		limit_fds(FEW / 2);
		send_until_refused(way[0], 0);
		_exit(0);
	}
	wait(&status);
	ended("second", status);
	if (fork() == 0) {
		if (setgid(100) != 0 || setuid(1001) != 0)
			_exit(80);
		limit_fds(FEW / 2);
		send_until_refused(way[0], 0);
		_exit(0);
	}
	wait(&status);
	ended("another user", status);
	return 0;
}

static int root_sends(void *fd)
{
	int *way = fd, n = 0;

	limit_fds(FEW);
	while (n < 60 && send_fd(way[0], "x", 0) == 1)
		n++;
	say("root: %d\n", n);
	return 0;
}

static void few_are_on_the_way(void)
{
	int fd[2];

	say("limits\n");
	in_child("a user", too_many_of_user, NULL);
	pair(SOCK_STREAM, fd);
	in_child("users", others_send, fd);
	close_both(fd);
	pair(SOCK_STREAM, fd);
	in_child("root", root_sends, fd);
	close_both(fd);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < 3; i++) {
		sent_to_itself(types[i]);
		for (int n = 2; n <= 5; n++)
			some_in_each_other(types[i], n);
		a_ring_is_reached(types[i]);
		a_ring_is_sent(types[i]);
		its_process_ends(types[i]);
		if (types[i] != SOCK_DGRAM)
			in_its_own_backlog(types[i]);
		if (types[i] != SOCK_DGRAM) {
			other_side_of_itself(types[i]);
			other_sides_of_two(types[i]);
			other_side_of_what_hangs_on(types[i]);
			client_of_a_ring(types[i]);
		}
		chains_end(types[i]);
		chains_are_received(types[i]);
		rings_go_on(types[i]);
	}
	sent_by_name();
	few_are_on_the_way();
	return 0;
}
