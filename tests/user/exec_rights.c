/* SPDX-License-Identifier: MIT */
/* What a program chooses before an exec, and what of it reaches the program that it executes: above all one with more rights. */
#define _GNU_SOURCE
#include <grp.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/time.h>

#include "set_id.h"

#define GAINS "./rights/gains" /* root's set-user-ID copy */
#define PLAIN "./rights/plain"

static volatile int got[NSIG];

static void count(int sig)
{
	got[sig]++;
}

/* Those that are ignored stay so. */
static void count_signals(void)
{
	struct sigaction action;

	for (int sig = 1; sig < NSIG; sig++)
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
			signal(sig, count);
}

static void tell_signals(const char *what)
{
	char text[200] = "";

	for (int sig = 1; sig < NSIG; sig++) {
		if (got[sig])
			snprintf(text + strlen(text), sizeof(text) - strlen(text), " %d", sig);
		got[sig] = 0;
	}
	say("%s:%s\n", what, text);
}

/* Root in full, if the program has that right: its user may not signal it any more. */
static void rise(void)
{
	if (geteuid() == 0) {
		setgid(0);
		setuid(0);
	}
}

static void become(uid_t uid)
{
	setgroups(0, NULL);
	setgid(uid);
	setuid(uid);
}

static void execute(const char *path, const char *role, int number)
{
	char text[12];

	snprintf(text, sizeof(text), "%d", number);
	execl(path, "exec_rights", role, text, NULL);
	result("execl", -1);
	_exit(9);
}

/* ---- the signal at the end of a child ---- */

/* Makes a child that makes a sibling for each byte, and ends at the end of the pipe. Returns the end to write to. */
static int make_child(int sig)
{
	int ends[2];
	char byte;

	pipe(ends);
	if (syscall(SYS_clone, sig, 0, 0, 0, 0) != 0) {
		close(ends[0]);
		return ends[1];
	}
	close(ends[1]);
	while (read(ends[0], &byte, 1) == 1)
		if (syscall(SYS_clone, CLONE_PARENT, 0, 0, 0, 0) == 0)
			_exit(0);
	_exit(0);
}

static void one_ends(const char *what)
{
	long pid;

	do
		pid = waitpid(-1, NULL, __WALL);
	while (pid == -1 && errno == EINTR);
	result("waitpid", pid == -1 ? -1 : 0);
	tell_signals(what);
}

/* A child whose end sends another signal than SIGCHLD is a clone child, which waitpid finds by __WALL or __WCLONE only. */
static int has_child(int fd)
{
	count_signals();
	if (signal(SIGCHLD, count) == SIG_IGN) {
		signal(SIGCHLD, SIG_IGN);
	} else {
		write(fd, "x", 1);
		one_ends("its sibling");
	}
	TRY(waitpid(-1, NULL, WNOHANG)); /* it is a clone child as before */
	close(fd);
	one_ends("the child");
	return 0;
}

/* As role: has executed a program since the child was made. */
static int after_exec(int fd)
{
	rise();
	has_child(fd);
	if (signal(SIGCHLD, SIG_DFL) == SIG_IGN)
		signal(SIGCHLD, SIG_IGN);
	say("a new child\n");
	return has_child(make_child(SIGUSR2));
}

struct end {
	int sig;
	const char *path; /* NULL: no exec */
	bool ignores;	  /* SIGCHLD */
};

static int end_of_child(void *arg)
{
	const struct end *end = arg;
	int fd;

	become(1000);
	if (end->ignores)
		signal(SIGCHLD, SIG_IGN);
	fd = make_child(end->sig);
	if (!end->path)
		return has_child(fd);
	execute(end->path, "after_exec", fd);
	return 9;
}

