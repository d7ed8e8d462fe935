/* SPDX-License-Identifier: MIT */
/* Calls that are preempted after each n-th of their instructions, by one that meddles with the same things. */
#include "abi/errno.h"
#include "abi/faultline.h"
#include "abi/fcntl.h"
#include "abi/mman.h"
#include "abi/signal.h"
#include "abi/syscall.h"
#include "abi/wait.h"
#include "arch/context.h"
#include "arch/upcall.h"
#include "base/clock.h"
#include "boot/options.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/pipe.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/object.h"
#include "mm/user_copy.h"
#include "proc/exec.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/reap.h"
#include "proc/sched.h"
#include "proc/signal/action.h"
#include "proc/signal/kill.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/strike.h"
#include "tests/kernel/user_program.h"

/*
 * A sweep has a victim, a process that makes the call, by itself or by a child; and a competitor,
 * a process in the victim's address space, which sleeps until the timer rings, runs in the midst of
 * the call, and sleeps again.
 */
struct sweep {
	/* In the victim, in this order; once(), at each point: strike(), the call, over(), checks. */
	bool (*begin)(void);
	void (*once)(uint64_t n);
	void (*end)(void);
	/* In the timer interrupt, before the competitor is woken; NULL: nothing */
	void (*ring)(void);
	/* In the competitor. */
	void (*compete)(void);
	unsigned points;    /* in the ordinary run; 0: POINTS */
	uint64_t sleeps_at; /* after about so many instructions the call waits for the competitor */
};

#define POINTS	    240 /* in the ordinary run, about */
#define POINTS_LESS 10	/* where the clock does not count instructions */
#define GIVE_UP	    (60 * NSEC_PER_SEC)
#define FAR	    1000000 /* instructions: more than any of the calls has */

/* Of the sweep under way. */
static const struct sweep *sweep;
static struct timer timer;
static struct thread *victim;
static uint64_t began;	 /* the call, by the count of instructions */
static uint64_t length;	 /* what it took */
static bool inside;	 /* the call has begun and is not over */
static bool has_rung;	 /* the timer */
static bool interrupted; /* it has rung while the victim was at it */
static bool resting;	 /* the competitor sleeps */
static bool ended;
static bool stuck;     /* somebody waits for ever */
static uint64_t point; /* the instruction after which this call is preempted */
static struct waitq victim_done = WAITQ_INIT(victim_done);
static unsigned taken; /* the competitor has run in the midst of so many calls */
static struct waitq rung = WAITQ_INIT(rung);

static void ring(struct timer *unused)
{
	has_rung = true;
	interrupted = inside && current_thread() == victim;
	if (sweep->ring)
		sweep->ring();
	resting = false;
	waitq_wake_all(&rung);
	sched_yield_soon();
}

/* The running thread loses its hart after n instructions from here on. */
static void strike(uint64_t n)
{
	victim = current_thread();
	has_rung = interrupted = false;
	atomic_store(&inside, true);
	began = strike_after(&timer, n);
}

/* After the call: returns whether the timer has rung and the competitor has done its part. */
static bool over(void)
{
	length = arch_instructions() - began;
	atomic_store(&inside, false);
	(void)timer_cancel(&timer);
	for (unsigned i = 0; !atomic_load(&resting); i++) {
		if (i == 1000) {
			stuck = true;
			return false;
		}
		sched_yield();
	}
	return has_rung;
}

/* As if the running process had made the call in user mode. */
static long call(unsigned long number, const uint64_t args[6])
{
	struct trap_frame *frame = arch_thread_frame(arch_this_thread());

	frame->orig_a0 = args[0];
	memcpy(&frame->x[FRAME_A0], args, 6 * sizeof(args[0]));
	frame_set_syscall(frame, number);
	trap_syscall(frame);
	return frame_result(frame);
}

#define DO(name, ...) call(SYS_##name, (const uint64_t[6]){ __VA_ARGS__ })

/* ---- what several sweeps use ---- */

#define WORD_AT(n) (DATA_AT + 8 * (n))
#define ROOM_AT	   0x50000ul /* the victim's, from begin() on; the competitor's from COMPETE_AT on */
#define ROOM_PAGES 8
#define COMPETE_AT (ROOM_AT + 4 * PAGE_SIZE)
#define MAP_AT	   0x200000ul

static uint64_t word_get(vaddr_t at)
{
	uint64_t value = ~0ul;

	EXPECT_EQ(0, user_copy_in(&value, at, sizeof(value)));
	return value;
}

