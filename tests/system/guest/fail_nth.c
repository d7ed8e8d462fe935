/* SPDX-License-Identifier: MIT */
/* Lets the Nth allocation of a scenario fail, for every N, and sees what is left (hardened kernel). */

/*
 * fail_nth [SCENARIO [POLICY N]]: each trial is a child that makes ready, lets allocation N fail,
 * does the thing, and where it failed does it again. Then the ledger must be what it was. A line a
 * scenario and policy: the name, the policy, the last N that was reached, and how the trials ended.
 */

#include "fail_nth.h"

#define N_MAX	    2000
#define DESCRIPTORS 64
#define STACK_READY (12 << 10)

volatile char *common_page;
char self_path[256];

static const char *const policies[] = { "ask", "relieve", "refuse", "kill", "starve" };
static struct faultline_ledger before, after;
static unsigned wrong, nprocesses; /* those that there are between two trials */

static void get_ledger(struct faultline_ledger *ret)
{
	CALL(SYS_faultline, FAULTLINE_LEDGER, 0, ret, sizeof(*ret));
}

static uint64_t descriptors(void)
{
	uint64_t open = 0;

	for (int fd = 0; fd < DESCRIPTORS; fd++)
		open |= (uint64_t)(CALL(SYS_fcntl, fd, F_GETFD, 0, 0) >= 0) << fd;
	return open;
}

/* So that the trial's own memory asks for nothing while allocations are counted. */
static void settle(void)
{
	volatile char stack[STACK_READY];

	for (size_t i = 0; i < sizeof(stack); i += PAGE)
		stack[i] = 0;
	stack[sizeof(stack) - 1] = 0;
	for (uintptr_t at = (uintptr_t)__data_start; at < (uintptr_t)end; at += PAGE)
		*(volatile char *)at = *(volatile char *)at;
	*(volatile char *)((uintptr_t)end - 1) = *(volatile char *)((uintptr_t)end - 1);
}

static bool is_allowed(const struct scenario *s, long result)
{
	return result == -ENOMEM || (result == -EFAULT && s->may & MAY_EFAULT) ||
	       (result == -ENOSPC && s->may & MAY_ENOSPC) ||
	       (result == -ENOLCK && s->may & MAY_ENOLCK);
}

/* What the trial ends with: NOT_REACHED and so on. */
static int judge(const struct scenario *s, long result, bool reached, uint64_t open)
{
	long again;

	if (result == -ENOSYS)
		return NOT_BUILT;
	if (result >= 0)
		return reached ? DONE_ALL_THE_SAME : NOT_REACHED;
	if (!reached || !is_allowed(s, result)) {
		say("# %s: answers %ld (%s)\n", s->name, result,
		    reached ? "reached" : "not reached");
		return BAD;
	}
	get_ledger(&after);
	if (after.errors || descriptors() != open) {
		say("# %s: %lu errors in the ledger, descriptors %#lx, before %#lx\n", s->name,
		    (unsigned long)after.errors, (unsigned long)descriptors(), (unsigned long)open);
		return BAD;
	}
	again = s->op();
	if (again < 0)
		say("# %s: the second time it answers %ld\n", s->name, again);
	return again < 0 ? BAD : REFUSED;
}

static int trial(const struct scenario *s, unsigned policy, uint64_t at)
{
	uint64_t open;
	long result;
	bool reached;

	settle();
	if (s->prepare)
		s->prepare();
	open = descriptors();
	fail_set(at, policy);
	result = s->op();
	reached = fail_set(0, 0);
	return judge(s, result, reached, open);
}

/* (Frames of slabs are free or not as objects happen to lie in them.) */
static bool is_same(const struct faultline_ledger *a, const struct faultline_ledger *b)
{
	return a->free + a->slabs == b->free + b->slabs && a->slab_objects == b->slab_objects &&
	       a->tables == b->tables && a->anonymous == b->anonymous && a->object == b->object &&
	       a->stacks == b->stacks && b->errors == 0;
}

static void tell_difference(void)
{
	say("# ledger: free %ld slab frames %ld slab objects %ld tables %ld anon %ld object %ld stacks %ld, %ld errors\n",
	    (long)(after.free - before.free), (long)(after.slabs - before.slabs),
	    (long)(after.slab_objects - before.slab_objects), (long)(after.tables - before.tables),
	    (long)(after.anonymous - before.anonymous), (long)(after.object - before.object),
	    (long)(after.stacks - before.stacks), (long)after.errors);
}

/* A child of the child, left behind when that was killed, may still be about to end. */
static bool is_all_back(void)
{
	UNTIL("the end of all children", only_caller_runs(nprocesses));
	get_ledger(&after);
	return is_same(&before, &after);
}

