/* SPDX-License-Identifier: MIT */
/* ptrace, stops and exec while another thread acts at each point where no lock is held: who attaches is not late, and gains nothing. */
#include "linux/ptrace/ptrace.h"

#ifdef FAULTLINE_HARDENED

#include "abi/fcntl.h"
#include "abi/resource.h"
#include "abi/signal.h"
#include "abi/wait.h"
#include "arch/frame.h"
#include "arch/irqflags.h"
#include "linux/arch/regs.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/fs/vfs/inode.h"
#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/open.h"
#include "linux/process/cred.h"
#include "linux/process/exec.h"
#include "linux/process/fork.h"
#include "linux/process/inspect.h"
#include "linux/process/linux_process.h"
#include "linux/process/reap.h"
#include "linux/process/task.h"
#include "linux/signal/kill.h"
#include "linux/signal/send.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "mm/phys/kmalloc.h"
#include "proc/exe.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/user_program.h"
#include "linux/process/thread_id.h"

#define WAIT_NS (NSEC_PER_SEC / 20) /* of the machine's time, for what takes none */
#define PATH	"/gains"
#define USER	1000

/*
 * A thread loses its hart at one point, until the other has acted or sleeps. The points are where it is about to take one
 * of the locks that guard who traces whom, or has released it, and holds no other lock.
 */
static struct {
	struct thread *thread, *other;
	unsigned at, passed;
	uint32_t go, acted;
} hold;

static void at_point(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (current_thread() != hold.thread ||
	    (kind != INTERLEAVE_LOCK && kind != INTERLEAVE_UNLOCK) ||
	    (class != LOCK_PROCESS_TREE && class != LOCK_PROCESS) || !arch_irq_enabled() ||
	    arch_preempt()->count != 0 || hold.passed++ != hold.at)
		return;
	atomic_store(&hold.go, 1);
	while (!atomic_load(&hold.acted) && !sched_is_asleep(hold.other))
		sched_yield();
}

/* By the other: waits for the thread to be at its point. Returns false if that was to act at none. */
static bool await_point(void)
{
	while (!atomic_load(&hold.go))
		sched_yield();
	return hold.go == 1;
}

static void begin_hold(unsigned at)
{
	hold.thread = hold.other = NULL;
	hold.passed = hold.go = hold.acted = 0;
	hold.at = at;
}

/* Nothing more happens at a point. Has the thread been there? */
static bool was_at_point(void)
{
	bool was = atomic_load(&hold.go) == 1;

	atomic_store(&hold.thread, NULL);
	atomic_store(&hold.go, was ? 1 : 2);
	return was;
}

static struct thread *leader_of(int pid)
{
	struct process *process;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	spin_unlock(&process_tree_lock);
	return process->leader;
}

/* Waits for a flag. Returns false if it is not set. */
static bool await_flag(const uint32_t *flag)
{
	uint64_t until = arch_time() + clock_ns_to_ticks(WAIT_NS);

	while (!atomic_load(flag) && arch_time() < until)
		sched_yield();
	return atomic_load(flag);
}

static bool is_stopped(int pid)
{
	bool stopped;

	spin_lock(&process_tree_lock);
	stopped = linux_process(process_find(pid))->signals.stopped &&
		  sched_is_asleep(process_find(pid)->leader);
	spin_unlock(&process_tree_lock);
	return stopped;
}

static void stop(int pid)
{
	EXPECT_EQ(0, process_kill(pid, SIGSTOP));
	while (!is_stopped(pid))
		sched_yield();
}

/* ---- a tracer comes while its tracee stops, or goes on ---- */

PROGRAM(waits, LI(A0, 0), LI(A1, 0), LI(A2, 0), LI(A3, 0), CALL(73)); /* ppoll, for ever */

/* It blocks SIGCONT, which then ends a stop, and makes none for a tracer. */
static int wait_for_ever(void *arg)
{
	const uint64_t set = SIGNAL_BIT(SIGCONT);
	uint64_t old;

	EXPECT_EQ(0, signal_mask(SIG_BLOCK, &set, &old));
	return program_main(arg);
}