/* After an exec of the parent the end of each child sends SIGCHLD, whatever clone was given. */
static void ends_of_children(void)
{
	static const int sigs[] = { SIGCHLD, SIGUSR1, SIGKILL, 34, 0 };
	static const char *const paths[] = { NULL, PLAIN, GAINS };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		for (size_t s = 0; s < sizeof(sigs) / sizeof(sigs[0]); s++) {
			struct end end = { sigs[s], paths[i], false };

			if (!end.path && end.sig == SIGKILL)
				continue;
			say("signal %d, then %s\n", end.sig, end.path ?: "no exec");
			in_child("parent", end_of_child, &end);
			end.ignores = true;
			in_child("parent that ignores SIGCHLD", end_of_child, &end);
		}
	}
}

/* ---- the signal at the end of the parent ---- */

/* As role: says what is left of what it asked for. */
static int asks(int unused)
{
	int sig = -1;

	(void)unused;
	prctl(PR_GET_PDEATHSIG, &sig);
	say("at the parent's end: %d\n", sig);
	return 0;
}

struct start {
	uid_t uid, euid;
	const char *path;
};

/* PR_SET_PDEATHSIG is cleared by an exec that gains rights, and by any exec whose effective id is not the real one. */
static int asks_before_exec(void *arg)
{
	const struct start *start = arg;

	setresuid(start->uid, start->euid, start->euid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execute(start->path, "asks", 0);
	return 9;
}

/* As role, or without an exec: asks for a signal at the end of its parent, and waits for that. */
static int is_orphaned(int fd)
{
	siginfo_t info = { .si_signo = 0 };
	pid_t parent = getppid();
	sigset_t set;

	rise();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	close(fd);
	while (getppid() == parent)
		nap(1);
	setsid(); /* takes the lock under which the signal is sent */
	sigtimedwait(&set, &info, &(struct timespec){ 0 });
	say("parent's end: %d, code %d, of the parent %d, user %d\n", info.si_signo, info.si_code,
	    info.si_pid == parent, (int)info.si_uid);
	return 0;
}

/* The signal at the parent's end is the parent's: it comes only if the parent may signal the child. */
static void orphan(uid_t parent, uid_t child, const char *path)
{
	int ends[2], ready[2];

	say("a parent of %u, a child of %u, %s\n", parent, child, path ?: "no exec");
	pipe(ends);
	if (fork() == 0) {
		close(ends[0]);
		pipe(ready);
		if (fork() == 0) {
			close(ready[0]);
			become(child);
			if (path)
				execute(path, "is_orphaned", ready[1]);
			_exit(is_orphaned(ready[1]));
		}
		close(ready[1]);
		become(parent);
		read(ready[0], &(char){ 0 }, 1);
		_exit(0);
	}
	close(ends[1]);
	wait(NULL);
	read(ends[0], &(char){ 0 }, 1);
	close(ends[0]);
}

static void ends_of_parents(void)
{
	struct start starts[] = {
		{ 1000, 1000, PLAIN }, { 1000, 1000, GAINS }, { 1000, 1001, PLAIN },
		{ 0, 1000, PLAIN },    { 0, 0, GAINS },
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		say("%u, %u: %s\n", starts[i].uid, starts[i].euid, starts[i].path);
		in_child("asks", asks_before_exec, &starts[i]);
	}
	orphan(1000, 1000, NULL);
	orphan(1000, 1000, PLAIN);
	orphan(1000, 1000, GAINS);
	orphan(0, 1000, NULL);
	orphan(1000, 1001, NULL);
}

/* ---- SIGIO ---- */

/* As role: the pipe has a byte for it. */
static int is_owner(int fd)
{
	count_signals();
	write(fd, "x", 1);
	tell_signals("half");
	rise();
	write(fd, "x", 1);
	tell_signals("in full");
	return 0;
}

/* SIGIO is sent with the rights of the one who called F_SETOWN, as they were then. */
static int becomes_owner(void *arg)
{
	int ends[2];

	become(1000);
	setpgid(0, 0);
	pipe(ends);
	fcntl(ends[0], F_SETOWN, arg ? -getpid() : getpid());
	fcntl(ends[0], F_SETSIG, SIGUSR1);
	fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	execute(GAINS, "is_owner", ends[1]);
	return 9;
}

/* ---- limits and the layout ---- */

static bool mapped_upwards(void)
{
	char *a = anon(PAGE), *b = anon(PAGE);

	return a < b;
}

/* As role: what its user could choose of its memory. */
static int shows_layout(int unused)
{
	struct rlimit stack;

	(void)unused;
	getrlimit(RLIMIT_STACK, &stack);
	say("stack %ld KiB of %ld, upwards %d, personality %x, executable %d, secure %lu\n",
	    stack.rlim_cur == RLIM_INFINITY ? -1 : (long)(stack.rlim_cur >> 10),
	    stack.rlim_max == RLIM_INFINITY ? -1 : (long)(stack.rlim_max >> 10), mapped_upwards(),
	    personality(0xffffffff), is_executable(mmap(NULL, PAGE, PROT_READ, ANON, -1, 0)),
	    getauxval(AT_SECURE));
	return 0;
}

struct layout {
	struct start start;
	struct rlimit stack;
	unsigned personality;
};

/* A secure exec lowers the soft limit of the stack to 8 MiB; a set-user-ID file clears unsafe bits of the personality. */
static int lays_out(void *arg)
{
	const struct layout *layout = arg;

	setrlimit(RLIMIT_STACK, &layout->stack);
	personality(layout->personality);
	setresuid(layout->start.uid, layout->start.euid, layout->start.euid);
	execute(layout->start.path, "layout", 0);
	return 9;
}

static void layouts(void)
{
	const rlim_t none = RLIM_INFINITY;
	static const struct layout tries[] = {
		{ { 1000, 1000, PLAIN }, { none, none }, 0 },
		{ { 1000, 1000, GAINS }, { none, none }, 0 },
		{ { 1000, 1000, GAINS }, { 64 * MIB, none }, 0 },
		{ { 1000, 1000, GAINS }, { 64 * MIB, 64 * MIB }, 0 },
		{ { 1000, 1000, GAINS }, { 8 * MIB + 1, none }, 0 },
		{ { 1000, 1000, GAINS }, { 4 * MIB, 4 * MIB }, 0 },
		{ { 1000, 1001, PLAIN }, { none, none }, 0 },
		{ { 0, 1000, PLAIN }, { none, none }, 0 },
		{ { 1000, 0, PLAIN }, { none, none }, 0 },
		{ { 0, 0, GAINS }, { none, none }, 0 },
		{ { 1000, 1000, PLAIN }, { 8 * MIB, none }, 0x0fffff08 },
		{ { 1000, 1000, GAINS }, { 8 * MIB, none }, 0x0fffff08 },
		{ { 0, 0, GAINS }, { 8 * MIB, none }, ADDR_COMPAT_LAYOUT | ADDR_NO_RANDOMIZE },
		{ { 0, 1000, PLAIN }, { 8 * MIB, none }, ADDR_COMPAT_LAYOUT },
		{ { 1000, 0, PLAIN }, { 8 * MIB, none }, ADDR_COMPAT_LAYOUT },
	};

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		struct layout layout = tries[i];

		say("%u, %u: %s, %x\n", layout.start.uid, layout.start.euid, layout.start.path,
		    layout.personality);
		in_child("layout", lays_out, &layout);
	}
}

