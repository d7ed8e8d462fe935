/* SPDX-License-Identifier: MIT */
/* Jobs: ids that groups, sessions and terminals name are held once for each of them. */
#include "abi/errno.h"
#include "abi/signal.h"
#include "abi/syscall.h"
#include "abi/wait.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "linux/job/ctty.h"
#include "linux/job/pgrp.h"
#include "linux/process/children.h"
#include "linux/process/inspect.h"
#include "linux/process/linux_process.h"
#include "linux/process/reap.h"
#include "linux/signal/kill.h"
#include "linux/signal/send.h"
#include "proc/exe.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/user_program.h"

static int has_a_group(void *unused)
{
	EXPECT_EQ(0, pgrp_set(0, 0));
	EXPECT_EQ(current_process()->pid, pgrp_own());
	EXPECT_EQ(-EPERM, session_create());
	return 0;
}

/* An id that was given back once too often is found at its process's end. */
KTEST(jobs_hold_the_ids_of_groups)
{
	EXPECT_EQ(EXITED(0), ktest_run(has_a_group, NULL));
}

static const struct ctty_ops terminal_ops;
static struct ctty terminal = { .ops = &terminal_ops };

/* Not its group's turn: it is told to stop, and would, on the way to user mode. */
static int is_in_the_background(void *unused)
{
	EXPECT_EQ(0, pgrp_set(0, 0));
	EXPECT_EQ(-EINTR, ctty_check(&terminal, SIGTTIN));
	EXPECT_EQ(-EPERM, ctty_take(&terminal, false));
	EXPECT_EQ(0, ctty_leave(&terminal));
	EXPECT_EQ(-ENOTTY, ctty_leave(&terminal));
	return 0;
}

/* It leaves the session that it was born into. */
static int begins_anew(void *unused)
{
	EXPECT_EQ(current_process()->parent->pid, session_of(0));
	EXPECT_EQ(current_process()->pid, session_create());
	EXPECT_EQ(current_process()->pid, session_of(0));
	return 0;
}

static void expect_child_ends_well(int (*fn)(void *arg))
{
	int status = -1, child = ktest_spawn(fn, NULL);
	struct usage usage;

	EXPECT_EQ(child, process_wait(child, 0, &status, &usage));
	EXPECT_EQ(EXITED(0), status);
}

static int has_a_terminal(void *unused)
{
	int self = session_create(), group = 0, session = 0;

	EXPECT_EQ(current_process()->pid, self);
	EXPECT_TRUE(!ctty_get_own());
	EXPECT_EQ(0, ctty_take(&terminal, false));
	EXPECT_TRUE(ctty_get_own() == &terminal);
	EXPECT_EQ(0, ctty_group(&terminal, &group));
	EXPECT_EQ(0, ctty_session(&terminal, &session));
	EXPECT_EQ(self, group);
	EXPECT_EQ(self, session);
	EXPECT_EQ(0, ctty_check(&terminal, SIGTTIN));
	expect_child_ends_well(is_in_the_background);
	expect_child_ends_well(begins_anew);
	EXPECT_EQ(0, ctty_set_group(&terminal, self));
	ctty_signal(&terminal, SIGWINCH);
	return 0;
}

/* With its leader's end it is nobody's, and holds nobody's id. */
KTEST(jobs_hold_the_ids_of_terminals)
{
	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(EXITED(0), ktest_run(has_a_terminal, NULL));
		EXPECT_EQ(0, terminal.session);
		EXPECT_EQ(0, terminal.group);
	}
}

/* Blocks SIGUSR1, so that it stays pending. */
static void block_usr1(void)
{
	const uint64_t usr1 = SIGNAL_BIT(SIGUSR1);
	uint64_t old;

	EXPECT_EQ(0, signal_mask(SIG_BLOCK, &usr1, &old));
}

static bool has_usr1(void)
{
	return current_linux_process()->signals.shared.set & SIGNAL_BIT(SIGUSR1);
}

static unsigned outside; /* 1: somebody is in a group of its own; 2: it may end */

static int stays_outside(void *unused)
{
	block_usr1();
	EXPECT_EQ(0, pgrp_set(0, 0));
	atomic_store(&outside, 1);
	while (atomic_load(&outside) != 2)
		sched_yield();
	return has_usr1();
}

