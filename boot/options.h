/* SPDX-License-Identifier: MIT */
/* The words of the kernel command line. */
#pragma once

#include "lib/types.h"

#define INIT_NAME_MAX 256
#define TEST_GLOB_MAX 256

/* const once boot_options_read() has filled it. */
struct boot_options {
	char init[INIT_NAME_MAX]; /* path of process 1's image */
	char test[TEST_GLOB_MAX]; /* pattern of the in-kernel tests to run; "": all */
	unsigned columns, rows;	  /* size of the console's window */
	unsigned harts;		  /* so many run at most */
	unsigned ports;		  /* number of virtio-serial ports of the machine; 0: not known */
	bool soft_ad;		  /* the kernel maintains the A and D bits */
	uint64_t clock;	    /* seconds since 1970, for a machine without a clock; 0: not given */
	bool plain_console; /* the console stands for streams that are no terminal */
	bool log_second;    /* the log moves to the second UART, */
	bool log_shared;    /* or the runner finds it among the programs' output */
	bool reboot;	    /* the end is a reboot if the firmware cannot power off */
	bool commit_strict; /* memory that could not be backed is refused (mm/space/commit.h) */
	unsigned thp;	    /* enum thp_mode; THP_MODES: not given, the payload chooses */
	uint64_t fail_nth;  /* hardened: number of the allocation that fails; 0: none */
	/* hardened: least ticks between forced preemptions; 0: none */
	uint64_t preempt;
	bool latency;	     /* hardened: log the longest times without preemption at the end, */
	bool latency_places; /* or also those from each place */
	unsigned journal;    /* KiB for the ring of the journal; 0: nothing is recorded */
	uint64_t seed;	     /* seed for random choices of tests; 0: not given */
};

extern struct boot_options boot_options;

/* Reads the command line, the log level first. Bad words are named in the log and ignored. */
void boot_options_read(const char *cmdline);
