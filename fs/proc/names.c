/* SPDX-License-Identifier: MIT */
/* What is in /proc and in the directory of each process, in the order in which Linux lists it. */
#include "fs/dir_file.h"
#include "fs/proc/node.h"
#include "fs/proc/sysctl.h"
#include "lib/bits.h"

#define NAME(text) .name = (text), .len = sizeof(text) - 1

#define MACHINE(text, seq_)                                                            \
	{                                                                              \
		NAME(text), .mode = S_IFREG | 0444, .file_ops = &proc_system_file_ops, \
			    .seq = &(seq_)                                             \
	}

static const struct proc_entry sysvipc_entries[] = {
	MACHINE("msg", proc_sysvipc_msg_seq),
	MACHINE("sem", proc_sysvipc_sem_seq),
	MACHINE("shm", proc_sysvipc_shm_seq),
};

const struct proc_entry proc_root_entries[] = {
	MACHINE("misc", proc_empty_seq),
	MACHINE("modules", proc_empty_seq),
	MACHINE("cgroups", proc_cgroups_seq),
	MACHINE("swaps", proc_swaps_seq),
	MACHINE("vmstat", proc_vmstat_seq),
	MACHINE("cmdline", proc_bootargs_seq),
	MACHINE("devices", proc_devices_seq),
	MACHINE("loadavg", proc_loadavg_seq),
	MACHINE("locks", proc_locks_seq),
	MACHINE("version", proc_version_seq),
	MACHINE("diskstats", proc_diskstats_seq),
	MACHINE("interrupts", proc_interrupts_seq),
	MACHINE("partitions", proc_partitions_seq),
	MACHINE("filesystems", proc_filesystems_seq),
	MACHINE("stat", proc_system_stat_seq),
	{ NAME("mounts"), .mode = S_IFLNK | 0777, .target = proc_mounts_target,
	  .size = sizeof("self/mounts") - 1 },
	{ NAME("slabinfo"), .mode = S_IFREG | 0400, .file_ops = &proc_system_file_ops,
	  .seq = &proc_slabinfo_seq },
	MACHINE("uptime", proc_uptime_seq),
	MACHINE("cpuinfo", proc_cpuinfo_seq),
	MACHINE("meminfo", proc_meminfo_seq),
	{ NAME("sys"), .mode = S_IFDIR | 0555, .file_ops = &dir_file_ops,
	  .ops = &proc_sys_dir_ops },
	{ NAME("sysvipc"), .mode = S_IFDIR | 0555, .file_ops = &dir_file_ops,
	  .ops = &proc_fixed_dir_ops, .children = sysvipc_entries,
	  .nchildren = ARRAY_SIZE(sysvipc_entries) },
	{ NAME("self"), .mode = S_IFLNK | 0777, .target = proc_self_target,
	  .follow = proc_self_follow, .shortcut = true },
	{ NAME("thread-self"), .mode = S_IFLNK | 0777, .target = proc_thread_self_target,
	  .follow = proc_thread_self_follow, .shortcut = true },
};

