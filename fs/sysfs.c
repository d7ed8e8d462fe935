/* SPDX-License-Identifier: MIT */
/* The file system mounted on /sys: which processors there are, and what memory they have. */
/*
 * C libraries, runtimes and tools such as lscpu read these files. Nothing else of Linux's tree is here, and nothing can be
 * changed. The names are fixed, so all inodes are made when the file system is first mounted, and stay.
 */
#include "fs/sysfs.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "base/hart.h"
#include "fs/dir_file.h"
#include "fs/path.h"
#include "fs/poll.h"
#include "fs/seek.h"
#include "lib/format.h"
#include "lib/string.h"
#include "proc/mem_wait.h"

#define FILE_SIZE PAGE_SIZE /* as Linux says of each */
#define NAME_SIZE 24u
#define TEXT_SIZE 64u

/* The text of a file, with its newline. `hart`: whose directory it is in. */
typedef void (*sys_show)(unsigned hart, char *text);

/* A name in a table: its directory is an entry of the same table. */
struct sys_entry {
	const char *name;
	unsigned parent;  /* the root is its own */
	sys_show show;	  /* NULL: a directory */
	const char *text; /* or this, if it is always the same */
};

struct sys_node {
	struct inode inode;
	/* const: */
	const struct sys_entry *entry;
	struct sys_node *parent; /* the root is its own */
	unsigned hart;
	char name[NAME_SIZE];
};

/* ---- texts ---- */

static void put_list(char *text, unsigned first, unsigned last)
{
	ksnprintf(text, TEXT_SIZE, first == last ? "%u\n" : "%u-%u\n", first, last);
}

/* As many digits as all harts need. */
static void put_mask(char *text, uint64_t mask)
{
	size_t len = 0;

	for (unsigned digit = (hart_count + 3) / 4; digit-- > 0;)
		kappendf(text, TEXT_SIZE, &len, "%x", (unsigned)(mask >> digit * 4 & 15));
	kappendf(text, TEXT_SIZE, &len, "\n");
}

/* All harts run programs from the start to the end. */
static void show_all_harts(unsigned hart, char *text)
{
	(void)hart;
	put_list(text, 0, hart_count - 1);
}

static void show_all_mask(unsigned hart, char *text)
{
	(void)hart;
	put_mask(text, (1ull << hart_count) - 1);
}

static void show_hart(unsigned hart, char *text)
{
	put_list(text, hart, hart);
}

static void show_hart_mask(unsigned hart, char *text)
{
	put_mask(text, 1ull << hart);
}

static void show_kernel_max(unsigned hart, char *text)
{
	(void)hart;
	put_list(text, HART_MAX - 1, HART_MAX - 1);
}

/* ---- names ---- */

enum { ROOT, DEVICES, SYSTEM, CPU, SMT, NODE, NODE0, KERNEL, MM, THP };

#define DIRECTORY(name_, parent_)                     \
	{                                             \
		.name = (name_), .parent = (parent_), \
	}
#define SHOWS(name_, parent_, show_)                                   \
	{                                                              \
		.name = (name_), .parent = (parent_), .show = (show_), \
	}
#define SAYS(name_, parent_, text_)                                    \
	{                                                              \
		.name = (name_), .parent = (parent_), .text = (text_), \
	}

static const struct sys_entry entries[] = {
	[ROOT] = DIRECTORY("", ROOT),
	[DEVICES] = DIRECTORY("devices", ROOT),
	[SYSTEM] = DIRECTORY("system", DEVICES),
	[CPU] = DIRECTORY("cpu", SYSTEM),
	[SMT] = DIRECTORY("smt", CPU),
	[NODE] = DIRECTORY("node", SYSTEM),
	[NODE0] = DIRECTORY("node0", NODE),
	[KERNEL] = DIRECTORY("kernel", ROOT),
	[MM] = DIRECTORY("mm", KERNEL),
	[THP] = DIRECTORY("transparent_hugepage", MM),
	SHOWS("online", CPU, show_all_harts),
	SHOWS("possible", CPU, show_all_harts),
	SHOWS("present", CPU, show_all_harts),
	SHOWS("kernel_max", CPU, show_kernel_max),
	SAYS("offline", CPU, "\n"),
	SAYS("isolated", CPU, "\n"),
	SAYS("active", SMT, "0\n"),
	SAYS("control", SMT, "notimplemented\n"),
	/* All memory is as near to all harts. */
	SAYS("online", NODE, "0\n"),
	SAYS("possible", NODE, "0\n"),
	SHOWS("cpulist", NODE0, show_all_harts),
	SHOWS("cpumap", NODE0, show_all_mask),
	SAYS("distance", NODE0, "10\n"),
	SAYS("address_bits", KERNEL, "64\n"),
	SAYS("cpu_byteorder", KERNEL, "little\n"),
	/* There are no huge pages. */
	SAYS("enabled", THP, "always madvise [never]\n"),
	SAYS("defrag", THP, "always defer defer+madvise madvise [never]\n"),
	SAYS("hpage_pmd_size", THP, "2097152\n"),
};

