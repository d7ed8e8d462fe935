/* SPDX-License-Identifier: MIT */
/* A child of vfork, and one of clone with CLONE_VM, has its parent's memory: whose the limits and the faults are. */
#include "t.h"

#include <sched.h>
#include <sys/resource.h>

#define MIB (1ul << 20)

static char **again; /* the arguments of a program that ends at once */

static void set_limit(int resource, unsigned long most)
{
	const struct rlimit limit = { most, RLIM_INFINITY };

	setrlimit(resource, &limit);
}

static void try_to_map(const char *who)
{
	char *p = mmap(NULL, 64 * MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	say("%s maps 64 MiB: %s\n", who, p == MAP_FAILED ? strerrorname_np(errno) : "done");
	if (p != MAP_FAILED)
		munmap(p, 64 * MIB);
}

__attribute__((noinline)) static int use_stack(void)
{
	volatile char deep[300000];

	for (size_t i = sizeof(deep); i-- > 0;)
		deep[i] = 1;
	return deep[5];
}

static void is_stack_deep(const char *who)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(use_stack());
	waitpid(pid, &status, 0);
	ended(who, status);
}

/* A child that sets a limit ends, or runs a program. The parent's limit is as before, and is the one that counts. */
static void limits_of_vfork(void)
{
	int status;
	pid_t pid;

	say("-- vfork\n");
	pid = vfork();
	if (pid == 0) {
		set_limit(RLIMIT_AS, 16 * MIB);
		set_limit(RLIMIT_DATA, 16 * MIB);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	try_to_map("the parent of one that has ended");
	pid = vfork();
	if (pid == 0) {
		set_limit(RLIMIT_AS, 1024 * MIB);
		set_limit(RLIMIT_DATA, 16 * MIB);
		execv("/proc/self/exe", again);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	ended("it runs a program", status);
	try_to_map("its parent");
	pid = vfork();
	if (pid == 0) {
		set_limit(RLIMIT_STACK, 65536);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	is_stack_deep("a child with a deep stack");
}

static char stack[65536] __attribute__((aligned(16)));

/* The borrower runs on another stack. Its child touches the first one, which grows, from its frames on down. */
static void is_first_stack_deep(const char *who, volatile char *frame)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		for (size_t i = 1; i < 300000; i++)
			frame[-(ssize_t)i] = 1;
		_exit(1);
	}
	waitpid(pid, &status, 0);
	ended(who, status);
}

static int sets_limits(void *frame)
{
	is_first_stack_deep("a child of the borrower", frame);
	set_limit(RLIMIT_STACK, 65536);
	is_first_stack_deep("a child with the borrower's limit", frame);
	return 0;
}

static void limits_of_a_clone(void)
{
	char frame;
	pid_t pid = clone(sets_limits, stack + sizeof(stack), CLONE_VM | SIGCHLD, &frame);
	int status;

	say("-- CLONE_VM\n");
	waitpid(pid, &status, 0);
	is_stack_deep("a child with the parent's");
}

/* All ways to more memory, each of 64 MiB. */
static int grows(void *who)
{
	char *area = mmap(NULL, 64 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *all;

	try_to_map(who);
	if (area != MAP_FAILED) {
		result("  mprotect", mprotect(area, 64 * MIB, RW));
		munmap(area, 64 * MIB);
	}
	all = mapped("  mremap", mremap(page, PAGE, 64 * MIB, MREMAP_MAYMOVE));
	if (all == MAP_FAILED)
		munmap(page, PAGE);
	else
		munmap(all, 64 * MIB);
	if (sbrk(64 * MIB) == (void *)-1) {
		say("  sbrk: %s\n", strerrorname_np(errno));
	} else {
		say("  sbrk: done\n");
		sbrk(-64 * (long)MIB);
	}
	return 0;
}

static int limits_itself(void *limit)
{
	set_limit(*(int *)limit, 16 * MIB);
	return grows(*(int *)limit == RLIMIT_AS ? "a borrower with RLIMIT_AS"
						: "one with RLIMIT_DATA");
}

static int unlimits_itself(void *limit)
{
	set_limit(*(int *)limit, RLIM_INFINITY);
	return grows("a borrower without limits");
}

static void ends(int signal)
{
	(void)signal;
	_exit(2);
}

/* It runs on the other stack, and touches the first one far below the frames there. */
static int grows_stack(void *frame)
{
	signal(SIGSEGV, ends); /* its own: without it, a core file would end its parent, too */
	set_limit(RLIMIT_STACK, 65536);
	((volatile char *)frame)[-500000] = 1;
	return 1;
}

static int waits_for_limit(void *pipe_end)
{
	char byte;

	read(*(int *)pipe_end, &byte, 1);
	return grows("one that got RLIMIT_AS by prlimit");
}

static void borrow(int (*what)(void *), void *argument)
{
	int status;

	waitpid(clone(what, stack + sizeof(stack), CLONE_VM | SIGCHLD, argument), &status, 0);
	if (status != 0)
		ended("the borrower", status);
}

/* R30 R171: what counts are the limits of the process that makes the call or the access. */
static void limits_of_their_own(void)
{
	const struct rlimit little = { 16 * MIB, RLIM_INFINITY };
	int limits[] = { RLIMIT_AS, RLIMIT_DATA }, pipes[2], status;
	char frame;
	pid_t pid;

	say("-- limits of their own\n");
	for (size_t i = 0; i < 2; i++) {
		borrow(limits_itself, &limits[i]);
		grows("its parent");
		set_limit(limits[i], 16 * MIB);
		borrow(unlimits_itself, &limits[i]);
		grows("its parent, with the limit");
		set_limit(limits[i], RLIM_INFINITY);
	}
	borrow(grows_stack, &frame);
	pipe(pipes);
	pid = clone(waits_for_limit, stack + sizeof(stack), CLONE_VM | SIGCHLD, &pipes[0]);
	prlimit(pid, RLIMIT_AS, &little, NULL);
	write(pipes[1], "", 1);
	waitpid(pid, &status, 0);
}

/* A parent with a limit is not freed of it by its child. */
static void limits_stay(void)
{
	int status;
	pid_t pid;

	say("-- a limit stays\n");
	set_limit(RLIMIT_AS, 32 * MIB);
	try_to_map("who has a limit");
	pid = vfork();
	if (pid == 0) {
		set_limit(RLIMIT_AS, RLIM_INFINITY);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	try_to_map("the same after its child");
	set_limit(RLIMIT_AS, RLIM_INFINITY);
	try_to_map("the same without it");
	set_limit(RLIMIT_DATA, 0);
	grows("who may have no heap"); /* the limit of mappings is the hard one */
	set_limit(RLIMIT_DATA, RLIM_INFINITY);
}

static void say_faults(const char *what, const struct rusage *usage)
{
	say("%s: %s 4096 faults, %s 16 MiB\n", what,
	    usage->ru_minflt < 4096 ? "fewer than" : "at least",
	    usage->ru_maxrss < 16384 ? "less than" : "at least");
}

/* What its parent has touched before is not the child's. Its memory was as large, though. */
static void faults(void)
{
	char *p = mmap(NULL, 16 * MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rusage usage;
	int status;
	pid_t pid;

	say("-- faults\n");
	for (size_t i = 0; i < 16 * MIB; i += PAGE)
		p[i] = 1;
	pid = vfork();
	if (pid == 0)
		_exit(0);
	wait4(pid, &status, 0, &usage);
	say_faults("a child of vfork", &usage);
	pid = vfork();
	if (pid == 0) {
		execv("/proc/self/exe", again);
		_exit(1);
	}
	wait4(pid, &status, 0, &usage);
	say_faults("one that runs a program", &usage);
	getrusage(RUSAGE_CHILDREN, &usage);
	say_faults("all children", &usage);
	getrusage(RUSAGE_SELF, &usage);
	say_faults("the parent", &usage);
	getrusage(RUSAGE_THREAD, &usage);
	say_faults("its thread", &usage);
	munmap(p, 16 * MIB);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return 3;
	again = (char *[]){ argv[0], "again", NULL };
	limits_of_vfork();
	limits_of_a_clone();
	limits_of_their_own();
	faults();
	limits_stay();
	return 0;
}
