/* SPDX-License-Identifier: MIT */
/* Races of threads and processes: sleep against wake-up, kill, stop, signals and moves; ends against ends (R150 to R152). */
#include "abi/errno.h"
#include "abi/futex.h"
#include "abi/mman.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "abi/time.h"
#include "abi/wait.h"
#include "arch/context.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "base/wall_clock.h"
#include "lib/bits.h"
#include "linux/process/fork.h"
#include "linux/process/futex_any.h"
#include "linux/process/reap.h"
#include "linux/ptrace/ptrace.h"
#include "linux/signal/action.h"
#include "linux/signal/kill.h"
#include "linux/signal/send.h"
#include "linux/signal/wait.h"
#include "linux/time/ptimer.h"
#include "proc/futex.h"
#include "proc/loan.h"
#include "proc/mutex.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/race.h"
#include "tests/kernel/user_program.h"

#define SIG 40

static struct waitq queue = WAITQ_INIT(queue);
static unsigned turn;

static void new_turn(void)
{
	turn = 0;
}

/* ---- sleep and wake-up ---- */

#define TURNS 40

static void pass_on(void)
{
	unsigned side = race_side();

	for (;;) {
		uint64_t seq = waitq_sample(&queue);
		unsigned now = atomic_load(&turn);

		if (now >= TURNS)
			break;
		if (now % RACE_SIDES != side) {
			if (thread_wait(&queue, seq))
				break;
			continue;
		}
		atomic_store(&turn, now + 1);
		waitq_wake_all(&queue);
	}
}

RACE(race_sleeps_and_wake_ups, .rounds = 12, .begin = new_turn,
     .sides = { pass_on, pass_on, pass_on })

static struct thread *sleeper;

static void note_sleeper(void)
{
	sleeper = current_thread();
	turn = 0;
}

/* Each sleep has a deadline, which is near. In the end the sleeper is on its own hart again. */
static void sleep_for_moments(void)
{
	uint64_t own = sched_harts(current_thread());

	for (unsigned i = 0; i < TURNS; i++) {
		uint64_t seq = waitq_sample(&queue);
		int err = thread_wait_until(&queue, seq, arch_time() + race_lot(80));

		EXPECT_TRUE(err == 0 || err == -ETIMEDOUT);
	}
	atomic_store(&turn, 1);
	while (!race_others_are_done())
		sched_yield();
	sched_set_harts(current_thread(), own);
	sched_move();
}

static void send_about(void)
{
	while (!atomic_load(&turn))
		sched_set_harts(sleeper, 1ul << race_lot(hart_count));
}

static void wake_now_and_then(void)
{
	while (!atomic_load(&turn)) {
		for (unsigned n = race_lot(1000); n > 0; n--)
			spin_pause();
		waitq_wake_one(&queue);
		sched_yield();
	}
}

static void nobody_waits(void)
{
	EXPECT_TRUE(list_empty(&queue.waiters));
}

/* The timer of a sleep is on the hart where it began, and the sleeper is elsewhere by then. */
RACE(race_deadlines_that_migrate, .rounds = 8, .begin = note_sleeper,
     .sides = { sleep_for_moments, send_about, wake_now_and_then }, .end = nobody_waits)

/* ---- waiters and timers without a thread ---- */

#define WAITS 150u

static unsigned nwoken, nleft;

static void new_waits(void)
{
	nwoken = nleft = 0;
}

static void do_nothing(struct waiter *waiter)
{
	(void)waiter;
}

static void enqueue_and_cancel(void)
{
	for (unsigned i = 0; i < WAITS; i++) {
		struct waiter waiter;

		waiter_init(&waiter, do_nothing);
		waitq_enqueue_now(&queue, &waiter);
		for (unsigned n = race_lot(30); n > 0; n--)
			spin_pause();
		if (!waitq_cancel(&waiter))
			atomic_add(&nleft, 1);
	}
}

static void wake_one_by_one(void)
{
	while (!race_others_are_done())
		nwoken += waitq_wake_one(&queue);
}

