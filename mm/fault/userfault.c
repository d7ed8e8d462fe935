/* SPDX-License-Identifier: MIT */
/* Faults that a program resolves: who waits, who is told of it, and the page that is given. */
#include "mm/fault/userfault.h"

#include "abi/errno.h"
#include "arch/upcall.h"
#include "mm/fault/install.h"
#include "mm/fault/userfault_event.h"
#include "mm/fault/userfault_object.h"
#include "mm/host.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/table_pages.h"
#include "mm/space/large_entry.h"
#include "mm/swap/relieve.h"

/* Threads that are woken under one hold of the lock. */
#define WAKE_BATCH 32

static SLAB_CACHE(userfault_cache, struct userfault);

static const char *userfault_state(const void *userfault)
{
	return ((const struct userfault *)userfault)->closed ? "closed" : "open";
}

COUNTED_KIND(userfault_kind, "userfault", struct userfault, userfault_state);

struct userfault *userfault_create(void)
{
	struct userfault *userfault = slab_alloc_wait(&userfault_cache);

	if (!userfault)
		return NULL;
	*userfault = (struct userfault){ .refs = REFCOUNT_INIT(1) };
	spin_init(&userfault->lock, LOCK_USERFAULT);
	tree_init(&userfault->waiting);
	list_init(&userfault->untold);
	list_init(&userfault->events);
	waitq_init(&userfault->readable);
	counted_begin(&userfault_kind, &userfault->counted, &userfault->refs.n);
	return userfault;
}

void userfault_put(struct userfault *userfault)
{
	if (!refcount_put(&userfault->refs))
		return;
	counted_end(&userfault->counted);
	slab_free(&userfault_cache, userfault);
}

void userfault_find_held(struct userfault *userfault)
{
	struct tree_node *node;

	tree_for_each(node, &userfault->waiting)
		counted_found(&userfault->counted);
	userfault_find_events(userfault);
}

/* ---- a fault ---- */

/* The program's own access, and not one that the kernel makes for it? */
static bool is_of_program(unsigned access)
{
	return !(access & (TRAP_COPY | ACCESS_INSIDE));
}

struct mmu_entry userfault_entry(const struct vma *vma, struct mmu_entry entry)
{
	const bool counts = vma->flags & VMA_UF_WP && !atomic_load(&vma->userfault->closed);

	return entry_state(entry) == ENTRY_MARKED && !counts ? ENTRY_NONE : entry;
}

static enum vm_outcome get_usual(struct fault *fault)
{
	return vma_usual_backend(fault->attr.object, fault->attr.flags)->get(fault);
}

/* A read of what is MARKED maps a page that is write-protected, in a round of fault_more_rounds(). */
static enum vm_outcome get_protected(struct fault *fault)
{
	enum vm_outcome outcome;

	if (!fault->prepared)
		return VM_AGAIN;
	fault->attr.prot &= ~VM_PROT_WRITE;
	outcome = get_usual(fault);
	if (outcome == VM_OK)
		fault->access |= ACCESS_WP;
	else
		fault->attr.prot = fault->vma->prot;
	return outcome;
}

enum vm_outcome userfault_get_usual(struct fault *fault)
{
	if (entry_empty(userfault_entry(fault->vma, fault->entry)))
		return get_usual(fault);
	if (!fault_is_write(fault))
		return get_protected(fault);
	if (fault->vma->userfault->is_async)
		return get_usual(fault);
	fault->kind = FAULT_USER_WP;
	return userfault_ask(fault, false);
}

enum vm_outcome userfault_ask(struct fault *fault, bool minor)
{
	const struct userfault *userfault = fault->vma->userfault;
	struct vm_wait *wait = fault->wait;

