/* SPDX-License-Identifier: MIT */
/* Reads and writes an object's bytes through its pages. */
/*
 * Bytes are transferred in pieces, each within one page. The page is referenced, and the bytes are
 * copied with no spinning lock held, because a user copy may fault, wait, and even find the very
 * same page. A page beyond the end or for a hole is filled before any other thread can see it. Beyond the end it enters the
 * index together with the new size. Where nothing can be read of what is to be written, none is made.
 */
#include "mm/object/object_io.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/fault/user_copy.h"
#include "mm/host.h"
#include "mm/object/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/page_age.h"
#include "mm/swap/relieve.h"

/* The other side of a transfer: a user address or kernel memory. */
struct side {
	bool user;
	vaddr_t va;
	char *kernel;
};

static struct side side_user(vaddr_t va)
{
	return (struct side){ .user = true, .va = va };
}

static struct side side_kernel(void *p)
{
	return (struct side){ .kernel = p };
}

static void side_move(struct side *side, size_t n)
{
	side->va += n;
	if (side->kernel)
		side->kernel += n;
}

/* Each returns the number of bytes transferred. */
static size_t side_put(const struct side *side, const void *from, size_t n)
{
	if (side->user)
		return user_copy_out_some(side->va, from, n);
	memcpy(side->kernel, from, n);
	return n;
}

static size_t side_clear(const struct side *side, size_t n)
{
	if (side->user)
		return user_clear_some(side->va, n);
	memset(side->kernel, 0, n);
	return n;
}

static size_t side_take(const struct side *side, void *to, size_t n)
{
	if (side->user)
		return user_copy_in_some(to, side->va, n);
	memcpy(to, side->kernel, n);
	return n;
}

static size_t within_page(uint64_t pos, size_t n)
{
	return MIN(n, PAGE_SIZE - (pos & PAGE_MASK));
}

int object_page_wait(struct object *object, uint64_t index, struct page **page_ret, bool spare)
{
	struct relief relief = { .spare = spare };
	struct vm_wait wait;
	int result;

	vm_wait_init(&wait);
	do
		result = object_page(object, index, page_ret, &wait);
	while (wait_and_retry(&result, &wait, &relief));
	return result;
}

static inline ssize_t lend(struct object *object, uint64_t pos, size_t n, struct page **page_ret)
{
	uint64_t size = object_size(object), index = pos >> PAGE_SHIFT;
	struct page *page;
	int error;

	if (pos >= size)
		return 0;
	n = MIN(within_page(pos, n), size - pos);
	page = object_page_resident(object, index);
	if (!page && !object_is_hole(object, index)) {
		error = object_page_wait(object, index, &page, false);
		if (error)
			return error == -ENXIO ? 0 : error;
	}
	if (page)
		page_set_used(page);
	*page_ret = page;
	return (ssize_t)n;
}

ssize_t object_lend(struct object *object, uint64_t pos, size_t n, struct page **page_ret)
{
	return lend(object, pos, n, page_ret);
}

/* Reads up to the end of a page. Returns the count, 0 at the object's end, or a negative errno. */
static ssize_t read_piece(struct object *object, uint64_t pos, const struct side *to, size_t n)
{
	struct page *page = NULL;
	ssize_t lent = lend(object, pos, n, &page);
	size_t went;

	if (lent <= 0)
		return lent;
	if (page) {
		went = side_put(to, object_bytes_at(page, pos), (size_t)lent);
		page_put(page);
	} else {
		went = side_clear(to, (size_t)lent);
	}
	return went ? (ssize_t)went : -EFAULT;
}

/* Drops the caller's reference to a page, of which all up to `end` has bytes now. */
static void end_write(struct object *object, struct page *page, uint64_t end)
{
	page_put(page);
	if (end <= object_size(object))
		return;
	spin_lock(&object->lock);
	if (end > object->size)
		atomic_store_relaxed(&object->size, end);
	spin_unlock(&object->lock);
}

/* What was not written of a new page is zeros. */
static void complete_new(struct page *page, uint64_t pos, size_t went)
{
	const size_t offset = pos & PAGE_MASK;

	memset(page_address(page), 0, offset);
	memset((char *)page_address(page) + offset + went, 0, PAGE_SIZE - offset - went);
	page_set_dirty(page);
}