/* Who is woken has not left by itself, and who has left was not woken. */
static void all_are_counted(void)
{
	EXPECT_EQ(nwoken, nleft);
	EXPECT_TRUE(list_empty(&queue.waiters));
}

RACE(race_waiters_leave_and_are_woken, .rounds = 6, .begin = new_waits,
     .sides = { enqueue_and_cancel, enqueue_and_cancel, wake_one_by_one }, .end = all_are_counted)

#define TIMERS 3u

static struct alarm {
	struct timer timer;
	unsigned state; /* atomic: 0: the first side's to arm; 1: the second one's to cancel */
	unsigned rung;
	bool rings;
} alarms[TIMERS];

static void ring(struct timer *timer)
{
	struct alarm *alarm = container_of(timer, struct alarm, timer);

	atomic_store(&alarm->rings, true);
	for (unsigned n = 0; n < 40; n++)
		spin_pause();
	alarm->rung++;
	atomic_store(&alarm->rings, false);
}

static void new_alarms(void)
{
	for (unsigned i = 0; i < TIMERS; i++) {
		alarms[i] = (struct alarm){ .state = 0 };
		timer_init(&alarms[i].timer, ring);
	}
}

static void arm_alarms(void)
{
	for (unsigned i = 0; i < WAITS; i++) {
		struct alarm *alarm = &alarms[i % TIMERS];

		while (atomic_load(&alarm->state))
			sched_yield();
		alarm->rung = 0;
		timer_arm(&alarm->timer, arch_time() + race_lot(8));
		atomic_store(&alarm->state, 1);
	}
}

/* On another hart. Either it rings or it is taken off, and it has rung when it was not taken off. */
static void cancel_alarms(void)
{
	for (unsigned i = 0; i < WAITS; i++) {
		struct alarm *alarm = &alarms[i % TIMERS];
		bool was;

		while (!atomic_load(&alarm->state))
			sched_yield();
		was = timer_cancel(&alarm->timer);
		EXPECT_TRUE(!atomic_load(&alarm->rings));
		EXPECT_EQ(!was, alarm->rung);
		atomic_store(&alarm->state, 0);
	}
}

RACE(race_timers_ring_and_are_cancelled, .rounds = 4, .begin = new_alarms,
     .sides = { arm_alarms, cancel_alarms })

/* ---- mutexes ---- */

static struct mutex mutex;
static unsigned inside, passages;

/* Where the owner runs, who waits looks for the lock first, or sleeps at once. */
static void make_mutex(void)
{
	mutex_init(&mutex, LOCK_PIPE);
	inside = passages = 0;
	mutex_spin_rounds = race_below(2) * MUTEX_SPIN_ROUNDS;
}

static void pass_through(void)
{
	for (unsigned i = 0; i < 2 * TURNS; i++) {
		mutex_lock(&mutex);
		EXPECT_EQ(0, inside++);
		passages++;
		inside--;
		mutex_unlock(&mutex);
	}
}

static void all_are_out(void)
{
	mutex_spin_rounds = MUTEX_SPIN_ROUNDS;
	EXPECT_EQ(0, mutex.word);
}

static void all_have_passed(void)
{
	all_are_out();
	EXPECT_EQ(2 * RACE_SIDES * TURNS, passages);
}

RACE(race_mutex, .rounds = 30, .begin = make_mutex,
     .sides = { pass_through, pass_through, pass_through }, .end = all_have_passed)

/* ---- a sleeper is killed, and woken ---- */

static int victims[2];
static unsigned nready;

static int wait_for_turn(void *arg)
{
	(void)arg;
	atomic_add(&nready, 1);
	for (;;) {
		uint64_t seq = waitq_sample(&queue);

		if (atomic_load(&turn))
			return 4;
		if (thread_wait(&queue, seq))
			return 3;
	}
}

static void spawn_sleeper(void)
{
	turn = nready = 0;
	victims[0] = race_spawn(wait_for_turn, NULL);
	while (!atomic_load(&nready))
		sched_yield();
}

static void kill_first(void)
{
	EXPECT_EQ(0, process_kill(victims[0], SIGKILL));
}

