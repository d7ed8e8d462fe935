/* SPDX-License-Identifier: MIT */
/* Logs the first use of each system call or clone flag that is not implemented. */
#include "trap/not_implemented.h"

#include "abi/sched.h"
#include "base/log.h"
#include "lib/bits.h"
#include "proc/process.h"
#include "sync/atomic.h"

#define NOTHING_ELSE "it does not have this call"

/* Linux's system calls that Faultline does not implement, by number. */
static const struct missing {
	unsigned short number;
	const char *name;
	const char *means; /* what Faultline lacks */
} missing[] = {
	{ 0, "io_setup", "it has no asynchronous input and output" },
	{ 1, "io_destroy", "it has no asynchronous input and output" },
	{ 2, "io_submit", "it has no asynchronous input and output" },
	{ 3, "io_cancel", "it has no asynchronous input and output" },
	{ 4, "io_getevents", "it has no asynchronous input and output" },
	{ 5, "setxattr", "it has no extended attributes" },
	{ 6, "lsetxattr", "it has no extended attributes" },
	{ 7, "fsetxattr", "it has no extended attributes" },
	{ 8, "getxattr", "it has no extended attributes" },
	{ 9, "lgetxattr", "it has no extended attributes" },
	{ 10, "fgetxattr", "it has no extended attributes" },
	{ 11, "listxattr", "it has no extended attributes" },
	{ 12, "llistxattr", "it has no extended attributes" },
	{ 13, "flistxattr", "it has no extended attributes" },
	{ 14, "removexattr", "it has no extended attributes" },
	{ 15, "lremovexattr", "it has no extended attributes" },
	{ 16, "fremovexattr", "it has no extended attributes" },
	{ 18, "lookup_dcookie", NOTHING_ELSE },
	{ 19, "eventfd2", "it has no event descriptors" },
	{ 20, "epoll_create1", "it has no event descriptors" },
	{ 21, "epoll_ctl", "it has no event descriptors" },
	{ 22, "epoll_pwait", "it has no event descriptors" },
	{ 26, "inotify_init1", "it has no event descriptors" },
	{ 27, "inotify_add_watch", "it has no event descriptors" },
	{ 28, "inotify_rm_watch", "it has no event descriptors" },
	{ 30, "ioprio_set", "it has no scheduling policies and priorities" },
	{ 31, "ioprio_get", "it has no scheduling policies and priorities" },
	{ 38, "renameat", NOTHING_ELSE },
	{ 41, "pivot_root", "the root of the tree stays" },
	{ 42, "nfsservctl", NOTHING_ELSE },
	{ 58, "vhangup", NOTHING_ELSE },
	{ 60, "quotactl", "it has no quotas" },
	{ 69, "preadv", NOTHING_ELSE },
	{ 70, "pwritev", NOTHING_ELSE },
	{ 74, "signalfd4", "it has no event descriptors" },
	{ 75, "vmsplice", NOTHING_ELSE },
	{ 76, "splice", NOTHING_ELSE },
	{ 77, "tee", NOTHING_ELSE },
	{ 84, "sync_file_range", NOTHING_ELSE },
	{ 85, "timerfd_create", "it has no event descriptors" },
	{ 86, "timerfd_settime", "it has no event descriptors" },
	{ 87, "timerfd_gettime", "it has no event descriptors" },
	{ 89, "acct", NOTHING_ELSE },
	{ 90, "capget", NOTHING_ELSE },
	{ 91, "capset", NOTHING_ELSE },
	{ 92, "personality", NOTHING_ELSE },
	{ 97, "unshare", "it has no namespaces" },
	{ 104, "kexec_load", "it has no kernels to load" },
	{ 105, "init_module", "it has no kernel modules" },
	{ 106, "delete_module", "it has no kernel modules" },
	{ 107, "timer_create", "it has no POSIX timers" },
	{ 108, "timer_gettime", "it has no POSIX timers" },
	{ 109, "timer_getoverrun", "it has no POSIX timers" },
	{ 110, "timer_settime", "it has no POSIX timers" },
	{ 111, "timer_delete", "it has no POSIX timers" },
	{ 112, "clock_settime", "its clock cannot be set" },
	{ 117, "ptrace", "it has no debuggers" },
	{ 118, "sched_setparam", "it has no scheduling policies and priorities" },
	{ 119, "sched_setscheduler", "it has no scheduling policies and priorities" },
	{ 120, "sched_getscheduler", "it has no scheduling policies and priorities" },
	{ 121, "sched_getparam", "it has no scheduling policies and priorities" },
	{ 122, "sched_setaffinity", "it has no scheduling policies and priorities" },
	{ 125, "sched_get_priority_max", "it has no scheduling policies and priorities" },
	{ 126, "sched_get_priority_min", "it has no scheduling policies and priorities" },
	{ 127, "sched_rr_get_interval", "it has no scheduling policies and priorities" },
	{ 140, "setpriority", "it has no scheduling policies and priorities" },
	{ 141, "getpriority", "it has no scheduling policies and priorities" },
	{ 142, "reboot", NOTHING_ELSE },
	{ 143, "setregid", "every process runs as root" },
	{ 144, "setgid", "every process runs as root" },
	{ 145, "setreuid", "every process runs as root" },
	{ 146, "setuid", "every process runs as root" },
	{ 147, "setresuid", "every process runs as root" },
	{ 148, "getresuid", NOTHING_ELSE },
	{ 149, "setresgid", "every process runs as root" },
	{ 150, "getresgid", NOTHING_ELSE },
	{ 151, "setfsuid", "every process runs as root" },
	{ 152, "setfsgid", "every process runs as root" },
	{ 158, "getgroups", NOTHING_ELSE },
	{ 159, "setgroups", "every process runs as root" },
	{ 161, "sethostname", NOTHING_ELSE },
	{ 162, "setdomainname", NOTHING_ELSE },
	{ 163, "getrlimit", NOTHING_ELSE },
	{ 164, "setrlimit", NOTHING_ELSE },
	{ 168, "getcpu", NOTHING_ELSE },
	{ 170, "settimeofday", "its clock cannot be set" },
	{ 171, "adjtimex", "its clock cannot be set" },
	{ 180, "mq_open", "it has no System V or POSIX message queues" },
	{ 181, "mq_unlink", "it has no System V or POSIX message queues" },
	{ 182, "mq_timedsend", "it has no System V or POSIX message queues" },
	{ 183, "mq_timedreceive", "it has no System V or POSIX message queues" },
	{ 184, "mq_notify", "it has no System V or POSIX message queues" },
	{ 185, "mq_getsetattr", "it has no System V or POSIX message queues" },
	{ 186, "msgget", "it has no System V or POSIX message queues" },
	{ 187, "msgctl", "it has no System V or POSIX message queues" },
	{ 188, "msgrcv", "it has no System V or POSIX message queues" },
	{ 189, "msgsnd", "it has no System V or POSIX message queues" },
	{ 190, "semget", "it has no System V semaphores" },
	{ 191, "semctl", "it has no System V semaphores" },
	{ 192, "semtimedop", "it has no System V semaphores" },
	{ 193, "semop", "it has no System V semaphores" },
	{ 194, "shmget", "it has no System V shared memory" },
	{ 195, "shmctl", "it has no System V shared memory" },
	{ 196, "shmat", "it has no System V shared memory" },
	{ 197, "shmdt", "it has no System V shared memory" },
	{ 198, "socket", "it has no sockets" },
	{ 199, "socketpair", "it has no sockets" },
	{ 200, "bind", "it has no sockets" },
	{ 201, "listen", "it has no sockets" },
	{ 202, "accept", "it has no sockets" },
	{ 203, "connect", "it has no sockets" },
	{ 204, "getsockname", "it has no sockets" },
	{ 205, "getpeername", "it has no sockets" },
	{ 206, "sendto", "it has no sockets" },
	{ 207, "recvfrom", "it has no sockets" },
	{ 208, "setsockopt", "it has no sockets" },
	{ 209, "getsockopt", "it has no sockets" },
	{ 210, "shutdown", "it has no sockets" },
	{ 211, "sendmsg", "it has no sockets" },
	{ 212, "recvmsg", "it has no sockets" },
	{ 213, "readahead", NOTHING_ELSE },
	{ 217, "add_key", "it has no keys" },
	{ 218, "request_key", "it has no keys" },
	{ 219, "keyctl", "it has no keys" },
	{ 223, "fadvise64", NOTHING_ELSE },
	{ 234, "remap_file_pages", NOTHING_ELSE },
	{ 235, "mbind", "it has no NUMA nodes" },
	{ 236, "get_mempolicy", "it has no NUMA nodes" },
	{ 237, "set_mempolicy", "it has no NUMA nodes" },
	{ 238, "migrate_pages", "it has no NUMA nodes" },
	{ 239, "move_pages", "it has no NUMA nodes" },
	{ 241, "perf_event_open", "it has no performance events" },
	{ 242, "accept4", "it has no sockets" },
	{ 243, "recvmmsg", "it has no sockets" },
	{ 262, "fanotify_init", "it has no event descriptors" },
	{ 263, "fanotify_mark", "it has no event descriptors" },
	{ 264, "name_to_handle_at", "it has no file handles" },
	{ 265, "open_by_handle_at", "it has no file handles" },
	{ 266, "clock_adjtime", "its clock cannot be set" },
	{ 267, "syncfs", NOTHING_ELSE },
	{ 268, "setns", "it has no namespaces" },
	{ 269, "sendmmsg", "it has no sockets" },
	{ 270, "process_vm_readv", "it has no debuggers" },
	{ 271, "process_vm_writev", "it has no debuggers" },
	{ 272, "kcmp", "it has no debuggers" },
	{ 273, "finit_module", "it has no kernel modules" },
	{ 274, "sched_setattr", "it has no scheduling policies and priorities" },
	{ 275, "sched_getattr", "it has no scheduling policies and priorities" },
	{ 277, "seccomp", "it has no BPF or seccomp filters" },
	{ 280, "bpf", "it has no BPF or seccomp filters" },
	{ 282, "userfaultfd", "it has no user-level page faults yet" },
	{ 283, "membarrier", "it has no threads yet" },
	{ 285, "copy_file_range", NOTHING_ELSE },
	{ 286, "preadv2", NOTHING_ELSE },
	{ 287, "pwritev2", NOTHING_ELSE },
	{ 288, "pkey_mprotect", "it has no memory protection keys" },
	{ 289, "pkey_alloc", "it has no memory protection keys" },
	{ 290, "pkey_free", "it has no memory protection keys" },
	{ 292, "io_pgetevents", "it has no asynchronous input and output" },
	{ 294, "kexec_file_load", "it has no kernels to load" },
	{ 424, "pidfd_send_signal", "it has no process descriptors" },
	{ 425, "io_uring_setup", "it has no io_uring" },
	{ 426, "io_uring_enter", "it has no io_uring" },
	{ 427, "io_uring_register", "it has no io_uring" },
	{ 428, "open_tree", "it has mount and umount2 only" },
	{ 429, "move_mount", "it has mount and umount2 only" },
	{ 430, "fsopen", "it has mount and umount2 only" },
	{ 431, "fsconfig", "it has mount and umount2 only" },
	{ 432, "fsmount", "it has mount and umount2 only" },
	{ 433, "fspick", "it has mount and umount2 only" },
	{ 434, "pidfd_open", "it has no process descriptors" },
	{ 436, "close_range", NOTHING_ELSE },
	{ 437, "openat2", NOTHING_ELSE },
	{ 438, "pidfd_getfd", "it has no debuggers" },
	{ 439, "faccessat2", NOTHING_ELSE },
	{ 441, "epoll_pwait2", "it has no event descriptors" },
	{ 442, "mount_setattr", "it has mount and umount2 only" },
	{ 443, "quotactl_fd", "it has no quotas" },
	{ 444, "landlock_create_ruleset", "it has no Landlock" },
	{ 445, "landlock_add_rule", "it has no Landlock" },
	{ 446, "landlock_restrict_self", "it has no Landlock" },
	{ 447, "memfd_secret", NOTHING_ELSE },
	{ 448, "process_mrelease", "it has no process descriptors" },
	{ 449, "futex_waitv", "it has no threads yet" },
	{ 450, "set_mempolicy_home_node", "it has no NUMA nodes" },
	{ 451, "cachestat", NOTHING_ELSE },
	{ 452, "fchmodat2", NOTHING_ELSE },
	{ 453, "map_shadow_stack", NOTHING_ELSE },
	{ 454, "futex_wake", "it has no threads yet" },
	{ 455, "futex_wait", "it has no threads yet" },
	{ 456, "futex_requeue", "it has no threads yet" },
	{ 457, "statmount", "it has mount and umount2 only" },
	{ 458, "listmount", "it has mount and umount2 only" },
	{ 459, "lsm_get_self_attr", NOTHING_ELSE },
	{ 460, "lsm_set_self_attr", NOTHING_ELSE },
	{ 461, "lsm_list_modules", NOTHING_ELSE },
	{ 462, "mseal", NOTHING_ELSE },
};

