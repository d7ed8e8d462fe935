/* SPDX-License-Identifier: MIT */
/* P: a process has thousands of record locks, and as many timers as RLIMIT_SIGPENDING allows its user. */
#include "t.h"

#define NLOCKS	5000
#define NTIMERS 3000

static int fd;

static int lock(short type, long start, long len)
{
	struct flock lock = { .l_type = type, .l_start = start, .l_len = len };

	return fcntl(fd, F_SETLK, &lock);
}

/* Finds a lock of its parent's. */
static void look(long start)
{
	struct flock lock = { .l_type = F_RDLCK, .l_start = start, .l_len = 1 };
	pid_t pid = fork();

	if (pid == 0) {
		if (fcntl(fd, F_GETLK, &lock))
			_exit(1);
		if (lock.l_type == F_UNLCK)
			say("at %ld: none\n", start);
		else
			say("at %ld: %ld, %ld, of its parent: %d\n", start, (long)lock.l_start,
			    (long)lock.l_len, lock.l_pid == getppid());
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void locks(void)
{
	int n = 0;

	fd = memfd_create("locks", 0);
	while (n < NLOCKS && lock(F_WRLCK, 2l * n, 1) == 0)
		n++;
	say("locks: %d\n", n);
	look(2l * (NLOCKS - 1));
	look(2l * NLOCKS);
	look(1);
	result("every third unlocked", lock(F_UNLCK, 3, 3));
	look(4);
	result("joined", lock(F_WRLCK, 0, NLOCKS));
	look(NLOCKS / 2);
	result("all unlocked", lock(F_UNLCK, 0, 0));
	look(0);
	close(fd);
}

static int create(timer_t *timer)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };

	return timer_create(CLOCK_MONOTONIC, &event, timer);
}

static void timers(void)
{
	struct rlimit limit = { NTIMERS, NTIMERS };
	static timer_t timer[NTIMERS + 1];
	int n = 0;

	result("the limit", setrlimit(RLIMIT_SIGPENDING, &limit));
	while (n < NTIMERS && create(&timer[n]) == 0)
		n++;
	say("timers: %d\n", n);
	result("timer_create", create(&timer[n]));
	result("one deleted", timer_delete(timer[NTIMERS / 2]));
	result("then timer_create", create(&timer[NTIMERS / 2]));
	result("timer_create", create(&timer[NTIMERS]));
	for (int i = 0; i < n; i++)
		if (timer_delete(timer[i]))
			say("timer %d: %s\n", i, strerrorname_np(errno));
}

int main(void)
{
	locks();
	timers();
	return 0;
}
