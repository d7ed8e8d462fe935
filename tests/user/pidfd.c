/* SPDX-License-Identifier: MIT */
/* R153: pidfds: of processes, of threads and by clone; what poll, epoll, waitid and signals make of them; errors. */
#include "thread.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#define OF_THREAD  O_EXCL /* PIDFD_THREAD */
#define TO_THREAD  1
#define TO_PROCESS 2
#define TO_GROUP   4

static int pidfd_open(pid_t id, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, id, flags);
}

static int pidfd_send_signal(int fd, int sig, const siginfo_t *info, unsigned flags)
{
	return (int)syscall(SYS_pidfd_send_signal, fd, sig, info, flags);
}

static void ready(int fd)
{
	struct pollfd ask = { .fd = fd, .events = 0x3ff & ~POLLNVAL };
	int n = poll(&ask, 1, 0);

	say("poll: %d, %#x\n", n, (unsigned)ask.revents);
}

static void until_ready(int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN };

	TRY(poll(&ask, 1, -1));
	ready(fd);
}

/* The raw call, which tells usage too. */
static void wait_by(int fd, int options)
{
	struct rusage usage;
	siginfo_t info;
	long got;

	memset(&info, 0x55, sizeof(info));
	got = syscall(SYS_waitid, P_PIDFD, fd, &info, options, &usage);
	say("waitid: %s, signal %d, code %d, status %d\n", got ? strerrorname_np(errno) : "0",
	    info.si_signo, info.si_code, info.si_status);
}
#define WAIT(fd, options) (line_of(__LINE__), wait_by(fd, options))

static pid_t started(void)
{
	pid_t pid = fork();

	if (pid == 0)
		wait_for_ever();
	return pid;
}

/* ---- one process ---- */

/* A pidfd is readable when its process has ended, and POLLHUP comes when it is reaped; then signals are ESRCH. */
static void ends(void)
{
	pid_t pid = started();
	int fd = pidfd_open(pid, 0), other = pidfd_open(pid, O_NONBLOCK);
	int set = epoll_create1(0);
	struct epoll_event edge = { .events = EPOLLIN | EPOLLET }, event = { 0 };

	ready(fd);
	WAIT(fd, WEXITED | WNOHANG);
	WAIT(other, WEXITED | WNOHANG);
	WAIT(other, WEXITED);
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, fd, &edge));
	TRY(epoll_wait(set, &event, 1, 0));
	TRY(pidfd_send_signal(fd, SIGSTOP, NULL, 0));
	WAIT(fd, WSTOPPED);
	WAIT(other, WSTOPPED);
	TRY(pidfd_send_signal(fd, SIGTERM, NULL, 0));
	TRY(pidfd_send_signal(fd, SIGCONT, NULL, 0));
	TRY(epoll_wait(set, &event, 1, -1));
	say("event %#x\n", event.events);
	TRY(epoll_wait(set, &event, 1, 0));
	ready(fd);
	ready(other);
	TRY(pidfd_send_signal(fd, 0, NULL, 0));
	TRY(pidfd_send_signal(fd, SIGKILL, NULL, 0));
	TRY(pidfd_send_signal(fd, 99, NULL, 0));
	TRY(close(pidfd_open(pid, 0)));
	WAIT(fd, WSTOPPED);
	WAIT(fd, WEXITED | WNOWAIT);
	WAIT(other, WEXITED | WNOWAIT);
	TRY(epoll_wait(set, &event, 1, 0));
	WAIT(other, WEXITED);
	TRY(epoll_wait(set, &event, 1, 0));
	say("event %#x\n", event.events);
	TRY(epoll_wait(set, &event, 1, 0));
	ready(fd);
	WAIT(fd, WEXITED);
	WAIT(other, WEXITED);
	TRY(pidfd_send_signal(fd, 0, NULL, 0));
	TRY(pidfd_send_signal(fd, 99, NULL, 0));
	TRY(pidfd_send_signal(fd, 0, NULL, TO_GROUP));
	TRY(pidfd_send_signal(fd, 0, (siginfo_t *)8, 0));
	TRY(pidfd_open(pid, 0));
	TRY(ioctl(fd, 0x1234, 0));
	TRY(ioctl(fd, 0x1234, 1));
	close(fd);
	close(other);
	close(set);
}

