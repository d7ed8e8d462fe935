/* SPDX-License-Identifier: MIT */
/* The out-of-memory policy: who goes, and what comes back. */
#include "linux/process/oom.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "abi/poll.h"
#include "abi/signal.h"
#include "abi/syscall.h"
#include "arch/frame.h"
#include "base/log.h"
#include "desc/poll.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/tmpfs/memfd.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/signal/kill.h"
#include "linux/sys/calls.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "proc/mem_wait.h"
#include "proc/mutex.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/late_event.h"
#include "tests/kernel/squeeze.h"
#include "tests/kernel/user_program.h"

PROGRAM(spins, LOOP);
/* Writes a word to each page from DATA_AT on, for ever */
PROGRAM(eats, LUI(T0, DATA_PAGES), LUI(T1, 1), SD(T1, 0, T0), CODE_I(0x33u, 0, T0, T0, T1),
	0xff9ff06fu /* back to the store */);

/* Trimming has been tried in vain. */
static int end_somebody(void)
{
	struct relief relief = { .turn = 1 };

	return relieve_when_low(&relief);
}

static bool ready;

static void take_pages(size_t n)
{
	struct uspace *us = current_process()->uspace;

	EXPECT_EQ(0, program_load(&spins));
	uspace_lock(us);
	EXPECT_TRUE(space_map(us, 16 * DATA_AT, n * PAGE_SIZE, READ_WRITE, 0) > 0);
	EXPECT_EQ(0, vm_madvise(&us->space, 16 * DATA_AT, n * PAGE_SIZE, MADV_POPULATE_WRITE));
	uspace_unlock(us);
	atomic_store(&ready, true);
}

/* A process with `arg` pages of its own that then does nothing. */
static int hold_pages(void *arg)
{
	take_pages((size_t)arg);
	ktest_enter(CODE_AT, 0);
}

static int spawn_holder(int (*hold)(void *), size_t pages)
{
	int pid;

	ready = false;
	pid = ktest_spawn(hold, (void *)pages);
	while (pid > 0 && !atomic_load(&ready))
		sched_yield();
	return pid;
}

/* One that was spared: it can still be ended. */
static void end_bystander(int pid)
{
	EXPECT_EQ(0, process_kill(pid, SIGTERM));
	EXPECT_EQ(KILLED(SIGTERM), ktest_reap(pid));
}

/* R43: the one with the most resident memory goes, by SIGKILL, and its memory comes back at once */
KTEST_ALONE(oom_ends_the_process_with_the_most_memory)
{
	int small = spawn_holder(hold_pages, 20), large = spawn_holder(hold_pages, 400),
	    middle = spawn_holder(hold_pages, 100);
	size_t before = page_alloc_free_count();

	ASSERT_TRUE(small > 0 && large > 0 && middle > 0);
	mm_trim();
	before = page_alloc_free_count();
	EXPECT_EQ(0, end_somebody());
	EXPECT_TRUE(page_alloc_free_count() >= before + 400);
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(large));
	EXPECT_EQ(0, process_kill(small, 0));
	EXPECT_EQ(0, end_somebody());
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(middle));
	end_bystander(small);
}

static struct thread *thread_of(int pid)
{
	struct thread *thread;

	spin_lock(&process_tree_lock);
	thread = process_find(pid)->leader;
	spin_unlock(&process_tree_lock);
	return thread;
}

#define SMALL 40 /* processes */
#define NEIGHBOUR \
	60 /* pages: more than each of these has, and less than a third of what all have */

static uint32_t next_uid;
static struct waitq never = WAITQ_INIT(never);

#define CHOSEN 2 /* the status of one that was */

/* As hold_pages(), as a user, and asleep: so many would take long to have a turn each. A signal ends it. */
static int hold_as_user(void *arg)
{
	struct cred *cred = cred_prepare();

	cred->uid = cred->euid = cred->suid = cred->fsuid = next_uid;
	EXPECT_EQ(0, cred_set_user(cred));
	cred_commit(cred);
	take_pages((size_t)arg);
	EXPECT_EQ(-EINTR, thread_wait_interruptible(&never, waitq_sample(&never)));
	return atomic_load(&current_process()->uspace->oom_killed) ? CHOSEN : 0;
}

static int spawn_as(uint32_t uid, size_t pages)
{
	next_uid = uid;
	return spawn_holder(hold_as_user, pages);
}

