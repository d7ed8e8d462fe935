/* SPDX-License-Identifier: MIT */
/* The file system mounted on /sys: which harts and disks there are, and what memory. */
/*
 * C libraries, runtimes and tools such as lscpu read these files. Nothing else of Linux's tree is here, and only one can
 * be written. The names are fixed, so all inodes are made when the file system is first mounted, and stay.
 */
#include "linux/fs/sysfs/sysfs.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "base/block.h"
#include "base/hart.h"
#include "desc/poll.h"
#include "desc/seek.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/dev/dev.h"
#include "linux/fs/file/dir_file.h"
#include "linux/fs/file/text_file.h"
#include "linux/fs/proc/proc.h"
#include "linux/fs/proc/seq.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "mm/fault/thp_mode.h"
#include "mm/phys/page.h"
#include "proc/mem_wait.h"

#define FILE_SIZE   PAGE_SIZE /* as Linux says of each */
#define NAME_SIZE   24u
#define TEXT_SIZE   512u
#define STORED_MOST 64u

/* The text of a file, with its newline, or the target of a link. `index`: of the hart, block or disk whose directory it is in. */
typedef void (*sys_show)(unsigned index, struct seq *seq);
/* Takes what a program writes, without a newline at its end. Returns 0 or -EINVAL. */
typedef int (*sys_store)(const char *text, size_t len);

/* A name in a table: its directory is an entry of the same table. */
struct sys_entry {
	const char *name;
	unsigned parent;  /* the first entry of a table is its own */
	uint32_t type;	  /* S_IF* */
	sys_show show;	  /* NULL: a directory */
	const char *text; /* or this, if it is always the same */
	sys_store store;  /* NULL: it cannot be written */
};

struct sys_node {
	struct inode inode; /* guarded as struct inode says */
	/* const: */
	const struct sys_entry *entry;
	struct sys_node *parent; /* the root is its own */
	unsigned index;
	char name[NAME_SIZE];
};

/* ---- texts ---- */

static void put_list(struct seq *seq, unsigned first, unsigned last)
{
	if (first == last)
		seq_put(seq, "%u\n", first);
	else
		seq_put(seq, "%u-%u\n", first, last);
}

/* As many digits as all harts need. */
static void put_mask(struct seq *seq, uint64_t mask)
{
	for (unsigned digit = (hart_count + 3) / 4; digit-- > 0;)
		seq_put(seq, "%x", (unsigned)(mask >> digit * 4 & 15));
	seq_put(seq, "\n");
}

/* All harts run programs from the start to the end. */
static void show_all_harts(unsigned index, struct seq *seq)
{
	(void)index;
	put_list(seq, 0, hart_count - 1);
}

static void show_all_mask(unsigned index, struct seq *seq)
{
	(void)index;
	put_mask(seq, (1ull << hart_count) - 1);
}

static void show_index(unsigned index, struct seq *seq)
{
	put_list(seq, index, index);
}

static void show_hart_mask(unsigned index, struct seq *seq)
{
	put_mask(seq, 1ull << index);
}

static void show_kernel_max(unsigned index, struct seq *seq)
{
	(void)index;
	put_list(seq, HART_MAX - 1, HART_MAX - 1);
}

static void show_hart_link(unsigned index, struct seq *seq)
{
	seq_put(seq, "../../cpu/cpu%u", index);
}

static void show_node_memory(unsigned index, struct seq *seq)
{
	(void)index;
	proc_put_node_memory(seq);
}

/* ---- blocks of memory ---- */

/* A block is as large as Linux has it for riscv64, or larger, so that there are no more than so many. */
#define BLOCK_BYTES_LEAST (128ul << 20)
#define BLOCKS_MOST	  64u

static uint64_t block_bytes; /* const once the file system is mounted */

static paddr_t segment_end(const struct page_segment *segment)
{
	return pfn_to_paddr(segment->first + segment->count);
}

static bool segment_is_memory(const struct page_segment *segment)
{
	return page_kind(segment->pages) != PAGE_DEVICE;
}

/* Finds which blocks have memory. Returns how many there may be from *first_ret on. */
static unsigned find_blocks(unsigned *first_ret)
{
	paddr_t low = UINT64_MAX, high = 0;

	for (unsigned i = 0; i < page_segment_count; i++) {
		if (!segment_is_memory(&page_segments[i]))
			continue;
		low = MIN(low, pfn_to_paddr(page_segments[i].first));
		high = MAX(high, segment_end(&page_segments[i]));
	}
	block_bytes = BLOCK_BYTES_LEAST;
	while ((high - 1) / block_bytes - low / block_bytes >= BLOCKS_MOST)
		block_bytes *= 2;
	*first_ret = (unsigned)(low / block_bytes);
	return (unsigned)((high - 1) / block_bytes) - *first_ret + 1;
}

