/* SPDX-License-Identifier: MIT */
/* RISC-V: the bits of a user leaf entry. */
#pragma once

#include "lib/assert.h"
#include "lib/types.h"

/*
 * As in Sv39: V, R W X, U, G, A, D, then two bits for software (COW, soft W), then the frame number.
 * VM_PROT_* and ENTRY_* have values that only need to be shifted. U is set in every entry that has
 * a frame: V=0 with U=1 is RESIDENT. V=0 with U=0 and the highest bit of the frame's number is
 * SWAP, with the slot in the lower bits. G alone is MARKED. The frame's number 1 without any bit is POISONED. Soft W means that the page may be written, but W is withheld
 * until D is set (on harts that do not set D, and with the boot option ad=soft). COW with soft W is the mark
 * of a page that its program has write-protected (ENTRY_WP); of SWAP it is the bit G.
 */
#define ENTRY_WORD_V	  0x1ul
#define ENTRY_WORD_RWX	  0xeul
#define ENTRY_WORD_R	  0x2ul
#define ENTRY_WORD_W	  0x4ul
#define ENTRY_WORD_U	  0x10ul
#define ENTRY_WORD_G	  0x20ul
#define ENTRY_WORD_A	  0x40ul
#define ENTRY_WORD_D	  0x80ul
#define ENTRY_WORD_COW	  0x100ul
#define ENTRY_WORD_SOFT_W 0x200ul
#define ENTRY_WORD_WP	  (ENTRY_WORD_COW | ENTRY_WORD_SOFT_W)
#define ENTRY_PROT_SHIFT  1
#define ENTRY_FLAGS_SHIFT 6
#define ENTRY_WORD_SWAP	  0x20000000000000ul
#define ENTRY_WORD_POISON 0x400ul
#define ENTRY_PFN_SHIFT	  10

/* True if A and D are maintained in software. Set once, before there is any user space. */
extern bool entry_ad_soft;

static inline bool arch_sets_accessed(void)
{
	return !entry_ad_soft;
}

static inline enum entry_state entry_state(struct mmu_entry e)
{
	if (e.word & ENTRY_WORD_U)
		return e.word & ENTRY_WORD_V ? ENTRY_PRESENT : ENTRY_RESIDENT;
	if (e.word & ENTRY_WORD_SWAP)
		return ENTRY_SWAP;
	if (e.word == 0)
		return ENTRY_EMPTY;
	return e.word & ENTRY_WORD_G ? ENTRY_MARKED : ENTRY_POISONED;
}

static inline bool entry_empty(struct mmu_entry e)
{
	return e.word == 0;
}

static inline bool entry_has_page(struct mmu_entry e)
{
	return e.word & ENTRY_WORD_U;
}

static inline bool entry_is_blank(struct mmu_entry e)
{
	return !(e.word & (ENTRY_WORD_U | ENTRY_WORD_SWAP));
}

static inline pfn_t entry_pfn(struct mmu_entry e)
{
	assert_hardened(e.word & ENTRY_WORD_U);
	return e.word >> ENTRY_PFN_SHIFT;
}

static inline pfn_t entry_pfn_if_any(struct mmu_entry e)
{
	return e.word >> ENTRY_PFN_SHIFT;
}

static inline uint64_t entry_swap_slot(struct mmu_entry e)
{
	assert_hardened(entry_state(e) == ENTRY_SWAP);
	return (e.word & ~ENTRY_WORD_SWAP) >> ENTRY_PFN_SHIFT;
}

static inline bool entry_soft_w(struct mmu_entry e)
{
	return e.word & ENTRY_WORD_SOFT_W;
}

static inline unsigned entry_prot(struct mmu_entry e)
{
	unsigned prot = (e.word & ENTRY_WORD_RWX) >> ENTRY_PROT_SHIFT;

	return entry_soft_w(e) ? prot | VM_PROT_WRITE : prot;
}

static inline unsigned entry_flags(struct mmu_entry e)
{
	return (e.word >> ENTRY_FLAGS_SHIFT) & (ENTRY_ACCESSED | ENTRY_DIRTY | ENTRY_WP);
}

/* The journal has the bits of Sv39. */
static inline uint64_t entry_record(struct mmu_entry e)
{
	return e.word >> ENTRY_PFN_SHIFT << 16 | (e.word & (ENTRY_WORD_SOFT_W * 2 - 1));
}

static inline bool entry_allows(struct mmu_entry e, unsigned access)
{
	uint64_t needed = ENTRY_WORD_V | ENTRY_WORD_U | ENTRY_WORD_A | access << ENTRY_PROT_SHIFT;

	if (access & ENTRY_WORD_W >> ENTRY_PROT_SHIFT)
		needed |= ENTRY_WORD_D;
	return (e.word & needed) == needed;
}

