/* SPDX-License-Identifier: MIT */
/* What sockets cost whose server is another process. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipcbench.h"

#define BULK (16 * PAGE)

static pid_t echo_pid;
static int echo[2], own[2];
static char out[BULK], in[BULK];

static void pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0)
		return;
	perror("socketpair");
	exit(1);
}

/* Another process that sends each byte back. */
static void echo_begin(void)
{
	char byte;

	pair(own);
	pair(echo);
	memset(out, 7, sizeof(out));
	echo_pid = fork();
	if (echo_pid != 0) {
		close(echo[1]);
		return;
	}
	close(echo[0]);
	while (read(echo[1], &byte, 1) == 1 && write(echo[1], &byte, 1) == 1)
		;
	_exit(0);
}

int stream_round_trip(uint64_t i, uint64_t *cost)
{
	char byte = (char)i, back = 0;
	uint64_t begin;
	int good;

	if (!echo_pid)
		echo_begin();
	begin = instructions();
	good = write(echo[0], &byte, 1) == 1 && read(echo[0], &back, 1) == 1;
	*cost = instructions() - begin;
	return good && back == byte;
}

int stream_64k(uint64_t i, uint64_t *cost)
{
	uint64_t begin;
	int good;

	if (!echo_pid)
		echo_begin();
	out[BULK - 1] = (char)i;
	begin = instructions();
	good = write(own[0], out, BULK) == BULK && read(own[1], in, BULK) == BULK;
	*cost = instructions() - begin;
	return good && in[0] == 7 && in[BULK - 1] == (char)i;
}

int socketpair_and_close(uint64_t i, uint64_t *cost)
{
	uint64_t begin = instructions();
	int ends[2];

	(void)i;
	pair(ends);
	close(ends[0]);
	close(ends[1]);
	*cost = instructions() - begin;
	return 1;
}

int connect_and_accept(uint64_t i, uint64_t *cost)
{
	static const struct sockaddr_un name = { AF_UNIX, "\0ipcbench" };
	static int listener = -1;
	uint64_t begin;
	int client, server, good;

	(void)i;
	if (listener < 0) {
		listener = socket(AF_UNIX, SOCK_STREAM, 0);
		if (bind(listener, (const struct sockaddr *)&name, sizeof(name)) != 0 ||
		    listen(listener, 1) != 0)
			return 0;
	}
	begin = instructions();
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	good = connect(client, (const struct sockaddr *)&name, sizeof(name)) == 0;
	server = accept(listener, NULL, NULL);
	close(client);
	close(server);
	*cost = instructions() - begin;
	return good && server >= 0;
}

int datagram(uint64_t i, uint64_t *cost)
{
	static int ends[2];
	uint64_t begin;
	char byte = (char)i, back = 0;
	int good;

	if (ends[0] == ends[1] && socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
		return 0;
	begin = instructions();
	good = send(ends[0], &byte, 1, 0) == 1 && recv(ends[1], &back, 1, 0) == 1;
	*cost = instructions() - begin;
	return good && back == byte;
}

void sockets_end(void)
{
	if (!echo_pid)
		return;
	close(echo[0]);
	waitpid(echo_pid, NULL, 0);
}
