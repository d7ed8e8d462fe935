/* SPDX-License-Identifier: MIT */
/* Processes for tests, as Linux has them. */
#include "tests/kernel/ktest_layer.h"

#include "abi/errno.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/wait.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "linux/fs/dev/dev.h"
#include "linux/fs/file/lock.h"
#include "linux/fs/p9/tend.h"
#include "linux/fs/tmpfs/tmpfs.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/mqueue/mqueue.h"
#include "linux/process/exec.h"
#include "linux/process/exit.h"
#include "linux/process/limits.h"
#include "linux/process/linux_process.h"
#include "linux/process/process_ops.h"
#include "linux/process/reap.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/sysv/sysv.h"
#include "mm/object/object.h"
#include "proc/exe.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"

#define STACK_LIMIT (8ul << 20)

struct process *ktest_layer_start(void)
{
	struct mount *root;
	int err = mount_create(&tmpfs_type, "rootfs", 0, "mode=755", &root);
	struct process *init = linux_process_alloc(&err);

	assert(mount_attach(root, NULL) == 0);
	assert(dev_init(NULL, 0, 0, false) == 0);
	process_fs_init();
	file_locks_init();
	sysv_init();
	assert(mqueue_init() == 0);
	assert(p9_tend_start() == 0); /* so that no test finds a thread more after it */
	assert(init);
	memset(linux_process(init)->rlimits, 0, sizeof(linux_process(init)->rlimits));
	err = linux_process_add_leader(init);
	assert(!err);
	return init;
}

/* An empty file that it seems to run. */
static int give_exe(struct process *process)
{
	struct object *object = object_create_anon(0);
	int err = object ? exe_create(object, "/test", &process->exe) : -ENOMEM;

	if (object)
		object_put(object);
	return err;
}

static int furnish(struct process *process)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		linux_process(process)->rlimits[i] =
			(struct abi_rlimit64){ RLIM_INFINITY, RLIM_INFINITY };
	linux_process(process)->rlimits[RLIMIT_CORE].cur = 0;
	linux_process(process)->rlimits[RLIMIT_STACK].cur = STACK_LIMIT;
	linux_process(process)->rlimits[RLIMIT_NOFILE].cur = KTEST_FILES;
	process_limits_are_set(process);
	linux_process(process)->exit_signal = SIGCHLD;
	if (linux_process_add_leader(process))
		return -ENOMEM;
	str_copy(process->leader->name, "test", THREAD_NAME_LEN);
	process->uspace = uspace_create();
	if (!process->uspace || process_fs->create(process->leader))
		return -ENOMEM;
	return give_exe(process);
}

static void discard(struct process *process)
{
	if (process->leader)
		process_fs->exit(process->leader);
	if (process->uspace)
		uspace_put(process->uspace);
	process_drop_threads(process);
	linux_process_free(process);
}

struct process *ktest_layer_create(int *err_ret)
{
	struct process *process = linux_process_alloc(err_ret);

	if (!process)
		return NULL;
	*err_ret = furnish(process);
	if (*err_ret) {
		discard(process);
		return NULL;
	}
	EXPECT_TRUE(user_add_task());
	return process;
}

void ktest_layer_publish(struct process *parent, struct process *process)
{
	linux_process_publish(parent, process);
}

struct thread *ktest_layer_create_thread(int *err_ret)
{
	struct process *process = current_process();
	struct thread *thread = process_create_thread(process, err_ret);

	if (!thread)
		return NULL;
	str_copy(thread->name, "test", THREAD_NAME_LEN);
	thread_signals_copy(&task_of(thread)->signals, &current_task()->signals);
	thread->mmu = &process->uspace->space.mmu;
	EXPECT_EQ(0, process_fs->copy(thread, CLONE_FS | CLONE_FILES)); /* they are shared */
	EXPECT_TRUE(user_add_task());
	return thread;
}

void ktest_layer_publish_thread(struct thread *thread)
{
	spin_lock(&process_tree_lock);
	spin_lock(&linux_process(thread->process)->signals.lock);
	task_publish(thread);
	spin_unlock(&linux_process(thread->process)->signals.lock);
	thread_wake(thread);
	spin_unlock(&process_tree_lock);
}

int ktest_layer_exec(struct object *image, const char *path, struct exec_args *args)
{
	return exec_image(image, path, args);
}

void ktest_layer_end(int status, bool all)
{
	if (!all)
		thread_exit(status);
	atomic_store(&current_linux_process()->signals.ending,
		     0); /* what it found counts, not who killed it */
	process_exit(status);
}

long ktest_wait(int pid, unsigned options, int *status_ret)
{
	struct usage usage;

	return process_wait(pid, options | __WALL, status_ret, &usage);
}
