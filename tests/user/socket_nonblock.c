/* SPDX-License-Identifier: MIT */
/* R154: connect() of TCP that does not wait, and where as many wait to be accepted as may. */
#include "socket_tcp.h"

#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/un.h>

#define AT(at) (const struct sockaddr *)(at), sizeof(struct sockaddr_in)

static char buf[100];

static int tcp(int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	if (fd < 0)
		_exit(91);
	return fd;
}

static int listening(struct sockaddr_in *at, int most)
{
	int fd = bound_to(SOCK_STREAM, at);

	if (listen(fd, most) != 0)
		_exit(92);
	return fd;
}

/* A port that nobody listens at. */
static struct sockaddr_in nowhere(void)
{
	struct sockaddr_in at;

	close(bound_to(SOCK_STREAM, &at));
	return at;
}

static void peer_of(int fd)
{
	struct sockaddr_in at;
	socklen_t n = sizeof(at);

	TRY(getpeername(fd, (struct sockaddr *)&at, &n));
}

/* ---- at once ---- */

static void one_is_connected(void)
{
	struct sockaddr_in at;
	int listener = listening(&at, 5), fd = tcp(SOCK_NONBLOCK), server;

	say("connected\n");
	TRY(connect(fd, AT(&at)));
	until(fd, POLLOUT);
	events("connected", fd);
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	peer_of(fd);
	TRY(connect(fd, AT(&at)));
	TRY(connect(fd, AT(&at)));
	until(listener, POLLIN);
	server = accept(listener, NULL, NULL);
	TRY(write(fd, "bytes", 5));
	until(server, POLLIN);
	TRY(read(server, buf, 100));
	close(fd);
	close(server);
	fd = tcp(0);
	say("then it waits\n");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	TRY(connect(fd, AT(&at)));
	fcntl(fd, F_SETFL, 0);
	TRY(connect(fd, AT(&at)));
	TRY(connect(fd, AT(&at)));
	server = accept(listener, NULL, NULL);
	close(fd);
	close(server);
	say("used without another call\n");
	fd = tcp(SOCK_NONBLOCK);
	TRY(connect(fd, AT(&at)));
	until(fd, POLLOUT);
	TRY(send(fd, "x", 1, 0));
	server = accept(listener, NULL, NULL);
	TRY(shutdown(fd, SHUT_WR));
	TRY(connect(fd, AT(&at)));
	close(fd);
	close(server);
	fd = tcp(0);
	TRY(connect(fd, AT(&at)));
	TRY(connect(fd, AT(&at)));
	close(fd);
	close(accept(listener, NULL, NULL));
	close(listener);
}

