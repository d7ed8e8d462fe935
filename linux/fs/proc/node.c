/* SPDX-License-Identifier: MIT */
/* The directories of /proc: makes an inode for each name that is looked up, and lists the names. */
#include "linux/fs/proc/node.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/file/dir_file.h"
#include "linux/fs/proc/proc.h"
#include "linux/fs/proc/sysctl.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/process/limits.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/slab.h"
#include "mm/swap/relieve.h"
#include "proc/mem_wait.h"
#include "linux/process/thread_id.h"

/*
 * Inode numbers. Those of a process have its pid above the low bits, or a thread's tid, so none is below
 * 2^24 there; those below `task` have INO_ALONE set, and that of a descriptor's link has INO_FD set.
 */
#define INO_ROOT      1u
#define INO_SYSTEM    16u /* and the index in proc_root_entries */
#define INO_FIXED     1024u /* and FIXED_MOST times the number of the directory, and the index there */
#define FIXED_MOST    32u /* names in a directory that is about no process */
#define INO_PID_SHIFT 24
#define INO_DIR	      1u
#define INO_PROCESS   16u     /* and the index in proc_process_entries */
#define INO_SYSCTL    0x1000u /* and the index in sysctls; no process has them */
#define INO_MACHINE   0x2000u /* and the index in a directory of a process */
#define INO_ALONE     0x400000u
#define INO_FD	      0x800000u
#define INO_FDINFO    0x900000u
#define INO_MAP_FILE  0xa00000u

_Static_assert(NOFILE_MAX <= INO_FDINFO - INO_FD, "descriptors have inode numbers");

static SLAB_CACHE(node_cache, struct proc_node);

/* Positions in the root: first the entries, then the processes. */
#define POS_PIDS 256

static const struct inode_ops root_ops, process_dir_ops, leaf_ops, magic_ops, shortcut_ops;

/* Makes an inode, with a reference to its parent; NULL: it is the root. Returns NULL: no memory. */
static struct inode *proc_node_make(struct mount *mount, struct inode *parent, uint64_t ino,
				    uint32_t mode, const struct inode_ops *ops,
				    const struct file_ops *file_ops)
{
	struct proc_node *node = slab_alloc_wait(&node_cache);

	if (!node)
		return NULL;
	inode_init(&node->inode, mount, ino, mode, ops, file_ops);
	node->inode.nlink = S_ISDIR(mode) ? 2 : 1;
	node->entry = NULL;
	node->id = (struct thread_id){ 0 };
	node->alone = false;
	node->parent = parent ?: &node->inode;
	if (parent)
		inode_get(parent);
	node->fd = -1;
	node->start = node->end = 0;
	node->names = NULL;
	/* gcc-analyzer-suppress malloc-leak ; what is returned has not leaked */
	return &node->inode;
}

static struct inode *proc_node_free(struct inode *inode)
{
	struct proc_node *node = to_proc(inode);
	struct inode *parent = node->parent == inode ? NULL : node->parent;

	slab_free(&node_cache, node);
	return parent;
}

static void proc_node_holds(struct inode *inode)
{
	const struct proc_node *node = to_proc(inode);

	if (node->parent != inode)
		inode_found(node->parent);
	for (unsigned i = 0; node->names && i < proc_root_count; i++)
		inode_found(node->names[i]);
}

static int made(struct inode *inode, struct inode **inode_ret)
{
	if (!inode)
		return -ENOMEM;
	*inode_ret = inode;
	return 0;
}

static const struct proc_entry *find_entry(const struct proc_entry *entries, unsigned count,
					   const char *name, size_t len)
{
	for (unsigned i = 0; i < count; i++)
		if (entries[i].len == len && memcmp(entries[i].name, name, len) == 0)
			return &entries[i];
	return NULL;
}

/*
 * What is of a process belongs to its effective user. Where its memory is not to be shown to that user (PR_GET_DUMPABLE), it
 * is root's, but for directories that everybody may read.
 */
static void set_owner(struct inode *inode)
{
	uint32_t uid, gid;
	bool undumpable;

	if (!inspect_owner(&to_proc(inode)->id, &uid, &gid, &undumpable) ||
	    (undumpable && inode->mode != (S_IFDIR | 0555)))
		return;
	inode->uid = uid;
	inode->gid = gid;
}