/* Nobody waits for such a child: it is gone as soon as it has ended. */
static void reaped_at_once(void)
{
	pid_t pid;
	int fd;

	signal(SIGCHLD, SIG_IGN);
	pid = started();
	fd = pidfd_open(pid, 0);
	TRY(pidfd_send_signal(fd, SIGKILL, NULL, 0));
	WAIT(fd, WEXITED);
	ready(fd);
	close(fd);
	signal(SIGCHLD, SIG_DFL);
}

/* Many wait in different ways, and each is woken. */
static void many(void)
{
	pid_t pid = started(), waiters[6];
	int fd = pidfd_open(pid, 0), status, sum = 0, said[2];
	char byte;

	MUST(pipe(said));
	for (int i = 0; i < 6; i++) {
		waiters[i] = fork();
		if (waiters[i] == 0) {
			struct pollfd ask = { fd, POLLIN, 0 };
			struct epoll_event event = { .events = EPOLLIN };
			int set = epoll_create1(0);

			epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
			if (write(said[1], "", 1) != 1)
				_exit(99);
			_exit(i % 2 ? poll(&ask, 1, -1) : epoll_wait(set, &event, 1, -1));
		}
	}
	for (int i = 0; i < 6; i++)
		MUST(read(said[0], &byte, 1) - 1);
	for (int i = 0; i < 6; i++)
		until_it_sleeps(waiters[i]);
	TRY(pidfd_send_signal(fd, SIGKILL, NULL, 0));
	for (int i = 0; i < 6; i++) {
		waitpid(waiters[i], &status, 0);
		sum += WEXITSTATUS(status);
	}
	say("woken: %d\n", sum);
	WAIT(fd, WEXITED);
	close(fd);
	close(said[0]);
	close(said[1]);
}

/* Of two threads that wait in waitid one reaps the child. */
static void *reaper(void *arg)
{
	siginfo_t info;

	if (waitid(P_PIDFD, (id_t)(long)arg, &info, WEXITED) != 0)
		return (void *)(long)(errno == ECHILD);
	return (void *)(info.si_status == SIGKILL ? 10l : 100l);
}

static void two_wait(void)
{
	pid_t pid = started();
	int fd = pidfd_open(pid, 0);
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		threads[i] = start(reaper, (void *)(long)fd);
	until_others_wait(2);
	TRY(pidfd_send_signal(fd, SIGKILL, NULL, 0));
	say("reaped by one: %ld\n", join_all(threads, 2));
	close(fd);
}

/* It is inherited, and not by exec; the child's is not the parent's child. */
static void inherited(void)
{
	pid_t pid = started();
	int fd = pidfd_open(pid, 0), status;
	pid_t child;

	say("flags %d\n", fcntl(fd, F_GETFD));
	child = fork();
	if (child == 0) {
		WAIT(fd, WEXITED);
		ready(fd);
		TRY(pidfd_send_signal(fd, SIGTERM, NULL, 0));
		until_ready(fd);
		_exit(0);
	}
	waitpid(child, &status, 0);
	ended("another process", status);
	waitpid(pid, &status, 0);
	ready(fd);
	close(fd);
}

/* ---- signals ---- */

static volatile int last_code, last_value, count;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
	count++;
}

static void told(const char *what)
{
	say("%s: code %d value %d count %d\n", what, last_code, last_value, count);
	last_code = last_value = 77;
}

/* Real-time signals are queued as long as there is room. */
static int fill_queue(void *arg)
{
	struct rlimit four = { 4, 4 };
	int self = pidfd_open(getpid(), 0), n = 0;
	siginfo_t info = { .si_signo = SIGRTMIN, .si_code = SI_QUEUE };
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setrlimit(RLIMIT_SIGPENDING, &four);
	while (n < 9 && pidfd_send_signal(self, SIGRTMIN, &info, 0) == 0)
		n++;
	TRY(pidfd_send_signal(self, SIGRTMIN, &info, 0));
	TRY(pidfd_send_signal(self, SIGRTMIN, NULL, 0));
	return n > 0 && n <= 4;
}