/* ---- all else ---- */

static long in_file(const char *path)
{
	char text[40] = "";
	int fd = open(path, O_RDONLY);

	read(fd, text, sizeof(text) - 1);
	close(fd);
	return strtol(text, NULL, 0);
}

/* As role: what has outlived the exec. */
static int carries(int unused)
{
	struct itimerval alarm, profile;
	struct itimerspec timer;
	sigset_t pending, blocked;
	struct sigaction action;
	stack_t stack;
	int reaper = -1;
	siginfo_t info;

	(void)unused;
	sigpending(&pending);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	say("pending: %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGHUP));
	sigtimedwait(&pending, &info, &(struct timespec){ 0 });
	say("the first: code %d, value %d\n", info.si_code, info.si_value.sival_int);
	say("blocked: %d %d\n", sigismember(&blocked, SIGUSR1), sigismember(&blocked, SIGHUP));
	for (int sig = SIGQUIT; sig <= SIGILL; sig++) {
		sigaction(sig, NULL, &action);
		say("%d: %s, %x\n", sig, action.sa_handler == SIG_IGN ? "ignored" : "default",
		    action.sa_flags);
	}
	getitimer(ITIMER_REAL, &alarm);
	getitimer(ITIMER_PROF, &profile);
	say("interval timers: %d %d\n", alarm.it_value.tv_sec != 0, profile.it_value.tv_sec != 0);
	TRY(syscall(SYS_timer_gettime, 0, &timer));
	sigaltstack(NULL, &stack);
	say("stack for signals: %x\n", stack.ss_flags);
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	say("umask %o, nice %d, reaper %d\n", umask(0), getpriority(PRIO_PROCESS, 0), reaper);
	say("keeps %d, dumpable %d, secure bits %x, no new privileges %d\n", prctl(PR_GET_KEEPCAPS),
	    prctl(PR_GET_DUMPABLE), prctl(PR_GET_SECUREBITS),
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	say("out of memory %ld, core %ld, locked %ld, barriers %ld\n",
	    in_file("/proc/self/oom_score_adj"), in_file("/proc/self/coredump_filter"),
	    number_in_status(getpid(), "VmLck"), syscall(SYS_membarrier, 512, 0, 0));
	return 0;
}

static void set_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	result(path, write(fd, text, strlen(text)));
	close(fd);
}

/* Chooses all that is the process's own. */
static int chooses(void *path)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGHUP };
	struct itimerval later = { { 0, 0 }, { 1000, 0 } };
	struct itimerspec at_once = { { 0, 0 }, { 0, 1 } };
	stack_t stack = { .ss_sp = anon(16 * PAGE), .ss_size = 16 * PAGE };
	sigset_t set;
	timer_t timer;

	become(1000);
	prctl(PR_SET_DUMPABLE, 1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 7 });
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &at_once, NULL);
	do
		sigpending(&set);
	while (!sigismember(&set, SIGHUP));
	sigaction(SIGQUIT, &(struct sigaction){ .sa_handler = SIG_IGN, .sa_flags = SA_NOCLDWAIT },
		  NULL);
	sigaction(SIGILL, &(struct sigaction){ .sa_handler = count, .sa_flags = SA_ONSTACK }, NULL);
	setitimer(ITIMER_REAL, &later, NULL);
	setitimer(ITIMER_PROF, &later, NULL);
	sigaltstack(&stack, NULL);
	umask(0777);
	setpriority(PRIO_PROCESS, 0, 5);
	prctl(PR_SET_TIMERSLACK, 12345);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	prctl(PR_SET_KEEPCAPS, 1);
	set_file("/proc/self/oom_score_adj", "100");
	set_file("/proc/self/coredump_filter", "1");
	mlockall(MCL_FUTURE);
	syscall(SYS_membarrier, 16, 0, 0); /* registers for the private command */
	execute(path, "carries", 0);
	return 9;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int number);
	} roles[] = {
		{ "after_exec", after_exec },	{ "asks", asks },
		{ "is_orphaned", is_orphaned }, { "is_owner", is_owner },
		{ "layout", shows_layout },	{ "carries", carries },
	};

	for (size_t i = 0; argc > 2 && i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(argv[1], roles[i].name) == 0)
			return roles[i].run(atoi(argv[2]));
	mkdir("rights", 0755);
	chmod("rights", 0755);
	copy_program(PLAIN, 0, 0, 0755);
	copy_program(GAINS, 0, 0, 04755);
	ends_of_children();
	ends_of_parents();
	in_child("owner", becomes_owner, NULL);
	in_child("group of the owner", becomes_owner, "");
	layouts();
	/* Pending and blocked signals and interval timers outlive an exec; POSIX timers, handlers and memory locks do not. */
	in_child("no more rights", chooses, PLAIN);
	in_child("more rights", chooses, GAINS);
	unlink(PLAIN);
	unlink(GAINS);
	rmdir("rights");
	return 0;
}
