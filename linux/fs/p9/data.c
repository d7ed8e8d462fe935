/* SPDX-License-Identifier: MIT */
/* The cached bytes of files on a 9P server: missing pages are requests, whose answers are the pages. */
#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/p9/data.h"
#include "linux/fs/p9/node.h"
#include "linux/fs/p9/open_fids.h"
#include "linux/fs/p9/removal.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/permission.h"
#include "linux/process/task.h"
#include "mm/object/object.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "proc/mem_wait.h"
#include "proc/thread.h"
#include "linux/mem/object_room.h"

/* The most pages of one request. */
#define READ_PAGES READ_RUN_MAX

#define NONE UINT64_MAX

/* One Tread for consecutive pages. Private to the request: to who starts it, and from then on to who ends it. */
struct p9_read {
	struct p9_request request;
	struct p9_data *data; /* each page that is being read refers to its object */
	unsigned npages;
	struct page *page[READ_PAGES];
};

/* ---- reading pages ---- */

/* The server's errors are not the program's: a page is there or not. */
static int p9_read_check_reply(struct p9_read *read, int result, uint32_t *count_ret)
{
	size_t came = read->request.transfer.received;
	size_t in_head = MIN(came, sizeof(read->request.reply));
	struct p9_packet packet = { read->request.reply, in_head, came };
	struct p9_rread got;

	if (result == 0)
		result = p9_decode_rread(&packet, read->request.tag,
					 (uint32_t)(read->npages * PAGE_SIZE), &got);
	if (result)
		return -EIO;
	*count_ret = got.count;
	return 0;
}

/*
 * No thread has asked for a page that comes along. After an error of several, each is read again by
 * itself when it is needed; but if there was no answer, there would be none for the first either.
 */
static void read_failed(struct p9_read *read, bool answered, int err)
{
	spin_lock(&read->data->object.lock);
	read->data->reading.next = NONE;
	spin_unlock(&read->data->object.lock);
	for (unsigned i = 0; i < read->npages; i++)
		page_read_done(read->page[i],
			       read->npages > 1 && (answered || i > 0) ? -EAGAIN : err);
}

/*
 * The server was asked for what it had. If it has nothing of a page any more, another client has cut
 * the file: the page is not there.
 */
static void read_ended(struct p9_request *request, int result)
{
	struct p9_read *read = container_of(request, struct p9_read, request);
	uint32_t count = 0;
	int err = p9_read_check_reply(read, result, &count);

	if (err) {
		read_failed(read, result == 0, err);
		return;
	}
	if (count <= (read->npages - 1) * PAGE_SIZE)
		atomic_store(&read->data->reading.is_cut, 1u);
	/* The last page may drop the last reference to the object. */
	page_read_run_end(read->page, read->npages, count);
}

static void read_free(struct p9_request *request)
{
	kfree(container_of(request, struct p9_read, request));
}

/*
 * A file that is read from its start on is read as a whole. As long as pages are read one after the
 * other, each request has twice the pages of the last. It ends at a multiple of its size, so that a
 * fault that maps the neighbours too finds them. Returns the fid with a reference: who reads a page
 * has opened the file. Until add_pages() says otherwise, the request is for one page.
 */
static struct p9_fid *p9_data_next_window(struct p9_data *data, uint64_t index,
					  unsigned *window_ret)
{
	unsigned most = MIN(READ_PAGES, (data->session->msize - P9_RREAD_HEAD_BYTES) / PAGE_SIZE);
	uint64_t end = object_pages(object_size(&data->object));
	struct p9_fid *fid;

	spin_lock(&data->object.lock);
	if (index == 0 && data->reading.next != NONE)
		data->reading.window = most;
	else
		data->reading.window =
			index == data->reading.next ? MIN(data->reading.window * 2, most) : 1;
	data->reading.next = index + 1;
	most = data->reading.window - (unsigned)(index % data->reading.window);
	fid = p9_fid_get(data->fid);
	spin_unlock(&data->object.lock);
	assert(fid);
	*window_ret = index < end ? (unsigned)MIN(end - index, most) : 1;
	return fid;
}

/* Read-ahead: adds the pages that follow, as far as they are missing and frames are to be had. */
static void add_pages(struct p9_read *read, unsigned window)
{
	struct p9_data *data = read->data;
	uint64_t first = read->page[0]->index;
	unsigned n = 1;

	while (n < window && (read->page[n] = page_alloc(0, PAGE_OBJECT, PAGE_OPTIONAL)))
		n++;
	read->npages += object_read_run(&data->object, first + 1, read->page + 1, n - 1);
	while (n > read->npages)
		page_put(read->page[--n]);
	spin_lock(&data->object.lock);
	data->reading.next = first + read->npages;
	spin_unlock(&data->object.lock);
}

