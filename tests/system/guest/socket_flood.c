/* SPDX-License-Identifier: MIT */
/* R171: who fills sockets with messages takes no memory of those who have no part in it, root neither. */
#define _GNU_SOURCE
#include "expect.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB	     1024l
#define LARGE	     60000u
#define SOCKETS_MOST 10000 /* more than there can be */
#define USERS_MOST   70
#define USER	     1000
#define INNOCENT     (12 * KIB * KIB)

static char bytes[LARGE];

/* Sends until nothing more goes. Returns how many messages. */
static int fill(int from)
{
	int n = 0;

	while (send(from, bytes, LARGE, MSG_DONTWAIT) == LARGE)
		n++;
	return n;
}

/* Opens sockets until there are no more, and fills them. Leaves them open. Returns how many messages wait. */
static int flood_all(unsigned nsockets)
{
	int fd[2], n = 0;

	while (nsockets && socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) == 0) {
		n += fill(fd[0]) + fill(fd[1]);
		nsockets -= 2;
	}
	return n;
}

static long number_in(const char *path, const char *format)
{
	FILE *file = fopen(path, "r");
	char line[200];
	long number = -1;

	while (file && number < 0 && fgets(line, sizeof(line), file))
		sscanf(line, format, &number);
	if (file)
		fclose(file);
	return number;
}

static long server_pid(void)
{
	return number_in("/run/servers", "sockd %ld");
}

static long kib_of(long pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	return number_in(path, "VmRSS: %ld kB");
}

/* A child that goes on until it is killed. It writes into the pipe how many messages wait. */
static pid_t flood_begin(uid_t uid, const int report[2], unsigned nsockets)
{
	pid_t pid = fork();

	if (pid == 0) {
		int n;

		close(report[0]);
		if (setresuid(uid, uid, uid) != 0)
			_exit(1);
		n = flood_all(nsockets);
		(void)!write(report[1], &n, sizeof(n));
		for (;;)
			pause();
	}
	return pid;
}

/* A process that has memory, and no socket. */
static pid_t innocent_begin(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		char *own = mmap(NULL, INNOCENT, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		memset(own, 1, INNOCENT);
		for (;;)
			pause();
	}
	return pid;
}

static bool is_alive(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WNOHANG) == 0;
}

static void flood_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The message waits. */
static void others_have_room(int fd[2])
{
	expect("seteuid", 0, seteuid(USER + USERS_MOST));
	expect("socketpair of another user", 0, socketpair(AF_UNIX, SOCK_DGRAM, 0, fd));
	expect("send of another user", LARGE, send(fd[0], bytes, LARGE, MSG_DONTWAIT));
	expect("seteuid", 0, seteuid(0));
}

/* Some users flood, one after the other. */
static void floods(uid_t first, unsigned nusers, unsigned nsockets)
{
	pid_t innocent = innocent_begin(), flooder[USERS_MOST];
	long server, kib;
	int report[2], fd[2], other[2] = { -1, -1 }, nmessages = 0, nalive = 0;

	expect("pipe", 0, pipe(report));
	expect("socketpair", 0, socketpair(AF_UNIX, SOCK_DGRAM, 0, fd));
	server = server_pid();
	for (unsigned i = 0; i < nusers; i++) {
		struct pollfd comes = { report[0], POLLIN, 0 };
		int n = 0;

		flooder[i] = flood_begin(first + i, report, nsockets);
		while (poll(&comes, 1, 100) == 0 && is_alive(flooder[i]))
			;
		if (comes.revents)
			expect("the report", sizeof(n), read(report[0], &n, sizeof(n)));
		nmessages += n;
	}
	for (unsigned i = 0; i < nusers; i++)
		nalive += is_alive(flooder[i]);
	kib = kib_of(server);
	printf("# %u users from %u: %d messages, the server has %ld KiB\n", nusers, first,
	       nmessages, kib);
	expect("the server goes on", server, server_pid());
	expect("the innocent lives", true, is_alive(innocent));
	expect("those that flood live", nusers, nalive);
	expect("messages were sent", true, nmessages >= 15);
	expect("not so many that memory is short", true, kib < 16 * KIB);
	if (nusers == 1)
		others_have_room(other);
	for (unsigned i = 0; i < nusers; i++)
		flood_end(flooder[i]);
	expect("send afterwards", LARGE, send(fd[0], bytes, LARGE, 0));
	if (nmessages >= 60) /* else it may keep it */
		expect("the memory is given back", true,
		       kib_of(server) < kib - nmessages * (long)(LARGE / KIB) / 2);
	close(fd[0]);
	close(fd[1]);
	close(other[0]);
	close(other[1]);
	close(report[0]);
	close(report[1]);
	flood_end(innocent);
}

int main(void)
{
	struct rlimit files = { 100000, 100000 };

	expect("setrlimit", 0, setrlimit(RLIMIT_NOFILE, &files));
	floods(USER, 1, SOCKETS_MOST);
	floods(0, 1, 2000);
	floods(USER, USERS_MOST, 50);
	puts("flood: ok");
	return nwrong != 0;
}
