/* SPDX-License-Identifier: MIT */
/* CPU clocks, and what waits for them. The tick only marks the thread that runs; it looks at its clocks itself. */
/*
 * A clock advances only while a thread runs. So its alarms need no timer: a tick that finds the thread
 * running has it look on its way to user mode, or when it begins to wait. While no thread runs, nothing is
 * looked at.
 *
 * An alarm does not keep the process or thread of its clock. It names them, and finds them each time
 * under process_tree_lock. Those of a clock that is gone are on no tree any more.
 */
#include "linux/time/cpu_clock.h"

#include "abi/errno.h"
#include "abi/time.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/process/usage.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "linux/process/thread_id.h"

/* So many alarms go off in one hold of process_tree_lock. */
#define ALARMS_AT_ONCE 16u

static void name_process(const struct process *process, struct cpu_clock_id *ret)
{
	ret->pid = process->pid;
	ret->process_birth = process->birth;
	ret->tid = 0;
}

static void name_thread(const struct thread *thread, struct cpu_clock_id *ret)
{
	name_process(thread->process, ret);
	ret->tid = thread->tid;
	ret->thread_birth = thread->birth;
}

struct cpu_clock_id cpu_clock_own(enum cpu_time time)
{
	struct cpu_clock_id clock = { .time = time };

	name_process(current_process(), &clock);
	return clock;
}

static const struct process *clock_process(int pid, enum cpu_clock_use use)
{
	if (pid == 0 || (use == CPU_CLOCK_TO_READ && pid == current_thread()->tid))
		return current_process();
	return process_find(pid);
}

static const struct thread *clock_thread(int tid)
{
	const struct thread *thread = tid ? thread_find(tid) : current_thread();

	return thread && thread->process == current_process() ? thread : NULL;
}

int cpu_clock_find(int number, enum cpu_clock_use use, struct cpu_clock_id *ret)
{
	bool of_thread = number == CLOCK_THREAD_CPUTIME_ID ||
			 (number < 0 && number & CPUCLOCK_PERTHREAD);
	unsigned which = number < 0 ? (unsigned)number & CPUCLOCK_WHICH : CPUCLOCK_SCHED;
	int id = number < 0 ? ~(number >> 3) : 0;
	const struct process *process;
	const struct thread *thread;
	bool found;

	if (which > CPUCLOCK_SCHED)
		return -EINVAL;
	ret->time = which == CPUCLOCK_VIRT ? CPU_TIME_USER : CPU_TIME_ALL;
	spin_lock(&process_tree_lock);
	if (of_thread) {
		thread = clock_thread(id);
		found = thread != NULL;
		if (found)
			name_thread(thread, ret);
	} else {
		process = clock_process(id, use);
		found = process != NULL;
		if (found)
			name_process(process, ret);
	}
	spin_unlock(&process_tree_lock);
	return found ? 0 : -EINVAL;
}

/* Returns the process or, if that is named, the thread of a clock; both are NULL if it is gone. */
static struct process *owner_of(const struct cpu_clock_id *clock, struct thread **thread_ret)
{
	const struct thread_id id = {
		.process = { clock->pid, clock->process_birth },
		.tid = clock->tid,
		.birth = clock->thread_birth,
	};

	*thread_ret = NULL;
	if (!clock->tid)
		return process_find_id(&id.process);
	*thread_ret = thread_find_id(&id);
	return *thread_ret ? (*thread_ret)->process : NULL;
}

/* Of a thread, or if that is NULL of the process. */
static uint64_t used_ns(const struct process *process, const struct thread *thread,
			enum cpu_time time)
{
	bool user_only = time == CPU_TIME_USER;

	if (!thread)
		return clock_ticks_to_ns(usage_cpu_ticks(process, user_only));
	return clock_ticks_to_ns(user_only ? thread_user_ticks(thread) : thread_ran_ticks(thread));
}

bool cpu_clock_read_locked(const struct cpu_clock_id *clock, uint64_t *ns_ret)
{
	const struct process *process;
	struct thread *thread;

	assert_hardened(spin_lock_held(&process_tree_lock));
	process = owner_of(clock, &thread);
	if (!process)
		return false;
	*ns_ret = used_ns(process, thread, clock->time);
	return true;
}

void cpu_alarm_init(struct cpu_alarm *alarm, const struct cpu_clock_id *clock,
		    void (*fn)(struct cpu_alarm *alarm))
{
	*alarm = (struct cpu_alarm){ .clock = *clock, .fn = fn };
}

static struct cpu_alarm *alarm_of(struct tree_node *node)
{
	return tree_entry(node, struct cpu_alarm, node);
}

static void alarm_insert(struct tree *alarms, struct cpu_alarm *alarm)
{
	struct tree_node **link = &alarms->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = &parent->child[alarm->at_ns >= alarm_of(parent)->at_ns];
	}
	tree_insert(alarms, &alarm->node, parent, link);
	alarm->armed = true;
}

static void alarm_remove(struct tree *alarms, struct cpu_alarm *alarm)
{
	tree_erase(alarms, &alarm->node);
	alarm->armed = false;
}

