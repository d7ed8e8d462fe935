/* SPDX-License-Identifier: MIT */
/* For the other files of the page cache: what a page that enters or leaves an index counts. */
#pragma once

#include "mm/object/object.h"

/* A page that object_ops.charge() has counted is gone. The caller holds object->lock. */
void object_uncharge_page(struct object *object);
