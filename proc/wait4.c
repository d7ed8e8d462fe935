/* Waiting for children, and burying them. */
#include "abi/errno.h"
#include "abi/wait.h"
#include "lib/bits.h"
#include "proc/family.h"
#include "proc/job.h"
#include "proc/reap.h"
#include "proc/stop.h"
#include "proc/wait.h"

#define OPTIONS (WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL)

#define ANY (-1)

/* What is waited for. */
struct wanted {
	int pid;   /* or ANY */
	int group; /* or ANY */
	unsigned options;
};

/*
 * Children that tell their end by another signal than SIGCHLD are waited for with __WCLONE (or
 * __WALL) only.
 */
static bool eligible(const struct process *child, const struct wanted *wanted)
{
	if (wanted->pid != ANY && child->pid != wanted->pid)
		return false;
	if (wanted->group != ANY && child->group != wanted->group)
		return false;
	if (wanted->options & __WALL)
		return true;
	return (child->exit_signal != SIGCHLD) == ((wanted->options & __WCLONE) != 0);
}

/*
 * A child that has ended, or has stopped or gone on where that is wanted (*status_ret is not -1
 * then); NULL, and in *any_ret whether there is one to wait for at all. => family lock held
 */
static struct process *find_news(struct process *parent, const struct wanted *wanted, bool *any_ret,
				 int *status_ret)
{
	struct process *child;

	*any_ret = false;
	*status_ret = -1;
	list_for_each_entry(child, &parent->children, sibling) {
		if (!eligible(child, wanted))
			continue;
		*any_ret = true;
		if (child->state == PROCESS_ZOMBIE)
			return child;
		*status_ret = stop_news(child, wanted->options, true);
		if (*status_ret != -1)
			return child;
	}
	return NULL;
}

/* => child is a zombie that its parent has taken off its list */
static long bury(struct process *parent, struct process *child, int *status_ret,
		 struct usage *usage_ret)
{
	int pid = child->pid;

	*status_ret = child->status;
	*usage_ret = child->ended_usage;
	usage_add(usage_ret, &child->children_usage);
	usage_add(&parent->children_usage, usage_ret);
	thread_destroy(child->thread);
	process_free(child);
	return pid;
}

/* Of a child that lives; what it has used so far is its own affair. */
static long tell(int pid, int status, int *status_ret, struct usage *usage_ret)
{
	*status_ret = status;
	*usage_ret = (struct usage){ 0 };
	return pid;
}

long process_wait(int pid, unsigned options, int *status_ret, struct usage *usage_ret)
{
	struct process *parent = current_process(), *child;
	struct wanted wanted = { .pid = ANY, .group = ANY, .options = options };

	if (options & ~OPTIONS)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid > 0)
		wanted.pid = pid;
	else if (pid != -1)
		wanted.group = pid ? -pid : job_own_group();
	for (;;) {
		uint64_t seq;
		bool any;
		int err, news;

		spin_lock(&family_lock);
		child = find_news(parent, &wanted, &any, &news);
		if (child && news == -1)
			list_del(&child->sibling);
		else if (child)
			pid = child->pid;
		seq = waitq_sample(&parent->child_waitq);
		spin_unlock(&family_lock);
		if (child && news == -1)
			return bury(parent, child, status_ret, usage_ret);
		if (child)
			return tell(pid, news, status_ret, usage_ret);
		if (!any)
			return -ECHILD;
		if (options & WNOHANG)
			return 0;
		err = thread_wait_interruptible(&parent->child_waitq, seq);
		if (err)
			return err;
	}
}
