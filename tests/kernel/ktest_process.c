/* SPDX-License-Identifier: MIT */
/* Processes for tests. */
#include "tests/kernel/ktest_process.h"

#include "abi/errno.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/wait.h"
#include "arch/context.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/panic.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "linux/fs/dev/dev.h"
#include "linux/fs/dev/devfs.h"
#include "linux/fs/file/lock.h"
#include "linux/fs/p9/tend.h"
#include "linux/fs/tmpfs/tmpfs.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/mqueue/mqueue.h"
#include "linux/process/exit.h"
#include "linux/process/limits.h"
#include "linux/process/linux_process.h"
#include "linux/process/process_ops.h"
#include "linux/process/reap.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/sysv/sysv.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "proc/exe.h"
#include "proc/exit.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"

#define ENDED_MAX   64
#define STACK_LIMIT (8ul << 20)

/* Of the machine's time: who has not ended by then sleeps for ever, and so would the test. */
#define REAP_SECONDS 120

/* What process 1 has reaped, oldest forgotten first. */
static struct {
	int pid, status;
} ended[ENDED_MAX];
static unsigned nended;
static struct waitq reaped = WAITQ_INIT(reaped);
static struct waitq wanted = WAITQ_INIT(wanted);

struct start {
	int (*fn)(void *arg);
	void *arg;
};

static void init_main(void *unused)
{
	sched_first();
	for (;;) {
		uint64_t seq = waitq_sample(&wanted);
		struct usage usage;
		int status = 0;
		long pid = process_wait(-1, __WALL, &status, &usage);

		if (pid > 0) {
			ended[nended % ENDED_MAX].status = status;
			atomic_store(&ended[nended++ % ENDED_MAX].pid, (int)pid);
			waitq_wake_all(&reaped);
		} else {
			thread_wait_always(&wanted, seq);
		}
	}
}

void ktest_process_init(void)
{
	struct mount *root, *devices;
	int err = mount_create(&tmpfs_type, "rootfs", 0, "mode=755", &root);
	struct process *init = linux_process_alloc(&err);

	assert(mount_attach(root, NULL) == 0);
	assert(dev_init(NULL, 0, 0, false) == 0);
	assert(mount_create(&devfs_type, "devices", 0, "", &devices) == 0);
	mount_put(devices); /* it stays, ready to be mounted */
	process_fs_init();
	file_locks_init();
	sysv_init();
	assert(mqueue_init() == 0);
	assert(p9_tend_start() == 0); /* so that no test finds a thread more after it */
	assert(init && init->pid == PID_INIT);
	memset(linux_process(init)->rlimits, 0, sizeof(linux_process(init)->rlimits));
	err = linux_process_add_leader(init);
	assert(!err);
	arch_thread_init(&init->leader->arch, init->leader->kstack, init_main, NULL);
	linux_process_publish(NULL, init);
	ktest_settle();
}

static int take_ended(int pid, int *status_ret)
{
	for (unsigned i = 0; i < ENDED_MAX; i++) {
		if (atomic_load(&ended[i].pid) == pid) {
			*status_ret = ended[i].status;
			atomic_store(&ended[i].pid, 0);
			return 1;
		}
	}
	return 0;
}

int ktest_reap(int pid)
{
	const uint64_t deadline = arch_time() + clock_ns_to_ticks(REAP_SECONDS * NSEC_PER_SEC);
	uint64_t seq;
	int status;

	for (;;) {
		seq = waitq_sample(&reaped);
		if (take_ended(pid, &status))
			return status;
		if (arch_time() >= deadline)
			panic("ktest: process %d does not end", pid);
		thread_sleep_always(&reaped, seq, deadline);
	}
}

static void child_main(void *arg)
{
	struct start start = *(struct start *)arg;
	int status;

	sched_first();
	kfree(arg);
	sched_use_mmu(&current_space()->mmu);
	status = start.fn(start.arg);
	atomic_store(&current_linux_process()->signals.ending,
		     0); /* what it found counts, not who killed it */
	process_exit(ABI_W_EXITCODE(status));
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

int ktest_spawn(int (*fn)(void *arg), void *arg)
{
	struct process *parent = current_process() ?: process_init_get(), *process;
	struct start *start = kmalloc(sizeof(*start));
	int err = -ENOMEM, pid;

	process = start ? linux_process_alloc(&err) : NULL;
	if (!process) {
		kfree(start);
		return err;
	}
	err = furnish(process);
	if (err) {
		discard(process);
		kfree(start);
		return err;
	}
	EXPECT_TRUE(user_add_task());
	*start = (struct start){ fn, arg };
	pid = process->pid;
	arch_thread_init(&process->leader->arch, process->leader->kstack, child_main, start);
	linux_process_publish(parent, process);
	waitq_wake_all(&wanted);
	return pid;
}

static void thread_main(void *arg)
{
	struct start start = *(struct start *)arg;

	sched_first();
	kfree(arg);
	sched_use_mmu(&current_space()->mmu);
	thread_exit(ABI_W_EXITCODE(start.fn(start.arg)));
}

static void publish_thread(struct thread *thread)
{
	spin_lock(&process_tree_lock);
	spin_lock(&linux_process(thread->process)->signals.lock);
	task_publish(thread);
	spin_unlock(&linux_process(thread->process)->signals.lock);
	thread_wake(thread);
	spin_unlock(&process_tree_lock);
}

int ktest_spawn_thread(int (*fn)(void *arg), void *arg)
{
	struct process *process = current_process();
	struct start *start = kmalloc(sizeof(*start));
	int err = -ENOMEM, tid;
	struct thread *thread;

	thread = start ? process_create_thread(process, &err) : NULL;
	if (!thread) {
		kfree(start);
		return err;
	}
	tid = thread->tid;
	str_copy(thread->name, "test", THREAD_NAME_LEN);
	thread_signals_copy(&task_of(thread)->signals, &current_task()->signals);
	thread->mmu = &process->uspace->space.mmu;
	EXPECT_EQ(0, process_fs->copy(thread, CLONE_FS | CLONE_FILES)); /* they are shared */
	EXPECT_TRUE(user_add_task());
	*start = (struct start){ fn, arg };
	arch_thread_init(&thread->arch, thread->kstack, thread_main, start);
	publish_thread(thread);
	return tid;
}

int ktest_run(int (*fn)(void *arg), void *arg)
{
	int pid = ktest_spawn(fn, arg);

	return pid < 0 ? -1 : ktest_reap(pid);
}

static int call(void *fn)
{
	((void (*)(void))(uintptr_t)fn)();
	return 0;
}

void ktest_run_in_process(void (*fn)(void))
{
	EXPECT_EQ(EXITED(0), ktest_run(call, (void *)(uintptr_t)fn));
}

void ktest_enter(vaddr_t pc, vaddr_t sp)
{
	arch_frame_start(arch_thread_frame(arch_this_thread()), pc, sp);
	arch_enter_user();
}
