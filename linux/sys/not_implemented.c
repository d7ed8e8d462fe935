/* SPDX-License-Identifier: MIT */
/* Logs each program's first use of a system call that is not implemented. */
#include "linux/sys/not_implemented.h"

#include "base/log.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "proc/process.h"
#include "sync/spinlock.h"

#define NOTHING_ELSE "it does not have this call"

/* Does the lack of a call explain why a program fails? */
enum need {
	NEEDED,
	OPTIONAL, /* it gives advice, or programs commonly have another way */
};

/* Linux's system calls that Faultline does not implement, by number. */
static const struct missing {
	unsigned short number;
	const char *name;
	const char *means; /* what Faultline lacks */
	enum need need;
} missing[] = {
	{ 0, "io_setup", "it has no asynchronous input and output", NEEDED },
	{ 1, "io_destroy", "it has no asynchronous input and output", NEEDED },
	{ 2, "io_submit", "it has no asynchronous input and output", NEEDED },
	{ 3, "io_cancel", "it has no asynchronous input and output", NEEDED },
	{ 4, "io_getevents", "it has no asynchronous input and output", NEEDED },
	{ 18, "lookup_dcookie", NOTHING_ELSE, NEEDED },
	{ 30, "ioprio_set", "its requests to disks have no priorities", OPTIONAL },
	{ 31, "ioprio_get", "its requests to disks have no priorities", OPTIONAL },
	{ 38, "renameat", NOTHING_ELSE, NEEDED },
	{ 42, "nfsservctl", NOTHING_ELSE, NEEDED },
	{ 60, "quotactl", "it has no quotas", NEEDED },
	{ 89, "acct", NOTHING_ELSE, NEEDED },
	{ 104, "kexec_load", "it has no kernels to load", NEEDED },
	{ 105, "init_module", "it has no kernel modules", NEEDED },
	{ 106, "delete_module", "it has no kernel modules", NEEDED },
	{ 217, "add_key", "it has no keys", NEEDED },
	{ 218, "request_key", "it has no keys", NEEDED },
	{ 219, "keyctl", "it has no keys", NEEDED },
	{ 235, "mbind", "it has no NUMA nodes", OPTIONAL },
	{ 236, "get_mempolicy", "it has no NUMA nodes", OPTIONAL },
	{ 237, "set_mempolicy", "it has no NUMA nodes", OPTIONAL },
	{ 238, "migrate_pages", "it has no NUMA nodes", NEEDED },
	{ 239, "move_pages", "it has no NUMA nodes", NEEDED },
	{ 241, "perf_event_open", "it has no performance events", NEEDED },
	{ 262, "fanotify_init", "it does not report changes of files", NEEDED },
	{ 263, "fanotify_mark", "it does not report changes of files", NEEDED },
	{ 264, "name_to_handle_at", "it has no file handles", NEEDED },
	{ 265, "open_by_handle_at", "it has no file handles", NEEDED },
	{ 273, "finit_module", "it has no kernel modules", NEEDED },
	{ 277, "seccomp", "it has no BPF or seccomp filters", NEEDED },
	{ 280, "bpf", "it has no BPF or seccomp filters", NEEDED },
	{ 288, "pkey_mprotect", "it has no memory protection keys", OPTIONAL },
	{ 289, "pkey_alloc", "it has no memory protection keys", OPTIONAL },
	{ 290, "pkey_free", "it has no memory protection keys", OPTIONAL },
	{ 292, "io_pgetevents", "it has no asynchronous input and output", NEEDED },
	{ 294, "kexec_file_load", "it has no kernels to load", NEEDED },
	{ 425, "io_uring_setup", "it has no io_uring", OPTIONAL },
	{ 426, "io_uring_enter", "it has no io_uring", NEEDED },
	{ 427, "io_uring_register", "it has no io_uring", NEEDED },
	{ 428, "open_tree", "it has mount and umount2 only", NEEDED },
	{ 429, "move_mount", "it has mount and umount2 only", NEEDED },
	{ 430, "fsopen", "it has mount and umount2 only", NEEDED },
	{ 431, "fsconfig", "it has mount and umount2 only", NEEDED },
	{ 432, "fsmount", "it has mount and umount2 only", NEEDED },
	{ 433, "fspick", "it has mount and umount2 only", NEEDED },
	{ 442, "mount_setattr", "it has mount and umount2 only", NEEDED },
	{ 443, "quotactl_fd", "it has no quotas", NEEDED },
	{ 444, "landlock_create_ruleset", "it has no Landlock", OPTIONAL },
	{ 445, "landlock_add_rule", "it has no Landlock", NEEDED },
	{ 446, "landlock_restrict_self", "it has no Landlock", NEEDED },
	{ 447, "memfd_secret", NOTHING_ELSE, NEEDED },
	{ 450, "set_mempolicy_home_node", "it has no NUMA nodes", OPTIONAL },
	{ 453, "map_shadow_stack", NOTHING_ELSE, OPTIONAL },
	{ 457, "statmount", "it has mount and umount2 only", NEEDED },
	{ 458, "listmount", "it has mount and umount2 only", NEEDED },
	{ 459, "lsm_get_self_attr", NOTHING_ELSE, NEEDED },
	{ 460, "lsm_set_self_attr", NOTHING_ELSE, NEEDED },
	{ 461, "lsm_list_modules", NOTHING_ELSE, NEEDED },
};

/* The messages: one for each entry of the table, and one for all other numbers. */
#define OTHER_NUMBER ARRAY_SIZE(missing)
#define MESSAGES     (OTHER_NUMBER + 1)

/* A program may rename itself at will, so those that come late share the last entry. */
static struct spinlock programs_lock = SPINLOCK_INIT(LOCK_PROCESS);
/* guarded by programs_lock: */
static struct program {
	char name[THREAD_NAME_LEN];
	uint64_t logged[(MESSAGES + 63) / 64];
} programs[NOT_IMPLEMENTED_PROGRAMS + 1];
static unsigned nprograms; /* guarded by programs_lock */

/* Call with programs_lock held. */
static struct program *find_program(const char *name)
{
	unsigned i = 0;

	while (i < nprograms && strcmp(programs[i].name, name) != 0)
		i++;
	if (i == nprograms && nprograms < NOT_IMPLEMENTED_PROGRAMS)
		str_copy(programs[nprograms++].name, name, THREAD_NAME_LEN);
	return &programs[i];
}

/* Whether the running program causes the message for the first time. */
static bool is_first(size_t message)
{
	uint64_t bit = 1ull << (message % 64), *word;
	bool first;

	spin_lock(&programs_lock);
	word = &find_program(current_thread()->name)->logged[message / 64];
	first = !(*word & bit);
	*word |= bit;
	spin_unlock(&programs_lock);
	return first;
}

long not_implemented(unsigned long number)
{
	const struct process *process = current_process();
	unsigned i = 0;

	while (i < ARRAY_SIZE(missing) && missing[i].number != number)
		i++;
	if (!is_first(i < ARRAY_SIZE(missing) ? i : OTHER_NUMBER))
		return -ENOSYS;
	if (i < ARRAY_SIZE(missing))
		log_write(missing[i].need == OPTIONAL ? LOG_NOTICE : LOG_WARN, "trap",
			  "%s[%d]: %s (system call %ld) is not implemented in Faultline: %s",
			  current_thread()->name, process->pid, missing[i].name, (long)number,
			  missing[i].means);
	else
		log_warn("trap", "%s[%d]: there is no system call %ld", current_thread()->name,
			 process->pid, (long)number);
	return -ENOSYS;
}
