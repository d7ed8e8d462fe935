/* SPDX-License-Identifier: MIT */
/* Event counters: a write adds to the count, a read takes it. */
#pragma once

#include "desc/file.h"

/*
 * Creates a counter. flags: EFD_SEMAPHORE, EFD_NONBLOCK; others are ignored. Returns 0, -ENFILE or
 * -ENOMEM.
 */
int eventfd_create(uint64_t count, unsigned flags, struct file **file_ret);

bool file_is_eventfd(const struct file *file);

struct eventfd_state {
	uint64_t count;
	bool semaphore; /* a read takes 1 */
};

/* How a counter is now. */
struct eventfd_state eventfd_look(const struct file *file);