	if (atomic_load(&userfault->closed))
		return userfault_get_usual(fault);
	if (userfault->refuses || fault->access & ACCESS_NO_ASK ||
	    (userfault->user_only && !is_of_program(fault->access)) ||
	    mm_host.is_ending()) /* it may be the program that would give the page */
		return VM_BUS;
	wait->why = WAITS_FOR_USERFAULT;
	wait->space = fault->space;
	wait->va = fault->va;
	wait->writes = fault_is_write(fault);
	wait->is_protected = fault->kind == FAULT_USER_WP;
	wait->minor = minor;
	return VM_WAIT;
}

void userfault_take_given(struct fault *fault)
{
	fault->page = fault->given;
	fault->given = NULL;
	if (fault->page)
		fault->pfn = page_to_pfn(fault->page);
}

/* Is there an event that the program has to be told of first? Says so to userfault_map(). */
static bool is_changing(struct fault *fault)
{
	if (likely(!atomic_load_relaxed(&fault->vma->userfault->changing)))
		return false;
	fault->wait->why = WAITS_FOR_VERB;
	return true;
}

/* As on Linux, zeros do not replace a mark or poison in private memory; a page does. */
static enum vm_outcome get_what_is_given(struct fault *fault)
{
	if (unlikely(is_changing(fault)))
		return VM_BUS;
	if (!fault->given && !fault_is_shared(fault) &&
	    !entry_empty(userfault_entry(fault->vma, fault->entry)))
		return VM_SEGV_MAPERR; /* there is something */
	if (fault->access & ACCESS_WP)
		fault->attr.prot &= ~VM_PROT_WRITE;
	if (fault->attr.object)
		return userfault_get_given(fault);
	if (fault->given && page_kind(fault->given) == PAGE_OBJECT) /* it was another mapping */
		return VM_BUS;
	userfault_take_given(fault);
	return VM_OK;
}

static enum vm_outcome get_for_access(struct fault *fault)
{
	if (entry_state(fault->entry) == ENTRY_POISONED)
		return VM_BUS;
	if (fault->attr.object)
		return userfault_get_of_object(fault);
	return fault->attr.flags & VMA_UF_MISSING ? userfault_ask(fault, false)
						  : userfault_get_usual(fault);
}

/* Also where nothing is registered any more, if what is there is MARKED or POISONED. */
static enum vm_outcome registered_get(struct fault *fault)
{
	if (fault->reader) /* of the VMA it may look only at what it has copied */
		return VM_AGAIN;
	return fault->access & ACCESS_GIVE ? get_what_is_given(fault) : get_for_access(fault);
}

static void registered_resident(const struct vma_attr *vma, vaddr_t va, struct page **pages,
				unsigned n)
{
	vma_usual_backend(vma->object, vma->flags)->resident(vma, va, pages, n);
}

const struct vma_backend vma_userfault = {
	.name = "userfault",
	.get = registered_get,
	.resident = registered_resident,
};

/* Marks stay when memory is registered no more, and in a child: the first write removes them. */
enum vm_outcome userfault_protected(struct fault *fault)
{
	const struct vma *vma = fault->vma;

	if (fault->attr.flags & VMA_UF_WP && !vma->userfault->is_async &&
	    !atomic_load(&vma->userfault->closed))
		return userfault_ask(fault, false);
	fault_count(fault, FAULT_USER_WP);
	return install_unprotected(fault);
}

bool userfault_is_of_page(const struct fault *fault)
{
	return fault->attr.flags & VMA_UF_WP && fault->vma->userfault->is_async;
}

/* ---- who waits ---- */

static struct userfault_waiter *waiter_of(struct tree_node *node)
{
	return tree_entry_or_null(node, struct userfault_waiter, node);
}

static void insert_waiter_locked(struct userfault *userfault, struct userfault_waiter *waiter)
{
	struct tree_node **link = &userfault->waiting.root, *parent = NULL;

	assert_hardened(spin_lock_held(&userfault->lock));
	while (*link) {
		parent = *link;
		link = &parent->child[waiter_of(parent)->address <= waiter->address];
	}
	tree_insert(&userfault->waiting, &waiter->node, parent, link);
	list_add_tail(&userfault->untold, &waiter->untold);
	waiter->is_waiting = true;
	userfault->nwaiting++;
	userfault->nuntold++;
}

