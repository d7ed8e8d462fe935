/* SPDX-License-Identifier: MIT */
/* R154: what calls say of a TCP connection that is over, and of one of which a part is. */
#include "socket_tcp.h"

#include <sys/uio.h>

#define AT(at) (const struct sockaddr *)(at), sizeof(struct sockaddr_in)

static char buf[100];

static void peer_of(int fd)
{
	struct sockaddr_in at;
	socklen_t n = sizeof(at);

	TRY(getpeername(fd, (struct sockaddr *)&at, &n));
}

static void look(const char *what, int fd)
{
	struct sockaddr_in at = loopback(9);
	socklen_t n = sizeof(at);
	int bytes = -1;

	say("%s: state %d\n", what, state_of(fd));
	events("  events", fd);
	peer_of(fd);
	n = sizeof(at);
	TRY(getsockname(fd, (struct sockaddr *)&at, &n));
	TRY(connect(fd, AT(&at)));
	TRY(ioctl(fd, FIONREAD, &bytes));
	say("  %d bytes\n", bytes);
	TRY(listen(fd, 1));
}

/* And what others change. */
static void try_all(const char *what, int fd)
{
	look(what, fd);
	TRY(recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
	TRY(recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
	TRY(send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT));
	TRY(shutdown(fd, SHUT_RD));
	TRY(shutdown(fd, SHUT_WR));
	TRY(shutdown(fd, SHUT_RDWR));
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
}

static void reset_by(int fd)
{
	const struct linger no_time = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &no_time, sizeof(no_time));
	close(fd);
}

static void new_ones(void)
{
	struct sockaddr_in at;
	int fd = socket(AF_INET, SOCK_STREAM, 0), listener = bound_to(SOCK_STREAM, &at);

	try_all("new", fd);
	close(fd);
	TRY(listen(listener, 1));
	say("listens: state %d\n", state_of(listener));
	peer_of(listener);
	TRY(recv(listener, buf, 1, 0));
	TRY(send(listener, buf, 1, MSG_NOSIGNAL));
	TRY(connect(listener, AT(&at)));
	TRY(shutdown(listener, SHUT_WR));
	events("  events", listener);
	say("state %d\n", state_of(listener));
	TRY(shutdown(listener, SHUT_RD));
	events("  events", listener);
	say("state %d\n", state_of(listener));
	TRY(accept(listener, NULL, NULL));
	TRY(shutdown(listener, SHUT_RDWR));
	TRY(listen(listener, 1));
	say("state %d\n", state_of(listener));
	close(listener);
}

static void one_side_ends(void)
{
	int fd[2];

	tcp_pair(fd);
	look("connected", fd[0]);
	close(fd[0]);
	close(fd[1]);
	tcp_pair(fd);
	close(fd[1]);
	until_state(fd[0], TCP_CLOSE_WAIT);
	try_all("the other side has closed", fd[0]);
	until_state(fd[0], TCP_CLOSE);
	try_all("and now this side has shut its way", fd[0]);
	close(fd[0]);
	tcp_pair(fd);
	TRY(shutdown(fd[0], SHUT_WR));
	until_state(fd[0], TCP_FIN_WAIT2);
	look("this side has shut its way", fd[0]);
	until_state(fd[1], TCP_CLOSE_WAIT);
	look("of the other side", fd[1]);
	close(fd[1]);
	until_state(fd[0], TCP_CLOSE);
	try_all("and now the other side has closed", fd[0]);
	close(fd[0]);
}

static void both_sides_shut(void)
{
	int fd[2];

	tcp_pair(fd);
	TRY(write(fd[1], "bytes", 5));
	until(fd[0], POLLIN);
	TRY(shutdown(fd[0], SHUT_WR));
	TRY(shutdown(fd[1], SHUT_WR));
	until_state(fd[0], TCP_CLOSE);
	until_state(fd[1], TCP_CLOSE);
	try_all("both have shut their way, the first", fd[0]);
	try_all("and the last", fd[1]);
	close(fd[0]);
	close(fd[1]);
	tcp_pair(fd);
	TRY(shutdown(fd[0], SHUT_RDWR));
	until_state(fd[0], TCP_FIN_WAIT2);
	try_all("both ways are shut by this side", fd[0]);
	until_state(fd[1], TCP_CLOSE_WAIT);
	look("of the other side", fd[1]);
	TRY(shutdown(fd[1], SHUT_RDWR));
	until_state(fd[1], TCP_CLOSE);
	look("both ways are shut by both", fd[1]);
	close(fd[0]);
	close(fd[1]);
	tcp_pair(fd);
	TRY(shutdown(fd[0], SHUT_RD));
	try_all("the way in is shut by this side", fd[0]);
	close(fd[0]);
	close(fd[1]);
}

static void one_side_resets(void)
{
	int fd[2];

	tcp_pair(fd);
	reset_by(fd[1]);
	until_state(fd[0], TCP_CLOSE);
	try_all("reset", fd[0]);
	close(fd[0]);
	tcp_pair(fd);
	reset_by(fd[1]);
	until_state(fd[0], TCP_CLOSE);
	option("SO_ERROR", fd[0], SOL_SOCKET, SO_ERROR);
	try_all("reset, and its error was asked for", fd[0]);
	close(fd[0]);
	tcp_pair(fd);
	TRY(write(fd[1], "bytes", 5));
	until(fd[0], POLLIN);
	reset_by(fd[1]);
	until_state(fd[0], TCP_CLOSE);
	try_all("reset, with bytes", fd[0]);
	close(fd[0]);
	tcp_pair(fd);
	TRY(shutdown(fd[1], SHUT_WR));
	until_state(fd[0], TCP_CLOSE_WAIT);
	reset_by(fd[1]);
	until_state(fd[0], TCP_CLOSE);
	try_all("shut, and then reset", fd[0]);
	close(fd[0]);
	tcp_pair(fd);
	TRY(shutdown(fd[0], SHUT_WR));
	until_state(fd[1], TCP_CLOSE_WAIT);
	reset_by(fd[1]);
	until_state(fd[0], TCP_CLOSE);
	try_all("reset, and its way out was shut", fd[0]);
	close(fd[0]);
	tcp_pair(fd);
	TRY(write(fd[0], "bytes", 5));
	until(fd[1], POLLIN);
	close(fd[1]);
	until_state(fd[0], TCP_CLOSE);
	try_all("closed with bytes that are not read", fd[0]);
	close(fd[0]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	bring_up();
	new_ones();
	one_side_ends();
	both_sides_shut();
	one_side_resets();
	return 0;
}
