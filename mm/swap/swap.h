/* SPDX-License-Identifier: MIT */
/* The swap area: the disk whose pages hold those that memory has no room for. */
#pragma once

#include "base/block.h"

/*
 * Uses the disk as the swap area, as its header says. Sleeps until the header has been read.
 * Returns 0; -EBUSY if this disk is in use as swap already; -EPERM if another one is, as there is
 * one area; -EROFS if the disk is read-only; -EINVAL without a valid header, and the log says what
 * is wrong with it; -EIO; -ENOMEM; or -EINTR if the running thread has been killed. Call with no
 * spinning lock held.
 */
int swap_on(struct block_device *device);

/* The disk that is the swap area, or is just becoming it; NULL: there is none. */
struct block_device *swap_disk(void);

/*
 * swapoff(2) in steps. swap_off_begin() sees to it that no page goes to the disk any more; returns
 * 0; -EINVAL if the disk is not the swap area, or is being switched off already; or -ENOMEM if
 * memory has no room for what is out, or for what has been promised (mm/space/commit.h). Then the caller
 * brings back the pages of all spaces (mm/swap/swap_off.h), until swap_off_end() succeeds: it returns 0,
 * and the disk is free; or -EAGAIN while something is still out or on its way. swap_off_cancel()
 * goes back to swapping instead. Call with no spinning lock held.
 */
int swap_off_begin(struct block_device *device);
int swap_off_end(void);
void swap_off_cancel(void);
