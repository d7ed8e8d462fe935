/* SPDX-License-Identifier: MIT */
/* Creates the names of devices under /dev. */
#include "fs/dev.h"

#include "abi/errno.h"
#include "base/block.h"
#include "base/chardev.h"
#include "fs/make_path.h"
#include "fs/null.h"
#include "fs/path.h"
#include "fs/port.h"
#include "fs/tmpfs/dir.h"
#include "fs/tty/tty.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"

#define RDEV_NULL    ABI_MAKEDEV(1, 3)
#define RDEV_ZERO    ABI_MAKEDEV(1, 5)
#define RDEV_CONSOLE ABI_MAKEDEV(5, 1)
#define RDEV_PORT(i) ABI_MAKEDEV(240, i) /* a major number for local use */
/* As Linux's virtio disks have it, which keep 15 minor numbers for partitions. */
#define RDEV_DISK(i) ABI_MAKEDEV(254, 16 * (i))

static int make_node(const char *path, const struct file_ops *ops, void *node, uint32_t mode,
		     uint64_t rdev)
{
	struct inode *inode = inode_create(mode, INODE_DEV_ROOT, ops);
	int err;

	if (!inode)
		return -ENOMEM;
	inode->device = node;
	inode->rdev = rdev;
	err = make_path(path, inode, true);
	inode_put(inode);
	return err;
}

int dev_register(const char *path, const struct file_ops *ops, void *node, uint32_t mode,
		 uint64_t rdev)
{
	return make_node(path, ops, node, S_IFCHR | (mode & S_IALLUGO), rdev);
}

/* Programs can name a disk, but not read or write it. */
static int disk_may_open(struct file *file)
{
	(void)file;
	return -ENXIO;
}

static const struct file_ops disk_ops = {
	.name = "disk",
	.may_open = disk_may_open,
};

static int register_disks(void)
{
	struct block_device *disk;
	int err = 0;

	for (unsigned i = 0; err == 0 && (disk = block_at(i)) != NULL; i++) {
		char path[16];

		ksnprintf(path, sizeof(path), "/dev/%s", disk->name);
		err = make_node(path, &disk_ops, disk, S_IFBLK | 0600, RDEV_DISK(i));
	}
	return err;
}

int dev_find_disk(struct file *dir, const char *path, struct block_device **disk_ret)
{
	struct inode *inode;
	int err = path_lookup(path_start(dir), path, true, &inode);

	if (err)
		return err;
	if (S_ISBLK(inode->mode))
		*disk_ret = inode->device;
	else
		err = S_ISDIR(inode->mode) ? -EISDIR : -EINVAL;
	inode_put(inode);
	return err;
}

/* Consoles become terminals instead, and the log's port belongs to the kernel. */
static bool is_port(const struct chardev *dev)
{
	static const char *const others[] = { "uart", "firmware", "log" };

	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(dev->name, others[i]) == 0)
			return false;
	return true;
}

static int register_ports(void)
{
	struct chardev *dev;

	for (unsigned i = 0; (dev = chardev_at(i)) != NULL; i++) {
		char path[64];
		struct port *port;
		int err;

		if (!is_port(dev))
			continue;
		port = port_create(dev);
		if (!port)
			return -ENOMEM;
		if ((size_t)ksnprintf(path, sizeof(path), "/dev/port/%s", dev->name) >=
		    sizeof(path))
			return -ENAMETOOLONG;
		err = dev_register(path, &port_ops, port, 0600, RDEV_PORT(i));
		if (err)
			return err;
	}
	return 0;
}

/* C libraries keep named shared memory and semaphores here, so anybody may create files. */
static int make_shm(void)
{
	struct inode *dir;
	int err = make_directories("/dev/shm", &dir);

	if (err)
		return err;
	dir->mode = S_IFDIR | 01777; /* no process can see it yet */
	inode_put(dir);
	return 0;
}

int dev_init(struct chardev *console, unsigned cols, unsigned rows)
{
	int err = dev_register("/dev/null", &null_ops, NULL, 0666, RDEV_NULL);

	if (err == 0)
		err = dev_register("/dev/zero", &zero_ops, NULL, 0666, RDEV_ZERO);
	if (err == 0)
		err = register_disks();
	if (err == 0)
		err = register_ports();
	if (err == 0 && console)
		err = tty_create("/dev/console", console, cols, rows, RDEV_CONSOLE);
	if (err == 0)
		err = make_shm();
	return err;
}
