/* SPDX-License-Identifier: MIT */
/* What is below /proc/sys: the limits and the names of this kernel, and what can be changed of them. */
#include "abi/capability.h"
#include "abi/limits.h"
#include "base/hart.h"
#include "base/random.h"
#include "desc/file.h"
#include "lib/format.h"
#include "linux/fs/file/pipe_size.h"
#include "lib/string.h"
#include "linux/fs/dump/core_name.h"
#include "linux/fs/file/dir_file.h"
#include "linux/fs/notify/inotify.h"
#include "linux/fs/proc/severity.h"
#include "linux/fs/proc/sysctl.h"
#include "linux/fs/vfs/permission.h"
#include "linux/fs/file/userfaultfd.h"
#include "linux/mqueue/mqueue.h"
#include "linux/process/limits.h"
#include "linux/process/uts.h"
#include "linux/sysv/msg.h"
#include "linux/sysv/sem.h"
#include "linux/sysv/shm.h"
#include "linux/sysv/util.h"
#include "mm/fault/readahead.h"
#include "mm/object/object.h"
#include "mm/phys/page_alloc.h"
#include "mm/space/commit.h"
#include "mm/space/vma.h"
#include "mm/swap/relieve.h"
#include "proc/process.h"
#include "proc/rt_queue.h"

/* The id that Linux shows in the place of one that has no number in a user's name space. */
#define OVERFLOW_ID 65534u

/* ---- names ---- */

/* A name is at that offset in what uname says. */
static void show_uts(char *text, size_t offset)
{
	struct abi_utsname uts;

	uts_read(&uts);
	str_copy(text, (const char *)&uts + offset, SYSCTL_STRING_MAX);
}

#define UTS(name, field)                                             \
	static void show_##name(char *text)                          \
	{                                                            \
		show_uts(text, offsetof(struct abi_utsname, field)); \
	}

UTS(ostype, sysname)
UTS(osrelease, release)
UTS(version, version)
UTS(arch, machine)
UTS(hostname, nodename)
UTS(domainname, domainname)

static int store_hostname(const char *text)
{
	uts_set_hostname(text, strlen(text));
	return 0;
}

static int store_domainname(const char *text)
{
	uts_set_domainname(text, strlen(text));
	return 0;
}

_Static_assert(CORE_PATTERN_MAX <= SYSCTL_STRING_MAX, "it can be shown");

/* ---- random numbers ---- */

/* Two words of a random UUID; no half of one is 0, for each has a bit that is always set. */
static void make_uuid(uint64_t word[2])
{
	uint8_t *byte = (uint8_t *)word;

	random_bytes(word, 2 * sizeof(word[0]));
	byte[6] = (byte[6] & 0x0f) | 0x40;
	byte[8] = (byte[8] & 0x3f) | 0x80;
}

static void put_uuid(const uint64_t word[2], char *text)
{
	const uint8_t *byte = (const uint8_t *)word;
	size_t len = 0;

	for (unsigned i = 0; i < 16; i++)
		kappendf(text, SYSCTL_STRING_MAX, &len, "%s%02x",
			 i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte[i]);
}

static void show_uuid(char *text)
{
	uint64_t word[2];

	make_uuid(word);
	put_uuid(word, text);
}

/* Made when it is first read; of two threads that do that at once, the first one wins each half. */
static void show_boot_id(char *text)
{
	static uint64_t boot_id[2]; /* atomic; 0: not made yet */
	uint64_t word[2];

	make_uuid(word);
	for (unsigned i = 0; i < 2; i++) {
		atomic_cas(&boot_id[i], 0, word[i]);
		word[i] = atomic_load(&boot_id[i]);
	}
	put_uuid(word, text);
}

static uint64_t get_entropy(unsigned index)
{
	(void)index;
	return random_entropy_bits();
}

/* ---- numbers ---- */

static uint64_t get_overcommit(unsigned index)
{
	(void)index;
	return commit_is_strict() ? 2 : 1;
}

static uint64_t get_file_nr(unsigned index)
{
	return index == 0 ? files_open() : index == 1 ? 0 : files_most();
}