static struct inode *make_entry(struct inode *dir, uint64_t ino, const struct proc_entry *entry)
{
	const struct inode_ops *ops = entry->ops	? entry->ops
				      : entry->shortcut ? &shortcut_ops
				      : entry->follow	? &magic_ops
							: &leaf_ops;
	struct inode *inode = proc_node_make(dir->mount, dir, ino, entry->mode, ops,
					     entry->file_ops ?: &path_file_ops);

	if (inode) {
		to_proc(inode)->entry = entry;
		if (!entry->of_machine) {
			to_proc(inode)->id = to_proc(dir)->id;
			to_proc(inode)->alone = to_proc(dir)->alone;
			if (to_proc(dir)->id.process.pid)
				set_owner(inode);
		}
	}
	return inode;
}

static void put_range(char *buf, size_t size, vaddr_t start, vaddr_t end)
{
	ksnprintf(buf, size, "%lx-%lx", (unsigned long)start, (unsigned long)end);
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

static uint64_t ino_of(const struct thread_id *id, bool alone, uint64_t kind)
{
	return ((uint64_t)id->tid << INO_PID_SHIFT) + kind + (alone ? INO_ALONE : 0);
}

/* Makes the directory of a process, or of a thread that is looked up as if it were one. */
static struct inode *make_process_dir(struct inode *root, const struct thread_id *id)
{
	struct inode *dir = proc_node_make(root->mount, root, ino_of(id, false, INO_DIR),
					   S_IFDIR | 0555, &process_dir_ops, &dir_file_ops);

	if (dir) {
		to_proc(dir)->id = *id;
		set_owner(dir);
	}
	return dir;
}

/* Makes the directory of a thread in `task`. */
static struct inode *make_thread_dir(struct inode *task, const struct thread_id *id)
{
	struct inode *dir = proc_node_make(task->mount, task, ino_of(id, true, INO_DIR),
					   S_IFDIR | 0555, &process_dir_ops, &dir_file_ops);

	if (dir) {
		to_proc(dir)->id = *id;
		to_proc(dir)->alone = true;
		set_owner(dir);
	}
	return dir;
}

static struct inode *make_task_dir(struct inode *dir)
{
	uint64_t kind = INO_PROCESS + PROC_TASK_ENTRY;

	return make_entry(dir, ino_of(&to_proc(dir)->id, false, kind),
			  &proc_process_entries[PROC_TASK_ENTRY]);
}

/* As on Linux, a thread is found by its number as a process is, but not listed. */
static int lookup_process(struct inode *root, int tid, struct inode **inode_ret)
{
	struct thread_id id;

	if (!inspect_find(tid, &id))
		return -ENOENT;
	return made(make_process_dir(root, &id), inode_ret);
}

/* What a link leads to has a reference to the mount. */
static int followed(struct inode *inode, struct inode **inode_ret)
{
	if (inode)
		mount_get(inode->mount);
	return made(inode, inode_ret);
}

int proc_self_follow(struct proc_node *link, struct inode **inode_ret)
{
	struct thread_id id;

	if (!current_process() || !inspect_find(current_process()->pid, &id))
		return -ENOENT;
	return followed(make_process_dir(link->parent, &id), inode_ret);
}

int proc_thread_self_follow(struct proc_node *link, struct inode **inode_ret)
{
	struct inode *dir, *task, *inode;
	struct thread_id id, leader;

	if (!current_process() || !inspect_find(current_process()->pid, &leader) ||
	    !inspect_find(current_thread()->tid, &id))
		return -ENOENT;
	dir = make_process_dir(link->parent, &leader);
	task = dir ? make_task_dir(dir) : NULL;
	inode = task ? make_thread_dir(task, &id) : NULL;
	/* Each has a reference to the one above it. */
	if (task)
		inode_put(task);
	if (dir)
		inode_put(dir);
	return followed(inode, inode_ret);
}

static int root_lookup(struct inode *root, const char *name, size_t len, struct inode **inode_ret)
{
	const struct proc_entry *entry = find_entry(proc_root_entries, proc_root_count, name, len);

	if (!entry)
		return lookup_process(root, number_of(name, len, PID_MAX), inode_ret);
	*inode_ret = to_proc(root)->names[entry - proc_root_entries];
	inode_get(*inode_ret);
	return 0;
}

/* What is in the directories of a process has its low bits like those that are about none. */
static uint64_t fixed_ino(struct inode *dir, uint64_t index)
{
	const struct proc_node *node = to_proc(dir);
	uint64_t kind = dir->ino & (INO_FIXED - 1);

	if (node->id.process.pid == 0)
		return INO_FIXED + dir->ino * FIXED_MOST + index;
	if (node->entry->children[index].of_machine)
		return INO_MACHINE + index;
	return ino_of(&node->id, node->alone, INO_FIXED + kind * FIXED_MOST + index);
}

static int fixed_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	const struct proc_entry *above = to_proc(dir)->entry;
	const struct proc_entry *entry = find_entry(above->children, above->nchildren, name, len);

	if (!entry)
		return -ENOENT;
	return made(make_entry(dir, fixed_ino(dir, (uint64_t)(entry - above->children)), entry),
		    inode_ret);
}

