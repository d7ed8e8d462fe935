/* SPDX-License-Identifier: MIT */
/* P: process_vm_readv and process_vm_writev: how much they copy, what they refuse, and who may use them. */
#include "child_of_user.h"
#include "traced.h"

#include <limits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/uio.h>

static char *volatile bad = (char *)8;

static char here[4 * PAGE], there[4 * PAGE];

static const char constant[PAGE] __attribute__((aligned(PAGE))) = "constant";

/* One piece as two arguments: the list, and how many are in it. */
#define PIECE(base, len) &(struct iovec){ (base), (len) }, 1

/* ---- how much ---- */

static void pieces(pid_t pid)
{
	struct iovec local[] = { { here, 3 }, { NULL, 0 }, { here + 10, 4 }, { here + 20, 100 } };
	struct iovec remote[] = {
		{ there + 1, 5 }, { bad, 0 }, { there + 10, 1 }, { there + 20, 6 }
	};

	TRY(syscall(SYS_process_vm_readv, pid, local, 4, remote, 4, 0));
	say("%s %s %s\n", here, here + 10, here + 20);
	TRY(syscall(SYS_process_vm_readv, pid, local, 1, remote, 4, 0));
	TRY(syscall(SYS_process_vm_readv, pid, local, 4, remote, 1, 0));
	memcpy(here, "abcdefghijklmnopqrstuvwxyz", 27);
	TRY(syscall(SYS_process_vm_writev, pid, local, 4, remote, 4, 0));
	TRY(process_vm_readv(pid, PIECE(here, 40), PIECE(there, 40), 0));
	for (int i = 0; i < 40; i++)
		here[i] = here[i] ?: '.';
	say("%.40s\n", here);
	memset(here, 'h', sizeof(here));
	TRY(process_vm_writev(pid, PIECE(here + 9, 3 * PAGE), PIECE(there + 1, 3 * PAGE), 0));
	memset(here, 0, sizeof(here));
	TRY(process_vm_readv(pid, PIECE(here, 3 * PAGE), PIECE(there + 1, 3 * PAGE), 0));
	say("unlike: %zu, %d\n", not_all(here, 3 * PAGE, 'h'), here[3 * PAGE]);
}

static void nothing(pid_t pid)
{
	struct iovec none = { NULL, 0 }, one = { here, 1 };

	TRY(syscall(SYS_process_vm_readv, pid, NULL, 0, NULL, 0, 0));
	TRY(syscall(SYS_process_vm_readv, pid, NULL, 0, bad, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &none, 1, bad, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, bad, 0, &one, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &one, 1, bad, 0, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &one, 1, &none, 1, 0));
	TRY(syscall(SYS_process_vm_readv, 0, NULL, 0, NULL, 0, 0));
	TRY(syscall(SYS_process_vm_readv, -1, &one, 1, &none, 1, 0));
	TRY(syscall(SYS_process_vm_readv, 99999999, &one, 1, &none, 1, 0));
}

static void refusals(pid_t pid)
{
	static struct iovec many[IOV_MAX + 1];
	struct iovec one = { here, 1 }, other = { there, 1 }, negative = { there, (size_t)-1 };
	struct iovec outside = { (void *)0xffffffff80000000, 8 };

	TRY(syscall(SYS_process_vm_readv, pid, &one, 1, &other, 1, 1));
	TRY(syscall(SYS_process_vm_writev, pid, &one, 1, &other, 1, 1));
	TRY(syscall(SYS_process_vm_readv, pid, bad, 1, &other, 1, 1));
	TRY(syscall(SYS_process_vm_readv, pid, bad, 1, &other, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &one, 1, bad, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &negative, 1, &other, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &one, 1, &negative, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &outside, 1, &other, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &one, 1, &outside, 1, 0));
	TRY(syscall(SYS_process_vm_writev, pid, &one, 1, &outside, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, many, IOV_MAX + 1, &other, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &one, 1, many, IOV_MAX + 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &one, -1, &other, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &one, 1ul << 32, &other, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &one, 1, &other, 1ul << 32, 0));
	TRY(syscall(SYS_process_vm_readv, 99999999, &one, 1, bad, 1, 0));
	TRY(syscall(SYS_process_vm_readv, 99999999, &one, 1, &other, 1, 0));
	TRY(syscall(SYS_process_vm_readv, 0, &one, 1, &other, 1, 0));
	TRY(syscall(SYS_process_vm_readv, -1, &one, 1, &other, 1, 0));
	many[IOV_MAX - 1] = one;
	TRY(syscall(SYS_process_vm_readv, pid, many, IOV_MAX, &other, 1, 0));
	many[IOV_MAX - 1] = other;
	TRY(syscall(SYS_process_vm_readv, pid, &one, 1, many, IOV_MAX, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &outside, 1, many, IOV_MAX, 0));
}

