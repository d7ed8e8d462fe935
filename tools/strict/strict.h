/* SPDX-License-Identifier: MIT */
/* The strict machine: a firmware in M-mode that gives a kernel what the privileged specification allows. */
#pragma once

#include "csr.h"
#include "lib/types.h"

/* ---- memory (strict.ld) ---- */

/*
 * The firmware has the first 2 MiB of RAM: its image, and behind that the pool of shadow tables.
 * The kernel has the rest, up to `ram_end`.
 */
#define KERNEL_RAM 0x80200000ul
extern char firmware_start[], pool_start[], pool_end[];
extern uint64_t ram_end;

/* Is the range within the kernel's memory? */
static inline bool is_kernel_ram(uint64_t address, uint64_t size)
{
	return address >= KERNEL_RAM && address <= ram_end && size <= ram_end - address;
}

/* ---- what a trap has interrupted ---- */

struct frame {
	uint64_t x[32]; /* x[0] is 0 */
};

/* Called by start.S for each trap. Returning goes on with the frame at mepc. */
void trap(struct frame *frame);

/* Called for each trap if the option `count` is set: x[0] is the number of instructions until the trap, counted_from that at its end. */
void trap_counted(struct frame *frame);
extern uint64_t counted_from;

/* start.S */
void trap_entry_that_counts(void);

/* Makes S-mode take an exception, as the hardware does when it is delegated. */
void redirect(uint64_t cause, uint64_t tval);

/*
 * The SBI call of a frame: sets a0 and a1. Some do not return. See the SBI specification, 2.0; what
 * it says of bad arguments holds here.
 */
void sbi_call(struct frame *frame);

/* ---- the kernel's page tables ---- */

/* A speculative access asks for no permission, and never sets D. One that only looks sets nothing. */
enum access { READ, WRITE, EXECUTE, SPECULATIVE, LOOK };

enum walk_result { WALK_OK, WALK_PAGE_FAULT, WALK_ACCESS_FAULT };

struct mapping {
	uint64_t pte; /* as it is in the kernel's table after the walk */
	unsigned level;
	bool well_formed;   /* a page fault comes from a lack of permission only */
	uint64_t *slots[3]; /* by level: the entries that were read, down to `level` */
};

/* May an access be made by this leaf, at the present SUM and MXR? */
bool pte_permits(uint64_t pte, enum access access, enum privilege privilege);

/*
 * Translates an address by the tables that satp has, which is of Sv39, as the hardware does
 * (privileged spec, 4.3.2). It sets A, and for a write D, if the options say
 * so. *mapping is the last entry that was read, also after a page fault, unless the address itself
 * is bad.
 */
enum walk_result walk(uint64_t satp, uint64_t va, enum access access, enum privilege privilege,
		      struct mapping *mapping);

/* ---- the device tree (tree.c) ---- */

/*
 * Changes the tree in place: the firmware's memory and Sstc are hidden, and there is a node for each
 * hart. Sets ram_end. Call harts_init() before.
 */
void tree_change(uint8_t *tree);

/* ---- the console, and the end ---- */

void console_put(char c);
/* Returns a byte, or -1 if there is none. */
int console_get(void);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A mistake of the firmware's: says what and where, and ends QEMU. */
void firmware_panic(const char *what, uint64_t address) __attribute__((noreturn));

/* Ends QEMU. */
void power_off(bool reboot) __attribute__((noreturn));
void power_off_with(unsigned status) __attribute__((noreturn));
