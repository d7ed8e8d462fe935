/* SPDX-License-Identifier: MIT */
/* /proc/meminfo, cpuinfo, stat, uptime, slabinfo, and the list of mounts. */
#include "abi/errno.h"
#include "abi/limits.h"
#include "arch/describe.h"
#include "base/clock.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/proc/node.h"
#include "linux/fs/proc/proc.h"
#include "linux/fs/proc/process_text.h"
#include "linux/fs/proc/seq.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "linux/mem/quota.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/kmap.h"
#include "mm/phys/large_page.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/slab.h"
#include "mm/space/commit.h"
#include "mm/swap/swap_cache.h"
#include "proc/mem_wait.h"
#include "proc/sched.h"

static void put_pages(struct seq *seq, const char *name, uint64_t pages)
{
	seq_put(seq, "%-15s %8lu kB\n", name, (unsigned long)(pages * (PAGE_SIZE / 1024)));
}

/* There is one node, to which all memory belongs. It has no swap. */
static void put_node_pages(struct seq *seq, const char *name, uint64_t pages)
{
	seq_put(seq, "Node 0 ");
	put_pages(seq, name, pages);
}

/* Of blocks that a large entry maps, of however many spaces. */
static uint64_t large_pages(void)
{
	return counter_read(&large_counts.blocks) * MMU_LEAF_ENTRIES;
}

void proc_put_node_memory(struct seq *seq)
{
	uint64_t files = quota_pages(), all = files + page_cache_served();
	size_t total = page_alloc_total_count(), free = page_alloc_free_count();

	put_node_pages(seq, "MemTotal:", total);
	put_node_pages(seq, "MemFree:", free);
	put_node_pages(seq, "MemUsed:", total - free);
	put_node_pages(seq, "Active:", all);
	put_node_pages(seq, "Inactive:", 0);
	put_node_pages(seq, "FilePages:", all);
	put_node_pages(seq, "Shmem:", files);
	put_node_pages(seq, "KernelStack:", kstack_frames());
	put_node_pages(seq, "Slab:", slab_frames());
	put_node_pages(seq, "SReclaimable:", 0);
	put_node_pages(seq, "SUnreclaim:", slab_frames());
	put_node_pages(seq, "AnonHugePages:", large_pages());
}

/* Nothing here needs to look at each frame. */
static int meminfo_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct swap_census swap = swap_census();
	uint64_t files = quota_pages(), served = page_cache_served();

	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	put_pages(seq, "MemTotal:", page_alloc_total_count());
	put_pages(seq, "MemFree:", page_alloc_free_count());
	put_pages(seq, "MemAvailable:", page_alloc_free_count() + served);
	put_pages(seq, "Buffers:", 0);
	put_pages(seq, "Cached:", files + served);
	/* All pages count as active: there are no two lists of them. */
	put_pages(seq, "Active:", files + served);
	put_pages(seq, "Inactive:", 0);
	put_pages(seq, "SwapTotal:", swap.usable);
	put_pages(seq, "SwapFree:", swap.free);
	put_pages(seq, "Shmem:", files);
	put_pages(seq, "Slab:", slab_frames());
	put_pages(seq, "SReclaimable:", 0);
	put_pages(seq, "SUnreclaim:", slab_frames());
	put_pages(seq, "KernelStack:", kstack_frames());
	if (commit_is_strict()) {
		put_pages(seq, "CommitLimit:", commit_limit());
		put_pages(seq, "Committed_AS:", commit_charged());
	}
	put_pages(seq, "AnonHugePages:", large_pages());
	return 0;
}

