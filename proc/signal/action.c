/* SPDX-License-Identifier: MIT */
/* The actions of a process's signals: default, ignored, or a handler. */
#include "proc/signal/action.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/signal/queue.h"
#include "proc/signal/signal.h"
#include "proc/signal/sigreturn_page.h"

/* The flags that Linux knows. Others are cleared, so that a program can detect missing support. */
#define KNOWN_FLAGS                                                                        \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
	 SA_RESETHAND | SA_EXPOSE_TAGBITS)

struct abi_sigaction signal_action_get(const struct signals *signals, int sig)
{
	if (signals->actions)
		return signals->actions->of[sig - 1];
	return (struct abi_sigaction){
		.handler = signals->ignored & SIGNAL_BIT(sig) ? SIG_IGN : SIG_DFL,
	};
}

/* Call with the lock held. */
static void set(struct process *process, int sig, const struct abi_sigaction *action,
		struct list *spent)
{
	struct signals *signals = &process->signals;
	uint64_t bit = SIGNAL_BIT(sig);
	bool ignored = action->handler == SIG_IGN;
	bool by_default = action->handler == SIG_DFL;

	signals->ignored = ignored ? signals->ignored | bit : signals->ignored & ~bit;
	signals->caught = ignored || by_default ? signals->caught & ~bit : signals->caught | bit;
	if (signals->actions) {
		struct abi_sigaction *to = &signals->actions->of[sig - 1];

		*to = *action;
		to->flags &= KNOWN_FLAGS;
		to->mask &= ~SIGNAL_UNBLOCKABLE;
	}
	if (ignored || (by_default && (signal_default(sig) == SIGNAL_IGNORE ||
				       signal_default(sig) == SIGNAL_CONTINUE)))
		signal_flush_all(process, bit, spent);
}

/* Provides what the action needs: a table, if bits are not enough, and the sigreturn page. */
static int make_room(struct process *process, const struct abi_sigaction *action)
{
	struct signals *signals = &process->signals;
	bool has_handler = action->handler != SIG_DFL && action->handler != SIG_IGN;
	struct signal_actions *actions, *spare = NULL;

	if (!atomic_load_relaxed(&signals->actions) &&
	    (has_handler || action->flags || action->mask)) {
		actions = mem_wait_kzalloc(sizeof(*actions));
		if (!actions)
			return -ENOMEM;
		spin_lock(&signals->lock);
		for (int sig = 1; sig <= NSIG; sig++)
			actions->of[sig - 1] = signal_action_get(signals, sig);
		if (signals->actions) /* another thread was faster */
			spare = actions;
		else
			signals->actions = actions;
		spin_unlock(&signals->lock);
		kfree(spare);
	}
	return has_handler ? sigreturn_map(process->uspace) : 0;
}

int signal_action(int sig, const struct abi_sigaction *action, struct abi_sigaction *old_ret)
{
	struct process *process = current_process();
	struct signals *signals = &process->signals;
	struct list spent = LIST_INIT(spent);
	int err;

	if (sig < 1 || sig > NSIG || (action && SIGNAL_BIT(sig) & SIGNAL_UNBLOCKABLE))
		return -EINVAL;
	err = action ? make_room(process, action) : 0;
	if (err)
		return err;
	spin_lock(&signals->lock);
	if (old_ret)
		*old_ret = signal_action_get(signals, sig);
	if (action)
		set(process, sig, action, &spent);
	spin_unlock(&signals->lock);
	signal_free(&spent);
	return 0;
}

/* Whether a process ignores SIGCHLD or has set one of these flags for it. */
static bool child_flag(struct signals *signals, uint64_t flag)
{
	bool has;

	spin_lock(&signals->lock);
	has = (signals->ignored & SIGNAL_BIT(SIGCHLD)) ||
	      (signal_action_get(signals, SIGCHLD).flags & flag);
	spin_unlock(&signals->lock);
	return has;
}

bool signals_leave_children(struct signals *signals)
{
	return child_flag(signals, SA_NOCLDWAIT);
}

bool signals_ignore_children(struct signals *signals)
{
	return child_flag(signals, 0);
}

bool signals_refuse_stops(struct signals *signals)
{
	return child_flag(signals, SA_NOCLDSTOP);
}

bool signal_is_held(int sig)
{
	const struct thread_signals *own = &current_thread()->signals;
	struct signals *signals = &current_process()->signals;
	bool held;

	spin_lock(&signals->lock);
	held = ((own->blocked | signals->ignored) & SIGNAL_BIT(sig)) != 0;
	spin_unlock(&signals->lock);
	return held;
}
