/* SPDX-License-Identifier: MIT */
/* What mm asks of those who own threads; set once at boot (proc/), or by a test on the host. */
#pragma once

#include "lib/types.h"

struct relief;
struct space;
struct vm_wait;

struct mm_host {
	/*
	 * Between bounded pieces of a verb, no spinning lock held: may run others; with wait not
	 * NULL it waits for that. 0, or -EINTR where the running thread has been killed.
	 */
	int (*pause)(struct vm_wait *wait);
	/*
	 * The last steps of relieve(), no spinning lock held: waits for processes that are ending,
	 * and ends one. 0: worth asking again; -ENOMEM; -EINTR where the running thread has been
	 * killed.
	 */
	int (*relieve)(struct relief *relief);
	/* The running thread is on its way out, and may have the last frames for it. */
	bool (*is_ending)(void);
	/* The waiting mmap lock of the space is held by the running thread (assertions). */
	bool (*mmap_locked)(struct space *space);
};

extern struct mm_host mm_host;

static inline int vm_pause(void)
{
	return mm_host.pause(NULL);
}