static void give_turn(void)
{
	atomic_store(&turn, 1);
	waitq_wake_all(&queue);
}

static void reap_sleeper(void)
{
	int status = race_reap_killed(victims[0]);

	EXPECT_TRUE(status == -1 || status == 3 || status == 4);
	EXPECT_TRUE(list_empty(&queue.waiters));
}

RACE(race_sleeper_is_killed_and_woken, .rounds = 12, .begin = spawn_sleeper,
     .sides = { kill_first, give_turn }, .end = reap_sleeper)

/* Two wait for a lock: whoever is killed, the other one gets it. */
static int take_or_die(void *arg)
{
	(void)arg;
	atomic_add(&nready, 1);
	if (mutex_lock_killable(&mutex))
		return 3;
	mutex_unlock(&mutex);
	return 0;
}

static void spawn_lockers(unsigned n)
{
	make_mutex();
	nready = 0;
	mutex_lock(&mutex);
	for (unsigned i = 0; i < n; i++)
		victims[i] = race_spawn(take_or_die, NULL);
	while (atomic_load(&nready) < n)
		sched_yield();
}

static void spawn_two_lockers(void)
{
	spawn_lockers(2);
}

static void spawn_one_locker(void)
{
	spawn_lockers(1);
}

static void let_in(void)
{
	mutex_unlock(&mutex);
}

static void reap_lockers(void)
{
	int status = race_reap_killed(victims[0]);

	EXPECT_TRUE(status == -1 || status == 0 || status == 3);
	EXPECT_EQ(EXITED(0), race_reap(victims[1]));
	all_are_out();
}

RACE(race_lock_goes_to_who_is_not_killed, .rounds = 12, .begin = spawn_two_lockers,
     .sides = { let_in, kill_first }, .end = reap_lockers)

/* ---- processes in user mode ---- */

PROGRAM(loops, LOOP);

static void spawn_looper(void)
{
	victims[0] = race_spawn(program_main, (void *)&loops);
}

static void wait_for_events(void)
{
	struct usage usage;
	int status;

	for (unsigned i = 0; i < 3; i++) {
		long pid =
			process_wait(victims[0], WNOHANG | WUNTRACED | WCONTINUED, &status, &usage);

		EXPECT_TRUE(pid == 0 || pid == victims[0]);
	}
}

static void stop_it(void)
{
	for (unsigned i = 0; i < 3; i++)
		(void)process_kill(victims[0],
				   race_lot(2) ? SIGSTOP : SIGCONT); /* it may be gone */
}

static void stop_and_kill_it(void)
{
	stop_it();
	kill_first();
}

static void wait_for_its_end(void)
{
	EXPECT_EQ(KILLED(SIGKILL), race_reap(victims[0]));
}

RACE(race_stops_and_kills, .rounds = 12, .begin = spawn_looper,
     .sides = { wait_for_its_end, stop_it, stop_and_kill_it })

static void end_looper(void)
{
	kill_first();
	wait_for_its_end();
}

RACE(race_stops_and_waits, .rounds = 12, .begin = spawn_looper,
     .sides = { wait_for_events, stop_it, stop_it }, .end = end_looper)

/* Whoever attaches is not left to wait, and what it finds stopped is what wait4 tells it. */
static void trace_and_let_go(void)
{
	struct usage usage;
	int status;

	for (unsigned i = 0; i < 3; i++) {
		if (ptrace_attach(victims[0], race_lot(2), 0))
			continue; /* the other one traces it */
		if (ptrace_check(victims[0]) == 0)
			EXPECT_EQ(victims[0],
				  process_wait(victims[0], WNOHANG | __WALL, &status, &usage));
		while (ptrace_detach(victims[0], 0) && !current_killed()) {
			(void)process_kill(victims[0], SIGSTOP);
			sched_yield();
		}
	}
}

RACE(race_tracers_come_and_go, .rounds = 8, .begin = spawn_looper,
     .sides = { stop_it, trace_and_let_go, trace_and_let_go }, .end = end_looper)

