/* SPDX-License-Identifier: MIT */
/* Sockets whose server is killed all the time: connections go on, and each call is answered by the next server. */
#define _GNU_SOURCE
#include "sockets/sockd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "killed_server.h"
#include "rights.h"

/* ---- what a session does ---- */

static int failed(const char *what, long result)
{
	printf("%s: %ld, %s\n", what, result, strerrorname_np(errno));
	return 1;
}

#define NEED(what)                                      \
	do {                                            \
		if (!(what))                            \
			return failed(#what, __LINE__); \
	} while (0)

/* Bytes go both ways. */
static int talk(int one, int other)
{
	char text[16];

	NEED(write(one, "to the other", 12) == 12);
	NEED(read(other, text, sizeof(text)) == 12 && memcmp(text, "to the other", 12) == 0);
	NEED(write(other, "and back", 8) == 8);
	NEED(read(one, text, sizeof(text)) == 8 && memcmp(text, "and back", 8) == 0);
	return 0;
}

static socklen_t name_of_session(struct sockaddr_un *name, const char *word)
{
	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(name->sun_path + 1, word);
	return (socklen_t)(PATH_AT + 1 + strlen(word));
}

static int pairs(void)
{
	int fd[2], value = 1;
	socklen_t n = sizeof(value);
	struct ucred maker;

	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	if (talk(fd[0], fd[1]))
		return 1;
	NEED(setsockopt(fd[0], SOL_SOCKET, SO_PASSCRED, &value, sizeof(value)) == 0);
	value = 0;
	NEED(getsockopt(fd[0], SOL_SOCKET, SO_PASSCRED, &value, &n) == 0 && value == 1);
	n = sizeof(maker);
	NEED(getsockopt(fd[1], SOL_SOCKET, SO_PEERCRED, &maker, &n) == 0 && maker.pid == getpid());
	close(fd[0]);
	NEED(read(fd[1], &value, 1) == 0);
	close(fd[1]);
	return 0;
}

static int names(void)
{
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	int other = socket(AF_UNIX, SOCK_STREAM, 0), server;
	struct sockaddr_un name, found;
	socklen_t n = name_of_session(&name, "session"), length = sizeof(found);
	char text[8];

	NEED(listener >= 0 && client >= 0 && other >= 0);
	NEED(bind(listener, (struct sockaddr *)&name, n) == 0);
	NEED(bind(other, (struct sockaddr *)&name, n) < 0 && errno == EADDRINUSE);
	NEED(connect(client, (struct sockaddr *)&name, n) < 0 && errno == ECONNREFUSED);
	NEED(listen(listener, 4) == 0);
	NEED(connect(client, (struct sockaddr *)&name, n) == 0);
	NEED(write(client, "early", 5) == 5);
	NEED(connect(other, (struct sockaddr *)&name, n) == 0);
	NEED(connect(other, (struct sockaddr *)&name, n) < 0 && errno == EISCONN);
	server = accept(listener, NULL, NULL);
	NEED(server >= 0 && read(server, text, sizeof(text)) == 5);
	if (talk(client, server))
		return 1;
	NEED(getpeername(client, (struct sockaddr *)&found, &length) == 0 && length == n &&
	     memcmp(&found, &name, n) == 0);
	close(server);
	NEED(read(client, text, 1) == 0);
	close(client);
	client = accept(listener, NULL, NULL);
	NEED(client >= 0);
	if (talk(client, other))
		return 1;
	close(listener);
	close(client);
	close(other);
	return 0;
}

/* One process waits for who connects. */
static int waits(void)
{
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un name;
	socklen_t n = name_of_session(&name, "waits");
	int status = -1;
	char text[8];
	pid_t pid;

	NEED(listener >= 0 && client >= 0);
	NEED(bind(listener, (struct sockaddr *)&name, n) == 0 && listen(listener, 1) == 0);
	pid = fork();
	if (pid == 0) {
		int server = accept(listener, NULL, NULL);

		_exit(server < 0 || write(server, "hello", 5) != 5);
	}
	NEED(connect(client, (struct sockaddr *)&name, n) == 0);
	NEED(read(client, text, sizeof(text)) == 5);
	NEED(waitpid(pid, &status, 0) == pid && status == 0);
	NEED(read(client, text, sizeof(text)) == 0);
	close(client);
	close(listener);
	return 0;
}

/* With SO_LINGER of 0 of the one that listens, the close of an accepted socket resets the other side. */
static int resets(void)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	const struct linger no_time = { 1, 0 }, off = { 0, 0 };
	struct sockaddr_in at;
	socklen_t n = sizeof(at);
	int server;
	char byte;

	NEED(listen(listener, 1) == 0);
	NEED(getsockname(listener, (struct sockaddr *)&at, &n) == 0);
	NEED(setsockopt(listener, SOL_SOCKET, SO_LINGER, &no_time, sizeof(no_time)) == 0);
	NEED(connect(client, (struct sockaddr *)&at, n) == 0);
	server = accept(listener, NULL, NULL);
	NEED(server >= 0);
	close(server);
	NEED(read(client, &byte, 1) < 0 && errno == ECONNRESET);
	close(client);
	client = socket(AF_INET, SOCK_STREAM, 0);
	NEED(connect(client, (struct sockaddr *)&at, n) == 0);
	server = accept(listener, NULL, NULL);
	NEED(setsockopt(server, SOL_SOCKET, SO_LINGER, &off, sizeof(off)) == 0);
	close(server);
	NEED(read(client, &byte, 1) == 0);
	close(client);
	close(listener);
	return 0;
}