const struct proc_entry proc_process_entries[] = {
	[PROC_TASK_ENTRY] = { NAME("task"), .mode = S_IFDIR | 0555, .file_ops = &dir_file_ops,
			      .ops = &proc_task_dir_ops },
	{ NAME("timerslack_ns"), .mode = S_IFREG | 0666, .file_ops = &proc_slack_file_ops,
	  .seq = &proc_slack_seq },
	{ NAME("fd"), .mode = S_IFDIR | 0500, .file_ops = &dir_file_ops, .ops = &proc_fd_dir_ops },
	{ NAME("fdinfo"), .mode = S_IFDIR | 0555, .file_ops = &dir_file_ops,
	  .ops = &proc_fdinfo_dir_ops },
	{ NAME("environ"), .mode = S_IFREG | 0400, .file_ops = &proc_environ_file_ops },
	{ NAME("auxv"), .mode = S_IFREG | 0400, .file_ops = &proc_auxv_file_ops },
	{ NAME("status"), .mode = S_IFREG | 0444, .file_ops = &proc_file_ops,
	  .seq = &proc_status_seq },
	{ NAME("personality"), .mode = S_IFREG | 0400, .file_ops = &proc_file_ops,
	  .seq = &proc_personality_seq, .guarded = true },
	{ NAME("limits"), .mode = S_IFREG | 0444, .file_ops = &proc_file_ops,
	  .seq = &proc_limits_seq },
	{ NAME("comm"), .mode = S_IFREG | 0644, .file_ops = &proc_comm_file_ops,
	  .seq = &proc_comm_seq },
	{ NAME("cmdline"), .mode = S_IFREG | 0444, .file_ops = &proc_cmdline_file_ops },
	{ NAME("stat"), .mode = S_IFREG | 0444, .file_ops = &proc_file_ops, .seq = &proc_stat_seq },
	{ NAME("statm"), .mode = S_IFREG | 0444, .file_ops = &proc_file_ops,
	  .seq = &proc_statm_seq },
	{ NAME("maps"), .mode = S_IFREG | 0444, .file_ops = &proc_maps_file_ops,
	  .seq = &proc_maps_seq },
	{ NAME("mem"), .mode = S_IFREG | 0600, .file_ops = &proc_mem_file_ops },
	{ NAME("cwd"), .mode = S_IFLNK | 0777, .target = proc_cwd_target, .follow = proc_cwd_follow,
	  .guarded = true },
	{ NAME("root"), .mode = S_IFLNK | 0777, .target = proc_root_target,
	  .follow = proc_root_follow, .guarded = true },
	{ NAME("exe"), .mode = S_IFLNK | 0777, .target = proc_exe_target, .follow = proc_exe_follow,
	  .guarded = true },
	{ NAME("mounts"), .mode = S_IFREG | 0444, .file_ops = &proc_mounts_file_ops,
	  .seq = &proc_mounts_seq },
	{ NAME("mountinfo"), .mode = S_IFREG | 0444, .file_ops = &proc_mounts_file_ops,
	  .seq = &proc_mountinfo_seq },
	{ NAME("clear_refs"), .mode = S_IFREG | 0200, .file_ops = &proc_clear_refs_file_ops },
	{ NAME("smaps"), .mode = S_IFREG | 0444, .file_ops = &proc_smaps_file_ops,
	  .seq = &proc_smaps_seq },
	{ NAME("smaps_rollup"), .mode = S_IFREG | 0444, .file_ops = &proc_smaps_rollup_file_ops,
	  .seq = &proc_smaps_rollup_seq },
	{ NAME("pagemap"), .mode = S_IFREG | 0400, .file_ops = &proc_pagemap_file_ops },
	{ NAME("wchan"), .mode = S_IFREG | 0444, .file_ops = &proc_file_ops,
	  .seq = &proc_wchan_seq },
	{ NAME("schedstat"), .mode = S_IFREG | 0444, .file_ops = &proc_file_ops,
	  .seq = &proc_schedstat_seq },
	{ NAME("cgroup"), .mode = S_IFREG | 0444, .file_ops = &proc_file_ops,
	  .seq = &proc_cgroup_seq },
	{ NAME("oom_score"), .mode = S_IFREG | 0444, .file_ops = &proc_file_ops,
	  .seq = &proc_oom_score_seq },
	{ NAME("oom_score_adj"), .mode = S_IFREG | 0644, .file_ops = &proc_oom_adj_file_ops },
	{ NAME("io"), .mode = S_IFREG | 0400, .file_ops = &proc_file_ops, .seq = &proc_io_seq },
	{ NAME("loginuid"), .mode = S_IFREG | 0644, .file_ops = &proc_file_ops,
	  .seq = &proc_no_id_seq },
	{ NAME("sessionid"), .mode = S_IFREG | 0444, .file_ops = &proc_file_ops,
	  .seq = &proc_no_id_seq },
	{ NAME("coredump_filter"), .mode = S_IFREG | 0644, .file_ops = &proc_dump_filter_file_ops },
	{ NAME("uid_map"), .mode = S_IFREG | 0644, .file_ops = &proc_file_ops,
	  .seq = &proc_id_map_seq },
	{ NAME("gid_map"), .mode = S_IFREG | 0644, .file_ops = &proc_file_ops,
	  .seq = &proc_id_map_seq },
	{ NAME("projid_map"), .mode = S_IFREG | 0644, .file_ops = &proc_file_ops,
	  .seq = &proc_id_map_seq },
	{ NAME("setgroups"), .mode = S_IFREG | 0644, .file_ops = &proc_file_ops,
	  .seq = &proc_setgroups_seq },
};

/* Its mode has the permissions of the descriptor. */
const struct proc_entry proc_fd_entry = {
	.name = "",
	.mode = S_IFLNK,
	.target = proc_fd_target,
	.follow = proc_fd_follow,
	.guarded = true,
	.size = 64,
};

const struct proc_entry proc_fdinfo_entry = {
	.name = "",
	.mode = S_IFREG | 0444,
	.file_ops = &proc_file_ops,
	.seq = &proc_fdinfo_seq,
	.guarded = true,
};

const unsigned proc_root_count = ARRAY_SIZE(proc_root_entries);
const unsigned proc_process_count = ARRAY_SIZE(proc_process_entries);
