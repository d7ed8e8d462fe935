/* SPDX-License-Identifier: MIT */
/* /proc/version, cmdline, filesystems, devices, partitions, diskstats, swaps, vmstat, interrupts, loadavg, locks; and empty ones. */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "base/block.h"
#include "base/bootargs.h"
#include "base/hart.h"
#include "linux/fs/dev/dev.h"
#include "linux/fs/file/lock.h"
#include "linux/fs/proc/node.h"
#include "linux/fs/proc/proc.h"
#include "linux/fs/proc/seq.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/mount_calls.h"
#include "linux/mem/quota.h"
#include "linux/process/uts.h"
#include "mm/fault/run.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmap.h"
#include "mm/phys/large_page.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/slab.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/swap.h"
#include "mm/swap/swap_cache.h"
#include "proc/load.h"
#include "proc/sched.h"
#include "linux/process/uts.h"
#include "record/trace.h"

static int version_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct abi_utsname uts;

	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	uts_read(&uts);
	seq_put(seq, "%s version %s %s\n", uts.sysname, uts.release, uts.version);
	return 0;
}

static int cmdline_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	seq_put(seq, "%s\n", bootargs());
	return 0;
}

/* No file system is on a disk. The cursor is the index of the type. */
static int filesystems_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct fs_type *type = fs_type_at((unsigned)*cursor);

	(void)source, (void)walk;
	if (!type)
		return -ENODATA;
	seq_put(seq, "nodev\t%s\n", type->name);
	++*cursor;
	return 0;
}

static int devices_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	seq_put(seq, "Character devices:\n%3u mem\n%3u /dev/tty\n%3u /dev/console\n%3u /dev/ptmx\n",
		DEV_MAJOR_MEM, DEV_MAJOR_TTY, DEV_MAJOR_TTY, DEV_MAJOR_TTY);
	seq_put(seq, "%3u pts\n%3u port\n", DEV_MAJOR_PTS, DEV_MAJOR_PORT);
	seq_put(seq, "\nBlock devices:\n%3u virtblk\n", DEV_MAJOR_DISK);
	return 0;
}

/* The cursor is the index of the disk. */
static int partitions_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct block_device *disk = block_at((unsigned)*cursor);

	(void)source, (void)walk;
	if (!disk)
		return -ENODATA;
	if (*cursor == 0)
		seq_put(seq, "major minor  #blocks  name\n\n");
	seq_put(seq, "%4u  %7u %10lu %s\n", DEV_MAJOR_DISK, dev_disk_minor((unsigned)*cursor),
		(unsigned long)(disk->sectors * SECTOR_SIZE / 1024), disk->name);
	++*cursor;
	return 0;
}

/* How long requests take is not measured. */
void proc_put_disk_figures(struct seq *seq, const struct block_device *disk)
{
	for (unsigned i = 0; i < 2; i++)
		seq_put(seq, " %lu 0 %lu 0", (unsigned long)counter_read(&disk->requests[i]),
			(unsigned long)counter_read(&disk->moved[i]));
	seq_put(seq, " 0 0 0 0 0 0 0 0 0\n");
}

/* The cursor is the index of the disk. */
static int diskstats_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct block_device *disk = block_at((unsigned)*cursor);

	(void)source, (void)walk;
	if (!disk)
		return -ENODATA;
	seq_put(seq, "%4u %7u %s", DEV_MAJOR_DISK, dev_disk_minor((unsigned)*cursor), disk->name);
	proc_put_disk_figures(seq, disk);
	++*cursor;
	return 0;
}

static void put_average(struct seq *seq, uint64_t average)
{
	average += (1u << LOAD_SHIFT) / 200; /* rounded to hundredths */
	seq_put(seq, "%lu.%02lu ", (unsigned long)(average >> LOAD_SHIFT),
		(unsigned long)((average & ((1u << LOAD_SHIFT) - 1)) * 100 >> LOAD_SHIFT));
}

