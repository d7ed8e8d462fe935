/* Who gets a signal that somebody sends. */
#include "abi/errno.h"
#include "abi/signal.h"
#include "proc/family.h"
#include "proc/signal.h"

static int send_one(struct process *process, int sig)
{
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (sig && process->state == PROCESS_ALIVE)
		signal_send(process, sig);
	return 0;
}

/* => family lock held */
static int send_to_pid(int pid, int sig)
{
	struct process *process = family_find(pid);

	return process ? send_one(process, sig) : -ESRCH;
}

/* To all but process 1 and the caller. => family lock held */
static int send_to_all(int sig)
{
	struct process *process, *self = current_process();
	int err = -ESRCH;

	list_for_each_entry(process, &family_all, all)
		if (process->pid != PID_INIT && process != self)
			err = send_one(process, sig);
	return err;
}

int signal_send_group(int group, int sig)
{
	struct process *process;
	int err = -ESRCH;

	assert_hardened(spin_lock_held(&family_lock));
	list_for_each_entry(process, &family_all, all)
		if (process->group == group)
			err = send_one(process, sig);
	return err;
}

int process_kill(int pid, int sig)
{
	int err = -ESRCH;

	spin_lock(&family_lock);
	if (pid > 0)
		err = send_to_pid(pid, sig);
	else if (pid == -1)
		err = send_to_all(sig);
	else if (pid != INT32_MIN)
		err = signal_send_group(pid ? -pid : current_process()->group, sig);
	spin_unlock(&family_lock);
	return err;
}

void signal_send_all(int sig)
{
	struct process *process;

	spin_lock(&family_lock);
	list_for_each_entry(process, &family_all, all)
		if (process->pid != PID_INIT)
			send_one(process, sig);
	spin_unlock(&family_lock);
}
