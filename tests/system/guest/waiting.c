/* SPDX-License-Identifier: MIT */
/* Threads and processes that wait for ever, each for something else. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint32_t word;

static void *await_word(void *unused)
{
	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL);
	return unused;
}

static void *await_bytes(void *fds)
{
	char byte;

	read(((int *)fds)[0], &byte, 1);
	return fds;
}

static void *await_any(void *fds)
{
	struct pollfd poll_fds[2] = { { .fd = ((int *)fds)[0], .events = POLLIN },
				      { .fd = ((int *)fds)[1], .events = POLLERR } };

	poll(poll_fds, 2, -1);
	return fds;
}

static void *await_time(void *unused)
{
	sleep(100000); /* is what the test looks for */
	return unused;
}

static void *await_signal(void *unused)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwaitinfo(&set, NULL);
	return unused;
}

static void *await_lock(void *unused)
{
	int one = open("/tmp/locked", O_CREAT | O_RDWR, 0600), other = open("/tmp/locked", O_RDWR);

	flock(one, LOCK_EX);
	flock(other, LOCK_EX);
	return unused;
}

static void *spin(void *unused)
{
	for (volatile int turn = 1; turn;)
		;
	return unused;
}

int main(int argc, char **argv)
{
	static void *(*const all[])(void *) = { await_word,   await_bytes, await_any, await_time,
						await_signal, await_lock,  spin };
	static int fds[2];
	pthread_t thread;
	pid_t child;

	pipe(fds);
	child = fork();
	if (child == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	/* Processes before threads, which have numbers like theirs. */
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]) - (argc > 1); i++)
		pthread_create(&thread, NULL, all[i], fds);
	printf("%p\n", (void *)&word);
	fflush(stdout);
	waitpid(child, NULL, 0);
	return argv == NULL;
}
