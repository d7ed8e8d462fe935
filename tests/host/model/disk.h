/* SPDX-License-Identifier: MIT */
/* The disk behind the model's files: quick, slow, or with bad pages. */
#pragma once

#include "world.h"

/* The bytes of all files to come; once a process, or before it was forked. */
void disk_boot(void);

/* Makes file n anew, of a generation of its own, so that its bytes are others. */
void disk_make(unsigned n);

/* Does a read of that page fail? */
bool disk_is_bad(unsigned file, uint64_t index);

/* Reads that have not been answered. */
unsigned disk_pending(void);

/* Answers all reads, in some order. */
void disk_complete(void);

/* Somebody waits: the disks answer at last. */
void disk_waited(void);

/* Has the file charged for as many pages as it has, in swap too? */
void disk_check(unsigned file);

/* While set, nothing is waited for. */
extern bool disk_quick;

/* The bytes that a file had when it was made, from `pos` on. */
const unsigned char *disk_bytes(unsigned file, uint64_t pos);
