/* SPDX-License-Identifier: MIT */
/* The actions of a process's signals: default, ignored, or a handler. */
#include "linux/signal/action.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/signal/queue.h"
#include "linux/signal/signal.h"
#include "linux/time/ptimer.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"

/* The flags that Linux knows. Others are cleared, so that a program can detect missing support. */
#define KNOWN_FLAGS                                                                        \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
	 SA_RESETHAND | SA_EXPOSE_TAGBITS)

static struct signal_actions *actions_create(void)
{
	struct signal_actions *actions = mem_wait_kzalloc(sizeof(*actions));

	if (actions) {
		spin_init(&actions->lock, LOCK_SIGHAND);
		refcount_init(&actions->refs, 1);
	}
	return actions;
}

void signal_actions_put(struct signal_actions *actions)
{
	if (actions && refcount_put(&actions->refs))
		kfree(actions);
}

struct abi_sigaction signal_action_get(const struct signals *signals, int sig)
{
	struct signal_actions *actions = signals->actions;
	struct abi_sigaction action;

	assert_hardened(spin_lock_held(&signals->lock));
	if (!actions)
		return (struct abi_sigaction){ 0 };
	spin_lock(&actions->lock);
	action = actions->of[sig - 1];
	spin_unlock(&actions->lock);
	return action;
}

void signal_action_take(const struct signals *signals, int sig, struct abi_sigaction *ret)
{
	struct signal_actions *actions = signals->actions;

	if (!actions) {
		*ret = (struct abi_sigaction){ 0 };
		return;
	}
	spin_lock(&actions->lock);
	*ret = actions->of[sig - 1];
	if (signal_has_handler(ret) && ret->flags & SA_RESETHAND) {
		actions->of[sig - 1].handler = SIG_DFL;
		atomic_store_relaxed(&actions->caught, actions->caught & ~SIGNAL_BIT(sig));
	}
	spin_unlock(&actions->lock);
}

/* Call with the lock of the process that sets it held. */
static void actions_set(struct signal_actions *actions, int sig, const struct abi_sigaction *action)
{
	uint64_t bit = SIGNAL_BIT(sig);
	struct abi_sigaction *to = &actions->of[sig - 1];

	spin_lock(&actions->lock);
	*to = *action;
	to->flags &= KNOWN_FLAGS;
	to->mask &= ~SIGNAL_UNBLOCKABLE;
	atomic_store_relaxed(&actions->ignored, action->handler == SIG_IGN
							? actions->ignored | bit
							: actions->ignored & ~bit);
	atomic_store_relaxed(&actions->caught, signal_has_handler(action) ? actions->caught | bit
									  : actions->caught & ~bit);
	spin_unlock(&actions->lock);
}

void signal_action_reset(struct signals *signals, int sig)
{
	static const struct abi_sigaction by_default;

	if (signals->actions)
		actions_set(signals->actions, sig, &by_default);
}

/*
 * What is pending and would do nothing now is dropped; as on Linux, in other processes that share the
 * action it is not. Call with the lock held.
 */
static void set(struct process *process, int sig, const struct abi_sigaction *action,
		struct list *spent)
{
	struct signals *signals = &linux_process(process)->signals;
	enum signal_default by_default = signal_default(sig);

	if (signals->actions)
		actions_set(signals->actions, sig, action);
	if (action->handler == SIG_IGN ||
	    (action->handler == SIG_DFL &&
	     (by_default == SIGNAL_IGNORE || by_default == SIGNAL_CONTINUE)))
		signal_flush_all(process, SIGNAL_BIT(sig), spent);
	else
		ptimers_unpark(&linux_process(process)->timers, SIGNAL_BIT(sig));
}

/* Provides a table for the running process's actions. */
static int need_actions(struct signals *signals)
{
	struct signal_actions *spare;

	if (atomic_load_relaxed(&signals->actions))
		return 0;
	spare = actions_create();
	if (!spare)
		return -ENOMEM;
	spin_lock(&signals->lock);
	if (!signals->actions) { /* else another thread was faster */
		signals->actions = spare;
		spare = NULL;
	}
	spin_unlock(&signals->lock);
	signal_actions_put(spare);
	return 0;
}