static uint64_t get_file_max(unsigned index)
{
	(void)index;
	return files_most();
}

/* No unused inode is kept. The freed ones are summed first: an inode that is made and freed in between may not count as freed alone. */
static uint64_t get_inodes(unsigned index)
{
	uint64_t freed = hart_counter_sum(HART_INODES_FREED);

	return index == 0 ? hart_counter_sum(HART_INODES_MADE) - freed : 0;
}

static uint64_t get_min_free(unsigned index)
{
	(void)index;
	return page_alloc_reserve_count() * (PAGE_SIZE / 1024);
}

/* Messages of a severity below the first number are shown. Then come a message's default, the least first number, and that at boot. */
static uint64_t get_printk(unsigned index)
{
	static const uint8_t fixed[] = { 0, 4, 1, 7 };

	return index ? fixed[index] : log_severity(log_shown_level()) + 1;
}

static int set_nothing(unsigned index, uint64_t value)
{
	(void)index, (void)value;
	return 0;
}

static uint64_t get_pipe_size(unsigned index)
{
	(void)index;
	return pipe_size_most();
}

static int set_pipe_size(unsigned index, uint64_t value)
{
	(void)index;
	return pipe_set_size_most(value);
}

/* A number that never changes. */
#define CONSTANT(name, value)                      \
	static uint64_t get_##name(unsigned index) \
	{                                          \
		(void)index;                       \
		return (value);                    \
	}

CONSTANT(zero, 0)
CONSTANT(one, 1)
CONSTANT(overflow_id, OVERFLOW_ID)
CONSTANT(cap_last_cap, CAP_LAST_CAP)
CONSTANT(ngroups_max, NGROUPS_MAX)
CONSTANT(pid_max, PID_MAX)
CONSTANT(threads_max, PID_MAX - 1)
CONSTANT(poolsize, RANDOM_STATE_BITS)
CONSTANT(map_count, VMA_COUNT_MAX)
CONSTANT(mmap_min_addr, PAGE_SIZE)
CONSTANT(nr_open, NOFILE_MAX)
CONSTANT(rt_period, RT_PERIOD_MS * 1000)
CONSTANT(rt_run, RT_RUN_MS * 1000)
CONSTANT(rt_slice, RT_SLICE_MS)
CONSTANT(page_cluster, __builtin_ctz(READAHEAD_MAX))
CONSTANT(reseed, 60)
CONSTANT(two, 2)

/* A number that is an element of an array of atomic ones, and can be changed. */
#define VARIABLE(name, array, which)                                    \
	static uint64_t get_##name(unsigned index)                      \
	{                                                               \
		return atomic_load_relaxed(&(array)[(which) + index]);  \
	}                                                               \
	static int set_##name(unsigned index, uint64_t value)           \
	{                                                               \
		atomic_store_relaxed(&(array)[(which) + index], value); \
		return 0;                                               \
	}

VARIABLE(shmmax, sysv_shm_limits, SHM_LIMIT_MAX)
VARIABLE(shmall, sysv_shm_limits, SHM_LIMIT_ALL)
VARIABLE(shmmni, sysv_shm_limits, SHM_LIMIT_MNI)
VARIABLE(sem, sysv_sem_limits, 0)
VARIABLE(msgmax, sysv_msg_limits, MSG_LIMIT_MAX)
VARIABLE(msgmnb, sysv_msg_limits, MSG_LIMIT_MNB)
VARIABLE(msgmni, sysv_msg_limits, MSG_LIMIT_MNI)
VARIABLE(queued_events, inotify_limits, INOTIFY_QUEUED_EVENTS)
VARIABLE(instances, inotify_limits, INOTIFY_INSTANCES)
VARIABLE(watches, inotify_limits, INOTIFY_WATCHES)
VARIABLE(core_uses_pid, core_uses_pid, 0)
VARIABLE(mq_queues, mq_limits, MQ_LIMIT_QUEUES)
VARIABLE(mq_msg, mq_limits, MQ_LIMIT_MSG)
VARIABLE(mq_msgsize, mq_limits, MQ_LIMIT_MSGSIZE)
VARIABLE(mq_msg_default, mq_limits, MQ_LIMIT_MSG_DEFAULT)
VARIABLE(mq_msgsize_default, mq_limits, MQ_LIMIT_MSGSIZE_DEFAULT)

