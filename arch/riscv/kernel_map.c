/* SPDX-License-Identifier: MIT */
/* The kernel's own mappings. No frame is both writable and executable. */
/*
 * The direct map covers RAM by the largest pages that fit and is never executable. It maps the
 * image's frames with no more permissions than the image has.
 */
#include "arch/riscv/kernel_map.h"

#include "abi/errno.h"
#include "arch/bootmap.h"
#include "arch/mmu.h"
#include "arch/riscv/image.h"
#include "arch/riscv/walk.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/string.h"

#define DIRECT_ROOTS (DIRECT_MAP_SIZE >> ROOT_SHIFT)
#define PTE_RW	     (PTE_KERNEL | PTE_R | PTE_W)

/* The root entries that all spaces share, by index. const after boot. */
static uint16_t shared_roots[TABLE_ENTRIES / 2];
static unsigned shared_count;

void kernel_roots_copy(pte_t *root)
{
	assert_hardened(shared_count > 0);
	for (unsigned i = 0; i < shared_count; i++)
		root[shared_roots[i]] = kernel_root[shared_roots[i]];
}

void kernel_roots_clear(pte_t *root)
{
	for (unsigned i = 0; i < shared_count; i++)
		root[shared_roots[i]] = 0;
}

struct phys_range arch_image(void)
{
	return (struct phys_range){ image_paddr(image_start), image_paddr(image_end) };
}

struct phys_range arch_image_init(void)
{
	return (struct phys_range){ image_paddr(image_init_start), image_paddr(image_init_end) };
}

static bool holds_image(paddr_t start, paddr_t end)
{
	struct phys_range image = arch_image();

	return start < image.end && end > image.start;
}

static pte_t frame_bits(paddr_t pa)
{
	if (!holds_image(pa, pa + PAGE_SIZE))
		return PTE_RW;
	return image_page_bits(pa - IMAGE_LOAD + IMAGE_BASE) & ~PTE_X;
}

/* Maps a range into a table of that level (0: leaf), which begins at physical address `base`. */
IMAGE_INIT static void map_range(pte_t *table, unsigned level, paddr_t base,
				 struct phys_range range, paddr_t (*frame)(void))
{
	size_t span = PAGE_SIZE << (INDEX_BITS * level);

	for (paddr_t pa = MAX(base, ALIGN_DOWN(range.start, span)); pa < range.end; pa += span) {
		unsigned i = (unsigned)((pa - base) / span);

		if (i == TABLE_ENTRIES)
			break;
		if (table[i] & PTE_RWX)
			continue; /* an overlapping range has mapped it */
		if (level == 0) {
			table[i] = frame_bits(pa) ? pte_leaf(pa, frame_bits(pa)) : 0;
			continue;
		}
		if (!table[i] && pa >= range.start && range.end - pa >= span &&
		    !holds_image(pa, pa + span)) {
			table[i] = pte_leaf(pa, PTE_RW);
			continue;
		}
		if (!table[i]) {
			paddr_t below = frame();

			memset(arch_phys_to_virt(below), 0, PAGE_SIZE);
			table[i] = pte_table(below);
		}
		map_range(pte_table_at(table[i]), level - 1, pa, range, frame);
	}
}

IMAGE_INIT void arch_kernel_map(const struct phys_range *ram, unsigned n, paddr_t (*frame)(void))
{
	static pte_t direct[DIRECT_ROOTS]; /* private to the boot hart */
	pte_t *live = &kernel_root[root_index(DIRECT_MAP_BASE)];

	for (unsigned i = 0; i < n; i++) {
		paddr_t end = MIN(ALIGN_DOWN(ram[i].end, PAGE_SIZE), PHYS_TOP);
		struct phys_range range = { ALIGN_UP(ram[i].start, PAGE_SIZE), end };

		if (range.start < range.end)
			map_range(direct, MMU_LEVELS - 1, 0, range, frame);
	}
	/*
	 * Until arch_image_init_done() fences, TLBs may have the first map: it has the same frames, with
	 * more permissions.
	 */
	memcpy(live, direct, sizeof(direct));
	shared_count = 0;
	for (unsigned i = TABLE_ENTRIES / 2; i < TABLE_ENTRIES; i++)
		if (kernel_root[i])
			shared_roots[shared_count++] = (uint16_t)i;
}

volatile void *arch_map_early_device(paddr_t pa)
{
	/* The last page of the image's own tables, which the linker script leaves unused. */
	vaddr_t page = IMAGE_BASE + image_tables() * IMAGE_SPAN - PAGE_SIZE;

	image_leaf[image_tables() - 1][TABLE_ENTRIES - 1] =
		pte_leaf(ALIGN_DOWN(pa, PAGE_SIZE), PTE_RW);
	arch_mmu_sync_kernel();
	return (volatile char *)page + pa % PAGE_SIZE;
}

/* Returns the entry of the lowest level that exists for a kernel address. It may be 0. */
static pte_t *kernel_walk(vaddr_t va)
{
	pte_t *pte = &kernel_root[root_index(va)];

	if (*pte && !(*pte & PTE_RWX))
		pte = &pte_table_at(*pte)[middle_index(va)];
	if (*pte && !(*pte & PTE_RWX))
		pte = &pte_table_at(*pte)[leaf_index(va)];
	return pte;
}

bool kernel_readable(vaddr_t va)
{
	return va >= DIRECT_MAP_BASE && (*kernel_walk(va) & (PTE_V | PTE_R)) == (PTE_V | PTE_R);
}

void arch_image_init_done(void)
{
	struct phys_range init = arch_image_init();

	for (paddr_t pa = init.start; pa < init.end; pa += PAGE_SIZE)
		*kernel_walk(pa - IMAGE_LOAD + IMAGE_BASE) = 0;
	for (paddr_t pa = init.start; pa < init.end; pa += PAGE_SIZE)
		*kernel_walk((vaddr_t)arch_phys_to_virt(pa)) = pte_leaf(pa, PTE_RW);
	arch_mmu_sync_kernel();
}

/*
 * Returns the leaf entry of a vmap address; a missing table is taken from `spare`. Returns NULL if
 * that is empty.
 */
static pte_t *vmap_slot(vaddr_t va, struct mmu_tables *spare)
{
	pte_t *middle = &pte_table_at(kernel_root[root_index(va)])[middle_index(va)];

	if (!*middle) {
		if (!spare || spare->count == 0)
			return NULL;
		pte_publish(middle, pte_table(mmu_tables_pop(spare)));
	}
	return &pte_table_at(*middle)[leaf_index(va)];
}

int arch_mmu_map_kernel(vaddr_t va, paddr_t pa, size_t npages, unsigned prot,
			struct mmu_tables *spare)
{
	vaddr_t end = va + npages * PAGE_SIZE;

	assert_hardened(IS_ALIGNED(va | pa, PAGE_SIZE) && va >= VMAP_BASE && end <= VMAP_TOP &&
			va <= end);
	assert_hardened(prot == 0 || prot == VM_PROT_READ ||
			prot == (VM_PROT_READ | VM_PROT_WRITE));
	for (vaddr_t at = va; at < end; at = ALIGN_DOWN(at, MIDDLE_SPAN) + MIDDLE_SPAN)
		if (!vmap_slot(at, spare))
			return -ENOMEM;
	for (vaddr_t at = va; at < end; at += PAGE_SIZE, pa += PAGE_SIZE) {
		pte_t *slot = vmap_slot(at, NULL);

		assert_hardened(slot && (!prot || !*slot));
		*slot = prot ? pte_leaf(pa, PTE_KERNEL | (pte_t)prot << 1) : 0;
	}
	return 0;
}
