/* SPDX-License-Identifier: MIT */
/* Writes to files of a 9P server, and changes of their size. */
/*
 * The bytes are copied from the program to frames first, with no lock held, for the copy may have to
 * wait for a page that a server brings. Then the file's lock is taken. A frame that has all there is
 * of a page becomes the page; to others the bytes are copied. The pages are dirty then, and the server
 * gets them later (linux/fs/p9/writeback.c). Of a page that is not in memory and is not written as a whole,
 * the server is asked for the rest. Where it refuses to read the file, it gets the bytes at once.
 *
 * The server makes a change of the size at once.
 */
#include "linux/fs/p9/write.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/file/size_limit.h"
#include "linux/fs/p9/data.h"
#include "linux/fs/p9/fsync.h"
#include "linux/fs/p9/lease.h"
#include "linux/fs/p9/node.h"
#include "linux/fs/p9/open_fids.h"
#include "linux/fs/p9/revalidate.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "proc/mem_wait.h"

/* The most pages that are taken from the program at once. */
#define WRITE_PAGES 32u

/* Bytes on their way from the program to the file, from the first page's byte `skew` on. */
struct batch {
	struct page *page[WRITE_PAGES]; /* NULL: it has become a page of the file */
	unsigned npages;
	size_t skew, n; /* bytes */
};

static void batch_free(struct batch *batch)
{
	while (batch->npages) {
		struct page *page = batch->page[--batch->npages];

		if (page)
			page_put(page);
	}
}

/* Takes as many frames as there are, up to those for n bytes; at least one, or -ENOMEM. */
static int batch_alloc(struct batch *batch, size_t n)
{
	size_t npages = MIN(ALIGN_UP(batch->skew + n, PAGE_SIZE) >> PAGE_SHIFT, WRITE_PAGES);
	struct page *page = mem_wait_page(0, PAGE_OBJECT);

	batch->npages = 0;
	batch->n = 0;
	for (; page; page = page_alloc(0, PAGE_OBJECT, PAGE_OPTIONAL)) {
		batch->page[batch->npages++] = page;
		if (batch->npages == npages)
			break;
	}
	return batch->npages ? 0 : -ENOMEM;
}

/* Copies up to n bytes from the program. Returns 0, or -EFAULT if none can be read. */
static int batch_fill(struct batch *batch, struct user_iter *from, size_t n)
{
	size_t at = batch->skew;

	for (unsigned i = 0; i < batch->npages && batch->n < n; i++, at = 0) {
		size_t wanted = MIN(n - batch->n, PAGE_SIZE - at);
		size_t went =
			user_iter_copy_in(from, (char *)page_address(batch->page[i]) + at, wanted);

		batch->n += went;
		if (went < wanted)
			break;
	}
	return batch->n ? 0 : -EFAULT;
}

/* Copies n bytes out of the batch, from its byte `from` on. */
static void batch_copy(const struct batch *batch, size_t from, char *to, size_t n)
{
	while (n) {
		size_t at = batch->skew + from, in_frame = at & PAGE_MASK;
		size_t part = MIN(n, PAGE_SIZE - in_frame);
		const char *frame = page_address(batch->page[at >> PAGE_SHIFT]);

		memcpy(to, frame + in_frame, part);
		from += part;
		to += part;
		n -= part;
	}
}

/* ---- a piece: what goes to one page of the file ---- */

struct piece {
	struct p9_node *node;
	struct batch *batch;
	size_t from;	     /* in the batch */
	uint64_t start, end; /* in the file */
};

static uint64_t index_of(const struct piece *piece)
{
	return piece->start >> PAGE_SHIFT;
}

/* Bytes of the page before the piece, and from the page's start to the piece's end. */
static size_t bytes_before(const struct piece *piece)
{
	return piece->start & PAGE_MASK;
}

static size_t bytes_to_end(const struct piece *piece)
{
	return bytes_before(piece) + (size_t)(piece->end - piece->start);
}

