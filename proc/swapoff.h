/* SPDX-License-Identifier: MIT */
/* swapoff(2): brings the memory of all processes back from a swap disk. */
#pragma once

struct block_device;

/*
 * Switches the swap area off. Returns 0; -EINVAL if the disk is not in use for swap; -ENOMEM if
 * there is too little memory; -EIO if a page cannot be read; or -EINTR if the caller has been
 * killed. After an error swap is used as before. Call with no lock held.
 */
int process_swap_off(struct block_device *device);