VARIABLE(protected_fifos, protections, PROTECTED_FIFOS)
VARIABLE(protected_hardlinks, protections, PROTECTED_HARDLINKS)
VARIABLE(protected_regular, protections, PROTECTED_REGULAR)
VARIABLE(protected_symlinks, protections, PROTECTED_SYMLINKS)
VARIABLE(log_restricted, log_restricted, 0)
VARIABLE(userfaultfd, userfaultfd_limits, UNPRIVILEGED_USERFAULTFD)

static int set_dmesg_restrict(unsigned index, uint64_t value)
{
	return capable(CAP_SYS_ADMIN) ? set_log_restricted(index, value) : -EPERM;
}

/* 1 is about pages, 2 about objects of the kernel; 4 asks for no message about it. */
static int set_drop_caches(unsigned index, uint64_t value)
{
	(void)index;
	if (value & 2)
		mm_trim();
	else if (value & 1)
		object_trim();
	return 0;
}

#define ENTRY(text, mode_, file_ops_, ops_) \
	.entry = { .name = (text),          \
		   .len = sizeof(text) - 1, \
		   .mode = (mode_),         \
		   .file_ops = (file_ops_), \
		   .ops = (ops_) }
#define DIRECTORY(in, name, which)                                                              \
	{                                                                                       \
		ENTRY(name, S_IFDIR | 0555, &dir_file_ops, &proc_sys_dir_ops), .dir = (in),     \
									       .lists = (which) \
	}
#define VALUE(in, name, mode) \
	ENTRY(name, S_IFREG | (mode), &proc_sysctl_file_ops, &proc_sysctl_ops), .dir = (in)
#define NUMBER(in, name, mode, get_)                 \
	{                                            \
		VALUE(in, name, mode), .get = (get_) \
	}
#define SETTABLE(in, name, which) VALUE(in, name, 0644), .get = get_##which, .set = set_##which
#define NAME_OF(name, which)                                                            \
	VALUE(SYSCTL_KERNEL, name, 0644), .show = show_##which, .store = store_##which, \
					  .size = ABI_UTS_LEN
#define STRING(in, name, mode, show_)                  \
	{                                              \
		VALUE(in, name, mode), .show = (show_) \
	}

/*
 * As on Linux by the alphabet. Values with mode 0644 that nothing sets here accept a write of what they are.
 */
