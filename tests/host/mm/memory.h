/* SPDX-License-Identifier: MIT */
/* A machine for each host test of mm. */
#pragma once

#include "arch/bootmap.h"
#include "lib/types.h"
#include "tests/host/lib/test.h"

/*
 * A machine of so many frames of RAM, given to phys_init() with the reserved ranges (may be NULL).
 */
void memory_start(size_t nframes, const struct phys_range *reserved, unsigned nreserved);

/* A machine of so many frames in two segments: the first one has `first` frames, and the frame after these is missing. */
void memory_start_split(size_t nframes, size_t first);
