/* SPDX-License-Identifier: MIT */
/* Stop 8: a fault that a server resolves. A drawing shows its way there and back, and what each part costs. */
/*
 * A child serves the files of madeup, and reads the clock on the way. The clock counts what all
 * processes execute, so the parts between two readings add up to what the program has waited for.
 */
#define _GNU_SOURCE
#include "tour.h"

#if defined(__riscv)
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "servers/madeup.h"

#define PLACE	"/tour.served"
#define NUMBER	720720ul /* the line that is read */
#define LINE	64ul
#define TABLE	(512 * PAGE) /* what one leaf table maps */
#define SHOWN	(64 * PAGE)  /* what is mapped */
#define LEFT	16	     /* columns of the drawing */
#define MIDDLE	37
#define RIGHT	15
#define NUMBERS 7

/* When the server was how far with the last request, in memory that both share. */
struct times {
	uint64_t received, computed, written;
};

/* ---- the server ---- */

/* Answers a call. Returns the size of the reply, or 0 if there is none. */
static uint64_t served_answer(struct file_server *server, int fd, long rcvid, uint64_t n,
			      struct times *times)
{
	struct file_reply reply;

	if (n > sizeof(server->request) || ipc_read(fd, rcvid, server->request, n, 0) != (long)n)
		return 0;
	file_server_answer(server, n, &reply);
	times->computed = meter_clock();
	if (ipc_write(fd, rcvid, reply.head, reply.nhead, 0) != (long)reply.nhead ||
	    ipc_write(fd, rcvid, reply.data, reply.ndata, reply.nhead) != (long)reply.ndata)
		return 0;
	times->written = meter_clock();
	return reply.nhead + reply.ndata;
}

/* Ends with its mount. */
_Noreturn static void be_server(int receive, struct times *times)
{
	static struct file_server server;
	struct ipc_message m = { 0 };
	long rcvid = 0;

	madeup_prepare();
	file_server_init(&server, &madeup_ops, NULL);
	for (;;) {
		rcvid = ipc_reply_receive(receive, rcvid, &m, IPC_NEVER);
		times->received = meter_clock();
		if (rcvid > 0)
			m.word[0] = served_answer(&server, receive, rcvid, m.word[0], times);
		else if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			_exit(0);
		else if (rcvid < 0 && rcvid != -ESRCH && rcvid != -EINTR)
			_exit(1);
		else
			rcvid = 0;
	}
}

/* Mounts what the other side of `send` serves. Returns 0 or a negative errno. */
static int mount_files(int send)
{
	char option[32];

	snprintf(option, sizeof(option), "fd=%d", send);
	if (mkdir(PLACE, 0755) != 0 && errno != EEXIST)
		return -errno;
	return mount("madeup", PLACE, "9p", MS_RDONLY | MS_NOSUID | MS_NODEV, option) ? -errno : 0;
}

/* Starts the server and mounts its files. Returns its pid or a negative errno. */
static pid_t served_loop(struct times *times)
{
	int receive = ipc_create(IPC_CLOEXEC), send, err;
	pid_t pid;

	if (receive < 0)
		return receive;
	send = ipc_badge(receive, 0, IPC_TELL_CLOSE | IPC_CLOEXEC);
	fflush(stdout);
	pid = send < 0 ? send : fork();
	if (pid == 0) {
		close(send);
		be_server(receive, times);
	}
	close(receive);
	err = pid < 0 ? -errno : mount_files(send);
	close(send); /* the mount has its own */
	if (!err)
		return pid;
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return err;
}

/* ---- the client ---- */