/* In the child: four pages, of which the second is there no more, and one that nobody may use. */
static char *holes, *forbidden;

static void partial(pid_t pid)
{
	struct iovec remote[] = { { holes + PAGE - 5, 10 }, { there, 5 } };
	struct iovec local[] = { { here, 3 }, { bad, 5 }, { here, 5 } };
	struct iovec edge[] = { { there, 5 }, { holes, PAGE + 5 }, { there, 5 } };
	char *last = before_hole(1) + PAGE - 3;

	memset(here, 0, sizeof(here));
	TRY(syscall(SYS_process_vm_readv, pid, &(struct iovec){ here, 100 }, 1, remote, 2, 0));
	TRY(syscall(SYS_process_vm_readv, pid, &(struct iovec){ here, 100 }, 1, remote + 1, 1, 0));
	TRY(process_vm_readv(pid, PIECE(here, 10), PIECE(holes + PAGE, 10), 0));
	TRY(process_vm_readv(pid, PIECE(here, 10), PIECE(holes + PAGE - 1, 10), 0));
	TRY(process_vm_writev(pid, PIECE(here, 10), PIECE(holes + PAGE, 10), 0));
	TRY(process_vm_writev(pid, PIECE(here, 10), PIECE(holes + PAGE - 1, 10), 0));
	TRY(syscall(SYS_process_vm_readv, pid, &(struct iovec){ here, sizeof(here) }, 1, edge, 3,
		    0));
	TRY(syscall(SYS_process_vm_readv, pid, local, 3, &(struct iovec){ there, 20 }, 1, 0));
	TRY(syscall(SYS_process_vm_readv, pid, local + 1, 2, &(struct iovec){ there, 20 }, 1, 0));
	TRY(syscall(SYS_process_vm_writev, pid, local, 3, &(struct iovec){ there, 20 }, 1, 0));
	TRY(syscall(SYS_process_vm_writev, pid, local + 1, 2, &(struct iovec){ there, 20 }, 1, 0));
	TRY(process_vm_readv(pid, PIECE(last, 8), PIECE(there, 8), 0));
	TRY(process_vm_writev(pid, PIECE(last, 8), PIECE(there, 8), 0));
	TRY(process_vm_readv(pid, PIECE((char *)constant, 8), PIECE(there, 8), 0));
	TRY(process_vm_writev(pid, PIECE((char *)constant, 8), PIECE(there, 8), 0));
	/* What the process itself may not. */
	TRY(process_vm_readv(pid, PIECE(here, 8), PIECE(forbidden, 8), 0));
	TRY(process_vm_writev(pid, PIECE(here, 8), PIECE(forbidden, 8), 0));
	TRY(process_vm_readv(pid, PIECE(here, 8), PIECE((char *)constant, 8), 0));
	say("%s\n", here);
	TRY(process_vm_writev(pid, PIECE(here, 8), PIECE((char *)constant, 8), 0));
}

/* ---- below a stack ---- */

static char *stack;

/* It grows for a debugger, and not for these calls: neither another's stack nor the process's own. */
static void below_a_stack(pid_t pid, bool other)
{
	char name[32];
	int mem;

	snprintf(name, sizeof(name), "/proc/%d/mem", pid);
	mem = open(name, O_RDWR);
	TRY(process_vm_readv(pid, PIECE(here, 8), PIECE(stack - 8, 8), 0));
	TRY(process_vm_writev(pid, PIECE(here, 8), PIECE(stack - PAGE, 8), 0));
	TRY(process_vm_writev(pid, PIECE(here, 8), PIECE(stack - 4, 8), 0));
	TRY(process_vm_writev(pid, PIECE(here, 8), PIECE(stack, 8), 0));
	TRY(pread(mem, here, 8, (long)stack - 2 * (long)PAGE));
	TRY(process_vm_readv(pid, PIECE(here, 8), PIECE(stack - 8, 8), 0));
	TRY(pwrite(mem, here, 8, (long)stack - 4 * (long)PAGE - 4));
	TRY(process_vm_readv(pid, PIECE(here, 8), PIECE(stack - 5 * PAGE, 8), 0));
	if (other) {
		TRY(ptrace(PEEKDATA, pid, (unsigned long)stack - 7 * PAGE, (unsigned long)here));
		TRY(ptrace(POKEDATA, pid, (unsigned long)stack - 9 * PAGE, 1));
		TRY(process_vm_readv(pid, PIECE(here, 8), PIECE(stack - 9 * PAGE, 8), 0));
		say("%d\n", here[0]);
	}
	TRY(pread(mem, here, 8, (long)stack - 600 * (long)PAGE));
	TRY(process_vm_writev(pid, PIECE(here, 8), PIECE(stack - 11 * PAGE, 8), 0));
	close(mem);
}

