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

/* There may be very many threads. */
UNCHECKED static inline __attribute__((always_inline)) void add_thread(struct usage *to,
								       struct thread *thread)
{
	struct thread_times times = thread_times(thread);
	uint64_t user = sched_user_ticks(&task_of(thread)->told_ticks, times.ran, times.kernel);

	to->user_ticks += user;
	to->kernel_ticks += times.ran - user;
	to->nvcsw += thread->nvcsw;
	to->nivcsw += thread->nivcsw;
	to->fetched_bytes += task_of(thread)->fetched_bytes;
	to->dirtied_bytes += task_of(thread)->dirtied_bytes;
}

UNCHECKED void usage_add_thread_locked(struct usage *to, struct thread *thread)
{
	assert_hardened(spin_lock_held(&linux_process(thread->process)->signals.lock));
	add_thread(to, thread);
}

void usage_add_thread(struct usage *to, struct thread *thread)
{
	struct spinlock *lock = &linux_process(thread->process)->signals.lock;

	spin_lock(lock);
	add_thread(to, thread);
	spin_unlock(lock);
}

UNCHECKED static void add_threads(struct usage *to, const struct process *process)
{
	struct thread *thread;

	assert_hardened(spin_lock_held(&linux_process(process)->signals.lock));
	for_each_thread(thread, process)
		add_thread(to, thread);
}

/* A thread that ends meanwhile goes from the list to past_usage under the same lock. */
static void add_up(struct usage *ret, const struct process *process)
{
	struct spinlock *lock = &linux_process(process)->signals.lock;

	spin_lock(lock);
	*ret = linux_process(process)->past_usage;
	add_threads(ret, process);
	spin_unlock(lock);
}

void usage_current(struct usage *ret)
{
	struct process *process = current_process();

	add_up(ret, process);
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

UNCHECKED uint64_t usage_cpu_ticks(const struct process *process, bool user_only)
{
	const struct thread *thread;
	const struct usage *past = &linux_process(process)->past_usage;
	uint64_t ticks = past->user_ticks + (user_only ? 0 : past->kernel_ticks);

	if (process->state != PROCESS_ZOMBIE)
		for_each_thread(thread, process)
			ticks += user_only ? thread_user_ticks(thread) : thread_ran_ticks(thread);
	return ticks;
}

struct usage usage_times(const struct process *process)
{
	struct usage usage;

	if (process->state == PROCESS_ZOMBIE)
		return linux_process(process)->past_usage;
	add_up(&usage, process);
	return usage;
}

void usage_with_children(const struct process *process, struct usage *ret)
{
	if (likely(process->state == PROCESS_ZOMBIE))
		*ret = linux_process(process)->past_usage;
	else
		add_up(ret, process);
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
	add_threads(&own->past_usage, process);
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
