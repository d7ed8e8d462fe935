/* SPDX-License-Identifier: MIT */
/* The other examples of docs/servers.md: buffers, descriptors, badges, deadlines, a server that dies. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/ipc.h"

enum { UPPER, LENGTH, WHO, NEVER };

/* Answers with the caller's text in capitals. */
static void do_upper(int receive, long rcvid, struct ipc_message *m)
{
	char text[256];
	long n = ipc_read(receive, rcvid, text, sizeof(text), 0);

	for (long i = 0; i < n; i++)
		text[i] = (char)toupper(text[i]);
	m->word[0] = n < 0 ? 0 : (uint64_t)ipc_write(receive, rcvid, text, (uint64_t)n, 0);
}

/* Answers with the length of the file that the caller has sent. */
static void do_length(int receive, long rcvid, struct ipc_message *m)
{
	int fd = ipc_take(receive, rcvid, 0, IPC_CLOEXEC);

	m->word[0] = fd < 0 ? 0 : (uint64_t)lseek(fd, 0, SEEK_END);
	if (fd >= 0)
		close(fd);
}

static void serve(int receive)
{
	struct ipc_message m = { 0 };
	long rcvid = 0;

	for (;;) {
		rcvid = ipc_reply_receive(receive, rcvid, &m, IPC_NEVER);
		if (rcvid == -ESRCH || rcvid == -EINTR) {
			rcvid = 0; /* the caller has gone; a handler has run */
			continue;
		}
		if (rcvid < 0 || (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED))
			_exit(rcvid < 0);
		if (rcvid == 0)
			continue; /* another pulse */
		if (m.word[0] == UPPER)
			do_upper(receive, rcvid, &m);
		else if (m.word[0] == LENGTH)
			do_length(receive, rcvid, &m);
		else if (m.word[0] == WHO)
			m.word[0] = m.badge;
		else
			rcvid = 0; /* not answered now, and maybe never */
	}
}

static void ask_upper(int send)
{
	char text[] = "a message in the caller's memory";
	struct ipc_transfer with = { .send = text,
				     .send_length = sizeof(text),
				     .receive = text,
				     .receive_length = sizeof(text) };
	struct ipc_message m = { .word = { UPPER } };

	if (ipc_call_with(send, &m, &with, IPC_NEVER) == 0)
		printf("%s (%lu bytes)\n", text, m.word[0]);
}

static void ask_length(int send, int file)
{
	struct ipc_transfer with = { .nfds = 1, .fd = { file } };
	struct ipc_message m = { .word = { LENGTH } };

	if (ipc_call_with(send, &m, &with, IPC_NEVER) == 0)
		printf("the file has %lu bytes\n", m.word[0]);
}

static void ask_who(int send)
{
	struct ipc_message m = { .word = { WHO } };

	if (ipc_call(send, &m, IPC_NEVER) == 0)
		printf("the server knows me as %lu\n", m.word[0]);
}

static uint64_t from_now(uint64_t nanoseconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + nanoseconds;
}

static void ask_in_vain(int send)
{
	struct ipc_message m = { .word = { NEVER } };

	if (ipc_call(send, &m, from_now(10000000)) == -ETIMEDOUT)
		printf("no answer in 10 ms\n");
}

static void ask_the_dead(int send, pid_t server)
{
	struct ipc_message m = { .word = { WHO } };

	kill(server, SIGKILL);
	if (ipc_call(send, &m, IPC_NEVER) == -EPIPE)
		printf("the server is dead\n");
	waitpid(server, NULL, 0);
}

int main(void)
{
	FILE *file = tmpfile();
	int receive = ipc_create(0), send = ipc_badge(receive, 1001, IPC_TELL_CLOSE);
	pid_t server;

	fprintf(file, "twenty bytes of text");
	fflush(file);
	server = fork();
	if (server == 0) {
		close(send);
		serve(receive);
	}
	close(receive);
	ask_upper(send);
	ask_length(send, fileno(file));
	ask_who(send);
	ask_in_vain(send);
	ask_the_dead(send, server);
	return 0;
}
