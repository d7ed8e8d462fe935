/* SPDX-License-Identifier: MIT */
/* What is kept for the scheduler: nice values, policies and their flags; whose they are, and who inherits them. */
#include "thread.h"

#include <sys/prctl.h>

#define RESET_ON_FORK 0x40000000

/* As in linux/sched/types.h, which does not go with the C library's names. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static const char *program;

/* What getpriority(2) answers without the C library: 20 less the nice value. */
static void tell(const char *who)
{
	struct attributes a = { 0 };

	MUST(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0));
	say("%s: nice %d, policy %#x; %u, flags %lu, nice %d, priority %u; answer %ld\n", who,
	    getpriority(PRIO_PROCESS, 0), sched_getscheduler(0), a.policy, a.flags, a.nice,
	    a.priority, syscall(SYS_getpriority, PRIO_PROCESS, 0));
}

/* ---- nice values ---- */

static int tell_in_child(void *who)
{
	tell(who);
	return 0;
}

static int tell_after_exec(void *unused)
{
	char *const words[] = { "sched_calls", "tell", NULL };

	(void)unused;
	execv(program, words);
	return 1;
}

/* Nice values are cut to -20 to 19, inherited by fork and kept by exec; nobody found is ESRCH, a wrong kind EINVAL. */
static int values(void *unused)
{
	(void)unused;
	tell("at first");
	TRY(setpriority(PRIO_PROCESS, 0, 5));
	tell("5");
	in_child("its child", tell_in_child, "a child");
	in_child("exec", tell_after_exec, NULL);
	TRY(setpriority(PRIO_PROCESS, 0, 100));
	tell("100");
	TRY(setpriority(PRIO_PROCESS, 0, -100));
	tell("-100");
	TRY(setpriority(PRIO_PROCESS, getpid(), 3));
	tell("3");
	errno = 0;
	TRY(nice(2));
	tell("2 more");
	TRY(setpriority(PRIO_PROCESS, -1, 0));
	TRY(setpriority(PRIO_PROCESS, 999999, 0));
	TRY(setpriority(PRIO_USER, 12345, 0));
	TRY(setpriority(PRIO_PGRP, 999999, 0));
	TRY(setpriority(3, 0, 0));
	TRY(setpriority(-1, 0, 0));
	TRY(getpriority(PRIO_PROCESS, -1));
	TRY(getpriority(PRIO_PROCESS, 999999));
	TRY(getpriority(PRIO_USER, 12345));
	TRY(getpriority(PRIO_PGRP, 999999));
	TRY(getpriority(3, 0));
	TRY(getpriority(-1, 0));
	return 0;
}

/* ---- of a thread each ---- */

static int go, ready;
static pid_t tids[3];

static void *wait_for_go(void *arg)
{
	tids[(long)arg] = gettid();
	raise_flag(&ready);
	until_flag(&go, 1);
	return NULL;
}

static void tell_threads(void)
{
	say("nice: %d; %d, %d, %d\n", getpriority(PRIO_PROCESS, 0),
	    getpriority(PRIO_PROCESS, (id_t)tids[0]), getpriority(PRIO_PROCESS, (id_t)tids[1]),
	    getpriority(PRIO_PROCESS, (id_t)tids[2]));
}

/* A thread of its own nice value: its child and what it executes have that. */
static void *be_nice(void *unused)
{
	TRY(setpriority(PRIO_PROCESS, 0, 9));
	in_child("its child", tell_in_child, "a thread's child");
	in_child("exec", tell_after_exec, NULL);
	return unused;
}

static void *be_nice_and_exec(void *unused)
{
	TRY(setpriority(PRIO_PROCESS, 0, 11));
	tell_after_exec(NULL);
	return unused;
}

/* PRIO_PROCESS and the policy are of one thread, even by the number of the process; new threads have those of their maker. */
static int threads_have_their_own(void *unused)
{
	pthread_t threads[3];

	(void)unused;
	TRY(setpriority(PRIO_PROCESS, 0, 1));
	start_all(threads, 3, wait_for_go);
	until_flag(&ready, 3);
	tell_threads();
	TRY(setpriority(PRIO_PROCESS, (id_t)tids[0], 4));
	TRY(setpriority(PRIO_PROCESS, (id_t)getpid(), 2));
	tell_threads();
	TRY(sched_setscheduler(tids[1], SCHED_BATCH, &(struct sched_param){ 0 }));
	TRY(sched_getscheduler(tids[1]));
	TRY(sched_getscheduler(tids[0]));
	TRY(sched_getscheduler(0));
	join(start(be_nice, NULL));
	tell_threads();
	raise_flag(&go);
	join_all(threads, 3);
	join(start(be_nice_and_exec, NULL));
	return 0;
}

