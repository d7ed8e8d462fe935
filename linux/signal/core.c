/* SPDX-License-Identifier: MIT */
/* Core dumps: all threads are killed, and wait before they end; the one that took the signal writes the file. */
#include "linux/signal/core.h"

#include "abi/wait.h"
#include "lib/bits.h"
#include "linux/process/linux_process.h"
#include "linux/process/process_ops.h"
#include "linux/process/task.h"
#include "linux/arch/regs.h"
#include "linux/signal/send.h"
#include "proc/wait.h"

/*
 * From now on nothing but SIGKILL reaches the process, which ends the writing. Returns false if it is ending already, or
 * has a thread in exec, or its memory is not to be shown to its user.
 */
static bool core_begin(struct process *process, int sig)
{
	struct signals *signals = &linux_process(process)->signals;
	struct thread *thread;
	bool may;

	spin_lock(&signals->lock);
	may = !signals->ending && !signals->execing && !signals->dumping &&
	      !atomic_load(&process->uspace->undumpable);
	if (may) {
		signals->nparked = 0;
		atomic_store(&signals->dumping, true);
		for_each_thread(thread, process) {
			task_of(thread)->signals.held = task_of(thread)->signals.blocked;
			task_of(thread)->signals.blocked = ~SIGNAL_UNBLOCKABLE;
		}
		signals_kill_threads(process, current_thread());
	} else if (!signals->dumping) {
		signals_set_fatal(process, sig);
	}
	spin_unlock(&signals->lock);
	return may;
}

/* Returns 0 when all other threads wait; -EINTR if this one was killed. */
static int wait_for_others(struct signals *signals)
{
	int err = 0;

	while (!err) {
		uint64_t seq = waitq_sample(&signals->resumed);
		bool all;

		spin_lock(&signals->lock);
		all = signals->nparked + 1u == signals->nthreads;
		spin_unlock(&signals->lock);
		if (all)
			break;
		err = thread_wait(&signals->resumed, seq);
	}
	return err;
}

static void core_end(struct process *process, int status)
{
	struct signals *signals = &linux_process(process)->signals;

	spin_lock(&signals->lock);
	atomic_store(&signals->dumping, false);
	signals_end(process, status);
	waitq_wake_all(&signals->resumed);
	spin_unlock(&signals->lock);
}

void core_dump(const struct signal_info *info)
{
	struct process *process = current_process();
	int status = ABI_W_SIGNALLED(info->sig);

	if (!core_begin(process, info->sig))
		return;
	arch_regs_give();
	if (wait_for_others(&linux_process(process)->signals) == 0 && process_fs->core_dump(info))
		status |= WCOREFLAG;
	core_end(process, status);
}

void core_wait_for_dump(void)
{
	struct signals *signals = &current_linux_process()->signals;

	arch_regs_give();
	spin_lock(&signals->lock);
	signals->nparked++;
	signals_wake_next(); /* as who begins to end does */
	waitq_wake_all(&signals->resumed);
	spin_unlock(&signals->lock);
	while (atomic_load(&signals->dumping)) {
		uint64_t seq = waitq_sample(&signals->resumed);

		if (atomic_load(&signals->dumping))
			thread_wait_always(&signals->resumed, seq);
	}
}