/* The cursor is the index of the hart. */
static int cpuinfo_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	unsigned index = (unsigned)*cursor;
	struct arch_ids ids; /* of this hart: all are alike */

	(void)source, (void)walk;
	if (index >= hart_count)
		return -ENODATA;
	ids = arch_hart_ids();
	seq_put(seq, "processor\t: %u\nhart\t\t: %lu\nisa\t\t: %s\nmmu\t\t: %s\n", index,
		harts[index].id, ARCH_ISA_NAME, ARCH_MMU_NAME);
	seq_put(seq,
		"mvendorid\t: 0x%lx\nmarchid\t\t: 0x%lx\nmimpid\t\t: 0x%lx\nhart isa\t: %s\n\n",
		ids.vendor, ids.architecture, ids.implementation, ARCH_ISA_NAME);
	*cursor = index + 1;
	return 0;
}

static void put_hart_times(struct seq *seq, const struct hart_times *times)
{
	seq_put(seq, " %lu 0 %lu %lu 0 0 0 0 0 0\n", proc_user_ticks(times->user),
		proc_user_ticks(times->kernel), proc_user_ticks(times->idle));
}

static void put_harts(struct seq *seq)
{
	struct hart_times all = { 0 };

	/* As on Linux, each hart is looked at again for its line. */
	for (unsigned i = 0; i < hart_count; i++) {
		struct hart_times one = sched_hart_times(&harts[i]);

		all.user += one.user;
		all.kernel += one.kernel;
		all.idle += one.idle;
	}
	seq_put(seq, "cpu ");
	put_hart_times(seq, &all);
	for (unsigned i = 0; i < hart_count; i++) {
		struct hart_times one = sched_hart_times(&harts[i]);

		seq_put(seq, "cpu%u", i);
		put_hart_times(seq, &one);
	}
}

static int system_stat_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct thread_census census;

	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	census = inspect_census();
	put_harts(seq);
	seq_put(seq, "intr %lu\n", (unsigned long)hart_counter_sum(HART_INTERRUPTS));
	seq_put(seq, "ctxt %lu\n", (unsigned long)hart_counter_sum(HART_SWITCHES));
	seq_put(seq, "btime %lu\n", (unsigned long)((clock_wall_ns() - clock_ns()) / NSEC_PER_SEC));
	seq_put(seq, "processes %lu\n", (unsigned long)census.created);
	seq_put(seq, "procs_running %u\n", census.running);
	seq_put(seq, "procs_blocked %u\n", census.blocked);
	seq_put(seq, "softirq 0 0 0 0 0 0 0 0 0 0 0\n"); /* there are none */
	return 0;
}

static void put_seconds(struct seq *seq, uint64_t ns, char after)
{
	seq_put(seq, "%lu.%02lu%c", (unsigned long)(ns / NSEC_PER_SEC),
		(unsigned long)(ns % NSEC_PER_SEC / (NSEC_PER_SEC / 100)), after);
}

static int uptime_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	uint64_t idle_ticks = 0;

	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	for (unsigned i = 0; i < hart_count; i++)
		idle_ticks += thread_ran_ticks(harts[i].idle);
	put_seconds(seq, clock_ns(), ' ');
	put_seconds(seq, clock_ticks_to_ns(idle_ticks), '\n');
	return 0;
}

/* There are no caches of a hart, and so nothing to tune. */
static void put_slab(struct seq *seq, const struct slab_info *slab)
{
	static const char type[] = "struct ";
	bool is_type = strncmp(slab->name, type, sizeof(type) - 1) == 0;

	seq_put(seq,
		"%-17s %6zu %6zu %6u %4u    1 : tunables    0    0    0 : slabdata %6zu %6zu      0\n",
		slab->name + (is_type ? sizeof(type) - 1 : 0), slab->used,
		slab->slabs * slab->per_slab, slab->size, slab->per_slab, slab->slabs, slab->slabs);
}

/* The cursor is the cache that was put last, which stays there for ever; but 1 after the head. */
static int slabinfo_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct slab_cache *cache = NULL;
	struct slab_info slab;

	(void)source, (void)walk;
	if (*cursor == 0) {
		*cursor = 1;
		seq_put(seq,
			"slabinfo - version: 2.1\n"
			"# name            <active_objs> <num_objs> <objsize> <objperslab> "
			"<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
			"<active_slabs> <num_slabs> <sharedavail>\n");
		return 0;
	}
	if (*cursor != 1)
		cache = (const struct slab_cache *)(uintptr_t)*cursor;
	cache = slab_next(cache, &slab);
	if (!cache)
		return -ENODATA;
	put_slab(seq, &slab);
	*cursor = (uintptr_t)cache;
	return 0;
}