static int data_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	struct p9_data *data = to_p9_data(object);
	struct p9_tread ask = { .offset = page->index << PAGE_SHIFT };
	struct p9_read *read;
	unsigned window;
	ssize_t n;

	if (p9_is_stuck(data->session))
		return -EIO;
	read = kmalloc(sizeof(*read));
	if (!read)
		return -ENOMEM;
	if (!p9_request_init(data->session, &read->request)) {
		kfree(read);
		return -EIO;
	}
	read->data = data;
	read->page[0] = page;
	read->npages = 1;
	read->request.ended = read_ended;
	read->request.free = read_free;
	read->request.fid = p9_data_next_window(data, page->index, &window);
	if (window > 1)
		add_pages(read, window);
	ask.fid = read->request.fid->number;
	ask.count = (uint32_t)(read->npages * PAGE_SIZE);
	read->request.transfer.receive.page = read->page;
	read->request.transfer.receive.length = ask.count;
	n = p9_encode_tread(read->request.head, sizeof(read->request.head), read->request.tag,
			    &ask);
	assert(n > 0);
	wait->major = true;
	current_task()->fetched_bytes += ask.count;
	p9_request_start(&read->request, (size_t)n);
	/* gcc-analyzer-suppress malloc-leak ; the request is in it, and read_free() frees it */
	return 0;
}

static bool data_deadlocks(struct object *object)
{
	return p9_session_deadlocks(to_p9_data(object)->session);
}

/* ---- the object ---- */

/* A mapping has a reference to the inode: the next open of the file finds the same pages. */
static void data_used(struct object *object)
{
	struct p9_node *node = to_p9_data(object)->node;

	path_get(&node->inode);
	p9_use(node);
}

/* The mapping may have been the last writer. */
static void data_unused(struct object *object)
{
	struct p9_node *node = to_p9_data(object)->node;

	p9_data_close_writer(node->data);
	p9_unuse(node, false); /* the mmap lock may be held */
	path_put(&node->inode);
}

static void data_use_holds(struct object *object)
{
	path_found(&to_p9_data(object)->node->inode);
}

static void data_holds(struct object *object)
{
	struct p9_data *data = to_p9_data(object);

	p9_fid_found(data->fid);
	p9_fid_found(data->writer);
	p9_writeback_find_held(data);
}

static struct inode *data_inode(struct object *object)
{
	return inode_living(object, &to_p9_data(object)->inode);
}

static bool data_may_know_cached(struct object *object)
{
	const struct inode *inode = to_p9_data(object)->inode;

	return !inode || inode_may_know_cached(inode);
}

/* A server cannot be asked for a hole. */
static int data_punch(struct object *object, uint64_t start, uint64_t end)
{
	(void)object, (void)start, (void)end;
	return -EOPNOTSUPP;
}

static void data_destroy(struct object *object)
{
	struct p9_data *data = to_p9_data(object);

	p9_fid_put(data->fid);
	p9_fid_put(data->writer);
	p9_session_put(data->session);
	kfree(data);
}

static int data_first_writer(struct object *object)
{
	return mount_begin_write(to_p9_data(object)->node->inode.mount);
}

static void data_last_writer(struct object *object)
{
	mount_end_write(to_p9_data(object)->node->inode.mount);
}

static const struct object_ops data_ops = {
	.name = "file of a server",
	.read_page = data_read,
	.deadlocks = data_deadlocks,
	.write_page = p9_write_page,
	.stored = p9_stored,
	.may_store = p9_may_store,
	.left = p9_page_left,
	.sync = p9_sync_object,
	.punch = data_punch,
	.first_writer = data_first_writer,
	.last_writer = data_last_writer,
	.writer_left = p9_writer_left,
	.used = data_used,
	.unused = data_unused,
	.holds = data_holds,
	.use_holds = data_use_holds,
	.served = true,
	.inode = data_inode,
	.may_know_cached = data_may_know_cached,
	.destroy = data_destroy,
};

struct p9_data *p9_data_create(struct p9_node *node, uint64_t size)
{
	struct p9_data *data = mem_wait_kzalloc(sizeof(*data));

	if (!data)
		return NULL;
	object_init(&data->object, &data_ops, size);
	p9_writeback_init(data);
	p9_session_get(node->session);
	data->session = node->session;
	data->node = node;
	data->inode = &node->inode;
	data->seen.size = size;
	data->seen.mtime = node->inode.mtime;
	data->seen.ctime = node->inode.ctime;
	return data;
}

/* The node is being freed; others may still have the object. */
void p9_data_put(struct p9_data *data)
{
	spin_lock(&data->object.lock);
	data->inode = NULL;
	spin_unlock(&data->object.lock);
	object_put(&data->object);
}

struct object *p9_data_object(struct p9_data *data)
{
	return &data->object;
}

int p9_data_set_size(struct p9_data *data, uint64_t size)
{
	int err;

	mutex_lock(&data->visit);
	err = object_set_backed(&data->object, size);
	mutex_unlock(&data->visit);
	p9_pages_cut(data);
	return err;
}
