/* SPDX-License-Identifier: MIT */
/* Address-space numbers: given, taken back all at once, and what a switch has to flush. */
#include "arch/riscv/asid.h"

#include "arch/hart.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/image.h"
#include "arch/riscv/sv39.h"
#include "base/hart.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "sync/spinlock.h"

#define ASID_NONE  0ul /* of the kernel's own tables, and of spaces that have no number */
#define ASID_FIRST 1ul

static struct spinlock asid_lock = SPINLOCK_INIT(LOCK_ASID);

/* Guarded by asid_lock, but for `last`, which is const after boot: */
static uint64_t last; /* the highest number */
static uint64_t generation = 1;
static uint64_t next = ASID_FIRST;  /* the lowest one that may be free in this generation */
static uint64_t kept[2 * HART_MAX]; /* those that it has from the last one */
static unsigned nkept;

uint64_t asid_satp(paddr_t root, uint64_t number)
{
	return (uint64_t)SATP_SV39 << SATP_MODE_SHIFT | number << SATP_ASID_SHIFT |
	       root >> PAGE_SHIFT;
}

unsigned asid_probe(void)
{
	uint64_t satp = csr_read(satp);
	unsigned bits = 0;

	csr_write(satp, satp | SATP_ASID);
	last = (csr_read(satp) & SATP_ASID) >> SATP_ASID_SHIFT;
	csr_write(satp, satp);
	while (last >> bits)
		bits++;
	return bits;
}

static bool is_kept(uint64_t number)
{
	for (unsigned i = 0; i < nkept; i++)
		if (kept[i] == number)
			return true;
	return false;
}

/* ASID_NONE: all are given. */
static uint64_t asid_take(void)
{
	while (next <= last && is_kept(next))
		next++;
	return next <= last ? next++ : ASID_NONE;
}

static void asid_keep(struct mmu *mmu, uint64_t ending)
{
	if (!mmu || atomic_load_relaxed(&mmu->generation) != ending)
		return;
	kept[nkept++] = mmu->asid;
	atomic_store(&mmu->generation, generation);
}

/*
 * A hart that looks at its generation before this clears it has said before which space it switches to, so that the space
 * is found here. One that looks later comes to renew(), and waits there.
 */
static void roll_over(void)
{
	uint64_t ending = generation++;

	next = ASID_FIRST;
	nkept = 0;
	for (unsigned i = 0; i < hart_count; i++)
		atomic_store_relaxed(&harts[i].asid_generation, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < hart_count; i++) {
		asid_keep(atomic_load_relaxed(&harts[i].active), ending);
		asid_keep(atomic_load_relaxed(&harts[i].entering), ending);
	}
}

/*
 * Gives the space a number of this generation, unless there is none. One that runs without a number on another hart goes on
 * without: fences for it carry one number only.
 */
static void asid_give(struct mmu *mmu, uint64_t self)
{
	uint64_t number;

	if (mmu->generation == ASID_NO_GENERATION && atomic_load(&mmu->harts) & ~self)
		return;
	number = asid_take();
	if (number == ASID_NONE) {
		roll_over();
		number = asid_take();
	}
	atomic_store_relaxed(&mmu->asid, number);
	mmu->switch_word = asid_satp(mmu->root, number);
	/* Who sees this finds the number. */
	atomic_store(&mmu->generation, number == ASID_NONE ? ASID_NO_GENERATION : generation);
}

/* Has the space's number and what this hart keeps be of the same generation. */
static void renew(struct hart *hart, struct mmu *mmu)
{
	unsigned long flags = spin_lock_irqsave(&asid_lock);

	if (mmu->generation != generation)
		asid_give(mmu, hart->bit);
	if (hart->asid_generation != generation) {
		hart_count_event(HART_FLUSHES);
		__asm__ volatile("sfence.vma" ::: "memory");
		atomic_store_relaxed(&hart->asid_generation, generation);
	}
	spin_unlock_irqrestore(&asid_lock, flags);
}

/* The bits are cleared first: what is stored later sets them again, or finds the hart in mmu->harts. */
static bool take_mark(uint64_t *marks, uint64_t self)
{
	return atomic_load_relaxed(marks) & self &&
	       __atomic_fetch_and(marks, ~self, __ATOMIC_SEQ_CST) & self;
}

/* No walk of the old tables may come between: so these are left first. */
static void flush_none(void)
{
	csr_write(satp, asid_satp(image_paddr(kernel_root), ASID_NONE));
	asid_fence(ASID_NONE);
}

void mmu_pay(void *of)
{
	struct hart *hart = arch_this_hart();
	uint64_t self = hart->bit;
	struct mmu *mmu = of;
	bool is_stale;

	if (last != ASID_NONE && atomic_load_relaxed(&mmu->generation) != hart->asid_generation)
		renew(hart, mmu);
	is_stale = take_mark(&mmu->stale, self);
	if (is_stale && take_mark(&mmu->text_owed, self))
		__asm__ volatile("fence.i" ::: "memory");
	if (mmu->asid == ASID_NONE)
		flush_none();
	else if (is_stale)
		asid_fence(mmu->asid);
	else
		return;
	hart_count_event(HART_FLUSHES);
}

void asid_forget(const struct mmu *mmu)
{
	unsigned long flags = spin_lock_irqsave(&asid_lock);

	for (unsigned i = 0; i < hart_count; i++)
		assert_hardened(harts[i].active != mmu && harts[i].entering != mmu);
	spin_unlock_irqrestore(&asid_lock, flags);
}