/* ---- of a group ---- */

/* Of a group setpriority changes all threads, and getpriority tells the lowest nice value. */
static int group(void *unused)
{
	pthread_t threads[3];
	int fds[2];
	char byte;
	pid_t pid;

	(void)unused;
	MUST(setpgid(0, 0));
	start_all(threads, 3, wait_for_go);
	until_flag(&ready, 3);
	MUST(pipe(fds));
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		(void)!read(fds[0], &byte, 1);
		tell("the child");
		_exit(0);
	}
	TRY(setpriority(PRIO_PROCESS, (id_t)pid, 12));
	TRY(setpriority(PRIO_PROCESS, 0, 10));
	TRY(setpriority(PRIO_PROCESS, (id_t)tids[2], -3));
	TRY(getpriority(PRIO_PGRP, 0));
	TRY(setpriority(PRIO_PROCESS, (id_t)tids[0], 6));
	TRY(setpriority(PRIO_PROCESS, (id_t)tids[1], 7));
	TRY(setpriority(PRIO_PROCESS, (id_t)tids[2], 8));
	TRY(getpriority(PRIO_PGRP, (id_t)getpid()));
	TRY(setpriority(PRIO_PGRP, 0, 15));
	tell_threads();
	TRY(getpriority(PRIO_PROCESS, (id_t)pid));
	TRY(setpriority(PRIO_PGRP, (id_t)pid, 0));
	close(fds[1]);
	waitpid(pid, NULL, 0);
	raise_flag(&go);
	join_all(threads, 3);
	return 0;
}

/* ---- policies ---- */

/* SCHED_RESET_ON_FORK gives a child nice 0 in place of a negative value; a policy without priorities takes only 0. */
static int policies(void *unused)
{
	struct sched_param param = { 0 };

	(void)unused;
	TRY(sched_setscheduler(0, SCHED_BATCH, &param));
	tell("batch");
	in_child("its child", tell_in_child, "a child");
	TRY(sched_setparam(0, &param));
	param.sched_priority = 1;
	TRY(sched_setparam(0, &param));
	TRY(sched_setscheduler(0, SCHED_BATCH, &param));
	TRY(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 0 }));
	TRY(sched_setscheduler(0, SCHED_RR, &(struct sched_param){ 100 }));
	TRY(sched_setscheduler(0, SCHED_RR, &(struct sched_param){ -1 }));
	TRY(sched_setscheduler(0, 4, &(struct sched_param){ 0 }));
	TRY(sched_setscheduler(0, 6, &(struct sched_param){ 0 }));
	tell("none of these");
	param.sched_priority = 0;
	TRY(sched_setscheduler(0, SCHED_IDLE | RESET_ON_FORK, &param));
	TRY(setpriority(PRIO_PROCESS, 0, -7));
	tell("idle, reset on fork");
	in_child("its child", tell_in_child, "a child");
	TRY(setpriority(PRIO_PROCESS, 0, 7));
	in_child("its child", tell_in_child, "a child");
	TRY(sched_setparam(0, &param));
	tell("the same");
	TRY(sched_setscheduler(0, SCHED_OTHER, &param));
	tell("other");
	return 0;
}

/* ---- attributes ---- */

static void set(struct attributes a)
{
	TRY(syscall(SYS_sched_setattr, 0, &a, 0));
	say("size %u\n", a.size);
	tell("now");
}

