/* SPDX-License-Identifier: MIT */
/* Races: a few threads, each on a hart of its own, do at the same time what the tests say, again and again. */
#include "tests/kernel/race.h"

#include "abi/mman.h"
#include "abi/signal.h"
#include "abi/wait.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/panic.h"
#include "lib/bits.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/interleave.h"
#include "sync/spinlock.h"

#define SECONDS_MAX 20 /* of the machine's time, in which something has to go on */
#define ALONE_IN    32 /* with one hart, one in so many rounds */
#define DELAY_BITS  12 /* the longest delay is so many turns of an empty loop, as a power of 2 */

#define LINGER_IN   16	 /* at so many points, once */
#define LINGER_MOST 2000 /* turns of such a loop */

struct uspace *race_space;
unsigned race_round;

static const struct race *race;
static unsigned nsides;
static bool over; /* somebody hangs */
static int pids[RACE_SIDES];
static struct process *processes[RACE_SIDES];
static uint64_t lots[RACE_SIDES];
#ifdef FAULTLINE_HARDENED
static uint64_t lingering[HART_MAX];
#endif

/* Counted over all rounds, so that nobody has to set them back; and the sides that have ended. */
static unsigned begun, met, done, gone;
static struct waitq changed = WAITQ_INIT(changed), ends = WAITQ_INIT(ends);

/* splitmix64 */
static unsigned draw(uint64_t *state, unsigned n)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (unsigned)((z >> 32) * n >> 32);
}

unsigned race_side(void)
{
	unsigned side = 0;

	while (side < nsides - 1 && atomic_load(&processes[side]) != current_process())
		side++;
	return side;
}

unsigned race_lot(unsigned n)
{
	return draw(&lots[race_side()], n);
}

unsigned race_below(unsigned n)
{
	return draw(&lots[0], n);
}

bool race_others_are_done(void)
{
	return over || atomic_load(&done) >= nsides * race_round + nsides - 1;
}

/* Sleeps until *count has come so far. Returns false if it does not. */
static bool await(const unsigned *count, unsigned least)
{
	while (!atomic_load(&over)) {
		uint64_t seq = waitq_sample(&changed);

		if (atomic_load(count) >= least)
			return true;
		if (thread_wait(&changed, seq))
			return false;
	}
	return false;
}

static void tell(unsigned *count)
{
	atomic_add(count, 1);
	waitq_wake_all(&changed);
}

/* All go on at the same time, as far as harts can. */
static void meet(unsigned round)
{
	atomic_add(&met, 1);
	while (atomic_load(&met) < nsides * (round + 1) && !over)
		sched_yield();
}

static void delay(unsigned side)
{
	unsigned n = 1u << draw(&lots[side], DELAY_BITS + 1);

	for (n = draw(&lots[side], n); n > 0; n--)
		spin_pause();
}

struct uspace *race_use_space(struct uspace *us)
{
	struct process *process = current_process();
	struct uspace *before;

	spin_lock(&process_tree_lock);
	before = process->uspace;
	process->uspace = us;
	spin_unlock(&process_tree_lock);
	sched_use_mmu(&us->space.mmu);
	return before;
}

static void enter_space(struct uspace **own)
{
	uspace_get(race_space);
	*own = race_use_space(race_space);
}

static void leave_space(struct uspace *own)
{
	uspace_put(race_use_space(own));
}

bool race_map(vaddr_t at, size_t len, unsigned flags, struct object *object)
{
	struct map_request request = { .addr = at,
				       .len = len,
				       .prot = READ_WRITE,
				       .max_prot = READ | WRITE | EXEC,
				       .flags = flags | MAP_FIXED | (object ? 0 : MAP_ANONYMOUS),
				       .object = object };
	vaddr_t where;
	int err;

	uspace_lock(race_space);
	err = vm_map(&race_space->space, &request, &where);
	uspace_unlock(race_space);
	return err == 0;
}

struct uspace *race_fork_space(void)
{
	struct uspace *child = uspace_create();

	if (!child)
		return NULL;
	uspace_lock(race_space);
	mutex_lock_nested(&child->mmap_lock);
	EXPECT_EQ(0, vm_fork(&race_space->space, &child->space));
	uspace_unlock(child);
	uspace_unlock(race_space);
	return child;
}

static bool make_space(void)
{
	race_space = uspace_create();
	if (!race_space)
		return false;
	race_space->space.brk_start = race_space->space.brk = race_space->space.brk_high = HEAP_AT;
	race_space->space.limit_as = race_space->space.limit_data = race_space->space.limit_stack =
		UINT64_MAX;
	space_share(&race_space->space);
	return true;
}

