/* SPDX-License-Identifier: MIT */
/* Finds how deep a kernel stack was used: down to the lowest word that has lost its pattern. */
/*
 * Interrupts use the stack of the running thread. The measured depth contains theirs only if one
 * came at the deepest place, so STACK_FREE_LEAST leaves room for runs in which none did. An
 * overflow of the stack faults in the unmapped half below it (mm/phys/kmap.c).
 */
#include "proc/stack_watch.h"

#include "arch/context.h"
#include "base/hart.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "proc/thread.h"
#include "sync/atomic.h"

#define PATTERN 0x57ac4f1157ac4f11ull
#define WORDS	(KSTACK_SIZE / sizeof(uint64_t))

static size_t least = KSTACK_SIZE; /* of all threads that have ended; atomic */

void stack_watch_begin(void *kstack)
{
	uint64_t *word = kstack;

	for (size_t i = 0; i < WORDS; i++)
		word[i] = PATTERN;
}

static size_t bytes_free(const struct thread *thread)
{
	const uint64_t *word = thread->kstack;
	size_t i = 0;

	while (i < WORDS && atomic_load_relaxed(&word[i]) == PATTERN)
		i++;
	return i * sizeof(*word);
}

void stack_watch_end(const struct thread *thread)
{
	size_t now = bytes_free(thread), before = atomic_load_relaxed(&least);

	if (now < STACK_FREE_LEAST)
		panic("thread %s left %zu bytes of its kernel stack unused, fewer than %d",
		      thread->name, now, STACK_FREE_LEAST);
	while (now < before && !atomic_cas(&least, before, now))
		before = atomic_load_relaxed(&least);
}

size_t stack_watch_least(void)
{
	const struct hart *hart = hart_this();

	return MIN(MIN(atomic_load_relaxed(&least), bytes_free(hart->idle)),
		   bytes_free(hart->current));
}