/* A size of 0 is 48 bytes; bytes behind what is known must be 0 (E2BIG), and then the size that is known is stored. */
static int attributes(void *unused)
{
	struct attributes a[80];

	(void)unused;
	set((struct attributes){ .size = 48, .nice = 3 });
	set((struct attributes){ .size = 56, .policy = SCHED_BATCH, .nice = -4, .flags = 1 });
	set((struct attributes){ .nice = 50 });
	set((struct attributes){ .size = 48, .nice = -50 });
	set((struct attributes){ .size = 47 });
	set((struct attributes){ .size = 5000 });
	set((struct attributes){ .size = 48, .priority = 1 });
	set((struct attributes){ .size = 48, .policy = 77 });
	set((struct attributes){ .size = 48, .policy = -1u });
	set((struct attributes){ .size = 48, .policy = SCHED_FIFO });
	set((struct attributes){ .size = 48, .policy = SCHED_RR, .priority = 100 });
	set((struct attributes){ .size = 48, .policy = 6 });
	set((struct attributes){ .size = 48, .flags = 1ul << 40 });
	set((struct attributes){ .size = 48, .policy = SCHED_IDLE, .nice = 2 });
	/* SCHED_IDLE ignores the nice value. Keep the policy; keep the parameters, and so the policy; both. */
	set((struct attributes){ .size = 48, .policy = SCHED_BATCH, .nice = 5, .flags = 8 });
	set((struct attributes){ .size = 48, .policy = SCHED_BATCH, .nice = 9, .flags = 16 });
	set((struct attributes){ .size = 48, .policy = 77, .nice = 9, .flags = 24 });
	set((struct attributes){ .size = 48, .policy = -1u, .nice = 9, .flags = 24 });
	set((struct attributes){ .size = 48, .policy = SCHED_BATCH, .nice = 4 });
	set((struct attributes){ .size = 48, .policy = SCHED_IDLE, .nice = 6, .flags = 8 });
	set((struct attributes){ .size = 48, .policy = SCHED_OTHER, .nice = 7, .flags = 16 });

	memset(a, 0, sizeof(a));
	a[0].size = 2 * sizeof(a[0]);
	TRY(syscall(SYS_sched_setattr, 0, a, 0));
	a[0].size = 2 * sizeof(a[0]);
	a[1].policy = 1;
	TRY(syscall(SYS_sched_setattr, 0, a, 0));
	say("size %u\n", a[0].size);
	a[0].size = 48;
	TRY(syscall(SYS_sched_setattr, 0, a, 1));
	TRY(syscall(SYS_sched_setattr, 0, NULL, 0));
	TRY(syscall(SYS_sched_setattr, 0, 8, 0));
	TRY(syscall(SYS_sched_setattr, -1, a, 0));
	TRY(syscall(SYS_sched_setattr, 999999, a, 0));
	for (unsigned size = 47; size <= 4097; size += size < 57 ? 1 : 2020) {
		memset(a, 0x55, sizeof(a));
		say("%u: %ld, size %u, last %#x\n", size, syscall(SYS_sched_getattr, 0, a, size, 0),
		    a[0].size, ((unsigned char *)a)[size - 1]);
	}
	TRY(syscall(SYS_sched_getattr, 0, NULL, 48, 0));
	TRY(syscall(SYS_sched_getattr, 0, 8, 48, 0));
	TRY(syscall(SYS_sched_getattr, 0, a, 48, 2));
	TRY(syscall(SYS_sched_getattr, -1, a, 48, 0));
	TRY(syscall(SYS_sched_getattr, 999999, a, 48, 0));
	return 0;
}

/* ---- harts, and the length of a slice ---- */

/* A mask must have a hart that there is (EINVAL), and may be shorter than the kernel's; getcpu stores nothing at NULL. */
static int harts(void *unused)
{
	unsigned long mask[20];
	unsigned hart = 77, node = 77;
	struct timespec slice = { 77, -1 };

	(void)unused;
	TRY(syscall(SYS_getcpu, &hart, &node, NULL));
	say("hart %u, node %u\n", hart, node);
	TRY(syscall(SYS_getcpu, NULL, NULL, NULL));
	TRY(syscall(SYS_getcpu, 8, NULL, NULL));
	TRY(syscall(SYS_getcpu, NULL, 8, NULL));
	memset(mask, 0xff, sizeof(mask));
	TRY(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask));
	TRY(syscall(SYS_sched_setaffinity, 0, 1, mask));
	TRY(syscall(SYS_sched_setaffinity, 0, 3, mask));
	mask[0] = 0xfe;
	TRY(syscall(SYS_sched_setaffinity, 0, 8, mask));
	TRY(syscall(SYS_sched_setaffinity, 0, 16, mask));
	TRY(syscall(SYS_sched_setaffinity, 999999, 8, mask));
	TRY(syscall(SYS_sched_setaffinity, 999999, 8, 8));
	TRY(sysconf(_SC_NPROCESSORS_CONF));
	TRY(sysconf(_SC_NPROCESSORS_ONLN));
	TRY(sched_rr_get_interval(0, &slice));
	say("a slice: %d\n", slice.tv_sec == 0 && slice.tv_nsec >= 0 && slice.tv_nsec < 1000000000);
	TRY(syscall(SYS_sched_rr_get_interval, 0, 8));
	TRY(syscall(SYS_sched_rr_get_interval, 999999, 8));
	TRY(syscall(SYS_sched_rr_get_interval, -1, 8));
	return 0;
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1) {
		tell("after exec");
		return 0;
	}
	in_child("values", values, NULL);
	in_child("threads", threads_have_their_own, NULL);
	in_child("a group", group, NULL);
	in_child("policies", policies, NULL);
	in_child("attributes", attributes, NULL);
	in_child("harts", harts, NULL);
	tell("the parent");
	return 0;
}
