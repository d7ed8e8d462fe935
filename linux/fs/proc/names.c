/* SPDX-License-Identifier: MIT */
/* What is in /proc and in the directory of each process, in the order in which Linux lists it. */
#include "abi/served.h"
#include "lib/bits.h"
#include "linux/fs/file/dir_file.h"
#include "linux/fs/proc/node.h"
#include "linux/fs/proc/sysctl.h"
#include "linux/fs/vfs/namespace.h"

#define NAME(text) .name = (text), .len = sizeof(text) - 1

#define MACHINE(text, seq_)                                                            \
	{                                                                              \
		NAME(text), .mode = S_IFREG | 0444, .file_ops = &proc_system_file_ops, \
			    .seq = &(seq_)                                             \
	}

#define TEXT(name, what)                                                               \
	{                                                                              \
		NAME(name), .mode = S_IFREG | 0444, .file_ops = &proc_system_file_ops, \
			    .seq = &proc_text_seq, .text = (what)                      \
	}

static const struct proc_entry sysvipc_entries[] = {
	MACHINE("msg", proc_sysvipc_msg_seq),
	MACHINE("sem", proc_sysvipc_sem_seq),
	MACHINE("shm", proc_sysvipc_shm_seq),
};

const struct proc_entry proc_root_entries[] = {
	TEXT("misc", ""),
	TEXT("modules", ""),
	TEXT("cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"), /* there are none */
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
	MACHINE("softirqs", proc_softirqs_seq),
	{ NAME("net"), .mode = S_IFLNK | 0777, .target = proc_link_target, .text = "self/net",
	  .size = sizeof("self/net") - 1 },
	{ NAME("mounts"), .mode = S_IFLNK | 0777, .target = proc_link_target, .text = "self/mounts",
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

#define NAMESPACE(text, kind)                                                              \
	{                                                                                  \
		NAME(text), .mode = S_IFLNK | 0777, .target = proc_ns_target,              \
			    .follow = proc_ns_follow, .ns = &namespaces[NAMESPACE_##kind], \
			    .guarded = true                                                \
	}

static const struct proc_entry ns_entries[] = {
	NAMESPACE("net", NET),
	NAMESPACE("uts", UTS),
	NAMESPACE("ipc", IPC),
	NAMESPACE("pid", PID),
	NAMESPACE("pid_for_children", PID),
	NAMESPACE("user", USER),
	NAMESPACE("mnt", MNT),
	NAMESPACE("cgroup", CGROUP),
	NAMESPACE("time", TIME),
	NAMESPACE("time_for_children", TIME),
};

/* `net`: what programs look for there, as it is without any device or packet. */
#define NET_FILE(name, ops, ...)                                                            \
	{                                                                                   \
		NAME(name), .mode = S_IFREG | 0444, .of_machine = true, .file_ops = &(ops), \
			    __VA_ARGS__                                                     \
	}
#define NET(name, what)	   NET_FILE(name, proc_system_file_ops, .seq = &proc_text_seq, .text = (what))
/* The server of sockets has the text. */
#define TABLE(name, which) NET_FILE(name, proc_table_file_ops, .table = SERVED_TABLE_##which)

/* Heads of tables. */
#define STATE	 "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define COUNTS	 " ref pointer drops"
#define PAIR	 "local_address rem_address   "
#define PAIR6	 "local_address                         remote_address                        "
#define SPACES	 "            "
#define SOCKETS6 "  sl  " PAIR6 STATE COUNTS "\n"

static const struct proc_entry net_entries[] = {
	NET("arp",
	    "IP address       HW type     Flags       HW address            Mask     Device\n"),
	TABLE("dev", DEVICES),
	NET("raw", "  sl  " PAIR STATE COUNTS "\n"),
	TABLE("tcp", TCP),
	TABLE("udp", UDP),
	NET("icmp", "  sl  " PAIR STATE COUNTS SPACES " \n"),
	NET("igmp", "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"),
	NET("raw6", SOCKETS6),
	NET("snmp",
	    "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos "
	    "InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs "
	    "ReasmFails FragOKs FragFails FragCreates OutTransmits\n"
	    "Ip: 2 64 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
	    "Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs "
	    "InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs "
	    "OutErrors OutRateLimitGlobal OutRateLimitHost OutDestUnreachs OutTimeExcds OutParmProbs "
	    "OutSrcQuenchs OutRedirects OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks "
	    "OutAddrMaskReps\n"
	    "Icmp: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
	    "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets "
	    "CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n"
	    "Tcp: 1 200 120000 -1 0 0 0 0 0 0 0 0 0 0 0\n"
	    "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
	    "IgnoredMulti MemErrors\n"
	    "Udp: 0 0 0 0 0 0 0 0 0\n"
	    "UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
	    "IgnoredMulti MemErrors\n"
	    "UdpLite: 0 0 0 0 0 0 0 0 0\n"),
	TABLE("tcp6", TCP6),
	TABLE("udp6", UDP6),
	TABLE("unix", UNIX),
	NET("icmp6", SOCKETS6),
	NET("igmp6", ""),
	NET("ptype", "Type Device      Function\n"),
	NET("route", ""),
	NET("packet", "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"),
	NET("psched", "000003e8 00000040 000f4240 3b9aca00\n"),
	TABLE("netlink", NETLINK),
	TABLE("udplite", UDPLITE),
	TABLE("if_inet6", INET6),
	TABLE("sockstat", COUNTS),
	TABLE("udplite6", UDPLITE6),
	NET("wireless",
	    "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n"
	    " face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n"),
	NET("dev_mcast", ""),
	NET("protocols", "protocol  size sockets  memory press maxhdr  slab module     "
			 "cl co di ac io in de sh ss gs se re bi br ha uh gp em\n"),
	NET("sockstat6", "TCP6: inuse 0\nUDP6: inuse 0\nUDPLITE6: inuse 0\nRAW6: inuse 0\n"
			 "FRAG6: inuse 0 memory 0\n"),
	TABLE("ipv6_route", ROUTES6),
};

#define ATTRIBUTE(text, mode_)                                                          \
	{                                                                               \
		NAME(text), .mode = S_IFREG | (mode_), .file_ops = &proc_attr_file_ops, \
	}

static const struct proc_entry attr_entries[] = {
	ATTRIBUTE("current", 0666),  ATTRIBUTE("prev", 0444),	   ATTRIBUTE("exec", 0666),
	ATTRIBUTE("fscreate", 0666), ATTRIBUTE("keycreate", 0666), ATTRIBUTE("sockcreate", 0666),
};

#define OWN_DIRECTORY(text, mode_, entries)                                       \
	{                                                                         \
		NAME(text), .mode = S_IFDIR | (mode_), .file_ops = &dir_file_ops, \
			    .ops = &proc_own_dir_ops, .children = (entries),      \
			    .nchildren = ARRAY_SIZE(entries)                      \
	}

const struct proc_entry proc_process_entries[] = {
	[PROC_TASK_ENTRY] = { NAME("task"), .mode = S_IFDIR | 0555, .file_ops = &dir_file_ops,
			      .ops = &proc_task_dir_ops },
	{ NAME("map_files"), .mode = S_IFDIR | 0500, .file_ops = &dir_file_ops,
	  .ops = &proc_map_files_dir_ops },
	{ NAME("fd"), .mode = S_IFDIR | 0500, .file_ops = &dir_file_ops, .ops = &proc_fd_dir_ops },
	{ NAME("fdinfo"), .mode = S_IFDIR | 0555, .file_ops = &dir_file_ops,
	  .ops = &proc_fdinfo_dir_ops },
	OWN_DIRECTORY("ns", 0511, ns_entries),
	OWN_DIRECTORY("net", 0555, net_entries),
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
	{ NAME("syscall"), .mode = S_IFREG | 0400, .file_ops = &proc_file_ops,
	  .seq = &proc_syscall_seq },
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
	OWN_DIRECTORY("attr", 0555, attr_entries),
	{ NAME("wchan"), .mode = S_IFREG | 0444, .file_ops = &proc_file_ops,
	  .seq = &proc_wchan_seq },
	{ NAME("stack"), .mode = S_IFREG | 0400, .file_ops = &proc_stack_file_ops,
	  .seq = &proc_stack_seq },
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

const struct proc_entry proc_map_file_entry = {
	.name = "",
	.mode = S_IFLNK | 0600,
	.target = proc_map_file_target,
	.follow = proc_map_file_follow,
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
