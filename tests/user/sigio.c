/* SPDX-License-Identifier: MIT */
/* SIGIO: which files have O_ASYNC, who owns them, what the signals say, and when pipes and terminals send them. */
#include "t.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027
#endif

static char bytes[10000];
static char *volatile bad = (char *)8;
static int in[2], out[2], file;
static sigset_t all;

/* Says which signals are pending, and takes them. */
static void taken(const char *what)
{
	const struct timespec now = { 0 };
	siginfo_t info;
	int sig;

	memset(&info, 0, sizeof(info));
	while ((sig = sigtimedwait(&all, &info, &now)) > 0) {
		if (info.si_code == SI_KERNEL)
			say("%s: signal %d\n", what, sig);
		else
			say("%s: signal %d, code %d, %s, band %#lx\n", what, sig, info.si_code,
			    info.si_fd == in[0]	  ? "in[0]"
			    : info.si_fd == in[1] ? "in[1]"
						  : "another",
			    info.si_band);
		memset(&info, 0, sizeof(info));
		what = "and";
	}
	if (what[0] != 'a' || what[1] != 'n')
		say("%s: none\n", what);
}
#define AFTER(call) ((void)(call), taken(#call))

/* ---- which files, and their owners ---- */

static void owner(int fd)
{
	struct f_owner_ex ex = { 9, 9 };
	int own = fcntl(fd, F_GETOWN);

	fcntl(fd, F_GETOWN_EX, &ex);
	say("owner %s, %d %s\n",
	    own == 0		? "none"
	    : own == getpid()	? "self"
	    : own == -getpgrp() ? "group"
				: "another",
	    ex.type,
	    ex.pid == 0		  ? "none"
	    : ex.pid == getpid()  ? "self"
	    : ex.pid == getpgrp() ? "group"
				  : "another");
}

static void flags(const char *what, int fd)
{
	say("%s: %#o\n", what, fcntl(fd, F_GETFL) & (O_ASYNC | O_NONBLOCK | O_ACCMODE));
}

static void kind(const char *name, int fd)
{
	int on = 1, off = 0;

	say("%s: %d\n", name, fd >= 0);
	owner(fd);
	TRY(fcntl(fd, F_GETSIG));
	TRY(fcntl(fd, F_SETFL, O_ASYNC));
	flags("with O_ASYNC", fd);
	owner(fd);
	TRY(fcntl(fd, F_SETFL, 0));
	flags("without", fd);
	TRY(ioctl(fd, FIOASYNC, &on));
	flags("by FIOASYNC", fd);
	TRY(ioctl(fd, FIOASYNC, &off));
	flags("without", fd);
	TRY(ioctl(fd, FIOASYNC, bad));
	TRY(fcntl(fd, F_SETOWN, getpid()));
	TRY(fcntl(fd, F_SETSIG, SIGUSR1));
	TRY(fcntl(fd, F_GETSIG));
	owner(fd);
	TRY(fcntl(fd, F_DUPFD_QUERY, fd));
	TRY(fcntl(fd, F_DUPFD_QUERY, in[0]));
	TRY(fcntl(fd, F_DUPFD_QUERY, 999));
	close(fd);
}

/* O_ASYNC is for files that can tell of events, as pipes: others keep their flags, but all have an owner and a signal. */
static void kinds(void)
{
	sigset_t none;

	sigemptyset(&none);
	kind("file", open("new", O_RDWR | O_CREAT, 0600));
	kind("opened with O_ASYNC", open("new", O_RDWR | O_ASYNC | O_CREAT, 0600));
	kind("path", open("new", O_PATH));
	kind("directory", open(".", O_RDONLY));
	kind("null", open("/dev/null", O_RDWR));
	kind("memfd", memfd_create("m", 0));
	kind("eventfd", eventfd(0, 0));
	kind("timerfd", timerfd_create(CLOCK_MONOTONIC, 0));
	kind("signalfd", signalfd(-1, &none, 0));
	kind("epoll", epoll_create1(0));
	kind("pipe", dup(in[0]));
	kind("the other end", dup(in[1]));
	kind("closed", 999);
}

