/* Process groups and sessions: who belongs together. */
#include "proc/job.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "proc/family.h"

/* => family lock held */
static struct process *find(int pid)
{
	return pid ? family_find(pid) : current_process();
}

/* Is it a group, with a member in that session? => family lock held */
static bool group_is_in(int group, int session)
{
	struct process *process;

	list_for_each_entry(process, &family_all, all)
		if (process->group == group)
			return process->session == session;
	return false;
}

/* => family lock held */
static bool group_exists(int group)
{
	struct process *process;

	list_for_each_entry(process, &family_all, all)
		if (process->group == group)
			return true;
	return false;
}

/* => family lock held */
static void move(struct process *process, int group)
{
	family_id_hold(group);
	family_id_drop(process->group);
	process->group = group;
}

/* May the running process move this one? => family lock held */
static int check_move(const struct process *process, int group)
{
	const struct process *self = current_process();

	if (process->parent == self && process->session != self->session)
		return -EPERM;
	if (process->parent == self && process->did_exec)
		return -EACCES;
	if (process->parent != self && process != self)
		return -ESRCH;
	if (process->session == process->pid)
		return -EPERM;
	if (group != process->pid && !group_is_in(group, self->session))
		return -EPERM;
	return 0;
}

int job_set_group(int pid, int group)
{
	struct process *process;
	int err = -ESRCH;

	group = group ? group : pid;
	if (group < 0)
		return -EINVAL;
	spin_lock(&family_lock);
	process = find(pid);
	if (process) {
		group = group ? group : process->pid;
		err = check_move(process, group);
	}
	if (!err)
		move(process, group);
	spin_unlock(&family_lock);
	return err;
}

int job_group_of(int pid)
{
	struct process *process;
	int group;

	spin_lock(&family_lock);
	process = find(pid);
	group = process ? process->group : -ESRCH;
	spin_unlock(&family_lock);
	return group;
}

int job_session_of(int pid)
{
	struct process *process;
	int session;

	spin_lock(&family_lock);
	process = find(pid);
	session = process ? process->session : -ESRCH;
	spin_unlock(&family_lock);
	return session;
}

int job_own_group(void)
{
	return job_group_of(0);
}

int job_new_session(void)
{
	struct process *process = current_process();
	int result = -EPERM;

	spin_lock(&family_lock);
	if (!group_exists(process->pid)) {
		move(process, process->pid);
		family_id_hold(process->pid);
		family_id_drop(process->session);
		process->session = process->pid;
		process->terminal = NULL;
		result = process->pid;
	}
	spin_unlock(&family_lock);
	return result;
}

/* A parent of the same session and another group can let the child's group go on. => family lock held */
static bool keeps(const struct process *parent, const struct process *child)
{
	return parent && parent->pid != PID_INIT && parent->session == child->session &&
	       parent->group != child->group;
}

/* `gone` is about to end, as a member and as a parent. => family lock held */
static bool is_orphaned(int group, const struct process *gone)
{
	struct process *process;

	/* cppcheck-suppress nullPointerRedundantCheck ; gone may be NULL, who is on the list is not */
	list_for_each_entry(process, &family_all, all)
		/* cppcheck-suppress nullPointerRedundantCheck ; the same */
		if (process->group == group && process != gone && process->state == PROCESS_ALIVE &&
		    process->parent != gone && keeps(process->parent, process))
			return false;
	return true;
}

bool job_is_orphaned(int group)
{
	assert_hardened(spin_lock_held(&family_lock));
	return is_orphaned(group, NULL);
}

/* => family lock held */
static bool has_stopped(int group)
{
	struct process *process;

	list_for_each_entry(process, &family_all, all)
		if (process->group == group && process->state == PROCESS_ALIVE &&
		    atomic_load(&process->signals.stopped))
			return true;
	return false;
}

/* => family lock held */
static void wake_orphans(int group, const struct process *gone)
{
	if (!is_orphaned(group, gone) || !has_stopped(group))
		return;
	signal_send_group(group, SIGHUP);
	signal_send_group(group, SIGCONT);
}

/* A group that its end orphans had it as a member's parent, or as a member whose parent kept it. */
void job_orphan(struct process *process)
{
	struct process *child;

	assert_hardened(spin_lock_held(&family_lock));
	list_for_each_entry(child, &process->children, sibling)
		if (keeps(process, child))
			wake_orphans(child->group, process);
	if (keeps(process->parent, process))
		wake_orphans(process->group, process);
}
