/* SPDX-License-Identifier: MIT */
/* Processes that wait for locks: what lets them go on, in which order, signals, kills, and waits that could never end. */
#include "locks.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>

struct ask {
	const char *name;
	int command; /* 0: flock() */
	int type;
	off_t start, len;
};

static int order
	[2]; /* a pipe, to which a process writes the first letter of its name once it has its lock */
static int fd;

/* A child has an open file of its own; the inherited one would keep what its parent locked. */
static void reopen(void)
{
	close(fd);
	fd = open("f", O_RDWR);
}

static int want(const struct ask *ask)
{
	if (ask->command == 0)
		return flock(fd, ask->type);
	return lock_by(fd, ask->command, ask->type, ask->start, ask->len);
}

static int waits(void *arg)
{
	const struct ask *ask = arg;
	int done;

	reopen();
	about_to_wait();
	done = want(ask);
	if (write(order[1], ask->name, 1) != 1)
		return 2;
	return done ? 1 : 7;
}

static pid_t waiter(const char *name, int command, int type, off_t start, off_t len)
{
	struct ask ask = { name, command, type, start, len };

	return child_sleeps(waits, &ask);
}

static void is_still_asleep(pid_t pid)
{
	int status;

	until_asleep(pid);
	say("  it %s\n", waitpid(pid, &status, WNOHANG) == 0 ? "still waits" : "is gone");
}

static int has_it(void *arg)
{
	reopen();
	want(arg);
	about_to_wait();
	pause();
	return 0;
}

/* Waits for all, and tells in which order they had their locks. */
static void reap_all(const pid_t *pid, int n)
{
	char letters[10];
	int got, good = 0;

	for (int i = 0; i < n; i++) {
		int status;

		waitpid(pid[i], &status, 0);
		good += WIFEXITED(status) && WEXITSTATUS(status) == 7;
	}
	got = (int)read(order[0], letters, sizeof(letters));
	say("%d of %d had it: %.*s\n", good, n, got, letters);
}

static void four(pid_t pid[4], int type, const char *names)
{
	for (int i = 0; i < 4; i++)
		pid[i] = waiter(&names[i], F_SETLKW, type, 0, 10);
}

/* A wait ends when the last lock in its way goes: by an unlock, a weaker one, a close, or its owner's death. */
static void ends(void)
{
	pid_t pid, holder;
	int again;

	say("-- unlocked\n");
	set(fd, F_WRLCK, 0, 10);
	pid = waiter("whole", F_SETLKW, F_WRLCK, 0, 10);
	set(fd, F_UNLCK, 0, 5);
	is_still_asleep(pid);
	set(fd, F_UNLCK, 5, 5);
	reap_all(&pid, 1);
	say("-- downgraded\n");
	set(fd, F_WRLCK, 0, 10);
	pid = waiter("reader", F_SETLKW, F_RDLCK, 3, 3);
	set(fd, F_RDLCK, 2, 5);
	reap_all(&pid, 1);
	say("-- closed\n");
	again = open("f", O_RDONLY);
	pid = waiter("whole", F_SETLKW, F_WRLCK, 0, 0);
	close(again);
	reap_all(&pid, 1);
	say("-- killed\n");
	holder = child_sleeps(has_it, &(struct ask){ "holder", F_SETLK, F_WRLCK, 5, 1 });
	pid = waiter("whole", F_SETLKW, F_WRLCK, 0, 0);
	kill(holder, SIGKILL);
	reap("holder", holder);
	reap_all(&pid, 1);
	say("-- flock\n");
	TRY(flock(fd, LOCK_EX));
	pid = waiter("shared", 0, LOCK_SH, 0, 0);
	flock(fd, LOCK_SH);
	reap_all(&pid, 1);
	pid = waiter("exclusive", 0, LOCK_EX, 0, 0);
	again = dup(fd);
	close(fd);
	is_still_asleep(pid);
	close(again);
	reap_all(&pid, 1);
	fd = open("f", O_RDWR);
	say("-- of an open file\n");
	(set_ofd(fd, F_WRLCK, 0, 10));
	pid = waiter("of a process", F_SETLKW, F_WRLCK, 9, 2);
	again = dup(fd);
	close(fd);
	is_still_asleep(pid);
	close(again);
	reap_all(&pid, 1);
	fd = open("f", O_RDWR);
	TRY_LOCK(set(fd, F_WRLCK, 0, 10));
	pid = waiter("of an open file", F_OFD_SETLKW, F_RDLCK, 9, 2);
	set(fd, F_UNLCK, 0, 0);
	reap_all(&pid, 1);
}