/* A code of the kernel's or of tkill's may be sent to oneself only (EPERM), and the signal must be the one in the siginfo. */
static void signals(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	int self = pidfd_open(getpid(), 0), thread = pidfd_open(getpid(), OF_THREAD);
	int init = pidfd_open(1, 0);
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };

	sigaction(SIGUSR1, &action, NULL);
	TRY(pidfd_send_signal(self, SIGUSR1, NULL, 0));
	told("none");
	TRY(pidfd_send_signal(self, SIGUSR1, NULL, TO_THREAD));
	told("to the thread");
	TRY(pidfd_send_signal(self, SIGUSR1, NULL, TO_PROCESS));
	told("to the process");
	TRY(pidfd_send_signal(thread, SIGUSR1, NULL, 0));
	told("by the thread's");
	TRY(pidfd_send_signal(thread, SIGUSR1, NULL, TO_PROCESS));
	told("to its process");
	info.si_pid = getpid();
	info.si_value.sival_int = 5;
	TRY(pidfd_send_signal(self, SIGUSR1, &info, 0));
	told("a value");
	TRY(pidfd_send_signal(self, SIGUSR1, &info, TO_THREAD));
	told("a value for the thread");
	info.si_code = SI_TKILL;
	TRY(pidfd_send_signal(self, SIGUSR1, &info, 0));
	told("as by tkill");
	info.si_code = 1;
	TRY(pidfd_send_signal(self, SIGUSR1, &info, TO_THREAD));
	told("as by the kernel");
	info.si_signo = 0;
	TRY(pidfd_send_signal(self, 0, &info, 0));
	TRY(pidfd_send_signal(init, 0, &info, 0));
	TRY(pidfd_send_signal(init, SIGUSR1, &info, 0));
	TRY(pidfd_send_signal(self, 0, &info, TO_GROUP));
	info.si_code = SI_TKILL;
	TRY(pidfd_send_signal(init, 0, &info, 0));
	info.si_code = SI_QUEUE;
	TRY(pidfd_send_signal(init, 0, &info, 0));
	TRY(pidfd_send_signal(self, SIGUSR1, &info, 0));
	info.si_signo = 65;
	TRY(pidfd_send_signal(self, 65, &info, 0));
	TRY(pidfd_send_signal(self, 65, NULL, 0));
	TRY(pidfd_send_signal(self, -1, NULL, 0));
	TRY(pidfd_send_signal(self, 65, (siginfo_t *)8, 0));
	TRY(pidfd_send_signal(self, 0, NULL, 3));
	TRY(pidfd_send_signal(self, 0, NULL, 8));
	TRY(pidfd_send_signal(99, 0, NULL, 8));
	TRY(pidfd_send_signal(99, 0, (siginfo_t *)8, 0));
	TRY(pidfd_send_signal(0, 0, (siginfo_t *)8, 0));
	told("after all");
	in_child("a full queue", fill_queue, NULL);
	close(self);
	close(thread);
	close(init);
}

/* The group of that number, which its first process need not be in any more. */
static void groups(void)
{
	pid_t first = fork(), second;
	int fd, other, status;

	if (first == 0) {
		setpgid(0, 0);
		wait_for_ever();
	}
	setpgid(first, first);
	second = fork();
	if (second == 0) {
		setpgid(0, first);
		wait_for_ever();
	}
	setpgid(second, first);
	fd = pidfd_open(first, 0);
	other = pidfd_open(second, 0);
	TRY(pidfd_send_signal(other, SIGTERM, NULL, TO_GROUP));
	ready(fd);
	TRY(pidfd_send_signal(fd, SIGTERM, NULL, TO_GROUP));
	until_ready(fd);
	until_ready(other);
	waitpid(second, &status, 0);
	ended("another of the group", status);
	TRY(pidfd_send_signal(fd, SIGTERM, NULL, TO_GROUP)); /* a zombie is in it still */
	waitpid(first, &status, 0);
	ended("the first one", status);
	close(fd);
	close(other);
}

