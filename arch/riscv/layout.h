/* SPDX-License-Identifier: MIT */
/* Every fixed address, as plain numbers for C, assembly and the linker script. */
#pragma once

/* User addresses: the low half of Sv39, without its first page. */
#define LAYOUT_USER_BASE 0x1000
#define LAYOUT_USER_TOP	 0x4000000000

/* Physical memory below DIRECT_MAP_SIZE, at DIRECT_MAP_BASE + physical address. */
#define DIRECT_MAP_BASE 0xffffffc000000000
#define DIRECT_MAP_SIZE 0x0000002000000000

/* Kernel stacks and device registers; VMAP_ROOTS entries of the root table, made at boot. */
#define LAYOUT_VMAP_BASE 0xffffffe000000000
#define LAYOUT_VMAP_TOP	 0xffffffe080000000
#define VMAP_ROOTS	 2

/* The image: where it is linked, and where the loader puts it. Its leaf tables are part of it: one for each IMAGE_SPAN. */
#define IMAGE_BASE 0xffffffff80200000
#define IMAGE_LOAD 0x80200000
#define IMAGE_SPAN 0x200000
#define IMAGE_MAX  0x2000000

/*
 * Stacks are aligned to twice their size, and the lower half is not mapped, so that one bit of sp
 * shows an overflow.
 */
#define LAYOUT_KSTACK_SHIFT  14
#define LAYOUT_KSTACK_SIZE   0x4000
#define EMERGENCY_STACK_SIZE 0x2000
