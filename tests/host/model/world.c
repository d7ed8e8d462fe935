/* SPDX-License-Identifier: MIT */
/* The naive model's spaces, files and shared memory, and the machine that they live on. */
#include "world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "busy.h"
#include "counts.h"
#include "disk.h"
#include "mm/check/ledger.h"
#include "mm/phys/page_alloc.h"
#include "mm/space/commit.h"
#include "mm/swap/relieve.h"
#include "mm/swap/swap.h"
#include "mm/swap/swap_cache.h"
#include "swap_area.h"
#include "tests/host/fake/arena.h"
#include "tests/host/mm/memory.h"

#define FRAMES 2560

struct model_space spaces_[SPACES];
struct model_file files[FILES];
unsigned char stores[STORES][STORE_PAGES * PAGE_SIZE];
unsigned store_pages[STORES];
enum plant plant;
const char *const plant_names[PLANTS] = { "none",  "drop", "brk",  "protect", "truncate",
					  "remap", "lock", "fork", "punch" };

static size_t free_at_begin;

void failed(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("model: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	_exit(1);
}

static const struct {
	unsigned first, count;
	vaddr_t va;
} regions[] = {
	{ 0, WINDOW_CELLS, WINDOW_VA },
	{ HEAP_FIRST, HEAP_CELLS, HEAP_VA },
	{ STACK_FIRST, STACK_CELLS, STACK_VA },
	{ BELOW_FIRST, BELOW_CELLS, BELOW_VA },
};

#define REGIONS (sizeof(regions) / sizeof(regions[0]))

static unsigned region_of(unsigned i)
{
	unsigned r = 0;

	while (i >= regions[r].first + regions[r].count)
		r++;
	return r;
}

vaddr_t cell_va(unsigned i)
{
	unsigned r = region_of(i);

	return regions[r].va + (i - regions[r].first) * PAGE_SIZE;
}

unsigned region_end(unsigned i)
{
	unsigned r = region_of(i);

	return regions[r].first + regions[r].count;
}

unsigned region_start(unsigned i)
{
	return regions[region_of(i)].first;
}

unsigned cell_number(const struct model_space *m, const struct cell *c)
{
	return (unsigned)(c - m->cell);
}

void cell_continue(struct cell *c, const struct cell *prev)
{
	memcpy(c, prev, offsetof(struct cell, bytes));
	c->own = c->either = c->freed = false;
	c->index += c->store >= 0 || c->file >= 0;
	if (c->file < 0)
		return;
	c->left = prev->left - (long)PAGE_SIZE;
	c->from_file = c->left > 0 ? (unsigned)MIN(c->left, (long)PAGE_SIZE) : 0;
}

void cell_grow(struct cell *c, const struct cell *stack)
{
	cell_continue(c, stack);
	memset(c->bytes, 0, PAGE_SIZE);
}

struct cell *cell_of(struct model_space *m, vaddr_t va)
{
	for (unsigned r = 0; r < REGIONS; r++) {
		vaddr_t page = (va - regions[r].va) / PAGE_SIZE;

		if (va >= regions[r].va && page < regions[r].count)
			return &m->cell[regions[r].first + page];
	}
	return NULL;
}

struct model_space *space_at(int n)
{
	struct model_space *m = space_accessible(n);

	return m && !m->dying ? m : NULL;
}

struct model_space *space_accessible(int n)
{
	struct model_space *m = n >= 0 && n < (int)SPACES ? &spaces_[n] : NULL;

	return m && m->alive ? m : NULL;
}

/* A page that keeps what mmap puts elsewhere out of the window. */
static void fence_window(struct model_space *m)
{
	struct map_request request = { .addr = WINDOW_VA - PAGE_SIZE,
				       .len = PAGE_SIZE,
				       .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };
	vaddr_t at;

	m->locked++;
	expect(vm_map(&m->space, &request, &at) == 0, "no memory for a fence");
	m->locked--;
}

void space_begin(struct model_space *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < CELLS; i++)
		m->cell[i].store = m->cell[i].file = -1;
	m->brk = HEAP_VA;
	expect(space_create(&m->space) == 0, "no memory for a space");
	m->space.brk_start = m->space.brk = HEAP_VA;
	m->space.stack_top = STACK_TOP;
	m->space.mmap_top = WINDOW_VA + WINDOW_CELLS * PAGE_SIZE;
	m->space.limit_stack = STACK_LIMIT;
	m->alive = true;
	fence_window(m);
}

void space_run(struct model_space *m)
{
	arch_mmu_activate(&m->space.mmu);
}

void space_end(struct model_space *m)
{
	if (fake_active() == &m->space.mmu)
		arch_mmu_activate(NULL);
	counts_of_space(&m->space);
	m->alive = false;
	m->users++; /* nobody takes its place while it goes */
	space_destroy(&m->space);
	m->users = 0;
}

void world_boot(void)
{
	fake_arena_copied = true;
	memory_start(FRAMES, NULL, 0);
	commit_add_limit(GIB);
	disk_boot();
}

void world_begin(bool soft, bool woven)
{
	busy_reset(woven);
	area_reset();
	arch_ad_soft_set(soft);
	/* With it all is accounted for, for the ledger to compare, and nothing is refused for that. */
	commit_set_strict(soft);
	mm_trim();
	free_at_begin = page_alloc_free_count();
	for (unsigned f = 0; f < FILES; f++)
		disk_make(f);
	space_begin(&spaces_[0]);
	counts.episodes++;
}

/* Nobody refers to a slot any more. */
static void swap_end(void)
{
	struct swap_census census;

	if (!swap_is_on())
		return;
	area_complete();
	census = swap_census();
	expect(census.free == census.usable, "%lu swap slots are lost",
	       (unsigned long)(census.usable - census.free));
	expect(swap_off_begin(area_device()) == 0, "swapoff is refused at the end");
	expect(swap_off_end() == 0, "swapoff does not end");
}

void world_end(void)
{
	depth = 2; /* pauses are nobody's */
	disk_complete();
	area_set_errors(0, 0);
	area_complete();
	for (unsigned n = 0; n < SPACES; n++) {
		if (spaces_[n].alive)
			space_end(&spaces_[n]);
	}
	for (unsigned f = 0; f < FILES; f++)
		object_put(files[f].object);
	swap_end();
	mm_trim();
	expect(ledger_check(NULL) == 0, "the ledger disagrees at the end (FAKE_LOG=1 shows how)");
	expect(page_alloc_free_count() == free_at_begin, "%ld frames are lost",
	       (long)(free_at_begin - page_alloc_free_count()));
	expect(fake_tlb_debts() == 0, "fences are owed at the end");
}