/* A directory of /proc names a process, too. */
static void directories(void)
{
	int dir = open("/proc/self", O_RDONLY), by_path = open("/proc/self", O_PATH);
	int thread = open("/proc/thread-self", O_RDONLY), all = open("/proc", O_RDONLY);

	count = 0;
	TRY(pidfd_send_signal(dir, SIGUSR1, NULL, 0));
	told("a directory");
	TRY(pidfd_send_signal(dir, SIGUSR1, NULL, TO_THREAD));
	told("a directory");
	TRY(pidfd_send_signal(by_path, 0, NULL, 0));
	TRY(pidfd_send_signal(thread, 0, NULL, 0));
	TRY(pidfd_send_signal(all, 0, NULL, 0));
	WAIT(dir, WEXITED);
	close(dir);
	close(by_path);
	close(thread);
	close(all);
}

/* ---- threads ---- */

static int tid, may_end;

static void *other_thread(void *arg)
{
	(void)arg;
	__atomic_store_n(&tid, gettid(), __ATOMIC_SEQ_CST);
	until_flag(&may_end, 1);
	return NULL;
}

/* Only PIDFD_THREAD opens the pidfd of a thread that is not the first; it tells that thread's end, but waitid refuses it. */
static void threads(void)
{
	pthread_t thread = start(other_thread, NULL);
	int fd, again;
	struct stat st, self;

	until_flag(&tid, 1);
	TRY(pidfd_open(tid, 0));
	fd = pidfd_open(tid, OF_THREAD);
	again = pidfd_open(tid, OF_THREAD | O_NONBLOCK);
	say("flags %#o %#o\n", fcntl(fd, F_GETFL), fcntl(again, F_GETFL));
	fstat(fd, &st);
	fstat(again, &self);
	say("same inode: %d\n", st.st_ino == self.st_ino);
	close(again);
	ready(fd);
	WAIT(fd, WEXITED);
	TRY(pidfd_send_signal(fd, 0, NULL, 0));
	TRY(pidfd_send_signal(fd, 0, NULL, TO_THREAD));
	TRY(pidfd_send_signal(fd, 0, NULL, TO_PROCESS));
	TRY(pidfd_send_signal(fd, 0, NULL, TO_GROUP));
	raise_flag(&may_end);
	until_ready(fd);
	join(thread);
	TRY(pidfd_send_signal(fd, 0, NULL, 0));
	TRY(pidfd_send_signal(fd, 0, NULL, TO_PROCESS));
	TRY(pidfd_open(tid, OF_THREAD));
	WAIT(fd, WEXITED);
	close(fd);
}

static void *ends_when_told(void *arg)
{
	char byte;

	if (read((int)(long)arg, &byte, 1) != 1)
		_exit(99);
	syscall(SYS_exit, 3);
	return NULL;
}

/* The process has not ended as long as another thread lives; its leader has. */
static void leader_ends_first(void)
{
	int tell[2], fd, of_leader;
	pid_t pid;

	MUST(pipe(tell));
	pid = fork();
	if (pid == 0) {
		start(ends_when_told, (void *)(long)tell[0]);
		syscall(SYS_exit, 5);
	}
	fd = pidfd_open(pid, 0);
	of_leader = pidfd_open(pid, OF_THREAD);
	while (letter_of(pid) != 'Z') /* until the leader has ended */
		nap(1);
	ready(fd);
	ready(of_leader);
	WAIT(fd, WEXITED | WNOHANG);
	WAIT(of_leader, WEXITED | WNOHANG);
	TRY(close(pidfd_open(pid, 0)));
	TRY(pidfd_send_signal(of_leader, SIGTERM, NULL, 0)); /* to a thread that has ended */
	TRY(pidfd_send_signal(fd, 0, NULL, 0));
	ready(fd);
	MUST(write(tell[1], "", 1) - 1);
	until_ready(fd);
	ready(of_leader);
	WAIT(of_leader, WEXITED);
	ready(fd);
	ready(of_leader);
	close(fd);
	close(of_leader);
	close(tell[0]);
	close(tell[1]);
}

static void *execs(void *arg)
{
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", *(int *)arg);
	execl("/proc/self/exe", "pidfd", fd, NULL);
	_exit(98);
}

