/* SPDX-License-Identifier: MIT */
/* Makes process 1, and starts its program. */
#include "linux/process/start.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "arch/timer.h"
#include "lib/string.h"
#include "linux/process/exec.h"
#include "linux/process/limits.h"
#include "linux/process/linux_process.h"
#include "linux/process/process_ops.h"
#include "mm/phys/page_alloc.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/wait.h"

static const struct abi_rlimit64 first_limits[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_STACK] = { STACK_DEFAULT, RLIM_INFINITY },
	[RLIMIT_CORE] = { 0, RLIM_INFINITY },
	[RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_NPROC] = { PROCESS_COUNT_MAX, PROCESS_COUNT_MAX },
	[RLIMIT_NOFILE] = { NOFILE_DEFAULT, NOFILE_MAX },
	[RLIMIT_MEMLOCK] = { 8ul << 20, 8ul << 20 },
	[RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_MSGQUEUE] = { 819200, 819200 },
	[RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
};

/*
 * What boot passes to process 1. Static, because process 1 uses the queue after setting `done`. It is private to boot before
 * process 1 runs, and then to process 1 until `done`, which is atomic.
 */
struct init_start {
	struct object *image;
	const char *path;
	struct exec_args args;
	int (*endow)(void);
	int err;
	bool done;
	struct waitq queue;
};

/* Guarded as the struct says. */
static struct init_start init_start = { .queue = WAITQ_INIT(init_start.queue) };

/* Runs as process 1 in kernel mode. Its image is created like that of any other process. */
static void init_main(void *unused)
{
	struct init_start *start = &init_start;
	int err;

	sched_first();
	err = exec_image(start->image, start->path, &start->args);
	if (!err && start->endow)
		err = start->endow();
	start->err = err;
	atomic_store(&start->done, true);
	waitq_wake_all(&start->queue);
	if (!err)
		arch_enter_user();
	/* Boot reports the error and powers off. */
	sched_sleep_prepare();
	sched_sleep();
	assert_unreachable();
}

static int gather(struct exec_args *args, const char *const *strings, bool is_env)
{
	for (; strings && *strings; strings++) {
		int err = exec_args_add(args, *strings, is_env);

		if (err)
			return err;
	}
	return 0;
}

/* As on Linux, one for 64 frames of the machine; but small machines have some more. */
#define FRAMES_PER_SIGNAL 64

static struct abi_rlimit64 sigpending_limit(void)
{
	uint64_t most =
		MAX((uint64_t)SIGNAL_QUEUE_MAX, page_alloc_total_count() / FRAMES_PER_SIGNAL);

	return (struct abi_rlimit64){ most, most };
}

static struct process *make_init(void)
{
	int err;
	struct process *process = linux_process_alloc(&err);

	if (!process)
		return NULL;
	assert(process->pid == PID_INIT);
	memcpy(linux_process(process)->rlimits, first_limits, sizeof(first_limits));
	linux_process(process)->rlimits[RLIMIT_SIGPENDING] = sigpending_limit();
	process_limits_are_set(process);
	linux_process(process)->start_tick = arch_time();
	if (linux_process_add_leader(process) || process_fs->create(process->leader))
		return NULL; /* boot fails now, so nothing is released */
	arch_thread_init(&process->leader->arch, process->leader->kstack, init_main, NULL);
	process->leader->arch.hart = arch_this_hart();
	return process;
}

int process_start_init(struct object *image, const char *path, const char *const *argv,
		       const char *const *envp, int (*endow)(void))
{
	struct init_start *start = &init_start;
	struct process *process;
	int err;

	start->image = image;
	start->path = path;
	start->endow = endow;
	exec_args_init(&start->args, path, first_limits[RLIMIT_STACK].cur);
	err = gather(&start->args, argv, false);
	if (!err)
		err = gather(&start->args, envp, true);
	if (err)
		return err;
	process = make_init();
	if (!process)
		return -ENOMEM;
	linux_process_publish(NULL, process);
	while (!atomic_load(&start->done)) {
		uint64_t seq = waitq_sample(&start->queue);

		if (!atomic_load(&start->done))
			thread_wait_always(&start->queue, seq);
	}
	exec_args_destroy(&start->args);
	return start->err;
}
