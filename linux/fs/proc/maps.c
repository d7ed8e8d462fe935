/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps, smaps and smaps_rollup: the mappings. The cursor is the address after the last one. */
#include "abi/errno.h"
#include "abi/limits.h"
#include "abi/procmap.h"
#include "lib/string.h"
#include "linux/fs/proc/node.h"
#include "linux/fs/proc/seq.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "linux/mem/usage.h"
#include "linux/process/vdso.h"
#include "linux/sysv/shm.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "mm/verbs.h"
#include "proc/mem_wait.h"

/* No page of lines has more: one has 42 bytes at least. They fill a page at most, which is easier to get than two. */
#define MAPS_MOST 98
_Static_assert(MAPS_MOST * sizeof(struct map_facts) <= PAGE_SIZE, "facts that fit in a page");

/* What a read works with. */
/* Private to the open file: guarded by the lock of its struct seq_file. */
struct walk {
	struct uspace *uspace;
	char *path;		/* PATH_MAX bytes */
	struct map_facts *maps; /* MAPS_MOST at most, all of one moment */
	unsigned at, count;	/* maps[at] to maps[count - 1] are not shown yet */
};

static void put_maps(struct walk *walk)
{
	for (unsigned i = 0; i < walk->count; i++)
		/* gcc-analyzer-suppress null-dereference ; without maps, the count is 0 */
		if (walk->maps[i].object)
			object_put(walk->maps[i].object);
	walk->at = walk->count = 0;
}

static void put_walk(struct walk *walk)
{
	put_maps(walk);
	kfree(walk->maps);
	kfree(walk->path);
	uspace_put(walk->uspace);
	kfree(walk);
}

/* -ENODATA: no process uses the memory any more. */
static int maps_walk_begin(const struct proc_memory *memory, void **walk_ret)
{
	struct walk *walk = mem_wait_kzalloc(sizeof(*walk));

	if (!walk)
		return -ENOMEM;
	if (!memory->uspace || !uspace_try_get(memory->uspace)) {
		kfree(walk);
		return -ENODATA;
	}
	walk->uspace = memory->uspace;
	walk->path = mem_wait_kmalloc(PATH_MAX);
	walk->maps = walk->path ? mem_wait_kmalloc(MAPS_MOST * sizeof(*walk->maps)) : NULL;
	if (!walk->maps) {
		put_walk(walk);
		return -ENOMEM;
	}
	*walk_ret = walk;
	return 0;
}

/* As on Linux, the process has to be there, whatever uses the memory. */
static int proc_maps_begin(void *source, void **walk_ret)
{
	const struct proc_memory *memory = source;

	return inspect_exists(&memory->node->id) ? maps_walk_begin(memory, walk_ret) : -ESRCH;
}

static int rollup_begin(void *source, void **walk_ret)
{
	int err = proc_maps_begin(source, walk_ret);

	return err == -ENODATA ? -ESRCH : err;
}

static void proc_maps_end(void *walk)
{
	put_walk(walk);
}

/* Names what an object has: its file, or memory that is shared without one. */
static void name_object(const struct walk *walk, const struct map_facts *map, uint64_t *dev,
			uint64_t *ino)
{
	struct object *object = map->object;
	struct inode *inode;

	if (sysv_shm_name(object, walk->path, PATH_MAX, ino)) {
		*dev = DEV_ANON;
		return;
	}
	if (!object->ops->inode) {
		str_copy(walk->path, vdso_name(object) ?: "/dev/zero (deleted)", PATH_MAX);
		return;
	}
	inode = object->ops->inode(object);
	*dev = inode && inode->mount ? inode->mount->dev : DEV_ANON;
	*ino = inode ? inode->ino : 0;
	inode_name(inode, walk->path, PATH_MAX);
	path_put(inode);
}

static void name_memory(const struct walk *walk, const struct map_facts *map)
{
	const struct uspace *uspace = walk->uspace;
	const char *name = "";

	if (map->flags & VMA_HEAP)
		name = "[heap]";
	else if (map->start <= uspace->layout.stack_start && map->end >= uspace->layout.stack_start)
		name = "[stack]";
	str_copy(walk->path, name, PATH_MAX);
}

/* Where a name begins in its line, and the most that comes before it. */
#define NAME_COLUMN 73
#define HEAD_MOST   96

