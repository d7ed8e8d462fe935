/* SPDX-License-Identifier: MIT */
/* What the machine does of that which the specification allows, by name and by a seed. */
#pragma once

#include "lib/types.h"

enum ad {
	AD_HARDWARE,	/* the machine sets A and D */
	AD_FAULT,	/* an access whose bit is not set is a page fault */
	AD_SPECULATIVE, /* as AD_HARDWARE, and A is set by speculative fills, too */
};

/* SBI extensions */
enum lack { LACKS_HSM, LACKS_IPI, LACKS_RFENCE, LACKS };

extern struct options {
	bool negative; /* invalid entries are cached, too */
	bool upper;    /* invalid entries of upper levels stay until a fence of all addresses */
	unsigned speculate; /* so many pages nearby are cached at each miss */
	uint64_t
		evict; /* an entry goes after so many traps, on average; 0: only for want of room */
	enum ad ad;
	unsigned asid_bits; /* 0 to 16 */
	bool witness;	    /* looks for fences that are missing */
	bool promise;	    /* the kernel owes none when it returns to user mode (witness.h) */
	unsigned findings;  /* so many reports end the machine; 0: none does */
	unsigned harts;	    /* 1 to 8 */
	unsigned boot_hart; /* the number of the one that begins */
	bool contexts;	    /* the tree has a context of the PLIC for each hart */
	bool astray;	    /* a hart that is started first begins where the boot hart did */
	bool silent;	    /* a hart that is started executes nothing */
	bool odd;	    /* the tree says odd things of the harts from number 2 on */
	bool count;	    /* instret has the instructions of one hart, its waits left out */
	unsigned lacks;	    /* bits of enum lack: what the firmware has not */
	unsigned id_step;   /* hart number i has i times this as its id */
	unsigned slice;	    /* a hart runs for so many ticks of 100 instructions, on average */
	unsigned eager; /* or until a trap, one of so many on average; 0: no trap ends its slice */
	uint64_t seed;
} options;

/*
 * The options are a text at OPTIONS_AT, which QEMU loads there (-device loader). Words are separated
 * by blanks or commas. Without a text, `options` has its initial values; with one, only what it names
 * is on. A word that is none ends the machine with a message.
 */
#define OPTIONS_AT   0x8001f000ul
#define OPTIONS_SIZE 256u

void options_read(void);

/* Prints the options that are on, as words that options_read() takes. */
void options_say(void);

/* A random number below n, which is not 0. Equal seeds give equal numbers. */
uint64_t random_below(uint64_t n);