/* Two questions in one message: each has one answer. */
static int asks(void)
{
	struct nlmsghdr ask[2] = { { 16, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
				   { 16, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, 2, 0 } };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct sockaddr_nl name;
	socklen_t n = sizeof(name);
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer;

	NEED(fd >= 0 && send(fd, ask, sizeof(ask), 0) == sizeof(ask));
	NEED(getsockname(fd, (struct sockaddr *)&name, &n) == 0 &&
	     name.nl_pid == (uint32_t)getpid());
	NEED(recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC) == sizeof(answer));
	NEED(recv(fd, &answer, sizeof(answer), 0) == sizeof(answer) && answer.head.nlmsg_seq == 1);
	NEED(recv(fd, &answer, sizeof(answer), 0) == sizeof(answer) && answer.head.nlmsg_seq == 2);
	NEED(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) < 0 && errno == EAGAIN);
	close(fd);
	return 0;
}

/* Each socket has a line, and each line is whole. */
static int read_table(int table)
{
	static char text[4096];
	const char *line;
	size_t size = 0;
	ssize_t n;

	while ((n = read(table, text + size, 80)) > 0)
		size += (size_t)n;
	NEED(n == 0 && size > 0);
	text[size] = '\0';
	NEED(strncmp(text, "Num ", 4) == 0 && text[size - 1] == '\n');
	line = strstr(text, " @in the table\n");
	NEED(line && !strstr(line + 1, " @in the table\n"));
	return 0;
}

/* A table of sockets is read in pieces, by way of several servers. */
static int lists(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), table = open("/proc/net/unix", O_RDONLY);
	struct sockaddr_un name;
	socklen_t n = name_of_session(&name, "in the table");

	NEED(fd >= 0 && table >= 0 && bind(fd, (struct sockaddr *)&name, n) == 0);
	if (read_table(table))
		return 1;
	NEED(lseek(table, 0, SEEK_SET) == 0);
	if (read_table(table))
		return 1;
	close(fd);
	close(table);
	return 0;
}

/* Sends the end of a pipe that is written to, and closes it. Returns the other end. */
static int send_end_of_pipe(int socket)
{
	struct rights rights;
	int ends[2] = { -1, -1 };

	if (pipe(ends) != 0)
		return -1;
	rights_init(&rights, ends[1], (char *)"x", 1);
	if (sendmsg(socket, &rights.message, 0) != 1) {
		failed("sendmsg", 0);
		close(ends[0]);
		ends[0] = -1;
	}
	close(ends[1]);
	return ends[0];
}