/* The page has the bytes: they are the file's, and the server is to get them. */
static void make_dirty(struct piece *piece, struct page *page)
{
	struct p9_data *data = piece->node->data;
	struct object *object = &data->object;

	spin_lock(&object->lock);
	if (piece->end > object->size)
		atomic_store_relaxed(&object->size, piece->end);
	if (object_has_locked(object, index_of(piece), page))
		p9_dirty_page(data, page);
	spin_unlock(&object->lock);
}

static void put_in_page(struct piece *piece, struct page *page)
{
	batch_copy(piece->batch, piece->from, (char *)page_address(page) + bytes_before(piece),
		   (size_t)(piece->end - piece->start));
	make_dirty(piece, page);
}

/* Is there nothing of the page in the file but what the piece has, and zeros? */
static bool is_whole(const struct piece *piece)
{
	uint64_t backed = atomic_load_relaxed(&piece->node->data->object.backed);
	uint64_t page_start = index_of(piece) << PAGE_SHIFT;

	return page_start >= backed ||
	       (piece->start == page_start && piece->end >= MIN(backed, page_start + PAGE_SIZE));
}

/* The frame of the batch that has the piece at the place where it is in the page; or NULL. */
static struct page **frame_of(const struct piece *piece)
{
	size_t at = piece->batch->skew + piece->from;

	if ((at & PAGE_MASK) != bytes_before(piece))
		return NULL;
	return &piece->batch->page[at >> PAGE_SHIFT];
}

/* Returns a frame with the piece and zeros around it, referenced for the caller; or NULL. */
static struct page *make_frame(struct piece *piece, struct page **own)
{
	struct page *page = own ? *own : mem_wait_page(0, PAGE_OBJECT);
	size_t before = bytes_before(piece), to_end = bytes_to_end(piece);
	char *bytes;

	if (!page)
		return NULL;
	bytes = page_address(page);
	if (own)
		page_get(page);
	else
		batch_copy(piece->batch, piece->from, bytes + before,
			   (size_t)(piece->end - piece->start));
	memset(bytes, 0, before);
	memset(bytes + to_end, 0, PAGE_SIZE - to_end);
	return page;
}

/*
 * Makes a frame a page of the file. A read of the page that is under way would bring what was there
 * before: it is cancelled. Returns 0, -EAGAIN if there is a page by now, or -ENOMEM.
 */
static int p9_piece_publish(struct piece *piece)
{
	struct object *object = &piece->node->data->object;
	struct page **own = frame_of(piece), *page, *there;
	uint64_t truncations = atomic_load_relaxed(&object->truncations);
	uint64_t new_end = piece->end > object_size(object) ? piece->end : 0;
	bool swapped;
	int err;

	there = object_page_cut(object, index_of(piece), &swapped);
	if (there) {
		page_put(there);
		return -EAGAIN;
	}
	page = make_frame(piece, own);
	if (!page)
		return -ENOMEM;
	err = object_publish(object, index_of(piece), page, truncations, new_end, &there);
	if (err)
		return err;
	if (there != page) {
		page_put(there);
		return -EAGAIN;
	}
	make_dirty(piece, page);
	page_put(page);
	if (own) { /* its first reference is the batch's */
		page_put(*own);
		*own = NULL;
	}
	return 0;
}

/* Sends the piece as one request. If the server takes a part of it, the piece ends there. Returns 0 or a negative errno. */
static int p9_piece_send(struct piece *piece, struct page *frame)
{
	struct p9_node *node = piece->node;
	size_t n = (size_t)(piece->end - piece->start);
	struct p9_twrite ask = { .offset = piece->start, .count = (uint32_t)n };
	struct p9_rwrite got;
	struct p9_fid *fid;
	struct p9_rpc rpc;
	int err = p9_data_writer(node, &fid);

	if (err)
		return err;
	batch_copy(piece->batch, piece->from, page_address(frame), n);
	ask.fid = fid->number;
	p9_rpc_begin(&rpc, node->session, fid, NULL);
	rpc.payload = &frame;
	rpc.payload_length = n;
	err = p9_rpc_packet(&rpc,
			    p9_encode_twrite(rpc.request, sizeof(rpc.request), rpc.tag, &ask));
	if (err == 0)
		err = p9_decode_rwrite(&rpc.packet, rpc.tag, ask.count, &got);
	if (err == 0 && got.count == 0)
		err = -EIO;
	if (err == 0)
		piece->end = piece->start + got.count;
	return err;
}

