/* SPDX-License-Identifier: MIT */
/* What processes have used: the counts behind rusage. */
#include "linux/process/usage.h"

#include "abi/resource.h"
#include "base/clock.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"

#define BLOCK_BYTES 512 /* of rusage */

void usage_add(struct usage *to, const struct usage *from)
{
	to->user_ticks += from->user_ticks;
	to->kernel_ticks += from->kernel_ticks;
	to->minor_faults += from->minor_faults;
	to->major_faults += from->major_faults;
	to->nvcsw += from->nvcsw;
	to->nivcsw += from->nivcsw;
	to->peak_pages = MAX(to->peak_pages, from->peak_pages);
	to->fetched_bytes += from->fetched_bytes;
	to->dirtied_bytes += from->dirtied_bytes;
}

UNCHECKED void usage_add_io(struct io_counts *to, const struct io_counts *from)
{
	to->read_calls += from->read_calls;
	to->read_bytes += from->read_bytes;
	to->write_calls += from->write_calls;
	to->write_bytes += from->write_bytes;
	to->cancelled_bytes += from->cancelled_bytes;
}

/* Counts the faults that were resolved: all kinds except the two denials. */
static inline void count_faults(struct usage *to, const struct space *space)
{
	uint64_t served = 0;

	for (unsigned kind = FAULT_DENY_ACCERR + 1; kind < FAULT_KINDS; kind++)
		served += space->stats.kind[kind];
	to->minor_faults += served - MIN(served, space->stats.major);
	to->major_faults += space->stats.major;
}

void usage_add_space(struct usage *to, const struct process *process, const struct space *space)
{
	const struct linux_process *own = linux_process(process);

	count_faults(to, space);
	to->peak_pages = MAX(to->peak_pages, space->stats.peak_resident);
	if (unlikely(own->borrows_space)) {
		to->minor_faults -= own->borrowed_minor;
		to->major_faults -= own->borrowed_major;
	}
}

void usage_borrow_space(struct process *process)
{
	struct linux_process *own = linux_process(process);
	struct usage usage = { 0 };

	own->borrows_space = true;
	space_count(&process->uspace->space);
	count_faults(&usage, &process->uspace->space);
	own->borrowed_minor = usage.minor_faults;
	own->borrowed_major = usage.major_faults;
}

/* Call between sched_times_lock() and sched_times_unlock(). */
UNCHECKED static inline void add_thread_held(struct usage *to, struct thread *thread)
{
	uint64_t ran = thread_ran_ticks_held(thread);
	uint64_t user = sched_user_ticks(&task_of(thread)->told_ticks, ran, thread->kernel_ticks);

	to->user_ticks += user;
	to->kernel_ticks += ran - user;
	to->nvcsw += thread->nvcsw;
	to->nivcsw += thread->nivcsw;
	to->fetched_bytes += task_of(thread)->fetched_bytes;
	to->dirtied_bytes += task_of(thread)->dirtied_bytes;
}

UNCHECKED void usage_add_thread(struct usage *to, struct thread *thread)
{
	struct times_hold hold = sched_times_lock(thread);

	add_thread_held(to, thread);
	sched_times_unlock(hold);
}

/* There may be very many threads. */
UNCHECKED void usage_add_threads(struct usage *to, const struct process *process)
{
	struct times_hold hold = sched_times_lock(current_thread());
	struct thread *thread;

	for_each_thread(thread, process) {
		sched_times_next(&hold, thread);
		add_thread_held(to, thread);
	}
	sched_times_unlock(hold);
}

void usage_current(struct usage *ret)
{
	struct process *process = current_process();

	/* A thread that ends meanwhile goes from the list to past_usage under the same lock. */
	spin_lock(&linux_process(process)->signals.lock);
	*ret = linux_process(process)->past_usage;
	usage_add_threads(ret, process);
	spin_unlock(&linux_process(process)->signals.lock);
	if (!process->uspace)
		return;
	space_count(&process->uspace->space);
	usage_add_space(ret, process, &process->uspace->space);
}

struct usage usage_children(void)
{
	struct usage usage;

	spin_lock(&process_tree_lock); /* another thread may wait for a child now */
	usage = current_linux_process()->children_usage;
	spin_unlock(&process_tree_lock);
	return usage;
}

/* Of a thread that does not run. */
UNCHECKED static inline uint64_t ticks_of(const struct thread *thread, bool user_only)
{
	uint64_t ran = atomic_load_relaxed(&thread->ran_ticks);

	return user_only ? ran - MIN(thread->kernel_ticks, ran) : ran;
}

