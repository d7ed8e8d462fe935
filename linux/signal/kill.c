/* SPDX-License-Identifier: MIT */
/* Finds the processes that a signal is sent to. */
#include "linux/signal/kill.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "linux/job/pgrp.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/signal/send.h"
#include "linux/signal/signal.h"
#include "proc/pid.h"
#include "linux/process/thread_id.h"

/* A signal from the running process. The pid is 0 if a kernel thread sends it. */
static struct signal_info from_user(int sig)
{
	const struct process *self = current_process();

	return (struct signal_info){
		.sig = sig, .code = SI_USER, .pid = self ? self->pid : 0, .uid = current_cred()->uid
	};
}

/* As on Linux, a session's processes may continue each other. */
__attribute__((noinline)) bool signal_may_send(const struct process *process,
					       const struct thread *to, int sig)
{
	const struct process *self = current_process();

	if (cred_may_signal(task_of(to)->real_cred))
		return true;
	return sig == SIGCONT && self &&
	       linux_process(process)->session == linux_process(self)->session;
}

/* The kernel sends what it likes. */
static inline bool may_send(const struct process *process, const struct thread *to,
			    const struct signal_info *info)
{
	return info->code > 0 || process == current_process() ||
	       signal_may_send(process, to, info->sig);
}

/* What send_one() returns where it has done a piece of its work: call it again, after a pause. */
#define SEND_AGAIN 1

/* Signal 0 only checks that the process exists. If `to` is NULL, any of its threads may take it. */
static inline __attribute__((always_inline)) int send_one(struct process *process,
							  struct thread *to,
							  const struct signal_info *info)
{
	if (info->sig < 0 || info->sig > NSIG)
		return -EINVAL;
	if (!may_send(process, to ?: process->leader, info))
		return -EPERM;
	if (!info->sig || process->state != PROCESS_ALIVE)
		return 0;
	if (unlikely(SIGNAL_BIT(info->sig) & (SIGNAL_STOPS | SIGNAL_BIT(SIGCONT))) &&
	    signal_cancel_some(process, info->sig))
		return SEND_AGAIN;
	return to ? signal_send_thread(to, info) : signal_send_info(process, info);
}

/*
 * The other pieces of send_one(), with process_tree_lock dropped before each. Meanwhile the thread, or the process, may end, and
 * another get its id: then nothing is left to do.
 */
static __attribute__((noinline)) int send_rest(const struct process *process, struct thread *to,
					       const struct signal_info *info)
{
	const struct thread_id id = thread_id_of(to ?: process->leader);
	int err = SEND_AGAIN;

	while (err == SEND_AGAIN) {
		struct thread *thread;

		process_tree_pause();
		thread = thread_find_id(&id);
		err = thread ? send_one(thread->process, to ? thread : NULL, info) : 0;
	}
	return err;
}

/* send_one() to its end. Call with process_tree_lock held, which may be dropped meanwhile. */
static inline int send_all(struct process *process, struct thread *to,
			   const struct signal_info *info)
{
	int err = send_one(process, to, info);

	assert_hardened(spin_lock_held(&process_tree_lock));
	return likely(err != SEND_AGAIN) ? err : send_rest(process, to, info);
}

/* Sends the signal to the process or thread of that id. Call with process_tree_lock held, which may be dropped meanwhile. */
static int send_to_pid(int pid, const struct signal_info *info)
{
	struct process *process = process_find_any(pid);

	return process ? send_all(process, NULL, info) : -ESRCH;
}

/* A signal that is sent to many processes, and the result. */
struct sending {
	const struct signal_info *info;
	const struct process *self; /* for send_unless_self(): does not get the signal */
	int err;
};

/* As on Linux, those that may not get it do not count. */
static void send_unless_self(struct process *process, void *arg)
{
	struct sending *sending = arg;
	int err;

	if (process->pid == PID_INIT || process == sending->self)
		return;
	err = send_one(process, NULL, sending->info);
	if (err == SEND_AGAIN)
		process_visit_again();
	else if (err != -EPERM)
		sending->err = err;
	else if (sending->err == -ESRCH)
		sending->err = 0;
}

static bool send_to_member(struct process *process, void *arg)
{
	struct sending *sending = arg;
	int err = send_one(process, NULL, sending->info);

	if (err == SEND_AGAIN)
		process_visit_again();
	else if (sending->err) /* as on Linux, one that got it is enough */
		sending->err = err;
	return false;
}

/* Sends to all but process 1 and the caller. process_tree_lock is held, and dropped in between. */
static int send_to_all(const struct signal_info *info)
{
	struct sending sending = { .info = info, .self = current_process(), .err = -ESRCH };

	process_visit_all(send_unless_self, &sending);
	return sending.err;
}

/* Sends to the members of a group. process_tree_lock is held, and dropped in between. */
static int send_to_group(int group, const struct signal_info *info)
{
	struct sending sending = { .info = info, .err = -ESRCH };

	(void)pgrp_visit(group, send_to_member, &sending);
	return sending.err;
}

int signal_send_group(int group, int sig)
{
	const struct signal_info info = { .sig = sig, .code = SI_KERNEL, .to_many = true };

	assert_hardened(spin_lock_held(&process_tree_lock));
	return send_to_group(group, &info);
}

void signal_raise(int sig)
{
	struct signal_info info = from_user(sig);

	signal_send_thread(current_thread(), &info);
}

int process_signal(int pid, const struct signal_info *info)
{
	int err;

	spin_lock(&process_tree_lock);
	err = send_to_pid(pid, info);
	spin_unlock(&process_tree_lock);
	return err;
}

static int send_to_thread(int pid, int tid, const struct signal_info *info)
{
	struct thread *thread = thread_find(tid);

	if (!thread || (pid && thread->process->pid != pid))
		return -ESRCH;
	return send_all(thread->process, thread, info);
}

int thread_signal(int pid, int tid, const struct signal_info *info)
{
	int err;

	spin_lock(&process_tree_lock);
	err = send_to_thread(pid, tid, info);
	spin_unlock(&process_tree_lock);
	return err;
}

static int send_to_id(const struct thread_id *id, enum signal_scope scope,
		      const struct signal_info *info)
{
	struct thread *thread = thread_find_id(id);

	if (!thread)
		return -ESRCH;
	if (scope == SIGNAL_TO_GROUP)
		return send_to_group(id->tid, info);
	return send_all(thread->process, scope == SIGNAL_TO_THREAD ? thread : NULL, info);
}

int signal_send_id(const struct thread_id *id, enum signal_scope scope,
		   const struct signal_info *info)
{
	int err;

	spin_lock(&process_tree_lock);
	err = send_to_id(id, scope, info);
	spin_unlock(&process_tree_lock);
	return err;
}

/* Call with process_tree_lock held. */
static int send_as_kill(int pid, const struct signal_info *info)
{
	if (pid > 0)
		return send_to_pid(pid, info);
	if (pid == -1)
		return send_to_all(info);
	if (pid == INT32_MIN)
		return -ESRCH;
	return send_to_group(pid ? -pid : current_linux_process()->group, info);
}

int process_kill(int pid, int sig)
{
	struct signal_info info = from_user(sig);
	int err;

	info.to_many = pid <= 0;
	spin_lock(&process_tree_lock);
	err = send_as_kill(pid, &info);
	spin_unlock(&process_tree_lock);
	return err;
}
