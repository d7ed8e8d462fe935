/* SPDX-License-Identifier: MIT */
/* What calls between two processes cost, and pages that one brings for the other, in instructions. */
/*
 * usage: ipcbench [ROW...]
 *
 * The user side of both is included. The output is vmbench's. Arguments that name no row are ignored, as they are there.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipcbench.h"
#include "lib/ipc.h"

#define CALLS 1000 /* the most of a row */
#define BADGE 7

/* What the server is asked for, in the second word of a call. */
enum { ADD_BADGE, READ_PAGE, WRITE_PAGE };

static unsigned char client_page[PAGE] __attribute__((aligned(PAGE)));
static unsigned char server_page[PAGE] __attribute__((aligned(PAGE)));
static int send_end;

#define DEVICE "/srv/bench"

/* A file that always has bytes. Returns the first word of the answer. */
static uint64_t serve_file(int fd, long rcvid, struct ipc_message *message)
{
	uint64_t size = message->word[1];

	message->word[1] = SERVED_STATE(1, POLLIN);
	if (SERVED_OP(message->word[0]) != SERVED_READ)
		return 0;
	message->word[2] = 'x';
	return size == 1 ? 1 : (uint64_t)ipc_write(fd, rcvid, server_page, size, 0);
}

/* The page written is the one that was read last, or the one that it begins with, which is the same. */
static void serve(int fd)
{
	struct ipc_message message = { { 0 }, 0 };
	long rcvid = 0;

	while ((rcvid = ipc_reply_receive(fd, rcvid, &message, IPC_NEVER)) > 0) {
		if (message.badge != BADGE)
			message.word[0] = serve_file(fd, rcvid, &message);
		else if (message.word[1] == READ_PAGE)
			message.word[2] = (uint64_t)ipc_read(fd, rcvid, server_page, PAGE, 0);
		else if (message.word[1] == WRITE_PAGE)
			message.word[2] = (uint64_t)ipc_write(fd, rcvid, server_page, PAGE, 0);
		if (message.badge == BADGE)
			message.word[0] += BADGE;
	}
	_exit((int)-rcvid);
}

/* Each makes one call, and returns whether its outcome is right. */
static int words_only(uint64_t i, uint64_t *cost)
{
	struct ipc_message message = { { i, ADD_BADGE, 3, 4 }, 0 };
	uint64_t begin = instructions();
	long err = ipc_call(send_end, &message, IPC_NEVER);

	*cost = instructions() - begin;
	return err == 0 && message.word[0] == i + BADGE && message.word[3] == 4;
}

static int page_to_server(uint64_t i, uint64_t *cost)
{
	struct ipc_message message = { { i, READ_PAGE, 0, 0 }, 0 };
	struct ipc_transfer with = { .send = client_page, .send_length = PAGE };
	uint64_t begin;
	long err;

	memset(client_page, (int)i, PAGE);
	begin = instructions();
	err = ipc_call_with(send_end, &message, &with, IPC_NEVER);
	*cost = instructions() - begin;
	return err == 0 && message.word[2] == PAGE;
}

static int page_to_client(uint64_t i, uint64_t *cost)
{
	struct ipc_message message = { { i, WRITE_PAGE, 0, 0 }, 0 };
	struct ipc_transfer with = { .receive = client_page, .receive_length = PAGE };
	uint64_t begin;
	long err;

	memset(client_page, 1, PAGE);
	begin = instructions();
	err = ipc_call_with(send_end, &message, &with, IPC_NEVER);
	*cost = instructions() - begin;
	return err == 0 && message.word[2] == PAGE && client_page[0] == (CALLS - 1) % 256 &&
	       client_page[PAGE - 1] == (CALLS - 1) % 256;
}

static int device_read(uint64_t *cost, size_t n)
{
	static int device = -1;
	uint64_t begin;
	ssize_t done;

	if (device < 0)
		device = open(DEVICE, O_RDONLY);
	client_page[0] = 0;
	begin = instructions();
	done = read(device, client_page, n);
	*cost = instructions() - begin;
	return done == (ssize_t)n && client_page[0] != 0;
}

static int device_read_byte(uint64_t unused, uint64_t *cost)
{
	(void)unused;
	return device_read(cost, 1);
}

static int device_read_4k(uint64_t unused, uint64_t *cost)
{
	(void)unused;
	return device_read(cost, PAGE);
}

static const struct {
	const char *name;
	const char *unit;
	unsigned samples;
	unsigned per_sample; /* so many of the unit */
	int (*call)(uint64_t i, uint64_t *cost);
} rows[] = {
	{ "ipc_round_trip", "call", CALLS, 1, words_only },
	{ "ipc_read_4k", "call", CALLS, 1, page_to_server },
	{ "ipc_write_4k", "call", CALLS, 1, page_to_client },
	{ "device_read_byte", "read", CALLS, 1, device_read_byte },
	{ "device_read_4k", "read", CALLS, 1, device_read_4k },
	{ "stream_round_trip", "byte", CALLS, 1, stream_round_trip },
	{ "stream_64k", "transfer", CALLS, 1, stream_64k },
	{ "socketpair_and_close", "pair", CALLS, 1, socketpair_and_close },
	{ "connect_and_accept", "connection", CALLS, 1, connect_and_accept },
	{ "datagram", "message", CALLS, 1, datagram },
	{ "object_fault", "page", CALLS, 1, object_fault },
	{ "served_fault", "page", CALLS, 1, served_fault },
	{ "served_run", "page", SERVED_RUNS, SERVED_RUN, served_run },
	{ "served_read", "page", SERVED_RUNS, SERVED_RUN, served_read },
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Prints a cost of so many, with one digit. No floating point: its registers would be switched, too. */
static void print_share(uint64_t cost, uint64_t of)
{
	uint64_t tenths = (cost * 10 + of / 2) / of;

	printf(" %lu.%lu", (unsigned long)(tenths / 10), (unsigned long)(tenths % 10));
}

static int measure(unsigned row)
{
	static uint64_t costs[CALLS];
	unsigned n = rows[row].samples, per_sample = rows[row].per_sample;
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!rows[row].call(i, &costs[i])) {
			printf("%s: call %u has a wrong outcome\n", rows[row].name, i);
			return 0;
		}
		sum += costs[i];
	}
	qsort(costs, n, sizeof(costs[0]), compare);
	printf("%s insn/%s", rows[row].name, rows[row].unit);
	print_share(costs[0], per_sample);
	print_share(costs[n / 2], per_sample);
	print_share(costs[n - 1], per_sample);
	printf(" %u", n);
	print_share(sum, (uint64_t)per_sample * n);
	puts("");
	fflush(stdout);
	return 1;
}

/* Is the row among the arguments, or no row at all? */
static int wanted(unsigned row, int argc, char **argv)
{
	int named = 0;

	for (int i = 1; i < argc; i++)
		for (unsigned other = 0; other < NROWS; other++)
			if (strcmp(argv[i], rows[other].name) == 0) {
				if (other == row)
					return 1;
				named = 1;
			}
	return !named;
}

int main(int argc, char **argv)
{
	int receive = ipc_create(0);
	pid_t pid;

	send_end = ipc_badge(receive, BADGE, 0);
	ipc_name(AT_FDCWD, DEVICE, 0600, send_end);
	memset(server_page, (CALLS - 1) % 256, PAGE);
	pid = fork();
	if (pid == 0)
		serve(receive);
	close(receive);
	for (unsigned row = 0; row < NROWS; row++)
		if (wanted(row, argc, argv) && !measure(row))
			return 1;
	object_end();
	served_end();
	sockets_end();
	puts("done");
	fflush(stdout);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
