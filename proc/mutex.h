/* SPDX-License-Identifier: MIT */
/* Waiting locks: held across sleeps and user copies. */
#pragma once

#include "sync/lockorder.h"
#include "sync/waitq.h"

struct thread;

struct mutex {
	struct thread *owner;  /* atomic; NULL: free */
	uint32_t waiting;      /* atomic: threads that sleep for it, or are about to */
	enum lock_class class; /* const: its place in the lock order; see sync/lockorder.h */
	struct waitq queue;
};

void mutex_init(struct mutex *mutex, enum lock_class class);

/* => no spinning lock held. A kill does not end the wait: holders are quick to end. */
void mutex_lock(struct mutex *mutex);
/* The second of a class, of something that nobody else can see yet. */
void mutex_lock_nested(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
bool mutex_held(const struct mutex *mutex); /* by the running thread */