static void remove_waiter_locked(struct userfault *userfault, struct userfault_waiter *waiter)
{
	assert_hardened(spin_lock_held(&userfault->lock));
	tree_erase(&userfault->waiting, &waiter->node);
	if (!list_empty(&waiter->untold)) {
		list_del(&waiter->untold);
		userfault->nuntold--;
	}
	waiter->is_waiting = false;
	userfault->nwaiting--;
}

/* The userfault at which the thread has to wait, or NULL: the fault is resolved, or the memory not registered. */
static struct userfault *asked_locked(const struct vm_wait *wait)
{
	const unsigned mode = wait->is_protected ? VMA_UF_WP
			      : wait->minor	 ? VMA_UF_MINOR
						 : VMA_UF_MISSING;
	struct vma *vma = vma_find(wait->space, wait->va);
	struct mmu_entry entry = entry_at(wait->space, wait->va);

	assert_hardened(spin_lock_held(&wait->space->lock));
	if (!vma || !(vma->flags & mode))
		return NULL;
	if (wait->is_protected ? !entry_is_wp(entry)
			       : !entry_is_blank(entry) || entry_state(entry) == ENTRY_POISONED)
		return NULL;
	return vma->userfault;
}

/*
 * A thread waits before the space's lock is released under which the entry was seen to be EMPTY, or write-protected. So whoever changes
 * that, and wakes then, finds the thread.
 */
bool userfault_enter(const struct vm_wait *wait, vaddr_t address, int tid,
		     struct userfault_waiter *waiter)
{
	struct userfault *userfault;
	bool waits = false;

	*waiter = (struct userfault_waiter){ .address = address,
					     .writes = wait->writes,
					     .is_protected = wait->is_protected,
					     .minor = wait->minor,
					     .tid = tid };
	waitq_init(&waiter->woken);
	waiter->seq = waitq_sample(&waiter->woken);
	space_lock(wait->space);
	userfault = asked_locked(wait);
	if (userfault) {
		spin_lock(&userfault->lock);
		waits = !userfault->closed;
		if (waits) {
			userfault_get(userfault);
			waiter->userfault = userfault;
			insert_waiter_locked(userfault, waiter);
		}
		spin_unlock(&userfault->lock);
	}
	space_unlock(wait->space);
	if (waits)
		waitq_wake_all(&userfault->readable);
	return waits;
}

/* Whoever wakes the thread holds the lock until it is done with the queue. */
void userfault_leave(struct userfault_waiter *waiter)
{
	struct userfault *userfault = waiter->userfault;

	spin_lock(&userfault->lock);
	if (waiter->is_waiting)
		remove_waiter_locked(userfault, waiter);
	spin_unlock(&userfault->lock);
	userfault_put(userfault);
}

/* ---- for the program ---- */

bool userfault_next(struct userfault *userfault, struct userfault_message *ret)
{
	struct userfault_waiter *waiter = NULL;

	spin_lock(&userfault->lock);
	if (!list_empty(&userfault->untold)) {
		waiter = list_entry(list_pop(&userfault->untold), struct userfault_waiter, untold);
		list_init(&waiter->untold);
		userfault->nuntold--;
		*ret = (struct userfault_message){ waiter->address, waiter->writes,
						   waiter->is_protected, waiter->minor,
						   waiter->tid };
	}
	spin_unlock(&userfault->lock);
	return waiter != NULL;
}

/* The first that waits at or above the address. */
static struct userfault_waiter *first_waiter_locked(struct userfault *userfault, vaddr_t start)
{
	struct tree_node *node = userfault->waiting.root, *found = NULL;

	assert_hardened(spin_lock_held(&userfault->lock));
	while (node) {
		const bool right = waiter_of(node)->address < start;

		if (!right)
			found = node;
		node = node->child[right];
	}
	return waiter_of(found);
}