static void put_options(struct seq *seq, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *name;
	} options[] = {
		{ MS_NOSUID, ",nosuid" },	  { MS_NODEV, ",nodev" },
		{ MS_NOEXEC, ",noexec" },	  { MS_NOATIME, ",noatime" },
		{ MS_NODIRATIME, ",nodiratime" },
	};

	seq_put(seq, flags & MS_RDONLY ? "ro" : "rw");
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if (flags & options[i].flag)
			seq_put(seq, "%s", options[i].name);
	if (!(flags & MS_NOATIME))
		seq_put(seq, ",relatime");
}

static void put_type_options(struct seq *seq, const struct mount *mount)
{
	if (mount->type->show_options)
		mount->type->show_options(mount, seq);
}

static void put_mount(struct seq *seq, struct mount *mount, const char *path)
{
	seq_put_escaped(seq, mount->source, " \t\n\\#");
	seq_put(seq, " ");
	seq_put_escaped(seq, path, " \t\n\\");
	seq_put(seq, " %s ", mount->type->name);
	put_options(seq, atomic_load_relaxed(&mount->flags));
	put_type_options(seq, mount);
	seq_put(seq, " 0 0\n");
}

/* A mount's number is its place. The root of the tree is its own parent. */
static void put_mount_info(struct seq *seq, struct mount *mount, const char *path)
{
	unsigned flags = atomic_load_relaxed(&mount->flags);

	seq_put(seq, "%lu %lu %lu:%lu / ", (unsigned long)mount->place,
		(unsigned long)mount_parent_place(mount), (unsigned long)(mount->dev >> 8),
		(unsigned long)(mount->dev & 0xff));
	seq_put_escaped(seq, path, " \t\n\\");
	seq_put(seq, " ");
	put_options(seq, flags);
	seq_put(seq, " - %s ", mount->type->name);
	seq_put_escaped(seq, mount->source, " \t\n\\#");
	seq_put(seq, flags & MS_RDONLY ? " ro" : " rw");
	put_type_options(seq, mount);
	seq_put(seq, "\n");
}

/* The cursor is the place of the last one: a mount that is held in between would be in use. */
static int mount_record(uint64_t *cursor, struct seq *seq,
			void (*put)(struct seq *seq, struct mount *mount, const char *path))
{
	struct mount *mount = mount_after(*cursor);
	char *path;

	if (!mount)
		return -ENODATA;
	path = mem_wait_kmalloc(PATH_MAX);
	if (!path) {
		mount_put(mount);
		return -ENOMEM;
	}
	/* One that has just left the tree, or whose path is too long to be used, is not listed. */
	if (inode_path(mount->root, path, PATH_MAX) > 0 && *path == '/')
		put(seq, mount, path);
	*cursor = mount->place;
	kfree(path);
	mount_put(mount);
	return 0;
}

static int mounts_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	(void)source, (void)walk;
	return mount_record(cursor, seq, put_mount);
}

static int mountinfo_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	(void)source, (void)walk;
	return mount_record(cursor, seq, put_mount_info);
}

const struct seq_ops proc_meminfo_seq = { .record = meminfo_record };
const struct seq_ops proc_cpuinfo_seq = { .record = cpuinfo_record };
const struct seq_ops proc_system_stat_seq = { .record = system_stat_record };
const struct seq_ops proc_uptime_seq = { .record = uptime_record };
const struct seq_ops proc_slabinfo_seq = { .record = slabinfo_record };
const struct seq_ops proc_mounts_seq = { .record = mounts_record };
const struct seq_ops proc_mountinfo_seq = { .record = mountinfo_record };