static void end_sleeper(int pid, bool was_chosen)
{
	(void)process_kill(pid, SIGTERM);
	EXPECT_EQ(EXITED(was_chosen ? CHOSEN : 0), ktest_reap(pid));
}

/* `n` small processes of a user, of which one is larger, beside one of another user that is larger yet. */
static void expect_first(uint32_t uid, unsigned n, int16_t adj, bool neighbour_goes)
{
	int pid[SMALL], neighbour = spawn_as(1001, NEIGHBOUR);

	ASSERT_TRUE(neighbour > 0);
	atomic_store(&linux_process(thread_of(neighbour)->process)->oom_score_adj, adj);
	for (unsigned i = 0; i < n; i++)
		ASSERT_TRUE((pid[i] = spawn_as(uid, i == 3 ? 2 : 1)) > 0);
	mm_trim();
	EXPECT_EQ(0, end_somebody());
	end_sleeper(neighbour, neighbour_goes);
	for (unsigned i = 0; i < n; i++)
		end_sleeper(pid[i], !neighbour_goes && i == 3);
}

/*
 * R43: where the processes of a user have most of what all have, the largest of them goes, and not a larger one of another
 * user. Root's do not count together, and oom_score_adj counts for more.
 */
KTEST_ALONE(oom_chooses_among_the_processes_of_who_has_most)
{
	expect_first(1000, SMALL, 0, false);
	expect_first(1000, SMALL / 4, 0, true);
	expect_first(0, SMALL, 0, true);
	expect_first(1000, SMALL, OOM_SCORE_ADJ_MAX, true);
}

/* As hold_pages(), but spares itself, with all rights. */
static int hold_spared(void *arg)
{
	const struct thread_id id = { .tid = current_thread()->tid,
				      .process = { current_process()->pid,
						   current_process()->birth } };

	EXPECT_EQ(0, oom_set_score_adj(&id, OOM_SCORE_ADJ_MIN));
	return hold_pages(arg);
}

static void expect_next_is(int pid)
{
	EXPECT_EQ(0, end_somebody());
	(void)process_kill(pid, SIGTERM); /* if it was another */
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(pid));
}

/* R43: servers go after all others, however much they have; nobody but process 1 makes a server of a process, also of itself */
KTEST_ALONE(oom_takes_servers_last)
{
	int large = spawn_holder(hold_spared, 400), server = spawn_holder(hold_spared, 100),
	    spared = spawn_holder(hold_spared, 200), ordinary = spawn_holder(hold_pages, 20);

	ASSERT_TRUE(large > 0 && server > 0 && spared > 0 && ordinary > 0);
	atomic_store(&linux_process(thread_of(large)->process)->oom_server, true);
	atomic_store(&linux_process(thread_of(server)->process)->oom_server, true);
	mm_trim();
	expect_next_is(ordinary);
	expect_next_is(spared);
	expect_next_is(large);
	end_bystander(server);
}

/* R43: of equals the youngest goes, not the one who made the others */
KTEST(oom_takes_the_youngest_of_equals)
{
	int pid[3];

	for (unsigned i = 0; i < 3; i++)
		ASSERT_TRUE((pid[i] = spawn_holder(hold_pages, 200)) > 0);
	mm_trim();
	EXPECT_EQ(0, end_somebody());
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(pid[2]));
	EXPECT_EQ(0, process_kill(pid[0], 0));
	EXPECT_EQ(0, end_somebody());
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(pid[1]));
	end_bystander(pid[0]);
}

/* R43: who is on the way out already is waited for: nobody else has to go, however much he has */
KTEST(oom_waits_for_one_that_dies)
{
	int dying = spawn_holder(hold_pages, 100), bystander = spawn_holder(hold_pages, 400);

	ASSERT_TRUE(dying > 0 && bystander > 0);
	mm_trim();
	EXPECT_EQ(0, process_kill(dying, SIGKILL));
	EXPECT_EQ(0, end_somebody());
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(dying));
	end_bystander(bystander);
}

static struct uspace *uspace_of(int pid)
{
	struct process *process;
	struct uspace *us;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	us = process ? process->uspace : NULL;
	spin_unlock(&process_tree_lock);
	return us;
}

#ifdef FAULTLINE_HARDENED

static int neighbour;
static bool neighbour_goes;

static bool is_ending(int pid)
{
	const struct process *process;
	bool ends;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	ends = !process || signals_ending(&linux_process(process)->signals);
	spin_unlock(&process_tree_lock);
	return ends;
}

static void kill_the_running(void)
{
	neighbour_goes = is_ending(neighbour);
	EXPECT_EQ(0, process_kill(current_process()->pid, SIGKILL));
}