/* The page cannot be read. Writes that are to follow each other must not overlap: node->lock is held. */
static __attribute__((noinline)) int write_through(struct piece *piece)
{
	struct p9_data *data = piece->node->data;
	struct page *frame = mem_wait_page(0, PAGE_KERNEL);
	int err;

	if (!frame)
		return -ENOMEM;
	err = p9_piece_send(piece, frame);
	page_put(frame);
	if (err == 0) {
		p9_data_changed(data);
		spin_lock(&data->object.lock);
		if (piece->end > data->object.size)
			atomic_store_relaxed(&data->object.size, piece->end);
		if (piece->end > data->object.backed)
			atomic_store_relaxed(&data->object.backed, piece->end);
		spin_unlock(&data->object.lock);
	} else if (!p9_is_refusal(err)) {
		p9_data_doubtful(data);
	}
	return err;
}

/* The page is not in memory, and the piece has a part of it. */
static int read_and_put(struct piece *piece)
{
	struct page *page;
	int err = p9_data_open_reader(piece->node);

	if (err == -EACCES || err == -EPERM)
		return write_through(piece);
	if (err == 0)
		err = object_page_wait(&piece->node->data->object, index_of(piece), &page, false);
	if (err)
		return err;
	put_in_page(piece, page);
	page_put(page);
	return 0;
}

static int put_once(struct piece *piece)
{
	struct page *page = object_page_resident(&piece->node->data->object, index_of(piece));

	if (page) {
		put_in_page(piece, page);
		page_put(page);
		return 0;
	}
	return is_whole(piece) ? p9_piece_publish(piece) : read_and_put(piece);
}

static int put_piece(struct piece *piece)
{
	struct relief relief = { 0 };
	bool has_learnt = false;
	int err;

	do {
		err = put_once(piece);
		if (err == -EIO && !has_learnt && atomic_load(&piece->node->data->reading.is_cut)) {
			has_learnt = true;
			err = p9_data_learn_end(piece->node) ? -EIO : -EAGAIN;
		}
		if (err == -ENXIO)
			err = -EAGAIN;
	} while (wait_and_retry(&err, NULL, &relief));
	return err;
}

/* ---- writes ---- */

/*
 * Puts the batch into the file at `at`. Returns how many bytes went, or if 0 a negative errno. Called
 * with node->lock held.
 */
static ssize_t put_batch(struct p9_node *node, struct batch *batch, uint64_t at)
{
	struct object *object = &node->data->object;
	uint64_t end, wanted = at, size = object_size(object);
	struct piece piece = { .node = node, .batch = batch, .end = at };
	struct p9_fid *writer;
	int err;

	if (at >= OBJECT_SIZE_MAX)
		return -EFBIG;
	end = at + MIN(batch->n, OBJECT_SIZE_MAX - at);
	err = p9_data_writer(node, &writer);
	if (err)
		return err;
	p9_fid_put(writer);
	if (at > size)
		err = object_zero_tail(object, size, at);
	/* Where the server takes a part, the write ends. The next write gets the error. */
	while (!err && piece.end == wanted && wanted < end) {
		piece.start = piece.end;
		piece.from = (size_t)(piece.start - at);
		piece.end = wanted = MIN(end, (piece.start | PAGE_MASK) + 1);
		err = put_piece(&piece);
	}
	if (err)
		piece.end = piece.start;
	if (piece.end == at)
		return err;
	atomic_store_relaxed(&node->size, object_size(object));
	inode_changed_now(&node->inode);
	return (ssize_t)(piece.end - at);
}