/* Writers have the lock in the order in which they came; readers have it together. */
static void turns(void)
{
	pid_t pid[4];
	int i;

	say("-- in turn\n");
	set(fd, F_WRLCK, 0, 10);
	four(pid, F_WRLCK, "1234");
	set(fd, F_UNLCK, 0, 0);
	reap_all(pid, 4);
	say("-- readers together\n");
	set(fd, F_WRLCK, 0, 10);
	four(pid, F_RDLCK, "rrrr");
	set(fd, F_UNLCK, 0, 0);
	reap_all(pid, 4);
	say("-- each its part\n");
	set(fd, F_WRLCK, 0, 40);
	for (i = 0; i < 4; i++)
		pid[i] = waiter("part", F_SETLKW, F_WRLCK, i * 10, 10);
	for (i = 3; i >= 0; i--) {
		set(fd, F_UNLCK, i * 10, 10);
		reap_all(&pid[i], 1);
	}
	say("-- some are killed\n");
	set(fd, F_WRLCK, 0, 10);
	four(pid, F_WRLCK, "wwww"); /* after a kill, Linux keeps no order */
	kill(pid[0], SIGKILL);
	reap("first", pid[0]);
	kill(pid[2], SIGTERM);
	reap("third", pid[2]);
	ask("what is left", fd, F_GETLK, F_WRLCK, 0, 0);
	pid[0] = pid[3];
	set(fd, F_UNLCK, 0, 0);
	reap_all(pid, 2);
	say("-- those of open files\n");
	flock(fd, LOCK_SH);
	set_ofd(fd, F_RDLCK, 0, 0);
	pid[0] = waiter("killed", 0, LOCK_EX, 0, 0);
	pid[1] = waiter("shared", 0, LOCK_SH, 0, 0);
	reap_all(&pid[1], 1);
	kill(pid[0], SIGKILL);
	reap("killed", pid[0]);
	pid[0] = waiter("killed", F_OFD_SETLKW, F_WRLCK, 0, 0);
	kill(pid[0], SIGKILL);
	reap("killed", pid[0]);
	TRY(flock(fd, LOCK_UN));
	TRY_LOCK(set_ofd(fd, F_UNLCK, 0, 0));
}

static volatile int runs;

static void count(int sig)
{
	(void)sig;
	runs++;
}

static int interrupted(void *arg)
{
	struct sigaction action = { .sa_handler = count };
	const struct ask *ask = arg;

	reopen();
	sigaction(SIGUSR1, &action, NULL);
	about_to_wait();
	result(ask->command ? "fcntl" : "flock", want(ask));
	say("  %s, handled: %d\n", ask->name, runs);
	return 0;
}

static int restarted(void *arg)
{
	struct sigaction action = { .sa_handler = count, .sa_flags = SA_RESTART };
	const struct ask *ask = arg;

	reopen();
	sigaction(SIGUSR1, &action, NULL);
	about_to_wait();
	result(ask->command ? "fcntl" : "flock", want(ask));
	say("  %s, handled: %d\n", ask->name, runs);
	return 0;
}

/* A handler ends the wait with EINTR; with SA_RESTART, and after a stop, it goes on. */
static void signals(void)
{
	static const struct ask asks[] = {
		{ "a record", F_SETLKW, F_WRLCK, 0, 1 },
		{ "of an open file", F_OFD_SETLKW, F_WRLCK, 0, 1 },
		{ "flock", 0, LOCK_EX, 0, 0 },
	};

	say("-- signals\n");
	for (int i = 0; i < 3; i++) {
		pid_t pid;

		set(fd, F_WRLCK, 0, 1);
		flock(fd, LOCK_EX);
		pid = child_sleeps(interrupted, (void *)&asks[i]);
		kill(pid, SIGUSR1);
		reap("interrupted", pid);
		pid = child_sleeps(restarted, (void *)&asks[i]);
		kill(pid, SIGUSR1);
		until_asleep(pid);
		is_still_asleep(pid);
		set(fd, F_UNLCK, 0, 0);
		flock(fd, LOCK_UN);
		reap("restarted", pid);
		set(fd, F_WRLCK, 0, 1);
		flock(fd, LOCK_EX);
		pid = child_sleeps(interrupted, (void *)&asks[i]);
		kill(pid, SIGSTOP);
		waitpid(pid, NULL, WUNTRACED);
		kill(pid, SIGCONT);
		until_asleep(pid);
		set(fd, F_UNLCK, 0, 0);
		flock(fd, LOCK_UN);
		reap("stopped", pid);
	}
}

/* Has the file "g", and wants "f". */
static int has_g_wants_f(void *arg)
{
	int other = open("g", O_RDWR);

	reopen();
	set(other, F_WRLCK, 0, 0);
	about_to_wait();
	result(arg, set_wait(fd, F_RDLCK, 5, 1));
	return 5;
}

