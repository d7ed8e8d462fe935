/* SPDX-License-Identifier: MIT */
/* Processes for tests, as the core alone has them. */
#include "tests/kernel/ktest_layer.h"

#include "abi/errno.h"
#include "boot/alone/process.h"
#include "desc/fdtable.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/object/object.h"
#include "proc/exe.h"
#include "proc/fork.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "tests/kernel/ktest_process.h"

struct process *ktest_layer_start(void)
{
	int err;
	struct process *init = process_alloc(&err);

	assert(init);
	init->nfds_max = KTEST_FILES;
	err = process_add_leader(init);
	assert(!err);
	return init;
}

/* A space, no descriptors, and an empty file that it seems to run. */
static int furnish(struct process *process)
{
	struct object *object;
	int err = process_add_leader(process);

	if (err)
		return err;
	str_copy(process->leader->name, "test", THREAD_NAME_LEN);
	process->nfds_max = KTEST_FILES;
	process->uspace = uspace_create();
	process->leader->fdtable = fdtable_create();
	object = object_create_anon(0);
	if (!process->uspace || !process->leader->fdtable || !object)
		err = -ENOMEM;
	if (!err)
		err = exe_create(object, "/test", &process->exe);
	if (object)
		object_put(object);
	return err;
}

static void discard(struct process *process)
{
	if (process->leader && process->leader->fdtable)
		fdtable_put(process->leader->fdtable);
	if (process->uspace)
		uspace_put(process->uspace);
	spin_lock(&process_tree_lock);
	process_forget(process);
	spin_unlock(&process_tree_lock);
	process_drop_threads(process);
	process_destroy(process);
}

struct process *ktest_layer_create(int *err_ret)
{
	struct process *process = process_alloc(err_ret);

	if (!process)
		return NULL;
	*err_ret = furnish(process);
	if (*err_ret) {
		discard(process);
		return NULL;
	}
	return process;
}

void ktest_layer_publish(struct process *parent, struct process *process)
{
	spin_lock(&process_tree_lock);
	if (parent)
		process_adopt(parent, process);
	process_publish(process);
	thread_wake(process->leader);
	spin_unlock(&process_tree_lock);
}

struct thread *ktest_layer_create_thread(int *err_ret)
{
	struct process *process = current_process();
	struct thread *thread = process_create_thread(process, err_ret);

	if (!thread)
		return NULL;
	str_copy(thread->name, "test", THREAD_NAME_LEN);
	thread->mmu = &process->uspace->space.mmu;
	process_share_space(process);
	thread->fdtable = fdtable_share(current_thread()->fdtable);
	return thread;
}

void ktest_layer_publish_thread(struct thread *thread)
{
	spin_lock(&process_tree_lock);
	thread_publish(thread);
	thread_wake(thread);
	spin_unlock(&process_tree_lock);
}

int ktest_layer_exec(struct object *image, const char *path, struct exec_args *args)
{
	return process_exec(image, path, args);
}

/* What a process finds counts, not who killed it. */
void ktest_layer_end(int status, bool all)
{
	struct process *process = current_process();

	if (all) {
		spin_lock(&process_tree_lock);
		process->state = PROCESS_ALIVE;
		spin_unlock(&process_tree_lock);
	}
	process_end(status, all);
}

long ktest_wait(int pid, unsigned options, int *status_ret)
{
	return children_wait(pid, options, status_ret);
}
