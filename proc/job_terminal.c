/* SPDX-License-Identifier: MIT */
/* Whose a terminal is: its session, and the group in the foreground. */
#include "abi/errno.h"
#include "abi/signal.h"
#include "proc/family.h"
#include "proc/job.h"
#include "proc/signal.h"

/* Ids that a terminal names are kept from new processes. => family lock held */
static void set_ids(struct job_terminal *terminal, int session, int group)
{
	family_id_hold(session);
	family_id_hold(group);
	family_id_drop(terminal->session);
	family_id_drop(terminal->group);
	terminal->session = session;
	terminal->group = group;
}

/* It is not the terminal of another session any more. */
static void take_away(struct process *process, void *arg)
{
	struct job_terminal *terminal = arg;

	if (process->terminal == terminal &&
	    (!terminal->session || process->session != terminal->session))
		process->terminal = NULL;
}

/* Nobody has it any more but that session, if any. => family lock held, and dropped in between */
static void pass_to(struct job_terminal *terminal, int session, int group)
{
	bool had = terminal->session != 0;

	set_ids(terminal, session, group);
	if (had)
		family_visit(take_away, terminal);
}

/* => family lock held */
static int take(struct job_terminal *terminal, bool steal)
{
	struct process *process = current_process();

	if (process->session != process->pid)
		return -EPERM;
	if (process->terminal)
		return process->terminal == terminal ? 0 : -EPERM;
	if (terminal->session && !steal)
		return -EPERM;
	pass_to(terminal, process->session, process->group);
	if (terminal->session == process->session) /* else another was quicker */
		process->terminal = terminal;
	return 0;
}

int job_terminal_take(struct job_terminal *terminal, bool steal)
{
	int err;

	spin_lock(&family_lock);
	err = take(terminal, steal);
	spin_unlock(&family_lock);
	return err;
}

bool job_terminal_is_own(struct job_terminal *terminal)
{
	bool own;

	spin_lock(&family_lock);
	own = current_process()->terminal == terminal;
	spin_unlock(&family_lock);
	return own;
}

/* => family lock held */
static void hang_up(struct job_terminal *terminal)
{
	if (terminal->group) {
		signal_send_group(terminal->group, SIGHUP);
		signal_send_group(terminal->group, SIGCONT);
	}
	pass_to(terminal, 0, 0);
}

void job_leader_ends(struct process *process)
{
	if (process->terminal && process->session == process->pid)
		hang_up(process->terminal);
}

int job_terminal_leave(struct job_terminal *terminal)
{
	struct process *process = current_process();
	int err = 0;

	spin_lock(&family_lock);
	if (process->terminal != terminal)
		err = -ENOTTY;
	else if (process->session == process->pid)
		hang_up(terminal);
	else
		process->terminal = NULL;
	spin_unlock(&family_lock);
	return err;
}

/* Reads a field of the terminal, for those whose terminal it is. */
static int tell_own(struct job_terminal *terminal, const int *field, int *ret)
{
	int err = -ENOTTY;

	spin_lock(&family_lock);
	if (current_process()->terminal == terminal) {
		*ret = *field;
		err = 0;
	}
	spin_unlock(&family_lock);
	return err;
}

int job_terminal_group(struct job_terminal *terminal, int *group_ret)
{
	return tell_own(terminal, &terminal->group, group_ret);
}

int job_terminal_session(struct job_terminal *terminal, int *session_ret)
{
	return tell_own(terminal, &terminal->session, session_ret);
}

/* The session of a group's first member, or of that process; negative: neither. => family lock held */
static int session_of(int group)
{
	struct process *process;

	family_for_each_member(process, group)
		return process->session;
	process = family_find(group);
	return process ? process->session : -1;
}

/* => family lock held */
static int set_group(struct job_terminal *terminal, int group)
{
	const struct process *self = current_process();
	int session;

	if (self->terminal != terminal || terminal->session != self->session)
		return -ENOTTY;
	if (group < 0)
		return -EINVAL;
	session = session_of(group);
	if (session < 0)
		return -ESRCH;
	if (session != self->session)
		return -EPERM;
	set_ids(terminal, session, group);
	return 0;
}

int job_terminal_set_group(struct job_terminal *terminal, int group)
{
	int err;

	spin_lock(&family_lock);
	err = set_group(terminal, group);
	spin_unlock(&family_lock);
	return err;
}

int job_terminal_check(struct job_terminal *terminal, int sig)
{
	const struct process *process = current_process();
	bool held = signal_is_held(sig);
	int err = 0;

	spin_lock(&family_lock);
	if (process->terminal != terminal || terminal->group == process->group)
		err = 0;
	else if (held)
		err = sig == SIGTTOU ? 0 : -EIO;
	else if (job_is_orphaned(process->group))
		err = -EIO;
	else
		err = -EINTR;
	if (err == -EINTR)
		(void)signal_send_group(process->group, sig);
	spin_unlock(&family_lock);
	if (err == -EINTR)
		current_thread()->restart = RESTART_ASKED;
	return err;
}

void job_terminal_signal(struct job_terminal *terminal, int sig)
{
	spin_lock(&family_lock);
	if (terminal->group)
		signal_send_group(terminal->group, sig);
	spin_unlock(&family_lock);
}