/* Has byte `len`, and wants `start`. */
static int has_and_wants(void *arg)
{
	const struct ask *ask = arg;

	reopen();
	set(fd, F_WRLCK, ask->len, 1);
	about_to_wait();
	result(ask->name, set_wait(fd, F_WRLCK, ask->start, 1));
	return 5;
}

static int reads_and_wants(void *arg)
{
	const struct ask *ask = arg;

	reopen();
	set(fd, F_RDLCK, 0, 1);
	about_to_wait();
	result(ask->name, set_wait(fd, F_WRLCK, 0, 1));
	return 5;
}

static int has_open_file_and_wants(void *arg)
{
	const struct ask *ask = arg;

	reopen();
	set_ofd(fd, F_WRLCK, ask->len, 1);
	about_to_wait();
	result(ask->name, lock_by(fd, F_OFD_SETLKW, F_WRLCK, ask->start, 1));
	return 5;
}

/* A wait that would close a ring of record locks is EDEADLK; locks of open files have no such check. */
static void deadlocks(void)
{
	const struct itimerval often = { { 0, 100000 }, { 0, 100000 } }, never = { 0 };
	struct sigaction action = { .sa_handler = count };
	pid_t pid[3];
	int other;

	say("-- two\n");
	set(fd, F_WRLCK, 0, 1);
	pid[0] = child_sleeps(has_and_wants, &(struct ask){ .name = "0", .start = 0, .len = 1 });
	TRY_LOCK(set(fd, F_WRLCK, 1, 1));
	TRY_LOCK(set_wait(fd, F_WRLCK, 1, 1));
	TRY_LOCK(set_wait(fd, F_WRLCK, 0, 0));
	TRY_LOCK(set_wait(fd, F_RDLCK, 0, 1));
	TRY_LOCK(set_wait(fd, F_WRLCK, 2, 1));
	set(fd, F_UNLCK, 0, 0);
	reap("it", pid[0]);
	say("-- three\n");
	set(fd, F_WRLCK, 0, 1);
	pid[0] = child_sleeps(has_and_wants, &(struct ask){ .name = "0", .start = 0, .len = 1 });
	pid[1] = child_sleeps(has_and_wants, &(struct ask){ .name = "1", .start = 1, .len = 2 });
	TRY_LOCK(set_wait(fd, F_WRLCK, 2, 1));
	TRY_LOCK(set_wait(fd, F_WRLCK, 1, 1));
	set(fd, F_UNLCK, 0, 0);
	reap("it", pid[1]);
	reap("it", pid[0]);
	say("-- two that read\n");
	set(fd, F_RDLCK, 0, 1);
	pid[0] = child_sleeps(reads_and_wants, &(struct ask){ .name = "upgraded" });
	TRY_LOCK(set_wait(fd, F_WRLCK, 0, 1));
	TRY_LOCK(set(fd, F_WRLCK, 0, 1));
	set(fd, F_UNLCK, 0, 0);
	reap("it", pid[0]);
	say("-- another file\n");
	other = open("g", O_RDWR | O_CREAT, 0600);
	set(fd, F_WRLCK, 0, 0);
	pid[0] = child_sleeps(has_g_wants_f, "f");
	TRY_LOCK(set_wait(other, F_RDLCK, 100, 1));
	set(fd, F_UNLCK, 0, 0);
	reap("it", pid[0]);
	TRY_LOCK(set_wait(other, F_RDLCK, 100, 1));
	close(other);
	say("-- a ring of open files is not found\n");
	sigaction(SIGALRM, &action, NULL);
	set_ofd(fd, F_WRLCK, 0, 1);
	pid[0] = child_sleeps(has_open_file_and_wants,
			      &(struct ask){ .name = "0", .start = 0, .len = 1 });
	setitimer(ITIMER_REAL, &often, NULL);
	TRY_LOCK(lock_by(fd, F_OFD_SETLKW, F_WRLCK, 1, 1));
	setitimer(ITIMER_REAL, &never, NULL);
	set_ofd(fd, F_UNLCK, 0, 0);
	reap("it", pid[0]);
}

/*
 * Has byte 0. Two processes with its descriptors wait, the first for byte bytes[0], the second for bytes[1]; who waits for
 * byte 2 is killed.
 */
static int two_want(void *bytes)
{
	pid_t pid[2];
	int killed = ((int *)bytes)[1] == 2;

	reopen();
	set(fd, F_WRLCK, 0, 1);
	for (int i = 0; i < 2; i++) {
		pid[i] = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
		if (pid[i] == 0)
			_exit(set_wait(fd, F_WRLCK, ((int *)bytes)[i], 1) ? 6 : 5);
		until_asleep(pid[i]);
	}
	kill(pid[killed], SIGKILL);
	reap("who waited for byte 2", pid[killed]);
	about_to_wait();
	reap("who waited for byte 1", pid[!killed]);
	return 5;
}

