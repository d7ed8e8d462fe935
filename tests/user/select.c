/* SPDX-License-Identifier: MIT */
/* pselect6: the three sets, waiting, time that runs out and what is left of it, signals, errors. */
#include "t.h"

#include <sys/select.h>

#define BAD ((void *)8)

struct pack {
	const void *mask;
	size_t size;
};

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

/* Shows the members of the sets below 16. */
static void show(const char *what, long n, fd_set *sets)
{
	char text[3][17];

	for (int kind = 0; kind < 3; kind++) {
		for (int fd = 0; fd < 16; fd++)
			text[kind][fd] = FD_ISSET(fd, &sets[kind]) ? '1' : '.';
		text[kind][16] = '\0';
	}
	say("%s: %ld%s%s, read %s write %s except %s\n", what, n, n < 0 ? " " : "",
	    n < 0 ? strerrorname_np(errno) : "", text[0], text[1], text[2]);
}

/* Asks for one descriptor in the sets whose letters are given, and waits no time. */
static void now(const char *what, int fd, const char *kinds)
{
	struct timespec zero = { 0, 0 };
	fd_set sets[3];
	long n;

	for (int kind = 0; kind < 3; kind++) {
		FD_ZERO(&sets[kind]);
		if (strchr(kinds, "rwx"[kind]))
			FD_SET(fd, &sets[kind]);
	}
	n = syscall(SYS_pselect6, fd + 1, &sets[0], &sets[1], &sets[2], &zero, NULL);
	for (int kind = 0; kind < 3; kind++)
		if (n >= 0 && FD_ISSET(fd, &sets[kind]))
			say("%s, %s: %c\n", what, kinds, "rwx"[kind]);
	say("%s, %s: %ld%s%s\n", what, kinds, n, n < 0 ? " " : "",
	    n < 0 ? strerrorname_np(errno) : "");
}

static void kinds(void)
{
	int file = open("select.tmp", O_CREAT | O_RDWR, 0644), p[2], q[2];

	now("a file", file, "rwx");
	now("a path", open("select.tmp", O_PATH), "rwx");
	now("a path", open("select.tmp", O_PATH), "x");
	now("null", open("/dev/null", O_RDWR), "rw");
	now("a directory", open("/", O_RDONLY), "rwx");
	if (pipe(p) || pipe(q))
		return;
	now("an empty pipe", p[0], "rwx");
	now("its other end", p[1], "rwx");
	write(p[1], "x", 1);
	now("a pipe", p[0], "rwx");
	close(p[1]);
	now("a pipe without writers", p[0], "x");
	read(p[0], &(char){ 0 }, 1);
	now("an empty pipe without writers", p[0], "rw");
	close(q[0]);
	now("a pipe without readers", q[1], "rwx");
	now("a pipe without readers", q[1], "r");
	close(p[0]);
	now("closed", p[0], "r");
	now("closed", p[0], "x");
}

static void many(void)
{
	struct timespec zero = { 0, 0 };
	fd_set sets[3];
	int p[2];
	long n;

	if (pipe(p))
		return;
	write(p[1], "x", 1);
	for (int kind = 0; kind < 3; kind++) {
		FD_ZERO(&sets[kind]);
		FD_SET(p[0], &sets[kind]);
		FD_SET(p[1], &sets[kind]);
		FD_SET(40, &sets[kind]);
	}
	n = syscall(SYS_pselect6, 16, &sets[0], &sets[1], &sets[2], &zero, NULL);
	show("two ends", n, sets);
	say("a member behind the last: %d\n", FD_ISSET(40, &sets[0]));
	FD_SET(p[0], &sets[0]);
	n = syscall(SYS_pselect6, p[0], &sets[0], NULL, NULL, &zero, NULL);
	show("nobody is asked", n, sets);
	FD_SET(p[0], &sets[0]);
	FD_SET(15, &sets[0]);
	n = syscall(SYS_pselect6, 16, &sets[0], NULL, NULL, &zero, NULL);
	show("one is closed", n, sets);
	TRY(syscall(SYS_pselect6, 16, &sets[0], NULL, NULL, &zero, NULL));
	TRY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, NULL));
	TRY(syscall(SYS_pselect6, 0, BAD, BAD, BAD, &zero, NULL));
	TRY(syscall(SYS_pselect6, 1, BAD, NULL, NULL, &zero, NULL));
	TRY(syscall(SYS_pselect6, 1, NULL, BAD, NULL, &zero, NULL));
	TRY(syscall(SYS_pselect6, 1, NULL, NULL, BAD, &zero, NULL));
	TRY(syscall(SYS_pselect6, -1, NULL, NULL, NULL, &zero, NULL));
	FD_ZERO(&sets[0]);
	FD_SET(p[0], &sets[0]);
	TRY(syscall(SYS_pselect6, 0x7fffffff, &sets[0], NULL, NULL, &zero, NULL));
	close(p[0]);
	close(p[1]);
}

static void waits(void)
{
	struct timespec t = { 100, 0 };
	fd_set set;
	int p[2];
	pid_t self = getpid(), pid;
	long before = waits_of(self);

	if (pipe(p))
		return;
	pid = fork();
	if (pid == 0) {
		until_it_waits(self, before);
		write(p[1], "x", 1);
		_exit(0);
	}
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, NULL));
	say("there: %d, time is left: %d\n", FD_ISSET(p[0], &set) != 0,
	    t.tv_sec == 99 && t.tv_nsec > 0);
	waitpid(pid, NULL, 0);
	read(p[0], &(char){ 0 }, 1);
	t = (struct timespec){ 0, 1000000 };
	FD_SET(p[0], &set);
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, NULL));
	say("there: %d, left %ld.%09ld\n", FD_ISSET(p[0], &set) != 0, (long)t.tv_sec, t.tv_nsec);
	t = (struct timespec){ 0, 1000000 };
	TRY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &t, NULL));
	say("left %ld.%09ld\n", (long)t.tv_sec, t.tv_nsec);
	close(p[0]);
	close(p[1]);
}

static void signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct timespec t = { 100, 0 };
	sigset_t blocked, none;
	struct pack pack = { &none, 8 };
	fd_set set;
	int p[2];

	if (pipe(p))
		return;
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR1);
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, &pack));
	say("caught %d, the set is as it was: %d, time is left: %d\n", caught == SIGUSR1,
	    FD_ISSET(p[0], &set) != 0, t.tv_sec <= 100 && t.tv_sec >= 98);
	caught = 0;
	raise(SIGUSR1);
	write(p[1], "x", 1);
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, &pack));
	say("caught with an event: %d\n", caught);
	pack.size = 16;
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, &pack));
	pack.mask = BAD;
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, &pack));
	pack.size = 8;
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, &pack));
	pack.mask = NULL;
	pack.size = 77;
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, &pack));
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, BAD));
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, BAD, NULL));
	t = (struct timespec){ -1, 0 };
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, NULL));
	t = (struct timespec){ 0, 1000000000 };
	TRY(syscall(SYS_pselect6, p[0] + 1, &set, NULL, NULL, &t, NULL));
}

int main(void)
{
	kinds();
	many();
	waits();
	signals();
	return 0;
}