/*
 * Puts a page with `went` bytes at pos into a hole. The caller keeps its reference. Returns 0; -EAGAIN: it is no hole any more, and
 * the bytes are to be written to what is there; -ENOMEM or -ENOSPC.
 */
static int object_fill_hole(struct object *object, uint64_t pos, size_t went, struct page *page,
			    uint64_t truncations)
{
	struct page *there;
	int error;

	page_get(page); /* which object_publish() takes over */
	error = object_publish(object, pos >> PAGE_SHIFT, page, truncations, 0, &there);
	if (error)
		return error;
	if (there == page) {
		end_write(object, there, pos + went);
		return 0;
	}
	page_put(there);
	return -EAGAIN;
}

/* object_page_there() that waits. -ENOENT is a hole. */
static int find_page_wait(struct object *object, uint64_t index, struct page **page_ret)
{
	struct relief relief = { 0 };
	struct vm_wait wait;
	int result;

	vm_wait_init(&wait);
	do
		result = object_page_there(object, index, page_ret, &wait);
	while (wait_and_retry(&result, &wait, &relief));
	return result;
}

ssize_t object_lend_writable(struct object *object, uint64_t pos, size_t n, struct lent_page *ret)
{
	uint64_t index = pos >> PAGE_SHIFT;
	int error;

	if (pos >= OBJECT_SIZE_MAX || index >= object_pages(object_size(object)))
		return 0;
	n = MIN(n, OBJECT_SIZE_MAX - pos);
	ret->truncations = atomic_load_relaxed(&object->truncations);
	error = find_page_wait(object, index, &ret->page);
	ret->is_new = error == -ENOENT;
	if (ret->is_new) {
		ret->page = page_alloc_wait(0, PAGE_OBJECT);
		if (!ret->page)
			return -ENOMEM;
	} else if (error) {
		return error == -ENXIO ? 0 : error;
	} else {
		page_set_dirty(ret->page);
	}
	return (ssize_t)within_page(pos, n);
}

/* If another thread was first, its page gets the bytes. */
static int written_to_hole(struct object *object, const struct lent_page *lent, uint64_t pos,
			   size_t went)
{
	struct relief relief = { 0 };
	ssize_t put = 0;
	int result;

	complete_new(lent->page, pos, went);
	do {
		result = object_fill_hole(object, pos, went, lent->page, lent->truncations);
		if (result == -EAGAIN)
			break;
	} while (wait_and_retry(&result, NULL, &relief));
	if (result == -EAGAIN)
		put = object_write_kernel(object, pos, object_bytes_at(lent->page, pos), went);
	return put < 0 ? (int)put : result == -EAGAIN ? 0 : result;
}

int object_written(struct object *object, const struct lent_page *lent, uint64_t pos, size_t went)
{
	int error = 0;

	if (!lent->is_new) {
		end_write(object, lent->page, went ? pos + went : 0);
		return 0;
	}
	if (went)
		error = written_to_hole(object, lent, pos, went);
	page_put(lent->page);
	return error;
}

/* Drops the caller's reference to the page. Returns 0 or -EFAULT. */
static int write_to(struct object *object, struct page *page, uint64_t pos, const struct side *from,
		    size_t n, size_t *went_ret)
{
	size_t went;

	page_set_dirty(page);
	went = side_take(from, object_bytes_at(page, pos), n);
	end_write(object, page, went ? pos + went : 0);
	*went_ret = went;
	return went ? 0 : -EFAULT;
}

/* Makes a new page with the bytes, which nobody else knows. Returns 0, -ENOMEM or -EFAULT. */
static int make_written(uint64_t pos, const struct side *from, size_t n, struct page **page_ret,
			size_t *went_ret)
{
	struct page *page = page_alloc(0, PAGE_OBJECT, PAGE_NORMAL);

	if (!page)
		return -ENOMEM;
	*went_ret = side_take(from, object_bytes_at(page, pos), n);
	if (!*went_ret) {
		page_put(page);
		return -EFAULT;
	}
	complete_new(page, pos, *went_ret);
	*page_ret = page;
	return 0;
}

/* Returns the preallocated page at index, referenced, or NULL. */
static struct page *page_cached(struct object *object, uint64_t index)
{
	bool preallocated = index < atomic_load_relaxed(&object->prealloc_end);