/* A tracer attaches to a stopped process while its thread still forgets what the last tracer wanted. */
static void spawn_stopped(void)
{
	struct usage usage;
	int status;

	spawn_looper();
	EXPECT_EQ(0, process_kill(victims[0], SIGSTOP));
	EXPECT_EQ(victims[0], process_wait(victims[0], WUNTRACED, &status, &usage));
}

static void attach_again(void)
{
	for (unsigned i = 0; i < 8 && !current_killed(); i++) {
		while (ptrace_attach(victims[0], true, 0) && !current_killed())
			sched_yield(); /* the other side traces it */
		EXPECT_EQ(0, ptrace_check(victims[0]));
		EXPECT_EQ(0, ptrace_detach(victims[0], 0));
	}
}

RACE(race_stopped_process_is_attached_again, .rounds = 8, .begin = spawn_stopped,
     .sides = { attach_again, attach_again }, .end = end_looper)

/* The process has three threads, of which two compute in user mode. */
static int tid_of_second;

static int be_threads(void *arg)
{
	struct clone_request request = { .flags = CLONE_VM | CLONE_FS | CLONE_FILES |
						  CLONE_SIGHAND | CLONE_THREAD };

	(void)arg;
	EXPECT_EQ(0, program_load(&loops));
	arch_frame_start(arch_thread_frame(arch_this_thread()), CODE_AT, 0);
	(void)process_clone(&request);
	atomic_store(&tid_of_second, (int)process_clone(&request));
	while (!atomic_load(&turn) && !current_killed())
		sched_yield();
	return 7;
}

static void spawn_threads(void)
{
	turn = tid_of_second = 0;
	victims[0] = race_spawn(be_threads, NULL);
	while (!atomic_load(&tid_of_second))
		sched_yield();
	EXPECT_TRUE(tid_of_second > 0);
}

static void let_them_exit(void)
{
	atomic_store(&turn, 1);
}

static void kill_second_thread(void)
{
	const struct signal_info info = { .sig = race_lot(2) ? SIGKILL : SIGSTOP };

	(void)thread_signal(victims[0], tid_of_second, &info);
}

static void reap_threads(void)
{
	int status;

	kill_first(); /* one that is stopped does not end otherwise */
	status = race_reap(victims[0]);
	EXPECT_TRUE(status == EXITED(7) || status == KILLED(SIGKILL));
}

RACE(race_ends_of_threads, .rounds = 12, .begin = spawn_threads,
     .sides = { let_them_exit, kill_first, kill_second_thread }, .end = reap_threads)

/* ---- a parent and its child end ---- */

static int pid_of_child;

static int end_when_told(void *arg)
{
	while (!atomic_load(&turn))
		sched_yield();
	return (int)(uintptr_t)arg;
}

static int have_child(void *arg)
{
	atomic_store(&pid_of_child, race_spawn(end_when_told, (void *)5ul));
	return end_when_told(arg);
}

static void spawn_family(void)
{
	turn = pid_of_child = 0;
	victims[0] = race_spawn(have_child, (void *)6ul);
	while (!atomic_load(&pid_of_child))
		sched_yield();
}

static void reap_parent(void)
{
	EXPECT_EQ(EXITED(6), race_reap(victims[0]));
}

static void look_for_child(void)
{
	for (unsigned i = 0; i < 12; i++)
		(void)process_kill(pid_of_child,
				   SIGCONT); /* which does nothing, as long as it is there */
}

/* Whoever was the child's parent in the end has reaped it: process 1. */
static void child_is_reaped(void)
{
	EXPECT_EQ(EXITED(5), ktest_reap(pid_of_child));
}

RACE(race_parent_and_child_end, .rounds = 20, .begin = spawn_family,
     .sides = { reap_parent, let_them_exit, look_for_child }, .end = child_is_reaped)

/* The signal of a child's end, which has a handler, does not end the wait for that child. */
static void spawn_child_with_handler(void)
{
	const struct abi_sigaction action = { .handler = CODE_AT };
	struct abi_sigaction before;

	turn = 0;
	EXPECT_EQ(0, signal_action(SIGCHLD, &action, &before));
	victims[0] = race_spawn(end_when_told, (void *)7ul);
}