static void set_ex(int type, int pid)
{
	struct f_owner_ex ex = { type, pid };

	TRY(fcntl(in[0], F_SETOWN_EX, &ex));
	owner(in[0]);
}

static pid_t its_tid;

static void *sets_itself(void *unused)
{
	(void)unused;
	its_tid = gettid();
	TRY(fcntl(in[0], F_SETOWN, gettid()));
	owner(in[0]);
	AFTER(write(in[1], "x", 1));
	set_ex(F_OWNER_TID, gettid());
	AFTER(write(in[1], "x", 1));
	return NULL;
}

/* F_SETOWN takes a process, a thread's own number, or a group as a negative number; who is not there is ESRCH. */
static void owners(void)
{
	pthread_t thread;

	TRY(fcntl(in[0], F_SETOWN, 99999));
	TRY(fcntl(in[0], F_SETOWN, -99999));
	TRY(fcntl(in[0], F_SETOWN, 0x80000000));
	TRY(fcntl(in[0], F_SETOWN_EX, bad));
	TRY(fcntl(in[0], F_GETOWN_EX, bad));
	set_ex(F_OWNER_PGRP + 1, 0);
	set_ex(-1, 0);
	set_ex(F_OWNER_PGRP, 99999);
	set_ex(F_OWNER_PID, -1);
	set_ex(F_OWNER_PID, getpid());
	set_ex(F_OWNER_TID, getpid());
	set_ex(F_OWNER_PGRP, getpgrp());
	TRY(fcntl(in[0], F_SETOWN, -getpgrp()));
	owner(in[0]);
	set_ex(F_OWNER_PGRP, 0);
	TRY(fcntl(in[0], F_SETOWN, 0));
	owner(in[0]);
	TRY(fcntl(in[0], F_SETSIG, 65));
	TRY(fcntl(in[0], F_SETSIG, -1));
	TRY(fcntl(in[0], F_SETSIG, 64));
	TRY(fcntl(in[0], F_GETSIG));
	TRY(fcntl(in[0], F_SETSIG, 0));
	fcntl(in[0], F_SETFL, O_NONBLOCK | O_ASYNC);
	AFTER(write(in[1], "nobody", 6));
	pthread_create(&thread, NULL, sets_itself, NULL);
	pthread_join(thread, NULL);
	while (tgkill(getpid(), its_tid, 0) == 0)
		nap(1); /* it is joined before it is gone */
	owner(in[0]);
	AFTER(write(in[1], "x", 1));
	TRY(fcntl(in[0], F_SETOWN, getpid()));
	while (read(in[0], bytes, sizeof(bytes)) > 0)
		continue;
}

/* ---- what pipes send ---- */

/* By default SIGIO has no siginfo; a signal set by F_SETSIG, be it SIGIO, has the descriptor and the events. */
static void infos(void)
{
	AFTER(write(in[1], "a", 1));
	AFTER(write(in[1], "", 0));
	AFTER(read(in[0], bytes, 1));
	for (const int *sig = (const int[]){ SIGIO, SIGUSR1, SIGSEGV, SIGCHLD, SIGRTMIN + 3, 0 };
	     *sig; sig++) {
		fcntl(in[0], F_SETSIG, *sig);
		AFTER(write(in[1], "a", 1));
	}
	fcntl(in[0], F_SETSIG, SIGRTMIN);
	write(in[1], "a", 1);
	AFTER(write(in[1], "a", 1));
	fcntl(in[0], F_SETSIG, SIGUSR1);
	write(in[1], "a", 1);
	AFTER(write(in[1], "a", 1));
	fcntl(in[0], F_SETSIG, SIGRTMIN);
}

static void by_signalfd(void)
{
	int fd = signalfd(-1, &all, SFD_NONBLOCK);
	struct signalfd_siginfo info;

	write(in[1], "a", 1);
	TRY(read(fd, &info, sizeof(info)));
	say("signal %d, code %d, fd %d, band %#x, pid %d, ptr %#lx\n", info.ssi_signo,
	    info.ssi_code, info.ssi_fd == in[0], info.ssi_band, info.ssi_pid, (long)info.ssi_ptr);
	close(fd);
}

