/* SPDX-License-Identifier: MIT */
/* R153: signalfd: what a read takes and tells, which signals wake poll and epoll, fork, changed masks, errors. */
#include "t.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/time.h>

static sigset_t of(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	if (a)
		sigaddset(&set, a);
	if (b)
		sigaddset(&set, b);
	return set;
}

static int make(int fd, int a, int b, int flags)
{
	sigset_t set = of(a, b);

	return signalfd(fd, &set, flags);
}

static const char *who(pid_t pid)
{
	return pid == getpid() ? "itself" : pid == 0 ? "nobody" : "another";
}

static void get_n(int fd, int n)
{
	struct signalfd_siginfo got[4];
	long bytes;

	memset(got, 0x55, sizeof(got));
	bytes = read(fd, got, sizeof(got[0]) * (size_t)n);
	result("read", bytes);
	for (long i = 0; i < bytes / (long)sizeof(got[0]); i++)
		say("  %s code %d errno %d of %s uid %u: status %d int %d ptr %#lx addr %#lx, %u %u %u %d\n",
		    sigabbrev_np((int)got[i].ssi_signo) ?: "RT", got[i].ssi_code, got[i].ssi_errno,
		    who((pid_t)got[i].ssi_pid), got[i].ssi_uid, got[i].ssi_status, got[i].ssi_int,
		    (unsigned long)got[i].ssi_ptr, (unsigned long)got[i].ssi_addr, got[i].ssi_tid,
		    got[i].ssi_overrun, got[i].ssi_trapno, got[i].ssi_fd);
}

static void ready(int fd)
{
	struct pollfd ask = { .fd = fd, .events = 0x3ff & ~POLLNVAL };
	int n = poll(&ask, 1, 0);

	say("poll: %d, %#x\n", n, (unsigned)ask.revents);
}

static void handled(int sig)
{
	say("handler of %s\n", sigabbrev_np(sig));
}

static void kinds(void)
{
	int fd = make(-1, SIGUSR1, SIGCHLD, SFD_NONBLOCK | SFD_CLOEXEC), status;
	union sigval value = { .sival_ptr = (void *)0x123456789a };
	sigset_t set = of(SIGRTMIN, SIGRTMIN + 1);
	siginfo_t info;

	say("cloexec: %d\n", fcntl(fd, F_GETFD));
	ready(fd);
	get_n(fd, 1);
	kill(getpid(), SIGUSR1);
	ready(fd);
	kill(getpid(), SIGUSR1);
	get_n(fd, 4);
	ready(fd);
	syscall(SYS_tkill, getpid(), SIGUSR1);
	get_n(fd, 1);
	sigqueue(getpid(), SIGUSR1, value);
	get_n(fd, 1);
	if (fork() == 0)
		_exit(7);
	waitid(P_ALL, 0, &info, WNOWAIT | WEXITED);
	get_n(fd, 1);
	wait(&status);
	if (fork() == 0) {
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	wait(&status);
	get_n(fd, 4);
	/* A mask that is changed, and more signals than there is room for. */
	TRY(signalfd(fd, &set, 0) == fd);
	sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 1 });
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 2 });
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 3 });
	kill(getpid(), SIGUSR1);
	get_n(fd, 2);
	ready(fd);
	get_n(fd, 2);
	get_n(fd, 2);
	TRY(make(fd, SIGUSR1, SIGKILL, 0) == fd);
	ready(fd);
	get_n(fd, 1);
	close(fd);
}