static int ended_as(const struct scenario *s, unsigned policy, int status)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	bool reached = fail_set(0, 0);

	if (WIFEXITED(status) && WEXITSTATUS(status) <= NOT_BUILT)
		return WEXITSTATUS(status);
	if (reached && sig == SIGKILL && (policy == FAULTLINE_FAIL_KILL || s->may & MAY_DIE))
		return SIGKILL;
	if (reached && s->may & MAY_ABORT && (sig == SIGABRT || WEXITSTATUS(status) == 127))
		return REFUSED;
	say("# %s: status %#x (%s)\n", s->name, status, reached ? "reached" : "not reached");
	return BAD;
}

/* In a child: how it ended; SIGKILL where it was killed. */
static int try_at(const struct scenario *s, unsigned policy, uint64_t at)
{
	int status = 0, how;
	long pid = CALL(SYS_clone, SIGCHLD, 0, 0, 0);

	if (pid == 0)
		_exit(trial(s, policy, at));
	if (pid < 0 || CALL(SYS_wait4, pid, &status, 0, 0) != pid)
		return BAD;
	how = ended_as(s, policy, status);
	if (s->clean_up)
		s->clean_up();
	if (at && !is_all_back()) {
		tell_difference();
		how = BAD;
	}
	return how;
}

static void run(const struct scenario *s, unsigned policy)
{
	unsigned refused = 0, done = 0, killed = 0, at = 0;
	int how = try_at(s, policy, 0); /* what is there for good is there now */

	if (how == NOT_BUILT) {
		say("# %s is not built\n", s->name);
		return;
	}
	get_ledger(&before);
	do {
		how = try_at(s, policy, ++at);
		refused += how == REFUSED;
		done += how == DONE_ALL_THE_SAME;
		killed += how == SIGKILL;
		if (how == BAD) {
			say("# %s: wrong at %u with the policy %s\n", s->name, at,
			    policies[policy]);
			wrong++;
			before = after;
		}
	} while (how != NOT_REACHED && at < N_MAX && wrong < 20);
	say("%s %s %u: refused %u, done %u, killed %u\n", s->name, policies[policy], at - 1,
	    refused, done, killed);
}

static void run_all(const struct scenario *list, const char *name)
{
	for (const struct scenario *s = list; s->name; s++)
		for (unsigned policy = 1; policy <= FAULTLINE_FAIL_STARVE; policy++)
			if (!name || strcmp(name, s->name) == 0)
				run(s, policy);
}

/* All of the program's text and constants: a child has them from the start. */
static void touch_image(void)
{
	static struct faultline_vma vmas[16];
	long n = CALL(SYS_faultline, FAULTLINE_VMAS, 0, vmas, sizeof(vmas));

	for (long i = 0; i < n; i++)
		for (uint64_t at = vmas[i].start; at < vmas[i].end; at += PAGE)
			if (vmas[i].flags & FAULTLINE_VMA_IMAGE)
				(void)*(volatile char *)at;
}

/* An orphan that has ended: process 1 takes what it needs to reap one, and keeps it. */
static void have_one_reaped(void)
{
	long *orphan = (long *)call6(SYS_mmap, 0, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long pid = CALL(SYS_clone, SIGCHLD, 0, 0, 0);

	if (pid == 0) {
		long child = CALL(SYS_clone, SIGCHLD, 0, 0, 0);

		if (child > 0)
			*orphan = child;
		_exit(0);
	}
	CALL(SYS_wait4, pid, NULL, 0, 0);
	while (*(volatile long *)orphan > 0 && CALL(SYS_kill, *orphan, 0, 0, 0) == 0)
		nap(1);
	call6(SYS_munmap, (long)orphan, PAGE, 0, 0, 0, 0);
}

static void make_ready(void)
{
	if (readlink("/proc/self/exe", self_path, sizeof(self_path) - 1) < 0)
		say("# no /proc/self/exe\n");
	touch_image();
	common_page = anon(PAGE);
	*common_page = 1;
	have_one_reaped();
	nprocesses = count_processes();
	settle();
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (argc > 2 && strcmp(name, "live") == 0)
		return live(argv[2]);
	if (fail_set(0, 0) < 0) {
		say("this kernel lets no allocation fail: %s\n", "it is not the hardened one");
		return 77;
	}
	make_ready();
	run_all(memory_scenarios, name);
	run_all(file_scenarios, name);
	run_all(process_scenarios, name);
	run_all(sysv_scenarios, name);
	run_all(socket_scenarios, name);
	run_all(pty_scenarios, name);
	return wrong != 0;
}
