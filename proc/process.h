/* SPDX-License-Identifier: MIT */
/* A process: address space, descriptors, signals, a place in the tree of processes, and its threads. */
#pragma once

#include "abi/resource.h"
#include "lib/list.h"
#include "linux/process/usage.h"
#include "linux/signal/signal.h"
#include "linux/time/cpu_clock.h"
#include "linux/time/ptimer.h"
#include "proc/children.h"
#include "proc/exe.h"
#include "proc/thread.h"
#include "proc/uspace.h"

struct end_watch;
struct image_ids;
struct file;
struct object;
struct sem_undo_list;
struct tracer;

#define PID_INIT 1
#define PID_MAX	 32768 /* pids are below it */
#define STACK_DEFAULT \
	(8ul << 20) /* RLIMIT_STACK of process 1, and the most of a program that acts for others */
#define NOFILE_DEFAULT	    4096       /* RLIMIT_NOFILE of process 1 */
#define NOFILE_MAX	    (1u << 20) /* the most that it can be */
#define PROCESS_COUNT_MAX   4096 /* processes at once, zombies included; else fork returns -EAGAIN */
#define PROCESS_THREADS_MAX 1024 /* threads of a process; else clone returns -EAGAIN */
#define THREAD_COUNT_MAX    8192 /* threads of all processes, without the first ones */

enum process_state {
	PROCESS_ALIVE,
	PROCESS_EXITING, /* is releasing its resources */
	PROCESS_ZOMBIE,	 /* waits to be reaped */
};

struct process {
	/* const: */
	int pid;

	/* Changed, once others find the process, with process_tree_lock and the signals' lock; read with either: */
	struct list threads;   /* those that have not ended, and the leader */
	struct thread *leader; /* its id is the pid; it stays on the list when it has ended */

	/* guarded by process_tree_lock (proc/pid.h): */
	struct process *parent; /* NULL: process 1 */
	struct children children;
	struct child child;    /* its place among its parent's children */
	uint64_t parent_image; /* the serial of the parent's memory when it chose exit_signal */
	struct list all;       /* links process_list, ordered by age */
	uint64_t birth;	       /* serial number, in order of creation */
	struct list pid_link;
	struct list group_link;
	uint64_t joined;       /* serial number of the last change of its group */
	int group;	       /* process group; 0 for process 1, as on Linux */
	int session;	       /* it is the session leader if this is its pid */
	struct ctty *terminal; /* the session's controlling terminal; NULL: none */
	bool in_jobc;	       /* counted for its group; see pgrp_update_jobc() */
	bool has_execed;       /* since its creation */
	bool subreaper; /* adopts orphans below it, as process 1 does: PR_SET_CHILD_SUBREAPER */
	uint8_t exit_signal; /* sent to the parent when this process ends; 0: none; see end_signal() */
	uint8_t death_signal;	/* sent to this process when its parent ends; 0: none */
	uint8_t state;		/* enum process_state */
	uint16_t gains_by_exec; /* execs under way that give more rights */
	int status;		/* as wait4 packs it; set when it begins to end */
	/* For the choice of linux/process/oom.c, in thousandths of memory, and how low a process without privileges may set it; atomic. */
	int16_t oom_score_adj, oom_score_adj_min;
	struct tracer *tracer;	     /* linux/ptrace/ptrace.h; NULL: it has traced no process */
	struct end_watch *end_watch; /* of its pidfds; NULL: there are none */
	unsigned nextra; /* threads without the first one, with those that are being created */
	unsigned nlive;	 /* threads that may use the memory and the files; atomic */
	struct usage children_usage; /* of the children that it has waited for */
	/* The next two are changed with the signals' lock held too while there are several threads: read with either. */
	struct usage
		past_usage; /* of ended threads, and faults and memory of earlier images; of a zombie all */
	struct io_counts
		past_io; /* of ended threads, and of the children that it has waited for; of a zombie all */
	struct cpu_clock cpu_clock;
	struct waitq
		child_waitq; /* woken when a child ends, stops or continues, or a thread ends */

