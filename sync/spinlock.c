/* SPDX-License-Identifier: MIT */
/* How a hart waits for another one. */
#include "sync/spinlock.h"

#include "arch/hart.h"
#include "arch/timer.h"

/*
 * Locks are held for a moment. If one is not free after so many rounds, the host may have fewer processors than the machine
 * has harts, and run this hart instead of the one that has the lock. So this one sleeps for a while, by its own timer: who
 * releases a lock does not know who waits. The timer's interrupt sets it to what the queue of timers has next.
 */
#define ROUNDS	    1000
#define SLEEP_TICKS 200 /* 20 us with the timebase of QEMU */

void spin_round(unsigned round)
{
	arch_spin_pause();
	if (unlikely(round % ROUNDS == 0))
		arch_hart_wait_until(arch_time() + SLEEP_TICKS);
}

void spin_wait(void *arg)
{
	const struct spinlock *lock = arg;

	for (unsigned round = 1; spin_is_taken(lock); round++)
		spin_round(round);
}