/* The bits of permissions and flags. (The casts to int save an extension: the values are small.) */
static inline uint64_t entry_bits(unsigned prot, unsigned flags)
{
	return (uint64_t)(int)prot << ENTRY_PROT_SHIFT | (uint64_t)(int)flags << ENTRY_FLAGS_SHIFT;
}

/* entry_bits() if A and D are maintained in software: an entry without them lacks the permissions, too. */
static inline uint64_t entry_bits_soft(unsigned prot, unsigned flags)
{
	uint64_t word = entry_bits(prot, flags);

	if (!(flags & ENTRY_COW))
		word &= ~ENTRY_WORD_SOFT_W;
	if ((prot & VM_PROT_WRITE) && !(flags & ENTRY_DIRTY))
		word = (word & ~ENTRY_WORD_W) | ENTRY_WORD_SOFT_W;
	if (prot && (flags & ENTRY_ACCESSED))
		word |= ENTRY_WORD_V;
	return word;
}

static inline struct mmu_entry entry_make(pfn_t pfn, unsigned prot, unsigned flags)
{
	uint64_t word = pfn << ENTRY_PFN_SHIFT | ENTRY_WORD_U;

	if (flags & ENTRY_COW)
		prot &= ~VM_PROT_WRITE;
	if (prot & VM_PROT_WRITE)
		prot |= VM_PROT_READ;
	if (__builtin_expect(entry_ad_soft, 0))
		return (struct mmu_entry){ word | entry_bits_soft(prot, flags) };
	word |= entry_bits(prot, flags);
	return (struct mmu_entry){ prot ? word | ENTRY_WORD_V : word };
}

static inline struct mmu_entry entry_make_swap(uint64_t slot)
{
	return (struct mmu_entry){ slot << ENTRY_PFN_SHIFT | ENTRY_WORD_SWAP };
}

static inline struct mmu_entry entry_make_poison(void)
{
	return (struct mmu_entry){ ENTRY_WORD_POISON };
}

static inline struct mmu_entry entry_with(struct mmu_entry e, unsigned prot, unsigned flags)
{
	return entry_make(entry_pfn(e), prot, flags);
}

static inline struct mmu_entry entry_share(struct mmu_entry e)
{
	return (struct mmu_entry){ (e.word & ~(ENTRY_WORD_W | ENTRY_WORD_SOFT_W)) |
				   ENTRY_WORD_COW };
}

static inline bool entry_is_wp(struct mmu_entry e)
{
	if (e.word & ENTRY_WORD_U)
		return (e.word & ENTRY_WORD_WP) == ENTRY_WORD_WP;
	return e.word & ENTRY_WORD_G;
}

static inline struct mmu_entry entry_set_wp(struct mmu_entry e, bool wp)
{
	if (!(e.word & ENTRY_WORD_U)) {
		if (e.word == ENTRY_WORD_POISON)
			return e;
		return (struct mmu_entry){ wp ? e.word | ENTRY_WORD_G : e.word & ~ENTRY_WORD_G };
	}
	if (wp)
		return (struct mmu_entry){ (e.word & ~ENTRY_WORD_W) | ENTRY_WORD_WP };
	return (struct mmu_entry){ entry_is_wp(e) ? e.word & ~ENTRY_WORD_SOFT_W : e.word };
}

static inline bool entry_downgrades(struct mmu_entry old, struct mmu_entry new)
{
	uint64_t gone = old.word & ~new.word;

	if (!(old.word & ENTRY_WORD_V))
		return false;
	if ((old.word ^ new.word) >> ENTRY_PFN_SHIFT)
		return true;
	return (gone & (ENTRY_WORD_V | ENTRY_WORD_RWX)) ||
	       ((old.word & ENTRY_WORD_W) && (gone & ENTRY_WORD_D));
}

static inline struct mmu_entry entry_load(const struct mmu_entry *slot)
{
	return (struct mmu_entry){ *(const volatile uint64_t *)&slot->word };
}

/* It orders nothing: entries are changed under a lock, and a fence of translations comes after it. */
static inline bool entry_cas(struct mmu_entry *slot, struct mmu_entry old, struct mmu_entry new)
{
	uint64_t seen = old.word;

	__atomic_compare_exchange_n(&slot->word, &seen, new.word, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
	return seen == old.word;
}

static inline struct mmu_entry entry_swap(struct mmu_entry *slot, struct mmu_entry new)
{
	return (struct mmu_entry){ __atomic_exchange_n(&slot->word, new.word, __ATOMIC_ACQ_REL) };
}
