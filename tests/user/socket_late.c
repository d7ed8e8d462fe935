/* SPDX-License-Identifier: MIT */
/* R154: TCP after the other side has closed: the first write is taken, and answered by a reset. */
#include "socket_tcp.h"

#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define NO_MEMORY ((void *)-4096l)

static char buf[400000];
static volatile int nsignals;

static void count(int signal)
{
	(void)signal;
	nsignals++;
}

/* Who writes, after the other side has ended without anything that it has not read. */
static int late(void)
{
	int fd[2];

	tcp_pair(fd);
	close(fd[1]);
	until(fd[0], POLLRDHUP);
	nsignals = 0;
	return fd[0];
}

static void end(int fd)
{
	say("%d signals\n", nsignals);
	close(fd);
}

/* ---- each call that writes ---- */

typedef ssize_t (*write_call)(int fd);

static ssize_t by_write(int fd)
{
	return write(fd, "x", 1);
}

static ssize_t by_writev(int fd)
{
	struct iovec part[2] = { { buf, 1 }, { buf, 2 } };

	return writev(fd, part, 2);
}

static ssize_t by_pwritev2(int fd)
{
	return pwritev2(fd, &(struct iovec){ buf, 1 }, 1, -1, 0);
}

static ssize_t by_sendto(int fd)
{
	return sendto(fd, buf, 1, 0, NULL, 0);
}

static ssize_t by_quiet_send(int fd)
{
	return send(fd, buf, 1, MSG_NOSIGNAL);
}

static ssize_t by_send_at_once(int fd)
{
	return send(fd, buf, 1, MSG_DONTWAIT);
}

static ssize_t by_sendmsg(int fd)
{
	struct iovec part = { buf, 3 };

	return sendmsg(fd, &(struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 }, 0);
}

static ssize_t by_sendmmsg(int fd)
{
	struct iovec part = { buf, 1 };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

	return sendmmsg(fd, &one, 1, 0);
}

static ssize_t by_sendfile(int fd)
{
	int from = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ssize_t n;

	if (write(from, "bytes", 5) != 5)
		_exit(98);
	n = sendfile(fd, from, &(off_t){ 0 }, 5);
	close(from);
	unlink("file");
	return n;
}

static ssize_t by_splice(int fd)
{
	int ends[2];
	ssize_t n;

	if (pipe(ends) != 0 || write(ends[1], "bytes", 5) != 5)
		_exit(98);
	n = splice(ends[0], NULL, fd, NULL, 5, 0);
	close(ends[0]);
	close(ends[1]);
	return n;
}

static void write_thrice(const char *what, write_call call)
{
	int fd = late();

	for (int i = 0; i < 3; i++)
		result(what, call(fd));
	end(fd);
}

static void each_call(void)
{
	write_thrice("write", by_write);
	write_thrice("writev", by_writev);
	write_thrice("pwritev2", by_pwritev2);
	write_thrice("sendto", by_sendto);
	write_thrice("send with MSG_NOSIGNAL", by_quiet_send);
	write_thrice("send with MSG_DONTWAIT", by_send_at_once);
	write_thrice("sendmsg", by_sendmsg);
	write_thrice("sendmmsg", by_sendmmsg);
	write_thrice("sendfile", by_sendfile);
	write_thrice("splice", by_splice);
}

/* ---- what the next call says ---- */

