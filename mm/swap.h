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