static void word_set(vaddr_t at, uint64_t value)
{
	EXPECT_EQ(0, user_copy_out(at, &value, sizeof(value)));
}

/* A child's end: its status. */
static int reap(long pid)
{
	struct usage usage;
	int status = -1;

	EXPECT_EQ(pid, process_wait((int)pid, __WALL, &status, &usage));
	return status;
}

static long map(size_t pages)
{
	return DO(mmap, 0, pages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		  -1ul);
}

/* Each page's first word is its own. */
static void fill(vaddr_t at, size_t pages, uint64_t value)
{
	for (size_t i = 0; i < pages; i++)
		word_set(at + i * PAGE_SIZE, value + i);
}

static bool is_filled(vaddr_t at, size_t pages, uint64_t value)
{
	bool is = true;

	for (size_t i = 0; i < pages; i++)
		is = is && word_get(at + i * PAGE_SIZE) == value + i;
	return is;
}

#define JUNK 0x6a6a6a6a6a6a0000ul

/* Uses frames that have just come free, and leaves junk in them. */
static void churn(void)
{
	long at = map(6);

	EXPECT_TRUE(at > 0);
	fill((vaddr_t)at, 6, JUNK);
	EXPECT_TRUE(is_filled((vaddr_t)at, 6, JUNK));
	EXPECT_EQ(0, DO(munmap, (uint64_t)at, 6 * PAGE_SIZE));
}

/* Looks at all that can be seen of a process, which may end meanwhile. */
static void watch(long pid)
{
	long n = DO(faultline, FAULTLINE_PROCESS, (uint64_t)pid, COMPETE_AT, PAGE_SIZE);

	EXPECT_TRUE(n == 1 || n == -ESRCH);
	n = DO(faultline, FAULTLINE_VMAS, (uint64_t)pid, COMPETE_AT, PAGE_SIZE, 0);
	EXPECT_TRUE(n >= 0 || n == -ESRCH);
	n = DO(faultline, FAULTLINE_WALK, (uint64_t)pid, COMPETE_AT, PAGE_SIZE, CODE_AT);
	EXPECT_TRUE(n >= 0 || n == -ESRCH);
	n = DO(kill, (uint64_t)pid, 0);
	EXPECT_TRUE(n == 0 || n == -ESRCH);
}

/* ---- the two processes ---- */

static void adopt_space(struct uspace *us)
{
	struct process *process = current_process();
	struct uspace *own = process->uspace;

	uspace_get(us);
	spin_lock(&process_tree_lock);
	process->uspace = us;
	spin_unlock(&process_tree_lock);
	sched_use_mmu(&us->space.mmu);
	uspace_put(own);
}

static int compete(void *arg)
{
	adopt_space(arg);
	arch_frame_start(arch_thread_frame(arch_this_thread()), CODE_AT, 0);
	while (!atomic_load(&ended)) {
		uint64_t seq = waitq_sample(&rung);

		atomic_store(&resting, true);
		thread_wait_always(&rung, seq);
		if (atomic_load(&ended))
			break;
		taken += interrupted && inside;
		sweep->compete();
	}
	return 0;
}

/* In the ordinary run about so many points, at other places with another seed. */
static uint64_t choose_step(void)
{
	uint64_t points = sweep->points ?: POINTS;

	return boot_options.step ?: MAX((sweep->sleeps_at ?: length) / points, (uint64_t)1) | 1;
}

/* A call that was not interrupted had ended before; or a slice's end made the strike late: not twice in a row. */
static unsigned run_points(bool exact)
{
	uint64_t step = choose_step(), undisturbed = length;
	unsigned points = 0, missed = 0;

	for (point = 1 + boot_options.seed % step; !stuck && missed < 2; point += step) {
		sweep->once(point);
		missed = interrupted ? 0 : missed + 1;
		points += interrupted;
		if (!exact && points == POINTS_LESS)
			break;
	}
	ktest_note(
		"%lu instructions, one in %lu: the competitor ran in the midst of %u of %u calls",
		(unsigned long)(sweep->sleeps_at ?: undisturbed), (unsigned long)step, taken,
		points);
	return points;
}