static void stacks(void)
{
	int status;
	pid_t pid;

	stack = mmap((void *)0x1800000000, 2 * PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
	pid = fork();
	if (pid == 0) {
		ptrace(TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	below_a_stack(pid, true);
	ptrace(CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	below_a_stack(getpid(), false);
	TRY(read(open("/dev/zero", O_RDONLY), stack - 20 * PAGE, 1));
}

/* ---- its own, and those of others ---- */

static void own(void)
{
	char *p = anon(3 * PAGE);

	for (int i = 0; i < 100; i++)
		here[i] = (char)i;
	TRY(process_vm_readv(getpid(), PIECE(there, 100), PIECE(here, 100), 0));
	say("the same: %d\n", memcmp(here, there, 100) == 0);
	TRY(process_vm_readv(getpid(), PIECE(here, 2 * PAGE), PIECE(here, 2 * PAGE), 0));
	TRY(process_vm_readv(getpid(), PIECE(p, 2 * PAGE), PIECE(p + PAGE, 2 * PAGE), 0));
	TRY(process_vm_writev(getpid(), PIECE(p, PAGE), PIECE(p, PAGE), 0));
	TRY(process_vm_readv(gettid(), PIECE(there, 1), PIECE(here, 1), 0));
	munmap(p, 3 * PAGE);
}

static void copied_by_fork(pid_t pid)
{
	strcpy(there, "father");
	TRY(process_vm_readv(pid, PIECE(here, 6), PIECE(there, 6), 0));
	say("%.6s\n", here);
	TRY(process_vm_writev(pid, PIECE("sister", 6), PIECE(there, 6), 0));
	say("%s\n", there);
	TRY(process_vm_readv(pid, PIECE(here, 6), PIECE(there, 6), 0));
	say("%.6s\n", here);
}

static void ended_one(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	TRY(process_vm_readv(pid, PIECE(here, 1), PIECE(there, 1), 0));
	TRY(process_vm_writev(pid, PIECE(here, 1), PIECE(there, 1), 0));
	waitpid(pid, NULL, 0);
	TRY(process_vm_readv(pid, PIECE(here, 1), PIECE(there, 1), 0));
}

static int as_user(void *arg)
{
	pid_t *pids = arg;

	setgid(1000);
	setuid(1000);
	for (int i = 0; i < 4; i++) {
		TRY(process_vm_readv(pids[i], PIECE(here, 1), PIECE(there, 1), 0));
		TRY(process_vm_writev(pids[i], PIECE(here, 1), PIECE(there, 1), 0));
	}
	TRY(process_vm_readv(getpid(), PIECE(here, 1), PIECE(there, 1), 0));
	TRY(process_vm_readv(pids[0], PIECE(here, 1), PIECE(there, 0), 0));
	TRY(process_vm_readv(pids[0], PIECE(here, 1), PIECE(bad, 1), 0));
	return 0;
}

/* The real ids count, and not those for files. */
static int as_another(void *arg)
{
	pid_t *pids = arg;

	setresgid(1000, 1001, 1001);
	setresuid(1000, 1001, 1001);
	TRY(process_vm_readv(pids[1], PIECE(here, 1), PIECE(there, 1), 0));
	TRY(process_vm_readv(pids[3], PIECE(here, 1), PIECE(there, 1), 0));
	return 0;
}

static void permissions(void)
{
	pid_t pids[] = { child_of(0, true), child_of(1000, true), child_of(1000, false),
			 child_of(1001, true) };

	for (int i = 0; i < 4; i++)
		TRY(process_vm_readv(pids[i], PIECE(here, 1), PIECE(there, 1), 0));
	in_child("as a user", as_user, pids);
	in_child("as another", as_another, pids);
	for (int i = 0; i < 4; i++)
		end_of(pids[i]);
}

int main(void)
{
	pid_t pid;

	strcpy(there, "?one two three four five six");
	for (char *at = there; *at; at++)
		if (*at == ' ')
			*at = '_';
	holes = anon(4 * PAGE);
	munmap(holes + PAGE, PAGE);
	forbidden = mmap(NULL, PAGE, PROT_NONE, ANON, -1, 0);
	pid = sleeping_child();
	pieces(pid);
	nothing(pid);
	refusals(pid);
	partial(pid);
	copied_by_fork(pid);
	end_of(pid);
	own();
	ended_one();
	stacks();
	permissions();
	return 0;
}
