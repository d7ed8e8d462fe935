/* SPDX-License-Identifier: MIT */
/* Charges memory that only mappings hold to a space, for the choice of the OOM killer. */
#pragma once

#include "lib/types.h"
#include "mm/space/space_lock.h"
#include "sync/atomic.h"

/*
 * Shared anonymous memory has neither a name nor a descriptor, and a memfd has none when its last
 * descriptor is closed. Its pages stay for as long as it is mapped, whether entries map them or not.
 * They are charged to one space, in space->charged: that of the VMA which has mapped the object for
 * the longest time. When that VMA goes, the next one's space is charged. So each operation takes
 * constant time, and the OOM killer reads one number.
 */

/* From now on only mappings hold the object. The caller holds object->lock. */
void object_charge_begin(struct object *object);

/* The VMA has joined a list of the object, or has left it. The caller holds object->lock. */
void object_charge_joined(struct object *object, struct vma *vma);
void object_charge_left(struct object *object, const struct vma *vma);

/* The object has `delta` more pages, in memory or in swap. The caller holds object->lock. */
static inline void object_charge(struct object *object, ssize_t delta)
{
	if (unlikely(object->charged != NULL))
		counter_add(&object->charged->space->charged, (size_t)delta);
}
