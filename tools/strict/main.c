/* SPDX-License-Identifier: MIT */
/* Sets the machine up, and starts the kernel. */
#include "lib/bits.h"
#include "lib/string.h"
#include "harts.h"
#include "options.h"
#include "pte.h"
#include "shadow.h"
#include "strict.h"
#include "witness.h"

/* What QEMU says of the kernel, as to OpenSBI's fw_dynamic. */
struct boot_info {
	uint64_t magic;
	uint64_t version;
	uint64_t next_address;
	uint64_t next_mode;
};

#define BOOT_INFO_MAGIC 0x4942534ful

uint64_t ram_end;

/* ---- protection ---- */

#define PMP_READ	   1ul
#define PMP_ALL		   7ul
#define PMP_TOR		   (1ul << 3)
#define PMP_ENTRY(n, what) ((what) << 8 * (n))

/*
 * S-mode has no access to the firmware, and may read shadow tables: the walk reads them as S-mode
 * does. Where the page tables' first level maps a superpage over all, the machine checks this, too.
 */
static void protect(void)
{
	csr_write(pmpaddr0, (uint64_t)firmware_start >> 2);
	csr_write(pmpaddr1, (uint64_t)pool_start >> 2);
	csr_write(pmpaddr2, (uint64_t)pool_end >> 2);
	csr_write(pmpaddr3, ~0ul >> 10);
	csr_write(pmpcfg0, PMP_ENTRY(0, PMP_TOR | PMP_ALL) | PMP_ENTRY(1, PMP_TOR) |
				   PMP_ENTRY(2, PMP_TOR | PMP_READ) |
				   PMP_ENTRY(3, PMP_TOR | PMP_ALL));
}

/*
 * Only what a program asks of its kernel goes there by itself. Other exceptions may come from the first
 * instruction of the kernel's handler, for ever: time would stand still, as no instruction is executed.
 * QEMU makes misaligned accesses itself that OpenSBI would emulate.
 */
#define DELEGATED BIT(ECALL_FROM_USER)

void firmware_main(uint64_t id, uint8_t *tree, const struct boot_info *info, struct frame *frame);

void firmware_main(uint64_t id, uint8_t *tree, const struct boot_info *info, struct frame *frame)
{
	if (info->magic != BOOT_INFO_MAGIC)
		firmware_panic("no kernel: start QEMU with -bios and -kernel", (uint64_t)info);
	options_read();
	harts_init();
	tree_change(tree);
	shadow_init();
	witness_init();
	protect();
	say("strict: hart %lu, %lu MiB of memory for the kernel at %#lx\n", running->id,
	    (ram_end - KERNEL_RAM) >> 20, KERNEL_RAM);
	options_say();
	csr_write(medeleg, DELEGATED);
	csr_write(mcounteren, options.count ? 7 & ~MCOUNTEREN_IR : 7);
	if (options.count)
		csr_write(mtvec, trap_entry_that_counts);
	csr_write(menvcfg, MENVCFG_CBO);
	csr_write(mie, 0);
	hart_boot(frame, info->next_address, (uint64_t)tree);
}
