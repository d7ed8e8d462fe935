/* SPDX-License-Identifier: MIT */
/* What a program has of a device that it drives: registers, memory for DMA, and the end of both. */
/*
 * Without an IOMMU, a device writes to whatever address it was given. So the frames of the session
 * stay as long as the device may write to them: they are freed only after it has confirmed that it
 * is reset. Until then the program must not be able to start it again. Hence the order of
 * session_end(): revoke, reset, free. A device that does not confirm keeps the frames for ever.
 *
 * The pages belong to one memory object, so that fork, munmap, swap and exit need to know nothing
 * of this. Revoking is a truncation of the object to nothing. The next session has another object:
 * mappings of this one stay dead.
 */
#include "ipc/uio_session.h"

#include "abi/errno.h"
#include "abi/uio_device.h"
#include "base/log.h"
#include "desc/file.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "mm/swap/relieve.h"
#include "mm/verbs.h"
#include "proc/process.h"

#define DMA_TOTAL_PAGES (UIO_DMA_TOTAL_MAX >> PAGE_SHIFT)
/* Allocations that failed leave gaps among the indices; there is room for these. */
#define OBJECT_SIZE	(1ull << 50)
/* How often memory is reclaimed for a block of contiguous frames. */
#define BLOCK_TRIES	8

static struct uio_session *uio_session_of(struct object *object)
{
	return container_of(object, struct uio_session, object);
}

static const char *session_device(const void *session)
{
	return ((const struct uio_session *)session)->uio->dev->name;
}

COUNTED_KIND(uio_session_kind, "mapped session", struct uio_session, session_device);

/* ---- the object ---- */

/*
 * Nothing is read from anywhere: an index has its page from the start, or lies between areas and
 * has none.
 */
static int nothing_to_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	(void)object, (void)page, (void)wait;
	return -EIO;
}

static int refuse_punch(struct object *object, uint64_t start, uint64_t end)
{
	(void)object, (void)start, (void)end;
	return -ENODEV;
}

static void one_map_more(struct object *object)
{
	__atomic_fetch_add(&uio_session_of(object)->maps, 1, __ATOMIC_RELAXED);
}

static void session_end(struct uio *uio);

bool uio_session_lives_locked(const struct uio_session *session)
{
	assert_hardened(mutex_held(&session->uio->lock));
	return session->uio->session == session;
}

/* Ends the session if there is neither an open file nor a mapping. */
static void check_locked(struct uio_session *session)
{
	assert_hardened(mutex_held(&session->uio->lock));
	if (uio_session_lives_locked(session) && !session->open &&
	    __atomic_load_n(&session->maps, __ATOMIC_ACQUIRE) == 0)
		session_end(session->uio);
}