static bool clock_is_quiet(const struct cpu_clock *clock)
{
	return tree_empty(&clock->alarms[CPU_TIME_USER]) &&
	       tree_empty(&clock->alarms[CPU_TIME_ALL]);
}

/* If the process has alarms, each of its threads knows that already. */
static void tell_threads(struct process *process)
{
	struct thread *thread;

	if (!clock_is_quiet(&linux_process(process)->cpu_clock))
		return;
	for_each_thread(thread, process)
		atomic_store_relaxed(&thread->has_cpu_alarms, true);
}

void cpu_clock_add_thread(struct thread *thread)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (unlikely(!clock_is_quiet(&linux_process(thread->process)->cpu_clock)))
		atomic_store_relaxed(&thread->has_cpu_alarms, true);
}

bool cpu_alarm_arm_locked(struct cpu_alarm *alarm, uint64_t at_ns, uint64_t now_ns)
{
	enum cpu_time time = alarm->clock.time;
	struct process *process;
	struct thread *thread;

	assert_hardened(spin_lock_held(&process_tree_lock));
	assert_hardened(!alarm->armed);
	process = owner_of(&alarm->clock, &thread);
	if (!process)
		return false;
	alarm->at_ns = at_ns;
	if (now_ns >= at_ns) {
		alarm->fn(alarm);
		return true;
	}
	if (thread) {
		atomic_store_relaxed(&thread->has_cpu_alarms, true);
		alarm_insert(&task_of(thread)->cpu_clock.alarms[time], alarm);
	} else {
		tell_threads(process);
		alarm_insert(&linux_process(process)->cpu_clock.alarms[time], alarm);
	}
	return true;
}

void cpu_alarm_cancel_locked(struct cpu_alarm *alarm)
{
	struct process *process;
	struct thread *thread;
	struct cpu_clock *clock;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!alarm->armed)
		return;
	process = owner_of(&alarm->clock, &thread);
	if (process) {
		clock = thread ? &task_of(thread)->cpu_clock : &linux_process(process)->cpu_clock;
		alarm_remove(&clock->alarms[alarm->clock.time], alarm);
	}
	alarm->armed = false;
}

/* Lets at most *left alarms go off, of the thread or if that is NULL the process, and counts them there. */
static void clock_ring(struct process *process, struct thread *thread, unsigned *left)
{
	struct cpu_clock *clock = thread ? &task_of(thread)->cpu_clock
					 : &linux_process(process)->cpu_clock;

	for (enum cpu_time time = 0; time < CPU_TIMES; time++) {
		struct tree *alarms = &clock->alarms[time];
		uint64_t now = tree_empty(alarms) ? 0 : used_ns(process, thread, time);

		while (*left && !tree_empty(alarms)) {
			struct cpu_alarm *alarm = alarm_of(tree_first(alarms));

			if (alarm->at_ns > now)
				break;
			alarm_remove(alarms, alarm);
			alarm->fn(alarm);
			--*left;
		}
	}
}

void cpu_clock_look(void)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	unsigned left;

	do {
		left = ALARMS_AT_ONCE;
		spin_lock(&process_tree_lock);
		clock_ring(process, thread, &left);
		clock_ring(process, NULL, &left);
		if (clock_is_quiet(&task_of(thread)->cpu_clock) &&
		    clock_is_quiet(&linux_process(process)->cpu_clock))
			atomic_store_relaxed(&thread->has_cpu_alarms, false);
		spin_unlock(&process_tree_lock);
	} while (!left);
}

struct cpu_sleeper {
	struct cpu_alarm alarm;
	struct waitq queue;
	bool done; /* guarded by process_tree_lock */
};

static void sleeper_wake(struct cpu_alarm *alarm)
{
	struct cpu_sleeper *sleeper = container_of(alarm, struct cpu_sleeper, alarm);

	sleeper->done = true;
	waitq_wake_all(&sleeper->queue);
}

int cpu_clock_sleep(const struct cpu_clock_id *clock, uint64_t until_ns)
{
	struct cpu_sleeper sleeper = { 0 };
	uint64_t seq, now = 0;
	bool armed;
	int err;

	cpu_alarm_init(&sleeper.alarm, clock, sleeper_wake);
	waitq_init(&sleeper.queue);
	seq = waitq_sample(&sleeper.queue);
	spin_lock(&process_tree_lock);
	armed = cpu_clock_read_locked(clock, &now) &&
		cpu_alarm_arm_locked(&sleeper.alarm, until_ns, now);
	spin_unlock(&process_tree_lock);
	if (!armed)
		return -EINVAL;
	err = thread_wait_interruptible(&sleeper.queue, seq);
	while (!err && !atomic_load(&sleeper.done))
		err = thread_wait_interruptible(&sleeper.queue, seq);
	spin_lock(&process_tree_lock);
	cpu_alarm_cancel_locked(&sleeper.alarm);
	if (sleeper.done)
		err = 0;
	spin_unlock(&process_tree_lock);
	return err;
}
