/* SPDX-License-Identifier: MIT */
/* Start-up with the MMU off: makes the first page tables, and reports what goes wrong. */
#include "arch/hart.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/fpu.h"
#include "arch/riscv/image.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/witness.h"
#include "arch/riscv/start.h"
#include "arch/upcall.h"
#include "lib/bits.h"

#define PAGE_ALIGNED __attribute__((section(".bss.page_aligned"), aligned(PAGE_SIZE)))

pte_t kernel_root[TABLE_ENTRIES] PAGE_ALIGNED;
static pte_t image_middle[TABLE_ENTRIES] PAGE_ALIGNED;
static pte_t vmap_middle[VMAP_ROOTS][TABLE_ENTRIES] PAGE_ALIGNED;

/* The device tree that the firmware passed. const after boot. */
paddr_t boot_dtb;

pte_t image_page_bits(vaddr_t va)
{
	/* Only differences of addresses are used, because this also runs at physical addresses. */
	vaddr_t offset = va - IMAGE_BASE;
	vaddr_t base = (vaddr_t)image_start;

	if (offset < (vaddr_t)image_init_end - base)
		return PTE_KERNEL | PTE_R | PTE_X;
	if (offset < (vaddr_t)rodata_end - base)
		return PTE_KERNEL | PTE_R;
	if (offset - ((vaddr_t)boot_stack_guard - base) < LAYOUT_KSTACK_SIZE)
		return 0;
	return PTE_KERNEL | PTE_R | PTE_W;
}

/* Maps all low physical addresses by the largest pages, the image with its own permissions. */
IMAGE_INIT uint64_t early_map(void)
{
	size_t pages = ((vaddr_t)image_end - (vaddr_t)image_start) >> PAGE_SHIFT;

	for (paddr_t pa = 0; pa < DIRECT_MAP_SIZE; pa += ROOT_SPAN)
		kernel_root[root_index(DIRECT_MAP_BASE + pa)] =
			pte_leaf(pa, PTE_KERNEL | PTE_R | PTE_W);
	for (unsigned i = 0; i < VMAP_ROOTS; i++)
		kernel_root[root_index(LAYOUT_VMAP_BASE) + i] = pte_table((paddr_t)vmap_middle[i]);
	kernel_root[root_index(IMAGE_BASE)] = pte_table((paddr_t)image_middle);
	for (size_t i = 0; i < image_tables(); i++)
		image_middle[middle_index(IMAGE_BASE) + i] = pte_table((paddr_t)image_leaf[i]);
	for (size_t i = 0; i < pages; i++) {
		vaddr_t va = IMAGE_BASE + (i << PAGE_SHIFT);
		pte_t bits = image_page_bits(va);

		if (bits)
			image_leaf[i / TABLE_ENTRIES][i % TABLE_ENTRIES] =
				pte_leaf(IMAGE_LOAD + (i << PAGE_SHIFT), bits);
	}
	return (uint64_t)SATP_SV39 << SATP_MODE_SHIFT | (paddr_t)kernel_root >> PAGE_SHIFT;
}

static void early_print(const char *s)
{
	while (*s)
		sbi_putchar(*s++);
}

static void early_print_hex(const char *name, uint64_t value)
{
	early_print(name);
	for (int shift = 60; shift >= 0; shift -= 4) {
		unsigned digit = (value >> shift) & 15;

		sbi_putchar((char)(digit < 10 ? '0' + digit : 'a' + digit - 10));
	}
}

void early_trap(uint64_t cause, uint64_t pc, uint64_t value)
{
	early_print_hex("kernel panic: trap before the kernel was up: scause ", cause);
	early_print_hex(" sepc ", pc);
	early_print_hex(" stval ", value);
	early_print("\n");
	sbi_shutdown();
	for (;;)
		__asm__ volatile("wfi");
}

void early_refuse(paddr_t dtb, const char *missing)
{
	/* In the format of the log, for tools that read from it how the machine ended. */
	early_print("[    0.000000] boot: error: this hart has no ");
	early_print(missing);
	early_print("\n[    0.000000] power: off, status 125\n");
	early_exit(dtb, 125);
	sbi_shutdown();
	for (;;)
		__asm__ volatile("wfi");
}

void arch_start(unsigned long hart_id, paddr_t dtb)
{
	boot_dtb = dtb;
	fpu_zero(); /* the firmware may have left something there */
	witness_start();
	csr_write(sie, SIE_SSIE | SIE_STIE | SIE_SEIE);
	boot_main(hart_id, dtb);
}