/* The thread that calls exec becomes the leader: the pid lives on, and its own id is gone. */
static void exec_by_a_thread(void)
{
	int tell[2], fd, of_leader, status;
	char byte;
	pid_t pid;

	MUST(pipe(tell));
	pid = fork();
	if (pid == 0) {
		start(execs, &tell[1]);
		wait_for_ever();
	}
	fd = pidfd_open(pid, 0);
	of_leader = pidfd_open(pid, OF_THREAD);
	MUST(read(tell[0], &byte, 1) - 1); /* the new program runs */
	ready(fd);
	ready(of_leader);
	TRY(pidfd_send_signal(of_leader, SIGTERM, NULL, 0));
	until_ready(of_leader);
	waitpid(pid, &status, 0);
	ended("after exec", status);
	ready(of_leader);
	close(fd);
	close(of_leader);
	close(tell[0]);
	close(tell[1]);
}

/* ---- clone ---- */

struct args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

/* The child ends at once. */
static long by_clone(unsigned long flags, void *parent_tid)
{
	long pid = syscall(SYS_clone, flags, 0L, parent_tid, 0L, 0L);

	if (pid == 0)
		_exit(4);
	return pid;
}

static long by_clone3(const struct args *args)
{
	long pid = syscall(SYS_clone3, args, sizeof(*args));

	if (pid == 0)
		_exit(6);
	return pid;
}