static int loadavg_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct thread_census census;
	uint64_t average[3];

	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	census = inspect_census();
	sched_load(average);
	for (unsigned i = 0; i < ARRAY_SIZE(average); i++)
		put_average(seq, average[i]);
	seq_put(seq, "%u/%u %d\n", census.running, census.all, census.last_pid);
	return 0;
}

static int locks_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	static const char *const kinds[] = {
		[FILE_LOCK_PROCESS] = "POSIX ",
		[FILE_LOCK_OPEN_FILE] = "OFDLCK",
		[FILE_LOCK_WHOLE] = "FLOCK ",
	};
	struct file_lock_line line;
	const struct file_lock *lock = &line.lock;
	int err = file_lock_next(cursor, &line);

	(void)source, (void)walk;
	if (err)
		return err;
	seq_put(seq, "%u: %s%s ADVISORY  %s %d %02lx:%02lx:%lu ", line.id, line.waits ? "-> " : "",
		kinds[lock->kind], lock->type == F_WRLCK ? "WRITE" : "READ",
		lock->kind == FILE_LOCK_OPEN_FILE ? -1 : lock->pid, (unsigned long)(line.dev >> 8),
		(unsigned long)(line.dev & 0xff), (unsigned long)line.ino);
	if (lock->end == LOCK_RANGE_END)
		seq_put(seq, "%lu EOF\n", (unsigned long)lock->start);
	else
		seq_put(seq, "%lu %lu\n", (unsigned long)lock->start, (unsigned long)lock->end);
	return 0;
}

/* There is one area; its priority has no effect, so it is the one that Linux gives the first. */
static int swaps_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct block_device *disk = swap_disk();
	struct swap_census swap = swap_census();

	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	seq_put(seq, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	if (disk && swap.usable != 0)
		seq_put(seq, "/dev/%-34s partition\t%lu\t\t%lu\t\t-2\n", disk->name,
			(unsigned long)(swap.usable * (PAGE_SIZE / 1024)),
			(unsigned long)((swap.usable - swap.free) * (PAGE_SIZE / 1024)));
	return 0;
}

static void put_count(struct seq *seq, const char *name, uint64_t count)
{
	seq_put(seq, "%s %lu\n", name, (unsigned long)count);
}

/* What disks have read or written, in KiB. */
static uint64_t disks_moved(bool written)
{
	const struct block_device *disk;
	uint64_t sectors = 0;

	for (unsigned i = 0; (disk = block_at(i)); i++)
		sectors += counter_read(&disk->moved[written]);
	return sectors / 2;
}

/* Linux has the sum only. */
static void put_splits(struct seq *seq)
{
	static const char *const names[SPLIT_REASONS] = {
		[SPLIT_WRITE] = "split_write",	   [SPLIT_PART] = "split_part",
		[SPLIT_PINNED] = "split_pinned",   [SPLIT_MOVE] = "split_move",
		[SPLIT_RECLAIM] = "split_reclaim",
	};

	put_count(seq, "thp_split_pmd", large_split_count());
	for (unsigned why = 0; why < SPLIT_REASONS; why++)
		put_count(seq, names[why], counter_read(&large_counts.split[why]));
}