static bool block_is_there(unsigned index)
{
	for (unsigned i = 0; i < page_segment_count; i++)
		if (segment_is_memory(&page_segments[i]) &&
		    pfn_to_paddr(page_segments[i].first) < (index + 1) * block_bytes &&
		    segment_end(&page_segments[i]) > index * block_bytes)
			return true;
	return false;
}

static void show_block_bytes(unsigned index, struct seq *seq)
{
	(void)index;
	seq_put(seq, "%lx\n", (unsigned long)block_bytes);
}

static void show_block(unsigned index, struct seq *seq)
{
	seq_put(seq, "%08x\n", index);
}

static void show_block_link(unsigned index, struct seq *seq)
{
	seq_put(seq, "../../memory/memory%u", index);
}

/* ---- disks ---- */

static void show_disk_dev(unsigned index, struct seq *seq)
{
	seq_put(seq, "%u:%u\n", DEV_MAJOR_DISK, dev_disk_minor(index));
}

static void show_disk_size(unsigned index, struct seq *seq)
{
	seq_put(seq, "%lu\n", (unsigned long)block_at(index)->sectors);
}

static void show_disk_ro(unsigned index, struct seq *seq)
{
	seq_put(seq, "%u\n", block_at(index)->read_only);
}

static void show_disk_stat(unsigned index, struct seq *seq)
{
	proc_put_disk_figures(seq, block_at(index));
}

static void show_disk_link(unsigned index, struct seq *seq)
{
	seq_put(seq, "../../block/%s", block_at(index)->name);
}

/* ---- where memory is filled ahead ---- */

static void show_thp(unsigned index, struct seq *seq)
{
	unsigned mode = atomic_load_relaxed(&thp_mode);

	(void)index;
	for (unsigned i = THP_MODES; i-- > 0;)
		seq_put(seq, i == mode ? "[%s]%c" : "%s%c", thp_mode_names[i], i ? ' ' : '\n');
}

static int store_thp(const char *text, size_t len)
{
	unsigned mode;

	if (!thp_mode_find(text, len, &mode))
		return -EINVAL;
	atomic_store_relaxed(&thp_mode, mode);
	return 0;
}

/* ---- names ---- */

enum {
	ROOT,
	BLOCK,
	DEV,
	DEV_BLOCK,
	DEVICES,
	SYSTEM,
	CPU,
	SMT,
	MEMORY,
	NODE,
	NODE0,
	KERNEL,
	MM,
	THP
};

#define DIRECTORY(name_, parent_)                                     \
	{                                                             \
		.name = (name_), .parent = (parent_), .type = S_IFDIR \
	}
#define SHOWS(name_, parent_, show_)                                                    \
	{                                                                               \
		.name = (name_), .parent = (parent_), .type = S_IFREG, .show = (show_), \
	}
#define SAYS(name_, parent_, text_)                                                     \
	{                                                                               \
		.name = (name_), .parent = (parent_), .type = S_IFREG, .text = (text_), \
	}

static const struct sys_entry entries[] = {
	[ROOT] = DIRECTORY("", ROOT),
	[BLOCK] = DIRECTORY("block", ROOT),
	[DEV] = DIRECTORY("dev", ROOT),
	[DEV_BLOCK] = DIRECTORY("block", DEV),
	[DEVICES] = DIRECTORY("devices", ROOT),
	[SYSTEM] = DIRECTORY("system", DEVICES),
	[CPU] = DIRECTORY("cpu", SYSTEM),
	[SMT] = DIRECTORY("smt", CPU),
	[MEMORY] = DIRECTORY("memory", SYSTEM),
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
	SHOWS("block_size_bytes", MEMORY, show_block_bytes),
	/* All memory is as near to all harts. */
	SAYS("online", NODE, "0\n"),
	SAYS("possible", NODE, "0\n"),
	SAYS("has_cpu", NODE, "0\n"),
	SAYS("has_memory", NODE, "0\n"),
	SAYS("has_normal_memory", NODE, "0\n"),
	SAYS("has_generic_initiator", NODE, "\n"),
	SHOWS("cpulist", NODE0, show_all_harts),
	SHOWS("cpumap", NODE0, show_all_mask),
	SAYS("distance", NODE0, "10\n"),
	SHOWS("meminfo", NODE0, show_node_memory),
	SAYS("address_bits", KERNEL, "64\n"),
	SAYS("cpu_byteorder", KERNEL, "little\n"),
	{ .name = "enabled", .parent = THP, .type = S_IFREG, .show = show_thp, .store = store_thp },
	/* Nothing is moved to make room for huge pages. */
	SAYS("defrag", THP, "always defer defer+madvise madvise [never]\n"),
	SAYS("hpage_pmd_size", THP, "2097152\n"),
};

