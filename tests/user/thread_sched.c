/* SPDX-License-Identifier: MIT */
/* R150. What libraries ask of the scheduler for a thread: harts, policies, priorities. */
#include "thread.h"

static int go;
static pid_t tid;

static void *wait_for_go(void *unused)
{
	__atomic_store_n(&tid, gettid(), __ATOMIC_SEQ_CST);
	until_flag(&go, 1);
	return unused;
}

static void harts(pthread_t thread)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	ASK(pthread_getaffinity_np(thread, sizeof(set), &set));
	say("%d harts, the first %d\n", CPU_COUNT(&set), CPU_ISSET(0, &set) != 0);
	ASK(pthread_setaffinity_np(thread, sizeof(set), &set));
	CPU_ZERO(&set);
	ASK(pthread_setaffinity_np(thread, sizeof(set), &set));
	CPU_SET(200, &set);
	ASK(pthread_setaffinity_np(thread, sizeof(set), &set));
	CPU_SET(0, &set);
	ASK(pthread_setaffinity_np(thread, sizeof(set), &set));
	CPU_ZERO(&set);
	ASK(pthread_getaffinity_np(thread, sizeof(set), &set));
	say("%d harts\n", CPU_COUNT(&set));
	TRY(sched_setaffinity(0, sizeof(set), &set));
	TRY(sched_setaffinity(tid, sizeof(set), &set));
	TRY(sched_setaffinity(999999, sizeof(set), &set));
	TRY(sched_setaffinity(-1, sizeof(set), &set));
	TRY(syscall(SYS_sched_setaffinity, 0, 8, (void *)8));
	TRY(syscall(SYS_sched_setaffinity, 0, 0, &set));
	TRY(sched_getaffinity(tid, sizeof(set), &set));
	TRY(sched_getcpu());
}

static void policies(pthread_t thread)
{
	struct sched_param param = { .sched_priority = 55 };
	struct timespec slice;
	int policy = 77;

	ASK(pthread_getschedparam(thread, &policy, &param));
	say("policy %d, priority %d\n", policy, param.sched_priority);
	ASK(pthread_setschedparam(thread, SCHED_OTHER, &param));
	param.sched_priority = 1;
	ASK(pthread_setschedparam(thread, SCHED_OTHER, &param));
	ASK(pthread_setschedparam(thread, 77, &param));
	ASK(pthread_setschedprio(thread, 0));
	TRY(sched_getscheduler(0));
	TRY(sched_getscheduler(tid));
	TRY(sched_getscheduler(-1));
	TRY(sched_getscheduler(999999));
	TRY(sched_getparam(0, &param));
	say("priority %d\n", param.sched_priority);
	TRY(sched_getparam(tid, &param));
	TRY(sched_getparam(-1, &param));
	TRY(sched_getparam(999999, &param));
	TRY(syscall(SYS_sched_getparam, 0, NULL));
	TRY(syscall(SYS_sched_getparam, 0, 8));
	param.sched_priority = 0;
	TRY(sched_setscheduler(0, SCHED_OTHER, &param));
	TRY(sched_setscheduler(tid, SCHED_OTHER, &param));
	TRY(sched_setscheduler(0, -1, &param));
	TRY(sched_setscheduler(0, 77, &param));
	TRY(sched_setscheduler(-1, SCHED_OTHER, &param));
	TRY(sched_setscheduler(999999, SCHED_OTHER, &param));
	TRY(sched_setparam(0, &param));
	param.sched_priority = 1;
	TRY(sched_setparam(0, &param));
	TRY(sched_setscheduler(0, SCHED_OTHER, &param));
	for (policy = -1; policy < 8; policy++) {
		say("policy %d\n", policy);
		TRY(sched_get_priority_min(policy));
		TRY(sched_get_priority_max(policy));
	}
	TRY(sched_rr_get_interval(0, &slice));
	TRY(sched_rr_get_interval(-1, &slice));
	TRY(sched_rr_get_interval(999999, &slice));
}

static void attributes(void)
{
	struct sched_param param = { 0 };
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;

	MUST(pthread_attr_init(&attr));
	ASK(pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED));
	ASK(pthread_attr_setschedpolicy(&attr, SCHED_OTHER));
	ASK(pthread_attr_setschedparam(&attr, &param));
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	ASK(pthread_attr_setaffinity_np(&attr, sizeof(set), &set));
	ASK(pthread_create(&thread, &attr, wait_for_go, NULL));
	join(thread);
	CPU_ZERO(&set);
	CPU_SET(200, &set);
	ASK(pthread_attr_setaffinity_np(&attr, sizeof(set), &set));
	ASK(pthread_create(&thread, &attr, wait_for_go, NULL));
	ASK(pthread_setconcurrency(4));
}

int main(void)
{
	pthread_t thread = start(wait_for_go, NULL);

	while (__atomic_load_n(&tid, __ATOMIC_SEQ_CST) == 0)
		sched_yield();
	harts(thread);
	policies(thread);
	raise_flag(&go);
	join(thread);
	attributes();
	return 0;
}
