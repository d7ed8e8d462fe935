/* SPDX-License-Identifier: MIT */
/* Exclusive use of something for a long time; unlike with a mutex, a signal ends the wait. */
#pragma once

#include "sync/atomic.h"
#include "sync/waitq.h"

enum turn_state { TURN_FREE, TURN_TAKEN, TURN_WAITED_FOR };

struct turn {
	uint32_t taken; /* atomic; enum turn_state */
	struct waitq queue;
};

void turn_init(struct turn *turn);

/*
 * Waits until it is free, and takes it. Returns 0; -EINTR; -EAGAIN if it is taken and nonblock is
 * set. The caller holds no spinning lock.
 */
int turn_take(struct turn *turn, bool nonblock);
/* As turn_take(), for what lasts only a moment: of signals only a kill ends the wait. */
int turn_take_killable(struct turn *turn);
/* Takes it if it is free. */
static inline bool turn_try(struct turn *turn)
{
	return atomic_cas(&turn->taken, TURN_FREE, TURN_TAKEN);
}
void turn_give(struct turn *turn);

/*
 * Called between the pieces of a long transfer that does not wait by itself: lets other threads
 * run. Returns -EINTR if a signal should end the transfer. The caller holds no spinning lock.
 */
int turn_pause(void);