static int be_victim(void *unused)
{
	bool exact = strike_is_exact();
	struct uspace *mine = current_process()->uspace;
	size_t resident, mapped;
	unsigned points;
	int pid;

	arch_frame_start(arch_thread_frame(arch_this_thread()), CODE_AT, 0);
	uspace_lock(mine);
	EXPECT_EQ(ROOM_AT, space_map(mine, ROOM_AT, ROOM_PAGES * PAGE_SIZE, READ_WRITE, 0));
	uspace_unlock(mine);
	fill(ROOM_AT, ROOM_PAGES, 0);
	if (!sweep->begin())
		return 1;
	pid = ktest_spawn(compete, mine);
	EXPECT_TRUE(pid > 0);
	while (!atomic_load(&resting))
		sched_yield();
	sweep->once(FAR);
	taken = 0;
	resident = mine->space.resident;
	mapped = mine->space.mapped_bytes;
	points = run_points(exact);
	EXPECT_EQ(resident, mine->space.resident);
	EXPECT_EQ(mapped, mine->space.mapped_bytes);
	if (exact) {
		EXPECT_TRUE(points >= POINTS / 3);
		EXPECT_TRUE(taken >= points / 2);
	}
	atomic_store(&ended, true);
	waitq_wake_all(&rung);
	if (stuck)
		(void)process_kill(pid, SIGKILL);
	EXPECT_EQ(EXITED(0), reap(pid));
	if (sweep->end)
		sweep->end();
	waitq_wake_all(&victim_done);
	return 0;
}

/* The victim's end, or that it waits for what does not come: then it is killed. */
static int wait_for_victim(int pid)
{
	for (;;) {
		uint64_t seq = waitq_sample(&victim_done), before = point;
		uint64_t deadline = arch_time() + clock_ns_to_ticks(GIVE_UP);

		if (ended || thread_wait_until(&victim_done, seq, deadline) == 0)
			return ktest_reap(pid);
		if (point == before) {
			stuck = true;
			(void)process_kill(pid, SIGKILL);
			return ktest_reap(pid);
		}
	}
}

/* No slice ends by itself: only the timer takes the hart. */
static void run(const struct sweep *which)
{
	uint64_t slice = sched_slice_set(clock_ns_to_ticks(600 * NSEC_PER_SEC));

	sweep = which;
	timer_init(&timer, ring);
	ended = resting = stuck = false;
	taken = 0;
	point = 0;
	EXPECT_EQ(EXITED(0), wait_for_victim(ktest_spawn(be_victim, NULL)));
	if (stuck)
		ktest_note("somebody waits for ever, preempted after %lu instructions",
			   (unsigned long)point);
	EXPECT_TRUE(!stuck);
	ktest_settle();
	(void)sched_slice_set(slice);
}

/* ---- fork ---- */

/* The sum of two words, a third is its own. */
PROGRAM(adds_two_words, LUI(T0, DATA_PAGES), LD(A0, 0, T0), LD(A1, 8, T0), SD(A0, 16, T0),
	CODE_I(0x33u, 0, A0, A0, A1), EXIT_A0);

#define FORTY 40

static unsigned children_saw[2]; /* the word as it was before, and as the competitor wrote it */

static bool begin_fork(void)
{
	if (program_load(&adds_two_words))
		return false;
	word_set(WORD_AT(0), FORTY);
	memset(children_saw, 0, sizeof(children_saw));
	return true;
}

static void once_fork(uint64_t n)
{
	int status;
	long pid;
	bool was;

	word_set(WORD_AT(1), 0);
	strike(n);
	pid = DO(clone, SIGCHLD);
	was = over();
	EXPECT_TRUE(pid > 0);
	status = reap(pid);
	EXPECT_TRUE(status == EXITED(FORTY) || (was && status == EXITED(FORTY + 1)));
	children_saw[status == EXITED(FORTY + 1)]++;
	EXPECT_EQ(FORTY, word_get(WORD_AT(0)));
	EXPECT_EQ(was, word_get(WORD_AT(1)));
	EXPECT_EQ(0, word_get(WORD_AT(2)));
	EXPECT_TRUE(list_empty(&current_process()->children) == false); /* the competitor */
	EXPECT_EQ(-ECHILD, DO(wait4, (uint64_t)pid, 0, 0, 0));
}

/* Writes to the memory that is being copied, and forks, too. */
static void compete_fork(void)
{
	long pid;

	EXPECT_EQ(FORTY, word_get(WORD_AT(0)));
	word_set(WORD_AT(1), 1);
	pid = DO(clone, SIGCHLD);
	EXPECT_TRUE(pid > 0);
	EXPECT_EQ(EXITED(FORTY + 1), reap(pid));
	EXPECT_EQ(0, word_get(WORD_AT(2)));
}