/* A bit for each entry of `missing` that has been logged, and one for all other numbers. */
static uint64_t named[(ARRAY_SIZE(missing) + 1 + 63) / 64];

static bool is_first(uint64_t *bits, unsigned bit)
{
	return !(atomic_or(&bits[bit / 64], 1ull << (bit % 64)) >> (bit % 64) & 1);
}

long not_implemented(unsigned long number)
{
	const struct process *process = current_process();
	unsigned i = 0;

	while (i < ARRAY_SIZE(missing) && missing[i].number != number)
		i++;
	if (!is_first(named, i))
		return -ENOSYS;
	if (i < ARRAY_SIZE(missing))
		log_warn("trap", "%s[%d]: %s (system call %ld) is not implemented in Faultline: %s",
			 process->thread->name, process->pid, missing[i].name, (long)number,
			 missing[i].means);
	else
		log_warn("trap", "%s[%d]: there is no system call %ld", process->thread->name,
			 process->pid, (long)number);
	return -ENOSYS;
}

/* Unsupported flags of clone; the log names the first of them that is set. */
static const struct clone_missing {
	unsigned flag;
	const char *name;
	const char *means;
} clone_missing[] = {
	{ CLONE_THREAD, "CLONE_THREAD", "no threads yet" },
	{ CLONE_SIGHAND, "CLONE_SIGHAND",
	  "no threads yet, nor processes that share signal handlers" },
	{ CLONE_FILES, "CLONE_FILES", "no processes that share descriptors" },
	{ CLONE_FS, "CLONE_FS", "no processes that share a working directory" },
	{ CLONE_PIDFD, "CLONE_PIDFD", "no process descriptors" },
};

long clone_not_implemented(uint64_t flags)
{
	static uint64_t logged;
	const struct process *process = current_process();
	unsigned i = 0;

	while (i < ARRAY_SIZE(clone_missing) && !(flags & clone_missing[i].flag))
		i++;
	if (i < ARRAY_SIZE(clone_missing) && is_first(&logged, i))
		log_warn("trap", "%s[%d]: clone with %s: Faultline has %s", process->thread->name,
			 process->pid, clone_missing[i].name, clone_missing[i].means);
	return -ENOSYS;
}
