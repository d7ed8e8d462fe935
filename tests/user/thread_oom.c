/* SPDX-License-Identifier: MIT */
/* R43 R44 R150. Threads of a process touch more than there is: all of it is killed, and its memory is there again. */
#include "thread.h"

#define HOGS 4

static pthread_mutex_t *shared;
static int busy;

static void *touch(void *arg)
{
	char *p = anon(2 * GIB);

	raise_flag(&busy);
	for (size_t i = 0; i < 2 * GIB; i += PAGE)
		p[i] = (char)(long)arg;
	return NULL;
}

/* The kernel itself touches the memory. */
static void *read_zeros(void *arg)
{
	char *p = anon(2 * GIB);
	int zero = open("/dev/zero", O_RDONLY);

	raise_flag(&busy);
	for (size_t i = 0; i < 2 * GIB; i += MIB)
		if (read(zero, p + i, MIB) != (ssize_t)MIB)
			return arg;
	return NULL;
}

static void *own_and_wait(void *unused)
{
	MUST(pthread_mutex_lock(shared));
	raise_flag(&busy);
	wait_for_ever();
	return unused;
}

static void *fork_again(void *unused)
{
	for (;;) {
		pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		sched_yield();
	}
	return unused;
}

static int hog(void *how)
{
	pthread_t threads[HOGS];

	start(own_and_wait, NULL);
	until_flag(&busy, 1);
	if (how)
		start(fork_again, NULL);
	start_all(threads, HOGS, how ? read_zeros : touch);
	if (!how)
		pthread_exit(NULL); /* the first thread is gone when it happens */
	wait_for_ever();
	return 1;
}

static void tell(const char *what, void *how)
{
	char *p;

	in_child(what, hog, how);
	say("the lock: %s\n", strerrorname_np(pthread_mutex_lock(shared)));
	MUST(pthread_mutex_consistent(shared));
	MUST(pthread_mutex_unlock(shared));
	p = anon(16 * MIB);
	memset(p, 1, 16 * MIB);
	say("16 MiB to be had: %zu wrong\n", not_all(p, 16 * MIB, 1));
	munmap(p, 16 * MIB);
}

int main(void)
{
	pthread_mutexattr_t attr;

	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(pthread_mutexattr_init(&attr));
	MUST(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED));
	MUST(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST));
	MUST(pthread_mutex_init(shared, &attr));
	tell("threads that touch", NULL);
	tell("threads that read, beside one that forks", "x");
	return 0;
}