static void end_fork(void)
{
	ktest_note("%u children had the word as it was before, %u as it came", children_saw[0],
		   children_saw[1]);
	if (strike_is_exact())
		EXPECT_TRUE(children_saw[0] > 5 && children_saw[1] > 5);
}

KTEST(preempt_sweep_fork)
{
	static const struct sweep fork = {
		.begin = begin_fork, .once = once_fork, .compete = compete_fork, .end = end_fork
	};

	run(&fork);
}

/* ---- what a child does: exec, exit, a signal's delivery ---- */

static int child_pid, child_status;
static uint64_t child_n;

static bool run_child(int (*fn)(void *arg), uint64_t n)
{
	child_n = n;
	child_pid = ktest_spawn(fn, NULL);
	EXPECT_TRUE(child_pid > 0);
	child_status = reap(child_pid);
	EXPECT_EQ(-ECHILD, DO(wait4, (uint64_t)child_pid, 0, 0, 0));
	return over();
}

static void churn_and_watch(void)
{
	watch(child_pid);
	churn();
	watch(child_pid);
}

/* argc; the first word of the BSS; and what is written to its second page. */
PROGRAM(adds_argc_and_bss, LD(A0, 0, SP), LUI(T0, DATA_PAGES), LD(A1, 0, T0),
	CODE_I(0x33u, 0, A0, A0, A1), LUI(T0, DATA_PAGES + 1), LI(A1, 11), SD(A1, 16, T0),
	LD(A1, 16, T0), CODE_I(0x33u, 0, A0, A0, A1), EXIT_A0);

static struct object *image;

static bool begin_exec(void)
{
	image = program_image(&adds_argc_and_bss, 2);
	return image != NULL;
}

static int exec_child(void *unused)
{
	struct exec_args args;
	int err;

	fill((vaddr_t)map(3), 3, JUNK);
	strike(child_n);
	exec_args_init(&args, "/image", RLIM_INFINITY);
	err = exec_args_add(&args, "image", false);
	if (!err)
		err = exec_image(image, "/image", &args);
	exec_args_destroy(&args);
	if (err)
		return 99;
	arch_enter_user();
}

static void once_exec(uint64_t n)
{
	(void)run_child(exec_child, n);
	EXPECT_EQ(EXITED(1 + 11), child_status);
}

static void end_exec(void)
{
	EXPECT_EQ(0, object_get_write(image)); /* nobody runs it any more */
	object_put_write(image);
	object_put(image);
}

KTEST(preempt_sweep_exec)
{
	static const struct sweep exec = {
		.begin = begin_exec, .once = once_exec, .compete = churn_and_watch, .end = end_exec
	};

	run(&exec);
}

static struct file *reader, *writer; /* ends of a pipe */

static bool begin_nothing(void)
{
	return true;
}

static ssize_t read_pipe(vaddr_t at, size_t n)
{
	struct user_iter iter = user_iter_one(at, n);

	return reader->ops->read(reader, &iter, NULL);
}

static int exit_child(void *unused)
{
	fill((vaddr_t)map(3), 3, JUNK);
	EXPECT_EQ(0, fdtable_install(current_process()->fdtable, writer, 0, false));
	strike(child_n);
	return 7;
}

static void once_exit(uint64_t n)
{
	EXPECT_EQ(0, pipe_create(O_NONBLOCK, &reader, &writer));
	(void)run_child(exit_child, n);
	EXPECT_EQ(EXITED(7), child_status);
	EXPECT_EQ(0, read_pipe(ROOM_AT, 1));
	file_put(reader);
}

static void compete_exit(void)
{
	ssize_t got = read_pipe(COMPETE_AT, 1);

	EXPECT_TRUE(got == -EAGAIN || got == 0);
	churn_and_watch();
}

KTEST(preempt_sweep_exit)
{
	static const struct sweep exit = { .begin = begin_nothing,
					   .once = once_exit,
					   .compete = compete_exit };

	run(&exit);
}

/* Two registers are kept across the handler, which changes one, and counts in memory. */
#define T2	   7u
#define HANDLER_AT (CODE_AT + 4 * 12)
PROGRAM(kills_itself, CALL(SYS_getpid), LI(T1, 3), LI(T2, 10), LI(A1, SIGUSR1), CALL(SYS_kill),
	LUI(T0, DATA_PAGES), LD(A0, 0, T0), CODE_I(0x33u, 0, A0, A0, T1), EXIT_A0,
	/* the handler: */
	LUI(T0, DATA_PAGES), LD(T1, 0, T0), ADDI(T1, T1, 20), SD(T1, 0, T0), JR(1u));