static int tracee;
static uint32_t attached;

/* The tracee is another's child. The tracer's end lets it go. */
static int attach_now(void *arg)
{
	(void)arg;
	EXPECT_EQ(0, ptrace_attach(tracee, false, 0));
	atomic_store(&attached, 1);
	return 0;
}

static int attach_at_point(void *arg)
{
	atomic_store(&hold.other, current_thread());
	if (await_point())
		(void)attach_now(arg);
	atomic_store(&attached, 1);
	atomic_store(&hold.acted, 1);
	return 0;
}

static int continue_at_point(void *arg)
{
	(void)arg;
	atomic_store(&hold.other, current_thread());
	if (await_point())
		EXPECT_EQ(0, process_kill(tracee, SIGCONT));
	atomic_store(&hold.acted, 1);
	return 0;
}

static int spawn_other(int (*fn)(void *arg))
{
	int pid = ktest_spawn(fn, NULL);

	while (!atomic_load(&hold.other))
		sched_yield();
	return pid;
}

static void end_tracee(unsigned at, int tracer)
{
	if (!await_flag(&attached)) {
		ktest_fail(__FILE__, __LINE__, "attached", 1, 0);
		ktest_note("point %u", at);
		(void)process_kill(tracer, SIGKILL);
	}
	(void)ktest_reap(tracer);
	EXPECT_EQ(0, process_kill(tracee, SIGKILL));
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(tracee));
}

/* All of these return false when there is no such point. */
static bool attach_while_it_stops(unsigned at)
{
	int tracer;
	bool was;

	begin_hold(at);
	attached = 0;
	tracee = ktest_spawn(wait_for_ever, (void *)&waits);
	tracer = spawn_other(attach_at_point);
	hold.thread = leader_of(tracee);
	stop(tracee);
	was = was_at_point();
	end_tracee(at, tracer);
	return was;
}

static bool continue_while_it_traps(unsigned at)
{
	int tracer, sender;
	bool was;

	begin_hold(at);
	attached = 0;
	tracee = ktest_spawn(wait_for_ever, (void *)&waits);
	stop(tracee);
	sender = spawn_other(continue_at_point);
	hold.thread = leader_of(tracee);
	tracer = ktest_spawn(attach_now, NULL);
	(void)await_flag(&attached);
	was = was_at_point();
	(void)ktest_reap(sender);
	end_tracee(at, tracer);
	return was;
}

/* SIGCONT comes after the signal that stops, so that the process goes on wherever it was on its way to stop. */
static bool continue_while_it_stops(unsigned at)
{
	struct thread *leader;
	int sender;
	bool was;

	begin_hold(at);
	tracee = ktest_spawn(wait_for_ever, (void *)&waits);
	sender = spawn_other(continue_at_point);
	leader = leader_of(tracee);
	while (!sched_is_asleep(leader))
		sched_yield();
	atomic_store(&hold.thread, leader);
	EXPECT_EQ(0, process_kill(tracee, SIGSTOP));
	(void)await_flag(&hold.acted);
	was = was_at_point();
	(void)ktest_reap(sender);
	while (!sched_is_asleep(leader))
		sched_yield();
	if (is_stopped(tracee) == was) {
		ktest_fail(__FILE__, __LINE__, "stopped", !was, was);
		ktest_note("point %u", at);
	}
	EXPECT_EQ(0, process_kill(tracee, SIGKILL));
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(tracee));
	return was;
}