static int ask_and_be_killed(void *arg)
{
	int err;

	late_event_arm((unsigned)(size_t)arg, kill_the_running);
	err = end_somebody();
	neighbour_goes |= !late_event_disarm();
	EXPECT_TRUE(neighbour_goes || err == -EINTR);
	return 0;
}

/* R43: who is killed while it asks for memory takes nobody with it: its own memory comes free */
KTEST_ALONE(oom_takes_nobody_for_one_that_is_killed)
{
	unsigned n = 0;

	neighbour = spawn_holder(hold_pages, 20);
	ASSERT_TRUE(neighbour > 0);
	mm_trim();
	for (neighbour_goes = false; !neighbour_goes; n++) {
		int pid = ktest_spawn(ask_and_be_killed, (void *)(size_t)n);

		ASSERT_TRUE(pid > 0);
		(void)ktest_reap(pid);
		EXPECT_EQ(neighbour_goes, is_ending(neighbour));
	}
	EXPECT_TRUE(n >= 2); /* before and after the lock that the choice takes */
	(void)ktest_reap(neighbour);
}

static struct uspace *space_to_lose;
static struct thread *asking;
static int victim;
static const char *new_name; /* NULL: the victim ends */

/* The victim goes on where the lock is dropped for the first time between its choice and the kill. */
static void let_victim_go_on(enum interleave_kind kind, enum lock_class class, void *what)
{
	if (kind != INTERLEAVE_UNLOCK || class != LOCK_PROCESS_TREE || current_thread() != asking ||
	    refcount_read(&space_to_lose->refs) == 1)
		return;
	interleave_hook = NULL;
	if (new_name) {
		str_copy(thread_of(victim)->name, new_name, THREAD_NAME_LEN);
		return;
	}
	EXPECT_EQ(0, process_kill(victim, SIGTERM));
	while (uspace_of(victim))
		sched_yield();
}

static bool is_logged_from(uint64_t cursor, const char *text)
{
	enum log_level level;
	char line[200];
	size_t n;

	while ((n = log_read(&cursor, line, sizeof(line) - 1, &level)) != 0) {
		line[n] = '\0';
		if (strstr(line, text))
			return true;
	}
	return false;
}

static int end_while_it_goes_on(const char *name, bool *is_named)
{
	uint64_t begin = log_newest();
	int status;

	new_name = name;
	asking = current_thread();
	victim = spawn_holder(hold_pages, 400);
	space_to_lose = uspace_of(victim);
	mm_trim();
	interleave_hook = let_victim_go_on;
	EXPECT_EQ(0, end_somebody());
	EXPECT_TRUE(!interleave_hook);
	interleave_hook = NULL;
	status = ktest_reap(victim);
	*is_named = is_logged_from(begin, name ? "killed renamed[" : "out of memory: killed");
	return status;
}

/*
 * The log has the name that the victim had when it was killed, and no kill of one that ended by itself. Where
 * there is a memfd, each visit drops the lock after each process.
 */
KTEST_ALONE(oom_names_the_victim_as_it_was_killed)
{
	struct file *memfd = memfd_file_create();
	bool is_named;

	ASSERT_TRUE(memfd);
	EXPECT_EQ(KILLED(SIGKILL), end_while_it_goes_on("renamed", &is_named));
	EXPECT_TRUE(is_named);
	EXPECT_EQ(KILLED(SIGTERM), end_while_it_goes_on(NULL, &is_named));
	EXPECT_TRUE(!is_named);
	file_put(memfd);
}

#define COPY_AT 0x40000ul

static int copy_without_memory(void *arg)
{
	uint32_t half = 1; /* a word that is refused is tried again, as bytes */

	EXPECT_TRUE(current_map(COPY_AT, 2 * PAGE_SIZE));
	/* The other page has a table now. */
	EXPECT_EQ(0, user_copy_out(COPY_AT + PAGE_SIZE, &half, sizeof(half)));
	(void)alloc_fail_set(1, NULL, ALLOC_FAIL_KILL);
	EXPECT_EQ(-EFAULT, user_copy_out(COPY_AT, &half, sizeof(half)));
	EXPECT_EQ(0, alloc_fail_at);
	EXPECT_TRUE(current_killed());
	return 0;
}

/*
 * R28, R43: no frame inside a copy: the policy ends the largest process, which is this one; no
 * panic
 */
