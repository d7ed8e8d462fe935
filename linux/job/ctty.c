/* SPDX-License-Identifier: MIT */
/* Controlling terminals: the session of each terminal, and its foreground process group. */
#include "linux/job/ctty.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "linux/job/pgrp.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/signal/action.h"
#include "linux/signal/kill.h"
#include "linux/signal/send.h"
#include "linux/signal/signal.h"
#include "proc/pid.h"

/* New processes will not get these ids as pids. Call with process_tree_lock held. */
static void ctty_set_ids(struct ctty *terminal, int session, int group)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	pid_get(session);
	pid_get(group);
	pid_put(terminal->session);
	pid_put(terminal->group);
	terminal->session = session;
	terminal->group = group;
}

/* The terminal no longer belongs to the process's session. */
static void take_away(struct process *process, void *arg)
{
	struct linux_process *own = linux_process(process);
	struct ctty *terminal = arg;

	if (own->terminal == terminal && (!terminal->session || own->session != terminal->session))
		own->terminal = NULL;
}

/*
 * Passes the terminal to a session, or to none (0), and takes it from all other processes. Call
 * with process_tree_lock held; it is dropped in between.
 */
static void pass_to(struct ctty *terminal, int session, int group)
{
	bool had = terminal->session != 0;

	ctty_set_ids(terminal, session, group);
	terminal->was_taken |= session != 0;
	if (had)
		process_visit_all(take_away, terminal);
}

/* Call with process_tree_lock held. */
static void set_old_group(struct linux_process *leader, int group)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	pid_get(group);
	pid_put(leader->old_group);
	leader->old_group = group;
}

/* Call with process_tree_lock held. */
static int ctty_acquire(struct ctty *terminal, bool steal)
{
	struct process *process = current_process();

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (linux_process(process)->session != process->pid)
		return -EPERM;
	if (linux_process(process)->terminal)
		return linux_process(process)->terminal == terminal ? 0 : -EPERM;
	if (terminal->session && !steal)
		return -EPERM;
	if (terminal->is_cut_off)
		return -EIO;
	pass_to(terminal, linux_process(process)->session, linux_process(process)->group);
	if (terminal->session ==
	    linux_process(process)->session) { /* else another took it meanwhile */
		linux_process(process)->terminal = terminal;
		set_old_group(linux_process(process), 0);
	}
	return 0;
}

int ctty_take(struct ctty *terminal, bool steal)
{
	int err;

	spin_lock(&process_tree_lock);
	err = ctty_acquire(terminal, steal);
	spin_unlock(&process_tree_lock);
	return err;
}

struct ctty *ctty_get_own(void)
{
	struct ctty *terminal;

	spin_lock(&process_tree_lock);
	terminal = current_linux_process()->terminal;
	if (terminal && terminal->ops->get && !terminal->ops->get(terminal))
		terminal = NULL;
	spin_unlock(&process_tree_lock);
	return terminal;
}

/* The groups that lose their terminal are told: the one in the foreground at once, or when the session's leader ends. */
static void hang_up_group(int group)
{
	signal_send_group(group, SIGHUP);
	signal_send_group(group, SIGCONT);
}

void ctty_cut_off(struct ctty *terminal)
{
	struct process *leader;

	assert_hardened(spin_lock_held(&process_tree_lock));
	leader = terminal->session ? process_find(terminal->session) : NULL;
	if (leader && linux_process(leader)->terminal == terminal) {
		set_old_group(linux_process(leader), terminal->group);
		signal_send(leader, SIGHUP);
		signal_send(leader, SIGCONT);
	}
	terminal->is_cut_off = true;
	pass_to(terminal, 0, 0);
}

/* Another thread may have passed it to nobody, and still be about to take it from processes. */
void ctty_free(struct ctty *terminal)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	ctty_set_ids(terminal, 0, 0);
	if (terminal->was_taken)
		process_visit_all(take_away, terminal);
}

/*
 * The running process leads the terminal's session. process_tree_lock is held, and dropped in between: then the terminal may go, and the
 * process has none, or another session may take it. As on Linux, what is stopped goes on only if the leader does.
 */
static void ctty_hang_up(struct linux_process *leader, bool ends)
{
	struct ctty *terminal = leader->terminal;
	int session = terminal->session, group = terminal->group;

	if (group && ends)
		signal_send_group(group, SIGHUP);
	else if (group)
		hang_up_group(group);
	if (leader->terminal == terminal && terminal->session == session)
		pass_to(terminal, 0, 0);
}