#define STACK_AT    0x60000ul
#define STACK_PAGES 2

static unsigned handlers_ran[3];
static bool must_run_twice;

static bool begin_signal(void)
{
	memset(handlers_ran, 0, sizeof(handlers_ran));
	return true;
}

static int signal_child(void *unused)
{
	struct abi_sigaction action = { .handler = HANDLER_AT, .mask = ~0ul };
	struct uspace *mine = current_process()->uspace;

	if (program_load(&kills_itself))
		return 99;
	uspace_lock(mine);
	EXPECT_EQ(STACK_AT, space_map(mine, STACK_AT, STACK_PAGES * PAGE_SIZE, READ_WRITE, 0));
	uspace_unlock(mine);
	EXPECT_EQ(0, signal_action(SIGUSR1, &action, NULL));
	EXPECT_EQ(0, signal_action(SIGUSR2, &action, NULL));
	strike(child_n);
	ktest_enter(CODE_AT, STACK_AT + STACK_PAGES * PAGE_SIZE);
}

static void once_signal(uint64_t n)
{
	bool was, twice;

	must_run_twice = false;
	was = run_child(signal_child, n);
	twice = child_status == EXITED(20 + 20 + 3);
	EXPECT_TRUE(child_status == EXITED(20 + 3) || (was && twice));
	EXPECT_TRUE(twice || !must_run_twice);
	handlers_ran[twice ? 2 : 1]++;
}

/* It has not begun its last call: a signal that comes now reaches it. */
static bool has_calls_to_make(int pid)
{
	struct process *process;
	bool has;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	has = process && process->state == PROCESS_ALIVE &&
	      frame_syscall(arch_thread_frame(&process->thread->arch)) != SYS_exit;
	spin_unlock(&process_tree_lock);
	return has;
}

static void compete_signal(void)
{
	long err;

	must_run_twice = has_calls_to_make(child_pid);
	err = DO(kill, (uint64_t)child_pid, SIGUSR2);
	EXPECT_TRUE(err == 0 || err == -ESRCH);
	churn_and_watch();
}

static void end_signal(void)
{
	ktest_note("the handler ran once %u times, twice %u times", handlers_ran[1],
		   handlers_ran[2]);
	if (strike_is_exact())
		EXPECT_TRUE(handlers_ran[2] > POINTS / 10);
}

KTEST(preempt_sweep_signal_delivery)
{
	static const struct sweep delivery = {
		.begin = begin_signal,
		.once = once_signal,
		.compete = compete_signal,
		.end = end_signal,
	};

	run(&delivery);
}

/* ---- wait ---- */

#define WAIT_SLEEPS 700

static struct waitq end_of_child = WAITQ_INIT(end_of_child);
static bool child_sleeps;

static int end_when_rung(void *unused)
{
	uint64_t seq = waitq_sample(&end_of_child);

	atomic_store(&child_sleeps, true);
	thread_wait_always(&end_of_child, seq);
	return 5;
}

/* It runs before the victim does again, to its end. */
static void end_child(void)
{
	waitq_wake_all(&end_of_child);
}

static void once_wait(uint64_t n)
{
	long pid, child;

	child_sleeps = false;
	child = child_pid = ktest_spawn(end_when_rung, NULL);
	EXPECT_TRUE(child > 0);
	while (!atomic_load(&child_sleeps))
		sched_yield();
	word_set(ROOM_AT, 0);
	strike(n);
	pid = DO(wait4, (uint64_t)child, ROOM_AT, 0, 0);
	(void)over();
	EXPECT_EQ(child, pid);
	EXPECT_EQ(EXITED(5), word_get(ROOM_AT));
	EXPECT_EQ(-ECHILD, DO(wait4, (uint64_t)child, 0, 0, 0));
}

KTEST(preempt_sweep_wait)
{
	static const struct sweep wait = { .begin = begin_nothing,
					   .once = once_wait,
					   .ring = end_child,
					   .compete = churn_and_watch,
					   .sleeps_at = WAIT_SLEEPS };

	run(&wait);
}

static int end_at_once(void *unused)
{
	return 6;
}