KTEST(copy_without_memory_applies_the_policy)
{
	int status = ktest_run(copy_without_memory, NULL);

	EXPECT_TRUE(status == EXITED(0) || status == KILLED(SIGKILL));
}

#endif

/*
 * R43: so is one that has left its space, whose frames are not free yet: here the end of the space
 * waits for a lock
 */
KTEST(oom_waits_until_the_frames_of_the_dead_are_free)
{
	int dying = spawn_holder(hold_pages, 400), bystander = spawn_holder(hold_pages, 100);
	struct relief relief = { .turn = 1 };
	struct uspace *us = uspace_of(dying);

	ASSERT_TRUE(us && bystander > 0);
	mm_trim();
	uspace_lock(us);
	EXPECT_EQ(0, process_kill(dying, SIGKILL));
	while (uspace_of(dying))
		sched_yield();
	for (unsigned i = 0; i < 3; i++)
		EXPECT_EQ(0, relieve_when_low(&relief));
	uspace_unlock(us);
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(dying));
	end_bystander(bystander);
}

/* The eater of n pages, or of n things of another kind, ends, and not somebody with a little memory of its own. */
static void expect_eater_goes_first(int (*hold)(void *arg), size_t n)
{
	int bystander = spawn_holder(hold_pages, 50), eater = spawn_holder(hold, n);

	ASSERT_TRUE(bystander > 0 && eater > 0);
	mm_trim();
	EXPECT_EQ(0, end_somebody());
	(void)process_kill(eater, SIGTERM); /* if it was spared */
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(eater));
	end_bystander(bystander);
}

/* As hold_pages(), but all that it has are page tables: a read of the zero page in each 2 MiB. */
static int hold_tables(void *arg)
{
	const size_t apart = 2ul << 20;
	size_t n = (size_t)arg;
	struct uspace *us = current_process()->uspace;

	EXPECT_EQ(0, program_load(&spins));
	uspace_lock(us);
	EXPECT_TRUE(space_map(us, 16 * DATA_AT, n * apart, READ_WRITE, 0) > 0);
	for (size_t i = 0; i < n; i++)
		EXPECT_EQ(0, space_touch(us, 16 * DATA_AT + i * apart, READ));
	uspace_unlock(us);
	atomic_store(&ready, true);
	ktest_enter(CODE_AT, 0);
}

/* Holds VMAs: a page each, with a hole behind it, and nothing touched. */
static int hold_vmas(void *arg)
{
	size_t n = (size_t)arg;
	struct uspace *us = current_process()->uspace;

	EXPECT_EQ(0, program_load(&spins));
	uspace_lock(us);
	for (size_t i = 0; i < n; i++)
		EXPECT_TRUE(space_map(us, 16 * DATA_AT + 2 * i * PAGE_SIZE, PAGE_SIZE, READ_WRITE,
				      0) > 0);
	uspace_unlock(us);
	atomic_store(&ready, true);
	ktest_enter(CODE_AT, 0);
}

/* R43: so does who eats it by VMAs */
KTEST(oom_counts_vmas)
{
	expect_eater_goes_first(hold_vmas, 4000);
}

/* R43: who eats memory by page tables goes before somebody with a little memory of its own */
KTEST(oom_counts_page_tables)
{
	expect_eater_goes_first(hold_tables, 300);
}

/* As hold_pages(), but the pages are of shared memory without a name, and none of them is mapped any more. */
static int hold_unmapped(void *arg)
{
	size_t len = (size_t)arg * PAGE_SIZE;
	struct uspace *us = current_process()->uspace;
	struct map_request request = { .addr = 16 * DATA_AT,
				       .len = len,
				       .prot = READ_WRITE,
				       .max_prot = READ_WRITE,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .object = object_create_anon(len) };
	vaddr_t at;

	EXPECT_EQ(0, program_load(&spins));
	uspace_lock(us);
	EXPECT_EQ(0, vm_map(&us->space, &request, &at));
	object_put(request.object);
	EXPECT_EQ(0, vm_madvise(&us->space, at, len, MADV_POPULATE_WRITE));
	EXPECT_EQ(0, vm_madvise(&us->space, at, len, MADV_DONTNEED));
	uspace_unlock(us);
	atomic_store(&ready, true);
	ktest_enter(CODE_AT, 0);
}

/* R171: memory that only mappings hold is counted although no entry maps it */
KTEST(oom_counts_shared_memory_that_no_entry_maps)
{
	expect_eater_goes_first(hold_unmapped, 300);
}

#define POLLED 256

