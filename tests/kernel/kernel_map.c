/* SPDX-License-Identifier: MIT */
/* The mappings of the kernel as they stand: who may write and who may execute which frame. */
#include "arch/bootmap.h"
#include "arch/context.h"
#include "arch/mmu.h"
#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "proc/thread.h"
#include "tests/kernel/arch_space.h"
#include "tests/kernel/ktest.h"

#define PIECES_MAX	 600
#define TABLE_INDEX_BITS 9
#define HIGH_HALF	 (MMU_LEAF_ENTRIES / 2)

/* A mapping found by the walk. */
struct piece {
	vaddr_t va;
	paddr_t pa;
	size_t bytes;
	unsigned prot;
};

static struct piece pieces[PIECES_MAX];
static unsigned npieces;

/* Kernel entries lack the mark of the user's: it is added, for the accessors' sake. */
static struct mmu_entry as_user(struct mmu_entry entry)
{
	entry.word |= entry_make(0, 0, 0).word;
	return entry;
}

/* Neighbours that go on where the last one ended, with the same permissions, are one piece. */
static void found(vaddr_t va, paddr_t pa, size_t bytes, unsigned prot)
{
	struct piece *last = npieces ? &pieces[npieces - 1] : NULL;

	if (last && last->va + last->bytes == va && last->pa + last->bytes == pa &&
	    last->prot == prot)
		last->bytes += bytes;
	else if (npieces < PIECES_MAX)
		pieces[npieces++] = (struct piece){ va, pa, bytes, prot };
}

static void walk(paddr_t table, unsigned level, vaddr_t base, unsigned first)
{
	const struct mmu_entry *entries = arch_phys_to_virt(table);
	size_t span = PAGE_SIZE << (TABLE_INDEX_BITS * level);

	for (unsigned i = first; i < MMU_LEAF_ENTRIES; i++) {
		struct mmu_entry entry = entry_load(&entries[i]);
		vaddr_t va = base + i * span;
		paddr_t pa;

		if (entry_empty(entry))
			continue;
		pa = pfn_to_paddr(entry_pfn(as_user(entry)));
		if (entry_prot(entry))
			found(va, pa, span, entry_prot(entry));
		else if (level > 0)
			walk(pa, level - 1, va, 0);
	}
}

/* Finds all of the kernel's half. Returns false if there is no memory or too many pieces. */
static bool walk_kernel(void)
{
	struct arch_space as;
	size_t root_span = PAGE_SIZE << (TABLE_INDEX_BITS * (MMU_LEVELS - 1));

	npieces = 0;
	if (!arch_space_start(&as))
		return false;
	walk(as.mmu.root, MMU_LEVELS - 1, -(MMU_LEAF_ENTRIES * root_span), HIGH_HALF);
	arch_space_end(&as);
	return npieces > 0 && npieces < PIECES_MAX;
}

static const struct piece *piece_at(vaddr_t va)
{
	for (unsigned i = 0; i < npieces; i++)
		if (va >= pieces[i].va && va - pieces[i].va < pieces[i].bytes)
			return &pieces[i];
	return NULL;
}

static unsigned prot_at(const void *address)
{
	const struct piece *piece = piece_at((vaddr_t)address);

	return piece ? piece->prot : 0;
}

static bool overlap(const struct piece *a, const struct piece *b)
{
	return a->pa < b->pa + b->bytes && b->pa < a->pa + a->bytes;
}

/* R110 */
KTEST(kernel_map_no_frame_is_executable_here_and_writable_there)
{
	unsigned executable = 0;

	ASSERT_TRUE(walk_kernel());
	for (unsigned i = 0; i < npieces; i++) {
		if (!(pieces[i].prot & VM_PROT_EXEC))
			continue;
		executable++;
		for (unsigned k = 0; k < npieces; k++)
			EXPECT_TRUE(!(pieces[k].prot & VM_PROT_WRITE) ||
				    !overlap(&pieces[i], &pieces[k]));
	}
	EXPECT_TRUE(executable > 0);
}

/* R110 */
KTEST(kernel_map_direct_map_is_never_executable)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	vaddr_t direct = (vaddr_t)arch_phys_to_virt(0);

	ASSERT_TRUE(page && walk_kernel());
	EXPECT_EQ(VM_PROT_READ | VM_PROT_WRITE, prot_at(page_address(page)));
	for (unsigned i = 0; i < npieces; i++)
		if (pieces[i].va == direct + pieces[i].pa)
			EXPECT_TRUE(!(pieces[i].prot & VM_PROT_EXEC));
	page_put(page);
}

