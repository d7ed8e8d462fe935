/* Signals without handlers: what is pending, what is dropped, and what ends a process. */
#include "proc/signal.h"

#include "abi/errno.h"
#include "abi/wait.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/reap.h"
#include "proc/sched.h"

#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

/*
 * There is no job control yet: signals that stop a process are taken and have no effect, and
 * SIGCONT has nothing to continue. (docs/ABI.md says so.)
 */
enum signal_default signal_default(int sig)
{
	switch (sig) {
	case SIGCHLD:
	case SIGURG:
	case SIGWINCH:
		return SIGNAL_IGNORE;
	case SIGCONT:
		return SIGNAL_CONTINUE;
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return SIGNAL_STOP;
	case SIGQUIT:
	case SIGILL:
	case SIGTRAP:
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
	case SIGXCPU:
	case SIGXFSZ:
	case SIGSYS:
		return SIGNAL_CORE;
	default:
		return SIGNAL_TERMINATE;
	}
}

static bool ends_by_default(int sig)
{
	enum signal_default action = signal_default(sig);

	return action == SIGNAL_TERMINATE || action == SIGNAL_CORE;
}

void signals_init(struct signals *signals)
{
	*signals = (struct signals){ 0 };
	spin_init(&signals->lock, LOCK_PROCESS);
}

void signals_copy(struct signals *to, struct signals *from)
{
	spin_lock(&from->lock);
	to->blocked = from->blocked;
	to->ignored = from->ignored;
	to->acted = from->acted;
	if (from->acted) {
		memcpy(to->action_masks, from->action_masks, sizeof(to->action_masks));
		memcpy(to->action_flags, from->action_flags, sizeof(to->action_flags));
	}
	spin_unlock(&from->lock);
}

void signals_exec(struct signals *signals)
{
	spin_lock(&signals->lock);
	if (signals->acted) {
		memset(signals->action_masks, 0, sizeof(signals->action_masks));
		memset(signals->action_flags, 0, sizeof(signals->action_flags));
		signals->acted = false;
	}
	spin_unlock(&signals->lock);
}

/* The first fatal signal is the one that is told. => lock held */
static void end_by(struct process *process, int sig)
{
	struct thread *thread = process->thread;

	if (process->signals.fatal)
		return;
	process->signals.fatal = sig;
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_SIGNAL, __ATOMIC_RELEASE);
	thread_wake(thread);
}

/* What becomes of a signal that is not blocked. => lock held */
static void act(struct process *process, int sig)
{
	process->signals.pending &= ~SIGNAL_BIT(sig);
	if (process->pid == PID_INIT || process->signals.ignored & SIGNAL_BIT(sig))
		return;
	if (ends_by_default(sig))
		end_by(process, sig);
}

void signal_send(struct process *process, int sig)
{
	struct signals *signals = &process->signals;

	spin_lock(&signals->lock);
	if (signals->blocked & SIGNAL_BIT(sig))
		signals->pending |= SIGNAL_BIT(sig);
	else
		act(process, sig);
	spin_unlock(&signals->lock);
}

void signal_force(struct process *process, int sig)
{
	spin_lock(&process->signals.lock);
	end_by(process, sig);
	spin_unlock(&process->signals.lock);
}

bool thread_killed(const struct thread *thread)
{
	return thread->process && atomic_load(&thread->process->signals.fatal) != 0;
}

bool signal_pending_fatal(void)
{
	return thread_killed(current_thread());
}

void signal_user_return(struct trap_frame *frame)
{
	struct process *process = current_process();
	int sig = atomic_load(&process->signals.fatal);

	if (sig)
		process_exit(ABI_W_SIGNALLED(sig));
	__atomic_fetch_and(&current_thread()->arch.work, ~ARCH_WORK_SIGNAL, __ATOMIC_RELAXED);
	if (atomic_load(&process->signals.fatal))
		__atomic_fetch_or(&current_thread()->arch.work, ARCH_WORK_SIGNAL, __ATOMIC_RELAXED);
}

static int new_mask(int how, uint64_t old, uint64_t set, uint64_t *ret)
{
	switch (how) {
	case SIG_BLOCK:
		*ret = old | set;
		return 0;
	case SIG_UNBLOCK:
		*ret = old & ~set;
		return 0;
	case SIG_SETMASK:
		*ret = set;
		return 0;
	default:
		return -EINVAL;
	}
}

int signal_mask(int how, const uint64_t *set, uint64_t *old_ret)
{
	struct process *process = current_process();
	struct signals *signals = &process->signals;
	uint64_t blocked, free;
	int err = 0;

	spin_lock(&signals->lock);
	*old_ret = blocked = signals->blocked;
	if (set)
		err = new_mask(how, blocked, *set & ~UNBLOCKABLE, &blocked);
	signals->blocked = blocked;
	for (free = signals->pending & ~blocked; free; free &= free - 1)
		act(process, (int)bit_lowest(free) + 1);
	spin_unlock(&signals->lock);
	return err;
}
