/* SPDX-License-Identifier: MIT */
/* The cached bytes of files on a 9P server: missing pages are requests, whose answers are the pages. */
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/p9/data.h"
#include "fs/p9/node.h"
#include "fs/p9/removal.h"
#include "fs/p9/walk.h"
#include "fs/read_object.h"
#include "fs/seek.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/object.h"
#include "mm/object_size.h"
#include "mm/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "proc/mem_wait.h"

/* The most pages of one request. */
#define READ_PAGES READ_RUN_MAX

#define NONE UINT64_MAX

/* One Tread for consecutive pages. */
struct p9_read {
	struct p9_request request;
	struct p9_data *data; /* each page that is being read refers to its object */
	unsigned npages;
	struct page *page[READ_PAGES];
};

/* ---- reading pages ---- */

/*
 * No thread has asked for a page that comes along. After an error of several, each is read again by
 * itself when it is needed; but if there was no answer, there would be none for the first either.
 *
 * The server was asked for what it had. If it has nothing of the page any more, another client has cut
 * the file: the page is not there.
 */
static void p9_read_end_page(struct p9_read *read, unsigned i, bool answered, int err,
			     uint32_t count)
{
	struct page *page = read->page[i];
	size_t start = (size_t)i * PAGE_SIZE, there = count > start ? count - start : 0;
	bool again = err && read->npages > 1 && (answered || i > 0);

	if (err == 0 && there == 0) {
		atomic_store(&read->data->reading.is_cut, 1u);
		err = -EIO;
		again = i > 0;
	}
	if (err == 0 && there < PAGE_SIZE)
		memset((char *)page_address(page) + there, 0, PAGE_SIZE - there);
	page_read_done(page, again ? -EAGAIN : err);
}

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

static void read_ended(struct p9_request *request, int result)
{
	struct p9_read *read = container_of(request, struct p9_read, request);
	uint32_t count = 0;
	int err = p9_read_check_reply(read, result, &count);

	if (err) {
		spin_lock(&read->data->object.lock);
		read->data->reading.next = NONE;
		spin_unlock(&read->data->object.lock);
	}
	/* The last page may drop the last reference to the object. */
	if (err == 0 && count == read->npages * PAGE_SIZE)
		page_read_run_done(read->page, read->npages);
	else
		for (unsigned i = 0; i < read->npages; i++)
			p9_read_end_page(read, i, result == 0, err, count);
}

static void read_free(struct p9_request *request)
{
	kfree(container_of(request, struct p9_read, request));
}

/*
 * A file that is read from its start on is read as a whole. As long as pages are read one after the
 * other, each request has twice the pages of the last. It ends at a multiple of its size, so that a
 * fault that maps the neighbours too finds them. Returns the fid with a reference: who reads a page
 * has opened the file.
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
	most = data->reading.window - (unsigned)(index % data->reading.window);
	fid = p9_fid_get(data->fid);
	spin_unlock(&data->object.lock);
	assert(fid);
	*window_ret = index < end ? (unsigned)MIN(end - index, most) : 1;
	return fid;
}

/* Adds the pages that follow, as far as they are missing and frames are to be had. */
static void add_pages(struct p9_read *read, unsigned window)
{
	struct p9_data *data = read->data;
	uint64_t first = read->page[0]->index;
	unsigned n = 1;

	while (n < window && (read->page[n] = page_alloc(0, PAGE_OBJECT, PAGE_OPTIONAL)))
		n++;
	if (n > 1) /* spares most reads the call */
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
	if (unlikely(p9_session_deadlocks(data->session)))
		return -EDEADLK;
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
	add_pages(read, window);
	ask.fid = read->request.fid->number;
	ask.count = (uint32_t)(read->npages * PAGE_SIZE);
	read->request.transfer.receive.page = read->page;
	read->request.transfer.receive.length = ask.count;
	n = p9_encode_tread(read->request.head, sizeof(read->request.head), read->request.tag,
			    &ask);
	assert(n > 0);
	wait->major = true;
	p9_request_start(&read->request, (size_t)n);
	return 0;
}

/* ---- the object ---- */

/* A mapping keeps the file itself: the next one to open it finds the same pages. */
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
	.inode = data_inode,
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

/* What no server knows any more is opened anew. */
static bool is_open(struct p9_data *data, struct p9_fid *const *at)
{
	bool is;

	spin_lock(&data->object.lock);
	is = *at && !atomic_load_relaxed(&(*at)->is_stale);
	spin_unlock(&data->object.lock);
	return is;
}

