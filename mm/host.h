/* SPDX-License-Identifier: MIT */
/* What mm needs from the owner of threads. Set once at boot (proc/), or by a test on the host. */
#pragma once

#include "lib/types.h"

struct relief;
struct space;
struct vm_wait;

struct mm_host {
	/*
	 * Called between bounded pieces of a verb, with no spinning lock held: may run other
	 * threads. If `wait` is not NULL, waits for that. Returns 0, or -EINTR if the running
	 * thread has been killed.
	 */
	int (*pause)(struct vm_wait *wait);
	/*
	 * The last steps of relieve(), called with no spinning lock held: waits for processes that
	 * are ending, and kills one. Returns 0 if the caller should try again, -ENOMEM, or -EINTR
	 * if the running thread has been killed.
	 */
	int (*relieve)(struct relief *relief);
	/* Is the running thread ending, so that it may use the reserve? */
	bool (*is_ending)(void);
	/* Does the running thread hold the space's mmap lock? For assertions. */
	bool (*mmap_locked)(struct space *space);
};

extern struct mm_host mm_host;

static inline int vm_pause(void)
{
	return mm_host.pause(NULL);
}
