/* SPDX-License-Identifier: MIT */
/* What programs may learn of other processes: their state, counters and mappings. */
#pragma once

#include "abi/faultline.h"
#include "abi/resource.h"
#include "linux/process/cred.h"
#include "linux/process/usage.h"
#include "mm/space/space_map.h"
#include "proc/pid.h"
#include "linux/process/thread_id.h"

/*
 * For all functions: pid 0 is the running process. They return -ESRCH if there is no such process
 * or, except inspect_process(), if it has left its address space. Call in a process with no
 * spinning lock held.
 */
int inspect_process(int pid, struct faultline_process *ret);

/* Reports the process with the lowest pid above `after`. Returns whether there is one. */
bool inspect_next_process(int after, struct faultline_process *ret);

/*
 * Returns the space and the exe (NULL if it has none) with references, which the caller puts. -EPERM: the running thread
 * may not look into the process (ptrace_may_access()).
 */
int inspect_space(int pid, struct uspace **uspace_ret, struct exe **exe_ret);

/*
 * Stores up to n VMAs that end above `from`, in order. Returns how many, or -EINTR. exe is what
 * counts as the process's image; it may be NULL. Where a verb is at work, it waits until that ends.
 */
int inspect_vmas(struct uspace *uspace, const struct exe *exe, vaddr_t from,
		 struct faultline_vma *ret, unsigned n);

/* What /proc tells of a thread and of its process. Sizes of memory are in bytes. */
struct process_facts {
	/* the thread's own: */
	int tid;
	unsigned hart; /* the number of the one that it ran on last */
	uint32_t personality;
	bool hides_wait; /* set by the file: whether it waits is not to be told */
	char state;	 /* R, S, D (waits for a mutex), T (stopped), t (by a tracer) or Z */
	char name[THREAD_NAME_LEN];
	struct sched_wish wish;
	struct usage thread_usage;
	uint64_t pending_thread, blocked;
	/* the process's: */
	int pid, parent, tracer, group, session; /* tracer: 0: none */
	unsigned nthreads;
	uint32_t terminal;  /* the device number of its controlling terminal; 0: it has none */
	int terminal_group; /* in the foreground; -1: it has no terminal */
	int exit_signal;
	int status;	  /* as wait4 packs it, once it begins to end */
	int umask;	  /* -1: none any more */
	unsigned fd_size; /* room in its table of descriptors */
	bool no_new_privs;
	uint64_t start_tick;		    /* the thread's */
	uint64_t harts;			    /* that the thread may run on, as bits */
	struct usage usage, children_usage; /* the peak is 0 unless it has ended */
	/* signals: */
	uint64_t pending, ignored, caught;
	uint64_t queued; /* of its user */
	uint64_t queue_max;
	/* memory; all 0 without: */
	bool has_memory;
	struct image_layout layout;
	uint64_t mapped, data, stack, exec, locked;
	uint64_t resident, resident_file, resident_shmem, peak_resident, peak_mapped, tables,
		swapped;
	bool thp_disabled;
	uint64_t heap_start;
};

/* For these functions a process that has been reaped, or a thread that has ended, is -ESRCH. */

/* Finds a thread of any process by its tid; a pid is that of the leader. False: there is none. */
bool inspect_find(int tid, struct thread_id *id_ret);
/* Is the thread there, or has it ended? */
bool inspect_exists(const struct thread_id *id);
/* Returns the lowest pid above `after` that is in use, or 0. */
int inspect_next_pid(int after);
/* Finds the oldest thread of a process whose id has that birth or a later one. -ENODATA: none. */
int inspect_next_thread(const struct process_id *id, uint64_t birth, struct thread_id *id_ret);
/* Returns how many threads a process has, with its leader; 0: it has been reaped. */
unsigned inspect_count_threads(const struct process_id *id);
int inspect_facts(const struct thread_id *id, struct process_facts *ret);
/*
 * Stores what a process and the children that it has waited for have read and written; if `alone`, what that thread has. Of
 * struct usage only the bytes are set. -EACCES: the running thread may not look into it.
 */
int inspect_io(const struct thread_id *id, bool alone, struct io_counts *io_ret,
	       struct usage *usage_ret);

/* Where a thread is: in user mode, and in the kernel. */
#define INSPECT_FRAMES 32
enum call_state { CALL_ENDED, CALL_RUNS, CALL_WAITS };
struct call_facts {
	enum call_state state; /* all else is of one that waits, or of the running thread */
	long number;	       /* of the system call, as its registers have it if it makes none */
	unsigned long args[6];
	vaddr_t sp, pc;
	unsigned nframes;
	vaddr_t frames[INSPECT_FRAMES]; /* return addresses in the kernel, innermost first */
};
/* -EPERM: the running thread may not attach to it (ptrace_may_attach()). */
int inspect_call(const struct thread_id *id, struct call_facts *ret);

/* Gets all RLIM_NLIMITS limits of a process. */
int inspect_limits(const struct process_id *id, struct abi_rlimit64 *ret);
/* Returns 0 if the process will end, and has memory left; -EINVAL if it lives; -ESRCH if it has no memory any more. */
int inspect_is_ending(const struct thread_id *id);
/* Returns its credentials with a reference, or NULL. */
struct cred *inspect_cred(const struct thread_id *id);
/* By which ids it acts, and whether others may not look into it (PR_GET_DUMPABLE). False: it has ended. */
bool inspect_owner(const struct thread_id *id, uint32_t *uid_ret, uint32_t *gid_ret,
		   bool *undumpable_ret);
/* May the running thread look into it, as ptrace_may_access() says? True of one that has ended. */
bool inspect_may_access(const struct thread_id *id);
/* What ptrace_may_reach() and ptrace_may_attach() say of it. True of one that has ended. */
bool inspect_may_reach(const struct thread_id *id);
bool inspect_may_attach(const struct thread_id *id);
/* Sets the name of a thread: THREAD_NAME_LEN bytes, terminated. */
int inspect_set_name(const struct thread_id *id, const char *name);
/* Returns the space with a reference; -ENODATA if it has left its address space. */
int inspect_space_of(const struct process_id *id, struct uspace **uspace_ret);
/* Returns the space of the thread's process; -EACCES if the running thread may not look into it (ptrace_may_access()). */
int inspect_access_space(const struct thread_id *id, struct uspace **uspace_ret);
/*
 * For an open of a file about the process's memory: returns what uspace_grab() makes of the space, NULL if the process has
 * left it. -EACCES: the running thread may not look into the process (ptrace_may_access()).
 */
int inspect_grab_space(const struct thread_id *id, struct uspace **uspace_ret);
/* By a thread's number, for those who might attach (ptrace_may_attach()). A reference; or -ESRCH, also without memory; -EPERM. */
int inspect_attach_space(int tid, struct uspace **uspace_ret);
/* Returns what it runs, with a reference; NULL if it runs nothing, or not any more. */
struct exe *inspect_exe(const struct process_id *id);

/* How many threads of processes are in these states now, and how many have been created since boot. */
struct thread_census {
	unsigned all;
	unsigned running; /* or ready to run */
	unsigned blocked; /* in state D */
	uint64_t created;
	int last_pid; /* the id that was given last */
};

/* Visits all processes, a few under each hold of process_tree_lock. Call without it. */
struct thread_census inspect_census(void);
