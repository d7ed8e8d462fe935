/* SPDX-License-Identifier: MIT */
/* PR_SET_CHILD_SUBREAPER: who becomes the parent of a process whose parent ends. */
#include "t.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/prctl.h>

static pid_t *pids; /* shared by all */
enum { MAIN, INNER, PARENT, CHILD, NPIDS };

static int subreaper(void)
{
	int value = -1;

	prctl(PR_GET_CHILD_SUBREAPER, &value);
	return value;
}

static const char *name_of(pid_t pid)
{
	static const char *const names[] = { "main", "inner", "parent", "child" };

	for (int i = 0; i < NPIDS; i++)
		if (pid == pids[i])
			return names[i];
	return pid == 1 ? "process 1" : "another";
}

/* Says who its parent is, once that is another than `old`. */
static void adopted(const char *who, pid_t old)
{
	while (getppid() == old)
		nap(1);
	say("%s: its parent is %s\n", who, name_of(getppid()));
}

/* Waits for all children, and then says how those with a name have ended. */
static void collect(void)
{
	int status[NPIDS], one;
	bool there[NPIDS] = { false };
	pid_t pid;

	while ((pid = wait(&one)) > 0)
		for (int i = 0; i < NPIDS; i++)
			if (pid == pids[i]) {
				there[i] = true;
				status[i] = one;
			}
	for (int i = 0; i < NPIDS; i++)
		if (there[i])
			ended(name_of(pids[i]), status[i]);
}

/* Makes a child, which makes another one and ends; the grandchild runs f and ends. */
static void orphan(void (*f)(void))
{
	pid_t pid = fork();

	if (pid != 0) {
		pids[PARENT] = pid;
		return;
	}
	pids[PARENT] = getpid();
	pid = fork();
	pids[CHILD] = pid ?: getpid();
	if (pid == 0) {
		f();
		_exit(3);
	}
	_exit(2);
}

static void tells(void)
{
	adopted("child", pids[PARENT]);
}

/* ---- the flag ---- */

/* Any value but 0 sets the flag; a child does not inherit it, but exec keeps it. */
static void flag(char **argv)
{
	char *const again[] = { argv[0], "again", NULL };
	int status;

	say("at first: %d\n", subreaper());
	TRY(prctl(PR_GET_CHILD_SUBREAPER, 8));
	TRY(prctl(PR_SET_CHILD_SUBREAPER, 5));
	say("set: %d\n", subreaper());
	TRY(prctl(PR_SET_CHILD_SUBREAPER, 0, 1, 2, 3));
	say("not set: %d\n", subreaper());
	TRY(prctl(PR_SET_CHILD_SUBREAPER, 1ul << 32, 1, 2, 3));
	if (fork() == 0) {
		say("in a child: %d\n", subreaper());
		TRY(prctl(PR_SET_CHILD_SUBREAPER, 1));
		execv("/proc/self/exe", again);
		_exit(1);
	}
	wait(&status);
	say("and still: %d\n", subreaper());
}

