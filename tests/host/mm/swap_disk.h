/* SPDX-License-Identifier: MIT */
/* A swap disk for tests: its requests end when the test says so, in any order, well or badly. */
#pragma once

#include "base/block.h"
#include "lib/types.h"

#define DISK_REQUESTS 64

/*
 * Starts and stops the use of a disk with so many slots that can be used. disk_start_apart(): no two
 * of them are neighbours, because those between them are bad.
 */
void disk_start(unsigned slots);
void disk_start_apart(unsigned slots);
void disk_stop(void);

/* Requests that have not ended, the oldest first. */
extern struct block_request *disk_requests[DISK_REQUESTS];
extern unsigned disk_count;

/* Requests, and pages in them, since disk_start(). */
extern unsigned disk_reads, disk_writes, disk_pages_read, disk_pages_written;

/* Do requests end before they have been submitted, so to speak? */
extern bool disk_at_once;

/* Every request for this page ends with an error. 0: none. */
extern uint64_t disk_bad_slot;

/* Ends the n-th of disk_requests. On an error a frame that was to be read has other bytes. */
void disk_end(unsigned n, int result);
void disk_end_all(void);

/* For rig_pause: ends a request when something waits for one. Returns 0. */
struct vm_wait;
int disk_pause(struct vm_wait *wait);
