/* SPDX-License-Identifier: MIT */
/* The inodes of /proc, and the tables of what is in its directories. */
#pragma once

#include "linux/fs/vfs/inode.h"
#include "linux/process/inspect.h"
#include "linux/process/thread_id.h"

struct namespace;
struct proc_node;
struct seq_ops;

#define PROC_NAME_MAX 32u

/* A name that is in every directory of its kind. */
struct proc_entry {
	const char *name;
	size_t len; /* of the name; less than PROC_NAME_MAX */
	uint32_t mode;
	const struct file_ops *file_ops; /* NULL: path_file_ops, for links */
	const struct inode_ops *ops;	 /* of directories and values of /proc/sys; else NULL */
	/* Of directories with proc_fixed_dir_ops: what is in them. */
	const struct proc_entry *children;
	unsigned nchildren;
	const struct seq_ops *seq; /* files with proc_file_ops: the source is the node */
	/*
	 * Links: writes the target into buf, terminated. Returns its length, or -ENOENT if the
	 * process has none. May sleep; no spinning lock is held.
	 */
	ssize_t (*target)(struct proc_node *link, char *buf, size_t size);
	/* Links: the slot `follow` of struct inode_ops; NULL: the text is followed. */
	int (*follow)(struct proc_node *link, struct inode **inode_ret);
	bool shortcut; /* as in struct inode_ops */
	size_t size;   /* st_size */
	bool guarded; /* only who may look into the process may open the file, or follow the link */
	bool of_machine; /* in a directory of a process: the same in all */
	const char *
		text; /* of files with proc_text_seq: all of it; with proc_link_target: the target */
	const struct namespace *ns; /* where a link of `ns` leads to */
	unsigned table;		    /* of files with proc_table_file_ops: SERVED_TABLE_* */
};

/* All is const. Each look-up makes one, but for the names in the root. */
struct proc_node {
	struct inode inode;
	const struct proc_entry *entry; /* NULL: the root, or a directory of a process or thread */
	struct thread_id id;  /* pid 0: it is about no process; tid: whose directory it is in */
	bool alone;	      /* below `task`: of the thread, without the others */
	struct inode *parent; /* referenced; the root is its own, without a reference */
	int fd;		      /* of a name in /proc/PID/fd; else -1 */
	vaddr_t start, end;   /* of one in map_files; else 0 */
	struct inode **names; /* of the root: the inodes of proc_root_entries; kmalloc() */
};

static inline struct proc_node *to_proc(struct inode *inode)
{
	return container_of(inode, struct proc_node, inode);
}

/* The names. `count` of them; what they are is in linux/fs/proc/names.c. A thread has those of a process but the first ones. */
extern const struct proc_entry proc_root_entries[], proc_process_entries[], proc_fd_entry;
extern const struct proc_entry proc_fdinfo_entry, proc_map_file_entry;
extern const unsigned proc_root_count, proc_process_count;
#define PROC_TASK_ENTRY	  0u /* the index of `task`; all behind it are also a thread's */
#define PROC_THREAD_FIRST 2u

extern const struct inode_ops proc_fd_dir_ops, proc_fdinfo_dir_ops, proc_task_dir_ops;
extern const struct inode_ops proc_fixed_dir_ops, proc_own_dir_ops, proc_map_files_dir_ops;

/* Slots of all files of /proc, and of those of a process. */
#define PROC_FILE_SLOTS \
	.stat = inode_file_stat, .truncate = inode_file_truncate_nothing, .has_inode = true
#define PROCESS_FILE_SLOTS PROC_FILE_SLOTS, .no_splice = NO_SPLICE_FROM | NO_SPLICE_TO

/* Files of text: of the machine, whose writes fail with -EIO; of a process, with -EINVAL. */
extern const struct file_ops proc_system_file_ops, proc_file_ops, proc_stack_file_ops;
extern const struct file_ops proc_table_file_ops;
/* maps answers PROCMAP_QUERY, and pagemap PAGEMAP_SCAN; environ and auxv are memory, too. */
extern const struct file_ops proc_maps_file_ops, proc_environ_file_ops, proc_auxv_file_ops;
extern const struct file_ops proc_smaps_file_ops, proc_smaps_rollup_file_ops, proc_mem_file_ops;
extern const struct file_ops proc_dump_filter_file_ops, proc_oom_adj_file_ops,
	proc_clear_refs_file_ops, proc_pagemap_file_ops;
