/* SPDX-License-Identifier: MIT */
/* Sessions with a server of files that is killed, at a chosen step or all the time, and started again. */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"

struct killed_server {
	const char *path;
	off_t recovery; /* bytes of the memory that outlives it */
	unsigned
		life; /* a server that is killed all the time makes so many steps, and at least LIFE_LEAST */
	int (*serve)(int argc, char **argv); /* of the library, with killed_traced() */
	int (*use)(size_t amount); /* a program that uses it; returns 0 if all went well */
};

#define LIFE_LEAST 6

static struct killed_counts {
	unsigned
		steps; /* how many the servers have made in all: messages that were received, and that took effect */
	unsigned nservers;
} * killed_counts;

/* What kills the server: that step of all, or so many steps after its start. 0: nothing. */
static unsigned kill_at, lifetime;

static void killed_traced(bool made)
{
	static unsigned steps;

	(void)made;
	if (++killed_counts->steps == kill_at || ++steps == lifetime)
		raise(SIGKILL);
}

static pid_t killed_start(const struct killed_server *kind, int receive, int recovery)
{
	char endpoint[16], memory[16];
	char *argv[] = { (char *)"server", (char *)"--endpoint",
			 endpoint,	   (char *)"--recovery",
			 memory,	   NULL };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	snprintf(endpoint, sizeof(endpoint), "%d", receive);
	snprintf(memory, sizeof(memory), "%d", recovery);
	_exit(kind->serve(5, argv));
}

/* The next server. Returns 0, or 1 if it cannot be started. */
static int killed_start_next(const struct killed_server *kind, int keeper, int recovery,
			     pid_t *server)
{
	int receive = ipc_reopen(keeper, IPC_CLOEXEC);

	if (receive < 0) {
		printf("reopen: %d\n", receive);
		return 1;
	}
	killed_counts->nservers++;
	lifetime = lifetime ? LIFE_LEAST + (unsigned)random() % (kind->life - LIFE_LEAST) : 0;
	*server = killed_start(kind, receive, recovery);
	close(receive);
	return 0;
}

/* One program that uses the server, and as many servers as it takes. Returns 0 if all went well. */
static int killed_session(const struct killed_server *kind, size_t amount)
{
	int receive = ipc_create(IPC_CLOEXEC), recovery = memfd_create("recovery", 0);
	int keeper = ipc_badge(receive, 0, IPC_KEEPS | IPC_CLOEXEC);
	int send = ipc_badge(receive, 1, IPC_CLOEXEC), status, wrong;
	pid_t server, user, gone;

	unlink(kind->path);
	wrong = ftruncate(recovery, kind->recovery) |
		(int)ipc_name(AT_FDCWD, kind->path, 0600, send);
	server = killed_start(kind, receive, recovery);
	close(receive);
	user = fork();
	if (user == 0)
		exit(kind->use(amount));
	while (!wrong) {
		gone = wait(&status);
		if (gone == server)
			wrong = killed_start_next(kind, keeper, recovery, &server);
		else if (gone == user)
			break;
	}
	wrong |= !wrong && status;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	unlink(kind->path);
	close(send);
	close(keeper);
	close(recovery);
	return wrong;
}

/* Kills a server at each step of a session, in a session of its own. */
static int killed_at_each_step(const struct killed_server *kind, size_t amount, unsigned rounding)
{
	unsigned nsteps;

	if (killed_session(kind, amount))
		return 1;
	nsteps = killed_counts->steps;
	for (kill_at = 1; kill_at <= nsteps; kill_at++) {
		killed_counts->steps = 0;
		if (killed_session(kind, amount)) {
			printf("killed at step %u of %u\n", kill_at, nsteps);
			return 1;
		}
	}
	printf("each of more than %u steps\n", nsteps / rounding * rounding);
	return 0;
}

/* Kills servers soon after their starts, until so many have been killed. */
static int killed_often(const struct killed_server *kind, size_t amount, unsigned nservers)
{
	lifetime = LIFE_LEAST;
	for (unsigned seed = 0; killed_counts->nservers < nservers; seed++) {
		srandom(seed);
		if (killed_session(kind, amount)) {
			printf("seed %u, after %u servers\n", seed, killed_counts->nservers);
			return 1;
		}
	}
	printf("%u servers and more\n", nservers);
	return 0;
}

static void killed_init(void)
{
	killed_counts = mmap(NULL, sizeof(*killed_counts), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}
