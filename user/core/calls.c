/* SPDX-License-Identifier: MIT */
/* Calls of the core as a program without a C library makes them: files, pipes, processes, threads, and what is refused. */
#include "abi/faultline.h"
#include "abi/futex.h"
#include "abi/mman.h"
#include "abi/sched.h"
#include "core/core.h"

static void files(void)
{
	char bytes[4] = "";
	int fd = (int)sys_open("/calls", O_RDONLY), null = (int)sys_open("/dev/null", O_RDWR), copy;

	check("openat: a name of the archive", fd >= 0, digits(fd));
	check("read: an ELF file's first bytes", sys_read(fd, bytes, 4) == 4 && bytes[1] == 'E',
	      "yes");
	check("openat: no such name", sys_open("/nothing", O_RDONLY) == -ENOENT, "ENOENT");
	check("openat: to write to the archive", sys_open("/calls", O_RDWR) == -EROFS, "EROFS");
	check("write: to /dev/null", sys_write(null, "x", 1) == 1 && sys_read(null, bytes, 1) == 0,
	      "yes");
	copy = (int)sys_dup3(fd, 20, 0);
	check("dup3", copy == 20 && sys_read(copy, bytes, 1) == 1, digits(copy));
	check("close", sys_close(copy) == 0 && sys_read(copy, bytes, 1) == -EBADF,
	      "and then EBADF");
}

static void memory_file(void)
{
	int fd = (int)sys_call(SYS_memfd_create, (long)"m", 0, 0, 0, 0, 0);
	char byte = 0;
	volatile char *at;

	check("memfd_create and ftruncate",
	      fd >= 0 && sys_call(SYS_ftruncate, fd, 2 * PAGE, 0, 0, 0, 0) == 0, "yes");
	at = (volatile char *)sys_mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	at[PAGE] = 'm';
	check("pread64: what a mapping has stored",
	      sys_call(SYS_pread64, fd, (long)&byte, 1, PAGE, 0, 0) == 1 && byte == 'm', "m");
	check("munmap", sys_munmap((long)at, 2 * PAGE) == 0, "yes");
	sys_close(fd);
}

static void counters(void)
{
	struct faultline_process before, after;

	check("faultline: this process",
	      sys_call(SYS_faultline, FAULTLINE_PROCESS, 0, (long)&before, sizeof(before), 0, 0) ==
		      1,
	      digits(before.pid));
	*(volatile char *)sys_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				   0) = 1;
	sys_call(SYS_faultline, FAULTLINE_PROCESS, before.pid, (long)&after, sizeof(after), 0, 0);
	check("faultline: resident pages, a write later", after.resident == before.resident + 1,
	      digits((long)after.resident));
	check("faultline: another process",
	      sys_call(SYS_faultline, FAULTLINE_PROCESS, 1, (long)&after, sizeof(after), 0, 0) ==
		      (before.pid == 1 ? 1 : -EPERM),
	      "EPERM");
}

static void pipes(void)
{
	struct abi_pollfd poll = { .events = POLLIN };
	char byte = 0;
	int fds[2], status = -1;
	long pid;

	check("pipe2", sys_call(SYS_pipe2, (long)fds, 0, 0, 0, 0, 0) == 0, "yes");
	poll.fd = fds[0];
	check("ppoll: an empty pipe, for a while", sys_ppoll(&poll, 1, NS_PER_MS, 0) == 0, "0");
	pid = sys_fork();
	if (pid == 0) {
		sys_write(fds[1], "p", 1);
		sys_exit(3);
	}
	sys_close(fds[1]);
	check("ppoll: what the child has written",
	      sys_ppoll(&poll, 1, 0, 0) == 1 && poll.revents & POLLIN, "POLLIN");
	check("read: what the child has written", sys_read(fds[0], &byte, 1) == 1 && byte == 'p',
	      "p");
	check("read: its end", sys_read(fds[0], &byte, 1) == 0, "0");
	check("wait4: the status", sys_wait4(-1, &status, 0) == pid && status == 3 << 8,
	      digits(status));
	check("wait4: no child is left", sys_wait4(-1, &status, 0) == -ECHILD, "ECHILD");
}

