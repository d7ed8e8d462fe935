/* SPDX-License-Identifier: MIT */
/* What two processes share, as kcmp tells it: memory, descriptors, files, and what else clone may share. */
#include "thread.h"

#include <grp.h>
#include <linux/kcmp.h>
#include <sys/epoll.h>

static const char *const names[] = { "file",	"memory",   "descriptors", "directory",
				     "actions", "requests", "semaphores",  "watched" };

static long kcmp(pid_t a, pid_t b, int type, unsigned long x, unsigned long y)
{
	return syscall(SYS_kcmp, a, b, type, x, y);
}

/* An order is not known before, but there is one. */
static const char *answer(pid_t a, pid_t b, int type, unsigned long x, unsigned long y)
{
	long there = kcmp(a, b, type, x, y), back = kcmp(b, a, type, y, x);

	if (there == -1)
		return strerrorname_np(errno);
	if (there == 0 && back == 0)
		return "the same";
	return there + back == 3 ? "others" : "no order";
}

static void all(const char *what, pid_t a, pid_t b)
{
	for (int type = KCMP_VM; type <= KCMP_IO; type++)
		say("%s: %s: %s\n", what, names[type], answer(a, b, type, 0, 0));
}

static int pause_for_ever(void *unused)
{
	(void)unused;
	wait_for_ever();
	return 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
}

static pid_t sleeper(int flags)
{
	static char stack[16384] __attribute__((aligned(16)));
	pid_t pid = flags & CLONE_VM
			    ? clone(pause_for_ever, stack + sizeof(stack), flags | SIGCHLD, NULL)
			    : (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		pause_for_ever(NULL);
	return pid;
}

static pid_t tid;
static int go;

static void *wait_for_go(void *unused)
{
	__atomic_store_n(&tid, gettid(), __ATOMIC_SEQ_CST);
	until_flag(&go, 1);
	return unused;
}

static void sharers(void)
{
	static const int flags[] = { 0, CLONE_VM, CLONE_FILES, CLONE_FS, CLONE_VM | CLONE_SIGHAND };
	pthread_t thread = start(wait_for_go, NULL);

	all("itself", getpid(), getpid());
	say("itself: %s: %s\n", names[KCMP_SYSVSEM],
	    answer(getpid(), getpid(), KCMP_SYSVSEM, 0, 0));
	while (__atomic_load_n(&tid, __ATOMIC_SEQ_CST) == 0)
		sched_yield();
	all("a thread", getpid(), tid);
	say("a thread's file: %s\n", answer(getpid(), tid, KCMP_FILE, 1, 1));
	raise_flag(&go);
	join(thread);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		char what[40];
		pid_t pid = sleeper(flags[i]);

		snprintf(what, sizeof(what), "clone %#x", flags[i]);
		all(what, getpid(), pid);
		end(pid);
	}
}

static void files(void)
{
	int fd = open("/dev/null", O_RDONLY), other = open("/dev/null", O_RDONLY), same = dup(fd);
	int path = open("/", O_PATH);
	pid_t self = getpid(), pid = sleeper(0);

	say("itself: %s\n", answer(self, self, KCMP_FILE, fd, fd));
	say("opened twice: %s\n", answer(self, self, KCMP_FILE, fd, other));
	say("dup: %s\n", answer(self, self, KCMP_FILE, fd, same));
	say("a path: %s\n", answer(self, self, KCMP_FILE, path, path));
	say("a child's: %s\n", answer(self, pid, KCMP_FILE, fd, same));
	say("a child's other: %s\n", answer(self, pid, KCMP_FILE, fd, other));
	close(same);
	say("a child's open one: %s\n", answer(self, pid, KCMP_FILE, fd, same));
	say("closed: %s\n", answer(self, self, KCMP_FILE, fd, same));
	say("large: %s\n", answer(self, self, KCMP_FILE, fd, 1ul << 20));
	end(pid);
	close(fd);
	close(other);
	close(path);
}

static void watched(void)
{
	int set = epoll_create1(0), fds[2], end_of_pipe;
	struct kcmp_epoll_slot slot = { 0 };
	struct epoll_event event = { .events = EPOLLIN };
	pid_t self = getpid();

	MUST(pipe(fds));
	end_of_pipe = dup(fds[0]);
	MUST(epoll_ctl(set, EPOLL_CTL_ADD, fds[0], &event));
	slot.efd = (unsigned)set;
	slot.tfd = (unsigned)fds[0];
	TRY(kcmp(self, self, KCMP_EPOLL_TFD, fds[0], (unsigned long)&slot));
	TRY(kcmp(self, self, KCMP_EPOLL_TFD, end_of_pipe, (unsigned long)&slot));
	TRY(kcmp(self, self, KCMP_EPOLL_TFD, fds[1], (unsigned long)&slot) > 0);
	slot.toff = 1;
	TRY(kcmp(self, self, KCMP_EPOLL_TFD, fds[0], (unsigned long)&slot));
	slot.toff = 0;
	slot.tfd = 99;
	TRY(kcmp(self, self, KCMP_EPOLL_TFD, fds[0], (unsigned long)&slot));
	slot.efd = (unsigned)fds[0];
	TRY(kcmp(self, self, KCMP_EPOLL_TFD, fds[0], (unsigned long)&slot));
	slot.efd = 99;
	TRY(kcmp(self, self, KCMP_EPOLL_TFD, fds[0], (unsigned long)&slot));
	TRY(kcmp(self, self, KCMP_EPOLL_TFD, 98, (unsigned long)&slot));
	TRY(kcmp(self, self, KCMP_EPOLL_TFD, fds[0], 8));
	close(set);
	close(fds[0]);
	close(fds[1]);
	close(end_of_pipe);
}

static int users(void *pid)
{
	MUST(setgroups(0, NULL));
	MUST(setresgid(1000, 1000, 1000));
	MUST(setresuid(1000, 1000, 1000));
	TRY(kcmp(*(pid_t *)pid, getpid(), KCMP_VM, 0, 0));
	TRY(kcmp(getpid(), *(pid_t *)pid, KCMP_FILE, 99, 99));
	TRY(kcmp(getpid(), *(pid_t *)pid, 99, 0, 0));
	TRY(kcmp(getpid(), getpid(), KCMP_VM, 0, 0));
	TRY(kcmp(999999, *(pid_t *)pid, KCMP_VM, 0, 0));
	return 0;
}

int main(void)
{
	pid_t pid, self = getpid();

	sharers();
	files();
	watched();
	for (int type = -1; type < 10; type++)
		TRY(kcmp(0, self, type, 99, 8));
	TRY(kcmp(self, -1, KCMP_VM, 0, 0));
	TRY(kcmp(self, 999999, KCMP_FILE, 99, 99));
	TRY(kcmp(self, self, -1, 0, 0));
	TRY(kcmp(self, self, KCMP_TYPES, 0, 0));
	pid = sleeper(0);
	in_child("users", users, &pid);
	end(pid);
	return 0;
}