extern const struct file_ops proc_attr_file_ops;
/* comm can be written by the threads of its process; cmdline is the process's own memory. */
extern const struct file_ops proc_comm_file_ops, proc_cmdline_file_ops, proc_mounts_file_ops;

extern const struct seq_ops proc_status_seq, proc_limits_seq, proc_stat_seq, proc_statm_seq,
	proc_comm_seq;
extern const struct seq_ops proc_syscall_seq, proc_stack_seq;
extern const struct seq_ops proc_schedstat_seq, proc_personality_seq, proc_wchan_seq, proc_io_seq,
	proc_no_id_seq, proc_id_map_seq, proc_setgroups_seq, proc_cgroup_seq;
extern const struct seq_ops proc_maps_seq, proc_mounts_seq, proc_mountinfo_seq, proc_fdinfo_seq;
extern const struct seq_ops proc_text_seq, proc_softirqs_seq;
extern const struct seq_ops proc_smaps_seq, proc_smaps_rollup_seq, proc_oom_score_seq;
extern const struct seq_ops proc_meminfo_seq, proc_cpuinfo_seq, proc_uptime_seq, proc_slabinfo_seq;
extern const struct seq_ops proc_system_stat_seq;
extern const struct seq_ops proc_version_seq, proc_bootargs_seq, proc_filesystems_seq;
extern const struct seq_ops proc_devices_seq, proc_partitions_seq, proc_swaps_seq;
extern const struct seq_ops proc_vmstat_seq, proc_interrupts_seq;
extern const struct seq_ops proc_locks_seq, proc_loadavg_seq, proc_diskstats_seq;
extern const struct seq_ops proc_sysvipc_shm_seq, proc_sysvipc_sem_seq, proc_sysvipc_msg_seq;

/*
 * Files about the memory of a process stay with that which it had when they were opened; only who may look into it opens them. A
 * later image of the process is another memory. Slots, for files with the memory in file->data; -ESRCH: there is none.
 */
int proc_memory_opened(struct file *file);
void proc_memory_release(struct file *file);
/* Returns the memory with a reference, or NULL if no process uses it any more. */
struct uspace *proc_memory_get(const struct file *file);

/* What files of text about memory have as the source of their records; kmalloc(). const. */
struct proc_memory {
	const struct proc_node *node;
	struct uspace *uspace; /* of inspect_grab_space() */
};

int proc_maps_ioctl(struct file *file, unsigned long request, vaddr_t arg);
int proc_pagemap_ioctl(struct file *file, unsigned long request, vaddr_t arg);

ssize_t proc_self_target(struct proc_node *link, char *buf, size_t size);
int proc_self_follow(struct proc_node *link, struct inode **inode_ret);
ssize_t proc_thread_self_target(struct proc_node *link, char *buf, size_t size);
int proc_thread_self_follow(struct proc_node *link, struct inode **inode_ret);
ssize_t proc_link_target(struct proc_node *link, char *buf, size_t size);
ssize_t proc_exe_target(struct proc_node *link, char *buf, size_t size);
int proc_exe_follow(struct proc_node *link, struct inode **inode_ret);
ssize_t proc_root_target(struct proc_node *link, char *buf, size_t size);
int proc_root_follow(struct proc_node *link, struct inode **inode_ret);
ssize_t proc_cwd_target(struct proc_node *link, char *buf, size_t size);
int proc_cwd_follow(struct proc_node *link, struct inode **inode_ret);
ssize_t proc_fd_target(struct proc_node *link, char *buf, size_t size);
int proc_fd_follow(struct proc_node *link, struct inode **inode_ret);
ssize_t proc_ns_target(struct proc_node *link, char *buf, size_t size);
int proc_ns_follow(struct proc_node *link, struct inode **inode_ret);
ssize_t proc_map_file_target(struct proc_node *link, char *buf, size_t size);
int proc_map_file_follow(struct proc_node *link, struct inode **inode_ret);

/*
 * Finds the first mapping of a file of a process that begins at or above `from`, or with `exact` the one that begins there.
 * Returns 0 and the file's inode, as by path_get(); -ENODATA; -ESRCH; -EACCES; or -EINTR.
 */
int proc_map_file(const struct thread_id *id, vaddr_t from, bool exact, struct map_facts *map_ret,
		  struct inode **inode_ret);
