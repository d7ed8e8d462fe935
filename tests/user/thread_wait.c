/* SPDX-License-Identifier: MIT */
/* R150. Children belong to the process: any of its threads may wait for them, each end is told once. */
#include "thread.h"

#define CHILDREN 40
#define WAITERS	 4

static pid_t child;
static int told, go;

static void *fork_one(void *status)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)(long)status);
	return (void *)(long)pid;
}

static void *fork_sleeper(void *unused)
{
	child = fork();
	if (child == 0)
		wait_for_ever();
	return unused;
}

static void of_others(void)
{
	pid_t pid = (pid_t)(long)join(start(fork_one, (void *)21));
	int status;

	/* Who made it has ended. */
	TRY(waitpid(pid, &status, 0) == pid);
	ended("of a thread that has ended", status);
	TRY(waitpid(pid, &status, 0));
}

static void *wait_for_it(void *unused)
{
	int status;

	(void)unused;
	raise_flag(&go);
	if (waitpid(child, &status, 0) == child) {
		raise_flag(&told);
		return (void *)(long)(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	return (void *)(long)(errno == ECHILD ? 100 : 10000);
}

static void one_is_told(void)
{
	pthread_t threads[WAITERS];

	go = 0;
	join(start(fork_sleeper, NULL));
	start_all(threads, WAITERS, wait_for_it);
	until_flag(&go, WAITERS);
	until_others_wait(WAITERS);
	TRY(kill(child, SIGKILL));
	say("%ld: one is told, the others have no child\n", join_all(threads, WAITERS));
	say("told %d\n", told);
}

static void *wait_for_any(void *unused)
{
	long n = 0;

	(void)unused;
	while (wait(NULL) > 0)
		n++;
	return (void *)n;
}

static void *fork_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < CHILDREN / 2; i++)
		if (fork() == 0)
			_exit(0);
	return NULL;
}

static void any(void)
{
	pthread_t makers[2], waiters[WAITERS];

	start_all(makers, 2, fork_many);
	join_all(makers, 2);
	start_all(waiters, WAITERS, wait_for_any);
	say("%ld of %d\n", join_all(waiters, WAITERS), CHILDREN);
}

/* A wait while other threads make children. */
static void *make_and_count(void *unused)
{
	long n = 0;

	(void)unused;
	for (int i = 0; i < 10; i++) {
		if (fork() == 0)
			_exit(0);
		n += wait(NULL) > 0;
	}
	return (void *)n;
}

static void at_once(void)
{
	pthread_t threads[WAITERS];

	start_all(threads, WAITERS, make_and_count);
	say("%ld of %d\n", join_all(threads, WAITERS), 10 * WAITERS);
	TRY(wait(NULL));
}

/* ---- orphans ---- */

static void *parent_of(void *report)
{
	pid_t tid = gettid();
	int *fd = report;

	if (fork() == 0) {
		/* When this thread has ended, its process is the parent all the same. */
		pid_t before = getppid();

		while (syscall(SYS_tgkill, before, tid, 0) == 0)
			nap(1);
		dprintf(fd[1], "%d", getppid() == before);
		_exit(0);
	}
	return NULL;
}

static void parents(void)
{
	char text[8] = "";
	int fd[2];

	MUST(pipe(fd));
	join(start(parent_of, fd));
	MUST(wait(NULL) <= 0);
	MUST(read(fd[0], text, sizeof(text) - 1) <= 0);
	say("the same parent: %s\n", text);
}

static void *end_with_children(void *unused)
{
	for (int i = 0; i < 3; i++)
		if (fork() == 0)
			_exit(3);
	return unused;
}

/* The first thread is gone; another one waits for the children of a third. */
static pthread_t first;

static void *wait_without_first(void *unused)
{
	int status, n = 0;

	pthread_join(first, NULL);
	join(start(end_with_children, NULL));
	while (wait(&status) > 0)
		n += status == 3 << 8;
	say("%d children without the first\n", n);
	exit(12);
	return unused;
}

static int no_first(void *unused)
{
	(void)unused;
	first = pthread_self();
	start(wait_without_first, NULL);
	pthread_exit(NULL);
}

int main(void)
{
	of_others();
	one_is_told();
	any();
	at_once();
	parents();
	in_child("no first thread", no_first, NULL);
	return 0;
}