/* Once its parent, or its tracer, knows that a process has stopped, it can read the process's call. */
static bool look_at_call(unsigned at, bool trace)
{
	struct wait_for wanted = { .pid = WAIT_ANY,
				   .group = WAIT_ANY,
				   .options = WUNTRACED | WNOHANG };
	struct child_event event;
	struct call_facts call;
	struct thread_id id;
	struct usage usage;
	bool was, told;
	int status;

	begin_hold(at);
	tracee = ktest_spawn(program_main, (void *)&waits);
	while (!sched_is_asleep(leader_of(tracee)))
		sched_yield();
	EXPECT_TRUE(inspect_find(tracee, &id));
	hold.other = current_thread();
	atomic_store(&hold.thread, leader_of(tracee));
	EXPECT_EQ(0, trace ? ptrace_attach(tracee, false, 0) : process_kill(tracee, SIGSTOP));
	do {
		sched_yield();
		told = process_wait_for(&wanted, &event) == tracee;
	} while (!told && !atomic_load(&hold.go));
	if (told) {
		EXPECT_EQ(0, inspect_call(&id, &call));
		if (call.state != CALL_WAITS || call.number != 73) {
			ktest_fail(__FILE__, __LINE__, "call.state", CALL_WAITS, call.state);
			ktest_note("point %u, call %ld", at, call.number);
		}
	}
	atomic_store(&hold.acted, 1);
	was = was_at_point();
	EXPECT_EQ(0, process_kill(tracee, SIGKILL));
	EXPECT_EQ(tracee, process_wait(tracee, 0, &status, &usage));
	return was;
}

static bool look_while_it_stops(unsigned at)
{
	return look_at_call(at, false);
}

static bool look_while_it_traps(unsigned at)
{
	return look_at_call(at, true);
}

static void sweep(bool (*run)(unsigned at))
{
	unsigned at = 0;

	interleave_hook = at_point;
	while (run(at))
		at++;
	interleave_hook = NULL;
	EXPECT_TRUE(at > 2);
}

/* PTRACE_KILL of another thread may come between the look of sys_ptrace() and the request itself. */
KTEST_IN_PROCESS(request_for_a_tracee_that_is_gone_finds_none)
{
	struct arch_fpregs fpregs = { 0 };
	struct arch_regs regs = { 0 };
	struct abi_syscall_info call;
	struct abi_siginfo info = { 0 };
	struct uspace *uspace;
	uint64_t word;
	size_t size;

	EXPECT_EQ(-ESRCH, ptrace_check(0));
	EXPECT_EQ(-ESRCH, ptrace_resume(0, 0, false));
	EXPECT_EQ(-ESRCH, ptrace_detach(0, 0));
	EXPECT_EQ(-ESRCH, ptrace_kill(0));
	EXPECT_EQ(-ESRCH, ptrace_interrupt(0));
	EXPECT_EQ(-ESRCH, ptrace_listen(0));
	EXPECT_EQ(-ESRCH, ptrace_set_options(0, 0));
	EXPECT_EQ(-ESRCH, ptrace_get_message(0, &word));
	EXPECT_EQ(-ESRCH, ptrace_get_info(0, &info));
	EXPECT_EQ(-ESRCH, ptrace_set_info(0, &info));
	EXPECT_EQ(-ESRCH, ptrace_get_mask(0, &word));
	EXPECT_EQ(-ESRCH, ptrace_set_mask(0, 0));
	EXPECT_EQ(-ESRCH, ptrace_peek_info(0, false, 0, &info));
	EXPECT_EQ(-ESRCH, ptrace_get_call(0, &call, &size));
	EXPECT_EQ(-ESRCH, ptrace_get_regs(0, &regs));
	EXPECT_EQ(-ESRCH, ptrace_get_fpregs(0, &fpregs));
	EXPECT_EQ(-ESRCH, ptrace_set_regs(0, &regs, sizeof(regs)));
	EXPECT_EQ(-ESRCH, ptrace_set_fpregs(0, &fpregs, sizeof(fpregs)));
	EXPECT_EQ(-ESRCH, ptrace_get_space(0, &uspace));
}

/* Nobody attaches for ever: neither to a thread that has just looked for a tracer, nor to one that need not stop any more. */
KTEST_ALONE(tracer_attaches_at_each_point_of_a_stop)
{
	sweep(attach_while_it_stops);
}

KTEST_ALONE(process_is_continued_at_each_point_of_its_stop)
{
	sweep(continue_while_it_stops);
}

KTEST_IN_PROCESS(call_of_a_stopped_process_is_known_at_each_point)
{
	sweep(look_while_it_stops);
}

KTEST_IN_PROCESS(call_of_a_trapped_tracee_is_known_at_each_point)
{
	sweep(look_while_it_traps);
}

