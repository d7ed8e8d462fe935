/* SPDX-License-Identifier: MIT */
/* Exclusive use of something for a long time; unlike with a mutex, a signal ends the wait. */
#pragma once

#include "sync/waitq.h"

struct turn {
	uint32_t taken; /* atomic */
	struct waitq queue;
};

void turn_init(struct turn *turn);

/*
 * Waits until it is free, and takes it. Returns 0; -EINTR; -EAGAIN if it is taken and nonblock is
 * set. The caller holds no spinning lock.
 */
int turn_take(struct turn *turn, bool nonblock);
void turn_give(struct turn *turn);

/*
 * Called between the pieces of a long transfer that does not wait by itself: lets other threads
 * run. Returns -EINTR if a signal should end the transfer. The caller holds no spinning lock.
 */
int turn_pause(void);
