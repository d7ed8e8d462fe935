/* SPDX-License-Identifier: MIT */
/* Facts about the machine, from the firmware's device tree. */
#pragma once

#include "arch/bootmap.h"
#include "lib/fdt.h"

#define BOOT_RANGES 32

/* const once boot_info_read() has filled it. */
struct boot_info {
	struct dt dt;
	unsigned long hart_id; /* the boot hart */
	const char *model;
	const char *cmdline; /* "" if there is none */
	uint64_t timebase;   /* ticks per second */
	unsigned ncpus;
	struct phys_range ram[BOOT_RANGES];
	unsigned nram;
	struct phys_range reserved[BOOT_RANGES]; /* may overlap and need not be RAM */
	unsigned nreserved;
	unsigned first_node;	  /* of these, the first from a node of /reserved-memory */
	struct phys_range initrd; /* empty: none */
	const void *rng_seed;
	uint32_t rng_seed_len;
};

extern struct boot_info boot_info;

/* Fills boot_info. Returns 0, or -EINVAL and the reason. Needs the early direct map. */
int boot_info_read(paddr_t dtb, unsigned long hart_id, const char **why_ret);