static void *sets(void *unused)
{
	(void)unused;
	return (void *)(long)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* It is the process's: another thread sets it, and the first one adopts. */
static void of_threads(void)
{
	pthread_t thread;

	prctl(PR_SET_CHILD_SUBREAPER, 0);
	pthread_create(&thread, NULL, sets, NULL);
	pthread_join(thread, NULL);
	say("set by a thread: %d\n", subreaper());
	orphan(tells);
	collect();
}

/* ---- who adopts ---- */

/* An orphan goes to the nearest ancestor that is a subreaper. */
static void simple(void)
{
	orphan(tells);
	collect();
}

/* Without a subreaper an orphan goes to process 1. */
static void not_set(void)
{
	int over[2];
	char byte;

	prctl(PR_SET_CHILD_SUBREAPER, 0);
	pipe(over);
	orphan(tells);
	close(over[1]);
	read(over[0], &byte, 1); /* until the orphan has ended, too */
	close(over[0]);
	collect();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Its parent ends, then the inner subreaper. */
static void goes_up(void)
{
	adopted("child", pids[PARENT]);
	kill(pids[INNER], SIGKILL);
	adopted("child", pids[INNER]);
}

/* When an adopting parent ends, its children go on to the next subreaper, zombies too. */
static void nested(void)
{
	pids[INNER] = fork();
	if (pids[INNER] == 0) {
		pids[INNER] = getpid();
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		orphan(goes_up);
		for (;;)
			pause();
	}
	collect(); /* the inner one has not waited for the parent, a zombie: that is adopted, too */
}

/* Who takes the flag back before the parent ends adopts nobody. */
static void changes_its_mind(void)
{
	int status;

	pids[INNER] = fork();
	if (pids[INNER] == 0) {
		pids[INNER] = getpid();
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		prctl(PR_SET_CHILD_SUBREAPER, 0);
		orphan(tells);
		wait(&status);
		_exit(4);
	}
	collect();
}

/* A subreaper that is no ancestor does not count. */
static void uncle(void)
{
	int hold[2], ready[2], status;
	char byte;

	pipe(hold);
	pipe(ready);
	if (fork() == 0) {
		close(hold[1]);
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		write(ready[1], "x", 1);
		read(hold[0], &byte, 1);
		_exit(0);
	}
	read(ready[0], &byte, 1);
	orphan(tells);
	waitpid(pids[PARENT], &status, 0);
	waitpid(pids[CHILD], &status, 0);
	ended("child", status);
	close(hold[1]);
	close(hold[0]);
	collect();
}

/* ---- what it learns ---- */

/* Among the orphans are zombies that nobody has waited for. */
static void zombies(void)
{
	siginfo_t info;
	int status, n = 0;
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 3; i++) {
			pid_t child = fork();

			if (child == 0)
				_exit(10 + i);
			waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
		}
		_exit(2);
	}
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	while (wait(&status) > 0)
		n++;
	say("%d waited for, then %s\n", n, strerrorname_np(errno));
}

/* Who ignores SIGCHLD need not wait for orphans either. */
static void ignored(void)
{
	int status;
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		signal(SIGCHLD, SIG_DFL);
		for (int i = 0; i < 3; i++)
			if (fork() == 0)
				_exit(0);
		_exit(2);
	}
	TRY(wait(&status));
	signal(SIGCHLD, SIG_DFL);
}

/* It hears of orphans that end as of children. */
static void signalled(void)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	orphan(tells);
	waitpid(pids[PARENT], &(int){ 0 }, 0);
	waitid(P_PID, (id_t)pids[CHILD], &info, WEXITED | WNOWAIT);
	say("signal %d\n", sigwaitinfo(&set, &info));
	collect();
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Of a zombie that it gets, it is told as of a child of its own that ends. `flags` are those of the action for SIGCHLD. */
static void is_told_of_a_zombie(const char *what, int flags)
{
	const struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = flags };
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGCHLD, &action, NULL);
	pid = fork();
	if (pid == 0) {
		sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
		pid = fork();
		if (pid == 0)
			_exit(7);
		pids[CHILD] = pid;
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
		_exit(3);
	}
	pids[PARENT] = pid;
	sigwaitinfo(&set, &info);
	say("%s: of %s, code %d, status %d\n", what, name_of(info.si_pid), info.si_code,
	    info.si_status);
	while (wait(NULL) > 0)
		;
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int death_pipe[2];

static void hears_of_the_end(void)
{
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	write(death_pipe[1], "x", 1);
	say("signal %d", sigwaitinfo(&set, &info));
	say(" from %s\n", name_of(info.si_pid));
	say("its parent is %s\n", name_of(getppid()));
}

/* The signal for the parent's end is sent when the real parent ends, and says that it is from it. */
static void death_signal(void)
{
	char byte;

	pipe(death_pipe);
	pids[PARENT] = fork();
	if (pids[PARENT] == 0) {
		pids[PARENT] = getpid();
		if (fork() == 0) {
			pids[CHILD] = getpid();
			hears_of_the_end();
			_exit(3);
		}
		read(death_pipe[0], &byte, 1);
		_exit(2);
	}
	waitpid(pids[PARENT], &(int){ 0 }, 0);
	collect();
}

