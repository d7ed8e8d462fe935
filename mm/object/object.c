/* SPDX-License-Identifier: MIT */
/* Memory objects: their creation and end, the list of all objects, and denial of writes. */
#include "mm/object/object.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "mm/space/commit.h"
#include "mm/swap/relieve.h"
#include "mm/swap/swap_cache.h"
#include "sync/atomic.h"

static struct spinlock list_lock = SPINLOCK_INIT(LOCK_PAGE_CACHE);
/* guarded by list_lock: */
static struct list objects = LIST_INIT(objects);
static struct list *hand = &objects; /* the link of the object that the hand of the clock is at */

static SLAB_CACHE(anon_cache, struct object);

static const char *object_name(const void *object)
{
	return ((const struct object *)object)->ops->name;
}

COUNTED_KIND(object_kind, "memory object", struct object, object_name);

/* Sets all but the lock. The object has no pages and no maps, and is on no list. */
static void set_up(struct object *object, const struct object_ops *ops, uint64_t size)
{
	assert(size <= OBJECT_SIZE_MAX);
	object->ops = ops;
	refcount_init(&object->refs, 1);
	object->writers = 0;
	object->size = size;
	object->prealloc_end = 0;
	object->backed = ops->read_page ? size : 0;
	radix_init(&object->pages);
	object->npages = object->nswapped = 0;
	list_init(&object->vmas);
	list_init(&object->stale);
	object->nwritable = 0;
	object->npinned = 0;
	object->nexec = 0;
	object->truncations = 0;
	object->locked = false;
	object->passed = 0;
	object->charges_spaces = false;
	object->charged = NULL;
	memset(object->name, 0, sizeof(object->name));
}

bool object_may_know_cached(struct object *object)
{
	bool may;

	if (!object || !object->ops->may_know_cached)
		return true;
	spin_lock(&object->lock);
	may = object->ops->may_know_cached(object);
	spin_unlock(&object->lock);
	return may;
}

void object_set_label(struct object *object, const char *label, enum object_backing backing)
{
	const char *slash = strrchr(label, '/'), *name = slash ? slash + 1 : label;
	size_t len = MIN(strlen(name), sizeof(object->name));

	spin_lock(&object->lock);
	memset(object->name, 0, sizeof(object->name));
	memcpy(object->name, name, len);
	object->backing = (uint8_t)backing;
	spin_unlock(&object->lock);
}

static void enter_list(struct object *object)
{
	spin_lock(&list_lock);
	list_add_tail(&objects, &object->link);
	spin_unlock(&list_lock);
	counted_begin(&object_kind, &object->counted, &object->refs.n);
}

void object_init(struct object *object, const struct object_ops *ops, uint64_t size)
{
	set_up(object, ops, size);
	spin_init(&object->lock, LOCK_OBJECT);
	enter_list(object);
}

void object_init_again(struct object *object, const struct object_ops *ops, uint64_t size)
{
	spin_lock(&object->lock);
	set_up(object, ops, size);
	spin_unlock(&object->lock);
	enter_list(object);
}

static void anon_destroy(struct object *object)
{
	slab_free(&anon_cache, object);
}

static const struct object_ops anon_ops = { .name = "anon",
					    .swap_backed = true,
					    .destroy = anon_destroy };

static void committed_destroy(struct object *object)
{
	commit_uncharge(object_pages(object->size));
	anon_destroy(object);
}

/* Its size never changes, so that is what was committed. */
static const struct object_ops committed_ops = { .name = "anon",
						 .swap_backed = true,
						 .destroy = committed_destroy };

size_t object_committed_pages(const struct object *object)
{
	return object->ops == &committed_ops ? object_pages(object->size) : 0;
}

static struct object *create_committed(uint64_t size)
{
	struct object *object;

	if (!commit_charge(object_pages(size)))
		return NULL;
	object = slab_alloc_wait(&anon_cache);
	if (object)
		object_init(object, &committed_ops, size);
	else
		commit_uncharge(object_pages(size));
	return object;
}

static struct object *create_uncommitted(uint64_t size)
{
	struct object *object = slab_alloc_wait(&anon_cache);

	if (object)
		object_init(object, &anon_ops, size);
	return object;
}

struct object *object_create_anon(uint64_t size)
{
	struct object *object = commit_is_strict() ? create_committed(size)
						   : create_uncommitted(size);

	if (object)
		object->charges_spaces = true; /* no other thread knows it yet, but for reclaim */
	return object;
}

void object_get(struct object *object)
{
	refcount_get_fast(&object->refs);
}

/* The last reference is gone. */
static void object_end(struct object *object)
{
	assert_hardened(list_empty(&object->vmas) && list_empty(&object->stale));
	assert_hardened(!object->nwritable && !object->npinned && !object->writers &&
			!object->nexec);
	counted_end(&object->counted);
	spin_lock(&list_lock);
	if (hand == &object->link)
		hand = hand->next;
	list_del(&object->link);
	spin_unlock(&list_lock);
	object_remove(object, 0, UINT64_MAX, NULL);
	assert_hardened(radix_empty(&object->pages) && !object->npages && !object->nswapped);
	object->ops->destroy(object);
}