bool p9_data_is_open(const struct p9_data *data)
{
	return atomic_load_relaxed(&data->fid) != NULL;
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

/* Reads up to n bytes of the file. Returns how many there are, or a negative errno. `reply` has room for them. */
static ssize_t read_bytes(struct p9_data *data, uint64_t offset, size_t n, uint8_t *reply)
{
	struct p9_tread ask = { .offset = offset, .count = (uint32_t)n };
	struct p9_packet packet;
	struct p9_rread got;
	struct p9_rpc rpc;
	struct p9_fid *fid;
	ssize_t result;
	int err;

	spin_lock(&data->object.lock);
	fid = p9_fid_get(data->fid);
	spin_unlock(&data->object.lock);
	ask.fid = fid->number;
	p9_rpc_begin(&rpc, data->session, fid, NULL);
	result = p9_encode_tread(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	err = p9_rpc_packet(&rpc, result, reply, P9_RREAD_HEAD_BYTES + n, &packet);
	if (err == 0)
		err = p9_decode_rread(&packet, rpc.tag, ask.count, &got);
	return err ? err : (ssize_t)got.count;
}

/* Brings n bytes of the file into a page, where they are missing. */
static int fill_in(struct p9_data *data, struct page *page, uint64_t offset, size_t n)
{
	uint8_t *reply;
	ssize_t count;
	int err = p9_data_open_reader(data->node);

	if (err)
		return err == -EACCES || err == -EPERM ? 0 : err;
	reply = mem_wait_kmalloc(P9_RREAD_HEAD_BYTES + n);
	if (!reply)
		return -ENOMEM;
	count = read_bytes(data, offset, n, reply);
	if (count > 0)
		memcpy((char *)page_address(page) + (offset & PAGE_MASK),
		       reply + P9_RREAD_HEAD_BYTES, (size_t)count);
	kfree(reply);
	if (count >= 0 && (size_t)count < n)
		return -ESTALE; /* it was cut meanwhile */
	return count < 0 ? (int)count : 0;
}

/*
 * Somebody else has made the file longer. Behind its old end, a page has zeros, which the file may never
 * have had: if the page is mapped, and so stays, it gets what has come.
 */
static int extend_mapped(struct p9_data *data, uint64_t size)
{
	uint64_t end = object_size(&data->object);
	struct page *page;
	int err = 0;

	if (size <= end || !(end & PAGE_MASK))
		return 0;
	page = object_page_resident(&data->object, end >> PAGE_SHIFT);
	if (!page)
		return 0;
	if (atomic_load_relaxed(&page->maps))
		err = fill_in(data, page, end,
			      (size_t)MIN(size - end, PAGE_SIZE - (end & PAGE_MASK)));
	page_put(page);
	return err;
}

/*
 * The server's file has another size or other times than it had: what is cached may be wrong. Mapped
 * pages stay as they are, and are forgotten by the first open that finds them unmapped. Call with
 * node->lock held.
 */
static int forget_old(struct p9_data *data, uint64_t size)
{
	int err = extend_mapped(data, size);

	if (err == 0)
		err = p9_data_set_size(data, size);
	if (err == 0)
		data->seen.has_old = !object_remove_unmapped(&data->object);
	return err;
}

/* ---- changes by others, and our own ---- */

void p9_data_changed(struct p9_data *data)
{
	atomic_store(&data->seen.is_changed, 1u);
}

void p9_data_doubtful(struct p9_data *data)
{
	atomic_store(&data->seen.is_doubtful, 1u);
}

static bool is_other(const struct p9_node *node, const struct p9_rgetattr *attr)
{
	const struct p9_data *data = node->data;

	return attr->size != data->seen.size || node->inode.mtime != data->seen.mtime ||
	       node->inode.ctime != data->seen.ctime;
}

static void learn(struct p9_node *node, const struct p9_rgetattr *attr)
{
	node->data->seen.size = attr->size;
	node->data->seen.mtime = node->inode.mtime;
	node->data->seen.ctime = node->inode.ctime;
}

/*
 * Has another client changed the file since it was opened last? What we have asked for has changed its
 * times too. If it was open for writing (`is_written`) these are learnt, if the size is what it should
 * be: a change of another that leaves the size as it is goes unseen then.
 */
static bool has_changed(struct p9_node *node, const struct p9_rgetattr *attr, bool is_written)
{
	struct p9_data *data = node->data;
	bool ours = atomic_exchange(&data->seen.is_changed, 0u) && is_written;
	bool doubtful = atomic_exchange(&data->seen.is_doubtful, 0u) != 0;

	if (ours && !doubtful && attr->size == object_size(&data->object))
		learn(node, attr);
	return doubtful || is_other(node, attr);
}

/* Nobody writes any more. Without an answer, the next open finds another file than it was. */
static void learn_at_end(struct p9_node *node)
{
	struct p9_rgetattr attr = { 0 };

	if (!atomic_exchange(&node->data->seen.is_changed, 0u))
		return;
	if (mutex_lock_killable(&node->lock))
		return;
	if (p9_node_attributes(node, &attr) == 0 && attr.size == object_size(&node->data->object))
		learn(node, &attr);
	mutex_unlock(&node->lock);
}

/* ---- opening at the server ---- */

/* Sets one of the two fids. Requests that are under way go on with the one that they have. */
static void set_fid(struct p9_data *data, struct p9_fid **at, struct p9_fid *fid)
{
	struct p9_fid *old;

	spin_lock(&data->object.lock);
	old = *at;
	atomic_store_relaxed(at, fid);
	spin_unlock(&data->object.lock);
	p9_fid_put(old);
}

static int open_one(struct p9_node *node, struct p9_fid **at, unsigned flags)
{
	enum p9_fid_use use = flags == O_RDONLY ? P9_FID_READS : P9_FID_WRITES;
	struct p9_fid *fid;
	int err = p9_open_fid(node, flags, &fid);

	while (err == 0 && !p9_fid_own(fid, node, use)) { /* the server has just ended */
		p9_fid_put(fid);
		err = p9_open_fid(node, flags, &fid);
	}
	if (err == 0)
		set_fid(node->data, at, fid);
	return err;
}

/*
 * Opens what `flags` needs, and has not been opened yet, or all anew. Reading and writing have a fid
 * each, so that the server's file is not open for writing for longer than any open file is.
 */
static int open_fids(struct p9_node *node, unsigned flags, bool anew)
{
	struct p9_data *data = node->data;
	int err = 0;

	if (file_flags_read(flags) && (anew || !is_open(data, &data->fid)))
		err = open_one(node, &data->fid, O_RDONLY);
	if (err == 0 && file_flags_write(flags) && (anew || !is_open(data, &data->writer)))
		err = open_one(node, &data->writer, O_WRONLY);
	return err;
}

void p9_data_created(struct p9_data *data, struct p9_fid *fid)
{
	if (p9_fid_own(fid, data->node, P9_FID_WRITES))
		set_fid(data, &data->writer, fid);
	else
		p9_fid_put(fid);
}

int p9_data_writer(struct p9_node *node, struct p9_fid **fid_ret)
{
	struct p9_data *data = node->data;
	int err = open_fids(node, O_WRONLY, false);

	if (err)
		return err;
	spin_lock(&data->object.lock);
	*fid_ret = p9_fid_get(data->writer);
	spin_unlock(&data->object.lock);
	return *fid_ret ? 0 : -EIO;
}

int p9_data_open_reader(struct p9_node *node)
{
	return open_fids(node, O_RDONLY, false);
}

struct p9_fid *p9_data_any_fid(struct p9_data *data)
{
	struct p9_fid *fid;

	spin_lock(&data->object.lock);
	fid = p9_fid_get(data->writer ? data->writer : data->fid);
	spin_unlock(&data->object.lock);
	return fid;
}

/* Returns the fid for writing, if it is not needed any more. A look comes first: most files are not written. */
static struct p9_fid *take_writer(struct p9_data *data)
{
	struct p9_fid *fid = NULL;

	if (!atomic_load_relaxed(&data->writer))
		return NULL;
	spin_lock(&data->object.lock);
	if (data->object.writers == 0 && !data->wb.listed) {
		fid = data->writer;
		atomic_store_relaxed(&data->writer, NULL);
	}
	spin_unlock(&data->object.lock);
	return fid;
}

void p9_data_close_writer(struct p9_data *data)
{
	p9_fid_put(take_writer(data));
}

void p9_data_end_write(struct p9_node *node)
{
	struct p9_fid *fid = take_writer(node->data);

	if (fid)
		learn_at_end(node);
	p9_fid_put(fid);
}

int p9_data_end(struct p9_node *node, uint64_t *end_ret)
{
	struct p9_data *data = node->data;
	struct p9_rgetattr attr = { 0 };
	int err;

	*end_ret = object_size(&data->object);
	if (p9_has_unwritten(data))
		return 0;
	err = p9_node_attributes(node, &attr);
	if (err == -ENOENT || err == -ESTALE) /* its name is gone; those that have it open go on */
		return 0;
	if (err == 0 && attr.size != object_size(&data->object)) {
		err = forget_old(data, attr.size);
		p9_data_doubtful(data);
	}
	*end_ret = attr.size;
	return err;
}

/* A file that has changed may be another one, with the number of one that was removed. */
int p9_data_open(struct p9_node *node, unsigned flags)
{
	struct p9_data *data = node->data;
	bool is_written = data->writer, is_new = !data->fid && !is_written, changed;
	struct p9_rgetattr attr = { 0 };
	uint32_t changes = p9_changes(node);
	int err = open_fids(node, flags, false);

	if (!object_has_writable_maps(&data->object)) /* whose errors msync() is to tell */
		atomic_store(&data->nsynced, atomic_load(&data->nerrors));
	if (err == 0 && atomic_exchange(&node->inode.asked, 0u))
		return 0; /* it was made by this very open */
	if (err == 0)
		err = p9_node_attributes(node, &attr);
	if (err || p9_is_newer(node, changes))
		return err;
	changed = has_changed(node, &attr, is_written);
	if (!changed && !data->seen.has_old)
		return 0;
	if (changed && !is_new)
		err = open_fids(node, flags, true);
	if (err == 0)
		err = forget_old(data, attr.size);
	if (err)
		p9_data_doubtful(data);
	else
		learn(node, &attr);
	return err;
}

/* ---- open files ---- */

int p9_data_learn_end(struct p9_node *node)
{
	uint64_t end;
	int err = p9_flush(node->data, 0, P9_PAGES_END, UINT64_MAX);

	return err ? err : p9_data_end(node, &end);
}

/* The server's file may end before what was to be read. */
static bool learn_end(struct p9_node *node)
{
	int err = mutex_lock_killable(&node->lock);

	if (err)
		return false;
	err = p9_data_learn_end(node);
	mutex_unlock(&node->lock);
	return err == 0;
}

static ssize_t p9_file_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct p9_node *node = to_p9_node(file_inode(file));
	ssize_t done = read_object(node->inode.object, to, pos);

	if (done == -EIO && atomic_load(&node->data->reading.is_cut) && learn_end(node))
		done = read_object(node->inode.object, to, pos);
	return done;
}

static int64_t p9_file_seek(struct file *file, int64_t offset, int whence)
{
	return file_seek_within(file, object_size(file_inode(file)->object), offset, whence);
}

static struct object *p9_file_object(struct file *file)
{
	return file_inode(file)->object;
}

static int p9_file_truncate(struct file *file, uint64_t size)
{
	struct inode *inode = file_inode(file);
	int err = p9_check_name(to_p9_node(inode));

	return err ? err : p9_resize(inode, size);
}

static uint32_t errors_seen(const struct file *file)
{
	return (uint32_t)(uintptr_t)file->data;
}

/* Errors of which others were not told yet are not for this open file. */
static int regular_opened(struct file *file)
{
	struct p9_data *data = to_p9_node(file_inode(file))->data;

	file->data = (void *)(uintptr_t)atomic_load(&data->nerrors);
	return 0;
}

int p9_file_error(struct file *file)
{
	struct p9_data *data = to_p9_node(file_inode(file))->data;
	uint32_t now = atomic_load(&data->nerrors);

	if (now == errors_seen(file))
		return 0;
	file->data = (void *)(uintptr_t)now;
	return atomic_load(&data->error);
}

/* Who opens the file after this, here or on the server's side, finds what was written. */
static int regular_flush(struct file *file)
{
	struct p9_node *node = to_p9_node(file_inode(file));
	int err;

	if (!file_writable(file))
		return 0;
	err = p9_flush(node->data, 0, P9_PAGES_END, UINT64_MAX);
	return err ? err : p9_file_error(file);
}

/* At the end of a process, regular_flush() was not called. */
static void p9_file_release(struct file *file)
{
	struct p9_node *node = to_p9_node(file_inode(file));

	if (file_writable(file)) {
		object_put_write(file_inode(file)->object);
		p9_data_end_write(node);
	}
	p9_unuse(node, true);
	inode_file_release(file);
}

const struct file_ops p9_regular_ops = {
	.name = "file of a server",
	.opened = regular_opened,
	.read = p9_file_read,
	.write = p9_write,
	.truncate = p9_file_truncate,
	.fsync = p9_fsync,
	.flush = regular_flush,
	.stat = inode_file_stat,
	.seek = p9_file_seek,
	.object = p9_file_object,
	.release = p9_file_release,
	.has_inode = true,
};