static void then_others(void)
{
	int fd = late();

	say("events\n");
	events("before", fd);
	TRY(write(fd, "x", 1));
	events("after", fd);
	TRY(write(fd, "x", 1));
	events("and", fd);
	end(fd);
	say("SO_ERROR\n");
	fd = late();
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	TRY(write(fd, "x", 1));
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	events("after", fd);
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	TRY(write(fd, "x", 1));
	TRY(read(fd, buf, 1));
	end(fd);
	say("read\n");
	fd = late();
	TRY(write(fd, "x", 1));
	TRY(read(fd, buf, 1));
	TRY(recv(fd, buf, 1, MSG_PEEK));
	events("after", fd);
	TRY(write(fd, "x", 1));
	TRY(read(fd, buf, 1));
	end(fd);
	say("shutdown\n");
	fd = late();
	TRY(write(fd, "x", 1));
	TRY(shutdown(fd, SHUT_WR));
	events("after", fd);
	option("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
	end(fd);
}

static void of_no_bytes(void)
{
	int fd = late();

	say("no bytes\n");
	TRY(write(fd, "", 0));
	TRY(send(fd, "", 0, 0));
	events("after", fd);
	TRY(write(fd, "x", 1));
	events("after", fd);
	TRY(send(fd, "", 0, 0));
	events("after", fd);
	TRY(write(fd, "", 0));
	events("after", fd);
	end(fd);
	say("no memory\n");
	fd = late();
	TRY(write(fd, NO_MEMORY, 1));
	events("after", fd);
	TRY(write(fd, "x", 1));
	TRY(write(fd, NO_MEMORY, 1));
	end(fd);
	say("many bytes\n");
	fd = late();
	say("%s\n", write(fd, buf, sizeof(buf)) > 0 ? "taken" : "not taken");
	TRY(write(fd, "x", 1));
	end(fd);
}

/* ---- other ends ---- */

static void bytes_are_left(void)
{
	int fd[2];

	say("bytes that are not read\n");
	tcp_pair(fd);
	TRY(write(fd[1], "bytes", 5));
	close(fd[1]);
	until(fd[0], POLLRDHUP);
	nsignals = 0;
	TRY(write(fd[0], "x", 1));
	events("after", fd[0]);
	TRY(read(fd[0], buf, 3));
	TRY(write(fd[0], "x", 1));
	TRY(read(fd[0], buf, 100));
	TRY(read(fd[0], buf, 100));
	end(fd[0]);
}

static void half_is_shut(void)
{
	int fd[2];

	say("shut, and then closed\n");
	tcp_pair(fd);
	TRY(shutdown(fd[1], SHUT_WR));
	until(fd[0], POLLRDHUP);
	nsignals = 0;
	TRY(write(fd[0], "x", 1));
	TRY(write(fd[0], "x", 1));
	until(fd[1], POLLIN);
	TRY(read(fd[1], buf, 100));
	close(fd[1]);
	events("closed", fd[0]);
	TRY(write(fd[0], "x", 1));
	events("after", fd[0]);
	TRY(write(fd[0], "x", 1));
	TRY(read(fd[0], buf, 1));
	end(fd[0]);
	say("shut, and then closed with bytes\n");
	tcp_pair(fd);
	TRY(shutdown(fd[1], SHUT_WR));
	until(fd[0], POLLRDHUP);
	TRY(write(fd[0], "x", 1));
	until(fd[1], POLLIN);
	close(fd[1]);
	until(fd[0], POLLERR);
	events("closed", fd[0]);
	TRY(read(fd[0], buf, 1));
	TRY(write(fd[0], "x", 1));
	TRY(write(fd[0], "x", 1));
	end(fd[0]);
	say("who writes has shut its way in\n");
	tcp_pair(fd);
	TRY(shutdown(fd[0], SHUT_RD));
	close(fd[1]);
	until_state(fd[0], TCP_CLOSE_WAIT);
	nsignals = 0;
	TRY(write(fd[0], "x", 1));
	events("after", fd[0]);
	TRY(write(fd[0], "x", 1));
	end(fd[0]);
	say("who writes has shut its way out\n");
	tcp_pair(fd);
	TRY(shutdown(fd[0], SHUT_WR));
	close(fd[1]);
	until(fd[0], POLLRDHUP);
	nsignals = 0;
	TRY(write(fd[0], "x", 1));
	option("SO_ERROR", fd[0], SOL_SOCKET, SO_ERROR);
	events("after", fd[0]);
	end(fd[0]);
}

/* The other side has shut both ways, and is open. */
static void both_ways_are_shut(void)
{
	int fd[2];

	say("the way in is shut\n");
	tcp_pair(fd);
	TRY(shutdown(fd[1], SHUT_RD));
	nsignals = 0;
	TRY(write(fd[0], "x", 1));
	TRY(write(fd[0], "y", 1));
	events("who writes", fd[0]);
	until(fd[1], POLLIN);
	events("the other side", fd[1]);
	TRY(read(fd[1], buf, 100));
	TRY(read(fd[1], buf, 100));
	end(fd[0]);
	close(fd[1]);
	say("both ways are shut\n");
	tcp_pair(fd);
	TRY(shutdown(fd[1], SHUT_RDWR));
	until(fd[0], POLLRDHUP);
	nsignals = 0;
	events("who writes", fd[0]);
	TRY(write(fd[0], "x", 1));
	events("who writes", fd[0]);
	events("the other side", fd[1]);
	TRY(read(fd[1], buf, 100));
	option("SO_ERROR", fd[1], SOL_SOCKET, SO_ERROR);
	TRY(write(fd[0], "x", 1));
	TRY(read(fd[0], buf, 1));
	end(fd[0]);
	close(fd[1]);
	say("one after the other\n");
	tcp_pair(fd);
	TRY(write(fd[0], "before", 6));
	until(fd[1], POLLIN);
	TRY(shutdown(fd[1], SHUT_RD));
	TRY(shutdown(fd[1], SHUT_WR));
	until(fd[0], POLLRDHUP);
	nsignals = 0;
	TRY(write(fd[0], "x", 1));
	TRY(write(fd[0], "x", 1));
	TRY(read(fd[1], buf, 100));
	TRY(read(fd[1], buf, 100));
	end(fd[0]);
	close(fd[1]);
}

/* ---- who waits ---- */

static void fill(int fd)
{
	struct pollfd ask = { fd, POLLOUT, 0 };

	while (poll(&ask, 1, 50) == 1)
		while (send(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
}

static int writes(void *arg)
{
	int fd = *(int *)arg;

	TRY(write(fd, "x", 1));
	TRY(write(fd, "x", 1));
	say("%d signals\n", nsignals);
	return 0;
}

static void writer_waits(void)
{
	int fd[2], status;
	pid_t pid;

	say("who waits for room\n");
	tcp_pair(fd);
	fill(fd[0]);
	nsignals = 0;
	pid = fork();
	if (pid == 0) {
		close(fd[1]);
		_exit(writes(&fd[0]));
	}
	until_it_sleeps(pid);
	close(fd[1]);
	waitpid(pid, &status, 0);
	ended("who waits", status);
	close(fd[0]);
}

static void poller_waits(void)
{
	struct epoll_event event = { .events = EPOLLET };
	int fd = late(), epoll = epoll_create1(0), status;
	pid_t pid;

	say("who polls\n");
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	TRY(epoll_wait(epoll, &event, 1, 0));
	pid = fork();
	if (pid == 0)
		_exit(write(fd, "x", 1) != 1);
	TRY(epoll_wait(epoll, &event, 1, 5000));
	say("%s%s\n", event.events & EPOLLERR ? "err " : "", event.events & EPOLLHUP ? "hup" : "");
	waitpid(pid, &status, 0);
	ended("who writes", status);
	TRY(epoll_wait(epoll, &event, 1, 0));
	close(epoll);
	end(fd);
}

static int dies(void *unused)
{
	int fd = late();

	(void)unused;
	signal(SIGPIPE, SIG_DFL);
	TRY(write(fd, "x", 1));
	TRY(send(fd, "x", 1, MSG_NOSIGNAL));
	TRY(write(fd, "x", 1));
	return 0;
}

int main(void)
{
	signal(SIGPIPE, count);
	bring_up();
	each_call();
	then_others();
	of_no_bytes();
	bytes_are_left();
	half_is_shut();
	both_ways_are_shut();
	writer_waits();
	poller_waits();
	in_child("without a handler", dies, NULL);
	return 0;
}