void object_put(struct object *object)
{
	if (refcount_put_fast(&object->refs))
		object_end(object);
}

void object_get_many(struct object *object, uint32_t n)
{
	refcount_get_many(&object->refs, n);
}

void object_put_many(struct object *object, uint32_t n)
{
	if (refcount_put_many(&object->refs, n))
		object_end(object);
}

void object_use(struct object *object)
{
	object_get(object);
	if (object->ops->used)
		object->ops->used(object);
}

void object_unuse(struct object *object)
{
	if (object->ops->unused)
		object->ops->unused(object);
	object_put(object);
}

void object_use_found(struct object *object)
{
	object_found(object);
	if (object->ops->use_holds)
		object->ops->use_holds(object);
}

uint64_t object_size(const struct object *object)
{
	return atomic_load_relaxed(&object->size);
}

struct object *object_next(struct object *object)
{
	struct object *next = NULL;
	struct list *link;

	spin_lock(&list_lock);
	link = object ? object->link.next : objects.next;
	for (; link != &objects && !next; link = link->next)
		if (refcount_get_unless_zero(&list_entry(link, struct object, link)->refs))
			next = list_entry(link, struct object, link);
	spin_unlock(&list_lock);
	if (object)
		object_put(object);
	return next;
}

struct object *object_hand_get(void)
{
	struct object *object = NULL;

	spin_lock(&list_lock);
	while (hand != &objects) {
		object = list_entry(hand, struct object, link);
		if (refcount_get_unless_zero(&object->refs))
			break;
		hand = hand->next;
		object = NULL;
	}
	spin_unlock(&list_lock);
	return object;
}

void object_hand_put(struct object *object, bool more)
{
	spin_lock(&list_lock);
	if (!more && hand == &object->link)
		hand = hand->next;
	spin_unlock(&list_lock);
	object_put(object);
}

void object_hand_start(void)
{
	spin_lock(&list_lock);
	hand = objects.next;
	spin_unlock(&list_lock);
}

/* Is the page clean, and referenced by the index only? */
static bool droppable(struct object *object, struct page *page)
{
	if (object == &swap_cache && swap_page_kept(page)) /* its last entry is going right now */
		return false;
	return page->counts == PAGE_ONE_REF && !page_has(page, PAGE_DIRTY | PAGE_PREALLOCATED);
}

void object_trim(void)
{
	for (struct object *object = object_next(NULL); object; object = object_next(object))
		if (object->ops->read_page && !object->ops->unevictable)
			object_remove(object, 0, UINT64_MAX, droppable);
}

int object_deny_write(struct object *object)
{
	int error = -ETXTBSY;

	spin_lock(&object->lock);
	if (!object->writers && !object->npinned) {
		object->nexec++;
		error = 0;
	}
	spin_unlock(&object->lock);
	return error;
}

void object_allow_write(struct object *object)
{
	spin_lock(&object->lock);
	assert_hardened(object->nexec);
	object->nexec--;
	spin_unlock(&object->lock);
}

int object_get_write(struct object *object)
{
	int error = -ETXTBSY;

	spin_lock(&object->lock);
	if (!object->nexec) {
		bool first = !object->writers && object->ops->first_writer;

		error = first ? object->ops->first_writer(object) : 0;
		if (!error)
			object->writers++;
	}
	spin_unlock(&object->lock);
	return error;
}

void object_put_write(struct object *object)
{
	spin_lock(&object->lock);
	assert_hardened(object->writers);
	object->writers--;
	if (!object->writers && object->ops->last_writer)
		object->ops->last_writer(object);
	if (object->ops->writer_left)
		object->ops->writer_left(object);
	spin_unlock(&object->lock);
}

void object_stored_mapped(struct object *object, struct page *page)
{
	spin_lock(&object->lock);
	if (object_has_locked(object, page->index, page))
		object_stored(object, page);
	spin_unlock(&object->lock);
}

/*
 * A truncation may take a page out of the index while it has pins, and page_left() counts it out
 * then. So the page remembers its object in pinned_in, too.
 */
void object_pin(struct object *object, struct page *page)
{
	spin_lock(&object->lock);
	if (!page_pins(page)) {
		object_get(object);
		page->pinned_in = object;
		object->npinned += page->owner == object;
	}
	assert_hardened(page->pinned_in == object);
	page_pin(page);
	spin_unlock(&object->lock);
}

void object_unpin(struct page *page)
{
	struct object *object = page->pinned_in;
	bool last;

	spin_lock(&object->lock);
	page_unpin(page);
	last = !page_pins(page);
	if (last && page->owner == object)
		object->npinned--;
	spin_unlock(&object->lock);
	if (last)
		object_put(object);
}
