/* What a process wants signals to do to it: nothing, or what they do by default. */
#include "abi/errno.h"
#include "lib/bits.h"
#include "proc/process.h"
#include "proc/signal.h"

/* Flags that Linux keeps; it tells a program that asks for another one by leaving that out. */
#define KNOWN_FLAGS                                                                        \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
	 SA_RESETHAND | SA_EXPOSE_TAGBITS)

#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

/* => lock held */
static void get(const struct signals *signals, int sig, struct abi_sigaction *ret)
{
	ret->handler = signals->ignored & SIGNAL_BIT(sig) ? SIG_IGN : SIG_DFL;
	ret->flags = signals->action_flags[sig - 1];
	ret->mask = signals->action_masks[sig - 1];
}

/* => lock held */
static void set(struct signals *signals, int sig, const struct abi_sigaction *action)
{
	signals->ignored &= ~SIGNAL_BIT(sig);
	if (action->handler == SIG_IGN)
		signals->ignored |= SIGNAL_BIT(sig);
	signals->action_flags[sig - 1] = (uint32_t)action->flags & KNOWN_FLAGS;
	signals->action_masks[sig - 1] = action->mask & ~UNBLOCKABLE;
	signals->acted = true;
	if (action->handler == SIG_IGN || signal_default(sig) == SIGNAL_IGNORE ||
	    signal_default(sig) == SIGNAL_CONTINUE)
		signals->pending &= ~SIGNAL_BIT(sig);
}

int signal_action(int sig, const struct abi_sigaction *action, struct abi_sigaction *old_ret)
{
	struct signals *signals = &current_process()->signals;

	if (sig < 1 || sig > NSIG || (action && SIGNAL_BIT(sig) & UNBLOCKABLE))
		return -EINVAL;
	if (action && action->handler != SIG_DFL && action->handler != SIG_IGN)
		return -ENOSYS;
	spin_lock(&signals->lock);
	if (old_ret)
		get(signals, sig, old_ret);
	if (action)
		set(signals, sig, action);
	spin_unlock(&signals->lock);
	return 0;
}

bool signals_leave_children(struct signals *signals)
{
	bool leave;

	spin_lock(&signals->lock);
	leave = (signals->ignored & SIGNAL_BIT(SIGCHLD)) ||
		(signals->action_flags[SIGCHLD - 1] & SA_NOCLDWAIT);
	spin_unlock(&signals->lock);
	return leave;
}

bool signal_is_held(int sig)
{
	struct signals *signals = &current_process()->signals;
	bool held;

	spin_lock(&signals->lock);
	held = ((signals->blocked | signals->ignored) & SIGNAL_BIT(sig)) != 0;
	spin_unlock(&signals->lock);
	return held;
}