/* Where threads run on other harts meanwhile. */
UNCHECKED static uint64_t ticks_of_running(const struct process *process, bool user_only)
{
	struct times_hold hold = sched_times_lock(current_thread());
	const struct thread *thread;
	uint64_t ticks = 0;

	for_each_thread(thread, process) {
		sched_times_next(&hold, thread);
		ticks += user_only ? thread_user_ticks_held(thread) : thread_ran_ticks_held(thread);
	}
	sched_times_unlock(hold);
	return ticks;
}

/* There may be very many threads, so this reads nothing else, and as little as it can. */
UNCHECKED uint64_t usage_cpu_ticks(const struct process *process, bool user_only)
{
	const struct thread *thread, *self = current_thread();
	const struct usage *past = &linux_process(process)->past_usage;
	uint64_t ticks = past->user_ticks + (user_only ? 0 : past->kernel_ticks);

	if (process->state == PROCESS_ZOMBIE)
		return ticks;
	if (hart_are_several())
		return ticks + ticks_of_running(process, user_only);
	for_each_thread(thread, process) {
		if (thread == self)
			ticks += user_only ? thread_user_ticks(thread) : thread_ran_ticks(thread);
		else
			ticks += ticks_of(thread, user_only);
	}
	return ticks;
}

struct usage usage_times(const struct process *process)
{
	struct usage usage = linux_process(process)->past_usage;

	if (process->state != PROCESS_ZOMBIE)
		usage_add_threads(&usage, process);
	return usage;
}

void usage_with_children(const struct process *process, struct usage *ret)
{
	*ret = linux_process(process)->past_usage;
	if (unlikely(process->state != PROCESS_ZOMBIE))
		usage_add_threads(ret, process);
	if (unlikely(process->uspace)) {
		space_count(&process->uspace->space);
		usage_add_space(ret, process, &process->uspace->space);
	}
	usage_add(ret, &linux_process(process)->children_usage);
}

static void add_bytes(struct usage *to, const struct usage *from)
{
	to->fetched_bytes += from->fetched_bytes;
	to->dirtied_bytes += from->dirtied_bytes;
}

UNCHECKED void usage_add_thread_io(struct io_counts *io, struct usage *usage,
				   const struct thread *thread)
{
	usage_add_io(io, &task_of(thread)->io);
	usage->fetched_bytes += task_of(thread)->fetched_bytes;
	usage->dirtied_bytes += task_of(thread)->dirtied_bytes;
}

UNCHECKED void usage_add_process_io(struct io_counts *io, struct usage *usage,
				    const struct process *process)
{
	const struct linux_process *own = linux_process(process);
	const struct thread *thread;

	assert_hardened(spin_lock_held(&process_tree_lock));
	usage_add_io(io, &own->past_io);
	add_bytes(usage, &own->past_usage);
	add_bytes(usage, &own->children_usage);
	if (process->state != PROCESS_ZOMBIE)
		for_each_thread(thread, process)
			usage_add_thread_io(io, usage, thread);
}

void usage_end(struct process *process)
{
	struct linux_process *own = linux_process(process);
	const struct thread *thread;

	assert_hardened(spin_lock_held(&process_tree_lock) && !process->uspace);
	spin_lock(&own->signals.lock);
	usage_add_threads(&own->past_usage, process);
	for_each_thread(thread, process)
		usage_add_io(&own->past_io, &task_of(thread)->io);
	spin_unlock(&own->signals.lock);
}

static struct abi_timeval ticks_to_timeval(uint64_t ticks)
{
	uint64_t usec = clock_ticks_to_ns(ticks) / 1000;

	return (struct abi_timeval){ .sec = (int64_t)(usec / 1000000),
				     .usec = (int64_t)(usec % 1000000) };
}

void usage_to_rusage(const struct usage *usage, struct abi_rusage *rusage)
{
	memset(rusage, 0, sizeof(*rusage));
	rusage->utime = ticks_to_timeval(usage->user_ticks);
	rusage->stime = ticks_to_timeval(usage->kernel_ticks);
	rusage->maxrss = (int64_t)(usage->peak_pages * (PAGE_SIZE / 1024));
	rusage->minflt = (int64_t)usage->minor_faults;
	rusage->majflt = (int64_t)usage->major_faults;
	rusage->inblock = (int64_t)(usage->fetched_bytes / BLOCK_BYTES);
	rusage->oublock = (int64_t)(usage->dirtied_bytes / BLOCK_BYTES);
	rusage->nvcsw = (int64_t)usage->nvcsw;
	rusage->nivcsw = (int64_t)usage->nivcsw;
}
