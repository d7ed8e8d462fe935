/* SPDX-License-Identifier: MIT */
/* Frees the private memory of a process that the OOM killer has killed, once its robust futexes are marked. */
#include "linux/process/oom_reap.h"

#include "arch/timer.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/process/linux_process.h"
#include "linux/process/oom.h"
#include "mm/verbs.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"

/* The longest wait for processes that all sleep, and for processes of which one runs. */
#define ASLEEP_NS  (NSEC_PER_SEC / 10)
#define RUNNING_NS NSEC_PER_SEC

static struct waitq marked = WAITQ_INIT(marked);

/* The processes that use a space and have not marked their robust futexes yet. */
struct unmarked {
	const struct uspace *uspace;
	unsigned nleft;
	unsigned nrunning; /* of these run, or are ending: they may wait for a page of the list */
};

static void count_one(struct process *process, void *arg)
{
	struct unmarked *unmarked = arg;

	if (process->uspace != unmarked->uspace ||
	    atomic_load(&linux_process(process)->futexes_marked))
		return;
	unmarked->nleft++;
	unmarked->nrunning += process->state == PROCESS_EXITING || process_runs(process);
}

static struct unmarked count_unmarked(const struct uspace *uspace)
{
	struct unmarked unmarked = { .uspace = uspace };

	spin_lock(&process_tree_lock);
	process_visit_all(count_one, &unmarked);
	spin_unlock(&process_tree_lock);
	return unmarked;
}

static void wait_for_marks(const struct uspace *uspace)
{
	uint64_t begun = arch_time(), asleep = clock_ns_to_ticks(ASLEEP_NS);
	uint64_t seq = waitq_sample(&marked);
	struct unmarked unmarked = count_unmarked(uspace);

	while (unmarked.nleft) {
		thread_sleep_always(&marked, seq, arch_time() + asleep);
		seq = waitq_sample(&marked);
		unmarked = count_unmarked(uspace);
		if (arch_time() - begun >=
		    (unmarked.nrunning ? clock_ns_to_ticks(RUNNING_NS) : asleep))
			break;
	}
}

void oom_reap(struct uspace *uspace)
{
	const struct process *process = current_process();

	if (process && process->uspace == uspace)
		return;
	wait_for_marks(uspace);
	vm_oom_reap(&uspace->space);
}

/* Not on the path of every process that ends. */
static __attribute__((noinline)) void reap_after_last(struct uspace *uspace)
{
	waitq_wake_all(&marked);
	if (count_unmarked(uspace).nleft)
		return;
	oom_memory_leaves();
	vm_oom_reap(&uspace->space);
	oom_memory_freed();
}

void oom_futexes_marked(struct process *process)
{
	atomic_store(&linux_process(process)->futexes_marked, true);
	if (unlikely(atomic_load(&process->uspace->oom_killed)))
		reap_after_last(process->uspace);
}