static bool is_gone(const struct proc_node *node)
{
	return !inspect_exists(&node->id);
}

static int own_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	return is_gone(to_proc(dir)) ? -ENOENT : fixed_lookup(dir, name, len, inode_ret);
}

static uint64_t process_ino(const struct proc_node *node, uint64_t kind)
{
	return ino_of(&node->id, node->alone, kind);
}

/* The first of proc_process_entries that is in such a directory. */
static unsigned first_entry(const struct proc_node *dir)
{
	return dir->alone ? PROC_THREAD_FIRST : 0;
}

/*
 * -ESRCH: as on Linux, the directory of a process that has gone cannot be searched. In that of a thread
 * below `task` nothing is found.
 */
static int process_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	const struct proc_node *node = to_proc(dir);
	unsigned first = first_entry(node);
	const struct proc_entry *entry =
		find_entry(&proc_process_entries[first], proc_process_count - first, name, len);
	uint64_t kind;

	if (is_gone(node))
		return node->alone ? -ENOENT : -ESRCH;
	if (!entry)
		return -ENOENT;
	kind = INO_PROCESS + (uint64_t)(entry - proc_process_entries);
	return made(make_entry(dir, process_ino(node, kind), entry), inode_ret);
}

static int task_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	const struct proc_node *node = to_proc(dir);
	struct thread_id id;

	if (is_gone(node))
		return -ESRCH;
	if (!inspect_find(number_of(name, len, PID_MAX), &id) ||
	    id.process.birth != node->id.process.birth)
		return -ENOENT;
	return made(make_thread_dir(dir, &id), inode_ret);
}

/* The permissions of a descriptor's link say what it was opened for. */
static uint32_t fd_mode(const struct file *file)
{
	return S_IFLNK | 0100 | (file_readable(file) ? 0400u : 0) |
	       (file_writable(file) ? 0200u : 0);
}

static int fd_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	int fd = number_of(name, len, NOFILE_MAX);
	struct file *file = fd < 0 ? NULL : process_get_file(&to_proc(dir)->id, fd);
	struct inode *link;

	if (!file)
		return -ENOENT;
	link = make_entry(dir, process_ino(to_proc(dir), INO_FD + (uint64_t)fd), &proc_fd_entry);
	if (link) {
		link->mode = fd_mode(file);
		to_proc(link)->fd = fd;
	}
	file_put(file);
	return made(link, inode_ret);
}

static int fdinfo_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	int fd = number_of(name, len, NOFILE_MAX);
	struct file *file;
	struct inode *inode;

	if (!inspect_may_access(&to_proc(dir)->id))
		return -EACCES;
	file = fd < 0 ? NULL : process_get_file(&to_proc(dir)->id, fd);
	if (!file)
		return -ENOENT;
	file_put(file);
	inode = make_entry(dir, process_ino(to_proc(dir), INO_FDINFO + (uint64_t)fd),
			   &proc_fdinfo_entry);
	if (inode)
		to_proc(inode)->fd = fd;
	return made(inode, inode_ret);
}

/* Reads an address, as on Linux with letters of both cases, up to `end` or the end of the name, without a zero in front. Returns the bytes it has; 0: it is none. */
static size_t address_of(const char *name, size_t len, char end, vaddr_t *ret)
{
	size_t n = 0;

	*ret = 0;
	for (; n < len && name[n] != end; n++) {
		unsigned digit = str_digit(name[n]);

		if (digit >= 16 || *ret >> 60 || (n == 1 && *name == '0'))
			return 0;
		*ret = *ret << 4 | digit;
	}
	return n;
}