/* Provides the table that the action needs. */
static int make_room(struct process *process, const struct abi_sigaction *action)
{
	if (action->handler == SIG_DFL && !action->flags && !action->mask)
		return 0;
	return need_actions(&linux_process(process)->signals);
}

/* Leaves only what exec leaves, and fork without handlers: which signals are ignored. */
static void forget_handlers(struct signal_actions *actions)
{
	for (int i = 0; i < NSIG; i++) {
		struct abi_sigaction *action = &actions->of[i];

		*action = (struct abi_sigaction){
			.handler = action->handler == SIG_IGN ? SIG_IGN : SIG_DFL,
		};
	}
	actions->caught = 0;
}

static void actions_copy(struct signal_actions *to, struct signal_actions *from)
{
	spin_lock(&from->lock);
	memcpy(to->of, from->of, sizeof(to->of));
	to->ignored = from->ignored;
	to->caught = from->caught;
	spin_unlock(&from->lock);
}

/* Only exec takes a process's actions away, or puts others there, and the process is making a child. */
int signal_actions_copy(struct signals *to, bool handlers)
{
	struct signal_actions *from = atomic_load(&current_linux_process()->signals.actions);

	if (!from || (!handlers && !atomic_load_relaxed(&from->ignored)))
		return 0;
	to->actions = actions_create();
	if (!to->actions)
		return -ENOMEM;
	actions_copy(to->actions, from);
	if (!handlers)
		forget_handlers(to->actions);
	return 0;
}

int signal_actions_share(struct signals *to)
{
	struct signals *signals = &current_linux_process()->signals;
	int err = need_actions(signals);

	if (err)
		return err;
	to->actions = signals->actions;
	refcount_get(&to->actions->refs);
	spin_lock(&signals->lock);
	ptimers_unpark(&current_linux_process()->timers, ~0ull); /* the other process does not */
	spin_unlock(&signals->lock);
	return 0;
}

/* The only thread of the process changes the pointer. */
static void actions_replace(struct signals *signals, struct signal_actions *actions)
{
	struct signal_actions *before;

	spin_lock(&signals->lock);
	before = signals->actions;
	signals->actions = actions;
	spin_unlock(&signals->lock);
	signal_actions_put(before);
}

int signals_unshare(void)
{
	struct signals *signals = &current_linux_process()->signals;
	struct signal_actions *actions;

	if (!signals_share_actions(signals))
		return 0;
	actions = actions_create();
	if (!actions)
		return -ENOMEM;
	actions_copy(actions, signals->actions);
	actions_replace(signals, actions);
	return 0;
}

void signals_exec(void)
{
	struct signals *signals = &current_linux_process()->signals;
	struct signal_actions *actions = signals->actions;
	struct abi_stack *stack = &current_task()->signals.stack;

	if (actions && !atomic_load_relaxed(&actions->ignored)) {
		actions_replace(signals, NULL);
	} else if (actions) {
		spin_lock(&actions->lock);
		forget_handlers(actions);
		spin_unlock(&actions->lock);
	}
	stack->ss_sp = stack->ss_size = 0; /* as on Linux, the flags stay */
}

int signal_action(int sig, const struct abi_sigaction *action, struct abi_sigaction *old_ret)
{
	struct process *process = current_process();
	struct signals *signals = &linux_process(process)->signals;
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
	has = (signals_ignored(signals) & SIGNAL_BIT(SIGCHLD)) ||
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
	const struct thread_signals *own = &current_task()->signals;
	struct signals *signals = &current_linux_process()->signals;
	bool held;

	spin_lock(&signals->lock);
	held = ((own->blocked | signals_ignored(signals)) & SIGNAL_BIT(sig)) != 0;
	spin_unlock(&signals->lock);
	return held;
}
