/* SPDX-License-Identifier: MIT */
/* RISC-V's page-table entries natively: every combination of permissions and flags against the contract (R61, R85). */
#include "arch/entry.h"
#include "test.h"

bool entry_ad_soft;

/* Bits of an Sv39 entry (privileged specification, 4.4.1), named here a second time on purpose. */
enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
#define RESERVED (0x3fful << 54)

static const pfn_t frames[] = { 0, 1, 0x80200, (1ul << 44) - 1 };

/* The permissions that an entry has: COW drops W, W brings R. */
static unsigned prot_expected(unsigned prot, unsigned flags)
{
	if (flags & ENTRY_COW)
		prot &= ~VM_PROT_WRITE;
	return prot & VM_PROT_WRITE ? prot | VM_PROT_READ : prot;
}

/* What entry_prot() has to say: W that is withheld for the program, too. */
static unsigned prot_said(unsigned prot, unsigned flags)
{
	return prot_expected(prot, flags) | (flags == (flags | ENTRY_WP) ? VM_PROT_WRITE : 0);
}

/* What the hardware may do with it. */
static void check_hardware(struct mmu_entry e, unsigned prot, unsigned flags)
{
	bool valid = prot != 0 && (!entry_ad_soft || (flags & ENTRY_ACCESSED));
	bool writable = (prot & VM_PROT_WRITE) && (!entry_ad_soft || (flags & ENTRY_DIRTY));

	assert_int_equal(e.word & V, valid);
	assert_int_equal(0, e.word & (G | RESERVED));
	assert_int_equal(e.word & U, U);
	if (!valid)
		return;
	assert_int_not_equal(0, e.word & (R | W | X)); /* else it would point to a table */
	assert_false((e.word & (R | W)) == W);	       /* a reserved encoding */
	assert_int_equal(e.word & W, writable ? W : 0);
	assert_int_equal(e.word & R, prot & VM_PROT_READ ? R : 0);
	assert_int_equal(e.word & X, prot & VM_PROT_EXEC ? X : 0);
}

static void check_made(pfn_t pfn, unsigned prot, unsigned flags)
{
	struct mmu_entry e = entry_make(pfn, prot, flags);
	unsigned has = prot_expected(prot, flags);
	bool present = has != 0 && (!entry_ad_soft || (flags & ENTRY_ACCESSED));

	assert_int_equal(entry_state(e), present ? ENTRY_PRESENT : ENTRY_RESIDENT);
	assert_false(entry_empty(e));
	assert_int_equal(entry_pfn(e), pfn);
	assert_int_equal(entry_prot(e), prot_said(prot, flags));
	assert_int_equal(entry_is_wp(e), (flags & ENTRY_WP) == ENTRY_WP);
	assert_int_equal(entry_flags(e) & ~(flags & ENTRY_COW ? 0 : 8), flags);
	assert_int_equal(entry_with(e, entry_prot(e), entry_flags(e)).word, e.word);
	check_hardware(e, has, flags);
}

/* Calls check for each combination that may be made. */
static void for_all(void (*check)(pfn_t pfn, unsigned prot, unsigned flags))
{
	for (unsigned i = 0; i < 4; i++)
		for (unsigned prot = 0; prot < 8; prot++)
			for (unsigned flags = 0; flags < 16; flags++)
				if (flags < 8 ||
				    flags & ENTRY_COW) /* the bit of WP alone is none's */
					check(frames[i], prot, flags);
}

TEST(made)
{
	entry_ad_soft = false;
	for_all(check_made);
}

TEST(made_with_soft_ad)
{
	entry_ad_soft = true;
	for_all(check_made);
	entry_ad_soft = false;
}

/* A TLB holds what the old entry let through; a fence is owed where the new one lets less through, or elsewhere. */
static void check_lessens(struct mmu_entry old, struct mmu_entry new)
{
	unsigned was = old.word & V ? old.word & (R | W | X) : 0;
	unsigned is = new.word &V ? new.word &(R | W | X) : 0;
	bool moved = old.word >> 10 != new.word >> 10;
	bool clean_again = (old.word & W) && (old.word & D) && !(new.word &D);

	assert_int_equal(entry_downgrades(old, new),
			 was != 0 && (moved || (was & ~is) || clean_again));
}

TEST(lessens)
{
	for (unsigned from = 0; from < 8 * 8; from++) {
		struct mmu_entry old = entry_make(0x80200, from % 8, from / 8);

		for (unsigned to = 0; to < 8 * 8; to++) {
			check_lessens(old, entry_make(0x80200, to % 8, to / 8));
			check_lessens(old, entry_make(0x80201, to % 8, to / 8));
		}
		check_lessens(old, (struct mmu_entry){ 0 });
		check_lessens((struct mmu_entry){ 0 }, old);
	}
}