/* Reads the name of a mapped file: two addresses, as put_range() writes them. */
static bool range_of(const char *name, size_t len, vaddr_t *start_ret, vaddr_t *end_ret)
{
	size_t n = address_of(name, len, '-', start_ret);

	if (n == 0 || n == len)
		return false;
	n++;
	return len > n && address_of(name + n, len - n, '\0', end_ret) == len - n;
}

static struct inode *make_map_file(struct inode *dir, const struct map_facts *map)
{
	struct inode *link =
		make_entry(dir, process_ino(to_proc(dir), INO_MAP_FILE), &proc_map_file_entry);

	if (link) {
		to_proc(link)->start = map->start;
		to_proc(link)->end = map->end;
		if (!(map->flags & VMA_SHARED) || !(map->max_prot & VM_PROT_WRITE))
			link->mode &= ~0200u;
	}
	return link;
}

static int map_files_lookup(struct inode *dir, const char *name, size_t len,
			    struct inode **inode_ret)
{
	struct map_facts map;
	struct inode *file;
	vaddr_t start, end;
	int err;

	if (!range_of(name, len, &start, &end))
		return -ENOENT;
	err = proc_map_file(&to_proc(dir)->id, start, true, &map, &file);
	if (err)
		return err == -EACCES || err == -EINTR ? err : -ENOENT;
	path_put(file);
	return map.end == end ? made(make_map_file(dir, &map), inode_ret) : -ENOENT;
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

static int fixed_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	const struct proc_entry *above = to_proc(dir)->entry;
	uint64_t index = pos - DIR_FIRST_POS;

	if (index >= above->nchildren)
		return -ENODATA;
	return item_set(item, pos, fixed_ino(dir, index), above->children[index].mode,
			above->children[index].name);
}

static int own_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	return is_gone(to_proc(dir)) ? -ENOENT : fixed_readdir(dir, pos, item);
}

static int process_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	const struct proc_node *node = to_proc(dir);
	uint64_t index = pos - DIR_FIRST_POS + first_entry(node);

	if (is_gone(node))
		return -ENOENT;
	if (index >= proc_process_count)
		return -ENODATA;
	return item_set(item, pos, process_ino(node, INO_PROCESS + index),
			proc_process_entries[index].mode, proc_process_entries[index].name);
}

static int list_fds(struct inode *dir, uint64_t pos, uint64_t kind, uint32_t mode,
		    struct dir_item *item)
{
	const struct proc_node *node = to_proc(dir);
	uint64_t min = MIN(pos - DIR_FIRST_POS, (uint64_t)NOFILE_MAX);
	int fd = process_next_fd(&node->id, (unsigned)min);

	if (fd < 0)
		return fd == -ESRCH ? -ENOENT : -ENODATA;
	return item_number(item, DIR_FIRST_POS + (uint64_t)fd,
			   process_ino(node, kind + (uint64_t)fd), mode, fd);
}

static int fd_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	return list_fds(dir, pos, INO_FD, S_IFLNK, item);
}

static int fdinfo_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	return list_fds(dir, pos, INO_FDINFO, S_IFREG, item);
}

/* A mapping's position is its first page. */
static int map_files_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	char name[PROC_NAME_MAX];
	struct map_facts map;
	struct inode *file;
	uint64_t page = MIN(pos - DIR_FIRST_POS, (uint64_t)USER_TOP >> PAGE_SHIFT);
	int err = proc_map_file(&to_proc(dir)->id, page << PAGE_SHIFT, false, &map, &file);

	if (err)
		return err == -ESRCH ? -ENOENT : err;
	path_put(file);
	put_range(name, sizeof(name), map.start, map.end);
	return item_set(item, DIR_FIRST_POS + (map.start >> PAGE_SHIFT),
			process_ino(to_proc(dir), INO_MAP_FILE), S_IFLNK, name);
}

/* A thread's position is its birth, by which the list of threads is ordered. */
static int task_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	struct thread_id id;
	int err = inspect_next_thread(&to_proc(dir)->id.process, pos - DIR_FIRST_POS, &id);

	if (err)
		return err == -ESRCH ? -ENOENT : err;
	return item_number(item, DIR_FIRST_POS + id.birth, ino_of(&id, true, INO_DIR), S_IFDIR,
			   id.tid);
}

