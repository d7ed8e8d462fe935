/* SPDX-License-Identifier: MIT */
/* Sleeping until one of several futex words changes. */
#pragma once

#include "proc/futex.h"

/* A word, and the value that it must have for a thread to wait for it. Private to that thread. */
struct futex_expected {
	struct futex_word word;
	uint32_t value;
};

/*
 * Sleeps if each of n words, up to FUTEX_WAITV_MAX, has its value, until a wake for one of them or
 * until *deadline (NULL: no deadline). Checks the words. Returns the index of the word that
 * was woken, or the last one of several; else -EAGAIN if a word has another value, -EFAULT, -EINTR,
 * -EINVAL, -ENOMEM or -ETIMEDOUT. Allocates 72 bytes for each word as long as it sleeps.
 */
int futex_wait_any(const struct futex_expected *expected, unsigned n,
		   const struct deadline *deadline);
