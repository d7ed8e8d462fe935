/* SPDX-License-Identifier: MIT */
/* Random numbers: ChaCha20 from the machine's seed on. */
#pragma once

#include "lib/types.h"

/* Mixes bytes into the state: at boot the device tree's rng-seed, or the command line's seed. */
void random_seed(const void *seed, size_t n);

/*
 * n random bytes. From the seed alone: without one they can be foreseen. => any context but under
 * LOCK_LOG and inner ones
 */
void random_bytes(void *to, size_t n);