	/* changed only by the process itself; others read them only with process_tree_lock held: */
	struct uspace *uspace; /* NULL: it has left its memory */
	uint64_t borrowed_minor,
		borrowed_major; /* faults that it had taken before this process was made */
	/* NULL: before the first exec. It is dropped without the lock, after `uspace` has become NULL: others look at that first. */
	struct exe *exe;
	/* Guarded by the mutex of sem_ids; NULL: there is nothing to undo. Atomic for a look whether it is. */
	struct sem_undo_list *sem_undo;
	/*
	 * The memory is that of the process that cloned it, with CLONE_VM; before exec.
	 */
	bool borrows_space;
	/* guarded by process_tree_lock: */
	bool end_withheld; /* a zombie that its parent does not know yet: its tracer is notified first */
	uint16_t nkept; /* its threads that have ended, and that a tracer has to wait for yet */

	/* private to the process: */
	bool no_new_privs; /* exec gives no ids of a file's owner; atomic: any thread may set it */
	bool drives;	   /* it has begun to drive a device; see driver_exit_hook of proc/exit.h */
	bool futexes_marked; /* it is ending, and has marked its robust futexes; atomic, others read it, too */

	/* Atomic: pages of kernel memory that go when it ends, for the choice of linux/process/oom.c. */
	size_t kept;

	uint64_t start_tick; /* const once it runs */

	struct signals signals; /* has its own lock */

	struct cpu_alarm cpu_limit; /* linux/time/cpu_limit.h */

	struct spinlock limits_lock;
	struct ptimers timers; /* its end, and what follows, is not zeroed by process_alloc() */
	/* guarded by limits_lock: */
	struct abi_rlimit64 rlimits[RLIM_NLIMITS]; /* the space has copies of AS, DATA, STACK */
};

/* Operations on threads' file system state, which proc/ does not know (linux/fs/process_fs.c). */
struct process_fs_ops {
	/* For process 1: no descriptors, root as the working directory. Returns 0 or -ENOMEM. */
	int (*create)(struct thread *thread);
	/*
	 * For clone: the thread shares what the running one has (CLONE_FILES, CLONE_FS), or gets a
	 * copy. Returns 0 or -ENOMEM; exit() also releases what a failed copy left.
	 */
	int (*copy)(struct thread *thread, uint64_t flags);
	/* The running thread is the only one of its process: it shares no descriptors any more. 0 or -ENOMEM. */
	int (*exec_begin)(void);
	void (*exec)(void); /* closes the descriptors marked FD_CLOEXEC */
	/* Finds the owner and the mode of a program's file, for the running thread. */
	void (*image_ids)(struct object *object, struct image_ids *ret);
	/* Do other processes have the thread's working directory, and may change it? Takes process_tree_lock. */
	bool (*is_shared)(const struct thread *thread);
	/*
	 * Finds the file that runs another: an interpreter, by its name in the running process.
	 * *object_ret is referenced by object_use(), and *path_ret comes from kmalloc(). Returns 0,
	 * -EACCES or another error of execve.
	 */
	int (*open_interp)(const char *name, struct object **object_ret, char **path_ret);
	void (*exit)(
		struct thread *thread); /* lets go of everything, also for a half-made thread */
	/* Call with process_tree_lock held. -1: it has let go of everything. */
	int (*umask)(const struct thread *thread);
	/* How many descriptors its table has room for; 0: it has none. Call with process_tree_lock held. */
	unsigned (*fd_size)(const struct thread *thread);
	/*
	 * Is it a server or a driver, on whom files of others may depend? Never waits. Call with
	 * process_tree_lock held.
	 */
	bool (*serves)(const struct process *process);
	/* Has the running thread a device, or a session with one? Never waits. */
	bool (*drives)(void);
	/*
	 * Returns how many pages of memory its open files have that are no files of a mount. Never
	 * waits. Call with process_tree_lock held.
	 */
	size_t (*held)(const struct process *process);
	/* Has what was written reach its place, before the machine ends; at most to that tick. */
	void (*sync)(uint64_t deadline);
	/*
	 * For CLONE_PIDFD: reserves a descriptor of the running process, and makes the file for it.
	 * *watch_ret is for end_watch_attach(); the file has its reference. Returns the descriptor or
	 * a negative errno.
	 */
	int (*pidfd_reserve)(bool of_thread, struct end_watch **watch_ret, struct file **file_ret);
	/*
	 * Writes a core file of the running process, whose other threads wait. Returns whether there is one now, whole or
	 * not. A kill ends it early.
	 */
	bool (*core_dump)(const struct signal_info *info);
	/* Puts the file there. Call with process_tree_lock held. */
	void (*pidfd_fill)(int fd, struct file *file);
	/* Or frees both. */
	void (*pidfd_unreserve)(int fd, struct file *file);
};

