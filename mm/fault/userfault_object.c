/* SPDX-License-Identifier: MIT */
/* Faults that a program resolves in shared memory and in files in memory. */
/*
 * What is missing there is missing in the object: an access asks where that has a hole, and maps a page that it has. With VMA_UF_MINOR
 * it asks there too. What the program gives enters the object first, and is then mapped where it was given. If the second step
 * fails, or finds that the mapping is gone, the page has been given all the same: whoever touches it next maps it.
 */
#include "mm/fault/userfault_object.h"

#include "abi/errno.h"
#include "mm/fault/userfault.h"
#include "mm/object/page_cache.h"
#include "mm/swap/relieve.h"

/* ---- a fault ---- */

/* Has this fault itself made the page of what was a hole? Of that the program is not told. */
static bool has_made(const struct fault *fault, uint64_t index)
{
	const struct fault_prepared *prepared = fault->prepared;

	return prepared && prepared->page && prepared->object == fault->attr.object &&
	       prepared->index == index;
}

/* Maps this page and none around it. */
static void show_alone(struct fault *fault, struct page *page)
{
	fault->gathered[0] = page;
	fault->page = page;
	fault->pages = fault->gathered;
	fault->npages = 1;
	fault->window = fault->va;
}

enum vm_outcome userfault_get_of_object(struct fault *fault)
{
	const struct object *object = fault->attr.object;
	const unsigned flags = fault->attr.flags;
	const uint64_t index = vma_attr_index(&fault->attr, fault->va);
	const bool hole = object_is_hole_locked(object, index);
	enum vm_outcome outcome;

	if (index < object_pages(object->size)) {
		if (hole && flags & VMA_UF_MISSING)
			return userfault_ask(fault, false);
		if (!hole && flags & VMA_UF_MINOR && !has_made(fault, index))
			return userfault_ask(fault, true);
	}
	outcome = userfault_get_usual(fault);
	if (outcome == VM_PREPARE && fault->need.what == FAULT_NEEDS_PAGE && flags & VMA_UF_MISSING)
		fault->need.what = FAULT_NEEDS_THERE; /* a hole that is made meanwhile stays one */
	if (outcome == VM_OK && flags & VMA_UF_MINOR && !fault_is_write(fault))
		show_alone(fault, fault->page);
	return outcome;
}

/* A private mapping that has the zero page is copied by fork as if it had a frame. */
enum vm_outcome userfault_get_given(struct fault *fault)
{
	const struct object *object = fault->attr.object;
	const uint64_t index = vma_attr_index(&fault->attr, fault->va);
	struct page *page = fault->given;

	if (page && page_kind(page) == PAGE_OBJECT) {
		if (object_page_locked(object, index) != page)
			return VM_BUS;
		show_alone(fault, page);
		return VM_OK;
	}
	if (fault_is_shared(fault) || index >= object_pages(object->size))
		return VM_BUS;
	fault->vma->has_private = true;
	userfault_take_given(fault);
	return VM_OK;
}

/* ---- for the program ---- */

/* A registered page of an object. */
struct registered_page {
	struct object *object; /* referenced */
	uint64_t index;
	bool shared;
};

/* Returns 0; -ENOENT: it is not registered; -EINVAL: it has no object; -EAGAIN: an event is under way. */
static int find_registered(struct space *space, vaddr_t va, struct registered_page *ret)
{
	const struct vma *vma;
	int err = -ENOENT;

	space_lock(space);
	vma = vma_find(space, va);
	if (vma && vma->flags & VMA_USERFAULT) {
		err = vma->object ? 0 : -EINVAL;
		if (atomic_load_relaxed(&vma->userfault->changing))
			err = -EAGAIN;
	}
	if (!err) {
		object_get(vma->object);
		*ret = (struct registered_page){ vma->object, vma_index(vma, va),
						 vma_is_shared(vma) };
	}
	space_unlock(space);
	return err;
}

/* Puts a page into a hole. Returns 0, -EEXIST, -EFAULT beyond the end, -EAGAIN, -ENOMEM, or -ENOSPC. */
static int fill_hole(struct object *object, uint64_t index, struct page *page)
{
	struct page *there = NULL;
	uint64_t truncations;
	int err = -EFAULT;

	spin_lock(&object->lock);
	truncations = object->truncations;
	if (index < object_pages(object->size))
		err = object_is_hole_locked(object, index) ? 0 : -EEXIST;
	spin_unlock(&object->lock);
	if (err)
		return err;
	page_get(page); /* which object_publish() takes */
	err = object_publish(object, index, page, truncations, 0, &there);
	if (err)
		return err;
	page_put(there);
	return there == page ? 0 : -EEXIST;
}

static int fill_hole_wait(struct object *object, uint64_t index, struct page *page)
{
	struct relief relief = { 0 };
	int result;

	do
		result = fill_hole(object, index, page);
	while (wait_and_retry(&result, NULL, &relief));
	return result == -ENOSPC ? -ENOMEM : result;
}

/* Makes a page of zeros, or the one that is given, one for an object. Returns 0 or -ENOMEM. */
static int make_for_object(struct page **page)
{
	if (*page) {
		page_turn(*page, PAGE_ANON, PAGE_OBJECT);
	} else {
		*page = page_alloc_wait(0, PAGE_OBJECT);
		if (!*page)
			return -ENOMEM;
		arch_page_zero(page_address(*page));
	}
	page_set_dirty(*page); /* so that a page of zeros stays, too */
	return 0;
}

int userfault_give_to_object(struct space *space, vaddr_t va, struct page **page, bool wp)
{
	struct registered_page at;
	int err = find_registered(space, va, &at);

	if (err)
		return err;
	err = at.shared ? make_for_object(page) : -EFAULT;
	if (!err)
		err = fill_hole_wait(at.object, at.index, *page);
	if (!err)
		(void)userfault_map(space, va, page, wp);
	object_put(at.object);
	return err;
}

int userfault_continue(struct space *space, vaddr_t va, bool wp)
{
	struct relief relief = { 0 };
	struct registered_page at;
	struct vm_wait wait;
	struct page *page;
	int result = find_registered(space, va, &at);

	if (result)
		return result;
	vm_wait_init(&wait);
	do
		result = object_page_there(at.object, at.index, &page, &wait);
	while (wait_and_retry(&result, &wait, &relief));
	if (!result) {
		result = userfault_map(space, va, &page, wp);
		page_put(page);
	} else if (result != -EINTR && result != -ENOMEM) {
		result = result == -ENXIO ? -EINVAL : -EFAULT;
	}
	object_put(at.object);
	return result;
}
