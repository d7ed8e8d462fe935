/* SPDX-License-Identifier: MIT */
/* The OOM killer: when memory is out, chooses a victim, kills it and frees its memory. */
#include "linux/process/oom.h"

#include "abi/errno.h"
#include "arch/page.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/log.h"
#include "desc/file.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/oom_reap.h"
#include "linux/process/process_ops.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/signal/send.h"
#include "mm/check/alloc_fail.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/page_census.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/swap_cache.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "record/note.h"
#include "linux/process/thread_id.h"

/* ---- a report of memory use, for the log ---- */

#define OOM_REPORT_ROWS 5

struct oom_row {
	char comm[THREAD_NAME_LEN];
	int pid;
	size_t resident, swapped, tables; /* in pages */
	size_t held;			  /* in pages: what counts for the choice */
};

/* The processes that use the most memory, largest first. */
struct oom_report {
	struct oom_row rows[OOM_REPORT_ROWS];
	unsigned nrows;
	unsigned nprocesses; /* with memory of their own, including those in the rows */
};

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

/*
 * Its pages in memory. Those of shared memory are charged to one space, also where no entry maps
 * them. How many of them are resident there as well is not counted. So the larger number is taken:
 * it counts nothing twice, and it is at least half of what the process has.
 */
static size_t in_memory(const struct space *space)
{
	return MAX(space_resident(space), atomic_load_relaxed(&space->charged));
}

/*
 * Pages: those in memory and in swap, page tables and VMAs, and what the kernel and open files keep
 * for it. Pages of a memfd with a descriptor count twice where they are mapped.
 */
static size_t oom_held_by(const struct process *process)
{
	const struct space *space = &process->uspace->space;
	size_t files = 0;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (atomic_load_relaxed(&file_nholders) != 0) {
		files = process_fs->held(process);
		process_visit_ends_piece();
	}
	return files + in_memory(space) + atomic_load_relaxed(&space->swapped) +
	       atomic_load_relaxed(&space->tables) + atomic_load_relaxed(&process->kept) +
	       atomic_load_relaxed(&space->nvmas) * sizeof(struct vma) / PAGE_SIZE;
}

static struct oom_row row_of(const struct process *process)
{
	const struct space *space = &process->uspace->space;
	struct oom_row row = { .pid = process->pid,
			       .resident = space_resident(space),
			       .swapped = atomic_load_relaxed(&space->swapped),
			       .tables = atomic_load_relaxed(&space->tables),
			       .held = oom_held_by(process) };

	memcpy(row.comm, process->leader->name, sizeof(row.comm));
	return row;
}

/* Inserts a row in order; the smallest is dropped if there are too many. */
static void oom_report_insert(struct oom_report *report, const struct oom_row *row)
{
	unsigned at = report->nrows;

	if (at == OOM_REPORT_ROWS) {
		if (row->held <= report->rows[at - 1].held)
			return;
		at--;
	} else {
		report->nrows++;
	}
	for (; at > 0 && report->rows[at - 1].held < row->held; at--)
		report->rows[at] = report->rows[at - 1];
	report->rows[at] = *row;
}

static void add_row(struct process *process, void *arg)
{
	struct oom_report *report = arg;
	struct oom_row row;

	if (process->state == PROCESS_ZOMBIE || !process->uspace)
		return;
	row = row_of(process);
	oom_report_insert(report, &row);
	report->nprocesses++;
}

/* Call with process_tree_lock held; it is dropped in between. */
static void oom_report_collect(struct oom_report *report)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	report->nrows = 0;
	report->nprocesses = 0;
	process_visit_all(add_row, report);
}

/* Logs the state of swap, if there is any, and what reclaim has written and read. */
static void show_swap(void)
{
	struct swap_census swap = swap_census();

	if (!swap.usable)
		return;
	log_warn("mm", "  swap: %lu of %lu KiB are free; %lu pages were written, %lu read",
		 (unsigned long)swap.free * KIB_PER_PAGE, (unsigned long)swap.usable * KIB_PER_PAGE,
		 (unsigned long)counter_read(&reclaim_counts.written),
		 (unsigned long)counter_read(&reclaim_counts.read));
}

/* The pages by kind are counted once in this time: that looks at all frames. */
#define CENSUS_NS NSEC_PER_SEC

static bool is_census_due(void)
{
	static uint64_t next; /* ticks; atomic */
	uint64_t now = arch_time();

	if (now < atomic_load_relaxed(&next))
		return false;
	atomic_store_relaxed(&next, now + clock_ns_to_ticks(CENSUS_NS));
	return true;
}