extern const struct process_fs_ops *process_fs; /* set during boot, before there is a process */
/* Atomic: files whose pages process_fs->held() counts. With none, there is no need to ask. */
extern uint64_t process_fs_nholders;

/* Operations on semaphores, which proc/ does not know (linux/sysv/sem.c). */
struct process_sem_ops {
	/* For CLONE_SYSVSEM: the child has what undoes the running process's operations, too. Returns 0 or -ENOMEM. */
	int (*share)(struct process *child);
	/*
	 * The process ends, or unshares them and has one thread only: undoes its operations, unless others share
	 * them. Its sem_undo is not NULL.
	 */
	void (*exit)(struct process *process);
};

extern const struct process_sem_ops *process_sem; /* set during boot, before there is a process */

/* Creates the process's first thread, in state THREAD_NEW. Returns 0 or -ENOMEM. */
int process_add_leader(struct process *process);
/*
 * Creates another thread, in state THREAD_NEW, with an id but on no list. Returns NULL on failure, with
 * *err_ret set to -ENOMEM or -EAGAIN (too many). Give it to thread_publish() or thread_discard().
 */
struct thread *process_create_thread(struct process *process, int *err_ret);
/*
 * Frees the threads of a process that cannot be found. They never ran, or are about to leave their harts:
 * this waits until they have. Call with no lock held.
 */
void process_drop_threads(struct process *process);

/* Not list_for_each_entry(): it would take the head for a struct thread, which is aligned more strictly. */
#define for_each_thread(pos, process)                                        \
	for (struct list *node_ = (process)->threads.next;                   \
	     node_ != &(process)->threads &&                                 \
	     ((pos) = list_entry(node_, struct thread, process_link), true); \
	     node_ = node_->next)

/* Does any of its threads run, or is ready to? Call with process_tree_lock held. */
bool process_runs(const struct process *process);

/* The running process; NULL in a kernel thread. */
static inline struct process *current_process(void)
{
	return current_thread()->process;
}

/* Has its memory a device, or had it one? Call with process_tree_lock held. */
static inline bool process_has_device(const struct process *process)
{
	return process->uspace && atomic_load(&process->uspace->has_device);
}

/* The running process's address space. Call in a process. */
static inline struct space *current_space(void)
{
	return &current_process()->uspace->space;
}

/* Returns process 1. Call only after it was created. */
struct process *process_init_get(void);

/* Returns the current soft limit of a resource. */
uint64_t process_limit(struct process *process, unsigned resource);
/* Returns the soft limit of the running process; RLIM_INFINITY in a kernel thread. */
uint64_t process_own_limit(unsigned resource);

/* Gets both limits of a resource. */
void process_get_limit(struct process *process, unsigned resource, struct abi_rlimit64 *ret);
/*
 * Replaces both limits of a resource, for the code that enforces them, too; *old_ret: what they were. Returns 0; -EPERM
 * if the maximum is raised, and may not be. Call with process_tree_lock held.
 */
int process_set_limit(struct process *process, unsigned resource, const struct abi_rlimit64 *new,
		      bool may_raise, struct abi_rlimit64 *old_ret);
/* Lowers the soft limit of the stack to so many bytes, if it is higher; the running space is not told. Call with process_tree_lock held. */
void process_limit_stack(struct process *process, uint64_t bytes);
/* Stores the limits of the process in a space that is to be its own, where faults look for them. */
void process_copy_limits(struct process *process, struct space *space);

/* Another process is about to use the running process's space, with limits of its own. */
void process_lend_space(struct process *process);