static int kills_its_group(void *unused)
{
	block_usr1();
	EXPECT_EQ(0, current_linux_process()->group);
	EXPECT_EQ(0, process_kill(0, SIGUSR1));
	return has_usr1() ? 0 : 1;
}

/* Process 1 and what it starts are in group 0 until they leave it: that is a group, and not all. */
KTEST(jobs_kill_of_group_0_reaches_its_members_alone)
{
	int other;

	outside = 0;
	other = ktest_spawn(stays_outside, NULL);
	while (!atomic_load(&outside))
		sched_yield();
	EXPECT_EQ(EXITED(0), ktest_run(kills_its_group, NULL));
	atomic_store(&outside, 2);
	EXPECT_EQ(EXITED(0), ktest_reap(other));
}

/* A pid, for a moment. */
static int pid_of_nobody(void)
{
	int err, pid;
	struct process *process = linux_process_alloc(&err);

	if (!process)
		return err;
	pid = process->pid;
	linux_process_free(process);
	return pid;
}

/* Once round: every id is to be had again but that of process 1, the only one that lives. */
KTEST(jobs_give_ids_back)
{
	int first, pids = 0, pid;

	EXPECT_EQ(EXITED(0), ktest_run(has_a_group, NULL));
	EXPECT_EQ(EXITED(0), ktest_run(has_a_terminal, NULL));
	first = pid_of_nobody();
	do {
		pid = pid_of_nobody();
		pids++;
	} while (pid > 0 && pid != first && pids < PID_MAX);
	EXPECT_EQ(first, pid);
	EXPECT_EQ(PID_MAX - PID_INIT - 1, pids);
}

/* One process too many is refused, and costs nothing. */
KTEST(jobs_are_limited_in_number)
{
	struct process *process, *next;
	struct list all = LIST_INIT(all);
	int count = 1, err = 0; /* process 1 */

	while ((process = linux_process_alloc(&err))) {
		list_add(&all, &process->sibling);
		count++;
	}
	EXPECT_EQ(-EAGAIN, err);
	EXPECT_EQ(PROCESS_COUNT_MAX, count);
	list_for_each_entry_safe(process, next, &all, sibling)
		linux_process_free(process);
}

/*
 * ---- who keeps a group from being orphaned ----
 *
 * Processes make moves at random, one at a time. After each move every group's count (jobc[]) is compared with a look
 * at all processes, and so is the order in which children are found.
 */

#define PLAYERS_MAX 24
#define MOVES	    2000

enum move { NO_MOVE, SPAWN, OWN_GROUP, ANY_GROUP, CHILDS_GROUP, SESSION, END, MOVE_KINDS };

static int players[PLAYERS_MAX]; /* pids; 0: none */
static int turn_of, turn_group;
static enum move turn;
static struct waitq next_turn = WAITQ_INIT(next_turn);

static int first_child(void)
{
	int pid = 0;

	spin_lock(&process_tree_lock);
	if (!list_empty(&current_process()->children))
		pid = list_first_entry(&current_process()->children, struct process, sibling)->pid;
	spin_unlock(&process_tree_lock);
	return pid;
}

static int play(void *place);

static void make_move(enum move move, int group)
{
	int child = first_child();

	switch (move) {
	case SPAWN:
		for (int i = 0; i < PLAYERS_MAX; i++) {
			if (players[i] == 0) {
				players[i] = ktest_spawn(play, &players[i]);
				break;
			}
		}
		break;
	case OWN_GROUP:
		(void)pgrp_set(0, 0);
		break;
	case ANY_GROUP:
		(void)pgrp_set(0, group);
		break;
	case CHILDS_GROUP:
		(void)(child ? pgrp_set(child, group % 2 ? group : child) : 0);
		break;
	case SESSION:
		(void)session_create();
		break;
	default:
		break;
	}
}

static int play(void *place)
{
	for (;;) {
		uint64_t seq = waitq_sample(&next_turn);
		enum move move = turn;

		if (atomic_load(&turn_of) != current_process()->pid) {
			thread_wait_always(&next_turn, seq);
			continue;
		}
		make_move(move, turn_group);
		if (move == END)
			*(int *)place = 0;
		atomic_store(&turn_of, 0);
		if (move == END)
			return 0;
	}
}

