/* SPDX-License-Identifier: MIT */
/* The fake machine apart from its MMU: addresses, interrupts, hart, clock, boot map. */
#include "fake.h"

#include "arch/backtrace.h"
#include "arch/bootmap.h"
#include "arch/console.h"
#include "arch/hart.h"
#include "arch/context.h"
#include "arch/irqflags.h"
#include "arch/page.h"
#include "arch/timer.h"
#include "arch/witness.h"
#include "arena.h"
#include "base/hart.h"
#include "sync/lockorder.h"

bool fake_irq_on = true;
struct hart harts[HART_MAX] = { [1] = { .index = 1 } };
unsigned hart_count = 1;
bool hart_several;
struct hart *fake_hart = harts;
uint64_t fake_time;
void (*fake_meanwhile)(void);
struct phys_range fake_image, fake_image_init;
void (*fake_page_copied)(void);
uint64_t fake_text_syncs;

static struct arch_thread boot_thread;
#ifdef FAULTLINE_HARDENED
static struct lockorder held;

struct lockorder *lockorder_this_hart(void)
{
	return &held;
}
#endif

struct arch_thread *arch_this_thread(void)
{
	boot_thread.hart = fake_hart;
	return &boot_thread;
}

void fake_arena_init(size_t npages)
{
	fake_arena_make(npages << PAGE_SHIFT, VMAP_SIZE);
	fake_mmu_reset();
#ifdef FAULTLINE_HARDENED
	held = (struct lockorder){ 0 };
#endif
}

void *fake_phys_to_virt(paddr_t pa)
{
	if (pa < FAKE_PHYS_BASE || pa - FAKE_PHYS_BASE >= fake_arena_size)
		__builtin_trap();
	return fake_arena + (pa - FAKE_PHYS_BASE);
}

paddr_t fake_virt_to_phys(const void *p)
{
	size_t offset = (size_t)((const unsigned char *)p - fake_arena);

	if ((const unsigned char *)p < fake_arena || offset >= fake_arena_size)
		__builtin_trap();
	return FAKE_PHYS_BASE + offset;
}

struct phys_range arch_image(void)
{
	return fake_image;
}

struct phys_range arch_image_init(void)
{
	return fake_image_init;
}

void arch_image_init_done(void)
{
}

/* The arena is mapped already; a few frames are asked for as real tables would take them. */
void arch_kernel_map(const struct phys_range *ram, unsigned n, paddr_t (*frame)(void))
{
	(void)ram;
	for (unsigned i = 0; i < n + 1; i++)
		arch_page_zero(arch_phys_to_virt(frame()));
}

void arch_witness_owe(bool owe)
{
	(void)owe;
}

void arch_witness_free(paddr_t pa, size_t size)
{
	(void)pa, (void)size;
}

void arch_hart_wait(void)
{
}

void arch_hart_wait_until(uint64_t ticks)
{
	(void)ticks;
}

void arch_hart_stop(void)
{
	__builtin_trap();
}

const char *arch_symbol(vaddr_t addr, size_t *offset_ret)
{
	(void)addr;
	*offset_ret = 0;
	return NULL;
}