/* The child has ended before. */
static void once_reap(uint64_t n)
{
	struct wait_for wanted = { WAIT_ANY, WAIT_ANY, WEXITED | WNOWAIT | __WALL };
	struct child_event event;
	long pid = child_pid = ktest_spawn(end_at_once, NULL);

	EXPECT_TRUE(pid > 0);
	wanted.pid = (int)pid;
	EXPECT_EQ(pid, process_wait_for(&wanted, &event));
	word_set(ROOM_AT, 0);
	strike(n);
	EXPECT_EQ(pid, DO(wait4, -1ul, ROOM_AT, 0, 0));
	(void)over();
	EXPECT_EQ(EXITED(6), word_get(ROOM_AT));
	EXPECT_EQ(-ECHILD, DO(wait4, (uint64_t)pid, 0, 0, 0));
}

KTEST(preempt_sweep_wait_for_a_zombie)
{
	static const struct sweep reap = { .begin = begin_nothing,
					   .once = once_reap,
					   .compete = churn_and_watch };

	run(&reap);
}

/* ---- mmap, munmap, faults ---- */

#define MAP_PAGES 8
#define MINE	  0x1000ul
#define THEIRS	  0x2000ul

static long their_map;

static void once_mmap(uint64_t n)
{
	long at;
	bool was;

	strike(n);
	at = map(MAP_PAGES);
	was = over();
	EXPECT_TRUE(at > 0);
	fill((vaddr_t)at, MAP_PAGES, MINE);
	if (was) {
		EXPECT_TRUE(is_filled((vaddr_t)their_map, MAP_PAGES, THEIRS));
		EXPECT_EQ(0, DO(munmap, (uint64_t)their_map, MAP_PAGES * PAGE_SIZE));
	}
	EXPECT_TRUE(is_filled((vaddr_t)at, MAP_PAGES, MINE));
	EXPECT_EQ(0, DO(munmap, (uint64_t)at, MAP_PAGES * PAGE_SIZE));
}

static void compete_mmap(void)
{
	their_map = map(MAP_PAGES);
	EXPECT_TRUE(their_map > 0);
	fill((vaddr_t)their_map, MAP_PAGES, THEIRS);
}

KTEST(preempt_sweep_mmap)
{
	static const struct sweep mmap = { .begin = begin_nothing,
					   .once = once_mmap,
					   .compete = compete_mmap };

	run(&mmap);
}

static void map_at(size_t pages)
{
	EXPECT_EQ(MAP_AT, DO(mmap, MAP_AT, pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1ul));
}

static unsigned pages_seen, pages_gone;

static bool begin_munmap(void)
{
	pages_seen = pages_gone = 0;
	return true;
}

/* The middle of a mapping goes. */
static void once_munmap(uint64_t n)
{
	uint64_t value;

	map_at(MAP_PAGES + 2);
	fill(MAP_AT, MAP_PAGES + 2, MINE);
	strike(n);
	EXPECT_EQ(0, DO(munmap, MAP_AT + PAGE_SIZE, MAP_PAGES * PAGE_SIZE));
	(void)over();
	for (size_t i = 1; i <= MAP_PAGES; i++)
		EXPECT_EQ(-EFAULT, user_copy_in(&value, MAP_AT + i * PAGE_SIZE, sizeof(value)));
	EXPECT_EQ(MINE, word_get(MAP_AT));
	EXPECT_EQ(MINE + MAP_PAGES + 1, word_get(MAP_AT + (MAP_PAGES + 1) * PAGE_SIZE));
	EXPECT_EQ(0, DO(munmap, MAP_AT, (MAP_PAGES + 2) * PAGE_SIZE));
}

/* A page has what it had, or is gone: never what others put into the frame. */
static void look_at_unmapped(void)
{
	for (size_t i = 1; i <= MAP_PAGES; i++) {
		uint64_t value = 0;

		if (user_copy_in(&value, MAP_AT + i * PAGE_SIZE, sizeof(value))) {
			pages_gone++;
			continue;
		}
		pages_seen++;
		EXPECT_EQ(MINE + i, value);
	}
}

static void compete_munmap(void)
{
	look_at_unmapped();
	churn();
	look_at_unmapped();
}

static void end_munmap(void)
{
	ktest_note("%u times a page was there, %u times it was gone", pages_seen, pages_gone);
	if (strike_is_exact())
		EXPECT_TRUE(pages_seen > POINTS / 4 && pages_gone > POINTS);
}

KTEST(preempt_sweep_munmap)
{
	static const struct sweep munmap = { .begin = begin_munmap,
					     .once = once_munmap,
					     .compete = compete_munmap,
					     .end = end_munmap,
					     .points = 2 * POINTS };

	run(&munmap);
}

