/* SPDX-License-Identifier: MIT */
/* What wait4 and waitid tell a tracer: stops and ends of its tracees. */
#include "linux/ptrace/ptrace.h"

#include "abi/wait.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/reap.h"
#include "linux/process/task.h"
#include "proc/pid.h"

static bool tracee_is_wanted(const struct ptrace *ptrace, const struct wait_for *wanted)
{
	if (wanted->pid != WAIT_ANY && wanted->pid != ptrace->tid)
		return false;
	if (wanted->birth && ptrace->process->birth != wanted->birth)
		return false;
	return wanted->group == WAIT_ANY || wanted->group == linux_process(ptrace->process)->group;
}

static void stop_of(struct ptrace *ptrace, const struct wait_for *wanted, struct child_event *event)
{
	*event = (struct child_event){
		.pid = ptrace->tid,
		.uid = task_of(ptrace->thread)->real_cred->uid,
		.status = ptrace->code << 8 | 0x7f,
		.trapped = true,
	};
	usage_with_children(ptrace->process, &event->usage);
	if (wanted->options & WNOWAIT)
		return;
	ptrace->unreported = false;
	ptrace_set_news(ptrace, false);
}

/* A thread that ended before its process. */
static void end_of_thread(struct ptrace *ptrace, const struct wait_for *wanted,
			  struct child_event *event)
{
	*event = (struct child_event){
		.pid = ptrace->tid,
		.uid = ptrace->end_uid,
		.status = ptrace->end_status,
	};
	usage_with_children(ptrace->process, &event->usage);
	if (!(wanted->options & WNOWAIT))
		ptrace_forget(ptrace);
}

/* A process whose parent is notified of its end once the tracer knows it. */
static void end_of_process(struct ptrace *ptrace, const struct wait_for *wanted,
			   struct child_event *event)
{
	struct process *process = ptrace->process;

	*event = (struct child_event){
		.pid = process->pid,
		.uid = task_of(process->leader)->real_cred->uid,
		.status = process->status,
	};
	usage_with_children(process, &event->usage);
	if (!(wanted->options & WNOWAIT))
		ptrace_unlink(ptrace, 0);
}

static bool news_of(struct ptrace *ptrace, const struct wait_for *wanted, struct child_event *event)
{
	bool wants_ends = wanted->options & WEXITED;

	if (ptrace->thread && ptrace->process->state != PROCESS_ZOMBIE) {
		if (!ptrace->unreported || thread_killed(ptrace->thread))
			return false;
		stop_of(ptrace, wanted, event);
		return true;
	}
	if (!wants_ends)
		return false;
	if (!ptrace->thread)
		end_of_thread(ptrace, wanted, event);
	else if (linux_process(ptrace->process)->end_withheld &&
		 !linux_process(ptrace->process)->nkept)
		end_of_process(ptrace, wanted, event);
	else
		return false;
	return true;
}

static bool any_is_wanted(const struct list *list, const struct wait_for *wanted)
{
	struct ptrace *ptrace;

	list_for_each_entry(ptrace, list, link)
		if (tracee_is_wanted(ptrace, wanted))
			return true;
	return false;
}

int ptrace_event_find(const struct wait_for *wanted, bool *any_ret, struct child_event *event)
{
	const struct tracer *tracer = current_linux_process()->tracer;
	struct ptrace *ptrace;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!tracer)
		return 0;
	list_for_each_entry(ptrace, &tracer->news, link)
		if (tracee_is_wanted(ptrace, wanted) && news_of(ptrace, wanted, event))
			return event->pid;
	if (!*any_ret)
		*any_ret = any_is_wanted(&tracer->tracees, wanted) ||
			   any_is_wanted(&tracer->news, wanted);
	return 0;
}
