/* SPDX-License-Identifier: MIT */
/* Waiting for signals without taking them: for signalfd and those who poll it. */
#pragma once

#include "linux/signal/signal.h"

/* Called once, during boot. */
void signal_arrivals_init(void);

/* How many there are who may wait. With none, signals do not look at the queues. Atomic. */
extern uint64_t signal_watchers;

/*
 * The queue that is woken when a signal becomes pending for the process, or for one that shares the
 * queue. It exists for ever, so it may be waited on longer than the process lives.
 */
struct waitq *signal_arrivals(const struct process *process);

/* A signal has become pending. The lock of the process's signals may be held. */
void signal_arrived(const struct process *process);

/* Is a signal of `set` pending for the running thread, blocked or not? */
bool signal_any_pending(uint64_t set);

/*
 * Takes a signal of `set`, blocked or not. Returns its number, or 0 if none is pending. A fault of the
 * thread waits for its handler.
 */
int signal_take_any(uint64_t set, struct signal_info *info_ret);
