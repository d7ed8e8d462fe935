/* SPDX-License-Identifier: MIT */
/* Chooses the space that is charged for memory that only mappings hold. */
#include "mm/object/object_charge.h"

static struct vma *first_of(const struct list *maps)
{
	return list_empty(maps) ? NULL : list_first_entry(maps, struct vma, object_link);
}

/* Charges the space of this VMA; or none, for NULL. */
static void set_charged(struct object *object, struct vma *vma)
{
	ssize_t pages = (ssize_t)(object->npages + object->nswapped);

	object_charge(object, -pages);
	object->charged = vma;
	object_charge(object, pages);
}

/* A truncation that is under way may have moved the oldest VMA behind others. */
static void object_charge_choose(struct object *object)
{
	struct vma *vma = first_of(&object->vmas);

	set_charged(object, vma ? vma : first_of(&object->stale));
}

void object_charge_begin(struct object *object)
{
	assert_hardened(spin_lock_held(&object->lock));
	object->charges_spaces = true;
	object_charge_choose(object);
}

void object_charge_joined(struct object *object, struct vma *vma)
{
	assert_hardened(spin_lock_held(&object->lock));
	if (object->charges_spaces && !object->charged)
		set_charged(object, vma);
}

void object_charge_left(struct object *object, const struct vma *vma)
{
	if (object->charged == vma)
		object_charge_choose(object);
}