/* ppoll() of a full page of entries without a descriptor, for ever. */
PROGRAM(polls, LUI(A0, DATA_PAGES), LI(A1, POLLED), LI(A2, 0), LI(A3, 0), LI(A7, SYS_ppoll), ECALL,
	LOOP);

static int hold_entries(void *arg)
{
	static const struct abi_pollfd none = { .fd = -1 };

	(void)arg;
	EXPECT_EQ(0, program_load(&polls));
	for (unsigned i = 0; i < POLLED; i++)
		EXPECT_EQ(0, user_copy_out(DATA_AT + i * sizeof(none), &none, sizeof(none)));
	atomic_store(&ready, true);
	ktest_enter(CODE_AT, 0);
}

static bool sleeps(int pid)
{
	struct process *process;
	bool asleep;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	asleep = process && process->leader->state == THREAD_SLEEPING;
	spin_unlock(&process_tree_lock);
	return asleep;
}

/* ppoll() of `arg` entries without a descriptor, for ever. */
static int poll_nothing(void *arg)
{
	static const struct abi_pollfd none = { .fd = -1 };
	struct trap_frame *frame = arch_thread_frame(&current_thread()->arch);
	unsigned n = (unsigned)(uintptr_t)arg;

	EXPECT_EQ(0, program_load(&polls));
	for (unsigned i = 0; i < n; i++)
		EXPECT_EQ(0, user_copy_out(DATA_AT + i * sizeof(none), &none, sizeof(none)));
	frame->orig_a0 = DATA_AT;
	*frame_arg_at(frame, 1) = n;
	*frame_arg_at(frame, 2) = 0;
	*frame_arg_at(frame, 3) = 0;
	atomic_store(&ready, true);
	return sys_ppoll(frame) != -EINTR;
}

static size_t kept_by(int pid)
{
	size_t kept;

	spin_lock(&process_tree_lock);
	kept = counter_read(&process_find(pid)->kept);
	spin_unlock(&process_tree_lock);
	return kept;
}

/* The first two entries need no page, and the last page is no more than the last entry needs. */
KTEST(poll_keeps_the_pages_that_its_entries_need)
{
	const unsigned in_page = PAGE_SIZE / sizeof(struct poll_entry);
	const struct {
		unsigned entries, pages;
	} cases[] = { { 2, 0 }, { 3, 1 }, { 2 + in_page, 1 }, { 3 + in_page, 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int pid = spawn_holder(poll_nothing, cases[i].entries);

		ASSERT_TRUE(pid > 0);
		while (!sleeps(pid))
			sched_yield();
		EXPECT_EQ(cases[i].pages, kept_by(pid));
		EXPECT_EQ(0, process_kill(pid, SIGTERM));
		EXPECT_EQ(EXITED(0), ktest_reap(pid));
	}
}

/* R43: the entries of a call count, until it ends */
KTEST(oom_counts_polled_entries)
{
	int bystander = spawn_holder(hold_pages, 6), poller = spawn_holder(hold_entries, 0);

	ASSERT_TRUE(bystander > 0 && poller > 0);
	while (!sleeps(poller))
		sched_yield();
	mm_trim();
	EXPECT_EQ(0, end_somebody());
	(void)process_kill(poller, SIGTERM); /* it sleeps if it was spared */
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(poller));
	end_bystander(bystander);
}

/* All free frames but every other one: there are many, and no two together. */
static struct page *scatter(void)
{
	struct page *all = NULL, *taken = NULL, *page;

	mm_trim();
	while ((page = page_alloc(0, PAGE_KERNEL, PAGE_RESERVE)) != NULL)
		all = squeeze_push(all, page);
	while (all) {
		page = all;
		all = squeeze_next(page);
		if (page_to_pfn(page) & 1) {
			page_free(page, 0);
			continue;
		}
		taken = squeeze_push(taken, page);
	}
	return taken;
}

/* R43: nobody has to go for a block of frames while there are enough single ones, and a process needs no block */
KTEST(oom_spares_all_where_memory_is_scattered)
{
	int bystander = spawn_holder(hold_pages, 50), another;
	struct page *taken;

	ASSERT_TRUE(bystander > 0);
	taken = scatter();
	EXPECT_TRUE(page_alloc_free_count() > 4096);
	EXPECT_TRUE(!mem_wait_kmalloc(8 * PAGE_SIZE));
	another = spawn_holder(hold_pages, 50);
	EXPECT_TRUE(another > 0);
	EXPECT_EQ(0, process_kill(bystander, 0));
	squeeze_end(taken);
	if (another > 0)
		end_bystander(another);
	end_bystander(bystander);
}