static enum sysctl_dir sysctl_dir_of(struct inode *dir)
{
	const struct proc_entry *entry = to_proc(dir)->entry;

	if (to_proc(dir)->parent == dir->mount->root)
		return SYSCTL_ROOT;
	return container_of(entry, const struct sysctl, entry)->lists;
}

/* The first value or directory in `dir` from that index on; sysctl_count: there is none. */
static unsigned next_sysctl(enum sysctl_dir dir, uint64_t index)
{
	while (index < sysctl_count && sysctls[index].dir != dir)
		index++;
	return (unsigned)MIN(index, (uint64_t)sysctl_count);
}

static int sysctl_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	enum sysctl_dir which = sysctl_dir_of(dir);

	for (unsigned i = 0; (i = next_sysctl(which, i)) < sysctl_count; i++)
		if (sysctls[i].entry.len == len && memcmp(sysctls[i].entry.name, name, len) == 0)
			return made(make_entry(dir, INO_SYSCTL + i, &sysctls[i].entry), inode_ret);
	return -ENOENT;
}

static int sysctl_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	unsigned i = next_sysctl(sysctl_dir_of(dir), pos - DIR_FIRST_POS);

	if (i == sysctl_count)
		return -ENODATA;
	return item_set(item, DIR_FIRST_POS + i, INO_SYSCTL + i, sysctls[i].entry.mode,
			sysctls[i].entry.name);
}

static struct inode *proc_node_parent(struct inode *dir)
{
	struct inode *parent = to_proc(dir)->parent;

	inode_get(parent);
	return parent;
}

/* Writes a node's own name. */
static void name_of(const struct proc_node *node, char *buf, size_t size)
{
	if (node->end)
		put_range(buf, size, node->start, node->end);
	else if (node->entry && node->fd < 0)
		str_copy(buf, node->entry->name, size);
	else
		ksnprintf(buf, size, "%d", node->entry ? node->fd : node->id.tid);
}

static int path_in_mount(struct inode *inode, struct path_text *text)
{
	while (!path_reached(text, inode) && to_proc(inode)->parent != inode) {
		char name[PROC_NAME_MAX];

		name_of(to_proc(inode), name, sizeof(name));
		if (path_prepend(text, name, strlen(name)) != 0)
			return -ERANGE;
		inode = to_proc(inode)->parent;
	}
	return 0;
}

static unsigned count_fds(const struct thread_id *id)
{
	unsigned count = 0;
	int fd = -1;

	while ((fd = process_next_fd(id, (unsigned)(fd + 1))) >= 0)
		count++;
	return count;
}

/* How many directories are in that of a process or thread, with "." and "..". */
static unsigned count_links(unsigned first)
{
	unsigned count = 2;

	for (unsigned i = first; i < proc_process_count; i++)
		count += S_ISDIR(proc_process_entries[i].mode);
	return count;
}

static int getattr(struct inode *inode, struct abi_stat *st)
{
	const struct proc_node *node = to_proc(inode);

	inode_fill_stat(inode, st);
	st->blksize = 1024;
	if (node->entry)
		st->size = (int64_t)node->entry->size;
	if (inode->ops == &proc_fd_dir_ops)
		st->size = count_fds(&node->id);
	if (inode->ops == &proc_task_dir_ops)
		st->nlink = 2 + inspect_count_threads(&node->id.process);
	if (inode->ops == &process_dir_ops)
		st->nlink = count_links(first_entry(node));
	if (inode->ops == &root_ops)
		st->nlink = 2 + process_total();
	return 0;
}

/*
 * As on Linux, what belongs to a process keeps its permissions; a change of owner, which may bring a
 * mode with it, is accepted. It forgets what was set, as it is made anew.
 */
static int setattr(struct inode *inode, const struct inode_attr *attr)
{
	struct inode_attr changed = *attr;

	if (to_proc(inode)->id.process.pid != 0) {
		if ((attr->valid & ATTR_MODE) && !(attr->valid & (ATTR_UID | ATTR_GID)))
			return -EPERM;
		changed.valid &= ~ATTR_MODE;
	}
	inode_set_attr(inode, &changed);
	return 0;
}