static void programs(void)
{
	char *argv[] = { "calls", "again", (char *)0 }, *none = 0;
	int status = -1;

	if (sys_fork() == 0) {
		sys_execve("/calls", argv, &none);
		sys_exit(1);
	}
	sys_wait4(-1, &status, 0);
	check("execve: the status of another program", status == 5 << 8, digits(status));
}

/* A thread that adds, and tells its end in the word that clone was given. */
static volatile int added, ended = 1;
static char stack[4 * PAGE] __attribute__((aligned(16)));

static void adder(void)
{
	added = 42;
	sys_call(SYS_exit, 0, 0, 0, 0, 0, 0);
}

/* The thread has nothing on its stack, so it calls its function before it looks for anything there. */
static long begin_thread(long flags, char *top, void (*function)(void), volatile int *tid)
{
	register long a0 __asm__("a0") = flags;
	register long a1 __asm__("a1") = (long)top;
	register long a4 __asm__("a4") = (long)tid;
	register long a7 __asm__("a7") = SYS_clone;
	register void (*t0)(void) __asm__("t0") = function;

	__asm__ volatile("ecall; bnez a0, 1f; jalr t0; 1:"
			 : "+r"(a0)
			 : "r"(a1), "r"(a4), "r"(a7), "r"(t0)
			 : "memory", "ra");
	return a0;
}

static void threads(void)
{
	const long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			   CLONE_CHILD_CLEARTID;

	check("clone: a thread", begin_thread(flags, stack + sizeof(stack), adder, &ended) > 0,
	      "yes");
	while (ended)
		sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	check("clone: what it has stored", added == 42, digits(added));
	check("gettid",
	      sys_call(SYS_gettid, 0, 0, 0, 0, 0, 0) == sys_call(SYS_getpid, 0, 0, 0, 0, 0, 0),
	      "the pid");
}

/* A child waits for a word in memory that both share, and is woken. */
static void futexes(void)
{
	volatile int *word = (volatile int *)sys_mmap(0, PAGE, PROT_READ | PROT_WRITE,
						      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct abi_timespec soon = { .nsec = 1000000 };
	int status = -1;
	long pid;

	check("futex: a wait for another value",
	      sys_call(SYS_futex, (long)word, FUTEX_WAIT, 1, 0, 0, 0) == -EAGAIN, "EAGAIN");
	check("futex: a wait with an end",
	      sys_call(SYS_futex, (long)word, FUTEX_WAIT, 0, (long)&soon, 0, 0) == -ETIMEDOUT,
	      "ETIMEDOUT");
	pid = sys_fork();
	if (pid == 0) {
		while (*word == 0)
			sys_call(SYS_futex, (long)word, FUTEX_WAIT, 0, 0, 0, 0);
		sys_exit(*word);
	}
	sys_sleep(NS_PER_MS);
	*word = 9;
	sys_call(SYS_futex, (long)word, FUTEX_WAKE, 1, 0, 0, 0);
	sys_wait4(pid, &status, 0);
	check("futex: what the one that was woken has found", status == 9 << 8, digits(status));
}

static void refused(void)
{
	volatile int *volatile nothing = (volatile int *)16;
	int status = -1;

	if (sys_fork() == 0)
		*nothing = 1;
	sys_wait4(-1, &status, 0);
	check("a refused access: the status", status == 11, digits(status));
	check("a call of the Linux layer", sys_call(SYS_getuid, 0, 0, 0, 0, 0, 0) == -ENOSYS,
	      "ENOSYS");
	check("the same again", sys_call(SYS_getuid, 0, 0, 0, 0, 0, 0) == -ENOSYS, "ENOSYS");
	check("what C libraries try", sys_call(SYS_rseq, 0, 0, 0, 0, 0, 0) == -ENOSYS, "ENOSYS");
}

/* Shows a line of input. */
static int typed(void)
{
	char byte = 0;

	while (byte != '\n' && sys_read(0, &byte, 1) == 1)
		sys_write(1, &byte, 1);
	return 5;
}

int main(int argc, char **argv, char **envp)
{
	volatile int *volatile nothing = (volatile int *)16;

	(void)envp;
	if (argc == 2)
		return argv[1][0] == 'r' ? typed() : 5;
	if (argc > 2)
		return *nothing;
	files();
	memory_file();
	counters();
	pipes();
	programs();
	threads();
	futexes();
	sys_sleep(NS_PER_MS);
	refused();
	print("all calls work\n", (char *)0);
	return 0;
}