enum { HART, TOPOLOGY };

/* The files and directories of each hart. */
static const struct sys_entry hart_entries[] = {
	[HART] = DIRECTORY("cpu", HART),
	[TOPOLOGY] = DIRECTORY("topology", HART),
	SAYS("online", HART, "1\n"),
	{ .name = "node0", .parent = HART, .type = S_IFLNK, .text = "../../node/node0" },
	/* Each is a core of its own, and all are in one package. */
	SAYS("physical_package_id", TOPOLOGY, "0\n"),
	SAYS("cluster_id", TOPOLOGY, "0\n"),
	SHOWS("core_id", TOPOLOGY, show_index),
	SHOWS("core_cpus", TOPOLOGY, show_hart_mask),
	SHOWS("core_cpus_list", TOPOLOGY, show_index),
	SHOWS("thread_siblings", TOPOLOGY, show_hart_mask),
	SHOWS("thread_siblings_list", TOPOLOGY, show_index),
	SHOWS("cluster_cpus", TOPOLOGY, show_all_mask),
	SHOWS("cluster_cpus_list", TOPOLOGY, show_all_harts),
	SHOWS("core_siblings", TOPOLOGY, show_all_mask),
	SHOWS("core_siblings_list", TOPOLOGY, show_all_harts),
	SHOWS("package_cpus", TOPOLOGY, show_all_mask),
	SHOWS("package_cpus_list", TOPOLOGY, show_all_harts),
};

/* And of each block of memory: none can be taken away. */
static const struct sys_entry block_entries[] = {
	DIRECTORY("memory", 0),
	SAYS("online", 0, "1\n"),
	SAYS("state", 0, "online\n"),
	SAYS("removable", 0, "0\n"),
	SAYS("phys_device", 0, "0\n"),
	SHOWS("phys_index", 0, show_block),
	{ .name = "node0", .parent = 0, .type = S_IFLNK, .text = "../../node/node0" },
};

/* And of each disk. */
static const struct sys_entry disk_entries[] = {
	DIRECTORY("", 0),
	SHOWS("dev", 0, show_disk_dev),
	SHOWS("size", 0, show_disk_size),
	SHOWS("ro", 0, show_disk_ro),
	SHOWS("stat", 0, show_disk_stat),
	SAYS("removable", 0, "0\n"),
	SAYS("hidden", 0, "0\n"),
	DIRECTORY("device", 0), /* it has one, as iostat asks */
	DIRECTORY("holders", 0),
	DIRECTORY("slaves", 0),
};

/* Links to these directories. */
static const struct sys_entry hart_link = { .name = "cpu",
					    .type = S_IFLNK,
					    .show = show_hart_link };
static const struct sys_entry block_link = { .name = "memory",
					     .type = S_IFLNK,
					     .show = show_block_link };
static const struct sys_entry disk_link = { .name = "", .type = S_IFLNK, .show = show_disk_link };

static uint32_t is_made; /* atomic: 0 or 1 */
static struct mount *only;
/* Those of `entries`, then those of each hart, block and disk. Const once the file system is mounted. */
static struct sys_node *nodes;
static unsigned nnodes;

static struct sys_node *to_sys(struct inode *inode)
{
	return container_of(inode, struct sys_node, inode);
}

/* ---- files ---- */

/* Writes the text, terminated, into `made`, of TEXT_SIZE bytes, if it is not a constant one. */
static const char *text_of(const struct sys_node *node, char *made)
{
	struct seq seq = { .buf = made, .size = TEXT_SIZE };

	if (!node->entry->show)
		return node->entry->text;
	node->entry->show(node->index, &seq);
	return made;
}

static ssize_t sysfs_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	char made[TEXT_SIZE];
	const char *text = text_of(to_sys(file_inode(file)), made);

	return user_iter_copy_text(to, pos, text, strlen(text));
}

/* As on Linux, a write is the whole value, wherever the position is. */
static ssize_t sysfs_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	const struct sys_entry *entry = to_sys(file_inode(file))->entry;
	size_t n = MIN(from->left, (size_t)STORED_MOST), len = n;
	char text[STORED_MOST];
	int err;

	if (!entry->store)
		return -EIO;
	if (user_iter_copy_in(from, text, n) != n)
		return -EFAULT;
	if (len && text[len - 1] == '\n')
		len--;
	err = entry->store(text, len);
	if (err)
		return err;
	*pos += n;
	return (ssize_t)n;
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
	.write = sysfs_write,
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

static ssize_t sysfs_readlink(struct inode *link, char *buf)
{
	char made[TEXT_SIZE];

	return (ssize_t)str_copy(buf, text_of(to_sys(link), made), PATH_MAX);
}

