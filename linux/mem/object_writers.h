/* SPDX-License-Identifier: MIT */
/* Who can write to an object. */
#pragma once

#include "mm/object/object.h"

/* Is there a mapping that can write to the object, now or after mprotect()? */
bool object_has_writable_maps(struct object *object);

/*
 * May the object's bytes change at any time, through a mapping that can write to it or a pinned page? While no
 * such mapping is made, the answer stays false: only a thread that has one can pin a page.
 */
bool object_may_change(struct object *object);