/* Each way into a pipe sends the signal to its reader; that one of two writers closes does not. */
static void readers(void)
{
	int other = dup(in[1]);

	AFTER(write(in[1], bad, 1));
	AFTER(vmsplice(in[1], &(struct iovec){ bytes, 2 }, 1, 0));
	AFTER(splice(file, NULL, in[1], NULL, 5, 0));
	write(out[1], "abc", 3);
	AFTER(tee(out[0], in[1], 5, 0));
	AFTER(splice(out[0], NULL, in[1], NULL, 5, 0));
	AFTER(close(other));
	fcntl(in[0], F_SETFL, O_NONBLOCK);
	AFTER(write(in[1], "x", 1));
	while (read(in[0], bytes, sizeof(bytes)) > 0)
		continue;
}

/* The owner of the writing end is told when bytes are taken out. */
static void writers(void)
{
	fcntl(in[1], F_SETFL, O_NONBLOCK | O_ASYNC);
	fcntl(in[1], F_SETOWN, getpid());
	fcntl(in[1], F_SETSIG, SIGRTMIN);
	AFTER(write(in[1], "abcd", 4));
	AFTER(read(in[0], bytes, 1));
	AFTER(read(in[0], bad, 1));
	AFTER(read(in[0], bytes, 0));
	AFTER(tee(in[0], out[1], 10, 0));
	AFTER(splice(in[0], NULL, out[1], NULL, 1, 0));
	AFTER(splice(in[0], NULL, file, NULL, 1, 0));
	AFTER(splice(in[0], NULL, file, NULL, 10, 0));
	AFTER(read(in[0], bytes, 100));
	AFTER(splice(in[0], NULL, file, NULL, 10, 0));
	write(in[1], "abcd", 4);
	AFTER(splice(in[0], NULL, out[1], NULL, 10, 0));
	AFTER(fcntl(in[1], F_SETPIPE_SZ, 8192));
}

/* The end of the last reader or writer sends the signal to the other side. */
static void ends(void)
{
	int p[2];

	AFTER(close(in[0]));
	pipe(p);
	fcntl(p[0], F_SETFL, O_NONBLOCK | O_ASYNC);
	fcntl(p[0], F_SETOWN, getpid());
	AFTER(close(p[1]));
	AFTER(read(p[0], bytes, 1));
	close(p[0]);
	close(in[1]);
	pipe(in);
	fcntl(in[0], F_SETOWN, getpid());
	fcntl(in[0], F_SETSIG, SIGRTMIN);
	fcntl(in[0], F_SETFL, O_NONBLOCK | O_ASYNC);
}

static void named(void)
{
	int both, reader, writer;

	TRY(mkfifo("fifo", 0600));
	both = open("fifo", O_RDWR | O_NONBLOCK | O_ASYNC);
	fcntl(both, F_SETOWN, getpid());
	fcntl(both, F_SETSIG, SIGRTMIN);
	AFTER(write(both, "opened with it", 14));
	fcntl(both, F_SETFL, O_NONBLOCK);
	flags("as it was opened", both);
	fcntl(both, F_SETFL, O_NONBLOCK | O_ASYNC);
	AFTER(write(both, "still", 5));
	close(both);
	both = open("fifo", O_RDWR | O_NONBLOCK);
	fcntl(both, F_SETOWN, getpid());
	fcntl(both, F_SETSIG, SIGRTMIN);
	fcntl(both, F_SETFL, O_NONBLOCK | O_ASYNC);
	AFTER(write(both, "a", 1));
	AFTER(read(both, bytes, 10));
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	writer = open("fifo", O_WRONLY);
	AFTER(write(writer, "a", 1));
	AFTER(close(writer));
	AFTER(close(reader));
	close(both);
}

/* ---- who gets them ---- */

/* Without room in the queue SIGIO comes instead of a real-time signal. */
static void without_room(void)
{
	struct rlimit none = { 0, 100 }, some = { 100, 100 };

	setrlimit(RLIMIT_SIGPENDING, &none);
	AFTER(write(in[1], "a", 1));
	fcntl(in[0], F_SETSIG, SIGUSR1);
	AFTER(write(in[1], "a", 1));
	fcntl(in[0], F_SETSIG, SIGSEGV);
	AFTER(write(in[1], "a", 1));
	setrlimit(RLIMIT_SIGPENDING, &some);
	fcntl(in[0], F_SETSIG, SIGRTMIN);
}

