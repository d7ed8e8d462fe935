/* SPDX-License-Identifier: MIT */
/* Which threads run as others do that wait for them. */
#include "proc/loan.h"

#include "proc/sched.h"
#include "sync/spinlock.h"

/*
 * Each thread waits for at most one other, so loans form trees: a thread has those of all that wait for it, in `loans`, and
 * lends by one, `lends`. A call of the kernel's is a leaf of a tree without a thread. One lock guards them, since a chain may
 * have threads of any harts. It is held for one loan only. A change goes down a chain by its threads: each thread that waits is
 * woken, and changes its own loan. A thread that is raised runs with the new priority at once, so that it can do this soon. A
 * thread that is lowered keeps its priority until it has done it.
 */
static struct spinlock loan_lock = SPINLOCK_INIT(LOCK_LOAN);

static uint64_t any_rank(uint64_t any)
{
	return wish_rank((struct sched_wish){ .any = any });
}

static struct loan *loan_highest_locked(const struct thread *thread)
{
	return tree_entry_or_null(tree_first(&thread->loans), struct loan, node);
}

/* What the thread should run as. */
static uint64_t should_run_as_locked(const struct thread *thread)
{
	const struct sched_wish wish = { .any = atomic_load_relaxed(&thread->wish.any) };
	const struct loan *loan = tree_empty(&thread->loans) ? NULL : loan_highest_locked(thread);

	assert_hardened(spin_lock_held(&loan_lock));
	if (loan && any_rank(loan->any) > wish_rank(wish))
		return loan->any;
	return wish.any;
}

static void loan_insert_locked(struct loan *loan, struct thread *borrower, uint64_t any)
{
	struct tree_node **link = &borrower->loans.root, *parent = NULL;
	uint64_t rank = any_rank(any);

	assert_hardened(spin_lock_held(&loan_lock));
	loan->any = any;
	borrower->has_borrowed = true;
	while (*link) {
		parent = *link;
		link = &parent->child[any_rank(tree_entry(parent, struct loan, node)->any) >= rank];
	}
	tree_insert(&borrower->loans, &loan->node, parent, link);
}

/*
 * What the thread asked for, or is lent, has changed. A caller that took the fast way has no loan yet: it is woken here, and makes
 * one.
 */
static void settle_locked(struct thread *thread)
{
	uint64_t any = should_run_as_locked(thread);

	assert_hardened(spin_lock_held(&loan_lock));
	if (any == thread->runs_as.any)
		return;
	if (!thread->lends || any_rank(any) > any_rank(thread->runs_as.any))
		sched_run_as(thread, any);
	/* Who begins to wait says so first, and then looks at what it runs as. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (thread->lends || atomic_load_relaxed(&thread->waits_for) ||
	    atomic_load_relaxed(&thread->may_lend)) {
		atomic_store(&thread->must_lend, true);
		thread_wake(thread);
	}
}

void loan_pass_on(void)
{
	struct thread *thread = current_thread();
	unsigned long flags = spin_lock_irqsave(&loan_lock);
	uint64_t any = should_run_as_locked(thread);
	struct loan *loan = thread->lends;

	if (loan && loan->any != any) {
		tree_erase(&loan->borrower->loans, &loan->node);
		loan_insert_locked(loan, loan->borrower, any);
		settle_locked(loan->borrower);
	}
	if (any != thread->runs_as.any)
		sched_run_as(thread, any);
	spin_unlock_irqrestore(&loan_lock, flags);
}

/* Whether what is lent to the thread gets to its last borrower, and not back to the lender. */
static bool may_lend_locked(const struct thread *lender, const struct thread *borrower)
{
	assert_hardened(spin_lock_held(&loan_lock));
	for (unsigned i = 0; i < LOAN_CHAIN_MAX; i++) {
		if (borrower == lender)
			return false;
		if (!borrower->lends)
			return true;
		borrower = borrower->lends->borrower;
	}
	return false;
}

void loan_begin(struct loan *loan, struct thread *lender, struct thread *borrower)
{
	unsigned long flags = spin_lock_irqsave(&loan_lock);

	loan->lender = lender;
	loan->borrower = NULL;
	/* The kernel's own threads go before all others. */
	if (borrower->process && !lender->lends && may_lend_locked(lender, borrower)) {
		loan_insert_locked(loan, borrower, lender->runs_as.any);
		atomic_store_relaxed(&loan->borrower, borrower);
		lender->lends = loan;
		settle_locked(borrower);
	}
	spin_unlock_irqrestore(&loan_lock, flags);
}

void loan_begin_alone(struct loan *loan, struct thread *borrower)
{
	unsigned long flags = spin_lock_irqsave(&loan_lock);

	loan->lender = loan->borrower = NULL;
	if (borrower->process) {
		loan_insert_locked(loan, borrower, loan->any);
		atomic_store_relaxed(&loan->borrower, borrower);
		settle_locked(borrower);
	}
	spin_unlock_irqrestore(&loan_lock, flags);
}

static struct thread *take_back_locked(struct loan *loan)
{
	struct thread *borrower = loan->borrower;

	assert_hardened(spin_lock_held(&loan_lock));
	tree_erase(&borrower->loans, &loan->node);
	atomic_store_relaxed(&loan->borrower, NULL);
	if (loan->lender)
		loan->lender->lends = NULL;
	return borrower;
}

void loan_end(struct loan *loan)
{
	unsigned long flags = spin_lock_irqsave(&loan_lock);

	if (loan->borrower) {
		settle_locked(take_back_locked(loan));
		if (loan->lender)
			settle_locked(loan->lender);
	}
	spin_unlock_irqrestore(&loan_lock, flags);
}

void loan_forget(struct thread *borrower)
{
	struct loan *loan;

	/* One in each hold: there may be very many. */
	do {
		unsigned long flags = spin_lock_irqsave(&loan_lock);

		loan = loan_highest_locked(borrower);
		if (loan)
			(void)take_back_locked(loan);
		if (loan && loan->lender) {
			settle_locked(loan->lender);
			atomic_store(&loan->lender->must_lend, true);
			thread_wake(loan->lender);
		}
		spin_unlock_irqrestore(&loan_lock, flags);
	} while (loan);
}

unsigned long loan_hold(void)
{
	return spin_lock_irqsave(&loan_lock);
}

void loan_release(unsigned long flags)
{
	spin_unlock_irqrestore(&loan_lock, flags);
}

/* Whether a change of the thread's weight need only be stored: it does not run, has no loan, and has none to change. */
UNCHECKED static inline bool is_by_itself(const struct thread *thread)
{
	return tree_empty(&thread->loans) && !thread->lends &&
	       !atomic_load_relaxed(&thread->waits_for) &&
	       !atomic_load_relaxed(&thread->may_lend) && !atomic_load_relaxed(&thread->on_hart);
}

/* There may be very many threads. */
UNCHECKED void loan_set_wish_held(struct thread *thread, uint64_t any)
{
	const struct sched_wish old = thread->wish, new = { .any = any };

	atomic_store_relaxed(&thread->wish.any, any);
	if (wish_ranks_alike(old, new) && is_by_itself(thread))
		atomic_store_relaxed(&thread->runs_as.any, any);
	else
		settle_locked(thread);
}

void loan_set_wish(struct thread *thread, uint64_t any)
{
	unsigned long flags = loan_hold();

	loan_set_wish_held(thread, any);
	loan_release(flags);
}