static int vmstat_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	uint64_t files = quota_pages();

	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	put_count(seq, "nr_free_pages", page_alloc_free_count());
	put_count(seq, "nr_slab_unreclaimable", slab_frames());
	put_count(seq, "nr_file_pages", files + page_cache_served());
	put_count(seq, "nr_shmem", files);
	put_count(seq, "nr_kernel_stack", kstack_frames() * (PAGE_SIZE / 1024));
	put_count(seq, "nr_anon_transparent_hugepages", counter_read(&large_counts.blocks));
	put_count(seq, "pgpgin", disks_moved(false));
	put_count(seq, "pgpgout", disks_moved(true));
	put_count(seq, "pswpin", counter_read(&reclaim_counts.read));
	put_count(seq, "pswpout", counter_read(&reclaim_counts.written));
	put_count(seq, "pgfault", trace_count());
	put_count(seq, "pglazyfree", counter_read(&reclaim_counts.lazyfree));
	put_count(seq, "pglazyfreed", counter_read(&reclaim_counts.lazyfreed));
	put_count(seq, "pgscan_direct", counter_read(&reclaim_counts.scanned));
	put_count(seq, "pgsteal_direct", counter_read(&reclaim_counts.dropped));
	/* Linux has no runs, and no names for their counts. */
	put_count(seq, "run_faults", counter_read(&run_counts.runs));
	put_count(seq, "run_pages", counter_read(&run_counts.pages));
	put_count(seq, "run_zero_pages", counter_read(&run_counts.zero_pages));
	put_count(seq, "run_reused_pages", counter_read(&run_counts.reused_pages));
	put_count(seq, "thp_fault_alloc", counter_read(&large_counts.filled));
	put_count(seq, "thp_fault_fallback", counter_read(&large_counts.refused));
	put_count(seq, "thp_collapse_alloc", counter_read(&large_counts.collapsed));
	put_splits(seq);
	put_count(seq, "allocstall_normal", counter_read(&reclaim_counts.direct));
	return 0;
}

static void put_row(struct seq *seq, const char *name, enum hart_counter which, const char *what)
{
	seq_put(seq, "%3s: ", name);
	for (unsigned i = 0; i < hart_count; i++)
		seq_put(seq, "%10lu ", (unsigned long)counter_read(&harts[i].counters[which]));
	seq_put(seq, " %s\n", what);
}

/* The names of the harts, above their columns. */
static void put_hart_names(struct seq *seq)
{
	for (unsigned i = 0; i < hart_count; i++)
		seq_put(seq, "CPU%-8u", i);
}

/* What comes from a device is counted only together with the others, in /proc/stat. */
static int interrupts_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	seq_put(seq, "           ");
	put_hart_names(seq);
	seq_put(seq, "\n");
	put_row(seq, "LOC", HART_TIMER_INTERRUPTS, "Local timer interrupts");
	put_row(seq, "IPI", HART_IPIS, "Interrupts from other harts");
	return 0;
}

static int text_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;

	(void)walk;
	if (*node->entry->text == '\0' || seq_once(cursor) != 0)
		return -ENODATA;
	seq_put(seq, "%s", node->entry->text);
	return 0;
}

/* As on Linux, which has work of these kinds. Here there is none. */
static int softirqs_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	static const char *const kinds[] = { "HI",	 "TIMER",   "NET_TX", "NET_RX",	 "BLOCK",
					     "IRQ_POLL", "TASKLET", "SCHED",  "HRTIMER", "RCU" };

	(void)source, (void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	seq_put(seq, "                    ");
	put_hart_names(seq);
	for (unsigned kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		seq_put(seq, "\n%12s:", kinds[kind]);
		for (unsigned i = 0; i < hart_count; i++)
			seq_put(seq, " %10u", 0);
	}
	seq_put(seq, "\n");
	return 0;
}

const struct seq_ops proc_text_seq = { .record = text_record };
const struct seq_ops proc_softirqs_seq = { .record = softirqs_record };
const struct seq_ops proc_diskstats_seq = { .record = diskstats_record };
const struct seq_ops proc_locks_seq = { .record = locks_record };
const struct seq_ops proc_loadavg_seq = { .record = loadavg_record };
const struct seq_ops proc_version_seq = { .record = version_record };
const struct seq_ops proc_bootargs_seq = { .record = cmdline_record };
const struct seq_ops proc_filesystems_seq = { .record = filesystems_record };
const struct seq_ops proc_devices_seq = { .record = devices_record };
const struct seq_ops proc_partitions_seq = { .record = partitions_record };
const struct seq_ops proc_swaps_seq = { .record = swaps_record };
const struct seq_ops proc_vmstat_seq = { .record = vmstat_record };
const struct seq_ops proc_interrupts_seq = { .record = interrupts_record };
