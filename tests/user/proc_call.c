/* SPDX-License-Identifier: MIT */
/* /proc/PID/syscall and stack: which system call a thread is in, and who may ask. */
#define _GNU_SOURCE
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "t.h"

static char text[4096];

static ssize_t slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int err = errno;

	text[n < 0 ? 0 : n] = '\0';
	if (fd >= 0)
		close(fd);
	errno = err;
	return n;
}

static const char *of(const char *what, pid_t pid)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	return path;
}

/* The file, but for the stack pointer and the PC, of which it says whether they are addresses of the program. */
static void show(const char *label, pid_t pid)
{
	unsigned long word[8];
	char *rest;
	long number;
	int n = 0;

	if (slurp(of("syscall", pid)) < 0) {
		say("%s: errno %d\n", label, errno);
		return;
	}
	number = strtol(text, &rest, 10);
	while (n < 8 && *rest == ' ')
		word[n++] = strtoul(rest, &rest, 16);
	if (n < 2 || strcmp(rest, "\n") != 0) {
		say("%s: %s", label, text);
		return;
	}
	say("%s: %ld", label, number);
	for (int i = 0; i < n - 2; i++)
		say(" %#lx", word[i]);
	say(", sp %d, pc %d\n", word[n - 2] != 0 && word[n - 2] < 1ul << 38,
	    word[n - 1] != 0 && word[n - 1] < 1ul << 38);
}

/* Waits until the file begins as given. */
static void await(pid_t pid, const char *start)
{
	while (slurp(of("syscall", pid)) < 0 || strncmp(text, start, strlen(start)) != 0)
		nap(1);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Each line of a stack is a function with an offset and a size. */
static void show_stack(pid_t pid)
{
	int lines = 0, bad = 0;
	unsigned long offset, size;
	char name[64];

	if (slurp(of("stack", pid)) < 0) {
		say("stack: errno %d\n", errno);
		return;
	}
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		lines++;
		bad += sscanf(line, "[<0>] %63[^+]+%lx/%lx", name, &offset, &size) != 3 ||
		       offset > size;
	}
	say("stack: %d %d\n", lines >= 3, bad);
}

/* The function that it waits in, and none of the scheduler; 0: it does not wait, or who reads may not know. */
static void show_wchan(const char *label, pid_t pid)
{
	static const char *const names[] = { "arch_", "sched", "thread_", "wait_until",
					     "__schedule" };
	ssize_t n = slurp(of("wchan", pid));
	int bad = strchr(text, '\n') != NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		bad += strncmp(text, names[i], strlen(names[i])) == 0;
	if (n < 0)
		say("%s: errno %d\n", label, errno);
	else
		say("%s: %s\n", label, n == 1 ? text : bad ? "a bad name" : "a name");
}

/* The file has the number, arguments, stack pointer and pc of a call that waits, whatever the number; a zombie has -1. */
static void waits(void)
{
	int *called = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ends[2];
	pid_t pid;

	pipe(ends);
	pid = fork();
	if (pid == 0) {
		syscall(SYS_read, ends[0], text, 0x33, 0x44, 0x55, 0x66);
		_exit(0);
	}
	await(pid, "63 ");
	slurp(of("syscall", pid));
	say("%d\n", strstr(text, " 0x33 0x44 0x55 0x66 ") != NULL);
	show_stack(pid);
	show_wchan("waits", pid);
	show_wchan("runs", getpid());
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	await(pid, "63 "); /* on another hart it may not have come to rest yet */
	say("stopped: %d\n", strstr(text, " 0x33 0x44 0x55 0x66 ") != NULL);
	kill(pid, SIGCONT);
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	show("a zombie", pid);
	say("stack of a zombie: %zd\n", slurp(of("stack", pid)));
	show_wchan("a zombie", pid);
	waitpid(pid, NULL, 0);
	show_wchan("no process", pid);
	pid = fork();
	if (pid == 0) {
		register long number __asm__("a7") = -77;

		__asm__ volatile("ecall\n sw a7, (%1)\n 1: j 1b"
				 :
				 : "r"(number), "r"(called)
				 : "a0", "memory");
	}
	while (__atomic_load_n(called, __ATOMIC_ACQUIRE) == 0)
		sched_yield();
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	show("no call", pid);
	end(pid);
}

/* Who may not trace a process may not read its call, nor by a descriptor from before; a stack is for CAP_SYS_ADMIN only (EACCES). */
static void others(void)
{
	int fd = open(of("syscall", getpid()), O_RDONLY),
	    stack = open("/proc/self/stack", O_RDONLY);
	struct iovec piece = { text, 10 };
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	if (fork() == 0) {
		setgroups(0, NULL);
		setgid(1000);
		setuid(1000);
		show("another's", pid);
		show_wchan("another's", pid);
		TRY(read(fd, text, sizeof(text)));
		TRY(pread(fd, text, 10, 5));
		TRY(readv(fd, &piece, 1));
		TRY(preadv(fd, &piece, 1, 0));
		TRY(preadv2(fd, &piece, 1, 0, 0));
		TRY(read(stack, text, sizeof(text)));
		prctl(PR_SET_DUMPABLE, 1);
		say("own: %d\n", slurp("/proc/self/syscall") > 0);
		TRY(read(open("/proc/self/stack", O_RDONLY), text, sizeof(text)));
		_exit(0);
	}
	wait(NULL);
	TRY(write(fd, "x", 1));
	end(pid);
	TRY(open(of("syscall", pid), O_RDONLY));
}

static void *sleeper(void *tid)
{
	__atomic_store_n((pid_t *)tid, gettid(), __ATOMIC_RELEASE);
	syscall(SYS_pselect6, 0, 0, 0, 0, 0, 0);
	return NULL;
}

/* Each thread has a file of its own; who reads that finds the call that reads it. */
static void threads(void)
{
	struct stat st;
	pthread_t thread;
	pid_t tid = 0;
	char path[64];

	pthread_create(&thread, NULL, sleeper, &tid);
	while (__atomic_load_n(&tid, __ATOMIC_ACQUIRE) == 0)
		sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	while (slurp(path) < 0 || strncmp(text, "72 ", 3) != 0)
		nap(1);
	say("%.24s\n", text);
	slurp("/proc/self/syscall");
	say("own: %.3s\n", text);
	say("own stack: %d\n", slurp("/proc/self/stack") > 0);
	TRY(stat("/proc/self/syscall", &st));
	say("%o\n", st.st_mode);
	TRY(stat("/proc/self/stack", &st));
	say("%o\n", st.st_mode);
	TRY(open("/proc/self/task/1/syscall", O_RDONLY));
}

int main(void)
{
	waits();
	others();
	threads();
	return 0;
}
