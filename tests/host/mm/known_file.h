/* SPDX-License-Identifier: MIT */
/* An object whose bytes are known, for tests: a file that sometimes has no room for a request. */
#pragma once

#include "memory.h"
#include "mm/object/object.h"

#define FILE_BYTES 40000u

extern const struct object_ops file_ops;   /* every third read is refused with VM_WAIT */
extern const struct object_ops broken_ops; /* every read fails with -EIO */

/* Counted by them, and by file_start()'s vm_pause(). */
extern unsigned file_reads, file_pauses, file_destroyed;
extern struct waitq file_room;

/* What happens during the next read or pause, once. */
extern void (*file_meanwhile)(void);

/* Byte `pos` of a file as it was made. */
unsigned char file_byte(uint64_t pos);

/* A machine, on which pauses now and then trim all objects. */
void file_start(void);
