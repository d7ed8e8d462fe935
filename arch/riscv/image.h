/* SPDX-License-Identifier: MIT */
/* The kernel image: the linker script's symbols, and the permissions of its parts. */
#pragma once

#include "arch/page.h"
#include "arch/riscv/layout.h"
#include "arch/riscv/sv39.h"

extern char image_start[], text_end[], image_init_start[], image_init_end[], rodata_end[];
extern char bss_start[], boot_stack_guard[], image_end[];

/* In usercopy.S: after a refused fault at [start, end), execution continues at target. */
struct fixup {
	vaddr_t start;
	vaddr_t end;
	vaddr_t target;
};

extern char usercopy_start[], usercopy_end[];
extern const struct fixup usercopy_fixups_start[], usercopy_fixups_end[];

/* Code that runs only during boot; its frames are freed afterwards. */
#define IMAGE_INIT __attribute__((section(".init.text"), noinline))

/* The physical address of something in the image. */
static inline paddr_t image_paddr(const void *address)
{
	return (paddr_t)address - IMAGE_BASE + IMAGE_LOAD;
}

/* The page tables made at start. The user half of the root is empty. */
extern pte_t kernel_root[TABLE_ENTRIES];
/* The linker script's, at the image's end. */
extern pte_t image_leaf[][TABLE_ENTRIES];

static inline size_t image_tables(void)
{
	/* cppcheck-suppress comparePointers ; the linker makes one image of it */
	return (size_t)(image_end - (char *)image_leaf) / PAGE_SIZE;
}

/* The PTE bits of the image's page at va, by its section; 0 for the guard of the boot stack. */
pte_t image_page_bits(vaddr_t va);

/* Makes the first page tables. Returns the value for satp. Runs with the MMU off. */
uint64_t early_map(void);

/*
 * The hart can't run the kernel: prints what it lacks on the firmware's console, and ends the
 * machine with status 125. Runs at physical addresses with the MMU off.
 */
void early_refuse(paddr_t dtb, const char *missing) __attribute__((noreturn));

/* A trap before traps can be handled: prints the registers and ends the machine. */
void early_trap(uint64_t cause, uint64_t pc, uint64_t value) __attribute__((noreturn));