KTEST_ALONE(tracee_is_continued_at_each_point_of_its_trap)
{
	sweep(continue_while_it_traps);
}

/* ---- a tracer comes before a thread that was let go has run ---- */

static int trace_it_twice(void *arg)
{
	(void)arg;
	EXPECT_EQ(0, ptrace_attach(tracee, false, 0));
	while (ptrace_check(tracee) == -ESRCH)
		sched_yield();
	EXPECT_EQ(0, ptrace_detach(tracee, 0));
	EXPECT_EQ(0, ptrace_attach(tracee, true, 0));
	EXPECT_EQ(-ESRCH, ptrace_check(tracee));
	return 0;
}

/* It takes no command of the second one, who has been told of no stop. */
KTEST_ALONE(tracee_that_is_let_go_does_not_count_as_stopped)
{
	tracee = ktest_spawn(wait_for_ever, (void *)&waits);
	EXPECT_EQ(EXITED(0), ktest_run(trace_it_twice, NULL));
	EXPECT_EQ(0, process_kill(tracee, SIGKILL));
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(tracee));
}

/* ---- a tracer comes while a thread that another one has let go makes a child ---- */

PROGRAM(ends, EXIT(0));

static uint32_t may_clone, has_cloned;

/* As in a call that began under the first tracer, after a fork that was an event. */
static int clone_once(void *arg)
{
	const struct clone_request request = { .flags = 0 }; /* no fork: it has no SIGCHLD */
	struct thread *self = current_thread();
	struct usage usage;
	int status;
	long pid;

	(void)arg;
	EXPECT_EQ(0, program_load(&ends));
	arch_frame_start(arch_thread_frame(arch_this_thread()), CODE_AT, 0);
	while (!atomic_load(&may_clone))
		sched_yield();
	task_of(self)->ptrace->full_frame = true;
	task_of(self)->ptrace->clone_event = PTRACE_EVENT_FORK;
	atomic_store(&hold.thread, self);
	pid = process_clone(&request);
	atomic_store(&hold.thread, NULL);
	atomic_store(&has_cloned, 1);
	EXPECT_EQ(pid, process_wait((int)pid, __WALL, &status, &usage));
	return 0;
}

static bool is_held(int pid)
{
	struct process *process;
	bool held;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	held = process && task_of(process->leader)->ptrace->stopped;
	spin_unlock(&process_tree_lock);
	return held;
}

static int seize_and_let_go(void *arg)
{
	(void)arg;
	EXPECT_EQ(0, ptrace_attach(tracee, true, 0));
	return 0;
}

static int seize_at_point(void *arg)
{
	(void)arg;
	atomic_store(&hold.other, current_thread());
	if (await_point())
		EXPECT_EQ(0, ptrace_attach(tracee, true, 1u << PTRACE_EVENT_FORK));
	atomic_store(&hold.acted, 1);
	while (!atomic_load(&has_cloned) && !is_held(tracee))
		sched_yield();
	EXPECT_TRUE(atomic_load(&has_cloned)); /* no event that it has asked for */
	return 0;
}

static bool seize_while_it_clones(unsigned at)
{
	int tracer;
	bool was;

	begin_hold(at);
	may_clone = has_cloned = 0;
	tracee = ktest_spawn(clone_once, NULL);
	EXPECT_EQ(EXITED(0), ktest_run(seize_and_let_go, NULL));
	tracer = spawn_other(seize_at_point);
	atomic_store(&may_clone, 1);
	EXPECT_EQ(EXITED(0), ktest_reap(tracee));
	was = was_at_point();
	(void)ktest_reap(tracer);
	return was;
}

/* It is told of no event that only the former tracer has wanted. */
KTEST_ALONE(tracee_is_seized_at_each_point_of_a_clone)
{
	sweep(seize_while_it_clones);
}

/* ---- exec of a program that gives rights ---- */

static struct uspace *seen; /* whose memory the other user has got */
static uint32_t is_ready, is_over;
static unsigned outcome;