static void first_side(unsigned round)
{
	struct uspace *own = NULL;

	race_round = round;
	if (race->shares_space) {
		ASSERT_TRUE(make_space());
		own = race_use_space(race_space);
	}
	if (race->begin)
		race->begin();
	tell(&begun);
	meet(round);
	delay(0);
	race->sides[0]();
	atomic_add(&done, 1);
	if (await(&done, nsides * (round + 1)) && race->end)
		race->end();
	if (own)
		leave_space(own);
}

static void other_side(unsigned round, unsigned side)
{
	struct uspace *own = NULL;

	if (!await(&begun, round + 1))
		return;
	if (race->shares_space)
		enter_space(&own);
	meet(round);
	delay(side);
	race->sides[side]();
	tell(&done);
	if (own)
		leave_space(own);
}

static unsigned rounds(void)
{
	return hart_are_several() ? race->rounds : 1 + race->rounds / ALONE_IN;
}

static int side_main(void *arg)
{
	unsigned side = (unsigned)(uintptr_t)arg;

	atomic_store(&processes[side], current_process());
	sched_set_harts(current_thread(), 1ul << (hart_count - 1 - side % hart_count));
	sched_move();
	for (unsigned round = 0; round < rounds() && !atomic_load(&over); round++) {
		if (side == 0)
			first_side(round);
		else
			other_side(round, side);
	}
	atomic_add(&gone, 1);
	waitq_wake_all(&ends);
	return 0;
}

/* Somebody hangs. All are killed, which ends most waits. */
static void give_up(void)
{
	ktest_fail(__FILE__, __LINE__, "sides that are done", nsides,
		   atomic_load(&done) - nsides * race_round);
	ktest_note("round %u hangs", race_round);
	atomic_store(&over, true);
	for (unsigned i = 0; i < nsides; i++)
		(void)ktest_kill(pids[i]);
	waitq_wake_all(&changed);
}

/* Until all sides have ended, or nothing goes on. Sides that the kill does not end would hang the test for ever. */
static void watch(void)
{
	unsigned before = ~0u;

	for (;;) {
		uint64_t seq = waitq_sample(&ends), now = arch_time();
		unsigned progress = atomic_load(&begun) + atomic_load(&done) + atomic_load(&gone);

		if (atomic_load(&gone) == nsides)
			break;
		if (thread_wait_until(&ends, seq,
				      now + clock_ns_to_ticks(SECONDS_MAX * NSEC_PER_SEC)) == 0)
			continue;
		if (progress == before && over)
			panic("race: %u sides sleep for ever", nsides - atomic_load(&gone));
		if (progress == before)
			give_up();
		before = progress;
	}
}

#ifdef FAULTLINE_HARDENED

/* Where a hart is about to take a lock, or has released one, it lingers now and then: whoever looks outside of locks is late. */
static void linger(enum interleave_kind kind, enum lock_class class, void *what)
{
	uint64_t *own = &lingering[hart_this()->index];

	(void)class, (void)what;
	if (kind != INTERLEAVE_MUTEX && draw(own, LINGER_IN) == 0)
		for (unsigned n = draw(own, LINGER_MOST); n > 0; n--)
			spin_pause();
}

static void linger_at_locks(bool on)
{
	for (unsigned i = 0; i < hart_count; i++)
		lingering[i] = ktest_random();
	interleave_hook = on && hart_are_several() ? linger : NULL;
}

#else

static void linger_at_locks(bool on)
{
	(void)on;
}

#endif

void race_run(const struct race *which)
{
	race = which;
	begun = met = done = gone = 0;
	over = false;
	race_round = 0;
	for (nsides = 0; nsides < RACE_SIDES && race->sides[nsides];)
		lots[nsides++] = ktest_random();
	linger_at_locks(true);
	for (unsigned i = 0; i < nsides; i++)
		pids[i] = ktest_spawn(side_main, (void *)(uintptr_t)i);
	watch();
	linger_at_locks(false);
	for (unsigned i = 0; i < nsides; i++)
		EXPECT_EQ(EXITED(0), ktest_reap(pids[i]));
}

int race_spawn(int (*fn)(void *arg), void *arg)
{
	uint64_t own = sched_harts(current_thread());
	int pid;

	sched_set_harts(current_thread(), hart_mask()); /* which the child inherits */
	pid = ktest_spawn(fn, arg);
	sched_set_harts(current_thread(), own);
	sched_move();
	EXPECT_TRUE(pid > 0);
	return pid;
}

int race_reap(int pid)
{
	int status = -1;

	EXPECT_EQ(pid, ktest_wait(pid, 0, &status));
	return status;
}

int race_reap_killed(int pid)
{
	int status = race_reap(pid);

	return status == KILLED(SIGKILL) ? -1 : status >> 8;
}
