/* SPDX-License-Identifier: MIT */
/* Brings everything back from swap, for swapoff. */
#pragma once

#include "mm/space/space_lock.h"

/* Are there frames for all pages that are out? It changes at any time. */
bool swap_off_fits(void);

/*
 * Brings back all pages of a space that are out. Returns 0; -EIO if one cannot be read; -ENOMEM if
 * there are too few frames for all that is out: no process is killed for it; or -EINTR if the
 * running thread has been killed. Ends early when is_wanted(), which may be NULL, returns false.
 * Calls vm_pause(). The caller keeps the space from going away, and holds no spinning lock.
 */
int swap_in_space(struct space *space, bool (*is_wanted)(struct space *space));

/*
 * Brings back the pages of all objects: files, memfds, shared anonymous memory. Returns as swap_in_space() does. Call with no
 * spinning lock held.
 */
int swap_in_objects(void);
