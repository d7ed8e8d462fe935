/* SPDX-License-Identifier: MIT */
/* Memory that is kept. */
#pragma once

#include "mm/space.h"

/*
 * Fills the locked parts of [start, end) but those that only faults fill: 0, or Linux's error where
 * a page can't be had (the rest is left).
 * => mmap lock held; no spinning lock held
 */
int lock_populate(struct space *space, vaddr_t start, vaddr_t end);