	return preallocated ? object_page_resident(object, index) : NULL;
}

static int write_inside(struct object *object, uint64_t pos, const struct side *from, size_t n,
			size_t *went_ret, struct vm_wait *wait)
{
	uint64_t truncations = atomic_load_relaxed(&object->truncations);
	struct page *page;
	int error = object_page_there(object, pos >> PAGE_SHIFT, &page, wait);

	if (error != -ENOENT)
		return error ? error : write_to(object, page, pos, from, n, went_ret);
	error = make_written(pos, from, n, &page, went_ret);
	if (error)
		return error;
	error = object_fill_hole(object, pos, *went_ret, page, truncations);
	page_put(page);
	return error;
}

static int write_beyond(struct object *object, uint64_t pos, const struct side *from, size_t n,
			size_t *went_ret)
{
	uint64_t truncations = atomic_load_relaxed(&object->truncations);
	struct page *page = page_cached(object, pos >> PAGE_SHIFT);
	int error;

	if (page)
		return write_to(object, page, pos, from, n, went_ret);
	error = make_written(pos, from, n, &page, went_ret);
	if (error)
		return error;
	error = object_publish(object, pos >> PAGE_SHIFT, page, truncations, pos + *went_ret,
			       &page);
	if (error)
		return error;
	page_put(page);
	return 0;
}

/*
 * Writes up to the end of a page. Returns the count or a negative errno. If memory has run out, the
 * file does not grow; no process is killed for that.
 */
static ssize_t write_piece(struct object *object, uint64_t pos, const struct side *from, size_t n)
{
	struct relief relief = { 0 };
	struct vm_wait wait;
	size_t went;
	int result;

	n = within_page(pos, n);
	vm_wait_init(&wait);
	do {
		relief.spare = pos >> PAGE_SHIFT >= object_pages(object_size(object));
		if (relief.spare)
			result = write_beyond(object, pos, from, n, &went);
		else
			result = write_inside(object, pos, from, n, &went, &wait);
		if (result == -ENXIO)
			result = -EAGAIN;
	} while (wait_and_retry(&result, &wait, &relief));
	if (result == -ENOMEM && relief.spare)
		return -ENOSPC;
	return result ? result : (ssize_t)went;
}

typedef ssize_t (*piece_fn)(struct object *object, uint64_t pos, const struct side *side, size_t n);

/* Transfers pieces until one transfers nothing. Returns the count, or if 0 the last result. */
static ssize_t transfer(struct object *object, uint64_t pos, struct side side, size_t n,
			piece_fn piece)
{
	size_t done = 0;

	while (done < n) {
		ssize_t went = done ? vm_pause() : 0;

		if (went == 0)
			went = piece(object, pos + done, &side, n - done);
		if (went <= 0)
			return done ? (ssize_t)done : went;
		side_move(&side, (size_t)went);
		done += (size_t)went;
	}
	return (ssize_t)done;
}

static ssize_t transfer_out(struct object *object, uint64_t pos, struct side to, size_t n)
{
	return transfer(object, pos, to, MIN(n, (size_t)INT64_MAX), read_piece);
}

static ssize_t transfer_in(struct object *object, uint64_t pos, struct side from, size_t n)
{
	if (n && pos >= OBJECT_SIZE_MAX)
		return -EFBIG;
	return transfer(object, pos, from, MIN(n, OBJECT_SIZE_MAX - pos), write_piece);
}

ssize_t object_read(struct object *object, uint64_t pos, vaddr_t user_to, size_t n)
{
	if (!user_range_ok(user_to, n))
		return -EFAULT;
	return transfer_out(object, pos, side_user(user_to), n);
}

ssize_t object_write(struct object *object, uint64_t pos, vaddr_t user_from, size_t n)
{
	if (!user_range_ok(user_from, n))
		return -EFAULT;
	return transfer_in(object, pos, side_user(user_from), n);
}

ssize_t object_read_kernel(struct object *object, uint64_t pos, void *to, size_t n)
{
	return transfer_out(object, pos, side_kernel(to), n);
}

ssize_t object_write_kernel(struct object *object, uint64_t pos, const void *from, size_t n)
{
	return transfer_in(object, pos, side_kernel((void *)(uintptr_t)from), n);
}