enum { HART, TOPOLOGY };

/* The same below the directory of each hart. */
static const struct sys_entry hart_entries[] = {
	[HART] = DIRECTORY("cpu", HART),
	[TOPOLOGY] = DIRECTORY("topology", HART),
	SAYS("online", HART, "1\n"),
	/* Each is a core of its own, and all are in one package. */
	SAYS("physical_package_id", TOPOLOGY, "0\n"),
	SAYS("cluster_id", TOPOLOGY, "0\n"),
	SHOWS("core_id", TOPOLOGY, show_hart),
	SHOWS("core_cpus", TOPOLOGY, show_hart_mask),
	SHOWS("core_cpus_list", TOPOLOGY, show_hart),
	SHOWS("thread_siblings", TOPOLOGY, show_hart_mask),
	SHOWS("thread_siblings_list", TOPOLOGY, show_hart),
	SHOWS("cluster_cpus", TOPOLOGY, show_all_mask),
	SHOWS("cluster_cpus_list", TOPOLOGY, show_all_harts),
	SHOWS("core_siblings", TOPOLOGY, show_all_mask),
	SHOWS("core_siblings_list", TOPOLOGY, show_all_harts),
	SHOWS("package_cpus", TOPOLOGY, show_all_mask),
	SHOWS("package_cpus_list", TOPOLOGY, show_all_harts),
};

static uint32_t is_made; /* atomic: 0 or 1 */
static struct mount *only;
/* Those of `entries`, then those of each hart. Const once the file system is mounted. */
static struct sys_node *nodes;
static unsigned nnodes;

static struct sys_node *to_sys(struct inode *inode)
{
	return container_of(inode, struct sys_node, inode);
}

static bool is_directory(const struct sys_node *node)
{
	return !node->entry->show && !node->entry->text;
}

/* ---- files ---- */

static ssize_t sysfs_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	const struct sys_node *node = to_sys(file_inode(file));
	char made[TEXT_SIZE];
	const char *text = node->entry->text ?: made;

	if (node->entry->show)
		node->entry->show(node->hart, made);
	return user_iter_copy_text(to, pos, text, strlen(text));
}

static int64_t sysfs_seek(struct file *file, int64_t offset, int whence)
{
	return file_seek_within(file, FILE_SIZE, offset, whence);
}

static int sysfs_fsync(struct file *file, bool data_only)
{
	(void)file, (void)data_only;
	return 0;
}

static const struct file_ops sysfs_file_ops = {
	.name = "fact about the machine",
	.read = sysfs_read,
	.stat = inode_file_stat,
	.seek = sysfs_seek,
	.poll = poll_always,
	.fsync = sysfs_fsync,
	.release = inode_file_release,
	.has_inode = true,
};

/* ---- names ---- */

static int sysfs_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	for (unsigned i = ROOT + 1; i < nnodes; i++) {
		if (nodes[i].parent != to_sys(dir) || strlen(nodes[i].name) != len ||
		    memcmp(nodes[i].name, name, len) != 0)
			continue;
		inode_get(&nodes[i].inode);
		*inode_ret = &nodes[i].inode;
		return 0;
	}
	return -ENOENT;
}

/* A node's position is its index, behind those of "." and "..". */
static int sysfs_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	for (uint64_t i = MAX(pos - DIR_FIRST_POS, ROOT + 1ul); i < nnodes; i++) {
		if (nodes[i].parent != to_sys(dir))
			continue;
		item->pos = DIR_FIRST_POS + i;
		dir_item_set(item, nodes[i].inode.ino, nodes[i].inode.mode, nodes[i].name);
		return 0;
	}
	return -ENODATA;
}