/* Logs the rows. Call with no spinning lock held. */
static void oom_report_show(const struct oom_report *report)
{
	log_warn("mm", "  memory by process, the largest %u of %u:", report->nrows,
		 report->nprocesses);
	for (unsigned i = 0; i < report->nrows; i++) {
		const struct oom_row *row = &report->rows[i];

		log_warn("mm", "    %s[%d]: %zu KiB, in swap %zu KiB, page tables %zu KiB",
			 row->comm, row->pid, row->resident * KIB_PER_PAGE,
			 row->swapped * KIB_PER_PAGE, row->tables * KIB_PER_PAGE);
	}
}

/* Logs the number of pages by kind. May pause. Call with no spinning lock held. */
static void census_show(void)
{
	struct page_census census;

	page_census(&census);
	log_warn("mm",
		 "  by kind: anonymous %zu KiB, files and shared %zu KiB, page tables %zu KiB, "
		 "kernel %zu KiB (objects %zu KiB), reserved %zu KiB, free %zu KiB",
		 census.kind[PAGE_ANON] * KIB_PER_PAGE, census.kind[PAGE_OBJECT] * KIB_PER_PAGE,
		 census.kind[PAGE_TABLE] * KIB_PER_PAGE, census.kind[PAGE_KERNEL] * KIB_PER_PAGE,
		 census.slabs * KIB_PER_PAGE, census.kind[PAGE_RESERVED] * KIB_PER_PAGE,
		 census.kind[PAGE_FREE] * KIB_PER_PAGE);
}

/* ---- choosing a victim ---- */

/*
 * While a process is dying no other one is killed, because the memory of the first may be enough.
 * But it may need a lock that the asking thread holds: after so many waits in vain it does not
 * count any more.
 */
#define EXIT_WAIT_NS	(100 * NSEC_PER_SEC / 1000)
#define EXIT_WAIT_TURNS 20u

/*
 * No process is killed while frames above the low watermark are free: what lacks memory then needs a block of frames, or
 * others have been quicker. After so many tries it fails.
 */
#define VAIN_MOST 100u

static struct waitq freed = WAITQ_INIT(freed);

/*
 * The sequence of `freed` at which a process was dying, plus one; under process_tree_lock. As long
 * as that is the sequence, the process is still dying, and hundreds of threads that wait for memory
 * need not go through all processes to find it.
 */
static uint64_t dying_seq;

/* Threads that are freeing the memory of a process, which may have no space any more; atomic. */
static unsigned nfreeing;

/* What the processes of one user have, of what those of all have, in pages. */
struct share {
	uint32_t uid;
	size_t npages, all;
};

/* Who is killed first. */
enum oom_rank { OOM_ORDINARY, OOM_SPARED, OOM_SERVER };

struct choice {
	struct process *victim; /* valid while process_tree_lock is held */
	int pid;		/* of the victim */
	uint64_t birth;		/* of the victim */
	size_t held;		/* by the victim, in pages */
	int64_t points;		/* of the victim: what it holds, and its oom_score_adj */
	struct share share;	/* the reason, if it is that of its user; else npages is 0 */
	enum oom_rank rank;	/* of the victim */
	bool dying;		/* some process is about to free memory */
	bool gone;		/* the victim has ended during the choice */
};

static bool is_dying(const struct process *process)
{
	return signals_ending(&linux_process(process)->signals) ||
	       process->state == PROCESS_EXITING;
}

/* A dying process whose only thread waits for memory here frees none. Other threads of it may. */
static bool may_free(const struct process *process)
{
	return process != current_process() || atomic_load_relaxed(&process->nlive) > 1;
}

/* Whether the OOM reaper has freed its memory. Its end would free little, so it is not chosen. */
static bool is_oom_reaped(const struct process *process)
{
	return atomic_load_relaxed(&process->uspace->space.dying);
}

static enum oom_rank oom_rank(const struct process *process)
{
	const struct linux_process *own = linux_process(process);

	if (atomic_load_relaxed(&own->oom_score_adj) != OOM_SCORE_ADJ_MIN)
		return OOM_ORDINARY;
	return atomic_load_relaxed(&own->oom_server) ? OOM_SERVER : OOM_SPARED;
}

static int64_t oom_points(const struct process *process, size_t held)
{
	return (int64_t)held + atomic_load_relaxed(&linux_process(process)->oom_score_adj) *
				       (int64_t)page_alloc_total_count() / 1000;
}