/* Ends the session with its last mapping, if the file is closed. */
static void one_map_less(struct object *object)
{
	struct uio_session *session = uio_session_of(object);
	struct uio *uio = session->uio;

	if (__atomic_fetch_sub(&session->maps, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	mutex_lock(&uio->lock);
	check_locked(session);
	mutex_unlock(&uio->lock);
}

static void uio_session_destroy(struct object *object)
{
	counted_end(&uio_session_of(object)->counted);
	kfree(uio_session_of(object));
}

static void map_found(struct object *object)
{
	counted_found(&uio_session_of(object)->counted);
}

/*
 * The references that a device has: to its session, and to the send end that its interrupts notify.
 */
static void uio_session_holds(struct object *object)
{
	const struct uio_session *session = container_of(object, struct uio_session, object);
	const struct uio *uio = session->uio;

	if (uio->session != session)
		return;
	object_found(object);
	if (uio->notify)
		counted_found(&uio->notify->counted);
}

/* A page that the device may still write to keeps its reference for ever. */
static void lost_holds(struct object *object)
{
	object_found(object);
}

static const struct object_ops session_ops = {
	.name = "uio",
	.unevictable = true,
	.read_page = nothing_to_read,
	.punch = refuse_punch,
	.used = one_map_more,
	.unused = one_map_less,
	.holds = uio_session_holds,
	.use_holds = map_found,
	.destroy = uio_session_destroy,
};

/*
 * The operations of an object whose device did not answer its reset: the object keeps its pages for
 * ever. The table is replaced while other threads may use it, so all of its functions must be valid
 * for both.
 */
static const struct object_ops lost_ops = {
	.name = "uio-lost",
	.unevictable = true,
	.lost = true,
	.read_page = nothing_to_read,
	.punch = refuse_punch,
	.used = one_map_more,
	.unused = one_map_less,
	.holds = lost_holds,
	.use_holds = map_found,
	.destroy = uio_session_destroy,
};

/* ---- the end ---- */

/*
 * Removes all entries that map the object, in all spaces, and keeps others from being made. The
 * pages stay.
 */
static void revoke(struct object *object)
{
	bool mapped;

	spin_lock(&object->lock);
	object->prealloc_end = object_pages(object->size);
	object->backed = 0;
	atomic_store_relaxed(&object->size, 0);
	mapped = object_is_mapped_locked(object);
	spin_unlock(&object->lock);
	if (mapped)
		vm_truncate(object, 0);
}

static void lose(struct uio *uio, struct uio_session *session)
{
	log_error(
		"uio",
		"%s does not answer its reset: the %zu frames that it could write to are never used again",
		uio->dev->name, session->dma_pages);
	uio->stuck = true;
	spin_lock(&session->object.lock);
	session->object.ops = &lost_ops;
	spin_unlock(&session->object.lock);
}

/* Takes over the reference to the send end. */
static void uio_set_notify(struct uio *uio, struct file *send, uint64_t bits)
{
	unsigned long flags = spin_lock_irqsave(&uio->notify_lock);
	struct file *before = uio->notify;

	uio->notify = send;
	uio->notify_bits = bits;
	spin_unlock_irqrestore(&uio->notify_lock, flags);
	if (before)
		file_put(before);
}

/* The caller holds uio->lock. */
static void session_end(struct uio *uio)
{
	struct uio_session *session = uio->session;
	struct object *object = &session->object;

	assert_hardened(mutex_held(&uio->lock));
	uio->dev->ops->mask(uio->dev);
	revoke(object);
	if (uio->dev->ops->reset(uio->dev)) {
		lose(uio, session);
	} else {
		object_remove(object, 0, UINT64_MAX, NULL);
		spin_lock(&object->lock);
		object->prealloc_end = 0;
		spin_unlock(&object->lock);
		object_put(object);
	}
	uio_set_notify(uio, NULL, 0);
	uio->session = NULL;
	waitq_wake_all(&uio->happened);
}

void uio_session_close(struct uio_session *session)
{
	struct uio *uio = session->uio;

	mutex_lock(&uio->lock);
	session->open = false;
	if (uio_session_lives_locked(session))
		uio_set_notify(uio, NULL, 0);
	check_locked(session);
	mutex_unlock(&uio->lock);
	object_put(&session->object);
}

int uio_session_notify(struct uio_session *session, struct file *send, uint64_t bits)
{
	struct uio *uio = session->uio;
	int err = 0;

	mutex_lock(&uio->lock);
	if (uio_session_lives_locked(session))
		uio_set_notify(uio, send, bits);
	else
		err = -ENODEV;
	mutex_unlock(&uio->lock);
	if (err && send)
		file_put(send);
	return err;
}

void uio_session_driver_ends(struct uio *uio, const struct process *process)
{
	mutex_lock(&uio->lock);
	if (uio->session && uio->session->driver == process)
		session_end(uio);
	mutex_unlock(&uio->lock);
}

/* ---- the begin ---- */

/* Puts a page, with one reference that the object takes over, into its index. */
static int add_page(struct object *object, uint64_t index, struct page *page)
{
	struct page *there;
	int err = object_publish(object, index, page, 0, 0, &there);

	if (err == 0)
		page_put(there);
	return err;
}

static int add_registers(struct uio_session *session)
{
	const struct uio_device *dev = session->uio->dev;
	size_t npages = dev->size >> PAGE_SHIFT;
	int err = 0;

	for (size_t i = 0; i < npages && err == 0; i++) {
		page_get(&dev->pages[i]);
		err = add_page(&session->object, i, &dev->pages[i]);
	}
	session->next_index = npages;
	return err;
}

/* Does not wait. Returns 0, -EIO or -ENOMEM. The caller holds uio->lock, and there is no session. */
static int session_make(struct uio *uio, struct uio_session **session_ret)
{
	struct uio_session *session;
	int err;

	assert_hardened(mutex_held(&uio->lock) && !uio->session);
	if (uio->stuck)
		return -EIO;
	session = kzalloc(sizeof(*session));
	if (!session)
		return -ENOMEM;
	session->uio = uio;
	object_init(&session->object, &session_ops, OBJECT_SIZE);
	counted_begin(&uio_session_kind, &session->counted, &session->maps);
	err = add_registers(session);
	if (err) {
		object_put(&session->object);
		/* gcc-analyzer-suppress malloc-leak ; the object is in it, and object_put() frees it */
		return err;
	}
	session->open = true;
	session->seen = atomic_load_relaxed(&uio->interrupts);
	object_get(&session->object); /* for the file */
	uio->session = session;
	*session_ret = session;
	return 0;
}

/*
 * The old session ends first, whatever comes of the new one: who begins it may want nothing but
 * that, and the registers are in one object at a time.
 */
int uio_session_begin(struct uio *uio, struct uio_session **session_ret)
{
	struct relief relief = { 0 };
	int err;

	do {
		mutex_lock(&uio->lock);
		if (uio->session)
			session_end(uio);
		err = session_make(uio, session_ret);
		mutex_unlock(&uio->lock);
	} while (wait_and_retry(&err, NULL, &relief));
	return err == -EINTR ? -ENOMEM : err;
}

/* Takes the lock, if the session has not ended: then the running process may become its driver. */
static int lock_session(struct uio_session *session)
{
	struct uio *uio = session->uio;

	mutex_lock(&uio->lock);
	if (!uio_session_lives_locked(session)) {
		mutex_unlock(&uio->lock);
		return -ENODEV;
	}
	if (!session->driver && current_process()) {
		session->driver = current_process();
		session->driver->drives = true;
	}
	return 0;
}

/* Are both within the first npages from index on? */
static bool is_within(uint64_t offset, size_t len, uint64_t index, size_t npages)
{
	uint64_t start = index << PAGE_SHIFT, size = (uint64_t)npages << PAGE_SHIFT;

	return offset >= start && offset - start < size && len <= size - (offset - start);
}

static bool may_map(const struct uio_session *session, uint64_t offset, size_t len)
{
	bool may = is_within(offset, len, 0, session->uio->dev->size >> PAGE_SHIFT);

	for (unsigned i = 0; i < session->nareas && !may; i++)
		may = is_within(offset, len, session->areas[i].index, session->areas[i].npages);
	return may;
}

int uio_session_map(struct uio_session *session, uint64_t offset, size_t len,
		    struct object **object_ret)
{
	int err = lock_session(session);

	if (err)
		return err;
	if (may_map(session, offset, len)) {
		object_get(&session->object);
		*object_ret = &session->object;
	} else {
		err = -EINVAL;
	}
	mutex_unlock(&session->uio->lock);
	return err;
}

/* ---- memory for DMA ---- */

/* Contiguous frames, zeroed, each with a reference. No process is killed for them. */
static struct page *alloc_frames(size_t npages)
{
	struct relief relief = { .spare = true };
	unsigned order = 0, tries = BLOCK_TRIES;
	struct page *page;

	while (1ul << order < npages)
		order++;
	while (!(page = page_alloc(order, PAGE_OBJECT, PAGE_NORMAL)))
		if (relief.turn || !tries-- || relieve(&relief))
			return NULL;
	page_alloc_split(page, order);
	for (size_t i = npages; i < 1ul << order; i++)
		page_put(&page[i]);
	for (size_t i = 0; i < npages; i++)
		arch_page_zero(page_address(&page[i]));
	return page;
}

/* Puts the frames into the object, or frees them. Returns 0, -ENOMEM, or -ENODEV if it has ended. */
static int publish_frames(struct object *object, uint64_t index, struct page *page, size_t npages)
{
	struct relief relief = { .spare = true };
	size_t i = 0;
	int err = 0;

	while (i < npages && err == 0) {
		do {
			page_get(&page[i]); /* for another try */
			err = add_page(object, index + i, &page[i]);
			if (err == -EAGAIN)
				err = -ENODEV; /* the session has ended, and truncated its object */
		} while (wait_and_retry(&err, NULL, &relief));
		if (err == 0)
			page_put(&page[i++]);
	}
	if (err == 0)
		return 0;
	for (size_t rest = i; rest < npages; rest++)
		page_put(&page[rest]);
	if (i > 0)
		object_remove(object, index, index + i - 1, NULL);
	return err == -ENODEV ? err : -ENOMEM;
}

/* Reserves room for an area. Returns 0, -ENODEV or -ENOSPC. */
static int reserve_area(struct uio_session *session, size_t npages, struct uio_area *area)
{
	int err = lock_session(session);

	if (err)
		return err;
	if (session->nreserved < UIO_AREAS_MAX && npages <= DMA_TOTAL_PAGES - session->dma_pages) {
		*area = (struct uio_area){ .index = session->next_index, .npages = npages };
		session->nreserved++;
		session->dma_pages += npages;
		session->next_index += npages;
	} else {
		err = -ENOSPC;
	}
	mutex_unlock(&session->uio->lock);
	return err;
}

/* The frames are there, or are not to be had (`err`). Returns `err` or -ENODEV. */
static int settle_area(struct uio_session *session, const struct uio_area *area, int err)
{
	struct uio *uio = session->uio;

	mutex_lock(&uio->lock);
	if (!uio_session_lives_locked(session))
		err = -ENODEV;
	if (err) {
		session->nreserved--;
		session->dma_pages -= area->npages;
	} else {
		session->areas[session->nareas++] = *area;
	}
	mutex_unlock(&uio->lock);
	return err;
}

static int make_area(struct uio_session *session, const struct uio_area *area, paddr_t *addr_ret)
{
	struct page *page = alloc_frames(area->npages);

	if (!page)
		return -ENOMEM;
	*addr_ret = page_to_paddr(page);
	return publish_frames(&session->object, area->index, page, area->npages);
}

int uio_session_alloc(struct uio_session *session, uint64_t size, uint64_t *offset_ret,
		      paddr_t *addr_ret)
{
	struct uio_area area;
	int err;

	if (size == 0 || size > UIO_DMA_SIZE_MAX)
		return -EINVAL;
	err = reserve_area(session, object_pages(size), &area);
	if (err)
		return err;
	err = settle_area(session, &area, make_area(session, &area, addr_ret));
	*offset_ret = area.index << PAGE_SHIFT;
	return err;
}