static void one_is_refused(void)
{
	struct sockaddr_in at = nowhere(), good;
	int listener = listening(&good, 5), fd = tcp(SOCK_NONBLOCK);

	say("refused\n");
	TRY(connect(fd, AT(&at)));
	until(fd, POLLOUT);
	events("refused", fd);
	say("state %d\n", state_of(fd));
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	events("asked", fd);
	TRY(connect(fd, AT(&at)));
	TRY(connect(fd, AT(&good)));
	until(fd, POLLOUT);
	events("another", fd);
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	close(fd);
	close(accept(listener, NULL, NULL));
	say("by the next connect\n");
	fd = tcp(SOCK_NONBLOCK);
	TRY(connect(fd, AT(&at)));
	until(fd, POLLOUT);
	TRY(connect(fd, AT(&at)));
	TRY(connect(fd, AT(&at)));
	close(fd);
	say("by read\n");
	fd = tcp(SOCK_NONBLOCK);
	TRY(connect(fd, AT(&at)));
	until(fd, POLLOUT);
	TRY(read(fd, buf, 1));
	TRY(read(fd, buf, 1));
	TRY(send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	say("by write\n");
	fd = tcp(SOCK_NONBLOCK);
	TRY(connect(fd, AT(&at)));
	until(fd, POLLOUT);
	TRY(send(fd, "x", 1, MSG_NOSIGNAL));
	TRY(send(fd, "x", 1, MSG_NOSIGNAL));
	TRY(read(fd, buf, 1));
	peer_of(fd);
	TRY(shutdown(fd, SHUT_WR));
	close(fd);
	say("who waits\n");
	fd = tcp(0);
	TRY(connect(fd, AT(&at)));
	events("refused", fd);
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	TRY(connect(fd, AT(&good)));
	close(fd);
	close(accept(listener, NULL, NULL));
	close(listener);
}

/* ---- without room ---- */

#define MOST 1 /* there is room for one more, as on Linux */

/* One that listens, and has no room. */
static int full(struct sockaddr_in *at, int fd[MOST + 1])
{
	int listener = listening(at, MOST);

	for (int i = 0; i <= MOST; i++) {
		fd[i] = tcp(0);
		if (connect(fd[i], AT(at)) != 0)
			_exit(93);
	}
	return listener;
}

static void close_all(const int fd[MOST + 1])
{
	for (int i = 0; i <= MOST; i++)
		close(fd[i]);
}

static void one_finds_no_room(void)
{
	struct sockaddr_in at;
	int first[MOST + 1], listener = full(&at, first), fd = tcp(SOCK_NONBLOCK), server = -1;
	socklen_t n = sizeof(at);

	say("no room\n");
	TRY(connect(fd, AT(&at)));
	events("no room", fd);
	say("state %d\n", state_of(fd));
	TRY(connect(fd, AT(&at)));
	peer_of(fd);
	TRY(getsockname(fd, (struct sockaddr *)buf, &n));
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	TRY(read(fd, buf, 1));
	TRY(write(fd, "x", 1));
	TRY(send(fd, "x", 1, MSG_NOSIGNAL));
	TRY(listen(fd, 1));
	TRY(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	for (int i = 0; i <= MOST; i++)
		close(accept(listener, NULL, NULL));
	until(fd, POLLOUT);
	events("accepted", fd);
	say("state %d\n", state_of(fd));
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	TRY(write(fd, "bytes", 5));
	server = accept(listener, NULL, NULL);
	until(server, POLLIN);
	TRY(read(server, buf, 100));
	TRY(connect(fd, AT(&at)));
	TRY(connect(fd, AT(&at)));
	close(server);
	close(fd);
	close_all(first);
	close(listener);
}

/* The socket that listens is closed, or is shut. */
static void nobody_listens_any_more(void)
{
	struct sockaddr_in at;
	int first[MOST + 1], listener = full(&at, first), fd = tcp(SOCK_NONBLOCK);

	say("closed\n");
	TRY(connect(fd, AT(&at)));
	close(listener);
	until(fd, POLLOUT);
	events("closed", fd);
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	until(first[0], POLLERR);
	events("the first", first[0]);
	close(fd);
	close_all(first);
	say("shut\n");
	listener = full(&at, first);
	fd = tcp(SOCK_NONBLOCK);
	TRY(connect(fd, AT(&at)));
	TRY(shutdown(listener, SHUT_RD));
	until(fd, POLLOUT);
	events("shut", fd);
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	until(first[0], POLLERR);
	events("the first", first[0]);
	close(fd);
	close_all(first);
	close(listener);
}

static void one_gives_up(void)
{
	struct sockaddr_in at;
	int first[MOST + 1], listener = full(&at, first), fd = tcp(SOCK_NONBLOCK);

	say("shuts its way\n");
	TRY(connect(fd, AT(&at)));
	TRY(shutdown(fd, SHUT_WR));
	say("state %d\n", state_of(fd));
	events("shut", fd);
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	TRY(connect(fd, AT(&at)));
	say("closes\n");
	close(fd);
	fd = tcp(SOCK_NONBLOCK);
	TRY(connect(fd, AT(&at)));
	close(fd);
	for (int i = 0; i <= MOST; i++)
		close(accept(listener, NULL, NULL));
	TRY(poll(&(struct pollfd){ listener, POLLIN, 0 }, 1, 50));
	close_all(first);
	close(listener);
}

/* ---- who waits for room ---- */

static int connects(void *arg)
{
	int fd = tcp(0);

	TRY(connect(fd, AT(arg)));
	events("connected", fd);
	return 0;
}

static int connects_a_while(void *arg)
{
	const struct timeval time = { 0, 50000 };
	int fd = tcp(0);

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
	TRY(connect(fd, AT(arg)));
	say("state %d\n", state_of(fd));
	TRY(connect(fd, AT(arg)));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	TRY(connect(fd, AT(arg)));
	return 0;
}

static void nothing(int signal)
{
	(void)signal;
}

static int connects_until_a_signal(void *arg)
{
	struct sigaction action = { .sa_handler = nothing };
	const struct itimerval time = { .it_value = { 0, 50000 } };
	int fd = tcp(0);

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &time, NULL);
	TRY(connect(fd, AT(arg)));
	say("state %d\n", state_of(fd));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	TRY(connect(fd, AT(arg)));
	return 0;
}

static int writes_early(void *arg)
{
	int fd = tcp(SOCK_NONBLOCK);

	TRY(connect(fd, AT(arg)));
	fcntl(fd, F_SETFL, 0);
	TRY(write(fd, "early", 5));
	return 0;
}

static void some_wait(void)
{
	struct sockaddr_in at;
	int first[MOST + 1], listener = full(&at, first), status, server;
	pid_t pid;

	say("who waits\n");
	in_child("with a time", connects_a_while, &at);
	in_child("with a signal", connects_until_a_signal, &at);
	pid = fork();
	if (pid == 0)
		_exit(connects(&at));
	until_it_sleeps(pid);
	for (int i = 0; i <= MOST; i++)
		close(accept(listener, NULL, NULL));
	waitpid(pid, &status, 0);
	ended("who has waited", status);
	close(accept(listener, NULL, NULL));
	close_all(first);
	close(listener);
	listener = full(&at, first);
	pid = fork();
	if (pid == 0)
		_exit(writes_early(&at));
	until_it_sleeps(pid);
	for (int i = 0; i <= MOST; i++)
		close(accept(listener, NULL, NULL));
	waitpid(pid, &status, 0);
	ended("who has written", status);
	server = accept(listener, NULL, NULL);
	TRY(read(server, buf, sizeof(buf)));
	TRY(read(server, buf, sizeof(buf)));
	close(server);
	close_all(first);
	close(listener);
}

/* ---- AF_UNIX ---- */

static void of_unix(void)
{
	const struct sockaddr_un at = { AF_UNIX, "\0nonblock" };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd[3];

	say("AF_UNIX\n");
	TRY(bind(listener, (const struct sockaddr *)&at, 11));
	TRY(listen(listener, 1));
	for (int i = 0; i < 3; i++) {
		fd[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		TRY(connect(fd[i], (const struct sockaddr *)&at, 11));
		events("connected", fd[i]);
	}
	TRY(connect(fd[2], (const struct sockaddr *)&at, 11));
	close(listener);
	TRY(connect(fd[2], (const struct sockaddr *)&at, 11));
	for (int i = 0; i < 3; i++)
		close(fd[i]);
}

/* ---- epoll ---- */

static void one_is_waited_for(void)
{
	struct sockaddr_in at;
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int first[MOST + 1], listener = full(&at, first), fd = tcp(SOCK_NONBLOCK);
	int epoll = epoll_create1(0);

	say("epoll\n");
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	TRY(epoll_wait(epoll, &event, 1, 0));
	TRY(connect(fd, AT(&at)));
	TRY(epoll_wait(epoll, &event, 1, 0));
	for (int i = 0; i <= MOST; i++)
		close(accept(listener, NULL, NULL));
	TRY(epoll_wait(epoll, &event, 1, 5000));
	say("%s%s\n", event.events & EPOLLOUT ? "out" : "", event.events & EPOLLHUP ? " hup" : "");
	TRY(epoll_wait(epoll, &event, 1, 0));
	close(fd);
	close(epoll);
	close_all(first);
	close(listener);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	bring_up();
	one_is_connected();
	one_is_refused();
	one_finds_no_room();
	nobody_listens_any_more();
	one_gives_up();
	some_wait();
	of_unix();
	one_is_waited_for();
	return 0;
}