/* Applies the rule itself. The caller holds process_tree_lock. */
static bool is_orphaned_by_rule(int group)
{
	struct process *process;

	list_for_each_entry(process, &process_list, all) {
		const struct process *parent = process->parent;

		if (linux_process(process)->group == group && process->state == PROCESS_ALIVE &&
		    parent && parent->pid != PID_INIT &&
		    linux_process(parent)->session == linux_process(process)->session &&
		    linux_process(parent)->group != group)
			return false;
	}
	return true;
}

/* The first child in a tree, in one group or any (-1), found by a look at all of them. */
static struct process *first_by_look(struct process *parent, const struct tree *tree, int group)
{
	struct process *child;

	list_for_each_entry(child, &parent->children, sibling)
		if (linux_process(child)->child.in == tree &&
		    (group == -1 || linux_process(child)->group == group))
			return child;
	return NULL;
}

/* Are the children of a process sorted? The caller holds process_tree_lock. */
static void check_children(struct process *parent)
{
	const struct children *children = &linux_process(parent)->children;
	struct process *child;

	list_for_each_entry(child, &parent->children, sibling) {
		bool ended = child->state == PROCESS_ZOMBIE;

		EXPECT_TRUE(child->parent == parent);
		EXPECT_TRUE(linux_process(child)->child.in ==
			    &children->sorted[0][ended ? CHILD_ENDED : CHILD_RUNS]);
		EXPECT_TRUE(children_first(linux_process(child)->child.in,
					   linux_process(child)->group) ==
			    first_by_look(parent, linux_process(child)->child.in,
					  linux_process(child)->group));
	}
	for (unsigned i = 0; i < 2 * CHILD_STATES; i++) {
		const struct tree *tree = &children->sorted[0][0] + i;

		EXPECT_TRUE(children_first(tree, -1) == first_by_look(parent, tree, -1));
	}
}

/* How many groups are orphaned, and how many are not. */
static void compare(unsigned counts[2])
{
	struct process *process, *member;

	spin_lock(&process_tree_lock);
	list_for_each_entry(process, &process_list, all) {
		bool found = false;

		EXPECT_EQ(is_orphaned_by_rule(linux_process(process)->group),
			  pgrp_is_orphaned(linux_process(process)->group));
		for_each_group_member(member, linux_process(process)->group)
			found |= member == process;
		EXPECT_TRUE(found);
		counts[pgrp_is_orphaned(linux_process(process)->group)]++;
		check_children(process);
		process_tree_pause(); /* nobody moves, so `process` stays where it is */
	}
	spin_unlock(&process_tree_lock);
}

static void let_move(int pid, enum move move)
{
	turn = move;
	turn_group = players[ktest_random() % PLAYERS_MAX];
	atomic_store(&turn_of, pid);
	waitq_wake_all(&next_turn);
	while (atomic_load(&turn_of))
		sched_yield();
	if (move == END)
		ktest_settle(); /* it ends, and somebody is told */
}

KTEST(jobs_jobc_is_counted_as_the_rule_has_it)
{
	unsigned counts[2] = { 0 };

	players[0] = ktest_spawn(play, &players[0]);
	ASSERT_TRUE(players[0] > 0);
	for (unsigned i = 0; i < MOVES; i++) {
		int pid = players[ktest_random() % PLAYERS_MAX];
		enum move move = ktest_random() % MOVE_KINDS;

		if (pid > 0 && (move < SESSION || ktest_random() % 6 == 0))
			let_move(pid, move);
		if (pid <= 0 && players[0] == 0)
			players[0] = ktest_spawn(play, &players[0]);
		compare(counts);
	}
	ktest_note("%u times a group was orphaned, %u times not", counts[true], counts[false]);
	EXPECT_TRUE(counts[true] > MOVES / 2 && counts[false] > MOVES / 2);
	for (unsigned i = 0; i < PLAYERS_MAX; i++)
		if (players[i] > 0)
			let_move(players[i], END);
	spin_lock(&process_tree_lock);
	EXPECT_TRUE(list_empty(&process_find(PID_INIT)->children));
	spin_unlock(&process_tree_lock);
}

/* kill(getpid(), SIGSTOP); exit(5) */
PROGRAM(stops_itself, CALL(SYS_getpid), LI(A1, SIGSTOP), CALL(SYS_kill), EXIT(5));