static int sysfs_getattr(struct inode *inode, struct abi_stat *st)
{
	inode_fill_stat(inode, st);
	if (S_ISREG(inode->mode))
		st->size = FILE_SIZE;
	return 0;
}

static int sysfs_resize(struct inode *inode, uint64_t size)
{
	(void)inode, (void)size;
	return 0;
}

static int sysfs_open(struct inode *inode, unsigned flags)
{
	return S_ISREG(inode->mode) && (flags & O_ACCMODE) != O_RDONLY &&
			       !to_sys(inode)->entry->store
		       ? -EACCES
		       : 0;
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
	.readlink = sysfs_readlink,
	.getattr = sysfs_getattr,
	.setattr = simple_setattr,
	.resize = sysfs_resize,
	.open = sysfs_open,
	.free = sysfs_free,
	.holds = sysfs_holds,
};

static uint32_t sysfs_mode_of(const struct sys_entry *entry)
{
	if (S_ISDIR(entry->type))
		return S_IFDIR | 0755;
	return S_ISLNK(entry->type) ? S_IFLNK | 0777 : S_IFREG | (entry->store ? 0644 : 0444);
}

static const struct file_ops *sysfs_file_ops_of(const struct sys_entry *entry)
{
	if (S_ISDIR(entry->type))
		return &dir_file_ops;
	return S_ISLNK(entry->type) ? &path_file_ops : &sysfs_file_ops;
}

/* Makes a table's nodes behind those that are there. Returns the first one, which has no place in the tree yet. */
static struct sys_node *make_nodes(struct mount *mount, const struct sys_entry *table,
				   unsigned count, unsigned index)
{
	struct sys_node *first = &nodes[nnodes];

	for (unsigned i = 0; i < count; i++) {
		struct sys_node *node = &nodes[nnodes++];

		node->entry = &table[i];
		node->parent = first + table[i].parent;
		node->index = index;
		str_copy(node->name, table[i].name, sizeof(node->name));
		inode_init(&node->inode, mount, nnodes, sysfs_mode_of(&table[i]), &sysfs_ops,
			   sysfs_file_ops_of(&table[i]));
		node->inode.nlink = S_ISDIR(table[i].type) ? 2 : 1;
		if (S_ISDIR(table[i].type) && node->parent != node)
			node->parent->inode.nlink++;
	}
	return first;
}

/* Makes a table's nodes and puts the first one into that directory. name NULL: the table's name with `index` behind it. */
static void make_below(struct mount *mount, const struct sys_entry *table, unsigned count,
		       unsigned index, unsigned parent, const char *name)
{
	struct sys_node *first = make_nodes(mount, table, count, index);

	if (name)
		str_copy(first->name, name, sizeof(first->name));
	else
		ksnprintf(first->name, sizeof(first->name), "%s%u", table[0].name, index);
	first->parent = &nodes[parent];
	if (S_ISDIR(table[0].type))
		first->parent->inode.nlink++;
}

static void make_disk(struct mount *mount, unsigned index)
{
	char name[NAME_SIZE];

	ksnprintf(name, sizeof(name), "%u:%u", DEV_MAJOR_DISK, dev_disk_minor(index));
	make_below(mount, disk_entries, ARRAY_SIZE(disk_entries), index, BLOCK,
		   block_at(index)->name);
	make_below(mount, &disk_link, 1, index, DEV_BLOCK, name);
}

static int fill_sysfs(struct mount *mount, const char *options)
{
	unsigned first, nblocks, ndisks = 0;

	if (*options != '\0')
		return -EINVAL;
	if (!atomic_cas(&is_made, 0, 1))
		return -EBUSY;
	nblocks = find_blocks(&first);
	while (block_at(ndisks))
		ndisks++;
	nodes = mem_wait_kzalloc((ARRAY_SIZE(entries) +
				  hart_count * (ARRAY_SIZE(hart_entries) + 1) +
				  nblocks * (ARRAY_SIZE(block_entries) + 1) +
				  ndisks * (ARRAY_SIZE(disk_entries) + 1)) *
				 sizeof(*nodes));
	if (!nodes) {
		atomic_store(&is_made, 0);
		return -ENOMEM;
	}
	make_nodes(mount, entries, ARRAY_SIZE(entries), 0);
	for (unsigned i = 0; i < hart_count; i++) {
		make_below(mount, hart_entries, ARRAY_SIZE(hart_entries), i, CPU, NULL);
		make_below(mount, &hart_link, 1, i, NODE0, NULL);
	}
	for (unsigned i = first; i < first + nblocks; i++) {
		if (!block_is_there(i))
			continue;
		make_below(mount, block_entries, ARRAY_SIZE(block_entries), i, MEMORY, NULL);
		make_below(mount, &block_link, 1, i, NODE0, NULL);
	}
	for (unsigned i = 0; i < ndisks; i++)
		make_disk(mount, i);
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