/* Many: row maps_of_20000 of widebench. */
static void put_line(struct seq *seq, const struct map_facts *map, uint64_t dev, uint64_t ino,
		     const char *name)
{
	char head[HEAD_MOST], *at = head;

	at = text_hex(at, map->start, 8);
	*at++ = '-';
	at = text_hex(at, map->end, 8);
	*at++ = ' ';
	*at++ = map->prot & VM_PROT_READ ? 'r' : '-';
	*at++ = map->prot & VM_PROT_WRITE ? 'w' : '-';
	*at++ = map->prot & VM_PROT_EXEC ? 'x' : '-';
	*at++ = map->flags & VMA_SHARED ? 's' : 'p';
	*at++ = ' ';
	at = text_hex(at, map->object ? map->offset : 0, 8);
	*at++ = ' ';
	at = text_hex(at, dev >> 8, 2);
	*at++ = ':';
	at = text_hex(at, dev & 0xff, 2);
	*at++ = ' ';
	at = text_dec(at, ino, 1);
	do
		*at++ = ' ';
	while (*name != '\0' && at < head + NAME_COLUMN);
	seq_put_bytes(seq, head, (size_t)(at - head));
	seq_put_escaped(seq, name, "\n");
	seq_put_text(seq, "\n");
}

static void put_map(const struct walk *walk, const struct map_facts *map, struct seq *seq)
{
	uint64_t dev = 0, ino = 0;

	if (map->object)
		name_object(walk, map, &dev, &ino);
	else
		name_memory(walk, map);
	put_line(seq, map, dev, ino, walk->path);
}

/*
 * Finds the first mapping that ends above `from`. The walk keeps the reference to its object. The mappings of a read
 * come from one hold of the space's lock, or else a thread that changes the memory between two lines makes a list that
 * was true at no moment. Where a verb is at work, the list goes on with what is there after it. Returns 0, -ENODATA or
 * -EINTR.
 */
static int next_map(struct walk *walk, vaddr_t from, const struct map_facts **map_ret)
{
	int count;

	while (walk->at < walk->count && walk->maps[walk->at].end <= from)
		walk->at++;
	if (walk->at == walk->count) {
		put_maps(walk);
		count = space_maps(&walk->uspace->space, from, walk->maps, MAPS_MOST);
		if (count <= 0)
			return count ?: -ENODATA;
		walk->count = (unsigned)count;
	}
	*map_ret = &walk->maps[walk->at];
	return 0;
}

/* ---- smaps ---- */

#define SIZE_COLUMN 16 /* names are no longer */

static void put_size(struct seq *seq, const char *name, uint64_t bytes)
{
	char line[SIZE_COLUMN + 32], *at = line;

	while (at < line + SIZE_COLUMN)
		*at++ = *name != '\0' ? *name++ : ' ';
	at = text_dec(at, bytes / 1024, 8);
	seq_put_bytes(seq, line, (size_t)(at - line));
	seq_put_bytes(seq, " kB\n", 4);
}

/* There are no huge pages of objects here, and no pages that are merged. */
static void put_usage(struct seq *seq, const struct vm_usage *usage, uint64_t locked)
{
	static const char *const none[] = {
		"ShmemPmdMapped:",
		"FilePmdMapped:",
		"Shared_Hugetlb:",
		"Private_Hugetlb:",
	};

	put_size(seq, "Rss:", usage->resident);
	put_size(seq, "Pss:", usage->proportional >> VM_USAGE_SHIFT);
	put_size(seq, "Pss_Dirty:", usage->proportional_dirty >> VM_USAGE_SHIFT);
	put_size(seq, "Shared_Clean:", usage->shared_clean);
	put_size(seq, "Shared_Dirty:", usage->shared_dirty);
	put_size(seq, "Private_Clean:", usage->private_clean);
	put_size(seq, "Private_Dirty:", usage->private_dirty);
	put_size(seq, "Referenced:", usage->referenced);
	put_size(seq, "Anonymous:", usage->anonymous);
	put_size(seq, "KSM:", 0);
	put_size(seq, "LazyFree:", usage->lazyfree);
	put_size(seq, "AnonHugePages:", usage->large);
	for (unsigned i = 0; i < ARRAY_SIZE(none); i++)
		put_size(seq, none[i], 0);
	put_size(seq, "Swap:", usage->swapped);
	put_size(seq, "Locked:", locked);
}

