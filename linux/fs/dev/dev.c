/* SPDX-License-Identifier: MIT */
/* Creates the names of devices under /dev. */
#include "linux/fs/dev/dev.h"

#include "abi/errno.h"
#include "base/block.h"
#include "base/chardev.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/dev/devtmpfs.h"
#include "linux/fs/dev/null.h"
#include "linux/fs/dev/port.h"
#include "linux/fs/dev/random.h"
#include "linux/fs/tty/pty.h"
#include "linux/fs/tty/tty.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/file/userfaultfd.h"

#define RDEV_CONSOLE ABI_MAKEDEV(DEV_MAJOR_TTY, 1)
#define RDEV_PORT(i) ABI_MAKEDEV(DEV_MAJOR_PORT, i)
#define RDEV_DISK(i) ABI_MAKEDEV(DEV_MAJOR_DISK, dev_disk_minor(i))

/* Programs can name a disk, but not read or write it. */
static int disk_open(struct file *file)
{
	(void)file;
	return -ENXIO;
}

static const struct file_ops disk_ops = {
	.name = "disk",
	.opened = disk_open,
};

static int register_disks(void)
{
	struct block_device *disk;
	int err = 0;

	for (unsigned i = 0; err == 0 && (disk = block_at(i)) != NULL; i++)
		err = devtmpfs_add(disk->name, &disk_ops, disk, S_IFBLK | 0600, RDEV_DISK(i));
	return err;
}

int dev_find_disk(struct file *dir, const char *path, struct block_device **disk_ret)
{
	struct inode *inode;
	int err = path_lookup(path_start(dir), path, true, &inode);

	if (err)
		return err;
	if (S_ISDIR(inode->mode))
		err = -EISDIR;
	else if (inode->file_ops != &disk_ops) /* a server has block devices that are none */
		err = -EINVAL;
	else if (mount_forbids_devices(inode->mount))
		err = -EACCES;
	else
		*disk_ret = inode->device;
	path_put(inode);
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
		struct stream *port;
		int err;

		if (!is_port(dev))
			continue;
		port = port_create(dev);
		if (!port)
			return -ENOMEM;
		if ((size_t)ksnprintf(path, sizeof(path), "port/%s", dev->name) >= sizeof(path))
			return -ENAMETOOLONG;
		err = devtmpfs_add(path, &port_ops, port, S_IFCHR | 0600, RDEV_PORT(i));
		if (err)
			return err;
	}
	return 0;
}

static int register_memory(void)
{
	static const struct {
		const char *name;
		const struct file_ops *ops;
		unsigned minor;
	} devices[] = {
		{ "null", &null_ops, 3 },      { "zero", &zero_ops, 5 },
		{ "full", &full_ops, 7 },      { "random", &random_ops, 8 },
		{ "urandom", &random_ops, 9 },
	};
	int err = 0;

	for (unsigned i = 0; err == 0 && i < ARRAY_SIZE(devices); i++)
		err = devtmpfs_add(devices[i].name, devices[i].ops, NULL, S_IFCHR | 0666,
				   ABI_MAKEDEV(DEV_MAJOR_MEM, devices[i].minor));
	return err;
}

/* What udev makes on Linux: the streams of the process that looks. */
static int add_links(void)
{
	static const char *const links[][2] = {
		{ "fd", "/proc/self/fd" },
		{ "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" },
	};
	int err = 0;

	for (unsigned i = 0; err == 0 && i < ARRAY_SIZE(links); i++)
		err = devtmpfs_add_symlink(links[i][0], links[i][1]);
	return err;
}

int dev_init(struct chardev *console, unsigned cols, unsigned rows, bool plain)
{
	int err = devtmpfs_start();

	if (err == 0)
		err = register_memory();
	if (err == 0)
		err = devtmpfs_add("userfaultfd", &userfaultfd_device_ops, NULL, S_IFCHR | 0600,
				   ABI_MAKEDEV(DEV_MAJOR_MISC, DEV_USERFAULTFD));
	if (err == 0)
		err = register_disks();
	if (err == 0)
		err = register_ports();
	if (err == 0 && console)
		err = tty_create("console", console, cols, rows, plain, RDEV_CONSOLE);
	if (err == 0)
		err = devtmpfs_add("ptmx", &ptmx_ops, NULL, S_IFCHR | 0666, PTMX_RDEV);
	if (err == 0)
		err = devtmpfs_add_directory("pts");
	if (err == 0)
		err = devtmpfs_add_directory("shm");
	if (err == 0)
		err = devtmpfs_add_directory("mqueue");
	if (err == 0)
		err = add_links();
	return err;
}