static void reap_child(void)
{
	EXPECT_EQ(EXITED(7), race_reap(victims[0]));
}

static void forget_its_signal(void)
{
	struct signal_info info;

	EXPECT_EQ(SIGCHLD, signal_wait(SIGNAL_BIT(SIGCHLD), 0, &info));
}

RACE(race_signal_of_an_end_and_the_wait_for_it, .rounds = 20, .begin = spawn_child_with_handler,
     .sides = { reap_child, let_them_exit }, .end = forget_its_signal)

/* ---- timers of a process ---- */

/* It arms timers wherever it runs, and sets and deletes them from there while they go off elsewhere. */
static int run_timers(void *arg)
{
	const struct ptimer_event event = { .sig = SIG, .notify = SIGEV_SIGNAL };
	const uint64_t all = ~0ull;
	uint64_t old_mask;
	int last = -1;

	(void)arg;
	EXPECT_EQ(0, signal_mask(SIG_BLOCK, &all, &old_mask));
	sleeper = current_thread();
	atomic_add(&nready, 1);
	for (unsigned i = 0; i < 10 * TURNS && !current_killed(); i++) {
		struct timer_spec spec = { .value = 5000 + i * 17777 % 90000, .interval = 5000 },
				  old;
		struct ptimer *it;

		itimer_set(ITIMER_REAL, &spec, &old);
		EXPECT_EQ(0, ptimer_create(&event, &it));
		EXPECT_EQ(0, ptimer_publish(it, CLOCK_MONOTONIC));
		EXPECT_EQ(0, ptimer_set(it->id, false, &spec, &old));
		sched_move();
		for (unsigned n = i * 777 % 2500; n > 0; n--)
			spin_pause();
		if (i % 4 == 0)
			EXPECT_EQ(0, ptimer_set(it->id, false, &spec, &old));
		if (last >= 0)
			EXPECT_EQ(0, ptimer_delete(last)); /* armed on another hart, perhaps */
		last = it->id;
		if (i % 8 == 7) {
			ptimers_exec();
			last = -1;
		}
	}
	return 0;
}

static void spawn_timers(void)
{
	nready = 0;
	victims[0] = race_spawn(run_timers, NULL);
	while (!atomic_load(&nready))
		sched_yield();
}

static void send_timers_about(void)
{
	for (unsigned i = 0; i < 10 * TURNS; i++) {
		sched_set_harts(sleeper, 1ul << race_lot(hart_count));
		for (unsigned n = race_lot(2000); n > 0; n--)
			spin_pause();
	}
	sched_set_harts(sleeper, hart_mask());
}

static void kill_after_a_while(void)
{
	for (unsigned n = race_lot(1500000); n > 0; n--)
		spin_pause();
	kill_first();
}

static void reap_timers(void)
{
	int status = race_reap_killed(victims[0]);

	EXPECT_TRUE(status == -1 || status == 0);
}

RACE(race_timers_move_and_end_with_their_process, .rounds = 6, .begin = spawn_timers,
     .sides = { kill_after_a_while, send_timers_about }, .end = reap_timers)

/* ---- signals ---- */

#define OF_A_SIDE 4u

static int receiver;
static unsigned received[RACE_SIDES];

static void block_signal(void)
{
	const uint64_t set = SIGNAL_BIT(SIG);
	uint64_t old;

	receiver = current_process()->pid;
	memset(received, 0, sizeof(received));
	EXPECT_EQ(0, signal_mask(SIG_BLOCK, &set, &old));
}

/* Each that was sent comes, those of a sender in its order. */
static void take_signals(void)
{
	for (unsigned i = 0; i < 2 * OF_A_SIDE; i++) {
		struct signal_info info;
		uint64_t value;

		if (signal_wait(SIGNAL_BIT(SIG), UINT64_MAX, &info) != SIG)
			return;
		value = info.value;
		EXPECT_TRUE(value / 100 < RACE_SIDES && received[value / 100]++ == value % 100);
	}
}