/* ---- process groups ---- */

static volatile int hung_up;

static void hangs_up(int sig)
{
	(void)sig;
	hung_up = 1;
}

/* The letter of a process's state in /proc. */
static char state_of(pid_t pid)
{
	char path[40], text[256];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	return at ? at[2] : '?';
}

/*
 * A session with the subreaper in it, or above it. In a group of its own, or of its parent's, a child
 * stops. Its parent ends: a group that is orphaned while a member is stopped gets SIGHUP and SIGCONT. A subreaper of
 * the same session, as the new parent, keeps it from being orphaned.
 */
static void group(const char *what, bool inside, bool own)
{
	int status, to[2];
	char byte;
	pid_t pid = fork();

	if (pid != 0) {
		waitpid(pid, &status, 0);
		ended(what, status);
		while (wait(&status) > 0)
			;
		return;
	}
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, inside);
	pipe(to);
	pids[PARENT] = fork();
	if (pids[PARENT] == 0) {
		pids[PARENT] = getpid();
		setpgid(0, 0);
		if (fork() == 0) {
			pids[CHILD] = getpid();
			signal(SIGHUP, hangs_up);
			if (own)
				setpgid(0, 0);
			raise(SIGTSTP);
			say("%s: %s\n", what, hung_up ? "hung up" : "continued");
			write(to[1], "x", 1);
			_exit(0);
		}
		waitpid(-1, &status, WUNTRACED);
		_exit(0);
	}
	waitpid(pids[PARENT], &status, 0);
	if (inside) {
		say("%s: %c\n", what, state_of(pids[CHILD]));
		kill(pids[CHILD], SIGCONT);
	}
	read(to[0], &byte, 1);
	_exit(0);
}

/* ---- many ---- */

#define GENERATIONS 40

static unsigned *nwaited;

/* A line of processes, each of which ends at some time; every third one is a subreaper. */
static void generations(void)
{
	unsigned n = 0;

	do {
		if (n % 3 == 0)
			prctl(PR_SET_CHILD_SUBREAPER, 1);
	} while (n < GENERATIONS && fork() == 0 && ++n);
	for (unsigned i = 0; i < (n * 2654435761u >> 16) % 20; i++) {
		if (waitpid(-1, &(int){ 0 }, WNOHANG) > 0)
			__atomic_add_fetch(nwaited, 1, __ATOMIC_SEQ_CST);
		if (i % 4 == 0)
			nap(1);
	}
	_exit(0);
}

/* However many parents end at once, each process is waited for exactly once. */
static void many(void)
{
	int rounds = 10;

	for (int i = 0; i < rounds; i++) {
		if (fork() == 0)
			generations();
		while (wait(NULL) > 0)
			__atomic_add_fetch(nwaited, 1, __ATOMIC_SEQ_CST);
	}
	say("all were waited for: %d\n", *nwaited == (unsigned)rounds * (GENERATIONS + 1));
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		say("after exec: %d\n", subreaper());
		return 0;
	}
	pids = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	nwaited = (unsigned *)(pids + NPIDS);
	pids[MAIN] = getpid();
	flag(argv);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	say("-- simple\n");
	simple();
	say("-- not set\n");
	not_set();
	say("-- nested\n");
	nested();
	say("-- changes its mind\n");
	changes_its_mind();
	say("-- uncle\n");
	uncle();
	say("-- zombies\n");
	zombies();
	ignored();
	signalled();
	is_told_of_a_zombie("a zombie", 0);
	is_told_of_a_zombie("one that need not be waited for", SA_NOCLDWAIT);
	death_signal();
	say("-- groups\n");
	group("its own group, subreaper inside", true, true);
	group("the parent's group, subreaper inside", true, false);
	group("its own group, subreaper outside", false, true);
	say("-- many\n");
	many();
	of_threads();
	return 0;
}
