/* SPDX-License-Identifier: MIT */
/* The directories of /proc: makes an inode for each name that is looked up, and lists the names. */
#include "fs/proc/node.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/dir_file.h"
#include "fs/path_part.h"
#include "fs/process_fs.h"
#include "fs/proc/proc.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/*
 * Inode numbers. Those of a process have its pid above the low bits, so none is below 2^16 there;
 * that of a descriptor's link has INO_FD set.
 */
#define INO_ROOT      1u
#define INO_SYSTEM    16u /* and the index in proc_root_entries */
#define INO_PID_SHIFT 16
#define INO_DIR	      1u
#define INO_PROCESS   16u /* and the index in proc_process_entries */
#define INO_FD	      0x8000u

_Static_assert(FDTABLE_SIZE <= INO_FD, "descriptors have inode numbers");

/* Positions in the root: first the entries, then the processes. */
#define POS_PIDS 256

static const struct inode_ops root_ops, process_dir_ops, fd_dir_ops, leaf_ops, magic_ops;

/* Makes an inode below `parent`, to which it takes a reference. NULL: no memory. */
static struct proc_node *make(struct inode *parent, uint64_t ino, uint32_t mode,
			      const struct inode_ops *ops, const struct file_ops *file_ops)
{
	struct proc_node *node = mem_wait_kzalloc(sizeof(*node));

	if (!node)
		return NULL;
	inode_init(&node->inode, parent->mount, ino, mode, ops, file_ops);
	inode_get(parent);
	node->parent = parent;
	node->fd = -1;
	node->inode.nlink = S_ISDIR(mode) ? 2 : 1;
	return node;
}

static struct inode *create_root(struct mount *mount)
{
	struct proc_node *node = mem_wait_kzalloc(sizeof(*node));

	if (!node)
		return NULL;
	inode_init(&node->inode, mount, INO_ROOT, S_IFDIR | 0555, &root_ops, &dir_file_ops);
	node->parent = &node->inode;
	node->fd = -1;
	return &node->inode;
}

static struct inode *free_node(struct inode *inode)
{
	struct proc_node *node = to_proc(inode);
	struct inode *parent = node->parent == inode ? NULL : node->parent;

	kfree(node);
	return parent;
}

static int made(struct proc_node *node, struct inode **inode_ret)
{
	if (!node)
		return -ENOMEM;
	*inode_ret = &node->inode;
	return 0;
}

static const struct proc_entry *find_entry(const struct proc_entry *entries, unsigned count,
					   const char *name, size_t len)
{
	for (unsigned i = 0; i < count; i++)
		if (strlen(entries[i].name) == len && memcmp(entries[i].name, name, len) == 0)
			return &entries[i];
	return NULL;
}

static struct proc_node *make_entry(struct inode *dir, uint64_t ino, const struct proc_entry *entry)
{
	const struct inode_ops *ops = S_ISDIR(entry->mode) ? &fd_dir_ops
				      : entry->follow	   ? &magic_ops
							   : &leaf_ops;
	struct proc_node *node =
		make(dir, ino, entry->mode, ops, entry->file_ops ?: &path_file_ops);

	if (node) {
		node->entry = entry;
		node->process = to_proc(dir)->process;
	}
	return node;
}

/* Reads a number as it is written here: digits, without a sign, no zero in front. -1: it is none. */
static int number_of(const char *name, size_t len, int limit)
{
	int number = 0;

	if (len == 0 || (len > 1 && *name == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		number = number * 10 + (name[i] - '0');
		if (number >= limit)
			return -1;
	}
	return number;
}

static int lookup_process(struct inode *root, int pid, struct inode **inode_ret)
{
	struct process_id id;
	struct proc_node *node;

	if (inspect_find(pid, &id) != 0)
		return -ENOENT;
	node = make(root, ((uint64_t)pid << INO_PID_SHIFT) + INO_DIR, S_IFDIR | 0555,
		    &process_dir_ops, &dir_file_ops);
	if (node) {
		node->process = id;
		node->inode.nlink = 3;
	}
	return made(node, inode_ret);
}

static int root_lookup(struct inode *root, const char *name, size_t len, struct inode **inode_ret)
{
	const struct proc_entry *entry = find_entry(proc_root_entries, proc_root_count, name, len);

	if (!entry)
		return lookup_process(root, number_of(name, len, PID_MAX), inode_ret);
	return made(make_entry(root, INO_SYSTEM + (uint64_t)(entry - proc_root_entries), entry),
		    inode_ret);
}

static bool is_gone(const struct process_id *id)
{
	struct process_id now;

	return inspect_find(id->pid, &now) != 0 || now.birth != id->birth;
}

static uint64_t process_ino(const struct proc_node *node, uint64_t kind)
{
	return ((uint64_t)node->process.pid << INO_PID_SHIFT) + kind;
}

/* -ESRCH: as on Linux, the directory of a process that has gone cannot be searched. */
static int process_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	const struct proc_entry *entry =
		find_entry(proc_process_entries, proc_process_count, name, len);
	uint64_t kind;

	if (is_gone(&to_proc(dir)->process))
		return -ESRCH;
	if (!entry)
		return -ENOENT;
	kind = INO_PROCESS + (uint64_t)(entry - proc_process_entries);
	return made(make_entry(dir, process_ino(to_proc(dir), kind), entry), inode_ret);
}

