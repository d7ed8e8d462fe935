/* SPDX-License-Identifier: MIT */
/* What start.S and payload.c know of each other. */
#pragma once

#include "lib/types.h"

/* Accesses that may trap. Each returns the cause, or -1 if it does not trap. */
long try_load(uint64_t va, uint64_t *value);
long try_store(uint64_t va, uint64_t value);
long try_amo(uint64_t va, uint64_t value);
long try_lr(uint64_t va);
long try_fetch(uint64_t function);
long try_stimecmp(void);
/* Runs code of a user page in user mode, until it traps. */
long try_user(uint64_t code);

/* FENCE.I and a return, in a page of their own. */
extern char fence_i_page[];

/* Stores the value by one kind of instruction; those of fewer bytes store its lower part. */
void store_sd(uint64_t *slot, uint64_t value);
void store_sw(uint64_t *slot, uint64_t value);
void store_sh(uint64_t *slot, uint64_t value);
void store_sb(uint64_t *slot, uint64_t value);
void store_c_sd(uint64_t *slot, uint64_t value);
void store_c_sw(uint64_t *slot, uint64_t value);
void store_swap(uint64_t *slot, uint64_t value);
void store_and(uint64_t *slot, uint64_t value);
void store_cas(uint64_t *slot, uint64_t value);

/* Of the last trap. */
extern int64_t last_cause;
extern uint64_t last_tval, last_status, last_epc;

/* Runs the tests, in S-mode with satp 0. */
void payload(uint64_t hart, uint64_t tree);