/* Both write to one page that nobody has touched. */
static void once_fault(uint64_t n)
{
	bool was;

	map_at(1);
	strike(n);
	word_set(MAP_AT, MINE);
	was = over();
	EXPECT_EQ(MINE, word_get(MAP_AT));
	EXPECT_EQ(was ? THEIRS : 0, word_get(MAP_AT + 8));
	EXPECT_EQ(0, word_get(MAP_AT + 16));
	EXPECT_EQ(0, DO(munmap, MAP_AT, PAGE_SIZE));
}

static void compete_fault(void)
{
	churn();
	word_set(MAP_AT + 8, THEIRS);
	EXPECT_EQ(0, word_get(MAP_AT + 16));
}

KTEST(preempt_sweep_fault_on_an_untouched_page)
{
	static const struct sweep fault = { .begin = begin_nothing,
					    .once = once_fault,
					    .compete = compete_fault };

	run(&fault);
}

/* What a child of the victim would have. NULL: no memory */
static struct uspace *copy_of_mine(void)
{
	struct uspace *mine = current_process()->uspace, *copy = uspace_create();

	EXPECT_TRUE(copy);
	if (!copy)
		return NULL;
	uspace_lock(mine);
	mutex_lock_nested(&copy->mmap_lock);
	EXPECT_EQ(0, vm_fork(&mine->space, &copy->space));
	uspace_unlock(copy);
	uspace_unlock(mine);
	return copy;
}

/* Both write to one page that is another's, too. */
static void once_cow(uint64_t n)
{
	struct uspace *copy;
	bool was;

	map_at(1);
	fill(MAP_AT, 1, JUNK);
	copy = copy_of_mine();
	if (!copy)
		return;
	fill(ROOM_AT, ROOM_PAGES, 0); /* only that page is to be copied in the midst */
	strike(n);
	word_set(MAP_AT, MINE);
	was = over();
	EXPECT_EQ(MINE, word_get(MAP_AT));
	EXPECT_EQ(was ? THEIRS : 0, word_get(MAP_AT + 8));
	EXPECT_EQ(0, word_get(MAP_AT + 16));
	EXPECT_EQ(JUNK, space_load(copy, MAP_AT));
	EXPECT_EQ(0, space_load(copy, MAP_AT + 8));
	uspace_put(copy);
	EXPECT_EQ(0, DO(munmap, MAP_AT, PAGE_SIZE));
}

KTEST(preempt_sweep_fault_on_a_shared_page)
{
	static const struct sweep cow = { .begin = begin_nothing,
					  .once = once_cow,
					  .compete = compete_fault };

	run(&cow);
}

/* ---- pipes ---- */

#define FDS_AT	    ROOM_AT
#define BYTES_AT    (ROOM_AT + PAGE_SIZE) /* what is written */
#define BACK_AT	    COMPETE_AT		  /* what the competitor has read, and then the victim */
#define WRITE_BYTES 6000
#define READ_BYTES  100
#define READ_SLEEPS 700

static int fds[2];
static uint8_t bytes[WRITE_BYTES], back[WRITE_BYTES];

/* A pipe of the victim, whose ends the competitor can use. */
static void open_pipe(unsigned flags)
{
	EXPECT_EQ(0, DO(pipe2, FDS_AT, flags));
	EXPECT_EQ(0, user_copy_in(fds, FDS_AT, sizeof(fds)));
	EXPECT_EQ(0, fds[0]);
	EXPECT_EQ(1, fds[1]);
	reader = fdtable_get(current_process()->fdtable, fds[0]);
	writer = fdtable_get(current_process()->fdtable, fds[1]);
	EXPECT_TRUE(reader && writer);
}

static void close_pipe(void)
{
	file_put(reader);
	file_put(writer);
	EXPECT_EQ(0, DO(close, (uint64_t)fds[0]));
	EXPECT_EQ(0, DO(close, (uint64_t)fds[1]));
}