static void send_signals(void)
{
	for (unsigned i = 0; i < OF_A_SIDE; i++) {
		struct signal_info info = { .sig = SIG,
					    .code = SI_QUEUE,
					    .value = 100 * race_side() + i };

		EXPECT_EQ(0, process_signal(receiver, &info));
	}
}

RACE(race_signals_are_all_taken, .rounds = 24, .begin = block_signal,
     .sides = { take_signals, send_signals, send_signals })

/* ---- futexes ---- */

#define WORD_AT 0x40000000ul

static const struct futex_word word = { .at = WORD_AT }, other = { .at = WORD_AT + 64 };

static void map_words(void)
{
	EXPECT_TRUE(race_map(WORD_AT, PAGE_SIZE, MAP_PRIVATE, NULL));
}

/* Two take turns: the word counts them. */
static void take_turns(void)
{
	uint64_t now = 0;

	while (race_load(WORD_AT, &now) && now < TURNS) {
		if (now % 2 != race_side()) {
			const struct deadline soon = { .at = arch_time() + race_lot(60) };

			if (futex_wait(word, (uint32_t)now, FUTEX_BITSET_MATCH_ANY,
				       race_lot(4) ? NULL : &soon) == -EINTR)
				break;
			continue;
		}
		EXPECT_TRUE(race_store(WORD_AT, now + 1));
		EXPECT_TRUE(futex_wake(word, 1, FUTEX_BITSET_MATCH_ANY) >= 0);
	}
}

/* Who waits is moved to another word and woken there. */
static void move_waiters(void)
{
	while (!race_others_are_done()) {
		EXPECT_TRUE(futex_requeue(word, other, 0, 5, NULL) >= 0);
		EXPECT_TRUE(futex_wake(other, 5, FUTEX_BITSET_MATCH_ANY) >= 0);
	}
}

RACE(race_futexes, .rounds = 8, .shares_space = true, .begin = map_words,
     .sides = { take_turns, take_turns, move_waiters })

/* Until the word is there; with `both` for two words at once. Returns 3 if it was a signal that ended the wait. */
static int wait_for_word(void *both)
{
	const struct futex_expected words[] = { { .word = word }, { .word = other } };
	uint64_t now = 0;
	int err = 0;

	uspace_get(race_space);
	uspace_put(race_use_space(race_space));
	atomic_add(&nready, 1);
	while (err != -EINTR) {
		EXPECT_TRUE(race_load(WORD_AT, &now));
		if (now)
			return 4;
		err = both ? futex_wait_any(words, ARRAY_SIZE(words), NULL)
			   : futex_wait(word, 0, FUTEX_BITSET_MATCH_ANY, NULL);
	}
	return 3;
}

static void spawn_word_waiters(void)
{
	map_words();
	nready = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(victims); i++)
		victims[i] = race_spawn(wait_for_word, (race_round + i) % 2 ? &nready : NULL);
	while (atomic_load(&nready) < ARRAY_SIZE(victims))
		sched_yield();
}

static void end_first(void)
{
	EXPECT_EQ(0, process_kill(victims[0], race_lot(2) ? SIGKILL : SIGTERM));
}

/* Whoever waits, for whichever word by then, is to find it. */
static void give_word(void)
{
	EXPECT_TRUE(race_store(WORD_AT, 1));
	EXPECT_TRUE(futex_requeue(word, other, race_lot(2), 5, NULL) >= 0);
	EXPECT_TRUE(futex_wake(word, 5, FUTEX_BITSET_MATCH_ANY) >= 0);
	EXPECT_TRUE(futex_wake(other, 5, FUTEX_BITSET_MATCH_ANY) >= 0);
}

static void move_some(void)
{
	for (unsigned i = 0; i < 8; i++) {
		EXPECT_TRUE(futex_requeue(word, other, 0, 1, NULL) >= 0);
		EXPECT_TRUE(futex_requeue(other, word, 0, 1, NULL) >= 0);
	}
	/* What was on its way while the others were woken. */
	while (!race_others_are_done())
		sched_yield();
	EXPECT_TRUE(futex_wake(word, 5, FUTEX_BITSET_MATCH_ANY) >= 0);
	EXPECT_TRUE(futex_wake(other, 5, FUTEX_BITSET_MATCH_ANY) >= 0);
}

