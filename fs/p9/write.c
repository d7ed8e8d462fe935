/* SPDX-License-Identifier: MIT */
/* Writes to files of a 9P server, and changes of their size: the server has made them when they return. */
/*
 * The bytes are copied from the program to frames of the kernel first, with no lock held, for the
 * copy may have to wait for a page that a server brings. Then the file's lock is taken, and the
 * server reads them out of there as a Twrite. What it has acknowledged goes to the pages of the file
 * that are in memory. A read of a page that is under way may bring what was there before: it is
 * cancelled, and begins anew. Pages that are not there are not brought.
 */
#include "abi/errno.h"
#include "fs/p9/node.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/object.h"
#include "mm/object_size.h"
#include "mm/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "proc/mem_wait.h"

/* The most pages of one request. */
#define WRITE_PAGES 32u

/* Bytes on their way from the program to the server. */
struct batch {
	struct page *page[WRITE_PAGES];
	unsigned npages;
	size_t n; /* bytes */
};

static void batch_free(struct batch *batch)
{
	while (batch->npages)
		page_put(batch->page[--batch->npages]);
}

/* Takes as many frames as there are, up to those for n bytes; at least one, or -ENOMEM. */
static int batch_alloc(struct batch *batch, size_t n)
{
	size_t npages = MIN(ALIGN_UP(n, PAGE_SIZE) >> PAGE_SHIFT, WRITE_PAGES);
	struct page *page = mem_wait_page(0, PAGE_KERNEL);

	batch->npages = 0;
	batch->n = 0;
	for (; page; page = page_alloc(0, PAGE_KERNEL, PAGE_OPTIONAL)) {
		batch->page[batch->npages++] = page;
		if (batch->npages == npages)
			break;
	}
	return batch->npages ? 0 : -ENOMEM;
}

/* Copies up to n bytes from the program. Returns 0, or -EFAULT if none can be read. */
static int batch_fill(struct batch *batch, struct user_iter *from, size_t n)
{
	for (unsigned i = 0; i < batch->npages && batch->n < n; i++) {
		size_t wanted = MIN(n - batch->n, PAGE_SIZE);
		size_t went = user_iter_copy_in(from, page_address(batch->page[i]), wanted);

		batch->n += went;
		if (went < wanted)
			break;
	}
	return batch->n ? 0 : -EFAULT;
}

/* Sends it as one request. Returns how many bytes the server has taken, or a negative errno. */
static ssize_t send(struct p9_node *node, struct batch *batch, uint64_t at)
{
	struct p9_twrite ask = { .offset = at, .count = (uint32_t)batch->n };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rwrite got;
	struct p9_fid *fid;
	struct p9_rpc rpc;
	ssize_t n;
	int err = p9_data_writer(node, &fid);

	if (err)
		return err;
	ask.fid = fid->number;
	p9_rpc_begin(&rpc, node->session, fid, NULL);
	rpc.payload = batch->page;
	rpc.payload_length = batch->n;
	n = p9_encode_twrite(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	if (err == 0)
		err = p9_decode_rwrite(&packet, rpc.tag, ask.count, &got);
	if (err)
		return err;
	return got.count ? (ssize_t)got.count : -EIO;
}

/* Copies [at, at + n) from the batch to the page at index. */
static void show_in_page(struct object *object, uint64_t index, const struct batch *batch,
			 uint64_t at, size_t n)
{
	uint64_t start = MAX(at, index << PAGE_SHIFT), end = MIN(at + n, (index + 1) << PAGE_SHIFT);
	bool swapped;
	struct page *page = object_page_cut(object, index, &swapped);

	if (!page)
		return;
	while (start < end) {
		size_t from = start - at, in_frame = from & PAGE_MASK;
		size_t part = MIN(end - start, PAGE_SIZE - in_frame);
		const char *frame = page_address(batch->page[from >> PAGE_SHIFT]);

		memcpy((char *)page_address(page) + (start & PAGE_MASK), frame + in_frame, part);
		start += part;
	}
	page_put(page);
}

/* The server has the n bytes: pages that are in memory get them, and the file its size. */
static void show(struct object *object, const struct batch *batch, uint64_t at, size_t n)
{
	for (uint64_t index = at >> PAGE_SHIFT; index <= (at + n - 1) >> PAGE_SHIFT; index++)
		show_in_page(object, index, batch, at, n);
	if (at + n > object_size(object))
		(void)object_set_backed(object, at + n);
}

/* Called with node->lock held. */
static ssize_t write_batch(struct p9_node *node, struct batch *batch, uint64_t at)
{
	ssize_t went;

	if (at >= OBJECT_SIZE_MAX)
		return -EFBIG;
	batch->n = MIN(batch->n, OBJECT_SIZE_MAX - at);
	went = send(node, batch, at);
	if (went > 0) {
		p9_data_changed(node->data);
		show(node->inode.object, batch, at, (size_t)went);
	} else if (!p9_is_refusal(went)) {
		p9_data_doubtful(node->data);
	}
	return went;
}

/* Writes a batch. Sets *more if all of it went, and the program has given more. */
static ssize_t write_some(struct file *file, struct user_iter *from, uint64_t *pos, bool *more)
{
	struct p9_node *node = to_p9_node(file_inode(file));
	size_t n = MIN(from->left, (size_t)node->session->msize - P9_TWRITE_HEAD_BYTES);
	struct batch batch;
	ssize_t went = batch_alloc(&batch, n);
	uint64_t at;

	if (went)
		return went;
	went = batch_fill(&batch, from, n);
	if (went == 0)
		went = mutex_lock_killable(&node->lock);
	if (went == 0) {
		at = *pos;
		if (file->flags & O_APPEND)
			went = p9_data_end(node, &at);
		if (went == 0)
			went = write_batch(node, &batch, at);
		if (went > 0)
			*pos = at + (size_t)went;
		mutex_unlock(&node->lock);
	}
	*more = went == (ssize_t)batch.n && from->left;
	batch_free(&batch);
	return went;
}

ssize_t p9_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	ssize_t done = 0, went;
	bool more = from->left != 0;

	while (more) {
		went = write_some(file, from, pos, &more);
		if (went <= 0)
			return done ? done : went;
		done += went;
	}
	return done;
}

/* Called with node->lock held. */
static int change_size(struct p9_node *node, uint64_t size)
{
	int err = p9_set_size(node, size);

	if (err == 0) {
		p9_data_changed(node->data);
		err = object_set_backed(node->inode.object, size);
	} else if (!p9_is_refusal(err)) {
		p9_data_doubtful(node->data);
	}
	return err;
}

int p9_resize(struct inode *inode, uint64_t size)
{
	struct p9_node *node = to_p9_node(inode);
	int err;

	if (size > OBJECT_SIZE_MAX)
		return -EFBIG;
	err = mutex_lock_killable(&node->lock);
	if (err)
		return err;
	err = change_size(node, size);
	mutex_unlock(&node->lock);
	return err;
}

/* What was written is at the server, which is asked to bring it to its disk. */
static int fsync_by(struct p9_fid *fid, bool data_only)
{
	const struct p9_tfsync ask = { fid->number, data_only };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	n = p9_encode_tfsync(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	return err ? err : p9_decode_rfsync(&packet, rpc.tag);
}

int p9_fsync(struct file *file, bool data_only)
{
	struct p9_node *node = to_p9_node(file_inode(file));
	struct p9_fid *fid = p9_data_any_fid(node->data);

	return fid ? fsync_by(fid, data_only) : 0;
}