static void check_share(pfn_t pfn, unsigned prot, unsigned flags)
{
	struct mmu_entry e, shared;

	e = entry_make(pfn, prot, flags);
	shared = entry_share(e);
	assert_int_equal(entry_pfn(shared), pfn);
	assert_int_equal(entry_prot(shared), entry_prot(e) & ~VM_PROT_WRITE);
	assert_int_equal(ENTRY_COW, entry_flags(shared) & ENTRY_WP);
	assert_int_equal(0, shared.word & W);
	assert_int_equal(
		shared.word,
		entry_with(e, entry_prot(e), (entry_flags(e) & ~ENTRY_WP) | ENTRY_COW).word);
}

static void check_wp(pfn_t pfn, unsigned prot, unsigned flags)
{
	struct mmu_entry e = entry_make(pfn, prot, flags), wp = entry_set_wp(e, true), off;

	assert_true(entry_is_wp(wp));
	check_hardware(wp, prot_expected(prot, flags) & ~VM_PROT_WRITE, flags);
	assert_int_equal(entry_pfn(wp), pfn);
	assert_int_equal(wp.word, entry_with(wp, entry_prot(wp), entry_flags(wp)).word);
	off = entry_set_wp(wp, false);
	assert_false(entry_is_wp(off));
	assert_int_equal(off.word, entry_share(e).word);
	assert_int_equal(entry_set_wp(off, false).word, off.word);
}

TEST(write_protected_by_the_program) /* R230 */
{
	struct mmu_entry swap = entry_make_swap((1ul << 40) - 1);

	for (unsigned soft = 0; soft < 2; soft++) {
		entry_ad_soft = soft;
		for_all(check_wp);
	}
	entry_ad_soft = false;
	assert_int_equal(swap.word, entry_set_wp(swap, false).word);
	assert_int_equal(swap.word, entry_set_wp(entry_set_wp(swap, true), false).word);
	swap = entry_set_wp(swap, true);
	assert_true(entry_is_wp(swap) && entry_state(swap) == ENTRY_SWAP);
	assert_int_equal((1ul << 40) - 1, entry_swap_slot(swap));
}

TEST(marked_and_poisoned) /* R230 */
{
	const struct mmu_entry mark = entry_set_wp(ENTRY_NONE, true), poison = entry_make_poison();
	const struct mmu_entry others[] = { entry_make_swap(0), entry_make(frames[2], 0, 0),
					    entry_make(frames[2], VM_PROT_READ, 0) };

	assert_int_equal(ENTRY_MARKED, entry_state(mark));
	assert_int_equal(ENTRY_POISONED, entry_state(poison));
	assert_true(entry_is_wp(mark) && !entry_is_wp(poison) && !entry_is_wp(ENTRY_NONE));
	assert_int_equal(0, entry_set_wp(mark, false).word);
	assert_int_equal(poison.word, entry_set_wp(poison, true).word);
	assert_int_equal(poison.word, entry_set_wp(poison, false).word);
	assert_true(entry_is_blank(mark) && entry_is_blank(poison) && entry_is_blank(ENTRY_NONE));
	assert_false(entry_empty(mark) || entry_empty(poison));
	assert_false(entry_has_page(mark) || entry_has_page(poison));
	assert_int_equal(0, entry_prot(mark) | entry_flags(mark) | entry_prot(poison) |
				    entry_flags(poison));
	assert_false(entry_allows(mark, VM_PROT_READ) || entry_allows(poison, VM_PROT_READ));
	assert_false(entry_downgrades(mark, ENTRY_NONE) || entry_downgrades(ENTRY_NONE, poison));
	assert_int_equal(0, (mark.word | poison.word) & (V | U));
	for (unsigned i = 0; i < 3; i++)
		assert_false(entry_is_blank(others[i]));
}

TEST(share) /* R60 */
{
	for (unsigned soft = 0; soft < 2; soft++) {
		entry_ad_soft = soft;
		for_all(check_share);
	}
	entry_ad_soft = false;
}

TEST(atomic_changes)
{
	struct mmu_entry a = entry_make(1, VM_PROT_READ, 0), b = entry_make(2, VM_PROT_READ, 0),
			 slot = a;

	assert_false(entry_cas(&slot, b, b));
	assert_int_equal(entry_load(&slot).word, a.word);
	assert_true(entry_cas(&slot, a, b));
	assert_int_equal(entry_swap(&slot, a).word, b.word);
	assert_int_equal(slot.word, a.word);
	assert_int_equal(ENTRY_EMPTY, entry_state((struct mmu_entry){ 0 }));
	assert_true(entry_empty((struct mmu_entry){ 0 }));
}

/* From every start to every end of a piece. */
TEST(next_used)
{
	enum { N = 40 };
	struct mmu_entry entries[N] = { 0 };

	assert_ptr_equal(entries + N, entry_next_used(entries, entries + N));
	for (unsigned used = 0; used < N; used++) {
		entries[used] = entry_make(frames[1], 0, 0);
		for (unsigned from = 0; from < N; from++)
			for (unsigned to = from; to <= N; to++) {
				unsigned expected = from <= used && used < to ? used : to;

				assert_ptr_equal(entries + expected,
						 entry_next_used(entries + from, entries + to));
			}
		entries[used] = ENTRY_NONE;
	}
}
