/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps: a line for each mapping. The cursor is the address after the last one. */
#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/proc/node.h"
#include "fs/proc/seq.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/signal/sigreturn_page.h"
#include "sysv/shm.h"

/* What a read works with. */
struct walk {
	struct uspace *uspace;
	char *path; /* PATH_MAX bytes */
};

static void put_walk(struct walk *walk)
{
	kfree(walk->path);
	uspace_put(walk->uspace);
	kfree(walk);
}

static int proc_maps_begin(void *source, void **walk_ret)
{
	struct proc_node *node = source;
	struct walk *walk = mem_wait_kzalloc(sizeof(*walk));
	int err;

	if (!walk)
		return -ENOMEM;
	err = inspect_space_of(&node->id.process, &walk->uspace);
	if (err) {
		kfree(walk);
		return err;
	}
	walk->path = mem_wait_kmalloc(PATH_MAX);
	if (!walk->path) {
		put_walk(walk);
		return -ENOMEM;
	}
	*walk_ret = walk;
	return 0;
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

	if (shm_name(object, walk->path, PATH_MAX, ino)) {
		*dev = MOUNT_DEV_ANON;
		return;
	}
	if (!object->ops->inode) {
		str_copy(walk->path,
			 sigreturn_is_page(object) ? "[sigpage]" : "/dev/zero (deleted)", PATH_MAX);
		return;
	}
	inode = object->ops->inode(object);
	*dev = inode && inode->mount ? inode->mount->dev : MOUNT_DEV_ANON;
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

static char letter(unsigned flags, unsigned flag, char yes)
{
	return flags & flag ? yes : '-';
}

static void put_map(const struct walk *walk, const struct map_facts *map, struct seq *seq)
{
	uint64_t dev = 0, ino = 0;
	char head[96];

	if (map->object)
		name_object(walk, map, &dev, &ino);
	else
		name_memory(walk, map);
	ksnprintf(head, sizeof(head), "%08lx-%08lx %c%c%c%c %08lx %02lx:%02lx %lu",
		  (unsigned long)map->start, (unsigned long)map->end,
		  letter(map->prot, VM_PROT_READ, 'r'), letter(map->prot, VM_PROT_WRITE, 'w'),
		  letter(map->prot, VM_PROT_EXEC, 'x'), map->flags & VMA_SHARED ? 's' : 'p',
		  (unsigned long)(map->object ? map->offset : 0), (unsigned long)(dev >> 8),
		  (unsigned long)(dev & 0xff), (unsigned long)ino);
	seq_put(seq, *walk->path ? "%-72s " : "%s ", head);
	seq_put_escaped(seq, walk->path, "\n");
	seq_put(seq, "\n");
}

static int record(void *source, void *data, uint64_t *cursor, struct seq *seq)
{
	const struct walk *walk = data;
	struct map_facts map;
	int err;

	(void)source;
	err = inspect_map(walk->uspace, *cursor, &map);
	if (err)
		return err;
	*cursor = map.end;
	put_map(walk, &map, seq);
	if (map.object)
		object_put(map.object);
	return 0;
}

const struct seq_ops proc_maps_seq = { .begin = proc_maps_begin,
				       .end = proc_maps_end,
				       .record = record };
