/* SPDX-License-Identifier: MIT */
/* Flags of clone, scheduling policies and their attributes, and commands of membarrier. */
#pragma once

#include <stdint.h>

/* The low byte of clone's flags is the signal sent to the parent at exit. */
#define CSIGNAL		     0x000000ff
#define CLONE_VM	     0x00000100
#define CLONE_FS	     0x00000200
#define CLONE_FILES	     0x00000400
#define CLONE_SIGHAND	     0x00000800
#define CLONE_THREAD	     0x00010000
#define CLONE_SYSVSEM	     0x00040000
#define CLONE_SETTLS	     0x00080000
#define CLONE_PARENT_SETTID  0x00100000
#define CLONE_CHILD_CLEARTID 0x00200000
#define CLONE_DETACHED	     0x00400000
#define CLONE_CHILD_SETTID   0x01000000

#define SCHED_OTHER 0
#define SCHED_FIFO  1
#define SCHED_RR    2
#define SCHED_IDLE  5

/* The Linux layer's: the rest of clone, policies, and membarrier. */

#define CLONE_NEWTIME	0x00000080 /* of setns and unshare only */
#define CLONE_PIDFD	0x00001000
#define CLONE_PTRACE	0x00002000
#define CLONE_VFORK	0x00004000
#define CLONE_PARENT	0x00008000
#define CLONE_NEWNS	0x00020000
#define CLONE_UNTRACED	0x00800000
#define CLONE_NEWCGROUP 0x02000000
#define CLONE_NEWUTS	0x04000000
#define CLONE_NEWIPC	0x08000000
#define CLONE_NEWUSER	0x10000000
#define CLONE_NEWPID	0x20000000
#define CLONE_NEWNET	0x40000000
#define CLONE_IO	0x80000000
#define CLONE_NAMESPACES                                                            \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWTIME | \
	 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWCGROUP)
/* Of clone3 alone. */
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#define CLONE_INTO_CGROUP   0x200000000ull

/* The argument of clone3; the first version ends before set_tid. */
struct abi_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};
#define CLONE_ARGS_SIZE_VER0 64

#define SCHED_BATCH    3
#define SCHED_DEADLINE 6
#define SCHED_EXT      7

/* With the policy of sched_setscheduler. */
#define SCHED_RESET_ON_FORK 0x40000000

#define SCHED_FLAG_RESET_ON_FORK  0x01
#define SCHED_FLAG_RECLAIM	  0x02
#define SCHED_FLAG_DL_OVERRUN	  0x04
#define SCHED_FLAG_KEEP_POLICY	  0x08
#define SCHED_FLAG_KEEP_PARAMS	  0x10
#define SCHED_FLAG_UTIL_CLAMP_MIN 0x20
#define SCHED_FLAG_UTIL_CLAMP_MAX 0x40

struct abi_sched_attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
	uint32_t util_min;
	uint32_t util_max;
};

#define SCHED_ATTR_SIZE_VER0 48 /* without util_min and util_max */

_Static_assert(sizeof(struct abi_sched_attr) == 56, "as in the ABI");

/* What getpriority and setpriority apply to. */
#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2

#define MEMBARRIER_CMD_QUERY				    0
#define MEMBARRIER_CMD_GLOBAL				    (1u << 0)
#define MEMBARRIER_CMD_GLOBAL_EXPEDITED			    (1u << 1)
#define MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED	    (1u << 2)
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED		    (1u << 3)
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED	    (1u << 4)
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE	    (1u << 5)
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE (1u << 6)
#define MEMBARRIER_CMD_GET_REGISTRATIONS		    (1u << 9)