/* clone returns the pidfd where CLONE_PARENT_SETTID would, so both are EINVAL; clone3 has a field for each. */
static void clones(void)
{
	int fd = -7, id = -7, next = dup(0);
	struct args args = { .flags = CLONE_PIDFD,
			     .exit_signal = SIGCHLD,
			     .pidfd = (uintptr_t)&fd };

	close(next);
	result("clone", by_clone(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, &fd));
	result("clone", by_clone(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, &fd));
	result("clone", by_clone(CLONE_PIDFD | SIGCHLD, (void *)8));
	result("clone", by_clone(CLONE_PIDFD | SIGCHLD, NULL));
	say("untouched: %d\n", fd);
	TRY(wait(NULL));
	say("clone: %d\n", by_clone(CLONE_PIDFD | SIGCHLD, &fd) > 0);
	say("the lowest: %d, flags %#o %d\n", fd == next, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
	until_ready(fd);
	WAIT(fd, WEXITED);
	close(fd);
	say("clone3: %d\n", by_clone3(&args) > 0);
	WAIT(fd, WEXITED);
	close(fd);
	args.flags |= CLONE_PARENT_SETTID;
	args.parent_tid = (uintptr_t)&id;
	say("clone3: %d\n", by_clone3(&args) == id);
	WAIT(fd, WEXITED);
	close(fd);
	args.parent_tid = args.pidfd;
	result("clone3", by_clone3(&args));
	args.flags = CLONE_PIDFD | CLONE_DETACHED;
	result("clone3", by_clone3(&args));
	args.flags = CLONE_PIDFD;
	args.pidfd = 8;
	result("clone3", by_clone3(&args));
	args.pidfd = 0;
	result("clone3", by_clone3(&args));
	TRY(wait(NULL));
}

/* The child does not have it; that of a vfork is there when the call returns; a full table makes no child. */
static void around_clone(void)
{
	int fd = -7, status, next = dup(0), last = next;
	struct args args = { .flags = CLONE_PIDFD,
			     .exit_signal = SIGCHLD,
			     .pidfd = (uintptr_t)&fd };
	long pid;

	close(next);
	pid = syscall(SYS_clone, (long)(CLONE_PIDFD | SIGCHLD), 0L, &fd, 0L, 0L);
	if (pid == 0)
		_exit(fcntl(next, F_GETFD) == -1 && errno == EBADF);
	waitpid((pid_t)pid, &status, 0);
	ended("a child without it", status);
	close(fd);
	say("clone: %d\n", by_clone(CLONE_PIDFD | CLONE_VFORK | SIGCHLD, &fd) > 0);
	until_ready(fd);
	WAIT(fd, WEXITED);
	close(fd);
	while ((fd = dup(0)) >= 0)
		last = fd;
	result("clone", by_clone(CLONE_PIDFD | SIGCHLD, &fd));
	result("clone3", by_clone3(&args));
	say("untouched: %d\n", fd);
	TRY(pidfd_open(getpid(), 0));
	TRY(wait(NULL));
	while (last >= next)
		close(last--);
}

/* Descriptor 0 is one as any other. */
static void number_0(void)
{
	int fd = -7, kept = dup(0), status;
	long pid;

	close(0);
	pid = syscall(SYS_clone, (long)(CLONE_PIDFD | SIGCHLD), 0L, &fd, 0L, 0L);
	if (pid == 0)
		_exit(4);
	say("pidfd %d\n", fd);
	waitpid((pid_t)pid, &status, 0);
	ended("its process", status);
	close(0);
	TRY(pidfd_open(getpid(), 0));
	dup2(kept, 0);
	close(kept);
}

static char stack[32 * 1024] __attribute__((aligned(16)));

static int end_of_thread(void *arg)
{
	(void)arg;
	until_flag(&may_end, 1);
	syscall(SYS_exit, 0);
	return 0;
}

static void cloned_thread(void)
{
	int fd = -7;
	long id;

	may_end = 0;
	id = clone(end_of_thread, stack + sizeof(stack),
		   CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_PIDFD,
		   NULL, &fd, NULL, NULL);
	say("a thread: %d, flags %#o\n", id > 0, fcntl(fd, F_GETFL));
	ready(fd);
	raise_flag(&may_end);
	until_ready(fd);
	TRY(pidfd_send_signal(fd, 0, NULL, 0));
	close(fd);
}

/* ---- the file ---- */

/* All pidfds of a process have one inode; they cannot be read, written or mapped. */
static void facts(void)
{
	int fd = pidfd_open(getpid(), O_NONBLOCK), of_thread = pidfd_open(getpid(), OF_THREAD);
	int init = pidfd_open(1, 0);
	struct stat st, other;
	char name[40], link[40], byte[8];
	ssize_t n;

	TRY(pidfd_open(0, 0));
	TRY(pidfd_open(-1, 0));
	TRY(pidfd_open(0, 1));
	TRY(pidfd_open(getpid(), 1));
	TRY(pidfd_open(getpid(), O_CLOEXEC));
	TRY(pidfd_open(32767, 0));
	say("flags %#o %#o\n", fcntl(fd, F_GETFL), fcntl(of_thread, F_GETFL));
	TRY(fcntl(of_thread, F_SETFL, O_NONBLOCK));
	TRY(fcntl(fd, F_SETFL, O_EXCL));
	say("flags %#o %#o\n", fcntl(fd, F_GETFL), fcntl(of_thread, F_GETFL));
	TRY(fstat(fd, &st));
	say("mode %#o, %ld links, size %ld, uid %u\n", st.st_mode, (long)st.st_nlink,
	    (long)st.st_size, st.st_uid);
	fstat(of_thread, &other);
	say("same inode: %d\n", st.st_ino == other.st_ino);
	fstat(init, &other);
	say("same inode: %d\n", st.st_ino == other.st_ino);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, link, sizeof(link) - 1);
	say("%.*s\n", (int)n, link);
	TRY(read(fd, byte, sizeof(byte)));
	TRY(read(fd, byte, 0));
	TRY(write(fd, byte, sizeof(byte)));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(fsync(fd));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	TRY(syscall(SYS_getdents64, fd, byte, sizeof(byte)));
	TRY(ioctl(fd, 0x1234, 0));
	TRY(ioctl(fd, TIOCGWINSZ, &st));
	WAIT(fd, WEXITED);
	WAIT(0, WEXITED);
	WAIT(99, WEXITED);
	WAIT(-1, WEXITED);
	WAIT(99, 0);
	close(fd);
	close(of_thread);
	close(init);
}

int main(int argc, char **argv)
{
	if (argc == 2) { /* exec_by_a_thread() */
		if (write(atoi(argv[1]), "", 1) != 1)
			return 97;
		wait_for_ever();
	}
	facts();
	ends();
	reaped_at_once();
	many();
	two_wait();
	inherited();
	signals();
	groups();
	directories();
	threads();
	leader_ends_first();
	exec_by_a_thread();
	clones();
	around_clone();
	number_0();
	cloned_thread();
	return 0;
}