static void put_vm_flags(struct seq *seq, const struct map_facts *map)
{
	const struct {
		bool is;
		char name[4];
	} flags[] = {
		{ map->prot & VM_PROT_READ, "rd " },	 { map->prot & VM_PROT_WRITE, "wr " },
		{ map->prot & VM_PROT_EXEC, "ex " },	 { map->flags & VMA_SHARED, "sh " },
		{ map->max_prot & VM_PROT_READ, "mr " }, { map->max_prot & VM_PROT_WRITE, "mw " },
		{ map->max_prot & VM_PROT_EXEC, "me " }, { map->flags & VMA_STACK, "gd " },
		{ map->flags & VMA_LOCKED, "lo " },	 { map->flags & VMA_DONTFORK, "dc " },
		{ map->flags & VMA_ACCOUNT, "ac " },	 { map->flags & VMA_WIPE, "wf " },
		{ map->flags & VMA_DONTDUMP, "dd " },	 { map->flags & VMA_HUGE, "hg " },
		{ map->flags & VMA_NOHUGE, "nh " },	 { map->flags & VMA_SEALED, "sl " },
		{ map->flags & VMA_UF_MISSING, "um " },	 { map->flags & VMA_UF_WP, "uw " },
		{ map->flags & VMA_UF_MINOR, "ui " },
	};

	seq_put_text(seq, "VmFlags: ");
	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].is)
			seq_put_bytes(seq, flags[i].name, 3);
	seq_put_text(seq, "\n");
}

static uint64_t locked_part(const struct map_facts *map, const struct vm_usage *usage)
{
	return map->flags & VMA_LOCKED ? usage->proportional >> VM_USAGE_SHIFT : 0;
}

static int smaps_record(void *source, void *data, uint64_t *cursor, struct seq *seq)
{
	struct walk *walk = data;
	struct vm_usage usage = { 0 };
	const struct map_facts *map;
	int err;

	(void)source;
	err = next_map(walk, *cursor, &map);
	if (err)
		return err;
	err = vm_usage_add(&walk->uspace->space, map->start, map->end, &usage);
	*cursor = map->end;
	put_map(walk, map, seq);
	put_size(seq, "Size:", map->end - map->start);
	put_size(seq, "KernelPageSize:", PAGE_SIZE);
	put_size(seq, "MMUPageSize:", PAGE_SIZE);
	put_usage(seq, &usage, locked_part(map, &usage));
	seq_put_text(seq, "THPeligible:           0\n");
	put_vm_flags(seq, map);
	return err;
}

static int rollup_record(void *source, void *data, uint64_t *cursor, struct seq *seq)
{
	const struct walk *walk = data;
	struct vm_usage all = { 0 }, before;
	struct map_facts map = { 0 };
	vaddr_t start = 0;
	uint64_t locked = 0;
	int err;

	(void)source;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	while ((err = space_map_at(&walk->uspace->space, map.end, &map)) == 0) {
		start = start ?: map.start;
		before = all;
		err = vm_usage_add(&walk->uspace->space, map.start, map.end, &all);
		before.proportional = all.proportional - before.proportional;
		locked += locked_part(&map, &before);
		if (map.object)
			object_put(map.object);
		if (err)
			return err;
	}
	if (err != -ENODATA)
		return err;
	put_line(seq, &(const struct map_facts){ .start = start, .end = map.end }, 0, 0,
		 "[rollup]");
	put_usage(seq, &all, locked);
	return 0;
}

/* ---- maps ---- */

static int record(void *source, void *data, uint64_t *cursor, struct seq *seq)
{
	struct walk *walk = data;
	const struct map_facts *map;
	int err;

	(void)source;
	err = next_map(walk, *cursor, &map);
	if (err)
		return err;
	*cursor = map->end;
	put_map(walk, map, seq);
	return 0;
}

const struct seq_ops proc_maps_seq = { .begin = proc_maps_begin,
				       .end = proc_maps_end,
				       .record = record };
const struct seq_ops proc_smaps_seq = { .begin = proc_maps_begin,
					.end = proc_maps_end,
					.record = smaps_record };
const struct seq_ops proc_smaps_rollup_seq = { .begin = rollup_begin,
					       .end = proc_maps_end,
					       .record = rollup_record };