const struct sysctl sysctls[] = {
	DIRECTORY(SYSCTL_ROOT, "fs", SYSCTL_FS),
	{ VALUE(SYSCTL_FS, "dentry-state", 0444), .get = get_zero, .count = 6 },
	NUMBER(SYSCTL_FS, "file-max", 0644, get_file_max),
	{ VALUE(SYSCTL_FS, "file-nr", 0444), .get = get_file_nr, .count = 3 },
	{ VALUE(SYSCTL_FS, "inode-nr", 0444), .get = get_inodes, .count = 2 },
	{ VALUE(SYSCTL_FS, "inode-state", 0444), .get = get_inodes, .count = 7 },
	DIRECTORY(SYSCTL_FS, "inotify", SYSCTL_FS_INOTIFY),
	{ SETTABLE(SYSCTL_FS_INOTIFY, "max_queued_events", queued_events), .most = INT32_MAX },
	{ SETTABLE(SYSCTL_FS_INOTIFY, "max_user_instances", instances), .most = INT32_MAX },
	{ SETTABLE(SYSCTL_FS_INOTIFY, "max_user_watches", watches), .most = INT32_MAX },
	DIRECTORY(SYSCTL_FS, "mqueue", SYSCTL_FS_MQUEUE),
	{ SETTABLE(SYSCTL_FS_MQUEUE, "msg_default", mq_msg_default), .least = 1,
	  .most = MQ_MSG_MOST },
	{ SETTABLE(SYSCTL_FS_MQUEUE, "msg_max", mq_msg), .least = 1, .most = MQ_MSG_MOST },
	{ SETTABLE(SYSCTL_FS_MQUEUE, "msgsize_default", mq_msgsize_default),
	  .least = MQ_MSGSIZE_LEAST, .most = MQ_MSGSIZE_MOST },
	{ SETTABLE(SYSCTL_FS_MQUEUE, "msgsize_max", mq_msgsize), .least = MQ_MSGSIZE_LEAST,
	  .most = MQ_MSGSIZE_MOST },
	{ SETTABLE(SYSCTL_FS_MQUEUE, "queues_max", mq_queues), .most = INT32_MAX },
	NUMBER(SYSCTL_FS, "nr_open", 0644, get_nr_open),
	NUMBER(SYSCTL_FS, "overflowgid", 0644, get_overflow_id),
	NUMBER(SYSCTL_FS, "overflowuid", 0644, get_overflow_id),
	{ VALUE(SYSCTL_FS, "pipe-max-size", 0644), .get = get_pipe_size, .set = set_pipe_size },
	NUMBER(SYSCTL_FS, "pipe-user-pages-hard", 0644, get_zero),
	NUMBER(SYSCTL_FS, "pipe-user-pages-soft", 0644, get_zero),
	{ SETTABLE(SYSCTL_FS, "protected_fifos", protected_fifos), .most = 2 },
	{ SETTABLE(SYSCTL_FS, "protected_hardlinks", protected_hardlinks), .most = 1 },
	{ SETTABLE(SYSCTL_FS, "protected_regular", protected_regular), .most = 2 },
	{ SETTABLE(SYSCTL_FS, "protected_symlinks", protected_symlinks), .most = 1 },
	NUMBER(SYSCTL_FS, "suid_dumpable", 0644, get_zero),

	DIRECTORY(SYSCTL_ROOT, "kernel", SYSCTL_KERNEL),
	STRING(SYSCTL_KERNEL, "arch", 0444, show_arch),
	NUMBER(SYSCTL_KERNEL, "cap_last_cap", 0444, get_cap_last_cap),
	{ VALUE(SYSCTL_KERNEL, "core_pattern", 0644), .show = core_pattern_read,
	  .store = core_pattern_set, .size = CORE_PATTERN_MAX },
	{ SETTABLE(SYSCTL_KERNEL, "core_uses_pid", core_uses_pid), .most = INT32_MAX },
	{ VALUE(SYSCTL_KERNEL, "dmesg_restrict", 0644), .get = get_log_restricted,
	  .set = set_dmesg_restrict, .most = 1 },
	{ NAME_OF("domainname", domainname) },
	{ NAME_OF("hostname", hostname) },
	NUMBER(SYSCTL_KERNEL, "kptr_restrict", 0644, get_two),
	{ SETTABLE(SYSCTL_KERNEL, "msgmax", msgmax), .most = INT32_MAX },
	{ SETTABLE(SYSCTL_KERNEL, "msgmnb", msgmnb), .most = INT32_MAX },
	{ SETTABLE(SYSCTL_KERNEL, "msgmni", msgmni), .most = IPC_MNI },
	NUMBER(SYSCTL_KERNEL, "ngroups_max", 0444, get_ngroups_max),
	STRING(SYSCTL_KERNEL, "osrelease", 0444, show_osrelease),
	STRING(SYSCTL_KERNEL, "ostype", 0444, show_ostype),
	NUMBER(SYSCTL_KERNEL, "overflowgid", 0644, get_overflow_id),
	NUMBER(SYSCTL_KERNEL, "overflowuid", 0644, get_overflow_id),
	NUMBER(SYSCTL_KERNEL, "panic", 0644, get_zero),
	NUMBER(SYSCTL_KERNEL, "panic_on_oops", 0644, get_one),
	NUMBER(SYSCTL_KERNEL, "pid_max", 0644, get_pid_max),
	{ VALUE(SYSCTL_KERNEL, "printk", 0644), .get = get_printk, .count = 4 },
	DIRECTORY(SYSCTL_KERNEL, "random", SYSCTL_KERNEL_RANDOM),
	STRING(SYSCTL_KERNEL_RANDOM, "boot_id", 0444, show_boot_id),
	NUMBER(SYSCTL_KERNEL_RANDOM, "entropy_avail", 0444, get_entropy),
	NUMBER(SYSCTL_KERNEL_RANDOM, "poolsize", 0444, get_poolsize),
	{ VALUE(SYSCTL_KERNEL_RANDOM, "urandom_min_reseed_secs", 0644), .get = get_reseed,
	  .set = set_nothing },
	STRING(SYSCTL_KERNEL_RANDOM, "uuid", 0444, show_uuid),
	{ VALUE(SYSCTL_KERNEL_RANDOM, "write_wakeup_threshold", 0644), .get = get_poolsize,
	  .set = set_nothing },
	NUMBER(SYSCTL_KERNEL, "randomize_va_space", 0644, get_zero),
	NUMBER(SYSCTL_KERNEL, "sched_rr_timeslice_ms", 0644, get_rt_slice),
	NUMBER(SYSCTL_KERNEL, "sched_rt_period_us", 0644, get_rt_period),
	NUMBER(SYSCTL_KERNEL, "sched_rt_runtime_us", 0644, get_rt_run),
	{ SETTABLE(SYSCTL_KERNEL, "sem", sem), .count = 4, .most = INT32_MAX },
	NUMBER(SYSCTL_KERNEL, "shm_rmid_forced", 0644, get_zero),
	{ SETTABLE(SYSCTL_KERNEL, "shmall", shmall) },
	{ SETTABLE(SYSCTL_KERNEL, "shmmax", shmmax) },
	{ SETTABLE(SYSCTL_KERNEL, "shmmni", shmmni), .most = IPC_MNI },
	NUMBER(SYSCTL_KERNEL, "sysctl_writes_strict", 0644, get_one),
	NUMBER(SYSCTL_KERNEL, "tainted", 0644, get_zero),
	NUMBER(SYSCTL_KERNEL, "threads-max", 0644, get_threads_max),
	STRING(SYSCTL_KERNEL, "version", 0444, show_version),

	DIRECTORY(SYSCTL_ROOT, "vm", SYSCTL_VM),
	{ VALUE(SYSCTL_VM, "drop_caches", 0200), .get = get_zero, .set = set_drop_caches,
	  .least = 1, .most = 4 },
	NUMBER(SYSCTL_VM, "laptop_mode", 0644, get_zero),
	NUMBER(SYSCTL_VM, "legacy_va_layout", 0644, get_zero),
	NUMBER(SYSCTL_VM, "max_map_count", 0644, get_map_count),
	NUMBER(SYSCTL_VM, "memfd_noexec", 0644, get_zero),
	NUMBER(SYSCTL_VM, "min_free_kbytes", 0644, get_min_free),
	NUMBER(SYSCTL_VM, "mmap_min_addr", 0644, get_mmap_min_addr),
	NUMBER(SYSCTL_VM, "nr_hugepages", 0644, get_zero),
	NUMBER(SYSCTL_VM, "nr_overcommit_hugepages", 0644, get_zero),
	NUMBER(SYSCTL_VM, "oom_kill_allocating_task", 0644, get_zero),
	NUMBER(SYSCTL_VM, "overcommit_memory", 0644, get_overcommit),
	NUMBER(SYSCTL_VM, "page-cluster", 0644, get_page_cluster),
	NUMBER(SYSCTL_VM, "panic_on_oom", 0644, get_zero),
	{ SETTABLE(SYSCTL_VM, "unprivileged_userfaultfd", userfaultfd), .most = 1 },
	NUMBER(SYSCTL_VM, "zone_reclaim_mode", 0644, get_zero),
};

const unsigned sysctl_count = ARRAY_SIZE(sysctls);