static void become_user(void)
{
	struct cred *cred = cred_prepare();

	ASSERT_TRUE(cred);
	cred->uid = cred->euid = cred->suid = cred->fsuid = USER;
	cred->gid = cred->egid = cred->sgid = cred->fsgid = USER;
	cred->cap_permitted = cred->cap_effective = 0;
	EXPECT_EQ(0, cred_set_user(cred));
	cred_commit(cred);
	atomic_store(&current_process()->uspace->undumpable, false);
}

static int look_at_point(void *arg)
{
	struct exe *exe = NULL;

	(void)arg;
	become_user();
	atomic_store(&hold.other, current_thread());
	if (await_point()) {
		if (inspect_space(tracee, &seen, &exe) == 0) {
			uspace_put(seen);
			if (exe)
				exe_put(exe);
		}
		(void)ptrace_attach(tracee, true, 0);
	}
	atomic_store(&hold.acted, 1);
	while (!atomic_load(&is_over)) /* its end lets go of the program */
		sched_yield();
	return 0;
}

#define GAINED	1u
#define TRACED	2u
#define VISIBLE 4u

static int exec_gains(void *arg)
{
	const struct thread *thread = current_thread();
	struct exec_args args;
	struct object *object;
	char *path;

	(void)arg;
	become_user();
	EXPECT_EQ(0, fs_open_exec(NULL, PATH, true, &object, &path));
	exec_args_init(&args, PATH, RLIM_INFINITY);
	EXPECT_EQ(0, exec_args_add(&args, PATH, false));
	while (!atomic_load(&is_ready))
		sched_yield();
	hold.thread = current_thread();
	EXPECT_EQ(0, exec_image(object, path, &args));
	hold.thread = NULL;
	exec_args_destroy(&args);
	object_unuse(object);
	kfree(path);
	outcome = (current_cred()->euid == 0 ? GAINED : 0) | (thread->traced ? TRACED : 0) |
		  (seen == current_process()->uspace ? VISIBLE : 0);
	atomic_store(&is_over, 1);
	return 0;
}

static unsigned ngains, nwatched;

static bool look_while_it_gains(unsigned at)
{
	int other;
	bool was;

	begin_hold(at);
	is_ready = is_over = 0;
	seen = NULL;
	tracee = ktest_spawn(exec_gains, NULL);
	other = spawn_other(look_at_point);
	atomic_store(&is_ready, 1);
	while (!atomic_load(&is_over))
		sched_yield();
	was = was_at_point();
	EXPECT_EQ(EXITED(0), ktest_reap(other));
	EXPECT_EQ(EXITED(0), ktest_reap(tracee));
	if ((outcome & GAINED) && outcome != GAINED) {
		ktest_fail(__FILE__, __LINE__, "what others have of it", GAINED, outcome);
		ktest_note("point %u", at);
	}
	ngains += (outcome & GAINED) != 0;
	nwatched += (outcome & TRACED) != 0;
	return was;
}

/* The file of a program of root's that gives his rights. */
static void make_file(void)
{
	struct object *image = program_image(&waits, 0);
	static uint8_t bytes[2 * PAGE_SIZE];
	struct user_iter iter;
	struct file *file;
	uint64_t pos = 0;
	ssize_t n;

	ASSERT_TRUE(image);
	n = object_read_kernel(image, 0, bytes, sizeof(bytes));
	object_put(image);
	EXPECT_EQ(0, fs_open(NULL, PATH, O_CREAT | O_RDWR, 0755, &file));
	iter = user_iter_kernel(bytes, (size_t)n);
	EXPECT_EQ(n, file->ops->write(file, &iter, &pos));
	file_inode(file)->mode |= 04000;
	file_put(file);
}

/* Either the program has not gained, or nobody who might not attach to it then has it, or its memory. */
KTEST_ALONE(exec_that_gains_is_looked_into_at_each_point)
{
	make_file();
	ngains = nwatched = 0;
	sweep(look_while_it_gains);
	EXPECT_TRUE(ngains && nwatched);
	EXPECT_EQ(0, fs_unlink(NULL, PATH));
}

#endif