/* ---- PROCMAP_QUERY ---- */

static bool map_matches(const struct map_facts *map, uint64_t flags)
{
	const unsigned prot = flags & (PROCMAP_QUERY_VMA_READABLE | PROCMAP_QUERY_VMA_WRITABLE |
				       PROCMAP_QUERY_VMA_EXECUTABLE);

	if ((flags & PROCMAP_QUERY_FILE_BACKED_VMA) && !(map->object && map->object->ops->inode))
		return false;
	if ((flags & PROCMAP_QUERY_VMA_SHARED) && !(map->flags & VMA_SHARED))
		return false;
	return (map->prot & prot) == prot;
}

/* Finds the mapping that a query asks for; its object has a reference. -ENOENT: there is none. */
static int find_map(struct uspace *uspace, const struct procmap_query *query, struct map_facts *map)
{
	bool next = query->query_flags & PROCMAP_QUERY_COVERING_OR_NEXT_VMA;
	vaddr_t from = query->query_addr;
	int err;

	while ((err = space_map_at(&uspace->space, from, map)) == 0) {
		if ((next || map->start <= query->query_addr) &&
		    map_matches(map, query->query_flags))
			return 0;
		from = map->end;
		if (map->object)
			object_put(map->object);
		if (!next)
			return -ENOENT;
	}
	return err == -ENODATA ? -ENOENT : err;
}

/* Fills in the answer, and writes the name. No image has a build id that the kernel knows. */
static int answer_query(const struct walk *walk, const struct map_facts *map,
			struct procmap_query *query)
{
	uint64_t dev = 0, ino = 0;
	size_t size;

	if (map->object)
		name_object(walk, map, &dev, &ino);
	else
		name_memory(walk, map);
	size = *walk->path ? strlen(walk->path) + 1 : 0;
	query->vma_start = map->start;
	query->vma_end = map->end;
	query->vma_flags = map->prot | (map->flags & VMA_SHARED ? PROCMAP_QUERY_VMA_SHARED : 0);
	query->vma_page_size = PAGE_SIZE;
	query->vma_offset = map->object ? map->offset : 0;
	query->inode = ino;
	query->dev_major = (uint32_t)(dev >> 8);
	query->dev_minor = (uint32_t)(dev & 0xff);
	query->build_id_size = 0;
	if (query->vma_name_size == 0)
		return 0;
	if (size > query->vma_name_size)
		return -ENAMETOOLONG;
	query->vma_name_size = (uint32_t)size;
	return user_copy_out(query->vma_name_addr, walk->path, size);
}

/* As on Linux, of what the caller's structure has more than this one, all bytes are 0. */
static int copy_query(vaddr_t arg, struct procmap_query *query, size_t *size_ret)
{
	uint64_t size, more;
	int err = user_copy_in(&size, arg, sizeof(size));

	if (err)
		return err;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < PROCMAP_QUERY_SIZE_LEAST)
		return -EINVAL;
	*size_ret = size;
	*query = (struct procmap_query){ 0 };
	err = user_copy_in(query, arg, MIN(size, sizeof(*query)));
	for (uint64_t at = sizeof(*query); err == 0 && at < size; at += sizeof(more)) {
		more = 0;
		err = user_copy_in(&more, arg + at, MIN(size - at, sizeof(more)));
		if (err == 0 && more != 0)
			err = -E2BIG;
	}
	return err;
}

int proc_maps_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	struct procmap_query query;
	struct map_facts map;
	struct walk *walk;
	void *made;
	size_t size;
	int err;

	if (request != PROCMAP_QUERY)
		return -ENOTTY;
	err = copy_query(arg, &query, &size);
	if (err)
		return err;
	if ((query.query_flags & ~PROCMAP_QUERY_FLAGS) ||
	    !query.vma_name_size != !query.vma_name_addr ||
	    !query.build_id_size != !query.build_id_addr)
		return -EINVAL;
	err = maps_walk_begin(seq_source(file->data), &made);
	if (err)
		return err == -ENODATA ? -ESRCH : err;
	walk = made;
	err = find_map(walk->uspace, &query, &map);
	if (err == 0) {
		err = answer_query(walk, &map, &query);
		if (map.object)
			object_put(map.object);
	}
	proc_maps_end(walk);
	return err ? err : user_copy_out(arg, &query, MIN(size, sizeof(query)));
}