/*
 * Of equals the youngest is chosen, because it has done the least work. A process that must not be
 * killed at all is killed only before the servers, and these before process 1, with which everything would end.
 */
static bool oom_choice_is_better(const struct choice *choice, const struct process *process,
				 int64_t points, enum oom_rank rank)
{
	if (!choice->pid || choice->rank != rank)
		return !choice->pid || rank < choice->rank;
	return points > choice->points ||
	       (points == choice->points && process->birth > choice->birth);
}

static void choose_victim(struct choice *choice, const struct process *process, size_t held)
{
	choice->pid = process->pid;
	choice->birth = process->birth;
	choice->held = held;
	choice->points = oom_points(process, held);
	choice->rank = oom_rank(process);
}

static void consider(struct process *process, void *arg)
{
	struct choice *choice = arg;
	size_t held;

	if (process->state == PROCESS_ZOMBIE || !process->uspace)
		return;
	if (is_dying(process)) {
		choice->dying |= may_free(process);
		return;
	}
	if (process->pid == PID_INIT || is_oom_reaped(process))
		return;
	held = oom_held_by(process);
	if (oom_choice_is_better(choice, process, oom_points(process, held), oom_rank(process)))
		choose_victim(choice, process, held);
}

/* ---- choosing among the processes of one user ---- */

/*
 * Many small processes of one user may fill memory beside a larger one of another. So where a user other than root has most
 * of it, the largest of this user's processes is chosen, as if it had all of that.
 */
#define MOST_OF(all) ((all) / 4 * 3)

/*
 * An estimate of the pages that are the process's alone: a page that several processes map counts for the one whose fault
 * has made it. What is in memory or in swap would count again for each child that fork made.
 */
static size_t oom_own_pages(const struct process *process)
{
	const struct space *space = &process->uspace->space;
	const struct space_stats *stats = &space->stats;
	size_t stacks = atomic_load_relaxed(&process->nlive) * (KSTACK_SIZE / PAGE_SIZE);
	size_t made = atomic_load_relaxed(&stats->kind[FAULT_FILL]) +
		      atomic_load_relaxed(&stats->kind[FAULT_COW]) +
		      atomic_load_relaxed(&stats->ahead) - atomic_load_relaxed(&stats->zero_maps);
	size_t mapped = space_resident(space) + atomic_load_relaxed(&space->swapped);

	if (linux_process(process)->borrows_space)
		return stacks;
	return stacks + MAX(MIN(made, mapped), atomic_load_relaxed(&space->charged)) +
	       atomic_load_relaxed(&space->tables) + atomic_load_relaxed(&process->kept);
}

static uint32_t oom_uid(const struct process *process)
{
	return task_of(process->leader)->real_cred->user->uid;
}

static bool may_be_chosen(const struct process *process)
{
	return process->state != PROCESS_ZOMBIE && process->uspace && process->pid != PID_INIT &&
	       !is_dying(process) && !is_oom_reaped(process) && oom_rank(process) == OOM_ORDINARY;
}

/* By how much a user is ahead of all others, for now: who has more than half of all is the last one. */
static void find_candidate(struct process *process, void *arg)
{
	struct share *share = arg;
	size_t npages;

	if (!may_be_chosen(process))
		return;
	npages = oom_own_pages(process);
	if (share->uid == oom_uid(process)) {
		share->npages += npages;
	} else if (share->npages >= npages) {
		share->npages -= npages;
	} else {
		share->uid = oom_uid(process);
		share->npages = npages - share->npages;
	}
}

/* The largest process of the user of choice->share, and what that user has. */
static void consider_of_user(struct process *process, void *arg)
{
	struct choice *choice = arg;
	struct share *share = &choice->share;
	size_t npages;

	if (!may_be_chosen(process))
		return;
	npages = oom_own_pages(process);
	share->all += npages;
	if (share->uid != oom_uid(process))
		return;
	share->npages += npages;
	consider(process, choice);
}

/* Replaces the choice if a user has most of what all have. Call with process_tree_lock held; it is dropped in between. */
static void oom_choose_of_user(struct choice *choice)
{
	struct choice other = { 0 };
	int64_t share;

	assert_hardened(spin_lock_held(&process_tree_lock));
	process_visit_all(find_candidate, &other.share);
	other.share.npages = 0;
	if (other.share.uid == 0)
		return;
	process_visit_all(consider_of_user, &other);
	share = (int64_t)MIN(other.share.npages, page_alloc_total_count());
	if (other.pid && other.pid != choice->pid &&
	    other.share.npages > MOST_OF(other.share.all) &&
	    other.points - (int64_t)other.held + share > choice->points)
		*choice = other;
}

