/* SPDX-License-Identifier: MIT */
/* What a process that the OOM killer ends still tells others: robust futexes and the child-tid word. */
#include "abi/errno.h"
#include "abi/futex.h"
#include "abi/mman.h"
#include "abi/signal.h"
#include "base/log.h"
#include "desc/file.h"
#include "ipc/endpoint.h"
#include "linux/process/task.h"
#include "linux/signal/kill.h"
#include "mm/fault/get_user_page.h"
#include "mm/object/object_io.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "proc/futex.h"
#include "proc/mutex.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/squeeze.h"
#include "tests/kernel/user_program.h"

#define NEVER	 UINT64_MAX
#define BIG	 (1ul << 32)
#define BIG_AT	 DATA_AT
#define OWNED	 400	       /* pages of it that an owner has at first */
#define LIST_AT	 (BIG_AT + 64) /* the list is in private memory, its words are not */
#define ENTRY_AT (LIST_AT + sizeof(struct abi_robust_list_head))
#define WORDS_AT (4 * BIG)
#define ROBUST	 0 /* the offset of the robust futex */
#define TID	 8 /* and of the child-tid word */

PROGRAM(spins, LOOP);
/* Writes a word to each page from DATA_AT on, for ever */
PROGRAM(eats, LUI(T0, DATA_PAGES), LUI(T1, 1), SD(T1, 0, T0), CODE_I(0x33u, 0, T0, T0, T1),
	0xff9ff06fu /* back to the store */);

static struct object *words;
static unsigned nready;
static struct waitq never = WAITQ_INIT(never);
static struct file *receive_end, *send_end;
static struct mutex held;

static uint32_t word_at(uint64_t offset)
{
	uint32_t word = 0;

	EXPECT_EQ((long)sizeof(word), object_read_kernel(words, offset, &word, sizeof(word)));
	return word;
}

static void map_words(struct uspace *us)
{
	struct map_request request = { .addr = WORDS_AT,
				       .len = PAGE_SIZE,
				       .prot = READ_WRITE,
				       .max_prot = READ_WRITE,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .object = words };
	vaddr_t at;

	uspace_lock(us);
	EXPECT_EQ(0, vm_map(&us->space, &request, &at));
	uspace_unlock(us);
}

/* Makes the running process the owner of the robust futex, with much memory of its own. */
static void own(const struct program *program)
{
	const struct {
		struct abi_robust_list_head head;
		struct abi_robust_list entry;
	} list = { { { ENTRY_AT }, WORDS_AT + ROBUST - ENTRY_AT, 0 }, { LIST_AT } };
	struct process *process = current_process();
	uint32_t word = (uint32_t)process->pid | FUTEX_WAITERS, tid = 1;
	struct uspace *us = process->uspace;

	EXPECT_EQ(0, program_load(program));
	map_words(us);
	uspace_lock(us);
	EXPECT_EQ((long)BIG_AT, space_map(us, BIG_AT, BIG, READ_WRITE, 0));
	EXPECT_EQ(0, vm_madvise(&us->space, BIG_AT, OWNED * PAGE_SIZE, MADV_POPULATE_WRITE));
	uspace_unlock(us);
	EXPECT_EQ(0, vm_copy_to(&us->space, LIST_AT, &list, sizeof(list)));
	EXPECT_EQ(0, vm_copy_to(&us->space, WORDS_AT + ROBUST, &word, sizeof(word)));
	EXPECT_EQ(0, vm_copy_to(&us->space, WORDS_AT + TID, &tid, sizeof(tid)));
	current_task()->robust_list = LIST_AT;
	atomic_add(&nready, 1);
}

static int spin(void *arg)
{
	own(arg);
	ktest_enter(CODE_AT, 0);
}

static int doze(void *arg)
{
	own(arg);
	return thread_wait_interruptible(&never, waitq_sample(&never)) == -EINTR ? 0 : 1;
}

static int call(void *arg)
{
	struct ipc_words message = { 0 };

	own(arg);
	return endpoint_call(send_end, &message, NULL, NEVER) == -EINTR ? 0 : 1;
}

static int want_lock(void *arg)
{
	own(arg);
	mutex_lock(&held);
	mutex_unlock(&held);
	return 0;
}

