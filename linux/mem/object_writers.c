/* SPDX-License-Identifier: MIT */
/* Who can write to an object. */
#include "linux/mem/object_writers.h"

bool object_has_writable_maps(struct object *object)
{
	bool found;

	spin_lock(&object->lock);
	found = object->nwritable != 0;
	spin_unlock(&object->lock);
	return found;
}

bool object_may_change(struct object *object)
{
	bool may;

	spin_lock(&object->lock);
	may = object->nwritable || object->npinned;
	spin_unlock(&object->lock);
	return may;
}