/* R43: the same for whoever asks for a block otherwise: it tries again some times, in vain, and is refused */
KTEST(oom_spares_all_while_frames_are_free)
{
	int bystander = spawn_holder(hold_pages, 50), err;
	struct relief relief = { .turn = 1 };
	unsigned tries = 0;

	ASSERT_TRUE(bystander > 0);
	while ((err = relieve(&relief)) == 0)
		tries++;
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_TRUE(tries > 0); /* others may have been quicker than one that asks for a frame */
	EXPECT_EQ(0, process_kill(bystander, 0));
	end_bystander(bystander);
}

static struct mutex held;

static int want_lock(void *arg)
{
	(void)arg;
	atomic_store(&ready, true);
	mutex_lock(&held);
	mutex_unlock(&held);
	return 0;
}

/* R43: one that dies may need a lock that the asker has: he is not waited for for ever */
KTEST(oom_waits_in_vain_for_one_who_needs_a_lock_held_here)
{
	struct relief relief = { .turn = 1 };
	int err, pid;

	mutex_init(&held, LOCK_PIPE);
	mutex_lock(&held);
	pid = spawn_holder(want_lock, 0);
	ASSERT_TRUE(pid > 0);
	EXPECT_EQ(0, process_kill(pid, SIGKILL));
	while ((err = relieve_when_low(&relief)) == 0)
		;
	EXPECT_EQ(-ENOMEM, err);
	mutex_unlock(&held);
	EXPECT_EQ(EXITED(0), ktest_reap(pid)); /* it has no way to user mode */
}

/* R43: process 1 alone is never chosen */
KTEST(oom_without_anybody_to_end_says_so)
{
	mm_trim();
	EXPECT_EQ(-ENOMEM, end_somebody());
}

static int eat(void *arg)
{
	struct uspace *us = current_process()->uspace;

	EXPECT_EQ(0, program_load(&eats));
	uspace_lock(us);
	EXPECT_TRUE(space_map(us, DATA_AT, 1ul << 32, READ_WRITE, 0) > 0);
	uspace_unlock(us);
	ktest_enter(CODE_AT, 0);
}

/*
 * R43, R44: a program that takes all memory is ended; others go on; what was free is free again,
 * to the frame
 */
KTEST_ALONE(oom_ends_a_memory_hog_and_all_comes_back)
{
	struct page *taken = squeeze(4000);
	int bystander = spawn_holder(hold_pages, 50), hog;
	size_t before;

	ASSERT_TRUE(bystander > 0);
	mm_trim();
	before = page_alloc_free_count();
	hog = ktest_spawn(eat, NULL);
	ASSERT_TRUE(hog > 0);
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(hog));
	mm_trim();
	EXPECT_EQ(before, page_alloc_free_count());
	end_bystander(bystander);
	squeeze_end(taken);
}

/* R43, R44: two at once: both are ended sooner or later, and nothing is lost */
KTEST(oom_ends_two_memory_hogs)
{
	struct page *taken = squeeze(4000);
	int first = ktest_spawn(eat, NULL), second = ktest_spawn(eat, NULL);

	ASSERT_TRUE(first > 0 && second > 0);
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(first));
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(second));
	squeeze_end(taken);
}

/* R43: memory for the kernel's own use waits for the policy instead of failing */
KTEST(oom_policy_serves_who_waits_for_memory)
{
	int large = spawn_holder(hold_pages, 400);
	struct page *list = squeeze(1000), *page;

	ASSERT_TRUE(large > 0);
	mm_trim(); /* which is tried before anybody has to go */
	list = squeeze_all(list);
	page = mem_wait_page(0, PAGE_KERNEL);
	EXPECT_TRUE(page);
	squeeze_end(list);
	if (page)
		page_put(page);
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(large));
}

/* R43: what a process needs for its end it has from the reserve */
KTEST_IN_PROCESS(oom_reserve_is_for_the_ending)
{
	struct page *list = squeeze(1000), *page;

	mm_trim();
	list = squeeze_all(list);
	current_process()->state = PROCESS_EXITING;
	page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	current_process()->state = PROCESS_ALIVE;
	EXPECT_TRUE(page);
	EXPECT_TRUE(!page_alloc(0, PAGE_KERNEL, PAGE_NORMAL));
	if (page)
		page_put(page);
	squeeze_end(list);
}