/* As on Linux, which refuses directories before it looks whether anything may be made. */
static int sysfs_create(struct inode *dir, const char *name, size_t len, unsigned mode,
			struct inode **inode_ret)
{
	(void)dir, (void)name, (void)len, (void)inode_ret;
	return S_ISDIR(mode) ? -EPERM : -EACCES;
}

static struct inode *sysfs_parent(struct inode *dir)
{
	struct inode *parent = &to_sys(dir)->parent->inode;

	inode_get(parent);
	return parent;
}

static int sysfs_path(struct inode *inode, struct path_text *text)
{
	const struct sys_node *node = to_sys(inode);

	while (!path_reached(text, inode) && node != &nodes[ROOT]) {
		if (path_prepend(text, node->name, strlen(node->name)) != 0)
			return -ERANGE;
		inode = &node->parent->inode;
		node = node->parent;
	}
	return 0;
}

static int sysfs_getattr(struct inode *inode, struct abi_stat *st)
{
	inode_fill_stat(inode, st);
	if (S_ISREG(inode->mode))
		st->size = FILE_SIZE;
	return 0;
}

static int sysfs_setattr(struct inode *inode, const struct inode_attr *attr)
{
	inode_set_attr(inode, attr);
	return 0;
}

static int sysfs_resize(struct inode *inode, uint64_t size)
{
	(void)inode, (void)size;
	return 0;
}

static int sysfs_open(struct inode *inode, unsigned flags)
{
	return S_ISREG(inode->mode) && (flags & O_ACCMODE) != O_RDONLY ? -EACCES : 0;
}

/* The table has a reference to each, so this is never called. */
static struct inode *sysfs_free(struct inode *inode)
{
	(void)inode;
	assert(false);
	return NULL;
}

static void sysfs_holds(struct inode *inode)
{
	inode_found(inode);
}

static const struct inode_ops sysfs_ops = {
	.lookup = sysfs_lookup,
	.create = sysfs_create,
	.readdir = sysfs_readdir,
	.parent = sysfs_parent,
	.path = sysfs_path,
	.getattr = sysfs_getattr,
	.setattr = sysfs_setattr,
	.resize = sysfs_resize,
	.open = sysfs_open,
	.free = sysfs_free,
	.holds = sysfs_holds,
};

/* Makes the nodes of a table from nodes[first] on. Returns the index behind them. */
static unsigned make_nodes(struct mount *mount, unsigned first, const struct sys_entry *table,
			   unsigned count, unsigned hart)
{
	for (unsigned i = 0; i < count; i++) {
		struct sys_node *node = &nodes[first + i];
		bool is_dir;

		node->entry = &table[i];
		node->parent = &nodes[first + table[i].parent];
		node->hart = hart;
		str_copy(node->name, table[i].name, sizeof(node->name));
		is_dir = is_directory(node);
		inode_init(&node->inode, mount, first + i + 1,
			   is_dir ? S_IFDIR | 0755 : S_IFREG | 0444, &sysfs_ops,
			   is_dir ? &dir_file_ops : &sysfs_file_ops);
		node->inode.nlink = is_dir ? 2 : 1;
		if (is_dir && node->parent != node)
			node->parent->inode.nlink++;
	}
	return first + count;
}

static int fill_sysfs(struct mount *mount, const char *options)
{
	if (*options != '\0')
		return -EINVAL;
	if (!atomic_cas(&is_made, 0, 1))
		return -EBUSY;
	nodes = mem_wait_kzalloc((ARRAY_SIZE(entries) + hart_count * ARRAY_SIZE(hart_entries)) *
				 sizeof(*nodes));
	if (!nodes) {
		atomic_store(&is_made, 0);
		return -ENOMEM;
	}
	nnodes = make_nodes(mount, 0, entries, ARRAY_SIZE(entries), 0);
	for (unsigned i = 0; i < hart_count; i++) {
		struct sys_node *dir = &nodes[nnodes];

		nnodes = make_nodes(mount, nnodes, hart_entries, ARRAY_SIZE(hart_entries), i);
		ksnprintf(dir->name, sizeof(dir->name), "cpu%u", i);
		dir->parent = &nodes[CPU];
		dir->parent->inode.nlink++;
	}
	inode_get(&nodes[ROOT].inode);
	mount->root = &nodes[ROOT].inode;
	return 0;
}

const struct fs_type sysfs_type = {
	.name = "sysfs",
	.magic = ABI_SYSFS_MAGIC,
	.fill_mount = fill_sysfs,
	.only = &only,
};