/*
 * Has a thread found a process that is dying, and has not freed its memory yet? The running one does
 * not count if it can free none. Call with process_tree_lock held.
 */
static bool another_is_dying(uint64_t seq)
{
	const struct process *process = current_process();

	assert_hardened(spin_lock_held(&process_tree_lock));
	return dying_seq == seq + 1 && !(process && is_dying(process) && !may_free(process));
}

/* Call with process_tree_lock held; it is dropped in between. */
static struct choice oom_choose(void)
{
	struct choice choice = { 0 };
	struct process *process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	process_visit_all(consider, &choice);
	if (choice.pid && !choice.dying && choice.rank == OOM_ORDINARY)
		oom_choose_of_user(&choice);
	choice.dying |= atomic_load(&nfreeing) != 0; /* they may have left during the visit */
	if (!choice.pid && !choice.dying) {
		process = process_find(PID_INIT);
		if (process && process->uspace && !is_oom_reaped(process))
			choose_victim(&choice, process, oom_held_by(process));
	}
	process = choice.pid ? process_find(choice.pid) : NULL;
	if (process && process->birth == choice.birth && process->uspace && !is_oom_reaped(process))
		choice.victim = process;
	else if (choice.pid)
		choice.gone = true;
	return choice;
}

/* The processes that are killed for the memory of a space. */
struct killing {
	const struct uspace *uspace;
	int victim; /* pid */
	int pid;    /* of the victim; or of another that has the space, or 0: none */
	char comm[THREAD_NAME_LEN]; /* of that process, when it was killed */
};

/* All processes that share the victim's memory lose it, so they are killed, too. */
static void kill_sharer(struct process *process, void *arg)
{
	struct killing *killing = arg;

	if (process->uspace != killing->uspace || process->state != PROCESS_ALIVE)
		return;
	signal_force(process, SIGKILL);
	if (killing->pid && process->pid != killing->victim)
		return;
	killing->pid = process->pid;
	memcpy(killing->comm, process->leader->name, sizeof(killing->comm));
}

/* Logs which process was killed, why, and for whose allocation. */
static void name_victim(const char *comm, int pid, const struct choice *choice)
{
	const struct process *asking = current_process();
	const char *reason = choice->share.npages ? "which had the most of its user's processes"
			     : pid == PID_INIT	  ? "the last process that had any"
						  : "which had the most";

	log_warn("mm", "out of memory: killed %s[%d], %s: %zu KiB with swap and page tables", comm,
		 pid, reason, choice->held * KIB_PER_PAGE);
	if (choice->share.npages)
		log_warn("mm",
			 "  the processes of its user, %u, have %zu of the %zu KiB that all have",
			 choice->share.uid, choice->share.npages * KIB_PER_PAGE,
			 choice->share.all * KIB_PER_PAGE);
	if (asking)
		log_warn("mm", "  %s[%d] needed memory", current_thread()->name, asking->pid);
	else
		log_warn("mm", "  the kernel needed memory");
	log_warn("mm", "  %zu of %zu KiB are free; reclaim has dropped %lu pages in %lu turns",
		 page_alloc_free_count() * KIB_PER_PAGE, page_alloc_total_count() * KIB_PER_PAGE,
		 (unsigned long)counter_read(&reclaim_counts.dropped),
		 (unsigned long)counter_read(&reclaim_counts.turns));
	show_swap();
}

/* Call with process_tree_lock held, which is released. *choice must have a victim. */
static void kill_victim(const struct choice *choice)
{
	struct process *victim = choice->victim;
	struct uspace *uspace = victim->uspace;
	struct killing killing = { .uspace = uspace, .victim = victim->pid };
	struct oom_report report;

	assert_hardened(spin_lock_held(&process_tree_lock));
	uspace_get(uspace);
	oom_memory_leaves();
	if (journal_is_on())
		journal_note_oom(&uspace->space, victim->pid);
	oom_report_collect(&report);
	atomic_store(&uspace->oom_killed, true);
	process_visit_all(kill_sharer, &killing);
	spin_unlock(&process_tree_lock);
	if (killing.pid) { /* else it has left the space meanwhile, by exec or by its end */
		name_victim(killing.comm, killing.pid, choice);
		oom_report_show(&report);
		if (is_census_due())
			census_show();
	}
	oom_reap(uspace);
	uspace_put(uspace);
	oom_memory_freed();
}