/* Wakes some. Returns whether there may be more. */
static bool wake_some(struct userfault *userfault, vaddr_t start, vaddr_t end)
{
	struct userfault_waiter *waiter;
	unsigned n = 0;

	spin_lock(&userfault->lock);
	for (; n < WAKE_BATCH; n++) {
		waiter = first_waiter_locked(userfault, start);
		if (!waiter || waiter->address >= end)
			break;
		remove_waiter_locked(userfault, waiter);
		waitq_wake_all(&waiter->woken);
	}
	spin_unlock(&userfault->lock);
	return n == WAKE_BATCH;
}

void userfault_wake(struct userfault *userfault, vaddr_t start, vaddr_t end)
{
	while (wake_some(userfault, start, end))
		;
}

void userfault_close(struct userfault *userfault)
{
	spin_lock(&userfault->lock);
	atomic_store(&userfault->closed, true);
	spin_unlock(&userfault->lock);
	userfault_wake(userfault, 0, USER_TOP);
	userfault_close_events(userfault);
	waitq_wake_all(&userfault->readable);
}

int userfault_map(struct space *space, vaddr_t va, struct page **page, bool wp)
{
	struct relief relief = { 0 };
	struct vm_wait wait;
	int result;

	vm_wait_init(&wait);
	do {
		wait.why = 0;
		result = vm_fault_give(space, va, page, wp, &wait);
	} while (wait_and_retry(&result, &wait, &relief));
	if (!vm_result_is_refusal(result))
		return result;
	if (result == VM_DYING)
		return -ESRCH;
	if (result == VM_BUS)
		return wait.why == WAITS_FOR_VERB ? -EAGAIN : -EFAULT;
	return wait.kind == FAULT_DENY_MAPERR ? -ENOENT : -EEXIST;
}

int userfault_give(struct space *space, vaddr_t va, struct page **page, bool wp)
{
	int err = userfault_map(space, va, page, wp);

	return err == -EFAULT ? userfault_give_to_object(space, va, page, wp) : err;
}

/* Returns as userfault_poison(). The caller has prepared all tables that may be missing. */
static int poison_locked(struct space *space, vaddr_t va, struct mmu_tables *tables)
{
	const unsigned before = tables->count;
	struct vma *vma = vma_find(space, va);
	struct mmu_entry *slot;

	assert_hardened(spin_lock_held(&space->lock));
	if (space->dying)
		return -ESRCH;
	if (!vma || !(vma->flags & VMA_USERFAULT))
		return -ENOENT;
	if (atomic_load_relaxed(&vma->userfault->changing))
		return -EAGAIN;
	if (vma->object &&
	    vma_index(vma, va) >= object_pages(atomic_load_relaxed(&vma->object->size)))
		return -EFAULT;
	if (!entry_empty(userfault_entry(vma, entry_at(space, va))))
		return -EEXIST;
	(void)arch_mmu_prepare(&space->mmu, va, tables);
	space->tables += before - tables->count;
	slot = arch_mmu_lookup(&space->mmu, va);
	vma_touch(vma, va);
	if (vma->object && !vma_is_shared(vma)) /* else a child would not have it */
		vma->has_private = true;
	return entry_cas(slot, entry_load(slot), entry_make_poison()) ? 0 : -EEXIST;
}

int userfault_poison(struct space *space, vaddr_t va)
{
	struct mmu_tables tables = { 0 };
	int result = tables_fill_wait(&tables, MMU_LEVELS - 1);

	if (!result) {
		space_lock(space);
		result = poison_locked(space, va, &tables);
		space_unlock(space);
	}
	tables_free(&tables); /* or those that there was memory for */
	return result;
}

bool userfault_covers(struct space *space, vaddr_t start, vaddr_t end, unsigned modes)
{
	const struct vma *vma;
	bool covers;

	space_lock(space);
	vma = vma_find(space, start);
	covers = vma && vma->flags & modes && end <= vma->end;
	space_unlock(space);
	return covers;
}
