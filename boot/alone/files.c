/* SPDX-License-Identifier: MIT */
/* The kinds of files that the core has without a layer. */
#include "boot/alone/files.h"

#include "abi/errno.h"
#include "boot/alone/archive.h"
#include "desc/fdtable.h"
#include "desc/poll.h"
#include "desc/read_object.h"
#include "desc/seek.h"
#include "desc/stream.h"
#include "lib/string.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

static int stat_as(struct abi_stat *st, uint32_t mode, uint64_t size)
{
	*st = (struct abi_stat){
		.dev = DEV_ANON,
		.mode = mode,
		.nlink = 1,
		.size = (int64_t)size,
		.blksize = PAGE_SIZE,
		.blocks = (int64_t)((size + 511) / 512),
	};
	return 0;
}

/* ---- files whose bytes are an object's: file->data, with a reference ---- */

static ssize_t bytes_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return read_object(file->data, to, pos);
}

static int archive_stat(struct file *file, struct abi_stat *st)
{
	return stat_as(st, S_IFREG | 0555, object_size(file->data));
}

static int memory_stat(struct file *file, struct abi_stat *st)
{
	return stat_as(st, S_IFREG | 0777, object_size(file->data));
}

static int64_t bytes_seek(struct file *file, int64_t offset, int whence)
{
	return file_seek_within(file, object_size(file->data), offset, whence);
}

static struct object *bytes_object(struct file *file)
{
	return file->data;
}

static void bytes_holds(struct file *file)
{
	object_found(file->data);
}

static void bytes_release(struct file *file)
{
	object_put(file->data);
}

static ssize_t memory_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	ssize_t put = write_object(file->data, from, *pos, from->left);

	if (put > 0)
		*pos += (uint64_t)put;
	return put;
}

static int memory_truncate(struct file *file, uint64_t size)
{
	int err = mutex_lock_killable(&file->lock);

	if (err)
		return err;
	err = object_set_size(file->data, size);
	mutex_unlock(&file->lock);
	return err;
}

static const struct file_ops archive_ops = {
	.name = "file of the archive",
	.read = bytes_read,
	.stat = archive_stat,
	.seek = bytes_seek,
	.object = bytes_object,
	.holds = bytes_holds,
	.release = bytes_release,
};

static const struct file_ops memory_ops = {
	.name = "memory",
	.read = bytes_read,
	.write = memory_write,
	.stat = memory_stat,
	.seek = bytes_seek,
	.truncate = memory_truncate,
	.object = bytes_object,
	.holds = bytes_holds,
	.release = bytes_release,
};

static void memory_destroy(struct object *object)
{
	kfree(object);
}

static const struct object_ops memory_object_ops = {
	.name = "memory",
	.destroy = memory_destroy,
};

struct file *memory_file_create(void)
{
	struct object *object = mem_wait_kmalloc(sizeof(*object));
	struct file *file = object ? file_create(&memory_ops, O_RDWR, NULL) : NULL;

	if (!file) {
		kfree(object);
		return NULL;
	}
	object_init(object, &memory_object_ops, 0);
	file->data = object;
	return file;
}

/* ---- devices ---- */

static ssize_t nothing_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return 0;
}

static ssize_t nothing_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	return (ssize_t)from->left;
}

static int device_stat(struct file *file, struct abi_stat *st)
{
	return stat_as(st, S_IFCHR | 0666, 0);
}

static const struct file_ops null_ops = {
	.name = "null",
	.read = nothing_read,
	.write = nothing_write,
	.stat = device_stat,
};

static struct stream console; /* its `dev` is const after boot; NULL: there is none */

static ssize_t console_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return stream_read(&console, file, to);
}

static ssize_t console_write_bytes(struct file *file, struct user_iter *from, uint64_t *pos)
{
	return stream_write(&console, file, from);
}

static unsigned console_poll(struct file *file, struct poller *poller)
{
	return stream_poll(&console, file, poller);
}

static const struct file_ops console_ops = {
	.name = "console",
	.read = console_read,
	.write = console_write_bytes,
	.poll = console_poll,
	.stat = device_stat,
};

int console_give(void)
{
	struct file *file;

	console.dev = chardev_find("uart") ?: chardev_find("firmware");
	turn_init(&console.output);
	file = file_create(console.dev ? &console_ops : &null_ops, O_RDWR, NULL);
	for (int fd = 0; file && fd < 3; fd++) {
		int err = fdtable_install(current_thread()->fdtable, file, 0, false);

		if (err < 0) {
			file_put(file);
			return err;
		}
		if (fd < 2)
			file_get(file);
	}
	return file ? 0 : -ENOMEM;
}

/* ---- names ---- */

static const struct file_ops *device_named(const char *path)
{
	if (strcmp(path, "/dev/null") == 0)
		return &null_ops;
	return strcmp(path, "/dev/console") == 0 && console.dev ? &console_ops : NULL;
}

int file_open(const char *path, unsigned flags, struct file **file_ret)
{
	const struct file_ops *ops = device_named(path);
	struct object *object = ops ? NULL : archive_find(path);

	if (!ops && !object)
		return flags & O_CREAT ? -EROFS : -ENOENT;
	if (object && ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC))
		return -EROFS;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	*file_ret = file_create(ops ?: &archive_ops, flags & (O_ACCMODE | O_NONBLOCK), NULL);
	if (!*file_ret)
		return -ENOMEM;
	if (object) {
		object_get(object);
		(*file_ret)->data = object;
	}
	return 0;
}