/*
 * Waits for a limited time until a dying process has freed its memory. If one did, the request
 * starts over. Call without process_tree_lock. seq must have been sampled before the dying
 * processes were found.
 */
static int wait_for_dying(struct relief *relief, uint64_t seq)
{
	int err;

	/* Hundreds may wait here, and compute as soon as there is memory. */
	sched_wake_last(current_thread());
	err = thread_wait_until(&freed, seq, clock_deadline_in(EXIT_WAIT_NS));
	relief->turn = err == -ETIMEDOUT ? relief->turn + 1 : 0;
	return err == -ETIMEDOUT ? 0 : err;
}

/* The allocation failure was injected by a test, which also chose the result. */
static int answer_forced(enum alloc_fail_policy policy)
{
	if (policy == ALLOC_FAIL_KILL && current_process())
		signal_force(current_process(), SIGKILL);
	if (current_killed())
		return -EINTR;
	return policy == ALLOC_FAIL_RELIEVE ? 0 : -ENOMEM;
}

/*
 * One step of relief. The caller tries to allocate again after each step, so nothing is waited for
 * between its last try and a kill.
 */
int oom_relieve(struct relief *relief)
{
	enum alloc_fail_policy forced = alloc_fail_take();
	uint64_t seq = waitq_sample(&freed);
	bool waits = relief->turn <= EXIT_WAIT_TURNS;
	struct choice choice;

	if (!hart_this()->current)
		return -ENOMEM; /* during boot there is neither a thread nor a process */
	if (unlikely(forced != ALLOC_FAIL_ASK))
		return answer_forced(forced);
	if (current_killed())
		return -EINTR;
	spin_lock(&process_tree_lock);
	if (waits && another_is_dying(seq))
		choice = (struct choice){ .dying = true };
	else
		choice = oom_choose();
	if (current_killed()) { /* on the way to the lock, perhaps for this very memory */
		spin_unlock(&process_tree_lock);
		return -EINTR;
	}
	if (waits && (choice.dying || choice.gone)) {
		dying_seq = choice.dying ? seq + 1 : 0;
		spin_unlock(&process_tree_lock);
		return wait_for_dying(relief, seq);
	}
	if (page_alloc_above_low() > 0) {
		spin_unlock(&process_tree_lock);
		relief->turn = 0;
		return relief->nvain++ < VAIN_MOST ? 0 : -ENOMEM;
	}
	if (!choice.victim || relief->spare) {
		spin_unlock(&process_tree_lock);
		return -ENOMEM;
	}
	kill_victim(&choice);
	relief->turn = 0;
	return current_killed() ? -EINTR : 0;
}

void oom_memory_leaves(void)
{
	atomic_add(&nfreeing, 1);
}

void oom_memory_freed(void)
{
	atomic_add(&nfreeing, -1);
	waitq_wake_all(&freed);
}

/* ---- for /proc ---- */

/* As Linux maps points to a score: a process that has nothing has two thirds of 1000. */
static unsigned score_of(const struct process *process)
{
	int64_t all = (int64_t)(page_alloc_total_count() + swap_total()), score;

	if (!process->uspace || process->pid == PID_INIT || oom_rank(process) != OOM_ORDINARY)
		return 0;
	score = (1000 + oom_points(process, oom_held_by(process)) * 1000 / all) * 2 / 3;
	return score > 0 ? (unsigned)score : 0;
}

int oom_score(const struct thread_id *id, int *adj_ret, unsigned *score_ret)
{
	const struct thread *thread;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread) {
		*adj_ret = atomic_load_relaxed(&linux_process(thread->process)->oom_score_adj);
		*score_ret = score_of(thread->process);
	}
	spin_unlock(&process_tree_lock);
	return thread ? 0 : -ESRCH;
}

int oom_set_score_adj(const struct thread_id *id, int adj)
{
	bool may_lower = capable(CAP_SYS_RESOURCE), by_init = current_process()->pid == PID_INIT;
	struct thread *thread;
	int err = -ESRCH;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread) {
		struct process *process = thread->process;

		err = may_lower || adj >= linux_process(process)->oom_score_adj_min ? 0 : -EACCES;
		if (err == 0) {
			atomic_store_relaxed(&linux_process(process)->oom_server, by_init);
			atomic_store_relaxed(&linux_process(process)->oom_score_adj, (int16_t)adj);
		}
		if (err == 0 && may_lower)
			linux_process(process)->oom_score_adj_min = (int16_t)adj;
	}
	spin_unlock(&process_tree_lock);
	return err;
}
