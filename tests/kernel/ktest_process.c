/* SPDX-License-Identifier: MIT */
/* Processes for tests. */
#include "tests/kernel/ktest_process.h"

#include "abi/errno.h"
#include "abi/wait.h"
#include "arch/context.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/os_layer.h"
#include "base/panic.h"
#include "lib/assert.h"
#include "mm/phys/kmalloc.h"
#include "proc/exec_args.h"
#include "proc/loan.h"
#include "proc/pid.h"
#include "proc/priority.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/spinlock.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_layer.h"

#define ENDED_MAX 64

/* Of the machine's time: who has not ended by then sleeps for ever, and so would the test. */
#define REAP_SECONDS 120

/* What process 1 has reaped, oldest forgotten first. */
static struct {
	int pid, status;
} ended[ENDED_MAX];
static unsigned nended;
static struct waitq reaped = WAITQ_INIT(reaped);
static struct waitq wanted = WAITQ_INIT(wanted);

struct start {
	int (*fn)(void *arg);
	void *arg;
};

static void init_main(void *unused)
{
	sched_first();
	for (;;) {
		uint64_t seq = waitq_sample(&wanted);
		int status = 0;
		long pid = ktest_wait(-1, 0, &status);

		if (pid > 0) {
			ended[nended % ENDED_MAX].status = status;
			atomic_store(&ended[nended++ % ENDED_MAX].pid, (int)pid);
			waitq_wake_all(&reaped);
		} else {
			thread_wait_always(&wanted, seq);
		}
	}
}

void ktest_process_init(void)
{
	struct process *init = ktest_layer_start();

	assert(init->pid == PID_INIT);
	arch_thread_init(&init->leader->arch, init->leader->kstack, init_main, NULL);
	ktest_layer_publish(NULL, init);
	ktest_settle();
}

static int take_ended(int pid, int *status_ret)
{
	for (unsigned i = 0; i < ENDED_MAX; i++) {
		if (atomic_load(&ended[i].pid) == pid) {
			*status_ret = ended[i].status;
			atomic_store(&ended[i].pid, 0);
			return 1;
		}
	}
	return 0;
}

int ktest_reap(int pid)
{
	const uint64_t deadline = arch_time() + clock_ns_to_ticks(REAP_SECONDS * NSEC_PER_SEC);
	uint64_t seq;
	int status;

	for (;;) {
		seq = waitq_sample(&reaped);
		if (take_ended(pid, &status))
			return status;
		if (arch_time() >= deadline)
			panic("ktest: process %d does not end", pid);
		thread_sleep_always(&reaped, seq, deadline);
	}
}

static void child_main(void *arg)
{
	struct start start = *(struct start *)arg;
	int status;

	sched_first();
	kfree(arg);
	sched_use_mmu(&current_space()->mmu);
	status = start.fn(start.arg);
	ktest_layer_end(ABI_W_EXITCODE(status), true);
}

int ktest_spawn(int (*fn)(void *arg), void *arg)
{
	struct process *parent = current_process() ?: process_init_get(), *process;
	struct start *start = kmalloc(sizeof(*start));
	int err = -ENOMEM, pid;

	process = start ? ktest_layer_create(&err) : NULL;
	if (!process) {
		kfree(start);
		return err;
	}
	*start = (struct start){ fn, arg };
	pid = process->pid;
	arch_thread_init(&process->leader->arch, process->leader->kstack, child_main, start);
	ktest_layer_publish(parent, process);
	waitq_wake_all(&wanted);
	return pid;
}

static void thread_main(void *arg)
{
	struct start start = *(struct start *)arg;

	sched_first();
	kfree(arg);
	sched_use_mmu(&current_space()->mmu);
	ktest_layer_end(ABI_W_EXITCODE(start.fn(start.arg)), false);
}

int ktest_spawn_thread(int (*fn)(void *arg), void *arg)
{
	struct start *start = kmalloc(sizeof(*start));
	int err = -ENOMEM, tid;
	struct thread *thread;

	thread = start ? ktest_layer_create_thread(&err) : NULL;
	if (!thread) {
		kfree(start);
		return err;
	}
	tid = thread->tid;
	*start = (struct start){ fn, arg };
	arch_thread_init(&thread->arch, thread->kstack, thread_main, start);
	ktest_layer_publish_thread(thread);
	return tid;
}

int ktest_kill(int pid)
{
	struct process *process;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	if (process)
		os_layer.kill(process);
	spin_unlock(&process_tree_lock);
	return process ? 0 : -ESRCH;
}

int ktest_run(int (*fn)(void *arg), void *arg)
{
	int pid = ktest_spawn(fn, arg);

	return pid < 0 ? -1 : ktest_reap(pid);
}

static int call(void *fn)
{
	((void (*)(void))(uintptr_t)fn)();
	return 0;
}

void ktest_ask(struct thread *thread, int policy, unsigned rt_priority, int nice)
{
	spin_lock(&process_tree_lock);
	loan_set_wish(thread, priority_wish(policy, rt_priority, nice, false));
	spin_unlock(&process_tree_lock);
}

#define PATIENCE_NS (20 * NSEC_PER_SEC)

bool ktest_await_asleep(struct thread *const *thread)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while ((!atomic_load(thread) || !sched_is_asleep(*thread)) && clock_ns() < end)
		sched_yield();
	return atomic_load(thread) && sched_is_asleep(*thread);
}

bool ktest_await_priority(struct thread *const *thread, unsigned rt_priority)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while ((!atomic_load(thread) || (*thread)->runs_as.rt_priority != rt_priority) &&
	       clock_ns() < end)
		sched_yield();
	return atomic_load(thread) && (*thread)->runs_as.rt_priority == rt_priority;
}

bool ktest_await_rank(struct thread *const *thread, uint64_t rank)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while ((!atomic_load(thread) || thread_rank(*thread) != rank) && clock_ns() < end)
		sched_yield();
	return atomic_load(thread) && thread_rank(*thread) == rank;
}

void ktest_go_to(unsigned hart_index)
{
	sched_set_harts(current_thread(), 1ul << hart_index);
	sched_move();
}

void ktest_run_in_process(void (*fn)(void))
{
	EXPECT_EQ(EXITED(0), ktest_run(call, (void *)(uintptr_t)fn));
}

int ktest_exec(struct object *image)
{
	struct exec_args args;
	int err;

	exec_args_init(&args, "/image", UINT64_MAX);
	err = exec_args_add(&args, "image", false);
	if (!err)
		err = ktest_layer_exec(image, "/image", &args);
	exec_args_destroy(&args);
	return err;
}

int ktest_exec_main(void *image)
{
	int err = ktest_exec(image);

	if (err)
		return -err;
	arch_enter_user();
}

void ktest_enter(vaddr_t pc, vaddr_t sp)
{
	arch_frame_start(arch_thread_frame(arch_this_thread()), pc, sp);
	arch_enter_user();
}
