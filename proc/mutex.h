/* Waiting locks: held across sleeps and user copies. */
#pragma once

#include "sync/lockorder.h"
#include "sync/spinlock.h"
#include "sync/waitq.h"

struct thread;

struct mutex {
	struct spinlock lock; /* guards owner */
	struct thread *owner;
	struct waitq queue;
	enum lock_class class; /* its place in the lock order; see sync/lockorder.h */
};

void mutex_init(struct mutex *mutex, enum lock_class class);

/* => no spinning lock held. A kill does not end the wait: holders are quick to end. */
void mutex_lock(struct mutex *mutex);
/* The second of a class, of something that nobody else can see yet. */
void mutex_lock_nested(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
bool mutex_held(const struct mutex *mutex); /* by the running thread */
