/* SPDX-License-Identifier: MIT */
/* Event counters: a write adds to the count, a read takes it. */
#pragma once

#include "desc/file.h"

/*
 * Creates a counter. flags: EFD_SEMAPHORE, EFD_NONBLOCK; others are ignored. Returns 0, -ENFILE or
 * -ENOMEM.
 */
int eventfd_create(uint64_t count, unsigned flags, struct file **file_ret);