static void reap_word_waiters(void)
{
	int status = race_reap(victims[0]);

	EXPECT_TRUE(status == KILLED(SIGKILL) || status == KILLED(SIGTERM) || status == EXITED(3) ||
		    status == EXITED(4));
	EXPECT_EQ(EXITED(4), race_reap(victims[1]));
}

/* A waiter is killed, or ends by a signal, while it is moved and woken; the other one is woken whatever becomes of it. */
RACE(race_futex_waiter_ends_as_it_is_woken, .rounds = 6, .shares_space = true,
     .begin = spawn_word_waiters, .sides = { end_first, give_word, move_some },
     .end = reap_word_waiters)

static void reap_one_locker(void)
{
	(void)race_reap_killed(victims[0]);
	all_are_out();
}

/* The unlock finds that somebody waits, and then nobody any more. */
RACE(race_lock_whose_only_waiter_is_killed, .rounds = 20, .begin = spawn_one_locker,
     .sides = { let_in, kill_first }, .end = reap_one_locker)

/* ---- who waits for a mutex lends to its owner ---- */

#define TAKERS	      6
#define TAKERS_KILLED 4 /* of them */

static struct thread *lockers[TAKERS]; /* atomic: NULL until they run; they stay until `may_end` */
static int takers[TAKERS];
static unsigned may_end;

static int take_by_turns(void *arg)
{
	struct thread **self = arg;
	int err = 0;

	atomic_store(self, current_thread());
	for (unsigned i = 0; i < TURNS && !err; i++) {
		err = mutex_lock_killable(&mutex);
		if (err)
			break;
		EXPECT_EQ(0, inside++);
		if (i % 3 == 0)
			sched_yield();
		inside--;
		mutex_unlock(&mutex);
	}
	while (!atomic_load(&may_end))
		thread_sleep_always(&queue, waitq_sample(&queue),
				    arch_time() + clock_timebase() / 1000);
	EXPECT_TRUE(tree_empty(&current_thread()->loans) && !current_thread()->lends);
	EXPECT_EQ(current_thread()->wish.any, current_thread()->runs_as.any);
	return err ? 3 : 0;
}

static void spawn_takers(void)
{
	make_mutex();
	atomic_store(&may_end, 0);
	for (unsigned i = 0; i < TAKERS; i++) {
		atomic_store(&lockers[i], NULL);
		takers[i] = race_spawn(take_by_turns, &lockers[i]);
	}
	for (unsigned i = 0; i < TAKERS; i++)
		while (!atomic_load(&lockers[i]))
			sched_yield();
}

static void ask_for_policies(void)
{
	for (unsigned i = 0; i < TURNS; i++) {
		unsigned priority = race_lot(3);

		ktest_ask(lockers[race_lot(TAKERS)], priority ? SCHED_FIFO : SCHED_OTHER, priority,
			  0);
	}
	for (unsigned i = 0; i < TAKERS; i++)
		ktest_ask(lockers[i], SCHED_OTHER, 0, (int)race_lot(20));
	atomic_store(&may_end, 1);
}

/* Whoever is killed lends, is lent to, waits behind others, or has the lock. */
static void kill_takers(void)
{
	for (unsigned i = 0; i < TAKERS_KILLED; i++) {
		for (unsigned turns = race_lot(4); turns--;) {
			mutex_lock(&mutex);
			EXPECT_EQ(0, inside++);
			sched_yield();
			inside--;
			mutex_unlock(&mutex);
		}
		EXPECT_EQ(0, process_kill(takers[i], SIGKILL));
	}
}

static void reap_takers(void)
{
	for (unsigned i = 0; i < TAKERS; i++) {
		int status = race_reap_killed(takers[i]);

		EXPECT_TRUE(status == 0 || (i < TAKERS_KILLED && (status == -1 || status == 3)));
	}
	all_are_out();
}

RACE(race_mutex_lends_as_priorities_change, .rounds = 4, .begin = spawn_takers,
     .sides = { ask_for_policies, pass_through, kill_takers }, .end = reap_takers)
