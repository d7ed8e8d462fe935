/* SPDX-License-Identifier: MIT */
/* SIGIO: finds the owner of an open file, and sends it the signal. */
#include "linux/signal/io.h"

#include "abi/errno.h"
#include "abi/poll.h"
#include "abi/signal.h"
#include "linux/job/ctty.h"
#include "linux/job/pgrp.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/signal/send.h"
#include "linux/process/thread_id.h"

/* Signals whose codes from 1 on mean something else than POLL_*; but for SIGIO, of which they are the codes. */
#define OTHER_CODES                                                                           \
	(SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | \
	 SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGSYS))

/* Whom a signal goes to, and what it says. */
struct notice {
	const struct signal_owner *owner;
	int sig, fd, reason;
};

static uint64_t band_of(int reason)
{
	if (reason == POLL_HUP)
		return POLLHUP | POLLERR;
	if (reason == POLL_ERR)
		return POLLERR;
	return reason == POLL_IN ? POLLIN | POLLRDNORM : POLLOUT | POLLWRNORM | POLLWRBAND;
}

static bool may_send_io(const struct signal_owner *owner, const struct cred *to)
{
	return owner->euid == 0 || owner->euid == to->suid || owner->euid == to->uid ||
	       owner->uid == to->suid || owner->uid == to->uid;
}

static int send(struct thread *thread, bool to_thread, const struct signal_info *info)
{
	return to_thread ? signal_send_thread(thread, info)
			 : signal_send_info(thread->process, info);
}

/* Call with process_tree_lock held. */
static void send_notice(struct thread *thread, const struct notice *notice)
{
	const enum signal_owner_kind kind = notice->owner->kind;
	struct signal_info info = {
		.sig = notice->sig,
		.code = notice->reason,
		.about = SIGNAL_OF_IO,
		.value = band_of(notice->reason),
		.status = notice->fd,
		.to_many = kind == SIGNAL_OWNER_GROUP,
	};

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!thread || thread->process->state != PROCESS_ALIVE ||
	    !may_send_io(notice->owner, task_of(thread)->real_cred))
		return;
	if (info.sig && info.sig < SIGRTMIN && (SIGNAL_BIT(info.sig) & OTHER_CODES))
		info.code = SI_SIGIO;
	if (info.sig && send(thread, kind == SIGNAL_OWNER_THREAD, &info) == 0)
		return;
	info = (struct signal_info){ .sig = SIGIO, .code = SI_KERNEL, .to_many = info.to_many };
	(void)send(thread, kind == SIGNAL_OWNER_THREAD, &info);
}

static bool send_io_to_member(struct process *process, void *arg)
{
	const struct notice *notice = arg;

	if (linux_process(process)->signals.group_birth == notice->owner->group_birth)
		send_notice(process->leader, notice);
	return false;
}

void signal_owner_send(const struct signal_owner *owner, int sig, int fd, int reason)
{
	struct notice notice = { owner, sig, fd, reason };

	spin_lock(&process_tree_lock);
	if (owner->kind == SIGNAL_OWNER_GROUP)
		(void)pgrp_visit(owner->id.tid, send_io_to_member, &notice);
	else
		send_notice(thread_find_id(&owner->id), &notice);
	spin_unlock(&process_tree_lock);
}

/* Returns the birth of the group of that number, or of the process that can found one; 0: neither. */
static uint32_t group_birth_of(int group)
{
	const struct process *process;

	for_each_group_member(process, group)
		return linux_process(process)->signals.group_birth;
	process = process_find(group);
	return process ? (uint32_t)process->birth : 0;
}

static void find_owner(struct signal_owner *owner)
{
	struct thread *thread = thread_find(owner->id.tid);

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (owner->kind == SIGNAL_OWNER_GROUP)
		owner->group_birth = group_birth_of(owner->id.tid);
	else if (thread)
		owner->id = thread_id_of(thread);
}

static bool signal_id_used(int id)
{
	return id > 0 && id < PID_MAX && pid_next_used(id, id + 1) == id;
}

int signal_owner_set(struct signal_owner *owner, enum signal_owner_kind kind, int id)
{
	struct signal_owner new = { .kind = kind, .uid = owner->uid, .euid = owner->euid };
	int err = 0;

	spin_lock(&process_tree_lock);
	if (id != 0 && !signal_id_used(id)) {
		err = -ESRCH;
	} else if (id != 0) {
		new.id.tid = id;
		find_owner(&new);
		new.uid = current_cred()->uid;
		new.euid = current_cred()->euid;
	}
	spin_unlock(&process_tree_lock);
	if (!err)
		*owner = new;
	return err;
}

void signal_owner_set_foreground(struct signal_owner *owner, const struct ctty *terminal)
{
	int group;

	spin_lock(&process_tree_lock);
	group = terminal->group;
	spin_unlock(&process_tree_lock);
	if (!group || signal_owner_set(owner, SIGNAL_OWNER_GROUP, group) != 0)
		(void)signal_owner_set(owner, SIGNAL_OWNER_PROCESS, current_process()->pid);
}

static bool group_has_member(const struct signal_owner *owner)
{
	const struct process *process;

	for_each_group_member(process, owner->id.tid)
		return linux_process(process)->signals.group_birth == owner->group_birth;
	return false;
}

/* As on Linux, the number of another thread than the first is that of no process, though that gets the signals. */
int signal_owner_id(const struct signal_owner *owner)
{
	const struct thread *thread;
	bool there;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(&owner->id);
	if (owner->kind == SIGNAL_OWNER_GROUP)
		there = group_has_member(owner);
	else if (owner->kind == SIGNAL_OWNER_PROCESS)
		there = thread && thread == thread->process->leader;
	else
		there = thread != NULL;
	spin_unlock(&process_tree_lock);
	return there ? owner->id.tid : 0;
}
