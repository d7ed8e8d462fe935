/* SPDX-License-Identifier: MIT */
/* Taking turns where a turn may last long: unlike for a mutex, a kill ends the wait. */
#pragma once

#include "sync/waitq.h"

struct turn {
	uint32_t taken; /* atomic */
	struct waitq queue;
};

void turn_init(struct turn *turn);

/* 0; -EAGAIN where it is taken and nonblock says not to wait; -EINTR. => no spinning lock held */
int turn_take(struct turn *turn, bool nonblock);
void turn_give(struct turn *turn);

/*
 * Between the pieces of a long transfer that never has to wait: others may run, and -EINTR says that
 * a signal is to end it. => no spinning lock held
 */
int turn_pause(void);
