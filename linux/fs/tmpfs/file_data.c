/* SPDX-License-Identifier: MIT */
/* File objects whose missing pages are copied from the boot archive on demand. */
#include "linux/fs/tmpfs/file_data.h"

#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/tmpfs/regular.h"
#include "linux/fs/tmpfs/room.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "linux/mem/quota.h"
#include "mm/object/object.h"
#include "mm/object/object_charge.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"

struct file_data {
	struct object object; /* has its own lock */
	/* const: */
	const uint8_t *initial;
	uint64_t initial_size;
	struct mount *mount;	 /* NULL: a memfd. It exists while the object is open or used. */
	struct tmpfs_room *room; /* with a reference; NULL: a memfd */
	/* Guarded by object.lock: the inode it belongs to. NULL once that is freed. */
	struct inode *inode;
	/* Guarded by object.lock: how many nodes of the index count; none of a memfd. */
	size_t nodes;
};

static struct file_data *to_data(struct object *object)
{
	return container_of(object, struct file_data, object);
}

static int file_data_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	struct file_data *data = to_data(object);
	uint64_t from = page->index << PAGE_SHIFT;
	uint8_t *to = page_address(page);
	size_t n;

	(void)wait;
	assert_hardened(from < data->initial_size);
	n = MIN(data->initial_size - from, PAGE_SIZE);
	memcpy(to, data->initial + from, n);
	memset(to + n, 0, PAGE_SIZE - n);
	page_read_done(page, 0);
	return 0;
}

/* A mapping may keep a memfd for longer than an open file does. */
static void count_memfd(int n)
{
	file_memory_add(n * FILE_BYTES);
	counter_add(&file_nholders, (uint64_t)n);
}

static void file_data_destroy(struct object *object)
{
	struct file_data *data = to_data(object);

	quota_nodes_changed(data->nodes, 0);
	if (!data->mount)
		count_memfd(-1);
	room_put(data->room);
	kfree(data);
}

static bool file_data_charge(struct object *object)
{
	struct file_data *data = to_data(object);

	quota_count_index(object, &data->nodes);
	if (!room_take(&data->room->pages, 1))
		return false;
	if (likely(quota_page_made()))
		return true;
	room_give(&data->room->pages, 1);
	return false;
}

static void file_data_uncharge(struct object *object)
{
	struct file_data *data = to_data(object);

	quota_count_index(object, &data->nodes);
	room_give(&data->room->pages, 1);
	quota_page_gone();
}

static struct inode *file_data_inode(struct object *object)
{
	return inode_living(object, &to_data(object)->inode);
}

/* What has no name and no descriptor any more has no owner. */
static bool file_data_may_know_cached(struct object *object)
{
	const struct inode *inode = to_data(object)->inode;

	return !inode || inode_may_know_cached(inode);
}

static int file_data_punch(struct object *object, uint64_t start, uint64_t end)
{
	struct inode *inode = file_data_inode(object);
	int err;

	if (!inode)
		return object_punch(object, start, end);
	err = regular_punch(inode, start, end);
	if (err == 0)
		notify_inode(inode, IN_MODIFY);
	path_put(inode);
	return err;
}

static void file_data_stored(struct object *object, struct page *page)
{
	struct inode *inode = to_data(object)->inode;

	(void)page;
	if (inode)
		inode_changed_now(inode);
}

static void file_data_used(struct object *object)
{
	mount_get(to_data(object)->mount);
}

static void file_data_unused(struct object *object)
{
	mount_put(to_data(object)->mount);
}

static void file_data_use_holds(struct object *object)
{
	mount_found(to_data(object)->mount);
}

static int file_data_first_writer(struct object *object)
{
	return mount_begin_write(to_data(object)->mount);
}

static void file_data_last_writer(struct object *object)
{
	mount_end_write(to_data(object)->mount);
}

static const struct object_ops counted_ops = {
	.name = "file",
	.swap_backed = true,
	.read_page = file_data_read,
	.charge = file_data_charge,
	.uncharge = file_data_uncharge,
	.punch = file_data_punch,
	.stored = file_data_stored,
	.used = file_data_used,
	.unused = file_data_unused,
	.use_holds = file_data_use_holds,
	.first_writer = file_data_first_writer,
	.last_writer = file_data_last_writer,
	.inode = file_data_inode,
	.may_know_cached = file_data_may_know_cached,
	.destroy = file_data_destroy,
};

static const struct object_ops uncounted_ops = {
	.name = "memfd",
	.swap_backed = true,
	.read_page = file_data_read,
	.punch = file_data_punch,
	.stored = file_data_stored,
	.inode = file_data_inode,
	.destroy = file_data_destroy,
};

struct object *file_data_create(const void *initial, uint64_t size, struct mount *mount)
{
	struct file_data *data = mem_wait_kmalloc(sizeof(*data));

	if (!data)
		return NULL;
	data->initial = initial;
	data->initial_size = initial ? size : 0;
	data->mount = mount;
	data->room = mount ? mount->room : NULL;
	room_get(data->room);
	data->inode = NULL;
	data->nodes = 0;
	if (!mount)
		count_memfd(1);
	object_init(&data->object, mount ? &counted_ops : &uncounted_ops, data->initial_size);
	return &data->object;
}

void file_data_set_inode(struct object *object, struct inode *inode)
{
	spin_lock(&object->lock);
	to_data(object)->inode = inode;
	if (!inode && !to_data(object)->mount) /* a memfd whose last descriptor is closed */
		object_charge_begin(object);
	spin_unlock(&object->lock);
}

uint64_t file_data_initial_pages(struct object *object)
{
	uint64_t backed = atomic_load_relaxed(&object->backed);

	return (MIN(backed, to_data(object)->initial_size) + PAGE_SIZE - 1) >> PAGE_SHIFT;
}