/* A neighbour that waits for the owner. Its status tells what became of that. */
static int wait_for_owner(void *arg)
{
	const struct futex_word word = { .at = WORDS_AT + ROBUST, .shared = true };
	uint32_t value = word_at(ROBUST);
	int err;

	map_words(current_process()->uspace);
	atomic_add(&nready, 1);
	if (value & FUTEX_OWNER_DIED)
		return 0; /* the owner has ended before this began */
	err = futex_wait(word, value, FUTEX_BITSET_MATCH_ANY, NULL);
	if (err == -EAGAIN)
		err = 0; /* the owner has ended since then */
	return err || !(word_at(ROBUST) & FUTEX_OWNER_DIED);
}

static bool is_asleep(int pid)
{
	struct process *process;
	bool asleep;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	asleep = process && process->state == PROCESS_ALIVE && sched_is_asleep(process->leader);
	spin_unlock(&process_tree_lock);
	return asleep;
}

static int spawn(int (*fn)(void *arg), const void *arg, bool sleeps)
{
	int pid;

	nready = 0;
	pid = ktest_spawn(fn, (void *)(uintptr_t)arg);
	while (pid > 0 && (!atomic_load(&nready) || (sleeps && !is_asleep(pid))))
		sched_yield();
	return pid;
}

/*
 * One allocation that finds no memory; trimming has been tried in vain. What is logged is not shown:
 * that takes so long that whoever is killed would run meanwhile.
 */
static void end_somebody(void)
{
	struct relief relief = { .turn = 1 };

	log_show_level(LOG_ERROR);
	EXPECT_EQ(0, relieve_when_low(&relief));
	log_show_level(LOG_INFO);
}

static bool begin(void)
{
	words = object_create_anon(PAGE_SIZE);
	receive_end = endpoint_create();
	return words && receive_end && endpoint_badge(receive_end, 1, false, &send_end) == 0;
}

static void end(void)
{
	file_put(send_end);
	file_put(receive_end);
	object_put(words);
}

/* The owner has ended. Was its word marked, and its neighbour woken? */
static void check_told(int neighbour)
{
	EXPECT_EQ((long)(FUTEX_OWNER_DIED | FUTEX_WAITERS), (long)word_at(ROBUST));
	if (!(word_at(ROBUST) & FUTEX_OWNER_DIED))
		EXPECT_EQ(0, process_kill(neighbour, SIGKILL)); /* nobody else wakes it */
	EXPECT_EQ(EXITED(0), ktest_reap(neighbour));
}

/*
 * R43, R151: who is killed for its memory marks its robust futexes before that memory is gone,
 * whatever it was doing.
 */
KTEST_ALONE(oom_leaves_robust_futexes_to_others)
{
	static const struct {
		int (*fn)(void *arg);
		bool sleeps;
		int status;
	} owners[] = {
		{ spin, false, KILLED(SIGKILL) },
		{ doze, true, EXITED(0) }, /* in the kernel, these end by themselves */
		{ call, true, EXITED(0) },
	};

	ASSERT_TRUE(begin());
	for (unsigned i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		int owner = spawn(owners[i].fn, &spins, owners[i].sleeps);
		int neighbour = spawn(wait_for_owner, NULL, true);
		size_t before;

		ASSERT_TRUE(owner > 0 && neighbour > 0);
		mm_trim();
		before = page_alloc_free_count();
		end_somebody();
		EXPECT_TRUE(page_alloc_free_count() >= before + OWNED);
		EXPECT_EQ(owners[i].status, ktest_reap(owner));
		check_told(neighbour);
	}
	end();
}

/* Robust futexes are left, too, if it was its own fault that found no memory. */
KTEST(oom_leaves_robust_futexes_of_who_needed_memory)
{
	struct page *taken;
	int owner, neighbour;

	ASSERT_TRUE(begin());
	taken = squeeze(4000);
	owner = spawn(spin, &eats, false);
	neighbour = spawn(wait_for_owner, NULL, false);
	ASSERT_TRUE(owner > 0 && neighbour > 0);
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(owner));
	check_told(neighbour);
	squeeze_end(taken);
	end();
}

/* R43: nobody waits for long for one that can't end yet: its memory comes back all the same */
KTEST(oom_takes_the_memory_of_one_who_needs_a_lock_held_here)
{
	size_t before;
	int owner;

	ASSERT_TRUE(begin());
	mutex_init(&held, LOCK_PIPE);
	mutex_lock(&held);
	owner = spawn(want_lock, &spins, true);
	ASSERT_TRUE(owner > 0);
	mm_trim();
	before = page_alloc_free_count();
	end_somebody();
	EXPECT_TRUE(page_alloc_free_count() >= before + OWNED);
	mutex_unlock(&held);
	EXPECT_EQ(EXITED(0), ktest_reap(owner));
	end();
}