/* Returns the descriptor that came with a message, or -1: it is lost with a server, or comes to `nowhere`. */
static int receive_end_of_pipe(int socket, char *to)
{
	struct rights rights;

	rights_init(&rights, -1, to, 1);
	return recvmsg(socket, &rights.message, MSG_DONTWAIT) == 1 ? rights_fd(&rights) : -1;
}

/* Nobody has the other end of the pipe any more, or soon. */
static int see_end_of_pipe(int end)
{
	struct pollfd hung = { .fd = end };
	char byte;

	NEED(poll(&hung, 1, 10000) == 1);
	NEED(read(end, &byte, 1) == 0);
	close(end);
	return 0;
}

/* A descriptor arrives with its message; or it is closed: if the message is lost, cannot be copied, or is never received. */
static int travels(int type)
{
	static char *volatile nowhere = (char *)8;
	int fd[2], end, came;
	char byte;

	NEED(socketpair(AF_UNIX, type, 0, fd) == 0);
	NEED((end = send_end_of_pipe(fd[0])) >= 0);
	came = receive_end_of_pipe(fd[1], &byte);
	if (came >= 0) {
		NEED(write(came, "y", 1) == 1 && read(end, &byte, 1) == 1 && byte == 'y');
		close(came);
	}
	if (see_end_of_pipe(end))
		return 1;
	NEED((end = send_end_of_pipe(fd[0])) >= 0);
	NEED(receive_end_of_pipe(fd[1], nowhere) < 0);
	if (see_end_of_pipe(end))
		return 1;
	NEED((end = send_end_of_pipe(fd[0])) >= 0);
	close(fd[1]);
	if (see_end_of_pipe(end))
		return 1;
	close(fd[0]);
	return 0;
}

/* A connection that was there before goes on meanwhile. */
static int pump(int from, int to, size_t total)
{
	static char bytes[1000];
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		for (size_t done = 0; done < total; done += sizeof(bytes)) {
			for (size_t i = 0; i < sizeof(bytes); i++)
				bytes[i] = (char)((done + i) % 251);
			if (write(from, bytes, sizeof(bytes)) != sizeof(bytes))
				_exit(1);
		}
		_exit(0);
	}
	close(from);
	for (size_t done = 0, n; done < total; done += n) {
		n = (size_t)read(to, bytes, 1 + done % sizeof(bytes));
		NEED((ssize_t)n > 0);
		for (size_t i = 0; i < n; i++)
			NEED(bytes[i] == (char)((done + i) % 251));
	}
	NEED(waitpid(pid, &status, 0) == pid && status == 0);
	NEED(read(to, bytes, 1) == 0);
	return 0;
}

static int all_of_it(size_t rounds)
{
	int fd[2], status = -1;
	pid_t pid;

	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	pid = fork();
	if (pid == 0)
		_exit(pump(fd[0], fd[1], rounds * 20000));
	close(fd[0]);
	close(fd[1]);
	for (size_t i = 0; i < rounds; i++)
		if (pairs() || names() || waits() || resets() || asks() || lists() ||
		    travels(SOCK_DGRAM) || travels(SOCK_SEQPACKET))
			return 1;
	NEED(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

/* ---- its servers ---- */

static int serve_traced(int argc, char **argv)
{
	return sockd_main(argc, argv, killed_traced);
}

static const struct killed_server sockd = {
	.path = "/srv/socket",
	.recovery = 1 << 20,
	.life = 46,
	.serve = serve_traced,
	.use = all_of_it,
};

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	signal(SIGPIPE, SIG_IGN);
	killed_init();
	return argc > 1 && strcmp(argv[1], "steps") != 0
		       ? killed_often(&sockd, 20, (unsigned)atoi(argv[1]))
		       : killed_at_each_step(&sockd, 1, 50);
}