static int is_told(void *arg)
{
	(void)arg;
	write(in[1], "a", 1);
	taken("in the child");
	return 0;
}

static int sets_as_another(void *arg)
{
	setresuid(0, 1000, 0);
	fcntl(in[0], F_SETOWN, *(pid_t *)arg);
	return 0;
}

static int sets_as_stranger(void *arg)
{
	setresuid(1000, 1000, 1000);
	fcntl(in[0], F_SETOWN, *(pid_t *)arg);
	return 0;
}

static int stays(void *arg)
{
	char c;

	read(*(int *)arg, &c, 1);
	return 0;
}

static int pair(void *arg)
{
	int hold[2];
	pid_t pid;
	char c = 0;

	(void)arg;
	setpgid(0, 0);
	fcntl(in[0], F_SETOWN, -getpid());
	pipe(hold);
	pid = fork();
	if (pid == 0) {
		close(hold[1]);
		stays(&hold[0]);
		taken("the other member");
		_exit(0);
	}
	write(in[1], &c, 1);
	taken("the first member");
	close(hold[1]);
	close(hold[0]);
	waitpid(pid, NULL, 0);
	return 0;
}

/* The signal goes to the owner, whoever writes, if the one who set the owner might signal it. */
static void receivers(void)
{
	pid_t self = getpid(), child;
	int hold[2];

	in_child("a child", is_told, NULL);
	taken("the parent");
	in_child("set with another effective user", sets_as_another, &self);
	AFTER(write(in[1], "a", 1));
	in_child("set by a stranger", sets_as_stranger, &self);
	owner(in[0]);
	AFTER(write(in[1], "a", 1));
	in_child("a group", pair, NULL);
	owner(in[0]);
	AFTER(write(in[1], "a", 1));
	pipe(hold);
	child = fork();
	if (child == 0) {
		close(hold[1]);
		_exit(stays(&hold[0]));
	}
	fcntl(in[0], F_SETOWN, child);
	say("of a child: %d\n", fcntl(in[0], F_GETOWN) == child);
	close(hold[1]);
	close(hold[0]);
	waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT);
	say("of a zombie: %d\n", fcntl(in[0], F_GETOWN) == child);
	AFTER(write(in[1], "a", 1));
	waitpid(child, NULL, 0);
	owner(in[0]);
	TRY(fcntl(in[0], F_SETOWN, child));
	AFTER(write(in[1], "a", 1));
	TRY(fcntl(in[0], F_SETOWN, self));
}

/* By default SIGIO kills, and so may others. */
static int dies(void *arg)
{
	sigset_t none;

	sigemptyset(&none);
	fcntl(in[0], F_SETOWN, getpid());
	fcntl(in[0], F_SETSIG, *(int *)arg);
	sigprocmask(SIG_SETMASK, &none, NULL);
	write(in[1], "a", 1);
	return 0;
}

static void leases(void)
{
	TRY(fcntl(in[0], F_GETLEASE));
	TRY(fcntl(in[0], F_SETLEASE, F_RDLCK));
	TRY(fcntl(open("new", O_PATH), F_GETLEASE));
}

/* In a group that another process leads. */
static int all_of_it(void *arg)
{
	int sigs[] = { 0, SIGKILL, SIGRTMIN };

	(void)arg;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigaddset(&all, SIGSEGV);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigdelset(&all, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	pipe(in);
	pipe(out);
	file = open("file", O_RDWR | O_CREAT, 0600);
	write(file, bytes, 100);
	lseek(file, 0, SEEK_SET);
	kinds();
	owners();
	infos();
	by_signalfd();
	readers();
	writers();
	ends();
	named();
	without_room();
	receivers();
	for (unsigned i = 0; i < 3; i++)
		in_child("without a handler", dies, &sigs[i]);
	leases();
	return 0;
}

static int leads(void *arg)
{
	setpgid(0, 0);
	in_child("member", all_of_it, arg);
	return 0;
}

int main(void)
{
	in_child("leader", leads, NULL);
	return 0;
}
