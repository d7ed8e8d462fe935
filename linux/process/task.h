/* SPDX-License-Identifier: MIT */
/* What Linux adds to a thread. */
#pragma once

#include "lib/bits.h"
#include "linux/process/linux_process.h"
#include "linux/process/pi_queue.h"
#include "linux/process/usage.h"
#include "linux/signal/signal.h"
#include "linux/time/cpu_clock.h"

struct cred;
struct end_watch;
struct fs_struct;
struct ptrace;
struct vfork;

struct task {
	struct thread thread; /* first: it begins there; guarded as struct thread says */
	/* Changed with process_tree_lock and the signals' lock held; read with either. See linux/ptrace/ptrace.h. */
	struct ptrace *ptrace; /* NULL: it was never traced */
	/* of a process's thread: */
	struct end_watch *end_watch; /* as a process's; of one that is no leader */
	uint64_t start_tick;	     /* of one that is no leader */
	struct thread_signals signals;
	struct cpu_clock cpu_clock; /* guarded by process_tree_lock */
	struct vfork
		*vfork; /* its parent waits for its exec or end; guarded by process_tree_lock */
	/*
	 * Changed by the thread itself with process_tree_lock held; others read it only with that lock. Its working directory,
	 * root and umask, see struct process_fs_ops; it has its own lock and is counted by the threads that have it. NULL: the
	 * thread has let go of it.
	 */
	struct fs_struct *fs;
	/*
	 * By what it acts, and what others see of that, who read it with process_tree_lock held; referenced, never
	 * NULL. They differ only within a call (linux/process/cred.h). Replaced by the thread itself with that lock held.
	 */
	struct cred *cred; /* the thread's own */
	struct cred *real_cred;
	/* rseq(2), see linux/process/rseq.h; private to the thread: */
	vaddr_t rseq; /* where it is registered; 0: nowhere */
	uint32_t rseq_len, rseq_sig;
	uint32_t rseq_hart;  /* the number that is stored there */
	vaddr_t robust_list; /* the thread's own; others may read it with process_tree_lock held */
	struct pi_thread pi; /* guarded by pi_lock */
	/* the part of ran_ticks told as user time; guarded by its process's signals.lock */
	uint64_t told_ticks;
	/* changed only by the thread itself: */
	uint64_t fetched_bytes, dirtied_bytes; /* as in struct usage */
	struct io_counts io;		       /* see thread_count_read() */
	bool exceeds_tasks; /* it has become a user of too many: exec looks again (RLIMIT_NPROC) */
	/* It ends: nobody comes to wait for a lock that it owns (pi_let_go()). Guarded by process_tree_lock. */
	bool owns_no_more;
	long (*restart_call)(struct trap_frame *); /* RESTART_SLEEP: what restart_syscall calls */
	uint64_t sleep_until_ns, sleep_rest;	   /* deadline; user address for the rest */
	int sleep_clock;      /* a CPU clock; else the deadline is of clock_ns() */
	uint32_t personality; /* of personality(2) */
};

/* What Linux adds to a thread; all have it, kernel threads too. */
#define task_of(thread_) container_of(thread_, struct task, thread)

static inline struct task *current_task(void)
{
	return task_of(current_thread());
}

/* The running thread has made a call of the kind of read(), or write(), which returns `done`. */
static inline void thread_count_read(long done)
{
	struct io_counts *io = &current_task()->io;

	io->read_calls++;
	if (likely(done > 0))
		io->read_bytes += (unsigned long)done;
}

static inline void thread_count_write(long done)
{
	struct io_counts *io = &current_task()->io;

	io->write_calls++;
	if (likely(done > 0))
		io->write_bytes += (unsigned long)done;
}

/* Whether its process is stopped, and the thread has not stopped yet; or its tracer wants it to stop. */
static inline bool thread_must_stop(const struct thread *thread)
{
	unsigned must = atomic_load_relaxed(&task_of(thread)->signals.must_stop);

	return unlikely(must) &&
	       (must & ~MUST_STOP ||
		atomic_load_relaxed(&linux_process(thread->process)->signals.stopped) != 0);
}