/* The permissions of a descriptor's link say what it was opened for. */
static uint32_t fd_mode(const struct file *file)
{
	return S_IFLNK | 0100 | (file_readable(file) ? 0400u : 0) |
	       (file_writable(file) ? 0200u : 0);
}

static int fd_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	int fd = number_of(name, len, FDTABLE_SIZE);
	struct file *file = fd < 0 ? NULL : process_get_file(&to_proc(dir)->process, fd);
	struct proc_node *node;

	if (!file)
		return -ENOENT;
	node = make_entry(dir, process_ino(to_proc(dir), INO_FD + (uint64_t)fd), &proc_fd_entry);
	if (node) {
		node->inode.mode = fd_mode(file);
		node->fd = fd;
	}
	file_put(file);
	return made(node, inode_ret);
}

static int item_set(struct dir_item *item, uint64_t pos, uint64_t ino, uint32_t mode,
		    const char *name)
{
	item->pos = pos;
	dir_item_set(item, ino, mode, name);
	return 0;
}

static int item_number(struct dir_item *item, uint64_t pos, uint64_t ino, uint32_t mode, int number)
{
	char name[16];

	ksnprintf(name, sizeof(name), "%d", number);
	return item_set(item, pos, ino, mode, name);
}

static int root_readdir(struct inode *root, uint64_t pos, struct dir_item *item)
{
	uint64_t index = pos - DIR_FIRST_POS;
	int pid;

	(void)root;
	if (index < proc_root_count)
		return item_set(item, pos, INO_SYSTEM + index, proc_root_entries[index].mode,
				proc_root_entries[index].name);
	pos = MAX(pos, (uint64_t)POS_PIDS);
	if (pos >= POS_PIDS + PID_MAX)
		return -ENODATA;
	pid = inspect_next_pid((int)(pos - POS_PIDS) - 1);
	if (pid == 0)
		return -ENODATA;
	return item_number(item, POS_PIDS + (uint64_t)pid,
			   ((uint64_t)pid << INO_PID_SHIFT) + INO_DIR, S_IFDIR, pid);
}

static int process_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	const struct proc_node *node = to_proc(dir);
	uint64_t index = pos - DIR_FIRST_POS;

	if (is_gone(&node->process))
		return -ENOENT;
	if (index >= proc_process_count)
		return -ENODATA;
	return item_set(item, pos, process_ino(node, INO_PROCESS + index),
			proc_process_entries[index].mode, proc_process_entries[index].name);
}

static int fd_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	const struct proc_node *node = to_proc(dir);
	uint64_t min = MIN(pos - DIR_FIRST_POS, (uint64_t)FDTABLE_SIZE);
	int fd = process_next_fd(&node->process, (unsigned)min);

	if (fd < 0)
		return fd == -ESRCH ? -ENOENT : -ENODATA;
	return item_number(item, DIR_FIRST_POS + (uint64_t)fd,
			   process_ino(node, INO_FD + (uint64_t)fd), S_IFLNK, fd);
}

static struct inode *parent_of(struct inode *dir)
{
	struct inode *parent = to_proc(dir)->parent;

	inode_get(parent);
	return parent;
}

/* Writes a node's own name. */
static void name_of(const struct proc_node *node, char *buf, size_t size)
{
	if (node->entry && node->fd < 0)
		str_copy(buf, node->entry->name, size);
	else
		ksnprintf(buf, size, "%d", node->entry ? node->fd : node->process.pid);
}

static ssize_t path_in_mount(struct inode *inode, char *buf, size_t size)
{
	size_t at = size;

	for (; to_proc(inode)->parent != inode; inode = to_proc(inode)->parent) {
		char name[16];
		size_t len;

		name_of(to_proc(inode), name, sizeof(name));
		len = strlen(name);
		if (at < len + 1)
			return -ERANGE;
		at -= len + 1;
		buf[at] = '/';
		memcpy(buf + at + 1, name, len);
	}
	return (ssize_t)(size - at);
}

static unsigned count_fds(const struct process_id *id)
{
	unsigned count = 0;
	int fd = -1;

	while ((fd = process_next_fd(id, (unsigned)(fd + 1))) >= 0)
		count++;
	return count;
}