/* Writes a batch. Sets *more if all of it went, and the program has given more. */
static ssize_t write_some(struct file *file, struct user_iter *from, uint64_t *pos, bool *more)
{
	struct p9_node *node = to_p9_node(file_inode(file));
	bool appends = file_appends(file, from);
	uint64_t at = appends ? object_size(node->inode.object) : *pos;
	struct batch batch = { .skew = at & PAGE_MASK };
	size_t n = MIN(from->left, WRITE_PAGES * PAGE_SIZE - batch.skew);
	ssize_t went = batch_alloc(&batch, n);

	if (went)
		return went;
	went = batch_fill(&batch, from, n);
	if (went == 0)
		went = mutex_lock_killable(&node->lock);
	if (went == 0) {
		if (appends)
			went = p9_data_end(node, &at);
		if (went == 0)
			went = put_batch(node, &batch, at);
		if (went > 0)
			*pos = at + (size_t)went;
		mutex_unlock(&node->lock);
	}
	*more = went == (ssize_t)batch.n && from->left;
	batch_free(&batch);
	return went;
}

/* Writes what the program gives. Returns how many bytes went, or if 0 a negative errno. */
static ssize_t write_all(struct file *file, struct user_iter *from, uint64_t *pos)
{
	struct p9_node *node = to_p9_node(file_inode(file));
	ssize_t done = 0, went;
	bool more = from->left != 0;
	int err = size_limit_write(from, file_appends(file, from) ? object_size(node->inode.object)
								  : *pos);

	if (err)
		return err;
	while (more) {
		went = write_some(file, from, pos, &more);
		if (went <= 0)
			return done ? done : went;
		done += went;
		if (p9_throttle(node->data))
			break;
	}
	return done;
}

ssize_t p9_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	ssize_t done = write_all(file, from, pos);
	int err = 0;

	if (done > 0 && (file->flags & O_DSYNC))
		err = p9_fsync(file, (file->flags & O_SYNC) != O_SYNC);
	return err ? err : done;
}

/* ---- changes of the size ---- */

/* Where the file has grown there are zeros, of which the server need not be asked. */
static int grow(struct object *object, uint64_t before, uint64_t size)
{
	int err = object_zero_tail(object, before, size);

	if (err)
		return err;
	spin_lock(&object->lock);
	atomic_store_relaxed(&object->size, size);
	spin_unlock(&object->lock);
	return 0;
}

/* The server has the size. */
static int take_size(struct p9_node *node, uint64_t size)
{
	struct object *object = node->inode.object;
	uint64_t before = object_size(object);
	int err = size > before ? grow(object, before, size) : p9_data_set_size(node->data, size);

	atomic_add(&node->data->changes, 1);
	atomic_store_relaxed(&node->size, size);
	inode_changed_now(&node->inode);
	return err;
}

/* Called with node->lock held. */
static int change_size(struct p9_node *node, uint64_t size)
{
	int err = p9_set_size(node, size);

	assert_hardened(mutex_held(&node->lock));
	if (err == 0) {
		p9_data_changed(node->data);
		err = take_size(node, size);
	} else if (!p9_is_refusal(err)) {
		p9_data_doubtful(node->data);
	}
	p9_attributes_changed(node->session, node->qid.path);
	return err;
}

/* A page that is cut off must not come to the server afterwards. */
static int p9_file_cut(struct p9_node *node, uint64_t size)
{
	int err = p9_bar(node->data);

	if (err)
		return err;
	err = change_size(node, size);
	p9_lift_bar(node->data);
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
	err = size_limit_resize(object_size(inode->object), size);
	if (!err)
		err = size < object_size(inode->object) ? p9_file_cut(node, size)
							: change_size(node, size);
	mutex_unlock(&node->lock);
	return err;
}