void ctty_leader_ends(struct process *process)
{
	struct linux_process *own = linux_process(process);

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (own->terminal && own->session == process->pid)
		ctty_hang_up(own, true);
	if (own->old_group) {
		int group = own->old_group;

		own->old_group = 0;
		hang_up_group(group);
		pid_put(group);
	}
}

int ctty_hang_up_own(void)
{
	struct process *process = current_process();

	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	spin_lock(&process_tree_lock);
	if (linux_process(process)->terminal)
		ctty_hang_up(linux_process(process), false);
	spin_unlock(&process_tree_lock);
	return 0;
}

int ctty_leave(struct ctty *terminal)
{
	struct process *process = current_process();
	int err = 0;

	spin_lock(&process_tree_lock);
	if (linux_process(process)->terminal != terminal)
		err = -ENOTTY;
	else if (linux_process(process)->session == process->pid)
		ctty_hang_up(linux_process(process), false);
	else
		linux_process(process)->terminal = NULL;
	spin_unlock(&process_tree_lock);
	return err;
}

/* Reads a field of the terminal if it is the running process's controlling terminal. */
static int read_own(struct ctty *terminal, const int *field, int *ret)
{
	int err = -ENOTTY;

	spin_lock(&process_tree_lock);
	if (current_linux_process()->terminal == terminal) {
		*ret = *field;
		err = 0;
	}
	spin_unlock(&process_tree_lock);
	return err;
}

int ctty_group(struct ctty *terminal, int *group_ret)
{
	return read_own(terminal, &terminal->group, group_ret);
}

int ctty_session(struct ctty *terminal, int *session_ret)
{
	return read_own(terminal, &terminal->session, session_ret);
}

static int ctty_read(struct ctty *terminal, const int *field)
{
	int value;

	spin_lock(&process_tree_lock);
	value = *field;
	spin_unlock(&process_tree_lock);
	return value;
}

int ctty_group_of(struct ctty *terminal)
{
	return ctty_read(terminal, &terminal->group);
}

int ctty_session_of(struct ctty *terminal)
{
	return ctty_read(terminal, &terminal->session) ?: -ENOTTY;
}

/*
 * Returns the session of the group's first member, or of the process with that pid, or -1. No program can
 * name group 0, in which process 1 begins. Call with process_tree_lock held.
 */
static int session_of_group(int group)
{
	struct process *process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (group == 0)
		return -1;
	for_each_group_member(process, group)
		return linux_process(process)->session;
	process = process_find(group);
	return process ? linux_process(process)->session : -1;
}

/* Call with process_tree_lock held. */
static int ctty_change_group(struct ctty *terminal, int group)
{
	const struct process *self = current_process();
	int session;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (group < 0)
		return -EINVAL;
	if (linux_process(self)->terminal != terminal ||
	    terminal->session != linux_process(self)->session)
		return -ENOTTY;
	session = session_of_group(group);
	if (session < 0)
		return -ESRCH;
	if (session != linux_process(self)->session)
		return -EPERM;
	ctty_set_ids(terminal, session, group);
	return 0;
}

int ctty_set_group(struct ctty *terminal, int group)
{
	int err;

	spin_lock(&process_tree_lock);
	err = ctty_change_group(terminal, group);
	spin_unlock(&process_tree_lock);
	return err;
}

int ctty_check(struct ctty *terminal, int sig)
{
	const struct process *process = current_process();
	bool held = signal_is_held(sig);
	int err = 0;

	spin_lock(&process_tree_lock);
	/* Without a group it is about to be taken from the process: then nobody is in the background. */
	if (linux_process(process)->terminal != terminal || terminal->group == 0 ||
	    terminal->group == linux_process(process)->group)
		err = 0;
	else if (held)
		err = sig == SIGTTOU ? 0 : -EIO;
	else if (pgrp_is_orphaned(linux_process(process)->group))
		err = -EIO;
	else
		err = -EINTR;
	if (err == -EINTR)
		(void)signal_send_group(linux_process(process)->group, sig);
	spin_unlock(&process_tree_lock);
	if (err == -EINTR)
		current_thread()->restart = RESTART_ASKED;
	return err;
}

void ctty_signal(struct ctty *terminal, int sig)
{
	spin_lock(&process_tree_lock);
	if (terminal->group)
		signal_send_group(terminal->group, sig);
	spin_unlock(&process_tree_lock);
}
