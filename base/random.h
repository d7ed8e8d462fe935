/* SPDX-License-Identifier: MIT */
/* Random numbers: a ChaCha20 generator that starts from the machine's seed. */
#pragma once

#include "lib/types.h"

/* Mixes bytes into the state: at boot, the device tree's rng-seed or the command line's seed. */
void random_seed(const void *seed, size_t n);

/*
 * Writes n random bytes. They depend on the seeds alone and are predictable without one. May be
 * called in any context, but not with LOCK_LOG or a lock inside it held.
 */
void random_bytes(void *to, size_t n);
