/* SPDX-License-Identifier: MIT */
/* Creates and destroys user address spaces, which processes may share. */
#include "proc/uspace.h"

#include "mm/fault/userfault_event.h"
#include "mm/swap/relieve.h"
#include "proc/process.h"
#include "proc/sched.h"

SLAB_CACHE(uspace_cache, struct uspace);

static const char *uspace_state(const void *uspace)
{
	return ((const struct uspace *)uspace)->space.dying ? "torn down" : "in use";
}

COUNTED_KIND(uspace_kind, "address space", struct uspace, uspace_state);

static uint64_t last_serial; /* atomic */

/* What the running process has, which forks or executes. */
static uint32_t inherited_dump_filter(void)
{
	const struct process *self = current_process();

	return self && self->uspace ? atomic_load(&self->uspace->dump_filter) : DUMP_FILTER_DEFAULT;
}

struct uspace *uspace_create(void)
{
	struct uspace *uspace = slab_alloc_wait(&uspace_cache);

	if (!uspace)
		return NULL;
	refcount_init(&uspace->refs, 1);
	refcount_init(&uspace->grabs, 1);
	uspace->serial = atomic_add(&last_serial, 1) + 1;
	uspace->dump_filter = inherited_dump_filter();
	uspace->oom_killed = false;
	uspace->undumpable = false;
	uspace->has_device = false;
	uspace->sigreturn = 0;
	mutex_init(&uspace->mmap_lock, LOCK_MMAP);
	if (space_create(&uspace->space)) {
		slab_free(&uspace_cache, uspace);
		return NULL;
	}
	uspace->space.owner = uspace;
	counted_begin(&uspace_kind, &uspace->counted, &uspace->refs.n);
	return uspace;
}

void uspace_put(struct uspace *uspace)
{
	if (!refcount_put_fast(&uspace->refs))
		return;
	counted_end(&uspace->counted);
	mutex_lock_nested(&uspace->mmap_lock); /* nothing else uses the space any more */
	space_destroy(&uspace->space);
	uspace_unlock(uspace);
	uspace_drop(uspace);
}

void uspace_unlock_and_tell(struct uspace *uspace)
{
	struct userfault_event *events = userfault_take_events(&uspace->space);

	uspace_unlock(uspace);
	userfault_end_events(events);
}

void uspace_drop(struct uspace *uspace)
{
	if (refcount_put_fast(&uspace->grabs))
		slab_free(&uspace_cache, uspace);
}

bool uspace_try_get(struct uspace *uspace)
{
	return refcount_get_unless_zero(&uspace->refs);
}