static bool begin_write(void)
{
	for (unsigned i = 0; i < WRITE_BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	EXPECT_EQ(0, user_copy_out(BYTES_AT, bytes, sizeof(bytes)));
	open_pipe(O_NONBLOCK);
	return true;
}

static ssize_t they_read;

static void once_write(uint64_t n)
{
	they_read = 0;
	EXPECT_EQ(0, user_copy_out(BACK_AT, back, 0));
	strike(n);
	EXPECT_EQ(WRITE_BYTES, DO(write, (uint64_t)fds[1], BYTES_AT, WRITE_BYTES));
	(void)over();
	if (they_read < 0) {
		EXPECT_EQ(-EAGAIN, they_read);
		they_read = 0;
	}
	if (they_read < WRITE_BYTES)
		EXPECT_EQ(WRITE_BYTES - they_read,
			  DO(read, (uint64_t)fds[0], BACK_AT + (uint64_t)they_read, WRITE_BYTES));
	EXPECT_EQ(-EAGAIN, DO(read, (uint64_t)fds[0], BACK_AT, 1));
	EXPECT_EQ(0, user_copy_in(back, BACK_AT, sizeof(back)));
	EXPECT_EQ(0, memcmp(back, bytes, sizeof(bytes)));
	EXPECT_EQ(0, user_copy_out(BACK_AT, bytes + 1, sizeof(bytes) - 1));
}

static void compete_write(void)
{
	they_read = read_pipe(BACK_AT, WRITE_BYTES / 2);
}

KTEST(preempt_sweep_pipe_write)
{
	static const struct sweep write = { .begin = begin_write,
					    .once = once_write,
					    .compete = compete_write,
					    .end = close_pipe };

	run(&write);
}

static bool begin_read(void)
{
	open_pipe(0);
	return true;
}

/* Nothing is there until the competitor has run. */
static void once_read(uint64_t n)
{
	memset(back, 0, READ_BYTES);
	EXPECT_EQ(0, user_copy_out(ROOM_AT, back, READ_BYTES));
	strike(n);
	EXPECT_EQ(READ_BYTES, DO(read, (uint64_t)fds[0], ROOM_AT, 2 * READ_BYTES));
	(void)over();
	EXPECT_EQ(0, user_copy_in(back, ROOM_AT, READ_BYTES));
	EXPECT_EQ(0, memcmp(back, bytes, READ_BYTES));
}

static void compete_read(void)
{
	struct user_iter iter = user_iter_one(COMPETE_AT, READ_BYTES);

	EXPECT_EQ(0, user_copy_out(COMPETE_AT, bytes, READ_BYTES));
	EXPECT_EQ(READ_BYTES, writer->ops->write(writer, &iter, NULL));
}

KTEST(preempt_sweep_pipe_read)
{
	static const struct sweep read = { .begin = begin_read,
					   .once = once_read,
					   .compete = compete_read,
					   .end = close_pipe,
					   .sleeps_at = READ_SLEEPS };

	run(&read);
}

/* ---- close ---- */

static ssize_t end_read;

/* The competitor waits for the pipe's end, which this is. */
static void once_close(uint64_t n)
{
	bool was;

	open_pipe(0);
	file_put(writer);
	end_read = -1;
	strike(n);
	EXPECT_EQ(0, DO(close, (uint64_t)fds[1]));
	was = over();
	EXPECT_EQ(was ? 0 : -1, end_read);
	EXPECT_EQ(-EBADF, DO(close, (uint64_t)fds[1]));
	file_put(reader);
	EXPECT_EQ(0, DO(close, (uint64_t)fds[0]));
}

static void compete_close(void)
{
	struct file *end = reader;

	file_get(end); /* the victim does not wait for this */
	end_read = read_pipe(COMPETE_AT, 1);
	file_put(end);
}

KTEST(preempt_sweep_close)
{
	static const struct sweep close = { .begin = begin_nothing,
					    .once = once_close,
					    .compete = compete_close };

	run(&close);
}

/* ---- the strikes themselves ---- */

static uint64_t rang_at;
static bool rang;

static void note_time(struct timer *unused)
{
	rang_at = arch_instructions();
	atomic_store(&rang, true);
}

/* How long after n instructions the timer's function runs. */
static uint64_t delay_after(uint64_t n)
{
	uint64_t begin;

	rang = false;
	begin = strike_after(&timer, n);
	while (!atomic_load(&rang))
		;
	return rang_at - begin - n;
}

/* Of two timers one instruction apart the second rings one instruction later. */
KTEST(preempt_sweep_strikes_each_instruction)
{
	uint64_t delay, now;

	if (!strike_is_exact())
		return;
	timer_init(&timer, note_time);
	(void)delay_after(999); /* the first comes by another way */
	delay = delay_after(1000);
	for (uint64_t n = 1001; n < 1210; n++) {
		now = delay_after(n);
		if (now != delay) /* the end of a slice fell into it: not twice in a row */
			now = delay_after(n);
		EXPECT_EQ(delay, now);
	}
}