static void *served_map(size_t bytes, int prot, int flags, int fd, off_t at, void *where)
{
	void *p = mmap(where, bytes, prot, flags, fd, at);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* Maps the part of the file with that line, within what one leaf table maps. Returns the line. */
static const volatile char *map_line(uint64_t number)
{
	off_t start = (off_t)(number * LINE / SHOWN * SHOWN);
	char *room = served_map(2 * TABLE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, NULL);
	char *at = (char *)(((uintptr_t)room + TABLE - 1) & ~(TABLE - 1));
	int fd = open(PLACE "/numbers", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(PLACE "/numbers");
	served_map(SHOWN, PROT_READ, MAP_SHARED | MAP_FIXED, fd, start, at);
	close(fd);
	return at + (number * LINE - (uint64_t)start);
}

/* Prints a row of the drawing. TEXTS is nothing; without `last` the row ends in the middle. */
static void served_draw(enum text left, enum text middle, enum text right, const char *last)
{
	printf("   ");
	pad(left == TEXTS ? "" : text(left), LEFT);
	pad(middle == TEXTS ? "" : text(middle), last ? MIDDLE : 0);
	if (last) {
		pad(text(right), RIGHT);
		pad(last, -NUMBERS);
	}
	printf("\n");
}

static void draw_cost(enum text left, enum text middle, enum text right, uint64_t cost)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%lu", (unsigned long)cost);
	served_draw(left, middle, right, digits);
}

static void served_picture(const struct meter *meter, const struct times *times)
{
	served_draw(T_SERVED_PROGRAM, T_SERVED_KERNEL, T_SERVED_SERVER,
		    text(meter_is_exact() ? T_SERVED_COST : T_SERVED_COST_NS));
	served_draw(T_SERVED_LOAD, T_SERVED_FAULT, TEXTS, NULL);
	draw_cost(TEXTS, T_SERVED_ASKS, T_SERVED_RECEIVES, times->received - meter->started);
	draw_cost(TEXTS, TEXTS, T_SERVED_COMPUTES, times->computed - times->received);
	draw_cost(TEXTS, T_SERVED_FILLS, T_SERVED_WRITES, times->written - times->computed);
	draw_cost(T_SERVED_GOES_ON, T_SERVED_ENTRY, T_SERVED_REPLIES,
		  meter->started + meter->spent - times->written);
}

/* Prints the line without the blanks at its end. */
static void print_line(const volatile char *line)
{
	char copy[LINE + 1] = "";
	size_t n = LINE - 1;

	for (size_t i = 0; i < LINE - 1; i++)
		copy[i] = line[i];
	while (n > 0 && copy[n - 1] == ' ')
		copy[--n] = '\0';
	printf("   ");
	printf(text(T_SERVED_LINE), NUMBER, copy);
	printf("\n");
}

static void served_touch(const struct times *times)
{
	const volatile char *line = map_line(NUMBER);
	const volatile char *first = (const volatile char *)((uintptr_t)line & ~(SHOWN - 1));
	struct meter meter, again;
	struct times then;

	(void)*first; /* of another page: the server's own faults are over then */
	meter_start(&meter);
	(void)*line;
	meter_stop(&meter);
	then = *times;
	meter_start(&again);
	(void)*line;
	meter_stop(&again);
	served_picture(&meter, &then);
	print_line(line);
	rows_begin();
	draw_meter_row(text(T_SERVED_ROW), &meter);
	draw_meter_row(text(T_SERVED_ROW_AGAIN), &again);
	munmap((void *)(uintptr_t)first, SHOWN);
}

static void served_run(void)
{
	struct times *times =
		served_map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0, NULL);
	pid_t pid = served_loop(times);
	int status;

	if (pid < 0) {
		printf("   ");
		printf(text(T_SERVED_REFUSED), strerror(-pid));
		printf("\n");
		return;
	}
	served_touch(times);
	if (umount(PLACE) != 0)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	rmdir(PLACE);
}
#else
static void served_run(void)
{
}
#endif

void stop_served(void)
{
	title(8, text(T_SERVED), "a file of a server: mmap()");
	draw_say(count_has_kinds() ? T_SERVED_WHY : T_SERVED_LINUX);
	if (count_has_kinds())
		served_run();
}