/* As on Linux, only the times of what is below /proc/sys can be set. */
static int sysctl_setattr(struct inode *inode, const struct inode_attr *attr)
{
	if (attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID))
		return -EPERM;
	inode_set_attr(inode, attr);
	return 0;
}

static int proc_node_resize(struct inode *inode, uint64_t size)
{
	(void)inode, (void)size;
	return 0;
}

static int check_guarded(const struct proc_node *node)
{
	return node->entry->guarded && !inspect_may_access(&node->id) ? -EACCES : 0;
}

/* As on Linux, not even root opens a file of `net` for writing. */
static int leaf_open(struct inode *inode, unsigned flags)
{
	if (to_proc(inode)->entry->of_machine && (flags & O_ACCMODE) != O_RDONLY)
		return -EACCES;
	return check_guarded(to_proc(inode));
}

static int fdinfo_open(struct inode *dir, unsigned flags)
{
	(void)flags;
	return inspect_may_access(&to_proc(dir)->id) ? 0 : -EACCES;
}

static ssize_t readlink(struct inode *link, char *buf)
{
	int err = check_guarded(to_proc(link));

	return err ? err : to_proc(link)->entry->target(to_proc(link), buf, PATH_MAX);
}

static int follow(struct inode *link, struct inode **inode_ret)
{
	int err = check_guarded(to_proc(link));

	return err ? err : to_proc(link)->entry->follow(to_proc(link), inode_ret);
}

/* The errors with which Linux refuses changes of names. */
static int refuse_create(struct inode *dir, const char *name, size_t len, unsigned mode,
			 struct inode **inode_ret)
{
	(void)dir, (void)name, (void)len, (void)mode, (void)inode_ret;
	return -ENOENT;
}

