/* SPDX-License-Identifier: MIT */
/* What an access must come to: the rules, said as naively as can be. */
#pragma once

#include "world.h"

/* 0, or VM_*: what an access to a mapped or unmapped page comes to. Grows the stack if it must. */
int expect_access(struct model_space *m, vaddr_t va, unsigned right);

/* 0, or VM_*: what an access to a cell with other permissions comes to, without growing. */
int cell_outcome(const struct cell *c, unsigned prot, unsigned right);

/* The bytes behind a cell that can be accessed, as a read or a write sees them afterwards. */
unsigned char *cell_bytes(struct cell *c, bool write);

/* What the cell's byte is after its page was dropped. */
unsigned char cell_dropped_byte(const struct cell *c, unsigned off);

bool cell_reads_file(const struct cell *c);
bool file_is_bad(unsigned file, uint64_t index);

/* What limits allow. */
bool expect_may_expand(const struct model_space *m, unsigned prot, bool data, size_t bytes);
/* May a stack that has grown meanwhile have used up what a limit allowed? */
bool limit_is_open(const struct model_space *m);
size_t bytes_mapped(const struct model_space *m);