/* A signal that is not blocked runs its handler; so does one that nobody has read. */
static void handlers(void)
{
	int fd = make(-1, SIGUSR1, SIGUSR2, SFD_NONBLOCK);
	sigset_t set = of(SIGUSR2, 0);

	signal(SIGUSR2, handled);
	kill(getpid(), SIGUSR2);
	ready(fd);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	say("unblocked\n");
	kill(getpid(), SIGUSR2);
	ready(fd);
	get_n(fd, 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	kill(getpid(), SIGUSR2);
	ready(fd);
	get_n(fd, 1);
	signal(SIGUSR2, SIG_DFL);
	close(fd);
}

/* Each process reads its own signals from a file that it shares. */
static void sharing(void)
{
	int fd = make(-1, SIGUSR1, 0, SFD_NONBLOCK), status;

	kill(getpid(), SIGUSR1);
	if (fork() == 0) {
		ready(fd);
		get_n(fd, 1);
		kill(getpid(), SIGUSR1);
		get_n(fd, 1);
		_exit(0);
	}
	wait(&status);
	get_n(fd, 1);
	close(fd);
}

static void waits(void)
{
	struct itimerval soon = { { 0, 0 }, { 0, 2000 } };
	struct sigaction action = { .sa_handler = handled };
	int fd = make(-1, SIGALRM, SIGUSR1, 0), set = epoll_create1(0), status;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct pollfd ask = { .fd = fd, .events = POLLIN };

	setitimer(ITIMER_REAL, &soon, NULL);
	get_n(fd, 1);
	setitimer(ITIMER_REAL, &soon, NULL);
	TRY(poll(&ask, 1, -1));
	get_n(fd, 1);
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
	TRY(epoll_wait(set, &event, 1, 0));
	setitimer(ITIMER_REAL, &soon, NULL);
	TRY(epoll_wait(set, &event, 1, -1));
	TRY(epoll_wait(set, &event, 1, 0));
	kill(getpid(), SIGUSR1);
	TRY(epoll_wait(set, &event, 1, 0));
	TRY(epoll_wait(set, &event, 1, 0));
	kill(getpid(), SIGUSR2);
	TRY(epoll_wait(set, &event, 1, 0));
	get_n(fd, 4);
	TRY(epoll_wait(set, &event, 1, 0));
	if (fork() == 0) {
		until_parent_sleeps();
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	get_n(fd, 1);
	wait(&status);
	/* A signal of another mask ends the wait. */
	sigaction(SIGHUP, &action, NULL);
	if (fork() == 0) {
		until_parent_sleeps();
		kill(getppid(), SIGHUP);
		_exit(0);
	}
	get_n(fd, 1);
	wait(&status);
	close(fd);
	close(set);
}

static void edge(int set, const char *what)
{
	struct epoll_event event;

	say("%s: %d\n", what, epoll_wait(set, &event, 1, 0));
}

/* An edge comes with a signal, and with a change of the mask of any of the process's; not with another one that is made. */
static void edges(void)
{
	int fd = make(-1, SIGUSR1, 0, SFD_NONBLOCK), other, set = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	TRY(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
	edge(set, "nothing");
	kill(getpid(), SIGUSR1);
	edge(set, "a signal");
	edge(set, "the same");
	other = make(-1, SIGUSR1, 0, SFD_NONBLOCK);
	edge(set, "another is made");
	make(other, SIGUSR1, SIGUSR2, 0);
	edge(set, "its mask changes");
	get_n(fd, 1);
	close(other);
	close(set);
	close(fd);
}

static void errors(void)
{
	sigset_t set = of(SIGUSR1, 0);
	int fd = make(-1, SIGUSR1, 0, SFD_NONBLOCK);
	struct signalfd_siginfo info;

	TRY(syscall(SYS_signalfd4, -1, &set, 4, 0));
	TRY(syscall(SYS_signalfd4, -1, &set, 16, 0));
	TRY(syscall(SYS_signalfd4, -1, 8, 8, 0));
	TRY(syscall(SYS_signalfd4, -1, 8, 4, 0));
	TRY(syscall(SYS_signalfd4, -1, &set, 8, 1));
	TRY(syscall(SYS_signalfd4, -1, 8, 8, 1));
	TRY(syscall(SYS_signalfd4, 99, &set, 8, 0));
	TRY(syscall(SYS_signalfd4, -2, &set, 8, 0));
	TRY(syscall(SYS_signalfd4, 0, &set, 8, 0));
	TRY(syscall(SYS_signalfd4, 0, &set, 8, 1));
	TRY(read(fd, &info, sizeof(info) - 1));
	TRY(read(fd, &info, 0));
	kill(getpid(), SIGUSR1);
	TRY(syscall(SYS_read, fd, 8, sizeof(info)));
	ready(fd);
	TRY(write(fd, &info, sizeof(info)));
	TRY(ioctl(fd, FIONREAD, &info));
	TRY(pread(fd, &info, sizeof(info), 0));
	tell_kind(fd);
	close(fd);
}

int main(void)
{
	sigset_t all = of(SIGUSR1, SIGUSR2);

	sigaddset(&all, SIGCHLD);
	sigaddset(&all, SIGALRM);
	sigaddset(&all, SIGRTMIN);
	sigaddset(&all, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &all, NULL);
	kinds();
	handlers();
	sharing();
	waits();
	edges();
	errors();
	return 0;
}