/* The wait that is left is followed, whichever was the first. */
static void two_of_one_table(void)
{
	int bytes[2][2] = { { 1, 2 }, { 2, 1 } };
	pid_t other, pid;

	other = child_sleeps(has_it, &(struct ask){ "other", F_SETLK, F_WRLCK, 2, 1 });
	for (int i = 0; i < 2; i++) {
		say("-- of two with the same descriptors, the %s is left\n",
		    i ? "second" : "first");
		set(fd, F_WRLCK, 1, 1);
		pid = child_sleeps(two_want, bytes[i]);
		alarm(5);
		TRY_LOCK(set_wait(fd, F_WRLCK, 0, 1));
		alarm(0);
		set(fd, F_UNLCK, 0, 0);
		reap("it", pid);
	}
	kill(other, SIGKILL);
	reap("other", other);
}

enum { FIRST, SECOND, IS_KILLED };

static pid_t *told; /* shared by all */

/* Has the file "g"; of two processes with its descriptors the first waits for byte 1 of "f", the second for byte 2. */
static int has_what_a_ring_wants(void *arg)
{
	(void)arg;
	reopen();
	set(open("g", O_RDWR), F_WRLCK, 0, 0);
	for (int i = FIRST; i <= SECOND; i++) {
		pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

		if (pid == 0)
			_exit(set_wait(fd, F_WRLCK, 1 + i, 1) ? 6 : 5);
		until_asleep(pid);
		told[i] = pid;
	}
	about_to_wait();
	reap("the second", told[SECOND]);
	__atomic_store_n(&told[IS_KILLED], 1, __ATOMIC_SEQ_CST);
	reap("the first", told[FIRST]);
	return 5;
}

/* Waits for a process in a ring that it is not part of. */
static int wants_it_too(void)
{
	int own = open("g", O_RDWR);

	until_asleep(getppid());
	kill(told[SECOND], SIGKILL);
	while (!__atomic_load_n(&told[IS_KILLED], __ATOMIC_SEQ_CST))
		nap(1);
	alarm(1);
	TRY_LOCK(set_wait(own, F_WRLCK, 0, 1));
	kill(told[FIRST], SIGKILL);
	return 5;
}

/* It closes as a wait ends that was followed instead. */
static void ring_of_others(void)
{
	int g = open("g", O_RDWR | O_CREAT, 0600);
	pid_t other, has, too;

	say("-- a ring that closes unseen\n");
	told = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	other = child_sleeps(has_it, &(struct ask){ "other", F_SETLK, F_WRLCK, 2, 1 });
	set(fd, F_WRLCK, 1, 1);
	has = child_sleeps(has_what_a_ring_wants, NULL);
	too = fork();
	if (too == 0)
		_exit(wants_it_too());
	TRY_LOCK(set_wait(g, F_WRLCK, 0, 1));
	set(fd, F_UNLCK, 0, 0);
	reap("it", has);
	reap("who wanted it too", too);
	kill(other, SIGKILL);
	reap("other", other);
	close(g);
}

static int *begun; /* shared by all */

/* Closes the descriptor by which another process with the same table waits. */
static int closes_it_meanwhile(void *ends)
{
	pid_t pid;

	reopen();
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		*begun = 1;
		result("fcntl", set_wait(fd, F_WRLCK, 0, 1));
		_exit(5);
	}
	while (!__atomic_load_n(begun, __ATOMIC_SEQ_CST))
		nap(1);
	until_asleep(pid);
	close(fd);
	about_to_wait();
	reap("it", pid);
	if (ends)
		return 6;
	fd = open("f", O_RDWR);
	show(fd);
	return 5;
}

/* Who waits gets the lock, but it belongs to a descriptor that is closed: so nobody has it. */
static void closed_meanwhile(void)
{
	say("-- closed meanwhile\n");
	begun = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int ends = 0; ends < 2; ends++) {
		pid_t pid;

		*begun = 0;
		TRY_LOCK(set(fd, F_WRLCK, 0, 1));
		pid = child_sleeps(closes_it_meanwhile, ends ? begun : NULL);
		set(fd, F_UNLCK, 0, 0);
		reap("who closed it", pid);
	}
	TRY_LOCK(set(fd, F_WRLCK, 0, 1));
}

int main(int argc, char **argv)
{
	if (pipe(order) != 0)
		return 1;
	go_to(argc, argv);
	fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	ends();
	turns();
	signals();
	deadlocks();
	two_of_one_table();
	ring_of_others();
	closed_meanwhile();
	return 0;
}