/* R110: text, constants and data have the permissions that they need, by both aliases */
KTEST(kernel_map_image_has_prot_by_section)
{
	static uint64_t data = 1;
	static const uint64_t constant = 1;
	const void *text = (const void *)(uintptr_t)&page_alloc_trim;
	paddr_t text_pa;

	ASSERT_TRUE(walk_kernel());
	EXPECT_EQ(VM_PROT_READ | VM_PROT_EXEC, prot_at(text));
	EXPECT_EQ(VM_PROT_READ, prot_at(&constant));
	EXPECT_EQ(VM_PROT_READ | VM_PROT_WRITE, prot_at(&data));
	ASSERT_TRUE(piece_at((vaddr_t)text));
	text_pa = (vaddr_t)text - piece_at((vaddr_t)text)->va + piece_at((vaddr_t)text)->pa;
	EXPECT_EQ(VM_PROT_READ, prot_at(arch_phys_to_virt(text_pa)));
}

/* R110: the kernel's half is the same in all address spaces */
KTEST(kernel_map_is_shared_by_all_spaces)
{
	size_t half = MMU_LEAF_ENTRIES / 2 * sizeof(struct mmu_entry);
	struct arch_space a, b;

	ASSERT_TRUE(arch_space_start(&a) && arch_space_start(&b));
	EXPECT_EQ(0, memcmp((char *)arch_phys_to_virt(a.mmu.root) + half,
			    (char *)arch_phys_to_virt(b.mmu.root) + half, half));
	arch_space_end(&a);
	arch_space_end(&b);
}

/* R32 */
KTEST(kernel_map_stacks_have_a_guard_below)
{
	char *stack = kstack_alloc(), *running = current_thread()->kstack;

	ASSERT_TRUE(stack && walk_kernel());
	EXPECT_EQ(VM_PROT_READ | VM_PROT_WRITE, prot_at(stack));
	EXPECT_EQ(VM_PROT_READ | VM_PROT_WRITE, prot_at(stack + KSTACK_SIZE - 1));
	EXPECT_EQ(VM_PROT_READ | VM_PROT_WRITE, prot_at(running));
	for (size_t below = 1; below <= KSTACK_SIZE; below += PAGE_SIZE) {
		EXPECT_EQ(0, prot_at(stack - below));
		EXPECT_EQ(0, prot_at(running - below));
	}
	EXPECT_EQ(0, prot_at(stack + KSTACK_SIZE));
	/* Devices are mapped in the upper half. */
	for (unsigned i = 0; i < npieces; i++)
		if (pieces[i].va >= VMAP_BASE &&
		    pieces[i].va < VMAP_BASE + (VMAP_TOP - VMAP_BASE) / 2)
			EXPECT_TRUE(pieces[i].va % (2 * KSTACK_SIZE) >= KSTACK_SIZE);
	kstack_free(stack);
}

/* R66: kept stacks are counted, and go when asked */
KTEST(kernel_map_stacks_give_their_frames_back)
{
	size_t before, frames;
	void *stacks[5];

	mm_trim();
	before = page_alloc_free_count();
	frames = kstack_frames();
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++)
		stacks[i] = kstack_alloc();
	EXPECT_EQ(frames + ARRAY_SIZE(stacks) * (KSTACK_SIZE / PAGE_SIZE), kstack_frames());
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++)
		kstack_free(stacks[i]);
	kstack_trim();
	EXPECT_EQ(frames, kstack_frames());
	mm_trim();
	EXPECT_EQ(before, page_alloc_free_count());
	ASSERT_TRUE(walk_kernel());
	EXPECT_EQ(0, prot_at(stacks[0]));
}

/* Device registers come by the vmap area, readable and writable, not executable */
KTEST(kernel_map_holds_the_running_stack_and_no_user_pages)
{
	ASSERT_TRUE(walk_kernel());
	for (unsigned i = 0; i < npieces; i++) {
		bool vmap = pieces[i].va >= VMAP_BASE && pieces[i].va < VMAP_TOP;

		EXPECT_TRUE(!vmap || pieces[i].prot == (VM_PROT_READ | VM_PROT_WRITE));
	}
	EXPECT_TRUE(piece_at((vaddr_t)__builtin_frame_address(0)) != NULL);
}

#ifdef FAULTLINE_HARDENED

/* R45: a device that needs more tables than can be had; those that were had go back */
KTEST(kernel_map_of_a_device_without_memory)
{
	for (unsigned at = 1; at < 4; at++) {
		alloc_fail_at = at;
		EXPECT_TRUE(!kmap_device(0x10000000, 64ul << 20));
		EXPECT_EQ(0, alloc_fail_at);
	}
	EXPECT_TRUE(!kmap_device(0x10000000, 0));
}

#endif