static bool has_stopped(int pid)
{
	bool stopped;

	spin_lock(&process_tree_lock);
	stopped = atomic_load(&linux_process(process_find(pid))->signals.stopped) == SIGSTOP;
	spin_unlock(&process_tree_lock);
	return stopped;
}

/* A stop keeps nobody else from anything, and ends with SIGCONT. */
KTEST(jobs_stop_and_go_on)
{
	int pid = ktest_spawn(program_main, (void *)&stops_itself);
	uint64_t give_up = arch_time() + clock_ns_to_ticks(20 * NSEC_PER_SEC);

	ASSERT_TRUE(pid > 0);
	while (!has_stopped(pid) && arch_time() < give_up)
		sched_yield();
	EXPECT_TRUE(has_stopped(pid));
	EXPECT_EQ(0, process_kill(pid, SIGCONT));
	EXPECT_EQ(EXITED(5), ktest_reap(pid));
}

/* What is looked at stays while it is looked at, and is there afterwards. */
KTEST_IN_PROCESS(watch_holds_what_it_shows)
{
	struct uspace *uspace;
	struct exe *exe;

	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(0, inspect_space(0, &uspace, &exe));
		EXPECT_TRUE(uspace == current_process()->uspace);
		EXPECT_TRUE(exe == current_process()->exe);
		EXPECT_EQ(2, refcount_read(&uspace->refs));
		EXPECT_EQ(2, refcount_read(&exe->refs));
		uspace_put(uspace);
		exe_put(exe);
	}
	EXPECT_EQ(-ESRCH, inspect_space(PID_MAX - 1, &uspace, &exe));
}

/* ---- an orphan that ends while its group is woken ---- */

#ifdef FAULTLINE_HARDENED

PROGRAM(loops, LOOP);

static struct thread *leaver;
static int left; /* its child, which is stopped */

static struct process *init_process(void)
{
	return process_find(PID_INIT);
}

static bool is_child_of(int pid, bool of_init)
{
	struct process *process;
	bool is;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	is = process && process->parent == (of_init ? init_process() : current_process());
	spin_unlock(&process_tree_lock);
	return is;
}

/* The lock is dropped for the first time since the child has become an orphan: it goes on, and ends. */
static void end_orphan(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_UNLOCK || class != LOCK_PROCESS_TREE || current_thread() != leaver)
		return;
	interleave_hook = NULL;
	if (is_child_of(left, false)) {
		interleave_hook = end_orphan;
		return;
	}
	while (is_child_of(left, true))
		sched_yield();
}

/* SIGHUP kills the child as soon as SIGCONT continues it, and only its parent qualifies its group. */
static int leaves_a_stopped_child(void *unused)
{
	struct usage usage;
	int status = 0;

	left = ktest_spawn(program_main, (void *)&loops);
	EXPECT_EQ(0, pgrp_set(left, 0));
	EXPECT_EQ(0, process_kill(left, SIGSTOP));
	EXPECT_EQ(left, process_wait(left, WUNTRACED, &status, &usage));
	EXPECT_TRUE(WIFSTOPPED(status));
	leaver = current_thread();
	interleave_hook = end_orphan;
	return 0;
}

static void let_init_autoreap(bool autoreap)
{
	static struct signal_actions ignoring = { .lock = SPINLOCK_INIT(LOCK_SIGHAND),
						  .refs = REFCOUNT_INIT(1),
						  .ignored = SIGNAL_BIT(SIGCHLD) };
	struct signals *signals;

	spin_lock(&process_tree_lock);
	signals = &linux_process(init_process())->signals;
	spin_lock(&signals->lock);
	signals->actions = autoreap ? &ignoring : NULL;
	spin_unlock(&signals->lock);
	spin_unlock(&process_tree_lock);
}

/* Nobody looks at the orphan after that. */
KTEST_IN_PROCESS_ALONE(jobs_orphan_ends_while_its_group_is_woken)
{
	struct usage usage;
	int status = -1, child;

	let_init_autoreap(true);
	child = ktest_spawn(leaves_a_stopped_child, NULL);
	EXPECT_EQ(child, process_wait(child, 0, &status, &usage));
	EXPECT_EQ(EXITED(0), status);
	EXPECT_TRUE(!interleave_hook);
	interleave_hook = NULL;
	let_init_autoreap(false);
}

#endif
