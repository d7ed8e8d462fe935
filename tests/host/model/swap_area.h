/* SPDX-License-Identifier: MIT */
/* The swap disk of the model: its requests end late, in any order, and badly at times. */
#pragma once

#include "base/block.h"

#define AREA_PAGES 640u /* the most, the header included */

/* Before an episode: there is no area, and the disk has no errors. */
void area_reset(void);

/*
 * Makes the disk one of so many pages, of which the bad ones have an odd number below 2 * nbad.
 * swap_on() may use it next.
 */
struct block_device *area_format(unsigned npages, unsigned nbad);
struct block_device *area_device(void);

/* Requests that have not ended. */
unsigned area_pending(void);

/* From now on one in so many reads, and writes, fails; 0: none. While it is `quiet`, none does. */
void area_set_errors(unsigned reads, unsigned writes);
extern bool area_quiet;

/* Ends one request, the which-th modulo their number, with an error or as the disk likes. */
void area_end(unsigned which, bool error);

/* Ends all of them, in some order. */
void area_complete(void);

/* Somebody waits: one request ends. */
void area_waited(void);

/* What the slot has on the disk. */
const unsigned char *area_bytes(uint64_t slot);

/*
 * Reads of pages that have failed, in all. A page is unread while such an error may be told to whoever looks
 * at it next: how many are, and whether a certain one is. area_told(): somebody was told.
 */
extern unsigned area_errors;
unsigned area_unread(void);
bool area_is_unread(uint64_t slot);
void area_told(uint64_t slot);
