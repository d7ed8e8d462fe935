/* SPDX-License-Identifier: MIT */
/* The kernel command line's words. */
#pragma once

#include "lib/types.h"

#define INIT_PATH_MAX 256
#define TEST_GLOB_MAX 256

struct boot_options {
	char init[INIT_PATH_MAX]; /* process 1's image */
	char test[TEST_GLOB_MAX]; /* which in-kernel tests; "" all */
	unsigned columns, rows;	  /* of the console's window */
	unsigned ports;		  /* of virtio-serial that the machine has; 0: not told */
	bool soft_ad;		  /* A and D kept by the kernel */
	uint64_t fail_nth;	  /* hardened: the allocation that fails; 0: none */
	uint64_t preempt; /* hardened: ticks between preemptions at least; 0: none are forced */
	bool latency;  /* hardened: the longest stretches without preemption are told at the end */
	uint64_t seed; /* for what tests draw by lot; 0: none given */
	uint64_t step; /* instructions between two points of a sweep; 0: the test's own */
};

extern struct boot_options boot_options;

/* Reads the line; what it can't use is named in the log, and the rest goes on. Sets the level of the log first. */
void boot_options_read(const char *cmdline);
