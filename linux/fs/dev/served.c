/* SPDX-License-Identifier: MIT */
/* Files that are opened by the name of a send end. */
#include "linux/fs/dev/served.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "ipc/endpoint.h"
#include "ipc/served.h"
#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "linux/process/cred.h"
#include "proc/process.h"

static int served_name_opened(struct file *file)
{
	const struct cred *cred = current_cred();
	struct served_opener opener = {
		.pid = (uint32_t)current_process()->pid,
		.id = (uint64_t)cred->egid << 32 | cred->euid,
	};
	int err = served_open(file, file_inode(file)->device, &opener);

	/* The path is not looked up again because of what a server says. */
	return err == -ESTALE ? -EIO : err;
}

/* How ioctl numbers say what the argument points to (asm-generic/ioctl.h). */
#define IOC_SIZE(request) ((request) >> 16 & 0x3fff)
#define IOC_WRITE	  (1u << 30) /* the kernel reads it */
#define IOC_READ	  (1u << 31)

int served_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	unsigned access = (request & IOC_WRITE ? VM_PROT_READ : 0) |
			  (request & IOC_READ ? VM_PROT_WRITE : 0);

	return served_ctl(file, request, arg, access ? IOC_SIZE(request) : 0, access);
}

void served_name_release(struct file *file)
{
	served_release(file);
	inode_file_release(file);
}

const struct file_ops served_name_ops = {
	.name = "served file",
	.has_inode = true,
	.opened = served_name_opened,
	.read = served_read,
	.write = served_write,
	.nowait = true,
	.poll = served_poll,
	.ioctl = served_ioctl,
	.stat = inode_file_stat,
	.release = served_name_release,
	.holds = served_holds,
};

/* A name keeps a send end without a descriptor. Those of all users may have this part of the memory of open files. */
#define NAMES_SHARE 16

static uint64_t nnames; /* atomic */

int served_name_begin(struct inode *inode, struct file *send)
{
	if (atomic_add(&nnames, 1) >= files_most() / NAMES_SHARE && !capable(CAP_SYS_RESOURCE)) {
		counter_add(&nnames, -1ul);
		return -ENOSPC;
	}
	file_get(send);
	inode->device = send;
	inode->rdev = SERVED_RDEV;
	return 0;
}

void served_name_end(struct inode *inode)
{
	if (!inode->device)
		return;
	counter_add(&nnames, -1ul);
	file_put(inode->device);
}

int served_name(struct file *dir, const char *path, unsigned mode, struct file *send)
{
	return endpoint_is_send(send) ? fs_serve(dir, path, mode & 0777, send) : -EINVAL;
}

/* Returns its send end as served_named(). Takes over a reference by path_get(). */
static struct file *take_send_end(struct inode *inode)
{
	struct file *send = NULL;

	if (inode_is_served(inode) && inode_permission(inode, MAY_READ | MAY_WRITE) == 0) {
		send = inode->device;
		file_get(send);
	}
	path_put(inode);
	return send;
}

struct file *served_named(const char *path)
{
	struct inode *inode;

	return path_lookup(path_start(NULL), path, true, &inode) == 0 ? take_send_end(inode) : NULL;
}

/* A component of a path. Returns NULL if it is not there. */
static struct inode *find_in(struct inode *dir, const char *name, size_t len)
{
	struct inode *inode;

	return may_search(dir) == 0 && path_find(dir, name, len, &inode) == 0 ? inode : NULL;
}

struct file *served_in_srv(const char *name, size_t len)
{
	struct inode *dir = find_in(path_start(NULL), "srv", 3);
	struct inode *inode = dir ? find_in(dir, name, len) : NULL;

	path_put(dir);
	return inode ? take_send_end(inode) : NULL;
}