static int getattr(struct inode *inode, struct abi_stat *st)
{
	const struct proc_node *node = to_proc(inode);

	inode_fill_stat(inode, st);
	st->blksize = 1024;
	if (node->entry)
		st->size = (int64_t)node->entry->size;
	if (inode->ops == &fd_dir_ops)
		st->size = count_fds(&node->process);
	if (inode->ops == &root_ops)
		st->nlink = 2 + process_total();
	return 0;
}

/*
 * As on Linux, what belongs to a process keeps its permissions; a change of owner, which may bring a
 * mode with it, is accepted. All but the root forget what was set: they are made anew.
 */
static int setattr(struct inode *inode, const struct inode_attr *attr)
{
	struct inode_attr changed = *attr;

	if (to_proc(inode)->process.pid != 0) {
		if ((attr->valid & ATTR_MODE) && !(attr->valid & (ATTR_UID | ATTR_GID)))
			return -EPERM;
		changed.valid &= ~ATTR_MODE;
	}
	inode_set_attr(inode, &changed);
	return 0;
}

static int resize(struct inode *inode, uint64_t size)
{
	(void)inode, (void)size;
	return 0;
}

static int readlink(struct inode *link, char **target_ret)
{
	char *target = mem_wait_kmalloc(PATH_MAX);
	int err;

	if (!target)
		return -ENOMEM;
	err = to_proc(link)->entry->target(to_proc(link), target, PATH_MAX);
	if (err)
		kfree(target);
	else
		*target_ret = target;
	return err;
}

static int follow(struct inode *link, struct inode **inode_ret)
{
	return to_proc(link)->entry->follow(to_proc(link), inode_ret);
}

/* The errors with which Linux refuses changes of names. */
static int refuse_create(struct inode *dir, const char *name, size_t len, unsigned mode,
			 struct inode **inode_ret)
{
	(void)dir, (void)name, (void)len, (void)mode, (void)inode_ret;
	return -ENOENT;
}

static int refuse_symlink(struct inode *dir, const char *name, size_t len, const char *target,
			  size_t target_len)
{
	(void)dir, (void)name, (void)len, (void)target, (void)target_len;
	return -ENOENT;
}

static int refuse_link(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	(void)dir, (void)name, (void)len, (void)inode;
	return -ENOENT;
}

static int refuse_remove(struct inode *dir, const char *name, size_t len, bool directory)
{
	struct inode *inode;
	bool is_dir;
	int err = dir->ops->lookup(dir, name, len, &inode);

	if (err)
		return err;
	is_dir = S_ISDIR(inode->mode);
	inode_put(inode);
	return directory && !is_dir ? -ENOTDIR : -EPERM;
}

static int refuse_rename(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
			 const struct path_part *new, unsigned flags)
{
	struct inode *inode;
	int err = old_dir->ops->lookup(old_dir, old->name, old->len, &inode);

	(void)flags;
	if (err)
		return err;
	inode_put(inode);
	err = new_dir->ops->lookup(new_dir, new->name, new->len, &inode);
	if (err)
		return err;
	inode_put(inode);
	return -EPERM;
}

#define DIRECTORY_SLOTS                                                          \
	.create = refuse_create, .symlink = refuse_symlink, .link = refuse_link, \
	.remove = refuse_remove, .rename = refuse_rename, .parent = parent_of,   \
	.path = path_in_mount, .getattr = getattr, .setattr = setattr, .free = free_node

static const struct inode_ops root_ops = {
	.lookup = root_lookup,
	.readdir = root_readdir,
	DIRECTORY_SLOTS,
};

static const struct inode_ops process_dir_ops = {
	.lookup = process_lookup,
	.readdir = process_readdir,
	.fleeting = true,
	DIRECTORY_SLOTS,
};

static const struct inode_ops fd_dir_ops = {
	.lookup = fd_lookup,
	.readdir = fd_readdir,
	.fleeting = true,
	DIRECTORY_SLOTS,
};

/* Two tables: a link whose text is followed has no `follow`. */
static const struct inode_ops leaf_ops = {
	.path = path_in_mount,
	.readlink = readlink,
	.getattr = getattr,
	.setattr = setattr,
	.resize = resize,
	.free = free_node,
};

static const struct inode_ops magic_ops = {
	.path = path_in_mount,
	.readlink = readlink,
	.follow = follow,
	.getattr = getattr,
	.setattr = setattr,
	.free = free_node,
};

static int fill_proc(struct mount *mount, const char *options)
{
	if (*options != '\0')
		return -EINVAL;
	mount->root = create_root(mount);
	return mount->root ? 0 : -ENOMEM;
}

static void unmount(struct mount *mount)
{
	inode_put(mount->root);
}

const struct fs_type proc_type = {
	.name = "proc",
	.magic = ABI_PROC_MAGIC,
	.fill_mount = fill_proc,
	.unmount = unmount,
};
