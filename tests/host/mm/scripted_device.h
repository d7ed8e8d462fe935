/* SPDX-License-Identifier: MIT */
/* A device for tests: a read ends when the test says so, in any order, well or badly. */
#pragma once

#include "mm/object/object.h"

#define DEVICE_READS 64

/* Its objects have byte device_byte(pos) at `pos`. */
extern const struct object_ops device_ops;
unsigned char device_byte(uint64_t pos);

/* Reads that have not ended, the oldest first. */
extern struct page *device_reads[DEVICE_READS];
extern unsigned device_count;

/* How many reads were started, and how many objects destroyed. */
extern unsigned device_started, device_destroyed;

/* While set, reads fail at once. */
extern bool device_broken;

/* While set, reads are refused: device_room is where to wait. */
extern bool device_full;
extern struct waitq device_room;

/* While set, only the running thread could bring a page. */
extern bool device_is_own;

void device_start(void);

/* Ends the n-th of device_reads. On an error the frame has other bytes. */
void device_end(unsigned n, int result);
void device_end_all(void);