static int refuse_mknod(struct inode *dir, const char *name, size_t len, unsigned mode,
			uint64_t rdev)
{
	(void)dir, (void)name, (void)len, (void)mode, (void)rdev;
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

static int refuse_remove(struct inode *dir, const char *name, size_t len, bool directory,
			 struct inode **gone_ret)
{
	struct inode *inode;
	bool is_dir;
	int err = dir->ops->lookup(dir, name, len, &inode);

	(void)gone_ret;
	if (err)
		return err;
	is_dir = S_ISDIR(inode->mode);
	err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
	inode_put(inode);
	if (err)
		return err;
	return directory && !is_dir ? -ENOTDIR : -EPERM;
}

static int refuse_rename(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
			 const struct path_part *new, unsigned flags, struct inode_moves *moves)
{
	struct inode *inode;
	int err = old_dir->ops->lookup(old_dir, old->name, old->len, &inode);

	(void)flags, (void)moves;
	if (err)
		return err;
	inode_put(inode);
	err = new_dir->ops->lookup(new_dir, new->name, new->len, &inode);
	if (err)
		return err;
	inode_put(inode);
	return inode_permission(new_dir, MAY_WRITE | MAY_EXEC) ?: -EPERM;
}

#define DIRECTORY_SLOTS                                                             \
	.fixed_names = true, .create = refuse_create, .mknod = refuse_mknod,        \
	.symlink = refuse_symlink, .link = refuse_link, .remove = refuse_remove,    \
	.rename = refuse_rename, .parent = proc_node_parent, .path = path_in_mount, \
	.getattr = getattr, .free = proc_node_free, .holds = proc_node_holds

static const struct inode_ops root_ops = {
	.lookup = root_lookup,
	.readdir = root_readdir,
	.setattr = setattr,
	DIRECTORY_SLOTS,
};

static const struct inode_ops process_dir_ops = {
	.lookup = process_lookup,
	.readdir = process_readdir,
	.fleeting = true,
	.setattr = setattr,
	DIRECTORY_SLOTS,
};

/* As on Linux, a process may always use its own descriptors, even if its files are root's. */
static bool fd_permits(const struct inode *dir, unsigned mask)
{
	const struct proc_node *node = container_of(dir, const struct proc_node, inode);

	return !(mask & MAY_WRITE) && current_process() &&
	       current_process()->birth == node->id.process.birth;
}

const struct inode_ops proc_fd_dir_ops = {
	.lookup = fd_lookup,
	.readdir = fd_readdir,
	.permits = fd_permits,
	.fleeting = true,
	.setattr = setattr,
	DIRECTORY_SLOTS,
};

const struct inode_ops proc_fdinfo_dir_ops = {
	.lookup = fdinfo_lookup,
	.readdir = fdinfo_readdir,
	.open = fdinfo_open,
	.fleeting = true,
	.setattr = setattr,
	DIRECTORY_SLOTS,
};

const struct inode_ops proc_map_files_dir_ops = {
	.lookup = map_files_lookup,
	.readdir = map_files_readdir,
	.fleeting = true,
	.setattr = setattr,
	DIRECTORY_SLOTS,
};

const struct inode_ops proc_own_dir_ops = {
	.lookup = own_lookup,
	.readdir = own_readdir,
	.fleeting = true,
	.setattr = setattr,
	DIRECTORY_SLOTS,
};

const struct inode_ops proc_task_dir_ops = {
	.lookup = task_lookup,
	.readdir = task_readdir,
	.fleeting = true,
	.setattr = setattr,
	DIRECTORY_SLOTS,
};

const struct inode_ops proc_sys_dir_ops = {
	.lookup = sysctl_lookup,
	.readdir = sysctl_readdir,
	.fleeting = true,
	.mode_binds = true,
	.setattr = sysctl_setattr,
	DIRECTORY_SLOTS,
};

const struct inode_ops proc_sysctl_ops = {
	.path = path_in_mount,
	.getattr = getattr,
	.setattr = sysctl_setattr,
	.mode_binds = true,
	.resize = proc_node_resize,
	.free = proc_node_free,
	.holds = proc_node_holds,
};

const struct inode_ops proc_fixed_dir_ops = {
	.lookup = fixed_lookup,
	.readdir = fixed_readdir,
	.setattr = setattr,
	DIRECTORY_SLOTS,
};

/* Three tables: a link whose text is followed has no `follow`. */
static const struct inode_ops leaf_ops = {
	.path = path_in_mount,
	.readlink = readlink,
	.getattr = getattr,
	.setattr = setattr,
	.open = leaf_open,
	.resize = proc_node_resize,
	.free = proc_node_free,
	.holds = proc_node_holds,
};

static const struct inode_ops magic_ops = {
	.path = path_in_mount,
	.readlink = readlink,
	.follow = follow,
	.getattr = getattr,
	.setattr = setattr,
	.free = proc_node_free,
	.holds = proc_node_holds,
};

static const struct inode_ops shortcut_ops = {
	.path = path_in_mount,
	.readlink = readlink,
	.follow = follow,
	.shortcut = true,
	.getattr = getattr,
	.setattr = setattr,
	.free = proc_node_free,
	.holds = proc_node_holds,
};

const struct thread_id *proc_dir_id(const struct file *file)
{
	struct inode *inode = file->node;

	if (!file->ops->has_inode || inode->ops != &process_dir_ops || to_proc(inode)->alone)
		return NULL;
	return &to_proc(inode)->id;
}

/* Frees the root and its names: nothing else refers to an inode of a mount that is not used any more. */
static void proc_unmount(struct mount *mount)
{
	struct inode **names = to_proc(mount->root)->names;

	for (unsigned i = 0; names && i < proc_root_count; i++)
		inode_put(names[i]);
	kfree(names);
	inode_put(mount->root);
}

static int make_names(struct inode *root)
{
	struct inode **names = mem_wait_kzalloc(proc_root_count * sizeof(struct inode *));

	if (!names)
		return -ENOMEM;
	to_proc(root)->names = names;
	for (unsigned i = 0; i < proc_root_count; i++)
		if (made(make_entry(root, INO_SYSTEM + i, &proc_root_entries[i]), &names[i]) != 0)
			return -ENOMEM;
	return 0;
}

static int fill_proc(struct mount *mount, const char *options)
{
	int err;

	if (*options != '\0')
		return -EINVAL;
	mount->root =
		proc_node_make(mount, NULL, INO_ROOT, S_IFDIR | 0555, &root_ops, &dir_file_ops);
	if (!mount->root)
		return -ENOMEM;
	err = make_names(mount->root);
	if (err)
		proc_unmount(mount);
	return err;
}

const struct fs_type proc_type = {
	.name = "proc",
	.magic = ABI_PROC_MAGIC,
	.fill_mount = fill_proc,
	.unmount = proc_unmount,
};
